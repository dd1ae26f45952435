//go:build unix

package app

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"

	"devops-tui/internal/core"
)

// lend lets f have the terminal, which the screen has given back. ctx ends with
// a signal that ends the cockpit. What f or a program behind it left switched
// on is switched off again, and what the terminal still answers is dropped.
func (r *run) lend(in, out *os.File, f func(ctx context.Context) error) error {
	before, err := term.GetState(in.Fd())
	if err != nil {
		return err
	}
	r.lending.begin()
	defer func() { r.lending.end(time.Now()) }()
	ctx, cancel := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGHUP)
	defer cancel()
	err = f(ctx)
	_, _ = io.WriteString(out, resetTerminal)
	_ = term.Restore(in.Fd(), before)
	flushInput(int(in.Fd()))
	return err
}

// lendTo lends the terminal in raw mode to a session.
func (r *run) lendTo(run func(context.Context, core.Terminal) error) tea.ExecCommand {
	return interlude(func() error {
		in, ok := r.stdin.(*os.File)
		out, ok2 := r.stdout.(*os.File)
		if !ok || !ok2 {
			return errors.New("there is no terminal")
		}
		return r.lend(in, out, func(ctx context.Context) error {
			if _, err := term.MakeRaw(in.Fd()); err != nil {
				return err
			}
			reader, err := newTTYReader(in)
			if err != nil {
				return err
			}
			defer reader.close()
			resized := make(chan struct{}, 1)
			winch := make(chan os.Signal, 1)
			signal.Notify(winch, unix.SIGWINCH)
			ended := make(chan struct{})
			defer close(ended)
			core.Go("size of the terminal", func() {
				defer signal.Stop(winch)
				for {
					select {
					case <-ended:
						return
					case <-winch:
						select {
						case resized <- struct{}{}:
						default: // one is waiting already
						}
					}
				}
			})
			return run(ctx, core.Terminal{
				In: reader, Out: out, Err: out, TTY: true, Resized: resized,
				Size: func() (int, int) {
					w, h, err := term.GetSize(out.Fd())
					if err != nil {
						return 80, 24
					}
					return w, h
				},
			})
		})
	})
}

// edit opens a file in the user's editor.
func (r *run) edit(editor, path string) tea.ExecCommand {
	return interlude(func() error {
		in, ok := r.stdin.(*os.File)
		out, ok2 := r.stdout.(*os.File)
		if !ok || !ok2 {
			return errors.New("there is no terminal")
		}
		return r.lend(in, out, func(ctx context.Context) error {
			// Through the shell, as git does it: "code --wait", and paths with spaces.
			cmd := exec.CommandContext(ctx, "/bin/sh", "-c", editor+` "$@"`, "editor", path)
			cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
			cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = in, out, out, r.env
			return cmd.Run()
		})
	})
}

// ttyReader reads a terminal until it is closed: a goroutine that waits in Read
// must not take the first key after the session.
type ttyReader struct {
	fd     int
	wake   [2]*os.File
	closed atomic.Bool
	mu     sync.Mutex // held while reading
}

func newTTYReader(f *os.File) (*ttyReader, error) {
	r := &ttyReader{fd: int(f.Fd())}
	var err error
	r.wake[0], r.wake[1], err = os.Pipe()
	return r, err
}

// Read waits for input or for close.
func (r *ttyReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wake := int(r.wake[0].Fd())
	for !r.closed.Load() {
		var set unix.FdSet
		set.Zero()
		set.Set(r.fd)
		set.Set(wake)
		if _, err := unix.Select(max(r.fd, wake)+1, &set, nil, nil, nil); err == unix.EINTR {
			continue
		} else if err != nil {
			return 0, err
		}
		if set.IsSet(wake) {
			break
		}
		n, err := unix.Read(r.fd, b)
		switch {
		case err == unix.EINTR, err == unix.EAGAIN:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
	return 0, io.EOF
}

// close ends a Read that waits, and returns when none reads any more.
func (r *ttyReader) close() {
	r.closed.Store(true)
	_, _ = r.wake[1].Write([]byte{0})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake[0].Close()
	r.wake[1].Close()
}

// canLend reports whether sessions can have the terminal.
const canLend = true
