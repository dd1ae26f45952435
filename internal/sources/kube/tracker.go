package kube

import (
	"strconv"
	"sync"
	"time"
	"unique"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// gather is how long changes are collected after the first one was shown.
const gather = 100 * time.Millisecond

// tracker stands between the watches of one kind and the sink. It keeps the
// order of calls, drops what is older than what is known, and gathers bursts.
type tracker struct {
	scope string
	kind  string
	sink  sources.Sink

	mu      sync.Mutex
	known   map[string]seen     // by UID
	gone    map[string]struct{} // UIDs that were deleted: a UID never comes back
	pending []core.Change
	last    time.Time // of the last Apply
	timer   *time.Timer
	closed  bool
}

// seen is what is kept of an object beside its row.
type seen struct {
	rev       uint64
	namespace string
	name      string
	need      unique.Handle[needs]
	hasNeed   bool
	selector  map[string]string // of workloads: which pods are theirs; shared
}

// maxGone bounds the memory for deleted UIDs.
const maxGone = 16384

func newTracker(scope, kind string, sink sources.Sink) *tracker {
	return &tracker{scope: scope, kind: kind, sink: sink, known: map[string]seen{}, gone: map[string]struct{}{}}
}

// revision reads a resourceVersion. Since Kubernetes 1.35 they are numbers by
// contract, before that they were in fact; 0 is "cannot be compared".
func revision(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

func (t *tracker) begin(namespace string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.flush()
	t.sink.Begin(t.kind, namespace)
}

// listed takes one page. A list is the truth: it replaces what was known.
func (t *tracker) listed(rows []row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	changes := make([]core.Change, 0, len(rows))
	for _, r := range rows {
		t.keep(r)
		delete(t.gone, r.Ref.UID)
		changes = append(changes, core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r.Resource})
	}
	if len(changes) > 0 {
		t.sink.Apply(t.kind, changes)
	}
}

func (t *tracker) keep(r row) {
	s := seen{rev: revision(r.Rev), namespace: r.Ref.Namespace, name: r.Ref.Name, need: r.need, hasNeed: r.hasNeed}
	if r.Facts != nil {
		s.selector = r.Facts.Selector
	}
	t.known[r.Ref.UID] = s
	if r.later != nil {
		after(time.Until(r.at), "kube: grace period", func() { t.matured(r) })
	}
}

// matured shows a row's later form unless the object has changed meanwhile.
func (t *tracker) matured(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.known[r.Ref.UID]; ok && !t.closed && s.rev == revision(r.Rev) {
		t.add(core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r.later})
	}
}

// after runs f once d has passed, on a goroutine that recovers.
func after(d time.Duration, name string, f func()) *time.Timer {
	return time.AfterFunc(d, func() { core.Go(name, f) })
}

// end closes a list; all holds the UIDs that were in it.
func (t *tracker) end(namespace string, all map[string]struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	for uid, s := range t.known {
		if namespace != "" && s.namespace != namespace {
			continue
		}
		if _, ok := all[uid]; !ok {
			delete(t.known, uid)
		}
	}
	t.sink.End(t.kind, namespace)
}

// row is a reduced object with what is kept beside it.
type row struct {
	*core.Resource
	need    unique.Handle[needs]
	hasNeed bool
	// later is the row as it will read from at on if nothing else happens:
	// grace periods end without an event. nil: time does not change it.
	later *core.Resource
	at    time.Time
}

// changed takes one event of a watch and reports whether it said anything new.
func (t *tracker) changed(op core.Op, r row) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	uid, rev := r.Ref.UID, revision(r.Rev)
	if _, dead := t.gone[uid]; dead {
		return false
	}
	old, ok := t.known[uid]
	if op == core.Delete {
		if len(t.gone) >= maxGone {
			clear(t.gone)
		}
		t.gone[uid] = struct{}{}
		delete(t.known, uid)
		if ok {
			t.add(core.Change{Op: core.Delete, Ref: r.Ref})
		}
		return ok
	}
	if ok && rev != 0 && rev <= old.rev {
		return false // a duplicate, or overtaken
	}
	t.keep(r)
	t.add(core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r.Resource})
	return true
}

// add hands on the first change at once and gathers what follows.
func (t *tracker) add(c core.Change) {
	t.pending = append(t.pending, c)
	wait := gather - time.Since(t.last)
	if wait <= 0 {
		t.flush()
		return
	}
	if t.timer == nil {
		t.timer = after(wait, "kube: gather", func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.flush()
		})
	}
}

// flush needs the lock.
func (t *tracker) flush() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if len(t.pending) == 0 || t.closed {
		return
	}
	changes := t.pending
	t.pending = nil
	t.last = time.Now()
	t.sink.Apply(t.kind, changes)
}

// narrow forgets the objects of namespaces that nobody watches any more.
func (t *tracker) narrow(keep func(namespace string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for uid, s := range t.known {
		if !keep(s.namespace) {
			delete(t.known, uid)
			if !t.closed {
				t.add(core.Change{Op: core.Delete, Ref: core.Ref{Source: ID, Scope: t.scope, Kind: t.kind, Namespace: s.namespace, Name: s.name, UID: uid}})
			}
		}
	}
}

// close ends everything; drop also clears the rows.
func (t *tracker) close(drop bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.flush()
	t.closed = true
	if drop {
		t.sink.Drop(t.kind)
	}
}

// each calls f for every known object until it returns false.
func (t *tracker) each(f func(uid string, s seen) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for uid, s := range t.known {
		if !f(uid, s) {
			return
		}
	}
}
