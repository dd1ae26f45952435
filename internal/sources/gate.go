package sources

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"devops-tui/internal/core"
)

// Gate is where requests that would change the world leave the process, or do
// not. Read-only is enforced here, not by hiding keys: everywhere by
// SetReadOnly, in single environments by SetGuard.
type Gate struct {
	readOnly atomic.Bool
	guard    atomic.Pointer[func(core.Ref) error]
	sent     atomic.Int64
}

// SetReadOnly makes the gate refuse every mutating request.
func (g *Gate) SetReadOnly(on bool) { g.readOnly.Store(on) }

// ReadOnly reports whether the gate refuses everything.
func (g *Gate) ReadOnly() bool { return g != nil && g.readOnly.Load() }

// SetGuard makes the gate ask guard about the place of every mutating request
// and dry run; its error, which wraps core.ErrReadOnly, keeps the request in.
// The ref has the instance and as much more as the request tells. guard must
// be quick and safe for use by several goroutines. nil: no guard.
func (g *Gate) SetGuard(guard func(core.Ref) error) {
	if guard == nil {
		g.guard.Store(nil)
		return
	}
	g.guard.Store(&guard)
}

// Sent counts the mutating requests that left.
func (g *Gate) Sent() int64 { return g.sent.Load() }

type permitKey struct{}

// permit is what a context may change; a zero ref: anything.
type permit struct{ ref core.Ref }

// Permit marks ctx as belonging to a confirmed, journaled operation. Only the
// action engine calls it or PermitFor: without one no mutating request leaves.
func Permit(ctx context.Context) context.Context {
	return context.WithValue(ctx, permitKey{}, permit{})
}

// PermitFor is a Permit for the object ref: it opens the gate for requests to
// the object's instance only, and not where the guard keeps the object safe.
func PermitFor(ctx context.Context, ref core.Ref) context.Context {
	return context.WithValue(ctx, permitKey{}, permit{ref})
}

// Check returns nil when a mutating request may leave under ctx. Transports
// that are not HTTP, and programs that are started, call it themselves; what
// says what would leave: "exec".
func (g *Gate) Check(ctx context.Context, what string) error {
	return g.CheckAt(ctx, core.Ref{}, what)
}

// CheckAt is Check for a request whose place is known: an instance, and what
// more is known of the object. A zero place: unknown.
func (g *Gate) CheckAt(ctx context.Context, place core.Ref, what string) error {
	if err := g.safe(place, what); err != nil {
		return err
	}
	p, ok := ctx.Value(permitKey{}).(permit)
	if !ok {
		return fmt.Errorf("%s: not part of a confirmed action; this is a bug", what)
	}
	if !p.ref.IsZero() {
		if err := g.safe(p.ref, what); err != nil {
			return err
		}
		if place.Source != "" && place.Instance() != p.ref.Instance() {
			return fmt.Errorf("%s: %s was confirmed, and the request goes to %s; this is a bug", what, p.ref.Instance(), place.Instance())
		}
	}
	g.sent.Add(1)
	return nil
}

// TryAt returns nil when a dry run may leave for place, for which it needs no
// permit: programs that are started to try something call it.
func (g *Gate) TryAt(place core.Ref, what string) error { return g.safe(place, what+" (dry run)") }

// safe is why nothing may be changed, or tried, at place; nil: it may.
func (g *Gate) safe(place core.Ref, what string) error {
	if g.ReadOnly() {
		return fmt.Errorf("%s: %w", what, core.ErrReadOnly)
	}
	if g == nil {
		return nil
	}
	if guard := g.guard.Load(); guard != nil && place.Source != "" {
		if err := (*guard)(place); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// Traffic tells the gate how to read a system's requests. Each function may be
// nil.
type Traffic struct {
	// Harmless names the requests that change nothing though their method says
	// so, or though they open a channel: access reviews, statistics.
	Harmless func(*http.Request) bool
	// Opens names the requests that open a channel into what runs, whatever
	// their method: exec, attach, port-forward. They count as mutating, and
	// never as a dry run. Every request that asks for an upgrade is one.
	Opens func(*http.Request) bool
	// DryRun names the requests that the system only tries. They need no
	// permit, but do not leave while read-only.
	DryRun func(*http.Request) bool
	// Place is where a request goes: the instance, and as much of the object as the
	// URL tells (its namespace).
	Place func(*http.Request) core.Ref
}

// Transport wraps next: what would change something leaves with a permit only, and
// never while read-only.
func (g *Gate) Transport(next http.RoundTripper, t Traffic) http.RoundTripper {
	return gated{g, next, t}
}

type gated struct {
	g    *Gate
	next http.RoundTripper
	t    Traffic
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
	opens := r.Header.Get("Upgrade") != "" || t.t.Opens != nil && t.t.Opens(r)
	if !opens {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions, "":
			return nil
		}
	}
	if t.t.Harmless != nil && t.t.Harmless(r) {
		return nil
	}
	var place core.Ref
	if t.t.Place != nil {
		place = t.t.Place(r)
	}
	what := r.Method + " " + r.URL.Path
	if !opens && t.t.DryRun != nil && t.t.DryRun(r) {
		return t.g.TryAt(place, what)
	}
	return t.g.CheckAt(r.Context(), place, what)
}
