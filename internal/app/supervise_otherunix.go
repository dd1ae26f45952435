//go:build unix && !linux

package app

import (
	"os"
	"syscall"
)

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// childAttr: only some of these systems can end a child with its parent; the
// terminal's hangup does it where the terminal goes too.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func adopt() {}

func endOrphans() {}

// parentOf cannot be told without privileges on some of these systems: a shell
// that is not our direct parent is taken for one with job control.
func parentOf(int) (int, bool) { return 0, false }

// flushInput drops nothing: these systems do not agree on how.
func flushInput(int) {}
