//go:build unix

package app

import (
	"context"
	"io"
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

// What the parent asks of the child. The child ignores SIGTSTP and stops
// itself alone; the parent sees it and stops as well. A stop signal
// to the group, as Bubble Tea would send it, comes back to both at a time that
// a busy machine chooses, and then stops what has just gone on.
const (
	suspendSignal = syscall.SIGUSR1 // restore the terminal and stop
	redrawSignal  = syscall.SIGUSR2 // take the terminal again: it was restored behind your back
	selfStop      = syscall.SIGTTIN // the child stops itself with it, so that the parent knows: the terminal is restored
)

// watchSignals ends the program on SIGTERM, SIGHUP and SIGINT, and suspends it
// when the parent asks. SIGQUIT is left to the runtime: it dumps all goroutines.
func (r *run) watchSignals(ctx context.Context, p *tea.Program) *ending {
	e := &ending{}
	c := make(chan os.Signal, 8)
	if r.link != nil {
		signal.Ignore(syscall.SIGTSTP)
	}
	signal.Notify(c, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, suspendSignal, redrawSignal)
	core.Go("signals", func() {
		defer signal.Stop(c)
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-c:
				switch s {
				case suspendSignal:
					switch {
					case !canStop():
					case r.lending.active(): // the loop stands still, and whoever has the terminal stops by himself
						_ = stop()
					default:
						without(p, stop)
					}
				case redrawSignal:
					if r.lending.active() {
						continue
					}
					without(p, func() error { return nil })
					p.Send(tea.ClearScreen())
				default:
					if s == syscall.SIGINT && r.lending.takesInterrupt(time.Now()) { // of the keyboard: it is meant for the program that has the terminal
						continue
					}
					if e.begin(s.(syscall.Signal)) {
						signal.Ignore(syscall.SIGTTOU) // the terminal may belong to others by now
						core.Go("quit", p.Quit)
						time.AfterFunc(killAfter, p.Kill)
					}
				}
			}
		}
	})
	return e
}

// askSuspend does what suspendSignal does, for the key.
func askSuspend() { _ = syscall.Kill(os.Getpid(), suspendSignal) }

// without gives the terminal back, calls f on the program's own loop, and takes
// the terminal again.
func without(p *tea.Program, f func() error) {
	p.Send(tea.Exec(interlude(f), func(err error) tea.Msg {
		if err != nil { // half given back: take it again all the same
			_ = p.RestoreTerminal()
		}
		return tea.ResumeMsg{}
	})())
}

// stop stops this process and returns when it was continued. The signal takes
// effect on any thread, and this one may run on for a while: so it waits.
func stop() error {
	on := make(chan os.Signal, 1)
	signal.Notify(on, syscall.SIGCONT)
	defer signal.Stop(on)
	if err := syscall.Kill(os.Getpid(), selfStop); err != nil {
		return err
	}
	<-on
	return nil
}

// interlude is what happens while the terminal is the shell's.
type interlude func() error

func (f interlude) Run() error        { return f() }
func (interlude) SetStdin(io.Reader)  {}
func (interlude) SetStdout(io.Writer) {}
func (interlude) SetStderr(io.Writer) {}

// begin takes the signal that ends the program; false: it is not the first.
func (e *ending) begin(s syscall.Signal) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sig != 0 {
		return false
	}
	e.sig = s
	return true
}

// signal is the number of the signal that ended the program; 0: none.
func (e *ending) signal() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return int(e.sig)
}
