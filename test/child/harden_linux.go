package child

import "syscall"

// Harden makes the kernel end the child with SIGKILL when this process ends.
func Harden(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
