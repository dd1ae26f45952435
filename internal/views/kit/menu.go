package kit

import (
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// MenuItem is one choice. A choice that is not possible says why.
type MenuItem struct {
	Key      text.Safe // "R"; may be empty
	Title    text.Safe
	Detail   text.Safe // at the right: a kind, a scope
	Disabled text.Safe // the reason; empty if it can be chosen
	Matched  [][2]int  // byte ranges of Title that a fuzzy search found
}

// Menu is a list to choose from: palettes, action menus.
type Menu struct {
	Items    []MenuItem
	Selected int
	offset   int
	rows     int
}

// SetItems replaces the items; the selection goes to the first.
func (m *Menu) SetItems(items []MenuItem) { m.Items, m.Selected, m.offset = items, 0, 0 }

// Move moves the selection by n; at an end it stays.
func (m *Menu) Move(n int) {
	m.Selected = max(min(m.Selected+n, len(m.Items)-1), 0)
}

// Page moves by n pages.
func (m *Menu) Page(n int) { m.Move(n * max(m.rows, 1)) }

// Current returns the selected item; false if there is none.
func (m *Menu) Current() (MenuItem, bool) {
	if m.Selected < 0 || m.Selected >= len(m.Items) {
		return MenuItem{}, false
	}
	return m.Items[m.Selected], true
}

// At returns the index of the item on row y of the last Draw, -1 if none.
func (m *Menu) At(y int) int {
	if i := m.offset + y; y >= 0 && y < m.rows && i < len(m.Items) {
		return i
	}
	return -1
}

// Draw returns the menu as w x h cells.
func (m *Menu) Draw(st *Styles, w, h int) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	m.rows = h
	m.Selected = max(min(m.Selected, len(m.Items)-1), 0)
	m.offset = max(min(m.offset, len(m.Items)-h), 0)
	m.offset = min(m.offset, m.Selected)
	m.offset = max(m.offset, m.Selected-h+1)
	keyW := 0
	for i := range m.Items {
		keyW = max(keyW, min(width(m.Items[i].Key.String()), 12))
	}
	out := make(Block, 0, h)
	p := painter{st: st}
	for i := m.offset; i < len(m.Items) && len(out) < h; i++ {
		out = append(out, m.line(st, &p, i, keyW, w))
	}
	return append(out, Blank(st, w, h-len(out))...)
}

func (m *Menu) line(st *Styles, p *painter, i, keyW, w int) string {
	it := &m.Items[i]
	b := NewBuilder(st, w)
	title, detail, side := themes.FG, themes.Muted, it.Detail
	if i == m.Selected {
		b.OnSurface(Selected).Glyph(themes.Accent, st.Glyphs.Selected)
	} else {
		b.Space(1)
	}
	if !it.Disabled.Empty() {
		title, detail, side = themes.Muted, themes.Degraded, it.Disabled
		b.Glyph(themes.Muted, st.Glyphs.Disabled)
	} else {
		b.Space(1)
	}
	if keyW > 0 {
		tok := themes.Key
		if !it.Disabled.Empty() {
			tok = themes.Muted
		}
		b.Cell(tok, it.Key, keyW, false).Space(2)
	}
	// The reason or detail keeps its place; the title gives way down to half.
	sideW := min(width(side.String()), b.Left()/2)
	titleW := min(width(it.Title.String()), max(b.Left()-sideW-2, 0))
	p.surface = b.surface
	p.cut(title, it.Title.Line(), it.Matched)
	b.b = p.paint(b.b, it.Title.String(), 0, len(it.Title.String()), titleW, 0, st.On(b.surface, title))
	b.foreign(titleW)
	if sideW > 0 && b.Left() > sideW {
		b.Space(b.Left()-sideW-1).Cell(detail, side, sideW, false)
	}
	return b.Line()
}
