package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"devops-tui/test/cluster"
)

// Files in the state directory by which up, down and run find each other.
const (
	pidFile   = "supervisor.pid" // of the foreground process
	readyFile = "ready"          // holds the kubeconfig's path, once everything is up
)

// up starts this command again as "run" in a session of its own and waits until it is ready.
func up(ctx context.Context, s settings, flags []string) error {
	if _, alive := supervisor(s.opts.Dir); alive {
		return printReady(s.opts.Dir)
	}
	// built here, so that its progress is seen
	if err := build(ctx, s); err != nil {
		return err
	}
	if err := os.MkdirAll(s.opts.Dir, 0o700); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(s.opts.Dir, readyFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	logPath := filepath.Join(s.opts.Dir, "supervisor.log")
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(self, append([]string{"run"}, flags...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives this command and its terminal
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := printReady(s.opts.Dir); err == nil {
				_, _ = fmt.Fprintf(os.Stderr, "Kubernetes %s with %d nodes is up (process %d). Its kubeconfig:\n", cluster.Version, s.opts.Nodes, cmd.Process.Pid)
				return nil
			}
		case err := <-ended:
			b, _ := os.ReadFile(logPath)
			return fmt.Errorf("it ended while starting: %v\n%s", err, bytes.TrimSpace(b))
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-ended
			return ctx.Err()
		}
	}
}

// down stops the supervisor and waits until it is gone.
func down(ctx context.Context, s settings) error {
	pid, alive := supervisor(s.opts.Dir)
	if !alive {
		_, _ = fmt.Fprintln(os.Stderr, "no cluster is running in", s.opts.Dir)
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for syscall.Kill(pid, 0) == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// supervisor returns the process that runs the cluster in dir and whether it lives.
func supervisor(dir string) (pid int, alive bool) {
	b, err := os.ReadFile(filepath.Join(dir, pidFile))
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
	return pid, err == nil && pid > 0 && syscall.Kill(pid, 0) == nil
}

func printReady(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, readyFile))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(b)
	return err
}
