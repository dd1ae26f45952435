package dialog

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Help shows the keys that are valid where it was opened.
type Help struct {
	base
	title text.Safe
	doc   *kit.Doc
	lines int
}

// helpOrder puts what is special here first and what every screen has last.
var helpOrder = []keys.Group{keys.LogText, keys.TimeRange, keys.Look, keys.Changes, keys.Find, keys.Order, keys.Views, keys.Move, keys.Answer, keys.Program}

// NewHelp makes the help of the contexts, the innermost first. reason says why
// a change is not possible for the selected object; empty: it is.
func NewHelp(m *keys.Map, ctxs []keys.Context, reason func(verb string) text.Safe) *Help {
	h := &Help{title: text.Sprintf("Keys · %s", ctxs[0].String()), doc: kit.NewDoc()}
	var lines []text.Line
	valid := m.Valid(ctxs, true)
	for _, g := range helpOrder {
		first := true
		for _, c := range valid {
			if c.Group != g || len(c.Keys) == 0 {
				continue
			}
			if first {
				if len(lines) > 0 {
					lines = append(lines, text.Lit("").Line())
				}
				lines = append(lines, g.Title().Line())
				first = false
			}
			says := c.Help
			if !c.Exists() {
				says = text.Sprintf("%s  (not in this version: comes with %s)", says, c.Planned)
			} else if c.Verb != "" && reason != nil {
				if why := reason(c.Verb); !why.Empty() {
					says = text.Sprintf("%s  (not now: %s)", says, why)
				}
			}
			lines = append(lines, text.Sprintf("  %s  %s", c.KeyList().Pad(16), says).Line())
		}
	}
	h.doc.SetWrap(true)
	h.doc.Set("help", lines)
	h.lines = len(lines)
	return h
}

// Draw implements Dialog.
func (h *Help) Draw(e *pane.Env, body kit.Block, w, ht int) kit.Block {
	d := kit.Dialog{Box: kit.Box{Title: h.title}, W: min(w-2, 110), H: min(h.lines+2, ht-2)}
	d.Box.Bottom = []kit.Span{{Tok: themes.Muted, Text: h.doc.Position()}, {Tok: themes.Muted, Text: text.Lit(" · j k scroll · esc close")}}
	h.rect, _ = d.Place(w, ht)
	return d.Draw(e.Styles, body, w, ht, func(w, ht int) kit.Block { return h.doc.Draw(e.Styles, w, ht) })
}

// Key implements Dialog.
func (h *Help) Key(_ *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	if key.Matches(k, keyClose, keyAccept, keyHelp) {
		return true, nil
	}
	scroll(h.doc, k)
	return false, nil
}

// scroller is what the keys of movement move in a dialog.
type scroller interface {
	Scroll(rows int)
	Page(n int)
	HalfPage(n int)
	Home()
	End()
}

// scroll moves a text by a key; false: the key does not move it.
func scroll(d scroller, k tea.KeyPressMsg) bool {
	switch {
	case key.Matches(k, keyDown, keyVimDown):
		d.Scroll(1)
	case key.Matches(k, keyUp, keyVimUp):
		d.Scroll(-1)
	case key.Matches(k, keyPageDown, keyMore):
		d.Page(1)
	case key.Matches(k, keyPageUp):
		d.Page(-1)
	case key.Matches(k, keyHalfDown):
		d.HalfPage(1)
	case key.Matches(k, keyHalfUp):
		d.HalfPage(-1)
	case key.Matches(k, keyTop):
		d.Home()
	case key.Matches(k, keyBottom):
		d.End()
	default:
		return false
	}
	return true
}

// Click beside the help closes it.
func (h *Help) Click(_ *pane.Env, x, y int) (bool, tea.Cmd) { return !h.rect.Contains(x, y), nil }

// Wheel scrolls.
func (h *Help) Wheel(by int) { h.doc.Scroll(by) }
