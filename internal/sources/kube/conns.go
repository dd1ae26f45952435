package kube

import (
	"context"
	"net"
	"sync"
	"time"
)

// connTracker knows the open connections, so that they can be cut when the
// server stays silent: a black-holed HTTP/2 connection would otherwise be used
// until its ping fails (45 s) and take every new request with it.
type connTracker struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu   sync.Mutex
	open map[*trackedConn]struct{}
}

func newConnTracker(dial func(ctx context.Context, network, address string) (net.Conn, error)) *connTracker {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	return &connTracker{dial: dial, open: map[*trackedConn]struct{}{}}
}

// DialContext dials and keeps the connection in mind until it is closed.
func (t *connTracker) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := t.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tc := &trackedConn{Conn: c, t: t}
	t.mu.Lock()
	t.open[tc] = struct{}{}
	t.mu.Unlock()
	return tc, nil
}

// CloseAll cuts every connection.
func (t *connTracker) CloseAll() {
	t.mu.Lock()
	open := t.open
	t.open = map[*trackedConn]struct{}{}
	t.mu.Unlock()
	for c := range open {
		_ = c.Conn.Close()
	}
}

type trackedConn struct {
	net.Conn
	t *connTracker
}

func (c *trackedConn) Close() error {
	c.t.mu.Lock()
	delete(c.t.open, c)
	c.t.mu.Unlock()
	return c.Conn.Close()
}
