package views

import (
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/logs"
	"devops-tui/internal/views/pane"
)

// serve carries out what panes and dialogs asked for.
func (m *Model) serve() []tea.Cmd {
	var cmds []tea.Cmd
	for _, r := range m.env.Take() {
		switch r := r.(type) {
		case pane.Open:
			cmds = append(cmds, m.openObject(r))
		case pane.OpenURL:
			cmds = append(cmds, m.openURL(r.Ref))
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
			cmds = append(cmds, m.plan(r))
		case pane.Undo:
			cmds = append(cmds, m.undo(r.ID))
		case pane.BreakGlass:
			cmds = append(cmds, m.askGlass(r.Then))
		case pane.FollowTask:
			cmds = append(cmds, m.followTask(r.ID))
		case pane.CloseDialog:
			m.closeDialog()
		case pane.ShowText:
			m.open(dialog.NewText(r.Title, r.Syntax, r.Lines))
		case pane.Choose:
			m.open(dialog.NewMenu(r.Title, r.Items, len(r.Items) > 12))
		}
	}
	return cmds
}

func (m *Model) openObject(r pane.Open) tea.Cmd {
	if r.Row == nil {
		r.Row = m.pageRow(r.Ref)
	}
	p := m.objectPage(r.Ref, r.Row)
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

// pageRow is the row of an object that no list has, if the page on screen
// knows it: a job of a run.
func (m *Model) pageRow(ref core.Ref) *core.Resource {
	p := m.top()
	for i := range p.slots {
		if k, ok := p.slots[i].pane.(interface {
			Row(core.Ref) *core.Resource
		}); ok {
			if r := k.Row(ref); r != nil {
				return r
			}
		}
	}
	return nil
}

// row is an object as it is known: by a list, or by the page on screen.
func (m *Model) row(ref core.Ref) *core.Resource {
	if r := m.env.Snap.Find(ref); r != nil {
		return r
	}
	return m.pageRow(ref)
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
