//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package testkit

import "golang.org/x/sys/unix"

const ioctlGetTermios = unix.TIOCGETA
