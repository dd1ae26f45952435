package store

import (
	"sync/atomic"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Sink is the writing end for one source instance (it has the method set of
// sources.Sink). No method waits for a reader.
type Sink struct {
	s    *Store
	inst core.Instance
	seen *atomic.Int64
}

// Sink returns the writing end of a source instance.
func (s *Store) Sink(i core.Instance) *Sink {
	v, _ := s.seen.LoadOrStore(i, new(atomic.Int64))
	return &Sink{s, i, v.(*atomic.Int64)}
}

// with calls f with the table of kind. What has nothing to say of a table that
// is not there does not make it: a late call after Drop must not bring it back.
func (k *Sink) with(kind string, makes bool, f func(*pending)) {
	key := Key{k.inst, kind}
	k.s.mu.Lock()
	if makes || k.s.tables[key] != nil {
		f(k.s.table(key))
	}
	k.s.mu.Unlock()
	k.s.mark()
}

// Begin starts a full list of kind in namespace ("": all).
func (k *Sink) Begin(kind, namespace string) {
	k.Alive()
	k.with(kind, true, func(p *pending) { p.begin(namespace) })
}

// Apply takes changes; the last one of an object wins.
func (k *Sink) Apply(kind string, changes []core.Change) {
	k.Alive()
	k.with(kind, len(changes) > 0, func(p *pending) { p.apply(changes) })
}

// End closes the list and removes what it did not contain.
func (k *Sink) End(kind, namespace string) {
	k.Alive()
	k.with(kind, false, func(p *pending) { p.end(namespace) })
}

// Drop forgets kind.
func (k *Sink) Drop(kind string) { k.with(kind, false, (*pending).drop) }

// State reports why a kind cannot be listed (nil: it can).
func (k *Sink) State(kind string, problem *core.Problem) {
	k.with(kind, problem != nil, func(p *pending) { p.setProblem(problem) })
}

// Kinds adds kinds, or replaces known ones by name.
func (k *Sink) Kinds(kinds []core.Kind) {
	k.s.mu.Lock()
	all := append([]core.Kind(nil), k.s.kinds[k.inst]...)
next:
	for _, n := range kinds {
		for i := range all {
			if all[i].Name == n.Name {
				all[i] = n
				continue next
			}
		}
		all = append(all, n)
	}
	k.s.setKinds(k.inst, all)
	k.s.mu.Unlock()
	k.s.mark()
}

// Usage takes samples.
func (k *Sink) Usage(samples []core.Usage) {
	k.Alive()
	k.s.usage.add(samples)
	k.s.mark()
}

// UsageState reports why there is no usage (nil: there is).
func (k *Sink) UsageState(problem *core.Problem) {
	k.s.mu.Lock()
	if k.s.noUsage[k.inst] != problem {
		k.s.noUsage[k.inst] = problem
		k.s.stale = true
	}
	k.s.mu.Unlock()
	k.s.mark()
}

// Alive reports a sign of life.
func (k *Sink) Alive() { k.seen.Store(time.Now().UnixNano()) }

// Version tells the server's product and version.
func (k *Sink) Version(v text.Safe) {
	k.s.mu.Lock()
	if k.s.versions[k.inst] != v {
		k.s.versions[k.inst] = v
		k.s.stale = true
	}
	k.s.mu.Unlock()
	k.s.mark()
}
