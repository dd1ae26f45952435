// Package sourcetest is the conformance suite of the source contract: every
// source runs it against its real system.
package sourcetest

import (
	"fmt"
	"sync"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Recorder is a sources.Sink that keeps the state a reader would see and notes
// every breach of the contract.
type Recorder struct {
	mu       sync.Mutex
	rows     map[string]map[core.Ref]*core.Resource
	listing  map[string]map[string]map[core.Ref]bool
	listed   map[string]bool
	problems map[string]*core.Problem
	kinds    map[string]core.Kind
	usage    map[core.Ref]core.Usage
	noUsage  *core.Problem
	version  text.Safe
	ended    bool
	breaches []string
	info     core.Instance
}

// NewRecorder returns an empty recorder for a source instance.
func NewRecorder(i core.Instance, kinds []core.Kind) *Recorder {
	r := &Recorder{
		rows: map[string]map[core.Ref]*core.Resource{}, listing: map[string]map[string]map[core.Ref]bool{}, listed: map[string]bool{},
		problems: map[string]*core.Problem{}, kinds: map[string]core.Kind{}, usage: map[core.Ref]core.Usage{}, info: i,
	}
	for _, k := range kinds {
		r.kinds[k.Name] = k
	}
	return r
}

func (r *Recorder) breach(format string, args ...any) {
	if len(r.breaches) < 20 {
		r.breaches = append(r.breaches, fmt.Sprintf(format, args...))
	}
}

func (r *Recorder) locked(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		r.breach("a sink method was called after Run returned")
	}
	f()
}

// Begin implements sources.Sink.
func (r *Recorder) Begin(kind, namespace string) {
	r.locked(func() {
		if r.listing[kind] == nil {
			r.listing[kind] = map[string]map[core.Ref]bool{}
		}
		r.listing[kind][namespace] = map[core.Ref]bool{}
	})
}

// Apply implements sources.Sink.
func (r *Recorder) Apply(kind string, changes []core.Change) {
	r.locked(func() {
		k, known := r.kinds[kind]
		if !known {
			r.breach("Apply of kind %q that was never declared", kind)
		}
		if r.rows[kind] == nil {
			r.rows[kind] = map[core.Ref]*core.Resource{}
		}
		for _, c := range changes {
			if c.Op == core.Delete {
				for ref := range r.rows[kind] {
					if ref == c.Ref || c.Ref.UID == "" && ref.SameObject(c.Ref) {
						delete(r.rows[kind], ref)
					}
				}
				continue
			}
			r.check(kind, k, c)
			if c.Resource == nil {
				continue
			}
			r.rows[kind][c.Resource.Ref] = c.Resource
			for ns, seen := range r.listing[kind] {
				if ns == "" || ns == c.Resource.Ref.Namespace {
					seen[c.Resource.Ref] = true
				}
			}
		}
	})
}

func (r *Recorder) check(kind string, k core.Kind, c core.Change) {
	x := c.Resource
	switch {
	case x == nil:
		r.breach("%s: an upsert without a resource", kind)
	case x.Ref.Kind != kind || x.Ref.Instance() != r.info:
		r.breach("%s: foreign ref %v", kind, x.Ref)
	case x.Ref.Name == "" || x.Ref.UID == "":
		r.breach("%s: ref without name or UID: %v", kind, x.Ref)
	case c.Ref != x.Ref:
		r.breach("%s: change of %v carries %v", kind, c.Ref, x.Ref)
	case len(x.Cells) != len(k.Columns):
		r.breach("%s %s: %d cells for %d columns", kind, x.Ref.Name, len(x.Cells), len(k.Columns))
	case x.Owner.IsZero() != (x.Owner.UID == "" && x.Owner.Name == ""):
		r.breach("%s %s: half an owner: %v", kind, x.Ref.Name, x.Owner)
	case !x.Owner.IsZero() && x.Owner.Instance() != r.info:
		r.breach("%s %s: owner in another instance: %v", kind, x.Ref.Name, x.Owner)
	}
}

// End implements sources.Sink.
func (r *Recorder) End(kind, namespace string) {
	r.locked(func() {
		seen, ok := r.listing[kind][namespace]
		if !ok {
			r.breach("%s: End without Begin", kind)
			return
		}
		delete(r.listing[kind], namespace)
		for ref := range r.rows[kind] {
			if (namespace == "" || ref.Namespace == namespace) && !seen[ref] {
				delete(r.rows[kind], ref)
			}
		}
		r.listed[kind] = len(r.listing[kind]) == 0
		delete(r.problems, kind)
	})
}

// Drop implements sources.Sink.
func (r *Recorder) Drop(kind string) {
	r.locked(func() {
		delete(r.rows, kind)
		delete(r.listing, kind)
		delete(r.listed, kind)
	})
}

// State implements sources.Sink.
func (r *Recorder) State(kind string, p *core.Problem) { r.locked(func() { r.problems[kind] = p }) }

// Kinds implements sources.Sink.
func (r *Recorder) Kinds(kinds []core.Kind) {
	r.locked(func() {
		for _, k := range kinds {
			r.kinds[k.Name] = k
		}
	})
}

// Usage implements sources.Sink.
func (r *Recorder) Usage(samples []core.Usage) {
	r.locked(func() {
		for _, u := range samples {
			if u.At == 0 || u.Ref.Instance() != r.info {
				r.breach("usage without time or of another instance: %v", u.Ref)
			}
			r.usage[u.Ref] = u
		}
	})
}

// UsageState implements sources.Sink.
func (r *Recorder) UsageState(p *core.Problem) { r.locked(func() { r.noUsage = p }) }

// Alive implements sources.Sink.
func (r *Recorder) Alive() { r.locked(func() {}) }

// Version implements sources.Sink.
func (r *Recorder) Version(v text.Safe) { r.locked(func() { r.version = v }) }

// Find returns the row at the place of ref (any UID when ref has none), or nil.
func (r *Recorder) Find(ref core.Ref) *core.Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, x := range r.rows[ref.Kind] {
		if k == ref || ref.UID == "" && k.SameObject(ref) {
			return x
		}
	}
	return nil
}

// Rows returns the rows of a kind.
func (r *Recorder) Rows(kind string) []*core.Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*core.Resource
	for _, x := range r.rows[kind] {
		out = append(out, x)
	}
	return out
}

// Listed reports whether the list of kind is complete.
func (r *Recorder) Listed(kind string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed[kind]
}

// Watching reports whether anything of kind is kept.
func (r *Recorder) Watching(kind string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed[kind] || len(r.listing[kind]) > 0 || len(r.rows[kind]) > 0
}

// Problem returns the state of a kind.
func (r *Recorder) Problem(kind string) *core.Problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.problems[kind]
}

// UsageOf returns the newest sample of ref.
func (r *Recorder) UsageOf(ref core.Ref) (core.Usage, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u, ok := r.usage[ref]
	return u, ok
}

// KindOf returns the declaration of a kind.
func (r *Recorder) KindOf(kind string) (core.Kind, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.kinds[kind]
	return k, ok
}

// NoUsage returns why there is no usage.
func (r *Recorder) NoUsage() *core.Problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.noUsage
}

// End of Run: what comes later is a breach.
func (r *Recorder) close() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
}

// Breaches returns what broke the contract so far.
func (r *Recorder) Breaches() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.breaches...)
}

// Logs is a core.LogSink that keeps the lines.
type Logs struct {
	mu    sync.Mutex
	lines []core.Line
}

// Lines implements core.LogSink.
func (l *Logs) Lines(lines []core.Line) {
	l.mu.Lock()
	l.lines = append(l.lines, lines...)
	l.mu.Unlock()
}

// All returns the lines so far, markers included.
func (l *Logs) All() []core.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]core.Line(nil), l.lines...)
}

// Texts returns the plain texts of the lines so far, without markers.
func (l *Logs) Texts() []string {
	var out []string
	for _, x := range l.All() {
		if x.Stream != core.Marker {
			out = append(out, x.Text.String())
		}
	}
	return out
}
