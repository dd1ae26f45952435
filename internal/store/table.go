package store

import (
	"cmp"
	"slices"
	"sort"

	"devops-tui/internal/core"
)

// Table is the published state of one kind of one source instance. Immutable:
// a pointer that did not change means that nothing changed.
type Table struct {
	Key     Key
	Kind    *core.Kind
	Rows    []*core.Resource // sorted by namespace, name, UID
	State   core.KindState
	ByPhase [6]int // rows by core.Phase
}

// place orders rows within a table.
type place struct{ namespace, name, uid string }

func placeOf(r core.Ref) place { return place{r.Namespace, r.Name, r.UID} }

func comparePlace(a, b place) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name), cmp.Compare(a.uid, b.uid))
}

// Find returns the row of ref, or nil. A ref without UID finds whatever stands
// at its place.
func (t *Table) Find(ref core.Ref) *core.Resource {
	want := placeOf(ref)
	i := sort.Search(len(t.Rows), func(i int) bool { return comparePlace(placeOf(t.Rows[i].Ref), want) >= 0 })
	if i < len(t.Rows) && (t.Rows[i].Ref.UID == ref.UID || ref.UID == "") && t.Rows[i].Ref.SameObject(ref) {
		return t.Rows[i]
	}
	return nil
}

// pending collects the changes of one table until the next Publish.
type pending struct {
	published *Table
	changes   map[place]*core.Resource // nil: deleted
	wildcard  []core.Ref               // deletions without UID, applied to published rows
	listing   map[string]map[place]bool
	state     core.KindState
	dirty     bool
	dropped   bool
	twins     twins
}

func newPending(k Key) *pending {
	return &pending{published: &Table{Key: k}, changes: map[place]*core.Resource{}, dirty: true}
}

func (p *pending) apply(changes []core.Change) {
	if len(changes) == 0 {
		return
	}
	p.dirty, p.dropped = true, false
	for i := range changes {
		c := &changes[i]
		at := placeOf(c.Ref)
		if c.Op == core.Delete {
			if at.uid == "" {
				p.wildcard = append(p.wildcard, c.Ref)
				for k := range p.changes {
					if k.namespace == at.namespace && k.name == at.name {
						p.changes[k] = nil
					}
				}
				continue
			}
			p.changes[at] = nil
			continue
		}
		at = placeOf(c.Resource.Ref)
		p.changes[at] = c.Resource
		if seen := p.seen(at.namespace); seen != nil {
			seen[at] = true
		}
	}
}

// seen is the set of the list under way that covers namespace, or nil. There is
// at most one, see begin.
func (p *pending) seen(namespace string) map[place]bool {
	if s, ok := p.listing[""]; ok {
		return s
	}
	return p.listing[namespace]
}

// begin opens a list. Lists of all namespaces and of single ones replace each
// other: what is still open of the other sort was given up, and would delete
// what it did not see, or never let the kind be complete.
func (p *pending) begin(namespace string) {
	if p.listing == nil || namespace == "" {
		p.listing = map[string]map[place]bool{}
	}
	delete(p.listing, "")
	p.listing[namespace] = map[place]bool{}
	p.dirty, p.dropped = true, false
}

func (p *pending) end(namespace string) {
	seen, ok := p.listing[namespace]
	if !ok {
		return
	}
	delete(p.listing, namespace)
	gone := func(at place) bool { return (namespace == "" || at.namespace == namespace) && !seen[at] }
	for at, r := range p.changes {
		if r != nil && gone(at) {
			p.changes[at] = nil
		}
	}
	for _, r := range p.published.Rows {
		at := placeOf(r.Ref)
		if _, touched := p.changes[at]; !touched && gone(at) {
			p.changes[at] = nil
		}
	}
	p.dirty = true
	// What was complete once stays so while it is listed afresh: its rows are kept.
	p.state.Listed = p.state.Listed || len(p.listing) == 0
	p.state.Problem = nil
}

// setProblem ignores that a kind which is not watched has no problem.
func (p *pending) setProblem(problem *core.Problem) {
	if p.state.Problem == problem && (problem == nil || !p.dropped) {
		return
	}
	p.state.Problem, p.dirty, p.dropped = problem, true, false
}

func (p *pending) drop() {
	p.published = &Table{Key: p.published.Key}
	p.changes, p.wildcard, p.listing = map[place]*core.Resource{}, nil, nil
	p.state = core.KindState{}
	p.dirty, p.dropped = true, true
}

// publish merges the changes into a new table; nil when the table was dropped.
func (p *pending) publish(kind *core.Kind) *Table {
	if p.dropped {
		return nil
	}
	if !p.dirty && p.published.Kind != nil {
		return p.published
	}
	t := &Table{Key: p.published.Key, Kind: kind, State: p.state}
	rows := p.published.Rows
	for _, ref := range p.wildcard {
		for _, r := range rows {
			if at := placeOf(r.Ref); at.namespace == ref.Namespace && at.name == ref.Name {
				if _, touched := p.changes[at]; !touched {
					p.changes[at] = nil
				}
			}
		}
	}
	t.Rows = merge(rows, p.changes)
	for _, r := range t.Rows {
		t.ByPhase[r.Phase]++
	}
	if len(p.changes) > 4096 {
		p.changes = map[place]*core.Resource{} // a big list grew the map: let it go
	}
	clear(p.changes)
	p.wildcard, p.dirty, p.published = nil, false, t
	return t
}

// merge returns rows with the changes applied, sorted, in new memory.
func merge(rows []*core.Resource, changes map[place]*core.Resource) []*core.Resource {
	if len(changes) == 0 {
		return rows
	}
	order := make([]place, 0, len(changes))
	for at := range changes {
		order = append(order, at)
	}
	slices.SortFunc(order, comparePlace)
	out := make([]*core.Resource, 0, len(rows)+len(order))
	i := 0
	for _, at := range order {
		n, found := slices.BinarySearchFunc(rows[i:], at, func(r *core.Resource, at place) int { return comparePlace(placeOf(r.Ref), at) })
		out = append(out, rows[i:i+n]...)
		i += n
		if found {
			i++
		}
		if r := changes[at]; r != nil {
			out = append(out, r)
		}
	}
	return append(out, rows[i:]...)
}
