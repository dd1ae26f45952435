//go:build unix

package app

import (
	"golang.org/x/sys/unix"

	"devops-tui/internal/core"
)

// whenHungUp calls f when the terminal is gone: its window was closed, or the
// connection that it came over. The kernel tells only the session's leader of
// that, and one like make or a script need not pass it on. The watch ends with
// the process.
func whenHungUp(fd uintptr, f func()) {
	core.Go("is the terminal there", func() {
		for {
			p := []unix.PollFd{{Fd: int32(fd)}} // no events: only a hang-up is told
			switch n, err := unix.Poll(p, -1); {
			case err == unix.EINTR:
			case err == nil && n > 0 && p[0].Revents&unix.POLLHUP != 0:
				f()
				return
			default: // terminals cannot be polled here
				return
			}
		}
	})
}
