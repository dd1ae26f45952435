package store

import (
	"slices"

	"devops-tui/internal/core"
)

// twins marks the rows of a kind that another source shows as well: an Argo CD
// application is seen through the cluster and, where one is configured, through
// Argo CD's own server. Objects with the same UID are the same object.
type twins struct {
	own    *Table   // what made was made of
	others []*Table // of the source that is preferred
	made   *Table
}

// of returns t with Twin set in the rows that a table of the preferred source
// has too. Tables that did not change give the same table again.
func (w *twins) of(t *Table, others []*Table) *Table {
	if w.own == t && slices.Equal(w.others, others) {
		return w.made
	}
	*w = twins{own: t, others: others, made: t}
	byUID := map[string]*core.Ref{}
	for _, o := range others {
		for _, r := range o.Rows {
			if r.Ref.UID != "" {
				byUID[r.Ref.UID] = &r.Ref
			}
		}
	}
	var rows []*core.Resource
	for i, r := range t.Rows {
		twin := byUID[r.Ref.UID]
		if twin == nil {
			continue
		}
		if rows == nil {
			rows = slices.Clone(t.Rows)
		}
		marked := *r
		marked.Twin = twin
		rows[i] = &marked
	}
	if rows != nil {
		made := *t
		made.Rows = rows
		w.made = &made
	}
	return w.made
}

// markTwins replaces the tables of kinds that yield to another source. Its rows
// count only while it is there: when it is away, the other ones are shown again.
func (s *Store) markTwins(n *Snapshot) {
	for i, t := range n.Tables {
		if t.Kind.Yields == "" {
			continue
		}
		var others []*Table
		for _, o := range n.Tables {
			if o.Key.Kind == t.Key.Kind && o.Key.Instance.Source == t.Kind.Yields && s.current(o) {
				others = append(others, o)
			}
		}
		w := s.tables[t.Key].twins.of(t, others)
		n.Tables[i], n.byInstance[t.Key] = w, w
	}
}

// current reports whether the table's rows are how things stand: listed, and
// the source is not away.
func (s *Store) current(t *Table) bool {
	state := s.health[t.Key.Instance].State
	return t.State.Listed && t.State.Problem == nil && state != core.Stale && state != core.Down
}
