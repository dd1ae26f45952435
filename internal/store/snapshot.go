package store

import (
	"sort"
	"time"

	"devops-tui/internal/core"
)

// Snapshot is the state of everything at one moment. Immutable, but for usage,
// which is read through to the newest samples.
type Snapshot struct {
	Version      uint64 // grows with every Publish that changed something
	UsageVersion uint64 // grows when samples came
	LogVersion   uint64 // grows when log lines came
	MetaVersion  uint64 // grows when health, kinds or problems changed
	Tables       []*Table
	Health       []core.Health // sorted by instance
	Kinds        map[core.Instance][]core.Kind

	noUsage    map[core.Instance]*core.Problem
	byInstance map[Key]*Table
	usage      *usageTable
}

func (n *Snapshot) fillMeta(s *Store) {
	n.Kinds = make(map[core.Instance][]core.Kind, len(s.kinds))
	for i, k := range s.kinds {
		n.Kinds[i] = k
	}
	n.noUsage = make(map[core.Instance]*core.Problem, len(s.noUsage))
	for i, p := range s.noUsage {
		if p != nil {
			n.noUsage[i] = p
		}
	}
	for i, h := range s.health {
		if seen := s.LastSeen(i); seen.After(h.LastSeen) {
			h.LastSeen = seen
		}
		h.Version = s.versions[i]
		n.Health = append(n.Health, h)
	}
	sort.Slice(n.Health, func(i, j int) bool {
		a, b := n.Health[i].Instance, n.Health[j].Instance
		if a.Source != b.Source {
			return a.Source < b.Source
		}
		return a.Scope < b.Scope
	})
}

// Table returns the table of key, or nil.
func (n *Snapshot) Table(k Key) *Table { return n.byInstance[k] }

// OfKind returns the tables of kind over all instances.
func (n *Snapshot) OfKind(kind string) []*Table {
	var out []*Table
	for _, t := range n.Tables {
		if t.Key.Kind == kind {
			out = append(out, t)
		}
	}
	return out
}

// Find returns the row of ref, or nil. Without UID: whatever stands there.
func (n *Snapshot) Find(ref core.Ref) *core.Resource {
	if t := n.byInstance[Key{ref.Instance(), ref.Kind}]; t != nil {
		return t.Find(ref)
	}
	return nil
}

// Kind returns the declaration of the kind of ref, or nil.
func (n *Snapshot) Kind(ref core.Ref) *core.Kind {
	for i := range n.Kinds[ref.Instance()] {
		if k := &n.Kinds[ref.Instance()][i]; k.Name == ref.Kind {
			return k
		}
	}
	return nil
}

// HealthOf returns the health of an instance.
func (n *Snapshot) HealthOf(i core.Instance) (core.Health, bool) {
	for _, h := range n.Health {
		if h.Instance == i {
			return h, true
		}
	}
	return core.Health{}, false
}

// NoUsage returns why the instance has no usage, or nil.
func (n *Snapshot) NoUsage(i core.Instance) *core.Problem { return n.noUsage[i] }

// Usage returns the newest sample of ref, or nil.
func (n *Snapshot) Usage(ref core.Ref) *core.Usage { return n.usage.last(ref) }

// History returns the points of one measure of ref since the instant, oldest
// first. Nil when there are none.
func (n *Snapshot) History(ref core.Ref, m core.Measure, since time.Time) []core.Point {
	return n.usage.history(ref, m, since.UnixNano())
}

// Recent returns up to count newest values of a measure, oldest first, for sparklines.
func (n *Snapshot) Recent(ref core.Ref, m core.Measure, count int) []float64 {
	return n.usage.recent(ref, m, count)
}
