//go:build unix

package app

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// lastWords says how the child ended, if it did not end by itself, and keeps
// what it said.
func (r *run) lastWords(status unix.WaitStatus, restored, forced bool, words string) {
	switch {
	case forced:
		r.reportCrash("the cockpit did not end in time and was killed", words)
	case status.Signaled():
		r.reportCrash(fmt.Sprintf("the cockpit was ended by a signal (%v)", status.Signal()), words)
	case !restored && status.ExitStatus() == 2:
		r.reportCrash("the cockpit crashed", words)
	case !restored && status.ExitStatus() != exitOK && status.ExitStatus() != exitUsage:
		r.reportCrash(fmt.Sprintf("the cockpit ended unexpectedly (exit code %d)", status.ExitStatus()), words)
	}
}
