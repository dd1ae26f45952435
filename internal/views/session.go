package views

import (
	"context"
	"io"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// session is a shell that has the terminal.
type session struct {
	task actions.Task
	err  error
}

// sessionMsg says that the terminal is back.
type sessionMsg struct {
	of  *session
	err error // of the terminal itself
}

// shell lends the terminal to a confirmed session. The screen stands still
// until it ends; sources and log buffers go on.
func (m *Model) shell(_ *pane.Env, p *actions.Proposal) tea.Cmd {
	engine, s := m.o.Engine, &session{}
	says := text.Sprintf("%s · exit returns to the cockpit", p.Targets[0].Plan.Title)
	run := func(ctx context.Context, t core.Terminal) error {
		_, _ = io.WriteString(t.Out, "\r\n"+says.String()+"\r\n\r\n")
		s.task, s.err = engine.Attach(ctx, p, t)
		return nil
	}
	return m.o.Exec(m.o.Terminal(run), func(err error) tea.Msg { return sessionMsg{s, err} })
}

// sessionEnded says how it ended and draws everything anew.
func (m *Model) sessionEnded(msg sessionMsg) tea.Cmd {
	m.frame = nil
	m.refresh()
	n := pane.Notify{Text: text.Lit("the shell ended")}
	t := msg.of.task
	switch p := t.Problem(); {
	case msg.of.err != nil:
		n = pane.Notify{Text: text.Sprintf("shell: %s", text.Error(msg.of.err)), Bad: true}
	case msg.err != nil:
		n = pane.Notify{Text: text.Sprintf("shell: the terminal: %s", text.Error(msg.err)), Bad: true}
	case p != nil:
		n = pane.Notify{Text: text.Sprintf("shell: %s", p.Summary), Bad: true}
	case len(t.Targets) > 0 && t.Targets[0].Exit != 0:
		n.Text = text.Sprintf("the shell in %s ended with exit code %d", text.Clean(t.Targets[0].Ref.Path()), t.Targets[0].Exit)
	case len(t.Targets) > 0:
		n.Text = text.Sprintf("the shell in %s ended", text.Clean(t.Targets[0].Ref.Path()))
	}
	return tea.Batch(tea.ClearScreen, m.notify(n))
}
