//go:build unix

package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"

	"devops-tui/internal/core"
)

// The cockpit runs in a child process; the parent does nothing but wait. So the
// terminal is restored whatever ends the child, be it SIGKILL or a fault that
// no code can recover from, and what the child says in its last moment is kept.

// supervisedBy is the child's mark: the parent's process id.
const supervisedBy = envPrefix + "SUPERVISED_BY"

// What the child inherits besides stdin and stdout. Its own stderr is a pipe to
// the parent: what a library writes there must not appear on the screen.
const (
	fdStderr  = 3 // the user's stderr
	fdControl = 4 // takes a byte when the child has restored the terminal itself
)

const (
	endLimit    = 1600 * time.Millisecond // from a signal to the child's end
	drainLimit  = 100 * time.Millisecond  // for what is left in the pipes
	maxLastWord = 1 << 20                 // bytes of the child's stderr that are kept
)

// link is the child's connection to the parent.
type link struct{ control, stderr *os.File }

// supervised returns the link if this process is a supervised child.
func (r *run) supervised() *link {
	if v := r.getenv(supervisedBy); v == "" || v != strconv.Itoa(os.Getppid()) {
		return nil
	}
	_ = os.Unsetenv(supervisedBy)
	env := r.env[:0:0]
	for _, e := range r.env {
		if !strings.HasPrefix(e, supervisedBy+"=") {
			env = append(env, e)
		}
	}
	r.env = env
	syscall.CloseOnExec(fdStderr)
	syscall.CloseOnExec(fdControl)
	return &link{control: os.NewFile(fdControl, "control"), stderr: os.NewFile(fdStderr, "stderr")}
}

// child runs the invocation as the supervised child.
func (l *link) child(ctx context.Context, r *run) int {
	r.link, r.stderr = l, l.stderr
	return r.main(ctx)
}

// restored tells the parent that the terminal is as it was.
func (l *link) restored() {
	if l != nil {
		_, _ = l.control.Write([]byte{'R'})
	}
}

// watcher is the parent's view of the child.
type watcher struct {
	pid     int
	in, out *os.File
	before  *term.State // of the terminal
	waits   chan unix.WaitStatus
	signals chan os.Signal
	kill    *time.Timer // ends a child that does not end by itself
	forced  bool
}

// supervise runs the cockpit in a child process and returns its exit code. It
// returns false if it could not start one: the cockpit then runs without.
func (r *run) supervise(ctx context.Context) (code int, done bool) {
	in, ok := r.stdin.(*os.File)
	out, ok2 := r.stdout.(*os.File)
	userErr, ok3 := r.stderr.(*os.File)
	if !ok || !ok2 || !ok3 {
		return 0, false
	}
	before, err := term.GetState(in.Fd())
	if err != nil {
		return 0, false
	}
	said, errW, err := os.Pipe()
	if err != nil {
		return 0, false
	}
	defer said.Close()
	control, ctlW, err := os.Pipe()
	if err != nil {
		errW.Close()
		return 0, false
	}
	defer control.Close()

	// The child is to die with the thread that made it: keep that one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	adopt()
	w := &watcher{in: in, out: out, before: before, waits: make(chan unix.WaitStatus), signals: make(chan os.Signal, 16), kill: time.NewTimer(time.Hour)}
	w.kill.Stop()
	signal.Notify(w.signals, unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGCONT)
	defer signal.Stop(w.signals)

	cmd := &exec.Cmd{
		Path: executable(), Args: append([]string{r.program}, r.args...),
		Env:   append(r.env[:len(r.env):len(r.env)], fmt.Sprintf("%s=%d", supervisedBy, os.Getpid())),
		Stdin: in, Stdout: out, Stderr: errW, ExtraFiles: []*os.File{userErr, ctlW}, SysProcAttr: childAttr(),
	}
	err = cmd.Start()
	errW.Close()
	ctlW.Close()
	if err != nil {
		return 0, false
	}
	w.pid = cmd.Process.Pid
	whenHungUp(in.Fd(), func() { w.signals <- unix.SIGHUP })
	words := collect(said)
	status := w.watch(ctx)

	_ = control.SetReadDeadline(time.Now().Add(drainLimit))
	mark := make([]byte, 1)
	n, _ := control.Read(mark)
	restored := n == 1
	signal.Ignore(unix.SIGTTOU) // this group may not be in the foreground any more
	if !restored {
		_, _ = io.WriteString(out, resetTerminal)
	}
	_ = term.Restore(in.Fd(), before)
	endOrphans()
	_ = said.SetReadDeadline(time.Now().Add(drainLimit))
	r.lastWords(status, restored, w.forced, words())
	if status.Signaled() {
		return 128 + int(status.Signal()), true
	}
	return status.ExitStatus(), true
}

// watch waits for the child's end, passes signals on, and stops and goes on
// with the child.
func (w *watcher) watch(ctx context.Context) unix.WaitStatus {
	core.Go("wait for the cockpit", func() {
		for {
			var s unix.WaitStatus
			_, err := unix.Wait4(w.pid, &s, unix.WUNTRACED, nil)
			if err == unix.EINTR {
				continue
			}
			w.waits <- s
			if err != nil || s.Exited() || s.Signaled() {
				return
			}
		}
	})
	cancelled := ctx.Done()
	for {
		select {
		case s := <-w.waits:
			if !s.Stopped() {
				return s
			}
			w.stopToo(s.StopSignal())
		case s := <-w.signals:
			w.signal(s.(syscall.Signal))
		case <-cancelled:
			cancelled = nil
			w.signal(unix.SIGTERM)
		case <-w.kill.C:
			w.forced = true
			_ = unix.Kill(w.pid, unix.SIGKILL)
		}
	}
}

// signal passes one on. What comes from the terminal reaches both processes; a
// second one does no harm.
func (w *watcher) signal(s syscall.Signal) {
	switch s {
	case unix.SIGTSTP:
		s = suspendSignal // the child ignores the signal itself: it stops when the terminal is restored
	case unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT: // an interrupt of the keyboard may be meant for an editor: the child knows
		w.kill.Reset(endLimit)
	}
	_ = unix.Kill(w.pid, s)
}

// stopToo stops this process as the child is stopped, so that the shell sees
// the job stopped, and goes on with it. A child that was stopped from outside
// could not restore the terminal first.
func (w *watcher) stopToo(by syscall.Signal) {
	var held *term.State
	if by != selfStop {
		held, _ = term.GetState(w.in.Fd())
		_, _ = io.WriteString(w.out, resetTerminal)
		_ = term.Restore(w.in.Fd(), w.before)
	}
	_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
	if held != nil {
		_ = term.Restore(w.in.Fd(), held)
	}
	_ = unix.Kill(w.pid, unix.SIGCONT)
	if by != selfStop {
		_ = unix.Kill(w.pid, redrawSignal)
	}
	w.drop(unix.SIGCONT)
}

// drop takes waiting signals out of the queue and keeps the others.
func (w *watcher) drop(unwanted ...os.Signal) {
	for range len(w.signals) {
		s := <-w.signals
		keep := true
		for _, u := range unwanted {
			keep = keep && s != u
		}
		if keep {
			w.signals <- s
		}
	}
}

// collect keeps the end of what is written to the pipe. The function that it
// returns waits until the pipe ends, or its deadline does.
func collect(f *os.File) func() string {
	var b []byte
	var wg sync.WaitGroup
	wg.Add(1)
	core.Go("stderr of the cockpit", func() {
		defer wg.Done()
		buf := make([]byte, 32<<10)
		for {
			n, err := f.Read(buf)
			b = append(b, buf[:n]...)
			if len(b) > 2*maxLastWord {
				b = append(b[:0:0], b[len(b)-maxLastWord:]...)
			}
			if err != nil {
				return
			}
		}
	})
	return func() string { wg.Wait(); return string(b[max(0, len(b)-maxLastWord):]) }
}

// canStop reports whether this job can be stopped: a shell with job control
// has to be there to let it go on. Without one a stop would be for ever.
func canStop() bool {
	sid, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	group := unix.Getpgrp()
	for pid := os.Getppid(); pid > 1; {
		if s, err := unix.Getsid(pid); err != nil || s != sid {
			return false
		}
		if g, err := unix.Getpgid(pid); err != nil || g != group {
			return err == nil
		}
		var ok bool
		if pid, ok = parentOf(pid); !ok {
			return false
		}
	}
	return false
}
