//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"

	"devops-tui/internal/core"
)

// resizes fires when the terminal has another size.
func resizes() (fired <-chan struct{}, stop func()) {
	signals, out, done := make(chan os.Signal, 1), make(chan struct{}, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGWINCH)
	core.Go("terminal size", func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
				select {
				case out <- struct{}{}:
				default: // one is waiting already
				}
			}
		}
	})
	return out, func() {
		signal.Stop(signals)
		close(done)
	}
}
