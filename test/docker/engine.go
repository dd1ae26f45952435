// Package dockertest runs real, private Docker engines for tests: each in
// process, mount and network namespaces of its own, which the kernel clears
// when the test's process ends. It needs root and Debian's docker.io package,
// no registry, and the standard library only.
package dockertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"devops-tui/test/child"
)

// Options of an engine; the zero value is what most tests want.
type Options struct {
	// HostNetwork keeps the engine in the host's network, so that it can listen
	// on TCP for the test (Args). Containers then have no network of their own:
	// nothing of the host's bridges and firewall rules is touched.
	HostNetwork bool
	Args        []string  // more dockerd flags
	Log         io.Writer // progress; default none
}

// Engine is a running Docker engine.
type Engine struct {
	Host string       // for DOCKER_HOST: unix:///…/docker.sock
	Dir  string       // state directory; dockerd.log is in it
	HTTP *http.Client // speaks to the engine whatever the URL's host

	opts    Options
	guard   *guardian
	cgroup  string // parent of the containers' control groups
	network []string
	app     string // path of the image's program
	log     io.Writer
}

// dirPrefix begins the name of an engine's directory and control group.
const dirPrefix = "devops-tui-docker"

// Unavailable tells why no engine can run here, nil if it can.
func Unavailable() error {
	if runtime.GOOS != "linux" {
		return errors.New("a private Docker engine needs Linux")
	}
	if os.Getuid() != 0 {
		return errors.New("a private Docker engine needs root")
	}
	if _, err := exec.LookPath("dockerd"); err != nil {
		return fmt.Errorf("no Docker engine on this machine: %w", err)
	}
	return nil
}

// Start starts an engine and returns when it answers.
func Start(ctx context.Context, o Options) (_ *Engine, err error) {
	if err := Unavailable(); err != nil {
		return nil, err
	}
	sweepCgroups()
	dir, err := child.TempDir(dirPrefix)
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "docker.sock")
	e := &Engine{
		Host: "unix://" + socket, Dir: dir, HTTP: unixClient(socket), opts: o,
		cgroup: "/" + filepath.Base(dir), log: o.Log,
	}
	if e.log == nil {
		e.log = io.Discard
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start Docker engine: %w\n%s", err, e.logTail())
			e.Stop()
		}
	}()
	programs, err := buildPrograms(ctx, dir)
	if err != nil {
		return nil, err
	}
	e.app = filepath.Join(programs, "app")
	if e.guard, err = startGuard(filepath.Join(programs, "guard"), !o.HostNetwork); err != nil {
		return nil, err
	}
	none := []string{"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"}
	if o.HostNetwork {
		e.network = none
	}
	if err = e.run(ctx); err != nil && !o.HostNetwork && ctx.Err() == nil {
		_, _ = fmt.Fprintln(e.log, "no container networks here:", err)
		e.network = none
		err = e.run(ctx)
	}
	return e, err
}

// run starts dockerd in the guard's namespaces and waits until it answers.
func (e *Engine) run(ctx context.Context) error {
	dockerd, err := exec.LookPath("dockerd")
	if err != nil {
		return err
	}
	f := func(name string) string { return filepath.Join(e.Dir, name) }
	for _, stale := range []string{"pid", "docker.sock"} { // of an engine that was killed
		if err := os.Remove(f(stale)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	argv := []string{
		dockerd, "--data-root=" + f("data"), "--exec-root=" + f("exec"), "--pidfile=" + f("pid"), "--host=" + e.Host, "--group=root",
		// the file driver works with and without systemd, under cgroup v1 and v2
		"--exec-opt=native.cgroupdriver=cgroupfs", "--cgroup-parent=" + e.cgroup,
		"--userland-proxy=false", "--shutdown-timeout=2", "--config-file=" + f("daemon.json"),
	}
	if err := os.WriteFile(f("daemon.json"), []byte("{}\n"), 0o600); err != nil { // not the host's
		return err
	}
	argv = append(append(argv, e.network...), e.opts.Args...)
	if err := e.guard.start(argv, f("dockerd.log")); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := e.Do(ctx, "GET", "/_ping", nil)
		if err == nil {
			return nil
		}
		select {
		case how := <-e.guard.ended:
			e.guard.running = false
			return fmt.Errorf("dockerd ended %s", how)
		case <-ctx.Done():
			return fmt.Errorf("dockerd does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// Kill ends dockerd with SIGKILL, as a crash would: its containers go on.
func (e *Engine) Kill() error { return e.end(syscall.SIGKILL) }

// Shutdown ends dockerd with SIGTERM: it stops its containers.
func (e *Engine) Shutdown() error { return e.end(syscall.SIGTERM) }

func (e *Engine) end(sig syscall.Signal) error {
	if err := e.guard.signal(sig); err != nil {
		return err
	}
	select {
	case <-e.guard.ended:
		e.guard.running = false
		e.HTTP.CloseIdleConnections()
		return nil
	case <-time.After(30 * time.Second):
		return fmt.Errorf("dockerd has not ended 30 s after %s", sig)
	}
}

// Restart starts dockerd again on the same socket, after an orderly Shutdown if it runs.
func (e *Engine) Restart(ctx context.Context) error {
	if e.guard.running {
		if err := e.Shutdown(); err != nil {
			return err
		}
	}
	return e.run(ctx)
}

// Pause makes the engine a black hole (SIGSTOP): connections are accepted by
// the kernel, nothing is answered until [Engine.Resume].
func (e *Engine) Pause() error { return e.guard.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (e *Engine) Resume() error { return e.guard.signal(syscall.SIGCONT) }

// Stop ends the engine with all its containers and removes its state.
func (e *Engine) Stop() {
	if e.guard != nil {
		thaw(strings.TrimPrefix(e.cgroup, "/"))
		e.guard.stop()
	}
	e.HTTP.CloseIdleConnections()
	removeCgroups(strings.TrimPrefix(e.cgroup, "/"))
	_ = os.RemoveAll(e.Dir)
}

func (e *Engine) logTail() string {
	b, _ := os.ReadFile(filepath.Join(e.Dir, "dockerd.log"))
	return string(b[max(0, len(b)-2000):])
}

func unixClient(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}
}

// buildPrograms compiles the guard and the image's program into dir.
func buildPrograms(ctx context.Context, dir string) (string, error) {
	out := filepath.Join(dir, "programs") + string(filepath.Separator)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out,
		"devops-tui/test/docker/app", "devops-tui/test/docker/guard")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the image has no libraries
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the test image's program: %w\n%s", err, strings.TrimSpace(string(b)))
	}
	return out, nil
}
