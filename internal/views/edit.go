package views

import (
	"bytes"
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/pane"
)

// definitionLimit bounds the reading of what is edited.
const definitionLimit = 20 * time.Second

// edit is a definition in the user's hands: as it was opened, and where it lies.
type edit struct {
	ref    core.Ref
	before []byte
	path   string
}

// definitionMsg brings what is to be edited.
type definitionMsg struct {
	ref     core.Ref
	content []byte
	path    string
	err     error
}

// editedMsg says that the editor ended.
type editedMsg struct {
	edit  *edit
	after []byte
	err   error // of the editor
	read  error // of the file
}

// edit reads the definition of one object and opens the user's editor with it.
func (m *Model) edit(refs []core.Ref) tea.Cmd {
	switch {
	case len(refs) != 1:
		return m.notify(pane.Notify{Text: text.Sprintf("edit: one object at a time, %d are marked", len(refs)), Bad: true})
	case m.o.Editor == nil:
		return m.notify(pane.Notify{Text: text.Lit("edit: there is no editor here"), Bad: true})
	}
	engine, editor, ref := m.o.Engine, m.o.Editor, refs[0]
	m.closeDialog()
	said := m.notify(pane.Notify{Text: text.Sprintf("reading the definition of %s", text.Clean(ref.Path()))})
	return tea.Batch(said, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), definitionLimit)
		defer cancel()
		b, err := engine.Definition(ctx, ref)
		if err != nil {
			return definitionMsg{ref: ref, err: err}
		}
		path, err := editor.Create(ref.Kind+"-"+ref.Name, b)
		return definitionMsg{ref, b, path, err}
	})
}

// definition opens the editor with what was read.
func (m *Model) definition(msg definitionMsg) tea.Cmd {
	if msg.err != nil {
		return m.notify(pane.Notify{Text: text.Sprintf("edit: %s", text.Error(msg.err)), Bad: true})
	}
	return m.openEditor(&edit{msg.ref, msg.content, msg.path})
}

func (m *Model) openEditor(x *edit) tea.Cmd {
	m.edits[x.path] = x
	editor := m.o.Editor
	return m.o.Exec(editor.Open(x.path), func(err error) tea.Msg {
		b, read := editor.Read(x.path)
		return editedMsg{x, b, err, read}
	})
}

// edited plans what was changed.
func (m *Model) edited(msg editedMsg) tea.Cmd {
	m.frame = nil
	x := msg.edit
	after := withoutRemarks(msg.after)
	changed := !bytes.Equal(bytes.TrimSpace(after), bytes.TrimSpace(x.before)) && len(bytes.TrimSpace(after)) > 0
	var said pane.Notify
	switch {
	case msg.read != nil:
		said = pane.Notify{Text: text.Sprintf("edit: %s", text.Error(msg.read)), Bad: true}
	case msg.err != nil && changed:
		return tea.Batch(tea.ClearScreen, m.keep(x, text.Sprintf("the editor: %s", text.Error(msg.err))))
	case msg.err != nil:
		said = pane.Notify{Text: text.Sprintf("the editor: %s; nothing is planned", text.Error(msg.err)), Bad: true}
	case len(bytes.TrimSpace(after)) == 0:
		said = pane.Notify{Text: text.Sprintf("edit %s: the text is empty; nothing is planned", text.Clean(x.ref.Path()))}
	case !changed:
		said = pane.Notify{Text: text.Sprintf("edit %s: nothing was changed", text.Clean(x.ref.Path()))}
	}
	if !changed {
		return tea.Batch(tea.ClearScreen, m.notify(said), m.discard(x))
	}
	return tea.Batch(tea.ClearScreen, m.openPlan(dialog.PlanOptions{
		Engine: m.o.Engine, Verb: core.VerbEdit, Refs: []core.Ref{x.ref}, Token: policyToken,
		Params: actions.Params{"before": string(x.before), "after": string(after)},
		Again: func(_ *pane.Env, p *core.Problem) tea.Cmd {
			return m.editAgain(x, after, p)
		},
		AgainHint: text.Lit("edits again"),
		Closed: func(_ *pane.Env, sent, again bool) tea.Cmd {
			switch {
			case again:
				return nil
			case sent:
				return m.discard(x)
			}
			return m.keep(x, text.Sprintf("%s was not changed", text.Clean(x.ref.Path())))
		},
	}))
}

// editAgain opens the editor with the user's text as it is, and what was wrong
// with it on top.
func (m *Model) editAgain(x *edit, after []byte, p *core.Problem) tea.Cmd {
	if err := m.o.Editor.Write(x.path, append(remarks(p), after...)); err != nil {
		return m.notify(pane.Notify{Text: text.Sprintf("edit: %s", text.Error(err)), Bad: true})
	}
	return m.openEditor(x)
}

// discard removes a file that nobody needs any more.
func (m *Model) discard(x *edit) tea.Cmd {
	delete(m.edits, x.path)
	if err := m.o.Editor.Remove(x.path); err != nil {
		return m.notify(pane.Notify{Text: text.Sprintf("edit: %s", text.Error(err)), Bad: true})
	}
	return nil
}

// keep leaves the user's text where it is and says so.
func (m *Model) keep(x *edit, why text.Safe) tea.Cmd {
	delete(m.edits, x.path)
	return m.notify(pane.Notify{Text: text.Sprintf("your text is kept: %s · %s", text.Clean(x.path), why)})
}

// remark begins the lines that stand above the user's text; they are taken out
// again.
const remark = "# devops-tui: "

// remarks are the words of a problem as comments.
func remarks(p *core.Problem) []byte {
	if p == nil {
		return nil
	}
	var b bytes.Buffer
	for _, s := range []text.Safe{p.Summary, p.Hint} {
		for _, row := range s.Line().Wrap(100) {
			if !row.Empty() {
				b.WriteString(remark + row.String() + "\n")
			}
		}
	}
	return b.Bytes()
}

// withoutRemarks is the text without the comments above it.
func withoutRemarks(b []byte) []byte {
	s := string(b)
	for strings.HasPrefix(s, strings.TrimRight(remark, " ")) {
		_, rest, found := strings.Cut(s, "\n")
		if !found {
			return nil
		}
		s = rest
	}
	return []byte(s)
}
