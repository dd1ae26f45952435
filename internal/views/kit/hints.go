package kit

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Hint is a key that is valid here.
type Hint struct {
	Key, Label text.Safe
	Change     bool // changes the outside world: stands after the looks
	Disabled   bool // shown greyed; the menu says why
}

// KeyHints draws the footer: looks, a separator, changes. Hints that do not
// fit are left out from the end of each group; the last hint stays, for it is
// the help.
func KeyHints(st *Styles, w int, hints []Hint) string {
	b := NewBuilder(st, w)
	if len(hints) == 0 || w <= 0 {
		return b.Line()
	}
	size := func(h *Hint) int { return h.Key.Width() + 1 + h.Label.Width() + 2 }
	last := &hints[len(hints)-1]
	left := w - 1 - size(last)
	var looks, changes []*Hint
	need := 0
	for i := range hints[:len(hints)-1] {
		if hints[i].Change {
			changes = append(changes, &hints[i])
		} else {
			looks = append(looks, &hints[i])
		}
		need += size(&hints[i])
	}
	if len(changes) > 0 {
		need += 3
	}
	for need > left && len(looks)+len(changes) > 0 {
		from := &changes
		if len(looks) > len(changes) {
			from = &looks
		}
		need -= size((*from)[len(*from)-1])
		if *from = (*from)[:len(*from)-1]; len(changes) == 0 && from == &changes {
			need -= 3
		}
	}
	b.Space(1)
	one := func(h *Hint) {
		key, label := themes.Key, themes.Muted
		if h.Disabled {
			key, label = themes.Faint, themes.Faint
		}
		b.Text(key, h.Key).Space(1).Text(label, h.Label).Space(2)
	}
	for _, h := range looks {
		one(h)
	}
	if len(changes) > 0 {
		b.Glyph(themes.Faint, st.Glyphs.Separator).Space(2)
		for _, h := range changes {
			one(h)
		}
	}
	one(last)
	return b.Line()
}

// Toast is a message above the footer. When it fades is the caller's matter.
type Toast struct {
	Level core.Level
	Text  text.Safe
}

// Draw returns the message as one line of w cells.
func (t Toast) Draw(st *Styles, w int) string {
	tok, glyph := LevelToken(t.Level), st.Glyphs.Dot
	switch t.Level {
	case core.LevelWarn:
		glyph = st.Glyphs.Warning
	case core.LevelError, core.LevelFatal:
		glyph = st.Glyphs.Phase[core.Failed]
	case core.LevelInfo:
		glyph = st.Glyphs.Phase[core.Succeeded]
	}
	return NewBuilder(st, w).Space(1).Glyph(tok, glyph).Space(1).Text(tok, t.Text).Line()
}
