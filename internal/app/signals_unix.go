//go:build unix

package app

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
)

// ending is how the program's end was asked for from outside.
type ending struct {
	mu  sync.Mutex
	sig syscall.Signal
}

// killAfter is how long the loop may take to end after a signal.
const killAfter = 500 * time.Millisecond

// watchSignals ends the program on SIGTERM, SIGHUP and SIGINT, and suspends it
// on SIGTSTP. SIGQUIT is left to the runtime: it dumps all goroutines.
func (r *run) watchSignals(ctx context.Context, p *tea.Program) *ending {
	e := &ending{}
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	stopped := make(chan os.Signal, 1)
	notifyStop(stopped)
	core.Go("signals", func() {
		defer signal.Stop(c)
		for {
			select {
			case <-ctx.Done():
				return
			case <-stopped:
				p.Send(tea.SuspendMsg{})
			case s := <-c:
				e.mu.Lock()
				first := e.sig == 0
				e.sig = s.(syscall.Signal)
				e.mu.Unlock()
				if !first {
					continue
				}
				signal.Ignore(syscall.SIGTTOU) // the terminal may have been given to others
				core.Go("quit", p.Quit)
				time.AfterFunc(killAfter, p.Kill)
			}
		}
	})
	return e
}

// stopSignals is where SIGTSTP goes while the cockpit is on screen; set once,
// before the program runs.
var stopSignals chan<- os.Signal

func notifyStop(c chan<- os.Signal) {
	stopSignals = c
	signal.Notify(c, syscall.SIGTSTP)
}

// beforeStop lets SIGTSTP stop this process; afterStop takes it again.
func beforeStop() { signal.Reset(syscall.SIGTSTP) }

func afterStop() { signal.Notify(stopSignals, syscall.SIGTSTP) }

// signal is the number of the signal that ended the program; 0: none.
func (e *ending) signal() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return int(e.sig)
}
