package list

import (
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/views/pane"
)

// Refresh takes the tables of the newest snapshot. Tables whose pointer did not
// move cost nothing; of those that did, only the rows that changed are
// filtered and sorted anew.
func (l *List) Refresh(e *pane.Env) {
	n := e.Snap
	full := l.force || l.scope != e.Scope
	l.scope, l.force = e.Scope, false
	if l.version.meta != n.MetaVersion || full {
		l.version.meta = n.MetaVersion
		l.buildColumns(n)
		l.readHealth(n)
		full = true
	}
	usageMoved := l.version.usage != n.UsageVersion
	l.version.usage = n.UsageVersion
	minute := e.Now.Unix() / 60
	aged := l.version.minute != minute
	l.version.minute = minute

	tables := l.inScope(n)
	moved := full || !slices.Equal(tables, l.tables)
	switch {
	case moved && (full || l.timeDependent() || l.usageDependent()):
		l.rebuild(e, tables)
	case moved:
		l.update(e, tables)
	case usageMoved && l.usageDependent(), aged && l.timeDependent():
		l.rebuild(e, tables)
	case aged: // the rows are the same, their ages are not
	case usageMoved:
		l.table.Invalidate()
		return
	default:
		return
	}
	was := l.Subject()
	l.table.Refresh(source{l, n, e.Now, e.Styles.RowGlyph, e.Styles.Glyphs.ArrowUp, e.Styles.Glyphs.Flag})
	l.settle(n)
	l.comeBack(n, was)
}

// comeBack keeps the selection's place while the source of its row lists
// afresh: once the row is there again it is selected again, unless the user
// moved meanwhile.
func (l *List) comeBack(n *store.Snapshot, was core.Ref) {
	if l.away.IsZero() && l.settled && !was.IsZero() && !l.Subject().SameObject(was) && listing(n, was) {
		l.away = was
	}
	switch {
	case l.away.IsZero():
	case l.table.Select(l.away):
		l.away = core.Ref{}
	case !listing(n, l.away): // it is gone, or out of sight
		l.away = core.Ref{}
	}
}

// listing reports whether nothing can be said of the object now, because its
// source does not list its kind (yet).
func listing(n *store.Snapshot, ref core.Ref) bool {
	t := n.Table(store.Key{Instance: ref.Instance(), Kind: ref.Kind})
	return t == nil || !t.State.Listed
}

func (l *List) usageDependent() bool { return l.needsUsage() }

// timeDependent reports whether a row's place can change without the row.
func (l *List) timeDependent() bool { return !l.filter.Empty() }

func (l *List) readHealth(n *store.Snapshot) {
	l.staleOf = map[core.Instance]bool{}
	for _, h := range n.Health {
		if h.State == core.Stale || h.State == core.Down {
			l.staleOf[h.Instance] = true
		}
	}
}

func (l *List) inScope(n *store.Snapshot) []*store.Table {
	var out []*store.Table
	for _, k := range l.o.Kinds {
		for _, t := range n.OfKind(k) {
			if !l.lists(t.Kind) {
				continue
			}
			if (l.scope.Instance == core.Instance{}) || t.Key.Instance == l.scope.Instance {
				out = append(out, t)
			}
		}
	}
	return out
}

// rebuild filters and sorts everything.
func (l *List) rebuild(e *pane.Env, tables []*store.Table) {
	l.tables = tables
	l.order = l.order[:0:0]
	l.total, l.trouble = 0, [6]int{}
	for _, t := range tables {
		for _, r := range t.Rows {
			if l.inList(t, r) {
				l.count(r, 1)
				if l.keeps(e, t, r) {
					l.order = append(l.order, r)
				}
			}
		}
	}
	l.sorter.Sort(l.order, e.Snap.Kind, e.Snap.Usage)
	l.finish(e.Snap, tables)
}

// update carries the differences between the old and the new tables over to
// the order: what left is taken out, what came is sorted in.
func (l *List) update(e *pane.Env, tables []*store.Table) {
	gone := map[*core.Resource]bool{}
	var came []*core.Resource
	for _, t := range tables {
		old := l.lastRows[t.Key]
		diff(old, t.Rows, func(r *core.Resource) {
			if l.inList(t, r) {
				l.count(r, -1)
				gone[r] = true
			}
		}, func(r *core.Resource) {
			if l.inList(t, r) {
				l.count(r, 1)
				if l.keeps(e, t, r) {
					came = append(came, r)
				}
			}
		})
	}
	for _, t := range l.tables { // a table that is no more
		if !slices.ContainsFunc(tables, func(n *store.Table) bool { return n.Key == t.Key }) {
			l.rebuild(e, tables)
			return
		}
	}
	compare := l.compare(e)
	slices.SortFunc(came, compare)
	out := make([]*core.Resource, 0, len(l.order)+len(came))
	j := 0
	for _, r := range l.order {
		if gone[r] {
			continue
		}
		for j < len(came) && compare(came[j], r) < 0 {
			out = append(out, came[j])
			j++
		}
		out = append(out, r)
	}
	l.order = append(out, came[j:]...)
	l.finish(e.Snap, tables)
}

// finish notes what the order was made of.
func (l *List) finish(n *store.Snapshot, tables []*store.Table) {
	l.tables = tables
	l.fitNames()
	clear(l.lastRows)
	l.problem, l.loading = nil, false
	for _, t := range tables {
		l.lastRows[t.Key] = t.Rows
		if t.State.Problem != nil {
			l.problem = t.State.Problem
		} else if !t.State.Listed {
			l.loading = true
		}
	}
	for ref := range l.marks { // objects that are gone
		if !listing(n, ref) && n.Find(ref) == nil {
			delete(l.marks, ref)
		}
	}
}

// diff walks two row slices that are sorted alike and reports the rows that
// left and the rows that came; a changed row does both.
func diff(old, now []*core.Resource, left, came func(*core.Resource)) {
	i, j := 0, 0
	for i < len(old) && j < len(now) {
		a, b := old[i], now[j]
		if a == b {
			i, j = i+1, j+1
			continue
		}
		switch c := a.Ref.Compare(b.Ref); {
		case c == 0:
			left(a)
			came(b)
			i, j = i+1, j+1
		case c < 0:
			left(a)
			i++
		default:
			came(b)
			j++
		}
	}
	for ; i < len(old); i++ {
		left(old[i])
	}
	for ; j < len(now); j++ {
		came(now[j])
	}
}

func (l *List) count(r *core.Resource, by int) {
	l.total += by
	if !r.Past || !r.Phase.IsProblem() { // history is no trouble
		l.trouble[r.Phase] += by
	}
}

// inList reports whether the row belongs here at all, filter aside.
func (l *List) inList(t *store.Table, r *core.Resource) bool {
	return l.scope.Lists(t.Kind, r) && (l.o.Only == nil || l.o.Only(r))
}

func (l *List) keeps(e *pane.Env, t *store.Table, r *core.Resource) bool {
	if l.problems && !r.IsProblem() {
		return false
	}
	return l.filter.Match(r, t.Kind, e.Snap.Usage, e.Now)
}

// compare is the order in force; ties are broken by identity, so that equal
// rows never swap.
func (l *List) compare(e *pane.Env) func(a, b *core.Resource) int {
	return l.sorter.Compare(e.Snap.Kind, e.Snap.Usage)
}
