package demo

import (
	"cmp"
	"slices"

	"devops-tui/internal/core"
)

// place is one scope: the objects of one instance.
type place struct {
	w      *world
	scope  string
	tables map[string]map[core.Ref]object // kind, then reference without UID
	nodes  []*node
	said   []*happening // oldest first
	past   map[object]*archive
	sub    *subscription
	serial int // of event names

	addresses int // given to pods so far
}

// object is anything that has a row.
type object interface {
	ref() core.Ref
	row() *core.Resource
}

// at is the key of a place for an object, whoever stands there.
func at(r core.Ref) core.Ref {
	r.UID = ""
	return r
}

func (p *place) refOf(kind, namespace, name, uid string) core.Ref {
	return core.Ref{Source: ID, Scope: p.scope, Kind: kind, Namespace: namespace, Name: name, UID: uid}
}

// put adds an object.
func (p *place) put(o object) {
	r := o.ref()
	t := p.tables[r.Kind]
	if t == nil {
		t = map[core.Ref]object{}
		p.tables[r.Kind] = t
	}
	t[at(r)] = o
	p.touch(o)
}

// drop removes an object.
func (p *place) drop(o object) {
	delete(p.tables[o.ref().Kind], at(o.ref()))
	delete(p.past, o)
	p.touch(o)
}

// touch says that an object's row is another one now.
func (p *place) touch(o object) {
	if p.sub == nil {
		return
	}
	p.sub.mark(o.ref())
	for _, f := range p.followers(o) {
		p.sub.mark(f.ref())
	}
}

// find returns the object at r's place, nil if there is none.
func (p *place) find(r core.Ref) object { return p.tables[r.Kind][at(r)] }

// lookup finds the object that r means or says why not.
func (p *place) lookup(r core.Ref) (object, error) {
	if r.Source != ID || r.Scope != p.scope {
		return nil, problemf(core.Invalid, "%s is not an object of %s", r.String(), p.scope)
	}
	o := p.find(r)
	switch {
	case o == nil:
		return nil, problemf(core.NotFound, "no %s in %s", r.Path(), p.scope)
	case r.UID != "" && o.ref().UID != r.UID:
		return nil, problemf(core.Conflict, "%s was replaced meanwhile: it is another object of the same name", r.Path())
	}
	return o, nil
}

// list returns the objects of a kind by namespace and name.
func (p *place) list(kind string) []object {
	out := make([]object, 0, len(p.tables[kind]))
	for _, o := range p.tables[kind] {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Compare(a.ref().Path(), b.ref().Path()) })
	return out
}

// subscription collects what a running instance has not been told yet.
type subscription struct {
	marked  map[core.Ref]bool
	pending []core.Ref // in the order they were first marked
	notify  chan struct{}
}

func (s *subscription) mark(r core.Ref) {
	if s.marked[r] {
		return
	}
	s.marked[r] = true
	s.pending = append(s.pending, r)
	select {
	case s.notify <- struct{}{}:
	default:
	}
}

func (s *subscription) take() []core.Ref {
	out := s.pending
	s.pending = nil
	clear(s.marked)
	return out
}
