package kube

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// session is one Run: the watches that are open now.
type session struct {
	src  *Source
	sink sources.Sink
	slot chan struct{} // lists in flight

	mu      sync.Mutex
	ctx     context.Context
	wg      sync.WaitGroup
	watched map[string]*watched // by kind name
	told    string              // the version that was reported
	ended   bool
	began   time.Time
}

// watched is one kind with its reflectors.
type watched struct {
	k      *kind
	t      *tracker
	in     map[string]*running // by namespace, "" all
	unused time.Time           // since when the kind is no longer wanted
	// problems by namespace: one that may not be listed is not hidden by others that may.
	problems map[string]*core.Problem
	// instead are the namespaces watched because all of them may not be listed.
	instead []string
}

type running struct {
	cancel context.CancelFunc
	unused time.Time
}

// listsAtOnce bounds the load of a start with many kinds.
const listsAtOnce = 4

func newSession(s *Source, sink sources.Sink) *session {
	return &session{began: time.Now(), src: s, sink: sink, slot: make(chan struct{}, listsAtOnce), watched: map[string]*watched{}}
}

// admit waits for the turn of a list request.
func (r *session) admit(ctx context.Context) (release func(), err error) {
	select {
	case r.slot <- struct{}{}:
		return func() { <-r.slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	r.ctx = ctx
	r.mu.Unlock()
	defer func() {
		cancel()
		r.wg.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = true
		for _, w := range r.watched {
			w.t.close(false) // the rows stay: the supervisor marks them stale
		}
	}()
	r.goRun("kube: version", r.askVersion)
	r.goRun("kube: discovery", r.discover)
	r.goRun("kube: usage", r.usage)
	r.goRun("kube: permissions", r.src.permits.run)
	tick := time.NewTimer(time.Hour)
	defer tick.Stop()
	rung := r.src.bell.wait()
	for {
		if next := r.reconcile(*r.src.interest.Load()); next > 0 {
			tick.Reset(next)
		} else {
			tick.Stop()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.src.wanted:
		case <-tick.C:
		case <-rung: // what was forbidden may be allowed now
			rung = r.src.bell.wait()
			r.mu.Lock()
			for _, w := range r.watched {
				w.instead = nil
			}
			r.mu.Unlock()
		}
	}
}

func (r *session) goRun(name string, f func(context.Context)) {
	r.wg.Add(1)
	ctx := r.ctx
	core.Go(name, func() {
		defer r.wg.Done()
		f(ctx)
	})
}

// namespaces are those to watch for an interest: "" is all.
func (r *session) namespaces(k *kind, i core.Interest) []string {
	if !k.Namespaced {
		return []string{""}
	}
	if r.src.pinned != nil {
		return r.src.pinned
	}
	if len(i.Namespaces) > 0 {
		return i.Namespaces
	}
	return []string{""}
}

// reconcile starts what is wanted and not there, and ends what has not been
// wanted for a while. It returns when it wants to be called again; 0 never.
func (r *session) reconcile(i core.Interest) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := i.Kinds
	if names == nil {
		names = defaults
	}
	now := time.Now()
	for _, name := range names {
		k := r.src.kinds.get(name)
		if k == nil || !k.list {
			continue // not discovered yet: discovery reconciles again
		}
		w := r.watched[name]
		if w == nil {
			w = &watched{k: k, t: newTracker(r.src.scope, name, r.sink), in: map[string]*running{}, problems: map[string]*core.Problem{}}
			r.watched[name] = w
		}
		w.unused = time.Time{}
		want := r.namespaces(k, i)
		if len(want) == 1 && want[0] == "" && w.instead != nil {
			want = w.instead
		}
		for _, ns := range want {
			if run := w.in[ns]; run != nil {
				run.unused = time.Time{}
			} else if all := w.in[""]; all == nil || ns == "" {
				r.start(w, ns)
			}
		}
		for ns, run := range w.in {
			if !slices.Contains(want, ns) && run.unused.IsZero() {
				run.unused = now
			}
		}
	}
	for name, w := range r.watched {
		if !slices.Contains(names, name) && w.unused.IsZero() {
			w.unused = now
		}
	}
	return r.expire(i, now)
}

func (r *session) expire(i core.Interest, now time.Time) (next time.Duration) {
	soon := func(since time.Time) bool {
		left := r.src.linger - now.Sub(since)
		if left <= 0 {
			return false
		}
		if next == 0 || left < next {
			next = left
		}
		return true
	}
	for name, w := range r.watched {
		if !w.unused.IsZero() {
			if soon(w.unused) {
				continue
			}
			for _, run := range w.in {
				run.cancel()
			}
			w.t.close(true)
			delete(r.watched, name)
			continue
		}
		narrowed := false
		for ns, run := range w.in {
			if run.unused.IsZero() || soon(run.unused) {
				continue
			}
			if ns == "" { // what it covered needs reflectors of its own first
				for _, want := range r.namespaces(w.k, i) {
					if w.in[want] == nil {
						r.start(w, want)
					}
				}
			}
			run.cancel()
			delete(w.in, ns)
			delete(w.problems, ns)
			narrowed = true
		}
		if narrowed && w.in[""] == nil {
			w.t.narrow(func(ns string) bool { return w.in[ns] != nil })
		}
	}
	return next
}

// start needs the lock.
func (r *session) start(w *watched, namespace string) {
	ctx, cancel := context.WithCancel(r.ctx)
	w.in[namespace] = &running{cancel: cancel}
	f := &reflector{s: r, k: w.k, namespace: namespace, t: w.t, x: newReducer(r.src.scope, r.src.now)}
	f.x.saw = func(uid string, template uint64, settled, gaveUp bool) {
		r.src.witness.note(uid, template, settled, gaveUp, r.src.now())
	}
	switch {
	case w.k.Name == kindRelease:
		f.codec = newReleaseCodec(ctx, r.src, w.t)
	case w.k.reduce != nil:
		f.codec = &protoCodec{w.k, f.x}
	case w.k.custom != nil:
		f.codec = &customCodec{w.k, f.x}
	default:
		f.codec = newTableCodec(w.k, r)
	}
	r.wg.Add(1)
	core.Go("kube: watch "+w.k.Plural, func() {
		defer r.wg.Done()
		defer cancel()
		f.run(ctx)
	})
}

// fallback handles a refusal to list kind f.k in all namespaces: those that
// are allowed are watched instead. It reports whether there are any.
func (r *session) fallback(f *reflector, err error) bool {
	if f.namespace != "" || !f.k.Namespaced || !isStatus(err, http.StatusForbidden) {
		return false
	}
	allowed := r.src.permits.namespacesToList(r.ctx, f.k)
	if len(allowed) == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.watched[f.k.Name]
	if w == nil || w.t != f.t {
		return false
	}
	if run := w.in[""]; run != nil {
		run.cancel()
		delete(w.in, "")
		delete(w.problems, "")
	}
	w.instead = allowed
	for _, ns := range allowed {
		if run := w.in[ns]; run != nil {
			run.unused = time.Time{}
		} else {
			r.start(w, ns)
		}
	}
	return true
}

// state reports what became of a kind in one of its namespaces.
func (r *session) state(f *reflector, p *core.Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.watched[f.k.Name]
	if w == nil || w.t != f.t || w.in[f.namespace] == nil {
		return // it is no longer wanted
	}
	delete(w.problems, f.namespace)
	if p != nil {
		w.problems[f.namespace] = p
	}
	for _, ns := range slices.Sorted(maps.Keys(w.problems)) {
		r.sink.State(f.k.Name, w.problems[ns])
		return
	}
	r.sink.State(f.k.Name, nil)
}

func (r *session) askVersion(ctx context.Context) {
	body, err := r.src.client.do(ctx, request{path: []string{"version"}}, nil)
	if err == nil {
		r.src.sawVersion(body)
	}
}

func (r *session) version(v string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told != v && !r.ended {
		r.told = v
		r.sink.Version(text.Clean(v))
	}
}

// tracker returns the tracker of a kind that is watched now, or nil.
func (r *session) tracker(kind string) *tracker {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.watched[kind]; w != nil {
		return w.t
	}
	return nil
}
