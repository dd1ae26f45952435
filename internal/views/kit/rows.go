package kit

import "devops-tui/internal/text"

// Rows is a block that may be higher than its place: it scrolls.
type Rows struct {
	rows Block
	top  int
	h    int
}

// Set replaces the rows and stays at the place.
func (r *Rows) Set(b Block) { r.rows = b; r.clamp() }

// Len returns the number of rows.
func (r *Rows) Len() int { return len(r.rows) }

// Fits reports whether the last Draw showed all rows.
func (r *Rows) Fits() bool { return len(r.rows) <= r.h }

// AtEnd reports whether the last row is in sight.
func (r *Rows) AtEnd() bool { return r.top+r.h >= len(r.rows) }

func (r *Rows) clamp() { r.top = max(min(r.top, len(r.rows)-r.h), 0) }

// Scroll moves by n rows.
func (r *Rows) Scroll(n int) { r.top += n; r.clamp() }

// Page moves by n screens.
func (r *Rows) Page(n int) { r.Scroll(n * max(r.h-1, 1)) }

// HalfPage moves by n half screens.
func (r *Rows) HalfPage(n int) { r.Scroll(n * max(r.h/2, 1)) }

// Home goes to the top.
func (r *Rows) Home() { r.top = 0 }

// End goes to the bottom.
func (r *Rows) End() { r.top = len(r.rows); r.clamp() }

// Position returns "1-14 of 48": the rows in sight.
func (r *Rows) Position() text.Safe {
	return text.Sprintf("%d-%d of %d", min(r.top+1, len(r.rows)), min(r.top+r.h, len(r.rows)), len(r.rows))
}

// Draw returns h rows of w cells.
func (r *Rows) Draw(st *Styles, w, h int) Block {
	r.h = max(h, 0)
	r.clamp()
	end := min(r.top+r.h, len(r.rows))
	out := append(make(Block, 0, r.h), r.rows[r.top:end]...)
	return append(out, Blank(st, w, r.h-len(out))...)
}
