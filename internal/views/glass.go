package views

import (
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// glassMsg says that the glass is whole again.
type glassMsg struct{}

// askGlass asks why, breaks the glass, and goes on with what was denied.
func (m *Model) askGlass(then pane.Change) tea.Cmd {
	if m.o.Engine == nil {
		return m.notify(pane.Notify{Text: text.Lit("no actions here"), Bad: true})
	}
	if g, on := m.o.Engine.Glass(); on && then.Verb == "" {
		return m.notify(pane.Notify{Text: text.Sprintf("the glass is broken already: %s", g.Reason)})
	}
	m.open(dialog.NewAsk(text.Lit("Break glass"), text.Lit("why"), []text.Safe{
		text.Lit("For 15 minutes what policy denies can be done by typing the name."),
		text.Lit("Read-only stays read-only. The reason goes into the journal, with every change until then."),
	}, func(e *pane.Env, why string) (tea.Cmd, *core.Problem) {
		until, err := m.o.Engine.BreakGlass(why)
		if err != nil {
			var p *core.Problem
			if !errors.As(err, &p) {
				p = &core.Problem{Summary: text.Error(err)}
			}
			return nil, p
		}
		if then.Verb != "" {
			e.Send(then)
		}
		return tea.Tick(until.Sub(e.Now), func(time.Time) tea.Msg { return glassMsg{} }), nil
	}))
	return nil
}

func (m *Model) endGlass() tea.Cmd {
	if m.o.Engine == nil {
		return nil
	}
	if _, on := m.o.Engine.Glass(); !on {
		return m.notify(pane.Notify{Text: text.Lit("the glass is not broken")})
	}
	m.o.Engine.EndGlass()
	return m.notify(pane.Notify{Text: text.Lit("the glass is whole again: policy denies as before")})
}

// glass is the line that stands on every screen while the glass is broken; ""
// while it is not.
func (m *Model) glass() string {
	if m.o.Engine == nil {
		return ""
	}
	g, on := m.o.Engine.Glass()
	if !on {
		return ""
	}
	left := int((g.Until.Sub(m.env.Now) + time.Minute - 1) / time.Minute)
	says := text.Sprintf(" BREAK-GLASS · %d min left · %s", left, g.Reason)
	return kit.NewBuilder(m.styles, m.w).Cell(themes.EnvName, says, m.w, false).Line()
}
