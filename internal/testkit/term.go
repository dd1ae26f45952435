package testkit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/sys/unix"

	"devops-tui/test/child"
)

// TermOptions describe the terminal and the surroundings of a program.
type TermOptions struct {
	Cols, Rows int      // default 120x40
	Light      bool     // the terminal says that its background is white, else black
	Env        []string // NAME=value, after those of [TermEnv]: the last one counts
	Dir        string   // working directory, default the test's
	KeepRaw    bool     // keep all output for Raw
}

// Term is a program in a pseudo-terminal with an emulated screen.
type Term struct {
	PID int

	tb     testing.TB
	master *os.File
	cmd    *exec.Cmd
	done   chan struct{} // the program has ended and its output is read
	exit   error

	mu     sync.Mutex
	screen vt10x.Terminal
	filter *filter
	raw    []byte
	bytes  int64
	last   time.Time
	moved  chan struct{} // closed at the next output
	opts   TermOptions
}

// TermEnv returns a clean environment for a program under test: a home of its
// own, no configuration of this machine, and a capable terminal.
func TermEnv(tb testing.TB) []string {
	tb.Helper()
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "TMPDIR=" + os.TempDir(), "USER=tester", "LANG=C.UTF-8",
		"TERM=xterm-256color", "COLORTERM=truecolor",
	}
}

// StartTerm starts a program in a terminal; it is ended with the test.
func StartTerm(tb testing.TB, o TermOptions, path string, args ...string) *Term {
	tb.Helper()
	if o.Cols == 0 || o.Rows == 0 {
		o.Cols, o.Rows = 120, 40
	}
	t := &Term{tb: tb, done: make(chan struct{}), moved: make(chan struct{}), opts: o}
	t.cmd = exec.Command(path, args...)
	t.cmd.Dir = o.Dir
	t.cmd.Env = append(TermEnv(tb), o.Env...)
	attr := &syscall.SysProcAttr{Setsid: true, Setctty: true}
	child.Harden(attr)
	err := child.Spawn(func() (err error) {
		if t.master, err = pty.StartWithAttrs(t.cmd, &pty.Winsize{Cols: uint16(o.Cols), Rows: uint16(o.Rows)}, attr); err == nil {
			t.master, err = pollable(t.master)
		}
		return err
	})
	if err != nil {
		tb.Fatalf("start %s in a terminal: %v", path, err)
	}
	t.PID = t.cmd.Process.Pid
	t.screen = vt10x.New(vt10x.WithSize(o.Cols, o.Rows), vt10x.WithWriter(t.master))
	t.filter = newFilter(t.master, o.Light)
	go t.read()
	tb.Cleanup(t.Close)
	return t
}

// pollable returns a file whose Close ends a Read that waits. Asking an os.File
// for its descriptor, as package pty does, takes that away.
func pollable(f *os.File) (*os.File, error) {
	defer func() { _ = f.Close() }()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("make the terminal pollable: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// control calls f with the terminal's descriptor.
func (t *Term) control(f func(fd int) error) error {
	c, err := t.master.SyscallConn()
	if err != nil {
		return err
	}
	if e := c.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return e
	}
	return err
}

func (t *Term) read() {
	defer close(t.done)
	buf := make([]byte, 64<<10)
	for {
		n, err := t.master.Read(buf)
		if n > 0 {
			t.mu.Lock()
			t.bytes += int64(n)
			t.last = time.Now()
			if t.opts.KeepRaw {
				t.raw = append(t.raw, buf[:n]...)
			}
			_, _ = t.screen.Write(t.filter.pass(buf[:n]))
			close(t.moved)
			t.moved = make(chan struct{})
			t.mu.Unlock()
		}
		if err != nil { // EIO when the last holder of the terminal is gone
			t.exit = t.cmd.Wait()
			return
		}
	}
}

// Send presses keys by name: "a", "G", "/", "enter", "esc", "tab", "shift+tab",
// "space", "backspace", "delete", "up", "home", "pgdown", "f5", "ctrl+c",
// "alt+x", "shift+up". A program takes a key right after "esc" for "alt+key":
// wait for what esc does first.
func (t *Term) Send(keys ...string) {
	t.tb.Helper()
	for _, k := range keys {
		b, err := keyBytes(k)
		if err != nil {
			t.tb.Fatal(err)
		}
		t.Type(b)
	}
}

// Type writes text as it is, as if it was typed very fast.
func (t *Term) Type(text string) {
	t.tb.Helper()
	if _, err := io.WriteString(t.master, text); err != nil {
		t.tb.Fatalf("type %q: %v\n%s", text, err, t.Screen())
	}
}

// Paste writes text as a bracketed paste.
func (t *Term) Paste(text string) {
	t.tb.Helper()
	t.Type("\x1b[200~" + text + "\x1b[201~")
}

// Screen returns what is on the screen: one line per row, without trailing spaces.
func (t *Term) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text()
}

func (t *Term) text() string {
	t.screen.Lock()
	defer t.screen.Unlock()
	cols, rows := t.screen.Size()
	var b strings.Builder
	line := make([]rune, cols)
	for y := range rows {
		for x := range cols {
			line[x] = t.screen.Cell(x, y).Char
		}
		b.WriteString(strings.TrimRight(t.filter.restore(line), " "))
		if y < rows-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Cell returns the rune and the colours at a place, counted from 0.
func (t *Term) Cell(x, y int) vt10x.Glyph {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.screen.Lock()
	defer t.screen.Unlock()
	return t.screen.Cell(x, y)
}

// WaitFor waits until the screen is as ok wants it, looking at it after every
// output, and returns it. It fails the test after timeout or when the program ends.
func (t *Term) WaitFor(ok func(screen string) bool, timeout time.Duration) string {
	t.tb.Helper()
	s, err := t.waitFor(ok, timeout)
	if err != nil {
		t.tb.Fatalf("%v; the screen:\n%s", err, s)
	}
	return s
}

// Seen reports whether the screen becomes as ok wants it within limit.
func (t *Term) Seen(limit time.Duration, ok func(screen string) bool) bool {
	_, err := t.waitFor(ok, limit)
	return err == nil
}

// WaitText is [Term.WaitFor] for all of these texts.
func (t *Term) WaitText(timeout time.Duration, texts ...string) string {
	t.tb.Helper()
	missing := ""
	s, err := t.waitFor(func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
				return false
			}
		}
		return true
	}, timeout)
	if err != nil {
		t.tb.Fatalf("no %q: %v; the screen:\n%s", missing, err, s)
	}
	return s
}

func (t *Term) waitFor(ok func(string) bool, timeout time.Duration) (string, error) {
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	for {
		t.mu.Lock()
		s, moved := t.text(), t.moved
		t.mu.Unlock()
		if ok(s) {
			return s, nil
		}
		select {
		case <-moved:
		case <-t.done:
			if s = t.Screen(); ok(s) {
				return s, nil
			}
			return s, fmt.Errorf("the program has ended (%v)", t.exit)
		case <-limit.C:
			return s, fmt.Errorf("not within %v", timeout)
		}
	}
}

// WaitIdle waits until nothing was written for the given time.
func (t *Term) WaitIdle(quiet, timeout time.Duration) {
	t.tb.Helper()
	Poll(t.tb, timeout, func() error {
		t.mu.Lock()
		defer t.mu.Unlock()
		if since := time.Since(t.last); since < quiet {
			return fmt.Errorf("output %v ago", since)
		}
		return nil
	})
}

// Bytes returns the number of bytes that the program has written.
func (t *Term) Bytes() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

// LastOutput returns when the program wrote last.
func (t *Term) LastOutput() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// Raw returns a copy of everything that was written, with TermOptions.KeepRaw.
func (t *Term) Raw() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.raw)
}

// Mode reports whether a DEC private mode is set now: 1049 alternate screen, 25
// cursor visible, 1000/1002/1003/1006 mouse, 2004 bracketed paste, 1004 focus.
func (t *Term) Mode(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.filter.modes[n]
}

// Cooked reports whether the terminal edits lines and echoes, as a shell leaves it.
func (t *Term) Cooked() (bool, error) {
	var a *unix.Termios
	err := t.control(func(fd int) (err error) {
		a, err = unix.IoctlGetTermios(fd, ioctlGetTermios)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read the terminal's attributes: %w", err)
	}
	const want = unix.ICANON | unix.ECHO | unix.ISIG
	return a.Lflag&want == want, nil
}

// Resize changes the terminal's size; the program gets SIGWINCH.
func (t *Term) Resize(cols, rows int) {
	t.tb.Helper()
	t.mu.Lock()
	t.screen.Resize(max(cols, 1), max(rows, 1)) // the emulator has no empty screen
	t.mu.Unlock()
	if err := t.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(cols), Row: uint16(rows)})
	}); err != nil {
		t.tb.Fatalf("resize to %dx%d: %v", cols, rows, err)
	}
}

// Signal sends a signal to the program's process group.
func (t *Term) Signal(sig syscall.Signal) {
	t.tb.Helper()
	if err := syscall.Kill(-t.PID, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.tb.Fatalf("send %v: %v", sig, err)
	}
}

// WaitExit waits for the program's end and returns its exit code, -1 for a signal.
func (t *Term) WaitExit(timeout time.Duration) int {
	t.tb.Helper()
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case <-t.done:
		return t.cmd.ProcessState.ExitCode()
	case <-limit.C:
		t.tb.Fatalf("still running after %v; the screen:\n%s", timeout, t.Screen())
		return 0
	}
}

// Hangup closes the terminal, as a dropped SSH connection does.
func (t *Term) Hangup() { _ = t.master.Close() }

// Close ends the program (SIGTERM, after 3 s SIGKILL to its group) and waits for it.
func (t *Term) Close() {
	select {
	case <-t.done:
	default:
		_ = syscall.Kill(t.PID, syscall.SIGTERM)
		select {
		case <-t.done:
		case <-time.After(3 * time.Second):
			_ = syscall.Kill(-t.PID, syscall.SIGKILL)
			<-t.done
		}
	}
	_ = t.master.Close()
}
