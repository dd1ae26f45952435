package dialog

import (
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/themes"
)

// Room for the parts of a form.
const (
	maxTitleCells = 18
	fewestChoices = 3  // rows of a table of choices on a small screen
	mostChoices   = 12 // and on any
)

// draw returns the form in at most h rows of w cells: the focused field is
// always in sight. active: the keys go to the form.
func (f *form) draw(st *kit.Styles, w, h int) kit.Block {
	titleW := 0
	for _, x := range f.fields {
		titleW = max(titleW, min(x.title().Width(), maxTitleCells))
	}
	fixed, tables := 0, 0
	if !f.note.Empty() {
		fixed++
	}
	for i, x := range f.fields {
		if x.Type == core.FieldChoice && !x.inline(w-titleW-4) {
			tables++
			if len(x.Columns) > 0 {
				fixed++
			}
			if x.Open {
				fixed++
			}
		} else {
			fixed++
		}
		if i == f.at && !x.Help.Empty() {
			fixed++
		}
	}
	each := mostChoices
	if tables > 0 {
		each = min(max((h-fixed)/tables, fewestChoices), mostChoices)
	}
	f.rows = f.rows[:0]
	var out kit.Block
	add := func(field, choice int, b *kit.Builder) {
		f.rows = append(f.rows, formRow{field, choice})
		out = append(out, b.Line())
	}
	if !f.note.Empty() {
		for _, row := range wrapped(f.note, w-2) {
			add(-1, -1, kit.NewBuilder(st, w).Space(1).Text(themes.Muted, row))
		}
	}
	from, to := 0, 0
	for i, x := range f.fields {
		start := len(out)
		x.draw(st, w, titleW, i == f.at, each, func(choice int, b *kit.Builder) { add(i, choice, b) })
		if i == f.at {
			if !x.Help.Empty() {
				add(i, -1, kit.NewBuilder(st, w).Space(titleW+5).Text(themes.Muted, x.Help))
			}
			from, to = start, len(out)
		}
	}
	f.low = len(out) > h
	f.skip, f.out = 0, [2]int{}
	if f.low {
		f.skip = max(min(f.skip, from), to-h, 0)
		f.skip = min(f.skip, max(len(out)-h, 0))
		end := min(f.skip+h, len(out))
		out = out[f.skip:end]
		if f.skip > 0 {
			f.out[0] = max(f.rows[f.skip].field, 0)
		}
		if end < len(f.rows) {
			f.out[1] = len(f.fields) - 1 - f.rows[end-1].field
		}
	}
	return out
}

// more says how many fields are out of sight.
func (f *form) more() text.Safe {
	switch above, below := f.out[0], f.out[1]; {
	case above > 0 && below > 0:
		return text.Sprintf(" %d more above, %d below ", above, below)
	case above > 0:
		return text.Sprintf(" %d more above ", above)
	case below > 0:
		return text.Sprintf(" %d more below ", below)
	}
	return text.Safe{}
}

func (f *field) title() text.Safe {
	if f.Title.Empty() {
		return text.Clean(strings.TrimPrefix(f.Name, "input."))
	}
	return f.Title
}

// lead begins a row with the field's title, which the first row carries.
func (f *field) lead(st *kit.Styles, w, titleW int, focused, first bool) *kit.Builder {
	b := kit.NewBuilder(st, w).Space(1)
	if !first {
		return b.Space(titleW + 3)
	}
	tok := themes.FG
	if focused {
		tok = themes.Accent
		b.Glyph(tok, st.Glyphs.Cursor)
	} else {
		b.Space(1)
	}
	return b.Space(1).Cell(tok, f.title(), titleW, false).Space(1)
}

func (f *field) draw(st *kit.Styles, w, titleW int, focused bool, rows int, add func(choice int, b *kit.Builder)) {
	remark := func(b *kit.Builder) *kit.Builder {
		if !f.bad.Empty() {
			b.Space(2).Glyph(themes.Failed, st.Glyphs.Phase[core.Failed]).Space(1).Text(themes.Failed, f.bad)
		}
		return b
	}
	b := f.lead(st, w, titleW, focused, true)
	switch f.Type {
	case core.FieldBool:
		box, word := st.Glyphs.Unchecked, text.Lit("no")
		tok := themes.Muted
		if f.on {
			box, word, tok = st.Glyphs.Checked, text.Lit("yes"), themes.Accent
		}
		b.Space(1).Text(tok, text.Lit("[")).Glyph(tok, box).Text(tok, text.Lit("]")).Space(1).Text(tok, word)
		if focused {
			b.Space(2).Text(themes.Muted, text.Lit("space switches"))
		}
		add(-1, remark(b))
	case core.FieldChoice:
		if f.inline(w - titleW - 4) {
			f.drawInline(st, b, focused)
			add(-1, remark(b))
			return
		}
		f.drawTable(st, w, titleW, focused, rows, b, remark, add)
	case core.FieldNumber:
		f.drawInput(b, st, min(max(w-titleW-4, 8), 14), focused)
		if f.Min != 0 || f.Max != 0 {
			b.Space(1).Text(themes.Muted, f.limits())
		}
		if focused && f.bad.Empty() {
			b.Space(2).Text(themes.Muted, text.Lit("+ - step"))
		}
		add(-1, remark(b))
	default:
		room := w - titleW - 5
		if !f.bad.Empty() {
			room -= f.bad.Width() + 5
		}
		f.drawInput(b, st, max(room, 8), focused)
		add(-1, remark(b))
	}
}

func (f *field) limits() text.Safe {
	if f.Max == 0 {
		return text.Sprintf("at least %d", f.Min)
	}
	return text.Sprintf("%d to %d", f.Min, f.Max)
}

// drawInput puts the line under edit into n cells; without the focus it is
// plain text.
func (f *field) drawInput(b *kit.Builder, st *kit.Styles, n int, focused bool) {
	if focused {
		b.Space(1).Input(f.input, n-1)
		return
	}
	v := text.Clean(f.input.Value())
	if v.Empty() {
		b.Space(1).Cell(themes.Faint, text.Lit("(empty)"), n-1, false)
		return
	}
	b.Space(1).Cell(themes.FG, v, n-1, false)
}

// inline reports whether the choices are few and short enough for one row.
func (f *field) inline(room int) bool {
	if len(f.Columns) > 0 || f.Open || len(f.Choices) == 0 || len(f.Choices) > 6 {
		return false
	}
	n := 0
	for i := range f.Choices {
		c := &f.Choices[i]
		if len(c.Cells) > 1 {
			return false
		}
		n += word(c).Width() + 4
		if !c.Disabled.Empty() {
			return false
		}
	}
	return n <= room
}

func (f *field) drawInline(st *kit.Styles, b *kit.Builder, focused bool) {
	for i := range f.Choices {
		c := &f.Choices[i]
		switch {
		case i == f.choice:
			tok := themes.FG
			if focused {
				tok = themes.Accent
			}
			b.Text(tok, text.Lit("[")).Text(tok, word(c)).Text(tok, text.Lit("]"))
		case !c.Disabled.Empty():
			b.Glyph(themes.Faint, st.Glyphs.Disabled).Text(themes.Faint, word(c)).Space(1)
		default:
			b.Space(1).Text(themes.Muted, word(c)).Space(1)
		}
		b.Space(1)
	}
}

// word is a choice in a word.
func word(c *core.Choice) text.Safe {
	switch {
	case len(c.Cells) > 0:
		return c.Cells[0]
	case c.Value == "":
		return text.Lit("(default)")
	}
	return text.Clean(c.Value)
}

// drawTable is the choices below each other, in columns.
func (f *field) drawTable(st *kit.Styles, w, titleW int, focused bool, rows int, b *kit.Builder, remark func(*kit.Builder) *kit.Builder, add func(int, *kit.Builder)) {
	indent := titleW + 4
	widths := f.widths(w - indent - 4)
	first := true
	lead := func() *kit.Builder {
		if first {
			first = false
			return b
		}
		return f.lead(st, w, titleW, focused, false)
	}
	if len(f.Columns) > 0 && len(f.Choices) > 0 {
		l := lead().Space(2)
		for i, c := range f.Columns {
			if i < len(widths) {
				l.Cell(themes.Header, c, widths[i], false).Space(2)
			}
		}
		add(-1, remark(l))
	}
	if len(f.Choices) == 0 && !f.Open {
		add(-1, lead().Text(themes.Muted, text.Lit(" nothing can be chosen")))
		return
	}
	rows = min(rows, len(f.Choices))
	at := min(max(f.choice, 0), len(f.Choices)-1)
	f.top = max(min(f.top, at, len(f.Choices)-rows), at-rows+1, 0)
	for i := f.top; i < f.top+rows; i++ {
		c := &f.Choices[i]
		l := lead()
		tok, side := themes.FG, text.Safe{}
		switch {
		case i == f.choice:
			if focused {
				l.OnSurface(kit.Selected)
			} else {
				l.OnSurface(kit.Blurred)
			}
			l.Glyph(themes.Accent, st.Glyphs.Selected)
		case !c.Disabled.Empty():
			l.Glyph(themes.Faint, st.Glyphs.Disabled)
		default:
			l.Space(1)
		}
		l.Space(1)
		sideTok := themes.Muted
		switch {
		case !c.Disabled.Empty():
			tok, side, sideTok = themes.Muted, c.Disabled, themes.Degraded
			if c.Current {
				side, sideTok = text.Lit("now"), themes.Muted // why it cannot be chosen
			}
		case c.Current:
			side = text.Lit("now")
		}
		if len(c.Cells) == 0 {
			l.Cell(tok, word(c), widths[0], false).Space(2)
		}
		for k, cell := range c.Cells {
			if k < len(widths) && (k == 0 || c.Current || c.Disabled.Empty()) { // the reason stands where the rest would
				l.Cell(tok, tail(cell, widths[k], st.Glyphs.Ellipsis), widths[k], false).Space(2)
			}
		}
		l.Text(sideTok, side)
		if i == f.top+rows-1 && f.top+rows < len(f.Choices) {
			l.Right(kit.Span{Tok: themes.Muted, Text: text.Sprintf("%d more ", len(f.Choices)-f.top-rows)})
		}
		add(i, l)
	}
	if f.Open {
		l := lead()
		chosen := f.choice == len(f.Choices)
		if chosen && len(f.Choices) > 0 {
			l.Glyph(themes.Accent, st.Glyphs.Selected)
		} else {
			l.Space(1)
		}
		l.Space(1)
		if len(f.Choices) > 0 {
			l.Text(themes.Muted, text.Lit("other: "))
		}
		switch {
		case chosen && focused:
			l.Input(f.input, max(l.Left()-24, 8))
		case f.input.Value() == "":
			l.Text(themes.Faint, text.Lit("type another one"))
		default:
			l.Text(themes.FG, text.Clean(f.input.Value()))
		}
		add(len(f.Choices), remark(l))
	}
}

// tail shortens a reference or a path at its beginning: its end tells it from
// the others.
func tail(t text.Safe, w int, ellipsis kit.Glyph) text.Safe {
	n := t.Width()
	if n <= w || w < 4 || strings.Contains(t.String(), " ") || !strings.Contains(t.String(), "/") {
		return t
	}
	return text.Concat(ellipsis.Safe(), t.Line().Cut(n-w+1, n).Safe())
}

// widths are the columns' cells, the widest cut first until they fit.
func (f *field) widths(room int) []int {
	n := max(len(f.Columns), 1)
	for _, c := range f.Choices {
		n = max(n, len(c.Cells))
	}
	out := make([]int, n)
	now := 0
	for i, c := range f.Columns {
		out[i] = c.Width()
	}
	for i := range f.Choices {
		c := &f.Choices[i]
		if len(c.Cells) == 0 {
			out[0] = max(out[0], word(c).Width())
		}
		for k, cell := range c.Cells {
			if k == 0 || c.Current || c.Disabled.Empty() {
				out[k] = max(out[k], cell.Width())
			}
		}
		if c.Current {
			now = 3
		}
	}
	room = max(room-2*n-now, 4*n)
	for sum(out) > room {
		widest := 0
		for i := range out {
			if out[i] > out[widest] {
				widest = i
			}
		}
		out[widest]--
	}
	return out
}

func sum(ns []int) (total int) {
	for _, n := range ns {
		total += n
	}
	return total
}
