package kit

import (
	"slices"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Column declares a column of a table.
type Column struct {
	ID       string // for the caller: sorting, hit tests
	Title    text.Safe
	Right    bool // align to the right
	Min, Max int  // bounds of the width in cells; Min 0: the title's, Max 0: 60
	Flex     bool // gets spare width; the first column with Flex, and the last to be shortened
	Wide     bool // only in wide mode
	Priority int  // columns with a higher one are hidden earlier when space is short; 0 never
	Sort     Sort
}

// Sort is the arrow in a column's heading.
type Sort uint8

// The sort marks.
const (
	Unsorted Sort = iota
	Ascending
	Descending
)

// Cell is one cell of a row: text, or a picture with the text behind it.
type Cell struct {
	Text text.Safe
	Tok  themes.Token
	Pic  Pic // drawn if its Kind is not NoPic
}

// width is what the cell would take.
func (c *Cell) width() int {
	n := width(c.Text.String())
	if c.Pic.Kind == NoPic {
		return n
	}
	if n > 0 {
		n++
	}
	return n + c.Pic.width()
}

// Row is filled by the source for one row. Cells has one entry per column,
// all zero when the source gets it.
type Row struct {
	Cells    []Cell
	Glyph    Glyph // in front of the first column; zero: blank
	GlyphTok themes.Token
	Marked   bool
	Stale    bool // draw every text in the stale style
}

// TableSource gives a table its rows. ID is what identifies a row for its
// whole life; the table knows rows by nothing else.
type TableSource[ID comparable] interface {
	Len() int
	ID(i int) ID
	Index(id ID) int // -1 if there is no such row
	Row(i int, row *Row)
}

// Table is a virtual table: it keeps a selection and a scroll position, never
// a row, and asks for the rows in sight only.
//
// The selection is a row's identity. After a Refresh it stays on the row and
// the row stays where it is on the screen; if the row is gone, the selection
// goes to the row that took its place.
type Table[ID comparable] struct {
	cols     []Column
	src      TableSource[ID]
	length   int
	wide     bool
	noGlyph  bool
	noHeader bool
	focused  bool

	id     ID
	has    bool // there is a selection
	cursor int  // its index
	offset int  // index of the first row in sight
	rows   int  // rows in sight at the last Draw
	top    bool // sits at the very top: new rows above push down, not out of sight

	seen   []int // widest content seen, by column
	shift  int   // columns scrolled off to the left
	layout layout

	dirty  bool
	st     *Styles
	w, h   int
	cached Block
	size   int // bytes of the last drawing
	row    Row
}

// NewTable returns a table without rows.
func NewTable[ID comparable](cols ...Column) *Table[ID] {
	t := &Table[ID]{top: true, focused: true}
	t.SetColumns(cols...)
	return t
}

// SetColumns replaces the columns. If only their marks change, the widths stay.
func (t *Table[ID]) SetColumns(cols ...Column) {
	same := len(cols) == len(t.cols)
	for i := 0; same && i < len(cols); i++ {
		same = cols[i].ID == t.cols[i].ID && cols[i].Title == t.cols[i].Title
	}
	t.cols = slices.Clone(cols)
	if !same {
		t.seen = make([]int, len(cols))
		t.shift = 0
	}
	t.layout.cols = nil // a table without rows measures nothing that would tell it
	t.dirty = true
}

// Columns returns the columns; not to be written.
func (t *Table[ID]) Columns() []Column { return t.cols }

// SetWide shows the columns that are for wide mode, and hides none.
func (t *Table[ID]) SetWide(on bool) { t.wide, t.shift, t.dirty = on, 0, true }

// Wide reports wide mode.
func (t *Table[ID]) Wide() bool { return t.wide }

// SetFocused chooses the style of the selected row.
func (t *Table[ID]) SetFocused(on bool) {
	if t.focused != on {
		t.focused, t.dirty = on, true
	}
}

// HideGlyph drops the glyph column.
func (t *Table[ID]) HideGlyph(on bool) { t.noGlyph, t.dirty = on, true }

// HideHeader drops the headings.
func (t *Table[ID]) HideHeader(on bool) { t.noHeader, t.dirty = on, true }

// Invalidate makes the next Draw draw anew although nothing was told: marks
// or ages changed.
func (t *Table[ID]) Invalidate() { t.dirty = true }

// Refresh tells the table that its rows changed, or gives it others.
func (t *Table[ID]) Refresh(src TableSource[ID]) {
	t.src, t.dirty = src, true
	t.length = src.Len()
	if t.length == 0 {
		// The identity stays: rows that come back (a reconnect) find the
		// selection where it was.
		t.cursor, t.offset = 0, 0
		return
	}
	place := t.cursor - t.offset
	i := -1
	if t.has {
		i = src.Index(t.id)
	}
	if i < 0 || i >= t.length {
		i = min(t.cursor, t.length-1)
	}
	t.cursor = i
	t.id, t.has = src.ID(i), true
	if t.top {
		t.offset = 0
	} else {
		t.offset = i - place
	}
	t.clamp()
	t.top = t.top && t.offset == 0
}

// clamp keeps the window inside the rows and the cursor inside the window.
func (t *Table[ID]) clamp() {
	if t.rows <= 0 {
		return
	}
	t.offset = min(t.offset, t.length-t.rows)
	t.offset = max(t.offset, 0)
	if t.cursor < t.offset {
		t.offset = t.cursor
	} else if t.cursor >= t.offset+t.rows {
		t.offset = t.cursor - t.rows + 1
	}
}

// Len returns the number of rows.
func (t *Table[ID]) Len() int { return t.length }

// Selected returns the identity and index of the selected row; false if there
// are no rows.
func (t *Table[ID]) Selected() (id ID, index int, ok bool) {
	if t.length == 0 {
		return id, 0, false
	}
	return t.id, t.cursor, t.has
}

// Select moves the selection to a row by identity; false if there is none.
func (t *Table[ID]) Select(id ID) bool {
	if t.src == nil {
		return false
	}
	i := t.src.Index(id)
	if i < 0 {
		return false
	}
	t.MoveTo(i)
	return true
}

// Want sets the identity to select as soon as a Refresh brings it.
func (t *Table[ID]) Want(id ID) { t.id, t.has, t.dirty = id, true, true }

// MoveTo selects the row at an index.
func (t *Table[ID]) MoveTo(i int) {
	if t.length == 0 {
		return
	}
	i = max(min(i, t.length-1), 0)
	t.top = i == 0
	if i == t.cursor && t.has {
		return
	}
	t.cursor, t.id, t.has, t.dirty = i, t.src.ID(i), true, true
	t.clamp()
}

// MoveBy moves the selection by n rows.
func (t *Table[ID]) MoveBy(n int) { t.MoveTo(t.cursor + n) }

// Home and End go to the first and last row.
func (t *Table[ID]) Home() { t.MoveTo(0) }

// End goes to the last row.
func (t *Table[ID]) End() { t.MoveTo(t.length - 1) }

// Page moves by n pages; n may be negative.
func (t *Table[ID]) Page(n int) { t.scroll(n * max(t.rows, 1)) }

// HalfPage moves by n half pages.
func (t *Table[ID]) HalfPage(n int) { t.scroll(n * max(t.rows/2, 1)) }

// Scroll moves window and selection together: the mouse wheel.
func (t *Table[ID]) Scroll(n int) { t.scroll(n) }

func (t *Table[ID]) scroll(n int) {
	t.offset = max(min(t.offset+n, t.length-t.rows), 0)
	t.dirty = true
	t.MoveTo(t.cursor + n)
}

// Pan scrolls the columns by n; the first column stays.
func (t *Table[ID]) Pan(n int) {
	t.shift = max(min(t.shift+n, len(t.cols)-2), 0)
	t.dirty = true
}

// Window returns the indexes of the rows in sight: from, up to before to.
func (t *Table[ID]) Window() (from, to int) { return t.offset, min(t.offset+t.rows, t.length) }

// Position returns "12/212"; "0" without rows.
func (t *Table[ID]) Position() text.Safe { return position(t.cursor, t.length) }

// Hit is what lies under the mouse.
type Hit struct {
	Header bool
	Row    int // index of the row; -1 if none
	Column int // index of the column; -1 if none
}

// At returns what lies at a cell of the last drawing.
func (t *Table[ID]) At(x, y int) Hit {
	h := Hit{Row: -1, Column: t.layout.columnAt(x)}
	head := t.headRows()
	if y < 0 || x < 0 || y >= t.h || x >= t.w {
		return Hit{Row: -1, Column: -1}
	}
	if y < head {
		h.Header = true
		return h
	}
	if i := t.offset + y - head; i < t.length {
		h.Row = i
	}
	return h
}

func (t *Table[ID]) headRows() int {
	if t.noHeader || t.h < 2 {
		return 0
	}
	return 1
}
