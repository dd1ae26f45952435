//go:build linux

// Command guard is the first process of the namespaces that a test engine
// lives in: when it ends, for whatever reason, the kernel ends the engine and
// every container and drops every mount. It takes its orders from standard
// input, one JSON object a line, and ends with it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"
)

// order starts Argv as a child, or sends Signal to the child that runs.
type order struct {
	Argv   []string
	Env    []string
	Log    string // file for the child's output, appended to
	Signal int
}

// report answers an order (Event "started", "signalled", "failed") or tells of the child's end ("ended").
type report struct {
	Event  string
	Detail string
}

type guard struct {
	mu    sync.Mutex
	child int // process id, 0: none
	out   *json.Encoder
}

func main() {
	g := &guard{out: json.NewEncoder(os.Stdout)}
	if err := prepare(len(os.Args) > 1 && os.Args[1] == "-private-network"); err != nil {
		g.report("failed", err.Error())
		os.Exit(1)
	}
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		for range children {
			g.reap()
		}
	}()
	g.report("ready", "")
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o order
		err := json.Unmarshal(lines.Bytes(), &o)
		if err == nil {
			err = g.obey(o)
		}
		if err != nil {
			g.report("failed", err.Error())
		}
	}
}

func (g *guard) report(event, detail string) { _ = g.out.Encode(report{event, detail}) }

func (g *guard) obey(o order) error {
	g.mu.Lock() // held while forking: the child's end is not reaped before its id is known
	defer g.mu.Unlock()
	if o.Signal != 0 {
		if g.child == 0 {
			return errors.New("no child to signal")
		}
		if err := syscall.Kill(g.child, syscall.Signal(o.Signal)); err != nil {
			return err
		}
		g.report("signalled", "")
		return nil
	}
	if g.child != 0 {
		return errors.New("the child is running already")
	}
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	g.child, err = syscall.ForkExec(o.Argv[0], o.Argv, &syscall.ProcAttr{
		Env: o.Env, Files: []uintptr{null.Fd(), log.Fd(), log.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		g.child = 0
		return fmt.Errorf("start %s: %w", o.Argv[0], err)
	}
	g.report("started", fmt.Sprint(g.child))
	return nil
}

// reap waits for every child that has ended: orphans come to the first process.
func (g *guard) reap() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if pid == g.child {
			g.child = 0
			g.report("ended", describe(status))
		}
	}
}

func describe(s syscall.WaitStatus) string {
	if s.Signaled() {
		return "by " + s.Signal().String()
	}
	return fmt.Sprintf("with status %d", s.ExitStatus())
}

// prepare makes the mounts private: /proc shows the new process namespace, and
// /run is empty, so that no engine of the host is found or disturbed.
func prepare(privateNetwork bool) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	if err := mountCgroups(); err != nil {
		return err
	}
	if privateNetwork {
		return loopbackUp()
	}
	return nil
}

// loopbackUp sets IFF_UP on lo, see netdevice(7).
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	var request struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP | syscall.IFF_RUNNING
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("set lo up: %w", errno)
	}
	return nil
}
