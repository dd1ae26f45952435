//go:build !unix

package process

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func interrupt(p *os.Process) { _ = p.Kill() }

func kill(p *os.Process) { _ = p.Kill() }
