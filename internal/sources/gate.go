package sources

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"devops-tui/internal/core"
)

// Gate is where requests that would change the world leave the process, or do
// not. Read-only is enforced here, not by hiding keys.
type Gate struct {
	readOnly atomic.Bool
	sent     atomic.Int64
}

// SetReadOnly makes the gate refuse every mutating request.
func (g *Gate) SetReadOnly(on bool) { g.readOnly.Store(on) }

// ReadOnly reports whether the gate refuses.
func (g *Gate) ReadOnly() bool { return g != nil && g.readOnly.Load() }

// Sent counts the mutating requests that left.
func (g *Gate) Sent() int64 { return g.sent.Load() }

type permitKey struct{}

// Permit marks ctx as belonging to a confirmed, journaled operation. Only the
// action engine calls it: without it no mutating request leaves.
func Permit(ctx context.Context) context.Context {
	return context.WithValue(ctx, permitKey{}, true)
}

// Check returns nil when a mutating request may leave under ctx. Transports
// that are not HTTP call it themselves.
func (g *Gate) Check(ctx context.Context, what string) error {
	if g.ReadOnly() {
		return fmt.Errorf("%s: %w", what, core.ErrReadOnly)
	}
	if ctx.Value(permitKey{}) == nil {
		return fmt.Errorf("%s: not part of a confirmed action; this is a bug", what)
	}
	g.sent.Add(1)
	return nil
}

// Transport wraps next. harmless names the requests that change nothing though
// their method says so (access reviews, exec'ed reads); it may be nil. A dry
// run is let through unless read-only when dryRun says so; it may be nil.
func (g *Gate) Transport(next http.RoundTripper, harmless, dryRun func(*http.Request) bool) http.RoundTripper {
	return gated{g, next, harmless, dryRun}
}

type gated struct {
	g                *Gate
	next             http.RoundTripper
	harmless, dryRun func(*http.Request) bool
}

func (t gated) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.refusal(r); err != nil {
		if r.Body != nil {
			r.Body.Close() // as every RoundTripper must
		}
		return nil, err
	}
	return t.next.RoundTrip(r)
}

func (t gated) refusal(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, "":
		return nil
	}
	what := r.Method + " " + r.URL.Path
	switch {
	case t.harmless != nil && t.harmless(r):
		return nil
	case t.dryRun != nil && t.dryRun(r):
		if t.g.ReadOnly() {
			return fmt.Errorf("%s (dry run): %w", what, core.ErrReadOnly)
		}
		return nil
	}
	return t.g.Check(r.Context(), what)
}
