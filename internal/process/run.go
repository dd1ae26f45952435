package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	// grace is from the interrupt to the kill.
	grace = 10 * time.Second
	// drain is how long output may be held open by what the program has left
	// behind.
	drain = 2 * time.Second
)

// Spec is a program to run.
type Spec struct {
	Path  string   // of the program, absolute: from Look
	Args  []string // without the program's name; they appear in no error
	Env   []string // NAME=value, the last of a name counts; nil: as this process
	Dir   string   // "": as this process
	Stdin []byte   // nil: the null device
	// Line takes the output, a line at a time and never two at once; it must
	// not block for long. A line that overwrites itself comes again each time
	// it has changed, at most 20 times a second. nil: nobody looks.
	Line func(stderr bool, line text.Line)
	// Stdout takes the standard output as it is, instead of Line.
	Stdout io.Writer
	// Grace is from the interrupt at the end of ctx to the kill; 0: 10 s.
	Grace time.Duration
}

// Result is how it ended.
type Result struct {
	Started bool // false: it cannot have done anything
	Exit    int  // the exit code; -1: it did not exit by itself
}

// Error is a program that could not be run or did not end with 0.
type Error struct {
	Name  string      // of the program, without its folder
	Exit  int         // -1: it did not exit by itself
	Tail  []text.Safe // the last lines of its standard error
	Cause error
}

// Error says which program, why, and the last that it said.
func (e *Error) Error() string {
	msg := e.Name + ": "
	if e.Exit > 0 {
		msg += fmt.Sprintf("exit code %d", e.Exit)
	} else {
		msg += e.Cause.Error()
	}
	if said := e.Said(); !said.Empty() {
		msg += ": " + said.String()
	}
	return msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Said is the last line of the standard error, or the last that calls itself an error.
func (e *Error) Said() text.Safe {
	for i := len(e.Tail) - 1; i >= 0; i-- {
		if text.DetectLevel(e.Tail[i].String()) == "error" {
			return e.Tail[i]
		}
	}
	if n := len(e.Tail); n > 0 {
		return e.Tail[n-1]
	}
	return text.Safe{}
}

// Run runs a program to its end. The program has a session of its own: no
// terminal that it could draw or ask on. The end of ctx interrupts it with all
// it has started, and kills what is left after Grace. It is killed when this process
// ends, however that happens (Linux). The error is an *Error unless the program exited
// with 0; errors.Is(err, ctx.Err()) when ctx has ended it.
func Run(ctx context.Context, spec Spec) (Result, error) {
	p := &run{spec: spec, name: filepath.Base(spec.Path)}
	if err := ctx.Err(); err != nil {
		return Result{Exit: -1}, &Error{Name: p.name, Exit: -1, Cause: err}
	}
	// The kernel's signal at the parent's death is of the thread that started
	// the program: this goroutine keeps its thread until the program has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.start(); err != nil {
		return Result{Exit: -1}, &Error{Name: p.name, Exit: -1, Cause: plain(err)}
	}
	ended := make(chan struct{})
	stopped := make(chan struct{})
	core.Go("process "+p.name+" end", func() {
		defer close(stopped)
		p.follow(ctx, ended)
	})
	err := p.cmd.Wait()
	close(ended)
	<-stopped
	p.drain()
	code := p.cmd.ProcessState.ExitCode()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && code == 0 { // what it left behind has not read its input
		return Result{Started: true}, nil
	}
	cause := plain(err)
	if ctx.Err() != nil {
		cause = context.Cause(ctx)
		if !errors.Is(cause, ctx.Err()) {
			cause = fmt.Errorf("%w: %w", cause, ctx.Err())
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return Result{Started: true, Exit: code}, &Error{Name: p.name, Exit: code, Tail: p.tail.lines, Cause: cause}
}

// run is one program.
type run struct {
	spec Spec
	name string
	cmd  *exec.Cmd

	outputs []*os.File
	readers sync.WaitGroup

	mu   sync.Mutex // guards Line and tail
	tail tail
}

func (p *run) start() error {
	p.cmd = exec.Command(p.spec.Path, p.spec.Args...)
	p.cmd.Env, p.cmd.Dir = p.spec.Env, p.spec.Dir
	p.cmd.SysProcAttr = attributes()
	if p.spec.Stdin != nil {
		p.cmd.Stdin = bytes.NewReader(p.spec.Stdin)
		p.cmd.WaitDelay = drain
	}
	// Pipes of our own, because Wait closes those of os/exec under a reader.
	var writers []*os.File
	defer func() {
		for _, w := range writers {
			_ = w.Close()
		}
	}()
	for _, end := range []*io.Writer{&p.cmd.Stdout, &p.cmd.Stderr} {
		r, w, err := os.Pipe()
		if err != nil {
			p.drain()
			return fmt.Errorf("make a pipe: %w", err)
		}
		p.outputs, writers, *end = append(p.outputs, r), append(writers, w), w
	}
	if err := p.cmd.Start(); err != nil {
		p.drain()
		return err
	}
	for i, r := range p.outputs {
		p.readers.Add(1)
		core.Go("process "+p.name+" output", func() {
			defer p.readers.Done()
			if i == 0 && p.spec.Stdout != nil {
				copyAll(p.spec.Stdout, r)
				return
			}
			s := splitter{now: time.Now, emit: func(l text.Line) { p.say(i == 1, l) }}
			s.read(r)
		})
	}
	return nil
}

func (p *run) say(stderr bool, l text.Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stderr {
		p.tail.add(l)
	}
	if p.spec.Line != nil {
		p.spec.Line(stderr, l)
	}
}

// follow ends the program when ctx ends.
func (p *run) follow(ctx context.Context, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	interrupt(p.cmd.Process)
	wait := p.spec.Grace
	if wait <= 0 {
		wait = grace
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
	kill(p.cmd.Process)
}

// drain waits for the rest of the output.
func (p *run) drain() {
	done := make(chan struct{})
	core.Go("process "+p.name+" drain", func() {
		p.readers.Wait()
		close(done)
	})
	timer := time.NewTimer(drain)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C: // somebody it has left behind holds the other end
	}
	for _, r := range p.outputs {
		_ = r.Close()
	}
	<-done
}

// plain takes the path out of an error of starting.
func plain(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
