//go:build unix

package process

import (
	"os"
	"syscall"
)

// interrupt asks the program and all it has started to end.
func interrupt(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGINT) }

// kill ends what is left of them.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
