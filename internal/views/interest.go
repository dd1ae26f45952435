package views

import (
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/views/pane"
)

// tellInterest tells the sources what is on the screen now, if that changed.
func (m *Model) tellInterest() {
	w := pane.NewWant()
	p := m.top()
	for i := range p.slots {
		if s := p.slots[i].pane; s != nil && (p.grid || i == p.focus) {
			s.Interest(w)
		}
	}
	if p.id == viewBuilds { // its tabs tell how much waits, whichever is in sight
		w.Kind(runKinds...)
	}
	if p.id == viewCockpit { // for the trouble line and for the names of owners
		w.Kind("deployment", "project")
	}
	n := core.Interest{Usage: w.Usage, Shown: sorted(w.Shown), UsageOf: sorted(w.UsageOf)}
	for k := range w.Kinds {
		n.Kinds = append(n.Kinds, k)
	}
	slices.Sort(n.Kinds)
	if m.env.Scope.Namespace != "" && !m.env.Scope.Repository {
		n.Namespaces = []string{m.env.Scope.Namespace}
	}
	if !slices.Equal(n.Kinds, m.want.Kinds) || !slices.Equal(n.Namespaces, m.want.Namespaces) || n.Usage != m.want.Usage ||
		!slices.Equal(n.Shown, m.want.Shown) || !slices.Equal(n.UsageOf, m.want.UsageOf) {
		m.want = n
		m.o.Backend.Want(n)
	}
	if f := sorted(w.Focus); !slices.Equal(f, m.focus) {
		m.focus = f
		m.o.Backend.Focus(f)
	}
}

func sorted(set map[core.Ref]bool) []core.Ref {
	if len(set) == 0 {
		return nil
	}
	out := make([]core.Ref, 0, len(set))
	for r := range set {
		out = append(out, r)
	}
	slices.SortFunc(out, core.Ref.Compare)
	return out
}
