package credential

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// failureStands is how long a place that gave no token is left alone.
const failureStands = 20 * time.Second

// Token gives out what an Origin has. It is read when it is first needed, once,
// and again after the server has refused it: there may be a newer one by now.
// Its methods may be called from any goroutine.
type Token struct {
	origin Origin
	now    func() time.Time

	turn chan struct{} // whoever reads has put something in

	mu     sync.Mutex // guards what follows, never while the place is read
	known  bool
	value  string
	failed error
	until  time.Time // failed stands
	again  time.Time // before that, one more refusal changes nothing
}

// New makes the token of a place, and reads nothing.
func New(o Origin) *Token { return &Token{origin: o, now: time.Now, turn: make(chan struct{}, 1)} }

// Get is the token; "" without an error says that there is none.
func (t *Token) Get(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if value, ok, err := t.kept(); ok {
		return value, err
	}
	value, err := t.origin.take(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.known, t.value, t.failed = true, value, nil
	case ctx.Err() == nil: // else whoever asked has gone: the next one asks again
		t.failed, t.until = err, t.now().Add(failureStands)
	}
	return value, err
}

// kept is what was read before, if it still counts.
func (t *Token) kept() (value string, ok bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.known || t.origin.read == nil:
		return t.value, true, nil
	case t.failed != nil && t.now().Before(t.until):
		return "", true, t.failed
	}
	return "", false, nil
}

// Set sets a header of a request to the token, behind a prefix; without a token
// the request stays as it is. It fits into rest.Options.Authorize.
func (t *Token) Set(r *http.Request, header, prefix string) error {
	value, err := t.Get(r.Context())
	if err == nil && value != "" {
		r.Header.Set(header, prefix+value)
	}
	return err
}

// Bearer sets the header Authorization (RFC 6750).
func (t *Token) Bearer(r *http.Request) error { return t.Set(r, "Authorization", "Bearer ") }

// Refused forgets the token where its place may have a newer one; it fits into
// rest.Options.Unauthorized.
func (t *Token) Refused() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); t.known && t.origin.again > 0 && !now.Before(t.again) {
		t.known, t.value, t.again = false, "", now.Add(t.origin.again)
	}
}

// None reports whether there is no token, as far as that is known by now.
func (t *Token) None() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known {
		return t.value == ""
	}
	return t.origin.None()
}

// Origin is where the token comes from.
func (t *Token) Origin() Origin { return t.origin }
