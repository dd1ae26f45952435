package kube

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// The politeness towards a server that does not answer.
const (
	firstDelay     = 300 * time.Millisecond
	maxDelay       = 30 * time.Second
	forbiddenDelay = 5 * time.Minute
)

// backoff is the delay before the next try: exponential with full jitter in
// its upper half, never before the server's Retry-After.
type backoff struct{ n int }

func (b *backoff) reset() { b.n = 0 }

func (b *backoff) next(err error) time.Duration {
	d := min(firstDelay<<min(b.n, 10), maxDelay)
	b.n++
	d = d/2 + rand.N(d/2+1)
	var s *statusError
	if errors.As(err, &s) && s.RetryAfter > 0 {
		d = max(d, s.RetryAfter+rand.N(200*time.Millisecond))
	}
	return d
}

// bell wakes everybody who waits.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBell() *bell { return &bell{ch: make(chan struct{})} }

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}

// wait returns a channel that is closed by the next ring.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

// pause waits for d, a ring of the bell, or the end of ctx.
func pause(ctx context.Context, d time.Duration, rung <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-rung:
	case <-t.C:
	}
}
