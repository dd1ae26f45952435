package kit

import (
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Draw returns the table as w x h cells. Only rows in sight are asked for;
// the result is kept until something changes.
func (t *Table[ID]) Draw(st *Styles, w, h int) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	if !t.dirty && st == t.st && w == t.w && h == t.h {
		return t.cached
	}
	t.st, t.w, t.h, t.dirty = st, w, h, false
	head := t.headRows()
	place := t.cursor - t.offset
	if rows := h - head; rows != t.rows {
		t.rows = rows
		if place >= rows { // the selection keeps its place as far as it can
			t.offset = t.cursor - rows + 1
		}
	}
	t.clamp()
	if cap(t.row.Cells) < len(t.cols) {
		t.row.Cells = make([]Cell, len(t.cols))
	}
	t.row.Cells = t.row.Cells[:len(t.cols)]
	from, to := t.Window()
	if t.measure(from, to) || t.layout.stale(w, t.wide, t.shift, t.noGlyph) {
		t.layout.compute(t.cols, t.seen, w, t.wide, t.shift, t.noGlyph)
	}
	out := newLines(max(t.size+t.size/8, h*w+512), h)
	if head == 1 {
		t.layout.header(out, st, t.cols)
	}
	for i := from; i < to; i++ {
		t.fetch(i)
		t.drawRow(out, i)
	}
	blank := ""
	for len(out.ends) < h {
		if blank == "" {
			blank = Blank(st, w, 1)[0]
		}
		out.b = append(out.b, blank...)
		out.end()
	}
	t.size = len(out.b)
	t.cached = out.block()
	return t.cached
}

func (t *Table[ID]) fetch(i int) {
	cells := t.row.Cells
	clear(cells)
	t.row = Row{Cells: cells}
	t.src.Row(i, &t.row)
	t.row.Cells = cells
}

// measure grows the widths by the rows in sight; they never shrink, so that
// columns do not jump while values change.
func (t *Table[ID]) measure(from, to int) (grown bool) {
	for i := from; i < to; i++ {
		t.fetch(i)
		for c := range t.row.Cells {
			cell := &t.row.Cells[c]
			if n := cell.width(); n > t.seen[c] {
				t.seen[c], grown = n, true
			}
		}
	}
	return grown
}

// drawRow appends the line of the row in t.row.
func (t *Table[ID]) drawRow(out *lines, i int) {
	st, row, l := t.st, &t.row, &t.layout
	surface := Ground
	if i == t.cursor {
		surface = Blurred
		if t.focused {
			surface = Selected
		}
	}
	b := out.b
	last, quiet, gap := "", false, 0
	// Empty cells are collected and written with the text after them, so that
	// a gap between two texts of one style costs no change of style.
	space := func() {
		if gap == 0 {
			return
		}
		if p := st.blank[surface]; p != last && (gap >= shortGaps[surface] || !quiet) {
			b = append(b, p...)
			last, quiet = p, true
		}
		b = pad(b, gap)
		gap = 0
	}
	style := func(tok themes.Token) {
		space()
		if p := st.sgr[surface][tok]; p != last {
			b = append(b, p...)
			last = p
		}
		quiet = st.quiet[surface][tok]
	}
	switch {
	case l.w < 1:
	case row.Marked:
		style(themes.Mark)
		b = append(b, st.Glyphs.Mark.s...)
	case surface != Ground:
		style(themes.FG)
		b = append(b, st.Glyphs.Cursor.s...)
	default:
		gap = 1
	}
	if l.glyph {
		if row.Glyph.s != "" {
			style(row.GlyphTok)
			b = append(b, row.Glyph.s...)
			gap = 1
		} else {
			gap += 2
		}
	}
	used := l.lead
	for _, p := range l.cols {
		gap += p.x - used
		used = p.x + p.w
		cell := &row.Cells[p.index]
		tok := cell.Tok
		if row.Stale {
			tok = themes.Stale
		}
		if cell.Pic.Kind != NoPic {
			space()
			pic := p.w
			if !cell.Text.Empty() {
				pic = min(cell.Pic.width(), p.w)
			}
			b = cell.Pic.draw(b, st, surface, tok, pic)
			last, quiet = "\x00", false // a picture may end in any style
			rest := p.w - pic
			n := min(width(cell.Text.String()), rest-1)
			if n <= 0 {
				gap += rest
				continue
			}
			gap++
			style(tok)
			b = fit(b, cell.Text.String(), n, false, st.Glyphs.Ellipsis.s)
			gap = rest - 1 - n
			continue
		}
		s := cell.Text.String()
		n := width(s)
		if n == 0 {
			gap += p.w
			continue
		}
		n = min(n, p.w)
		if t.cols[p.index].Right {
			gap += p.w - n
		}
		style(tok)
		b = fit(b, s, n, false, st.Glyphs.Ellipsis.s)
		if !t.cols[p.index].Right {
			gap = p.w - n
		}
	}
	gap += l.w - used
	space()
	out.b = append(b, st.end()...)
	out.end()
}

// position writes "12/212".
func position(index, n int) text.Safe {
	if n == 0 {
		return text.Lit("0")
	}
	return text.Sprintf("%d/%d", index+1, n)
}
