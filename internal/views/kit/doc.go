package kit

import (
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Doc shows a text to read: a manifest, a description, a diff. It is drawn
// row by row; a long one costs no more than a short one.
type Doc struct {
	lines  []text.Line
	syntax string
	wrap   bool
	pan    int
	find   Finder
	at     pager
	hit    int // line that the search is at; -1 none

	dirty  bool
	st     *Styles
	w, h   int
	cached Block
	paint  painter
	offs   []int
}

// NewDoc returns an empty document.
func NewDoc() *Doc { return &Doc{hit: -1, dirty: true} }

// Set gives the document its text and goes to the top. Syntax is "yaml",
// "json", "diff", or "" for text as it is.
func (d *Doc) Set(syntax string, lines []text.Line) {
	d.Update(syntax, lines)
	d.at, d.pan, d.hit = pager{}, 0, -1
}

// Update replaces the text and stays at the place.
func (d *Doc) Update(syntax string, lines []text.Line) {
	d.syntax, d.lines, d.dirty = syntax, lines, true
}

// Len returns the number of lines.
func (d *Doc) Len() int { return len(d.lines) }

// SetWrap breaks long lines, or cuts them.
func (d *Doc) SetWrap(on bool) { d.wrap, d.pan, d.dirty = on, 0, true }

// Wrapped reports whether long lines are broken.
func (d *Doc) Wrapped() bool { return d.wrap }

// SetFinder highlights what a search finds; nil nothing.
func (d *Doc) SetFinder(f Finder) { d.find, d.hit, d.dirty = f, -1, true }

// Pan moves the text by n cells to the left; not while wrapping.
func (d *Doc) Pan(n int) {
	if !d.wrap {
		d.pan, d.dirty = max(d.pan+n, 0), true
	}
}

// Scroll moves by n rows.
func (d *Doc) Scroll(n int) {
	d.dirty = true
	if n < 0 {
		d.at.up(-n, d.rows)
	} else {
		d.at.down(n, len(d.lines), d.h, d.rows)
	}
}

// Page moves by n screens.
func (d *Doc) Page(n int) { d.Scroll(n * max(d.h-1, 1)) }

// HalfPage moves by n half screens.
func (d *Doc) HalfPage(n int) { d.Scroll(n * max(d.h/2, 1)) }

// Home goes to the top.
func (d *Doc) Home() { d.at, d.dirty = pager{}, true }

// End goes to the bottom.
func (d *Doc) End() { d.at.bottom(len(d.lines), d.h, d.rows); d.dirty = true }

// Next goes to the next line with a hit of the finder (dir > 0), or the
// previous one (dir < 0); around the end. It reports whether there is one.
func (d *Doc) Next(dir int) bool {
	n := len(d.lines)
	if d.find == nil || n == 0 {
		return false
	}
	from := d.hit
	if from < 0 {
		from = d.at.line - dir
	}
	for k := 1; k <= n; k++ {
		i := ((from+dir*k)%n + n) % n
		d.paint.marks = d.find(d.lines[i].String(), d.paint.marks[:0])
		if len(d.paint.marks) > 0 {
			d.hit, d.dirty = i, true
			d.at = pager{line: i}
			d.at.up(d.h/3, d.rows)
			d.at.clamp(n, d.h, d.rows)
			return true
		}
	}
	return false
}

// Position returns "12/212": the first line in sight.
func (d *Doc) Position() text.Safe { return position(d.at.line, len(d.lines)) }

func (d *Doc) rows(i int) int {
	if s := d.lines[i].String(); d.wrap && len(s) > d.w && d.w > 0 {
		d.offs = wraps(d.offs[:0], s, d.w)
		return len(d.offs)
	}
	return 1
}

// Draw returns the document as w x h cells, kept until something changes.
func (d *Doc) Draw(st *Styles, w, h int) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	if !d.dirty && st == d.st && w == d.w && h == d.h {
		return d.cached
	}
	d.st, d.w, d.h, d.dirty = st, w, h, false
	d.paint.st = st
	d.at.clamp(len(d.lines), h, d.rows)
	out := newLines(h*(2*w+64), h)
	skip := d.at.sub
	for i := d.at.line; i < len(d.lines) && len(out.ends) < h; i++ {
		d.drawLine(out, i, skip)
		skip = 0
	}
	blank := Blank(st, w, 1)[0]
	for len(out.ends) < h {
		out.b = append(out.b, blank...)
		out.end()
	}
	d.cached = out.block()
	return d.cached
}

func (d *Doc) drawLine(out *lines, i, skip int) {
	l := d.lines[i]
	s := l.String()
	d.paint.surface = Ground
	if i == d.hit {
		d.paint.surface = Blurred
	}
	d.paint.marks = d.paint.marks[:0]
	if d.find != nil {
		d.paint.marks = d.find(s, d.paint.marks)
	}
	d.paint.cut(themes.FG, l, nil)
	if len(l.Spans()) == 0 {
		d.paint.pieces = d.paint.pieces[:0]
		d.color(s)
	}
	if len(d.paint.marks) > 0 {
		d.paint.overlay(widen(s, d.paint.marks), d.st.On(d.paint.surface, themes.Match))
	}
	d.offs = d.offs[:0]
	if d.wrap {
		d.offs = wraps(d.offs, s, d.w)
	} else {
		d.offs = append(d.offs, 0)
	}
	for k := skip; k < len(d.offs) && len(out.ends) < d.h; k++ {
		from, to, lead := d.offs[k], len(s), 0
		if k+1 < len(d.offs) {
			to = d.offs[k+1]
		}
		if !d.wrap && d.pan > 0 {
			var tail string
			tail, lead = cutLeft(s, d.pan)
			from = len(s) - len(tail)
		}
		out.b = d.paint.paint(out.b, s, from, to, d.w, lead, d.st.blank[d.paint.surface])
		out.b = append(out.b, d.st.end()...)
		out.end()
	}
}
