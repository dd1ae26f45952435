package kit

import (
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// piece is a part of a line's text in one style.
type piece struct {
	end   int // byte offset where it ends
	style string
}

// painter draws text.Lines: their own colours over a base token, and what a
// search found over both.
type painter struct {
	st      *Styles
	surface Surface
	pieces  []piece
	marks   [][2]int
}

// cut sets the pieces of a line. Marks are byte ranges in ascending order.
func (p *painter) cut(base themes.Token, l text.Line, marks [][2]int) {
	p.pieces = p.pieces[:0]
	plain := p.st.On(p.surface, base)
	n, at := len(l.String()), 0
	add := func(end int, style string) {
		end = min(end, n)
		if end > at {
			p.pieces = append(p.pieces, piece{end, style})
			at = end
		}
	}
	for _, s := range l.Spans() {
		add(int(s.Start), plain)
		add(int(s.End), p.st.span(p.surface, base, s.Style))
	}
	add(n, plain)
	if len(marks) > 0 {
		p.overlay(widen(l.String(), marks), p.st.On(p.surface, themes.Match))
	}
}

// widen moves the edges of ranges to the edges of clusters, so that a search
// for a letter does not tear its accent off. It writes to marks.
func widen(s string, marks [][2]int) [][2]int {
	if asciiLen(s) == len(s) {
		return marks
	}
	at, k := 0, 0
	for at < len(s) && k < len(marks) {
		_, _, size := cluster(s[at:])
		next := at + size
		for i := k; i < len(marks) && marks[i][0] < next; i++ {
			if marks[i][0] > at {
				marks[i][0] = at
			}
			if e := marks[i][1]; e > at && e < next {
				marks[i][1] = next
			}
		}
		for k < len(marks) && marks[k][1] <= next {
			k++
		}
		at = next
	}
	return marks
}

// overlay puts a style over byte ranges.
func (p *painter) overlay(marks [][2]int, style string) {
	old := append([]piece(nil), p.pieces...)
	p.pieces = p.pieces[:0]
	at := 0
	for _, o := range old {
		for at < o.end {
			for len(marks) > 0 && marks[0][1] <= at {
				marks = marks[1:]
			}
			switch {
			case len(marks) == 0 || marks[0][0] >= o.end:
				p.pieces = append(p.pieces, piece{o.end, o.style})
				at = o.end
			case marks[0][0] > at:
				p.pieces = append(p.pieces, piece{marks[0][0], o.style})
				at = marks[0][0]
			default:
				at = min(marks[0][1], o.end)
				p.pieces = append(p.pieces, piece{at, style})
			}
		}
	}
}

// paint appends bytes [from, to) of s in exactly w cells: it stops at w, and
// pads what is missing in the last style given by rest. The first lead cells
// of the width are left blank: a wide character was cut there.
func (p *painter) paint(b []byte, s string, from, to, w, lead int, rest string) []byte {
	left := w
	if lead > 0 && left > 0 {
		b = pad(append(b, rest...), min(lead, left))
		left -= min(lead, left)
	}
	at := from
	for _, pc := range p.pieces {
		if pc.end <= at {
			continue
		}
		if at >= to || left == 0 {
			break
		}
		var used, end int
		b = append(b, pc.style...)
		part := s[at:min(pc.end, to)]
		b, used, end = take(b, part, left)
		left -= used
		at += end
		if end < len(part) {
			break
		}
	}
	if left > 0 {
		b = pad(append(b, rest...), left)
	}
	return b
}

// wraps appends the byte offsets at which the rows of a text begin when it is
// broken into rows of w cells; the first is 0.
func wraps(dst []int, s string, w int) []int {
	dst = append(dst, 0)
	if w <= 0 {
		return dst
	}
	at := 0
	for at < len(s) {
		n := 0
		if a := asciiLen(s[at:]); a == len(s)-at || a > w {
			n = min(w, a)
		} else {
			used := 0
			for n < len(s)-at {
				_, cw, size := cluster(s[at+n:])
				if used+cw > w && n > 0 {
					break
				}
				used += cw
				n += size
			}
		}
		at += n
		if at < len(s) {
			dst = append(dst, at)
		}
	}
	return dst
}

// Styled appends a line with its own colours over a base token, cut where the
// line under way ends.
func (l *Builder) Styled(base themes.Token, t text.Line) *Builder {
	n := min(width(t.String()), l.Left())
	if n <= 0 {
		return l
	}
	p := painter{st: l.st, surface: l.surface}
	p.cut(base, t, nil)
	l.b = p.paint(l.b, t.String(), 0, len(t.String()), n, 0, l.st.On(l.surface, base))
	l.foreign(n)
	return l
}
