package dockertest

import "syscall"

// namespaces returns the attributes of a process with process, mount and IPC
// namespaces of its own, and a network of its own if wanted.
func namespaces(network bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC}
	if network {
		a.Cloneflags |= syscall.CLONE_NEWNET
	}
	return a
}
