//go:build unix && !linux

package dockertest

import "syscall"

// namespaces has nothing to offer here; Unavailable says so before it is called.
func namespaces(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
