//go:build unix

package docker

import (
	"os/exec"
	"syscall"
)

// detach gives cmd a session of its own: no terminal that it, or what it
// starts, could ask on, and a process group that can be ended as one.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// kill ends the process group.
func kill(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
