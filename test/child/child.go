// Package child starts the processes of the test worlds so that none of them
// outlives the process that started it, however that one ends.
package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Process is a running child in a process group of its own.
type Process struct {
	PID  int
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts cmd with the attributes of [Harden] added to its SysProcAttr.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	if !cmd.SysProcAttr.Setsid {
		cmd.SysProcAttr.Setpgid = true
	}
	Harden(cmd.SysProcAttr)
	if err := Spawn(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &Process{PID: cmd.Process.Pid, cmd: cmd, done: make(chan struct{})}
	go func() { p.err = cmd.Wait(); close(p.done) }()
	return p, nil
}

// Done is closed when the process has ended and was waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended reports whether the process has ended, and its exit error (nil for status 0).
func (p *Process) Ended() (bool, error) {
	select {
	case <-p.done:
		return true, p.err
	default:
		return false, nil
	}
}

// Signal sends sig to the process; one that has ended already is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// SignalGroup sends sig to the whole process group.
func (p *Process) SignalGroup(sig syscall.Signal) error {
	if ended, _ := p.Ended(); ended {
		return nil // the id may belong to somebody else by now
	}
	return syscall.Kill(-p.PID, sig)
}

// Stop sends SIGTERM, waits up to grace, then sends SIGKILL to the group and waits for the end.
func (p *Process) Stop(grace time.Duration) {
	_ = p.Signal(syscall.SIGTERM)
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
		p.Kill()
	}
}

// Kill sends SIGKILL to the process group and waits for the end of the process.
func (p *Process) Kill() {
	_ = p.SignalGroup(syscall.SIGKILL)
	<-p.done
}

// spawner is one locked OS thread that never ends: the parent-death signal is
// sent when the thread that forked dies, and Go ends idle threads as it likes.
var spawner = sync.OnceValue(func() chan func() {
	ch := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range ch {
			f()
		}
	}()
	return ch
})

// Spawn runs start, which forks, on the thread that lives as long as this process.
func Spawn(start func() error) error {
	res := make(chan error)
	spawner() <- func() { res <- start() }
	return <-res
}
