package kit

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"devops-tui/themes"
)

// Dim returns a block as plain faint text, of the same size.
func Dim(st *Styles, body Block, w int) Block {
	out := newLines(len(body)*(2*w+32), len(body))
	var plain []byte
	for _, l := range body {
		plain = strip(plain[:0], l)
		out.b = append(out.b, st.SGR(themes.Faint)...)
		out.b = fit(out.b, string(plain), w, false, "")
		out.b = append(out.b, st.end()...)
		out.end()
	}
	return out.block()
}

// strip appends a line without its styles. A Block has no other sequences.
func strip(b []byte, s string) []byte {
	for {
		esc := strings.IndexByte(s, 0x1b)
		if esc < 0 {
			return append(b, s...)
		}
		b = append(b, s[:esc]...)
		end := strings.IndexByte(s[esc:], 'm')
		if end < 0 {
			return b
		}
		s = s[esc+end+1:]
	}
}

// Rect is a place on the screen.
type Rect struct{ X, Y, W, H int }

// Contains reports whether a cell lies in the rectangle.
func (r Rect) Contains(x, y int) bool {
	return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H
}

// Centre returns where a block of that size goes on a screen, cut to it.
func Centre(screenW, screenH, w, h int) Rect {
	w, h = max(min(w, screenW), 0), max(min(h, screenH), 0)
	return Rect{(screenW - w) / 2, (screenH - h) / 2, w, h}
}

// Overlay puts a block over a body that is w cells wide, with its upper left
// cell at x, y. What would lie outside is cut.
func Overlay(st *Styles, body, top Block, w, x, y int) Block {
	out := append(Block(nil), body...)
	var b []byte
	for i, l := range top {
		if y+i < 0 || y+i >= len(out) || x < 0 || x >= w {
			continue
		}
		under, topW := out[y+i], min(ansi.StringWidth(l), w-x)
		b = cells(b[:0], st, under, 0, x)
		b = cells(b, st, l, 0, topW)
		out[y+i] = string(cells(b, st, under, x+topW, w))
	}
	return out
}

// cells appends the cells [from, to) of a line of a Block. Where an edge
// falls into a wide character, blanks stand for its half.
func cells(b []byte, st *Styles, line string, from, to int) []byte {
	if from >= to {
		return b
	}
	x, style, begun := 0, "", false
	for line != "" && x < to {
		if line[0] == 0x1b {
			end := strings.IndexByte(line, 'm')
			if end < 0 {
				break
			}
			style, line = line[:end+1], line[end+1:] // each sets everything, so the last one counts
			if begun {
				b = append(b, style...)
			}
			continue
		}
		drawn, w, size := cluster(line)
		line = line[size:]
		if x+w <= from {
			x += w
			continue
		}
		if !begun {
			b, begun = append(b, style...), true
		}
		if x < from || x+w > to {
			b = pad(b, min(x+w, to)-max(x, from))
		} else {
			b = append(b, drawn...)
		}
		x += w
	}
	b = pad(b, to-max(x, from))
	return append(b, st.end()...)
}

// Dialog is a box over a dimmed body.
type Dialog struct {
	Box  Box
	W, H int // wished size with its frame
}

// Place returns where the dialog goes on a screen, and whether it had to be
// cut: then what it asks cannot be confirmed.
func (d Dialog) Place(screenW, screenH int) (r Rect, clipped bool) {
	r = Centre(screenW, screenH, d.W, d.H)
	return r, r.W < d.W || r.H < d.H
}

// Draw puts the dialog over a body of w x h cells. content is asked for the
// inside of the box.
func (d Dialog) Draw(st *Styles, body Block, w, h int, content func(w, h int) Block) Block {
	r, _ := d.Place(w, h)
	if r.W <= 0 || r.H <= 0 {
		return body
	}
	d.Box.Focused = true
	iw, ih := d.Box.Inner(r.W, r.H)
	box := d.Box.Draw(st, r.W, r.H, content(iw, ih))
	return Overlay(st, Dim(st, body, w), box, w, r.X, r.Y)
}
