//go:build unix

package kube

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup starts cmd in a session of its own, so that it has no terminal to
// prompt on, and makes its cancellation kill the whole process group.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// trusted refuses a kubeconfig that runs commands and belongs to somebody else.
func trusted(file string) error {
	st, err := os.Stat(file)
	if err != nil {
		return nil // not from a file
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || sys.Uid == 0 || int(sys.Uid) == os.Getuid() {
		return nil
	}
	return fmt.Errorf("%s belongs to another user and would run a command: chown it, or copy it", file)
}
