// Package store keeps what the sources report: pending changes on one side,
// an immutable Snapshot on the other, and the buffers of the logs. Sources
// write through Sink and never wait; readers take the newest Snapshot.
package store

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Key names one table: one kind of one source instance.
type Key struct {
	Instance core.Instance
	Kind     string
}

// Store is the one place that owns rows. The zero value is not usable; see New.
type Store struct {
	mu       sync.Mutex
	tables   map[Key]*pending
	kinds    map[core.Instance][]core.Kind
	health   map[core.Instance]core.Health
	noUsage  map[core.Instance]*core.Problem
	versions map[core.Instance]text.Safe
	stale    bool // something besides tables changed since the last Publish

	usage *usageTable
	seen  sync.Map // core.Instance -> *atomic.Int64: Unix nanoseconds of the last sign of life

	logVersion atomic.Uint64 // grows with every batch of lines of a log of ours

	snap  atomic.Pointer[Snapshot]
	dirty chan struct{} // mailbox of size 1: "something changed"
}

// New returns an empty store with an empty snapshot.
func New() *Store {
	s := &Store{
		tables: map[Key]*pending{}, kinds: map[core.Instance][]core.Kind{}, health: map[core.Instance]core.Health{},
		noUsage: map[core.Instance]*core.Problem{}, versions: map[core.Instance]text.Safe{},
		usage: newUsageTable(), dirty: make(chan struct{}, 1),
	}
	s.snap.Store(&Snapshot{usage: s.usage, byInstance: map[Key]*Table{}})
	return s
}

// Changed receives when something changed since the last Publish. It is a
// mailbox of size 1: one receive may stand for any number of changes.
func (s *Store) Changed() <-chan struct{} { return s.dirty }

// Snapshot returns the newest published state. It is immutable.
func (s *Store) Snapshot() *Snapshot { return s.snap.Load() }

func (s *Store) mark() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// AddInstance declares a source instance and the kinds that it knows, so that
// views can name it before its first answer.
func (s *Store) AddInstance(i core.Instance, kinds []core.Kind) {
	s.mu.Lock()
	s.setKinds(i, append([]core.Kind(nil), kinds...))
	if _, ok := s.health[i]; !ok {
		s.health[i] = core.Health{Instance: i}
	}
	s.mu.Unlock()
	s.mark()
}

// setKinds needs the lock; the slice is never written again.
func (s *Store) setKinds(i core.Instance, kinds []core.Kind) {
	s.kinds[i] = kinds
	for key, p := range s.tables {
		if key.Instance == i {
			p.dirty = true // its Kind pointer moved
		}
	}
	s.stale = true
}

// SetHealth replaces the health of a source instance.
func (s *Store) SetHealth(h core.Health) {
	s.mu.Lock()
	s.health[h.Instance] = h
	s.stale = true
	s.mu.Unlock()
	s.mark()
}

// LastSeen returns the last sign of life of the instance; zero if none.
func (s *Store) LastSeen(i core.Instance) time.Time {
	if v, ok := s.seen.Load(i); ok {
		if n := v.(*atomic.Int64).Load(); n != 0 {
			return time.Unix(0, n)
		}
	}
	return time.Time{}
}

// Publish folds the pending changes into a new Snapshot. It reports whether
// there was anything new. Tables that did not change keep their pointer.
func (s *Store) Publish() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.snap.Load()
	usageVersion := s.usage.version.Load()
	logVersion := s.logVersion.Load()
	changed := s.stale || usageVersion != old.UsageVersion || logVersion != old.LogVersion
	for _, p := range s.tables {
		if p.dirty {
			changed = true
			break
		}
	}
	if !changed {
		return false
	}
	n := &Snapshot{
		Version: old.Version + 1, UsageVersion: usageVersion, LogVersion: logVersion, MetaVersion: old.MetaVersion, usage: s.usage,
		byInstance: make(map[Key]*Table, len(s.tables)),
	}
	for k, p := range s.tables {
		t := p.publish(s.kind(k))
		if t == nil {
			delete(s.tables, k)
			continue
		}
		n.byInstance[k] = t
		n.Tables = append(n.Tables, t)
	}
	sort.Slice(n.Tables, func(i, j int) bool {
		a, b := n.Tables[i].Key, n.Tables[j].Key
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		if a.Instance.Source != b.Instance.Source {
			return a.Instance.Source < b.Instance.Source
		}
		return a.Instance.Scope < b.Instance.Scope
	})
	s.markTwins(n)
	if s.stale {
		n.MetaVersion++
		n.fillMeta(s)
	} else {
		n.Health, n.Kinds, n.noUsage = old.Health, old.Kinds, old.noUsage
	}
	s.stale = false
	s.snap.Store(n)
	return true
}

func (s *Store) kind(k Key) *core.Kind {
	for i := range s.kinds[k.Instance] {
		if s.kinds[k.Instance][i].Name == k.Kind {
			return &s.kinds[k.Instance][i]
		}
	}
	return &core.Kind{Name: k.Kind, Plural: k.Kind + "s", Title: text.Clean(k.Kind)}
}

func (s *Store) table(k Key) *pending {
	p := s.tables[k]
	if p == nil {
		p = newPending(k)
		s.tables[k] = p
	}
	return p
}

// SetFocus names the objects whose usage is kept at full length (15 minutes of
// samples); all others keep a short history for sparklines.
func (s *Store) SetFocus(refs []core.Ref) { s.usage.setFocus(refs) }

// Touch wakes the reader though no row changed: a task made progress.
func (s *Store) Touch() {
	s.logVersion.Add(1)
	s.mark()
}
