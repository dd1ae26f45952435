package views

import (
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/logs"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// serve carries out what panes and dialogs asked for.
func (m *Model) serve() []tea.Cmd {
	var cmds []tea.Cmd
	for _, r := range m.env.Take() {
		switch r := r.(type) {
		case pane.Open:
			cmds = append(cmds, m.openObject(r))
		case pane.OpenLogs:
			cmds = append(cmds, m.openLogs(r))
		case pane.Notify:
			cmds = append(cmds, m.notify(r))
		case pane.CopyText:
			cmds = append(cmds, tea.SetClipboard(r.Text.String()), m.notify(pane.Notify{Text: text.Sprintf("copied %s: %s", r.What, r.Text.Truncate(60))}))
		case pane.CopyLines:
			all := ""
			for _, l := range r.Lines {
				all += l.String() + "\n"
			}
			cmds = append(cmds, tea.SetClipboard(all), m.notify(pane.Notify{Text: text.Sprintf("copied %s: %d lines", r.What, len(r.Lines))}))
		case pane.Change:
			cmds = append(cmds, m.plan(r.Verb, r.Refs))
		case pane.Choose:
			m.open(dialog.NewMenu(r.Title, r.Items, len(r.Items) > 12))
		}
	}
	return cmds
}

func (m *Model) openObject(r pane.Open) tea.Cmd {
	p := m.objectPage(r.Ref)
	if r.Tab != "" {
		i := p.tab(r.Tab)
		if i < 0 {
			return m.notify(pane.Notify{Text: text.Sprintf("%s has no %s", text.Clean(r.Ref.Kind), r.Tab)})
		}
		p.focus = i
	}
	m.push(p)
	p.setFocus(&m.env, p.focus)
	return nil
}

func (m *Model) openLogs(r pane.OpenLogs) tea.Cmd {
	if !logs.HasLogs(&m.env, r.Ref) {
		return m.notify(pane.Notify{Text: text.Sprintf("%s has no logs", text.Clean(r.Ref.Path()))})
	}
	p := m.page(viewLogs)
	l := p.slots[0].pane.(*logs.Pane)
	m.push(p)
	if q := l.Request(); q.Ref == r.Ref && q.Previous == r.Previous && q.Container == r.Container {
		return nil
	}
	return l.Open(&m.env, core.LogRequest{Ref: r.Ref, Previous: r.Previous, Container: r.Container})
}

// marker is a pane whose rows can be marked.
type marker interface {
	Marked() int
	Targets() []core.Ref
}

// targets are the objects that a change is about: the marks in sight, or the
// subject. While a filter hides all marks there are none.
func (m *Model) targets() []core.Ref {
	if l, ok := m.top().focused().(marker); ok && l.Marked() > 0 {
		return l.Targets()
	}
	if ref := m.objectOf(); !ref.IsZero() {
		return []core.Ref{ref}
	}
	return nil
}

// change plans a verb for the marks or the subject, or says why not.
func (m *Model) change(verb string) tea.Cmd {
	refs := m.targets()
	if l, ok := m.top().focused().(marker); ok && len(refs) == 0 && l.Marked() > 0 {
		return m.notify(pane.Notify{Text: text.Sprintf("%s: the filter hides all %d marked rows", verb, l.Marked()), Bad: true})
	}
	if len(refs) == 0 {
		return m.notify(pane.Notify{Text: text.Sprintf("%s: nothing is selected", verb), Bad: true})
	}
	if len(refs) == 1 {
		if r := m.env.Snap.Find(refs[0]); r != nil {
			if why := m.reason(verb, r); !why.Empty() {
				return m.notify(pane.Notify{Text: text.Sprintf("%s %s: %s", verb, text.Clean(refs[0].Name), why), Bad: true})
			}
		}
	}
	return m.plan(verb, refs)
}

func (m *Model) plan(verb string, refs []core.Ref) tea.Cmd {
	if m.o.Engine == nil {
		return m.notify(pane.Notify{Text: text.Lit("no actions here"), Bad: true})
	}
	d, cmd := dialog.NewPlan(m.o.Engine, verb, refs, policyToken)
	m.open(d)
	return cmd
}

func policyToken(p actions.Policy) themes.Token {
	switch p.Level {
	case actions.Free:
		return themes.EnvFree
	case actions.Name:
		return themes.EnvName
	case actions.Deny:
		return themes.EnvDeny
	default:
		return themes.EnvConfirm
	}
}

// openActions is the menu of everything possible here, with reasons.
func (m *Model) openActions() {
	refs := m.targets()
	if len(refs) == 0 || m.o.Engine == nil {
		m.env.Send(pane.Notify{Text: text.Lit("nothing is selected")})
		return
	}
	r := m.env.Snap.Find(refs[0])
	if r == nil {
		m.env.Send(pane.Notify{Text: text.Lit("the object is gone")})
		return
	}
	var items []pane.Item
	for _, o := range m.o.Engine.Verbs(r) {
		verb := o.Verb.ID
		items = append(items, pane.Item{
			Title: o.Verb.Title, Key: text.Clean(o.Verb.Key), Disabled: o.Disabled,
			Do: func(e *pane.Env) tea.Cmd {
				e.Send(pane.Change{Verb: verb, Refs: refs})
				return nil
			},
		})
	}
	title := text.Clean(refs[0].Path())
	if len(refs) > 1 {
		title = text.Sprintf("%d objects", len(refs))
	}
	m.open(dialog.NewMenu(text.Sprintf("Actions · %s", title), items, false))
}
