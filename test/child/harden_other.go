//go:build unix && !linux

package child

import "syscall"

// Harden does nothing here: only Linux has a parent-death signal, elsewhere Stop must be reached.
func Harden(*syscall.SysProcAttr) {}
