package kit

import (
	"slices"

	"devops-tui/themes"
)

const (
	columnGap = 2
	maxColumn = 60 // widest column that is not flexible
)

// placed is a column with its place on the line.
type placed struct{ index, x, w int }

// layout is where the columns are. It changes when the width does, or when a
// column has seen wider content, and at no other time.
type layout struct {
	w, lead, shift       int
	wide, noGlyph, glyph bool
	cols                 []placed
	left, right          bool // there is more on that side
	keep                 []int
}

func (l *layout) stale(w int, wide bool, shift int, noGlyph bool) bool {
	return l.w != w || l.wide != wide || l.shift != shift || l.noGlyph != noGlyph || l.cols == nil
}

// compute places the columns: each gets the width of its content; what is
// missing is taken from the flexible column down to its minimum, then by
// hiding columns; what is left over goes to the flexible column.
func (l *layout) compute(cols []Column, seen []int, w int, wide bool, shift int, noGlyph bool) {
	*l = layout{w: w, wide: wide, shift: shift, noGlyph: noGlyph, cols: l.cols[:0], keep: l.keep[:0]}
	l.lead = min(w, 1)
	if !noGlyph && w >= 4 {
		l.glyph, l.lead = true, 3
	}
	avail := w - l.lead
	eligible := 0
	for i := range cols {
		if cols[i].Wide && !wide {
			continue
		}
		if eligible == 0 || eligible > shift { // the first column stays while panning
			l.keep = append(l.keep, i)
		}
		eligible++
	}
	l.left = shift > 0
	want := func(i int) int {
		n := max(seen[i], headWidth(cols[i]), cols[i].Min)
		if cols[i].Max > 0 {
			n = min(n, max(cols[i].Max, 1))
		} else if !cols[i].Flex {
			n = min(n, maxColumn)
		}
		return max(n, 1)
	}
	least := func(i int) int {
		if cols[i].Flex {
			return min(want(i), max(cols[i].Min, headWidth(cols[i]), 12))
		}
		return want(i)
	}
	total := func() (n int) {
		for k, i := range l.keep {
			n += least(i)
			if k > 0 {
				n += columnGap
			}
		}
		return n
	}
	if !wide && shift == 0 {
		var dropped []int
		for total() > avail {
			k := l.drop(cols)
			if k < 0 {
				break
			}
			dropped = append(dropped, l.keep[k])
			l.keep = append(l.keep[:k], l.keep[k+1:]...)
		}
		// a wide one that went last has left room for narrow ones that went before; what
		// matters least (usually said beside another) does not come back alone
		for k := len(dropped) - 1; k >= 0; k-- {
			if i := dropped[k]; cols[i].Priority <= 10 && total()+columnGap+least(i) <= avail-1 { // the last cell is for the mark
				at, _ := slices.BinarySearch(l.keep, i)
				l.keep = slices.Insert(l.keep, at, i)
			}
		}
		l.right = len(l.keep) < eligible
	}
	l.place(cols, least, w)
	if l.right { // the last cell is for the mark that there is more
		l.place(cols, least, w-1)
	}
}

// place gives the kept columns their cells up to limit.
func (l *layout) place(cols []Column, least func(int) int, limit int) {
	l.cols = l.cols[:0]
	x, flex := l.lead, -1
	for k, i := range l.keep {
		if k > 0 {
			x += columnGap
		}
		if x >= limit {
			l.right = true
			break
		}
		n := min(least(i), limit-x)
		if n < least(i) {
			l.right = true
		}
		if cols[i].Flex && flex < 0 {
			flex = len(l.cols)
		}
		l.cols = append(l.cols, placed{i, x, n})
		x += n
	}
	if spare := limit - x; spare > 0 && flex >= 0 {
		l.cols[flex].w += spare
		for k := flex + 1; k < len(l.cols); k++ {
			l.cols[k].x += spare
		}
	}
	if l.cols == nil {
		l.cols = []placed{}
	}
}

// drop picks the kept column to hide next, -1 if none may be hidden.
func (l *layout) drop(cols []Column) int {
	k := -1
	for n, i := range l.keep {
		if p := cols[i].Priority; p > 0 && (k < 0 || p >= cols[l.keep[k]].Priority) {
			k = n
		}
	}
	return k
}

// headWidth is the width of a heading; its arrow has a place at all times, so
// that sorting by another column moves nothing.
func headWidth(c Column) int { return width(c.Title.String()) + 1 }

// columnAt returns the index of the column at a cell, -1 if there is none.
func (l *layout) columnAt(x int) int {
	for _, p := range l.cols {
		if x >= p.x && x < p.x+p.w+columnGap {
			return p.index
		}
	}
	return -1
}

// header appends the headings.
func (l *layout) header(out *lines, st *Styles, cols []Column) {
	b := append(out.b, st.SGR(themes.Header)...)
	used := l.lead
	b = pad(b, l.lead)
	if l.left && l.lead > 0 {
		b = append(b[:len(b)-l.lead], st.Glyphs.MoreLeft.s...)
		b = pad(b, l.lead-1)
	}
	for _, p := range l.cols {
		b = pad(b, p.x-used)
		title, arrow := cols[p.index].Title.String(), ""
		switch cols[p.index].Sort {
		case Ascending:
			arrow = st.Glyphs.ArrowUp.s
		case Descending:
			arrow = st.Glyphs.ArrowDown.s
		}
		w, right := p.w, cols[p.index].Right
		n := min(width(title), max(w-1, 0))
		switch {
		case arrow == "":
			b = fit(b, title, w, right, st.Glyphs.Ellipsis.s)
		case right: // the heading stays where it is, the arrow goes in front
			b = append(pad(b, w-1-n), arrow...)
			b = fit(b, title, n, false, st.Glyphs.Ellipsis.s)
		default:
			b = append(fit(b, title, n, false, st.Glyphs.Ellipsis.s), arrow...)
			b = pad(b, w-1-n)
		}
		used = p.x + w
	}
	if l.right && used < l.w {
		b = pad(b, l.w-used-1)
		b = append(b, st.Glyphs.MoreRight.s...)
		used = l.w
	}
	b = pad(b, l.w-used)
	out.b = append(b, st.end()...)
	out.end()
}
