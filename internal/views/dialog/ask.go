package dialog

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Ask asks for one line of text.
type Ask struct {
	base
	title text.Safe
	note  []text.Safe
	input kit.Input
	do    func(e *pane.Env, answer string) (tea.Cmd, *core.Problem)
	err   *core.Problem
}

// NewAsk makes the question. do takes the answer; while it returns a problem
// the dialog stays.
func NewAsk(title, prompt text.Safe, note []text.Safe, do func(e *pane.Env, answer string) (tea.Cmd, *core.Problem)) *Ask {
	return &Ask{title: title, note: note, do: do, input: kit.Input{Prompt: text.Sprintf(" %s: ", prompt)}}
}

// Draw implements Dialog.
func (a *Ask) Draw(e *pane.Env, body kit.Block, w, h int) kit.Block {
	width := min(max(w*2/3, 60), w-2, 100)
	rows := a.rows(e.Styles, width-2)
	d := kit.Dialog{Box: kit.Box{Title: a.title}, W: width, H: min(len(rows)+2, max(h-2, 4))}
	a.rect, _ = d.Place(w, h)
	return d.Draw(e.Styles, body, w, h, func(w, h int) kit.Block {
		rows := a.rows(e.Styles, w)
		return rows[max(len(rows)-h, 0):]
	})
}

func (a *Ask) rows(st *kit.Styles, w int) kit.Block {
	var out kit.Block
	say := func(tok themes.Token, t text.Safe) {
		for _, row := range wrapped(t, w-2) {
			out = append(out, kit.NewBuilder(st, w).Space(1).Text(tok, row).Line())
		}
	}
	for _, n := range a.note {
		say(themes.Muted, n)
	}
	if a.err != nil {
		say(themes.Failed, a.err.Summary)
		if !a.err.Hint.Empty() {
			say(themes.Muted, a.err.Hint)
		}
	}
	out = append(out, kit.Blank(st, w, 1)...)
	line, _ := a.input.Draw(st, w)
	out = append(out, line)
	return append(out, keyLine(st, w, text.Lit("enter"), text.Lit("accepts"), text.Lit("esc"), text.Lit("cancels"))...)
}

// Key implements Dialog.
func (a *Ask) Key(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case key.Matches(k, keyCancel):
		return true, nil
	case key.Matches(k, keyAccept):
		cmd, err := a.do(e, a.input.Value())
		a.err = err
		return err == nil, cmd
	}
	if a.input.Key(k) {
		a.err = nil
	}
	return false, nil
}

// Paste goes into the line.
func (a *Ask) Paste(_ *pane.Env, s string) tea.Cmd {
	a.input.Paste(s)
	return nil
}
