package kit

// pager is a place in a text whose lines take one row or more: the first line
// in sight and how many of its rows are scrolled off. It asks for the heights
// of lines near that place only.
type pager struct {
	line, sub int
}

// rowsOf returns the height of a line in rows, at least 1.
type rowsOf func(line int) int

// bottom goes to the place that has the last row on the last of h rows.
func (p *pager) bottom(n, h int, rows rowsOf) {
	p.line, p.sub = n, 0
	p.up(h, rows)
}

// up goes up by d rows, at most to the first.
func (p *pager) up(d int, rows rowsOf) {
	for d > 0 {
		if p.sub > 0 {
			k := min(d, p.sub)
			p.sub -= k
			d -= k
			continue
		}
		if p.line == 0 {
			return
		}
		p.line--
		p.sub = rows(p.line)
	}
}

// down goes down by d rows, at most to where the last row is on the last of
// h rows.
func (p *pager) down(d, n, h int, rows rowsOf) {
	for d > 0 && p.line < n {
		k := min(d, rows(p.line)-p.sub)
		p.sub += k
		d -= k
		if p.sub >= rows(p.line) {
			p.line, p.sub = p.line+1, 0
		}
	}
	p.clamp(n, h, rows)
}

// clamp makes the place valid: inside the text, and no empty rows below the
// last while there are rows above.
func (p *pager) clamp(n, h int, rows rowsOf) {
	if n == 0 {
		*p = pager{}
		return
	}
	p.line = max(p.line, 0)
	if p.line >= n {
		p.bottom(n, h, rows)
		return
	}
	p.sub = max(min(p.sub, rows(p.line)-1), 0)
	have := -p.sub
	for i := p.line; i < n && have < h; i++ {
		have += rows(i)
	}
	if have < h {
		p.up(h-have, rows)
	}
}
