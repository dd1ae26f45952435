package views

import (
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
	"devops-tui/internal/views/tasks"
)

// following is a dialog that shows how a task goes.
type following interface{ Task() string }

// watch tells what tasks came to that nobody is looking at.
func (m *Model) watch() []tea.Cmd {
	n := m.running()
	if n == 0 && !m.busy {
		return nil
	}
	m.busy = n > 0
	shown := ""
	if f, ok := m.dialog.(following); ok {
		shown = f.Task()
	}
	var cmds []tea.Cmd
	all := m.o.Engine.Tasks()
	if len(m.watched) > 2*len(all)+64 { // of those that the engine has dropped
		clear(m.watched)
		for _, t := range all {
			if t.Done() {
				m.watched[t.ID] = actions.Finished
			}
		}
	}
	for _, t := range all {
		step := actions.Queued
		for _, x := range t.Targets {
			step = max(step, x.Step)
		}
		if t.Done() {
			step = actions.Finished
		}
		was, known := m.watched[t.ID]
		m.watched[t.ID] = step
		if (step == actions.Verifying || step == actions.Finished) && known && was != step {
			m.tellPage(t)
		}
		switch {
		case known && was == step || t.Verb.ID == core.VerbShell:
		case step == actions.Serving:
			cmds = append(cmds, m.notify(pane.Notify{Text: text.Sprintf("%s · %s lists it", tasks.State(t), m.env.KeyOf("tasks"))}))
		case step == actions.Finished && known && (shown != t.ID || m.blurred):
			cmds = append(cmds, m.tellEnd(t, shown == t.ID))
		}
	}
	return cmds
}

// tellEnd says how a task ended: above the footer, and by bell to who looks
// elsewhere.
func (m *Model) tellEnd(t actions.Task, shown bool) tea.Cmd {
	says := text.Sprintf("%s: %s", t.Title, text.Clean(t.Outcome.String()))
	if p := t.Problem(); p != nil {
		says = text.Sprintf("%s: %s: %s", t.Title, text.Clean(t.Outcome.String()), p.Summary)
	}
	if t.Stopped {
		return nil // whoever stopped it knows
	}
	cmds := []tea.Cmd{tea.Raw(m.o.Bell.Sequence(says))}
	if !shown {
		cmds = append(cmds, m.notify(pane.Notify{Text: says, Bad: t.Outcome != core.OutcomeHealthy}))
	}
	return tea.Batch(cmds...)
}

// tellPage tells the page on screen that its object, or a part of it, was changed
// from here.
func (m *Model) tellPage(t actions.Task) {
	page, ok := m.top().slots[0].pane.(interface {
		Object() core.Ref
		Row(core.Ref) *core.Resource
		Changed()
	})
	if !ok {
		return
	}
	for _, x := range t.Targets {
		if x.Ref == page.Object() || page.Row(x.Ref) != nil {
			page.Changed()
			return
		}
	}
}
