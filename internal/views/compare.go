package views

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/object"
	"devops-tui/internal/views/pane"
)

// diff compares an object with what it should be, where its system can, or two
// marked ones with each other.
func (m *Model) diff() tea.Cmd {
	if refs := m.targets(); len(refs) == 1 {
		for _, ref := range []core.Ref{refs[0], m.pageObject()} {
			if k := m.env.Snap.Kind(ref); k != nil && k.Diff && m.o.Backend.Abilities(ref).Diff {
				m.env.Send(pane.Open{Ref: ref, Tab: keys.Diff})
				return nil
			}
		}
	}
	return m.compare()
}

// compare shows the difference between the manifests of two marked objects.
func (m *Model) compare() tea.Cmd {
	refs := m.targets()
	if len(refs) != 2 {
		return m.notify(pane.Notify{Text: text.Sprintf("diff: mark two objects with %s first; %d are chosen", m.env.KeyOf("mark"), len(refs)), Bad: true})
	}
	for _, r := range refs {
		if !m.o.Backend.Abilities(r).Manifest {
			return m.notify(pane.Notify{Text: text.Sprintf("diff: %s has no manifest", text.Clean(r.Path())), Bad: true})
		}
	}
	a, b := refs[0], refs[1]
	load := func(ctx context.Context, back pane.Backend, _ core.Ref) (core.Document, error) {
		return object.Compare(ctx, back, a, b)
	}
	id := "diff:" + a.String() + "#" + a.UID + "|" + b.String() + "#" + b.UID
	p := m.pages[id]
	if p == nil {
		p = &page{id: id, title: text.Sprintf("diff %s · %s", text.Clean(a.Name), text.Clean(b.Name)), slots: []slot{{title: text.Lit("Diff"), pane: object.NewDoc(text.Lit("Diff"), a, load)}}}
		m.pages[id] = p
	}
	m.push(p)
	return nil
}
