//go:build !unix

package app

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
)

// ending is how the program's end was asked for from outside.
type ending struct{ sig atomic.Int32 }

// watchSignals ends the program on an interrupt.
func (r *run) watchSignals(ctx context.Context, p *tea.Program) *ending {
	e := &ending{}
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	core.Go("signals", func() {
		defer signal.Stop(c)
		select {
		case <-ctx.Done():
		case <-c:
			e.sig.Store(2)
			p.Quit()
		}
	})
	return e
}

// signal is the number of the signal that ended the program; 0: none.
func (e *ending) signal() int { return int(e.sig.Load()) }

// askSuspend does nothing: there is no job control.
func askSuspend() {}
