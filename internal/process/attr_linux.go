package process

import "syscall"

// attributes gives a program a session of its own, and the kernel's word that
// it does not outlive the thread that started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
