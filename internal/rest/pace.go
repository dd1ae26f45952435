package rest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"devops-tui/internal/text"
)

const (
	// longestHold is how long a request waits silently for a server that asked
	// to be left alone; one that had to wait longer is told when to come back.
	longestHold = 10 * time.Second
	// firstSecondary is the hold after a throttle that names no time; it doubles.
	firstSecondary = time.Minute
	maxSecondary   = time.Hour
	// reserveShare of a server's budget is left to what a user waits for.
	reserveShare = 10
)

// Held is a request that was not sent, because the server asked to be left alone.
type Held struct {
	Until time.Time
	// Reserve says that only polls are held: the rest of the budget is for what
	// the user does.
	Reserve bool
}

// Error says until when.
func (h *Held) Error() string {
	if h.Reserve {
		return "the rest of the request budget is kept for you until " + h.Until.Format(time.TimeOnly)
	}
	return "no requests until " + h.Until.Format(time.TimeOnly)
}

// pace decides which request leaves when.
type pace struct {
	now         func() time.Time
	rate, burst float64
	slots       int
	changeEvery time.Duration

	mu         sync.Mutex
	tokens     float64
	filled     time.Time // when tokens was right
	running    int
	held       time.Time // nothing leaves before
	lastChange time.Time
	limits     Limits
	known      bool
	secondary  time.Duration // the last hold without a time; 0: none since an answer was fine
	queue      []*waiter     // in the order of arrival
	moved      chan struct{} // closed at every change
}

type waiter struct{ urgent, change bool }

func newPace(o Options) *pace {
	p := &pace{now: o.Now, rate: o.Rate.PerSecond, burst: float64(o.Rate.Burst), slots: o.Rate.Concurrent, changeEvery: o.ChangeEvery, moved: make(chan struct{})}
	if p.rate <= 0 {
		p.rate = 5
	}
	if p.burst <= 0 {
		p.burst = 10
	}
	if p.slots <= 0 {
		p.slots = 1
	}
	p.tokens, p.filled = p.burst, p.now()
	return p
}

// acquire waits until a request may leave. Each return of nil needs a release.
func (p *pace) acquire(ctx context.Context, urgent, change bool) error {
	w := &waiter{urgent, change}
	p.mu.Lock()
	p.queue = append(p.queue, w)
	for {
		wait, held := p.turn(w)
		if held != nil {
			p.leave(w)
			p.mu.Unlock()
			return held
		}
		if wait == 0 {
			p.tokens--
			p.running++
			if change {
				p.lastChange = p.now()
			}
			p.leave(w)
			p.mu.Unlock()
			return nil
		}
		moved := p.moved
		p.mu.Unlock()
		var timer *time.Timer
		var due <-chan time.Time
		if wait > 0 {
			timer = time.NewTimer(wait)
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case <-moved:
		case <-due:
		}
		if timer != nil {
			timer.Stop()
		}
		p.mu.Lock()
		if ctx.Err() != nil {
			p.leave(w)
			p.mu.Unlock()
			return context.Cause(ctx)
		}
	}
}

func (p *pace) release() {
	p.mu.Lock()
	p.running--
	p.wake()
	p.mu.Unlock()
}

func (p *pace) leave(w *waiter) {
	if i := slices.Index(p.queue, w); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	p.wake()
}

func (p *pace) wake() {
	close(p.moved)
	p.moved = make(chan struct{})
}

// turn says how long w waits: 0 not at all, <0 until something moves. Held says
// that it had to wait too long.
func (p *pace) turn(w *waiter) (wait time.Duration, held *Held) {
	now := p.now()
	own, reserve := p.own(w, now)
	general := p.held.Sub(now)
	if general > longestHold {
		return 0, &Held{Until: p.held}
	}
	if reserve && own > longestHold {
		return 0, &Held{Until: now.Add(own), Reserve: true}
	}
	if general > 0 {
		return general, nil
	}
	if own > 0 {
		return own, nil
	}
	if p.running >= p.slots || !p.first(w, now) {
		return -1, nil
	}
	p.tokens = min(p.burst, p.tokens+p.rate*now.Sub(p.filled).Seconds())
	p.filled = now
	if p.tokens < 1 {
		// Rounded up: a wait that ends a moment early would be waited once more.
		return time.Duration((1-p.tokens)/p.rate*float64(time.Second)) + time.Microsecond, nil
	}
	return 0, nil
}

// own is what holds w but not others.
func (p *pace) own(w *waiter, now time.Time) (wait time.Duration, reserve bool) {
	if w.change && !p.lastChange.IsZero() {
		wait = max(0, p.lastChange.Add(p.changeEvery).Sub(now))
	}
	if !w.urgent && !w.change && p.known && p.limits.Limit > 0 && p.limits.Remaining <= p.limits.Limit/reserveShare {
		if r := p.limits.Reset.Sub(now); r > wait {
			return r, true
		}
	}
	return wait, false
}

// first reports whether nobody who could go as well is before w.
func (p *pace) first(w *waiter, now time.Time) bool {
	for _, o := range p.queue {
		if o == w {
			if w.urgent {
				return true
			}
			continue
		}
		if own, _ := p.own(o, now); own > 0 {
			continue
		}
		if o.urgent && !w.urgent {
			return false
		}
		if o.urgent == w.urgent && slices.Index(p.queue, o) < slices.Index(p.queue, w) {
			return false
		}
	}
	return true
}

// heed learns from an answer what the server bears.
func (c *Client) heed(resp *http.Response) {
	p, now := c.pace, c.o.Now()
	l, ok := c.o.Limits(resp.Header, now)
	p.mu.Lock()
	defer p.mu.Unlock()
	general := l.Resource == "" || l.Resource == "core"
	if ok && (general || !p.known) {
		p.limits, p.known = l, true
	}
	var until time.Time
	after, has := retryAfter(resp.Header, now)
	throttled := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusServiceUnavailable
	switch {
	case has && throttled:
		until = after
	case ok && l.Remaining <= 0 && l.Reset.After(now) && (general || throttled):
		until = l.Reset
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden && isSecondary(resp):
		p.secondary = min(maxSecondary, max(firstSecondary, 2*p.secondary))
		until = now.Add(p.secondary)
	case resp.StatusCode < 400:
		p.secondary = 0
	}
	if until.After(p.held) {
		p.held = until
	}
	p.wake()
}

// retryAt is when a refused request may be tried again; zero: the server did
// not say.
func (p *pace) retryAt(resp *http.Response, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := retryAfter(resp.Header, now); ok {
		return t
	}
	if p.held.After(now) {
		return p.held
	}
	return time.Time{}
}

// hold is how long nothing may leave.
func (p *pace) hold() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held.Sub(p.now())
}

func (p *pace) budget() Budget {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := Budget{Limits: p.limits, Known: p.known}
	if p.held.After(p.now()) {
		b.Held = p.held
	}
	return b
}

func clean(s string) string { return text.Clean(s).String() }
