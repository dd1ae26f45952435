package kit

import (
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Box is the frame of a pane.
type Box struct {
	Title   text.Safe // "Pods"
	Info    []Span    // after the title: counts, scope
	Tabs    []text.Safe
	Tab     int    // index of the active tab
	Right   []Span // at the right end of the title line
	Bottom  []Span // at the right end of the bottom line: "12/212"
	Focused bool
}

// Inner returns the size of what a box of w x h holds.
func (Box) Inner(w, h int) (int, int) { return max(w-2, 0), max(h-2, 0) }

// Draw puts the frame around the inner block, which is (w-2) x (h-2); missing
// lines are left blank. A box too small for a frame is blank.
func (x Box) Draw(st *Styles, w, h int, inner Block) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	if w < 2 || h < 2 {
		return Blank(st, w, h)
	}
	tok := themes.Border
	if x.Focused {
		tok = themes.BorderFocus
	}
	gl, edge := st.Glyphs, st.SGR(tok)
	size := 6 * w
	for _, s := range inner {
		size += len(s) + 2*len(edge) + 16
	}
	out := newLines(size, h)
	out.b = append(out.b, x.top(st, tok, w)...)
	out.end()
	blank := ""
	for y := range h - 2 {
		out.b = append(append(out.b, edge...), gl.Vertical.s...)
		if y < len(inner) {
			out.b = append(out.b, inner[y]...)
		} else {
			if blank == "" {
				blank = Blank(st, w-2, 1)[0]
			}
			out.b = append(out.b, blank...)
		}
		out.b = append(append(append(out.b, edge...), gl.Vertical.s...), st.end()...)
		out.end()
	}
	out.b = append(out.b, rule(st, tok, w, gl.BottomLeft, gl.BottomRight, nil, x.Bottom)...)
	out.end()
	return out.block()
}

// top is the title line.
func (x Box) top(st *Styles, tok themes.Token, w int) string {
	title := themes.Title
	if x.Focused {
		title = themes.Accent
	}
	space := text.Lit(" ")
	var left []Span
	name, from := x.fit(w - 2)
	if !name.Empty() {
		left = append(left, Span{title, space}, Span{title, name}, Span{title, space})
	}
	if len(x.Info) > 0 {
		left = append(left, Span{themes.Muted, space})
		left = append(append(left, x.Info...), Span{themes.Muted, space})
	}
	if from > 0 {
		left = append(left, Span{themes.Muted, space}, Span{themes.Muted, st.Glyphs.Ellipsis.Safe()})
	}
	for i, t := range x.Tabs {
		if i < from {
			continue
		}
		tt := themes.Muted
		if i == x.Tab {
			tt = themes.Accent
		}
		left = append(left, Span{tt, space})
		if i == x.Tab {
			left = append(left, Span{tt, text.Lit("[")}, Span{tt, t}, Span{tt, text.Lit("]")})
		} else {
			left = append(left, Span{tt, t})
		}
		if i == len(x.Tabs)-1 {
			left = append(left, Span{tt, space})
		}
	}
	return rule(st, tok, w, st.Glyphs.TopLeft, st.Glyphs.TopRight, left, x.Right)
}

// leastTitle is what is kept of a title beside tabs that need the room.
const leastTitle = 12

// fit is the title as far as the tabs leave room for it, and the first tab that is
// shown: the chosen one always is.
func (x Box) fit(room int) (title text.Safe, from int) {
	if len(x.Tabs) == 0 {
		return x.Title, 0
	}
	need := func(from, to int) int { // tabs, with a space before each and one at the end
		n := 3
		for _, t := range x.Tabs[from:to] {
			n += t.Width() + 1
		}
		return n
	}
	for _, s := range x.Info {
		room -= s.Text.Width()
	}
	if len(x.Info) > 0 {
		room -= 2
	}
	title = x.Title
	if n := title.Width(); n > 0 {
		n = min(n, max(room-2-need(0, len(x.Tabs)), leastTitle))
		if room-n-2 < need(x.Tab, x.Tab+1)+2 { // not even the chosen one would stand beside it
			n = 0
		}
		if title = title.Truncate(n); n > 0 {
			room -= n + 2
		}
	}
	for from < x.Tab && need(from, x.Tab+1) > room {
		if from == 0 {
			room -= 2
		}
		from++
	}
	return title, from
}

// rule draws a horizontal edge with text on it. The text on the right gives
// way first.
func rule(st *Styles, tok themes.Token, w int, from, to Glyph, left, right []Span) string {
	l := NewBuilder(st, w-1)
	l.Glyph(tok, from)
	l.Spans(left...)
	n := 0
	for _, s := range right {
		n += width(s.Text.String())
	}
	if n > 0 && n+3 <= l.Left() {
		l.fill(tok, st.Glyphs.Horizontal, l.Left()-n-3)
		l.Text(tok, text.Lit(" ")).Spans(right...).Text(tok, text.Lit(" "))
	}
	l.fill(tok, st.Glyphs.Horizontal, l.Left())
	l.w++
	return l.Glyph(tok, to).Line()
}

// Rule is a line across the inside of a box, with text on it.
func Rule(st *Styles, w int, left, right []Span) string {
	return rule(st, themes.Border, w, st.Glyphs.Horizontal, st.Glyphs.Horizontal, left, right)
}

// fill repeats a glyph.
func (l *Builder) fill(tok themes.Token, g Glyph, n int) *Builder {
	if n = min(n, l.Left()); n > 0 {
		l.pen(tok)
		for range n {
			l.b = append(l.b, g.s...)
		}
		l.used += n
	}
	return l
}
