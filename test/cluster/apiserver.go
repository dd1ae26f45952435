package cluster

import (
	"context"
	"errors"
	"syscall"
)

// StartAPIServer starts the API server (again, on the same port) and waits for /readyz.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	var err error
	if p := c.component(nameAPIServer); p == nil {
		err = c.spawn(c.hyper, nameAPIServer, c.apiServerArgs())
	} else if p.proc == nil {
		err = c.launch(p)
	}
	if err != nil {
		return err
	}
	if err := c.poll(ctx, "the API server's /readyz", func() error {
		_, err := c.Do(ctx, "GET", "/readyz", "", nil)
		return err
	}); err != nil {
		return err
	}
	if _, ok := c.Took["apiserver"]; !ok {
		c.mark("apiserver")
	}
	return nil
}

// StopAPIServer kills the API server with SIGKILL: every connection breaks, none
// is drained. It stays away until [Cluster.StartAPIServer].
func (c *Cluster) StopAPIServer() error {
	p, err := c.apiServer()
	if err != nil {
		return err
	}
	p.proc.Kill()
	c.mu.Lock()
	p.proc = nil
	c.mu.Unlock()
	c.HTTP.CloseIdleConnections()
	return nil
}

// RestartAPIServer is a StopAPIServer followed by a StartAPIServer; about 3 s.
func (c *Cluster) RestartAPIServer(ctx context.Context) error {
	if err := c.StopAPIServer(); err != nil {
		return err
	}
	return c.StartAPIServer(ctx)
}

// PauseAPIServer makes the API server a black hole: connections stay open, new
// ones are accepted by the kernel, nothing is answered until [Cluster.ResumeAPIServer].
func (c *Cluster) PauseAPIServer() error { return c.signalAPIServer(syscall.SIGSTOP) }

// ResumeAPIServer ends a PauseAPIServer.
func (c *Cluster) ResumeAPIServer() error { return c.signalAPIServer(resume) }

func (c *Cluster) signalAPIServer(sig syscall.Signal) error {
	p, err := c.apiServer()
	if err != nil {
		return err
	}
	return p.proc.Signal(sig)
}

func (c *Cluster) apiServer() (*component, error) {
	p := c.component(nameAPIServer)
	if p == nil || p.proc == nil {
		return nil, errors.New("the API server is not running")
	}
	return p, nil
}
