package dialog

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Text shows a text to read: a record of the journal.
type Text struct {
	base
	title text.Safe
	doc   *kit.Doc
	lines []text.Line
}

// NewText makes the dialog; syntax as of kit.Doc.
func NewText(title text.Safe, syntax string, lines []text.Line) *Text {
	t := &Text{title: title, doc: kit.NewDoc(), lines: lines}
	t.doc.SetWrap(true)
	t.doc.Set(syntax, lines)
	return t
}

// Draw implements Dialog.
func (t *Text) Draw(e *pane.Env, body kit.Block, w, h int) kit.Block {
	width := min(max(w*4/5, 76), w-2, mostPlanWidth)
	rows := 2
	for _, l := range t.lines {
		rows += len(l.Wrap(max(width-2, 8)))
	}
	d := kit.Dialog{Box: kit.Box{Title: t.title}, W: width, H: min(max(rows, 6), h-2)}
	d.Box.Bottom = []kit.Span{{Tok: themes.Muted, Text: t.doc.Position()}, {Tok: themes.Muted, Text: text.Lit(" · j k scroll · c copy · esc close")}}
	t.rect, _ = d.Place(w, h)
	return d.Draw(e.Styles, body, w, h, func(w, h int) kit.Block { return t.doc.Draw(e.Styles, w, h) })
}

// Key implements Dialog.
func (t *Text) Key(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case key.Matches(k, keyClose, keyAccept):
		return true, nil
	case key.Matches(k, keyCopy):
		e.Send(pane.CopyLines{Lines: t.lines, What: t.title})
	default:
		scroll(t.doc, k)
	}
	return false, nil
}

// Click beside the text closes it.
func (t *Text) Click(_ *pane.Env, x, y int) (bool, tea.Cmd) { return !t.rect.Contains(x, y), nil }

// Wheel scrolls.
func (t *Text) Wheel(by int) { t.doc.Scroll(by) }
