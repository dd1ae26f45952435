package kit

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Block is a rectangle of the screen: lines of equal width in cells, each
// complete in itself and ending in a reset.
type Block []string

// String joins the lines.
func (b Block) String() string { return strings.Join(b, "\n") }

// Beside puts blocks of one height side by side, whole lines at a time. A
// block without width has no lines and takes no place.
func Beside(blocks ...Block) Block {
	switch len(blocks) {
	case 0:
		return nil
	case 1:
		return blocks[0]
	}
	size, h := 0, 0
	for _, b := range blocks {
		h = max(h, len(b))
		for _, l := range b {
			size += len(l)
		}
	}
	out := newLines(size, h)
	for y := range h {
		for _, b := range blocks {
			if y < len(b) {
				out.b = append(out.b, b[y]...)
			}
		}
		out.end()
	}
	return out.block()
}

// Stack puts blocks below each other.
func Stack(blocks ...Block) Block {
	n := 0
	for _, b := range blocks {
		n += len(b)
	}
	out := make(Block, 0, n)
	for _, b := range blocks {
		out = append(out, b...)
	}
	return out
}

// Blank is an empty block.
func Blank(st *Styles, w, h int) Block {
	if h <= 0 {
		return nil
	}
	line := string(append(pad([]byte(st.blank[Ground]), w), st.end()...))
	b := make(Block, h)
	for i := range b {
		b[i] = line
	}
	return b
}

// lines collects lines in one buffer and cuts them out of one string, so that
// a block costs two allocations however many lines it has.
type lines struct {
	b    []byte
	ends []int
}

func newLines(size, n int) *lines {
	return &lines{b: make([]byte, 0, size), ends: make([]int, 0, n)}
}

// end ends the current line.
func (l *lines) end() { l.ends = append(l.ends, len(l.b)) }

// block returns the lines; the buffer is theirs from then on.
func (l *lines) block() Block {
	if len(l.ends) == 0 {
		return nil
	}
	all := unsafe.String(unsafe.SliceData(l.b), len(l.b)) // never written again
	out := make(Block, len(l.ends))
	start := 0
	for i, e := range l.ends {
		out[i] = all[start:e]
		start = e
	}
	return out
}

// Span is a piece of text in one style.
type Span struct {
	Tok  themes.Token
	Text text.Safe
}

// Builder writes one line of styled pieces: a header, a title, a footer. It
// never writes beyond its width; Line pads what is left.
type Builder struct {
	st      *Styles
	surface Surface
	b       []byte
	last    string // prefix of the last piece
	quiet   bool   // spaces look empty in it
	w, used int
}

// NewBuilder begins a line of w cells.
func NewBuilder(st *Styles, w int) *Builder {
	return &Builder{st: st, w: max(w, 0), b: make([]byte, 0, 2*max(w, 0)+64)}
}

// OnSurface sets what the following pieces lie on.
func (l *Builder) OnSurface(s Surface) *Builder {
	l.surface, l.quiet = s, false
	return l
}

// Text appends text; what does not fit ends in an ellipsis.
func (l *Builder) Text(tok themes.Token, t text.Safe) *Builder { return l.raw(tok, t.String()) }

// Cell appends text in exactly n cells (fewer if the line ends), cut with an
// ellipsis or padded.
func (l *Builder) Cell(tok themes.Token, t text.Safe, n int, right bool) *Builder {
	if n = min(n, l.Left()); n > 0 {
		l.last = "\x00"
		l.pen(tok)
		l.b = fit(l.b, t.String(), n, right, l.st.Glyphs.Ellipsis.s)
		l.used += n
	}
	return l
}

// Glyph appends one glyph.
func (l *Builder) Glyph(tok themes.Token, g Glyph) *Builder { return l.raw(tok, g.s) }

// Space appends n empty cells.
func (l *Builder) Space(n int) *Builder {
	if n = min(n, l.Left()); n > 0 {
		l.gap(n)
		l.b = pad(l.b, n)
		l.used += n
	}
	return l
}

// Spans appends pieces.
func (l *Builder) Spans(spans ...Span) *Builder {
	for _, s := range spans {
		l.Text(s.Tok, s.Text)
	}
	return l
}

func (l *Builder) raw(tok themes.Token, s string) *Builder {
	if s == "" || l.Left() == 0 {
		return l
	}
	n := min(width(s), l.Left())
	if s[0] >= utf8.RuneSelf {
		l.last = "\x00" // a prefix in between keeps two texts from joining into one cluster
	}
	l.pen(tok)
	l.b = fit(l.b, s, n, false, l.st.Glyphs.Ellipsis.s)
	l.used += n
	return l
}

// pen changes the style, unless it is the one that was used last.
func (l *Builder) pen(tok themes.Token) {
	if p := l.st.On(l.surface, tok); p != l.last {
		l.b = append(l.b, p...)
		l.last = p
	}
	l.quiet = l.st.quiet[l.surface][tok]
}

// shortGap is how many spaces cost less in the style that is set than a
// change of style does.
const shortGap = 6

// shortGaps is that by surface: the text of a selected row is bold, so that
// leaving it out of a gap costs two changes.
var shortGaps = [numSurfaces]int{Ground: shortGap, Selected: 20, Blurred: 20}

// gap sets the style of n empty cells.
func (l *Builder) gap(n int) {
	if n < shortGaps[l.surface] && l.quiet {
		return
	}
	if p := l.st.blank[l.surface]; p != l.last {
		l.b = append(l.b, p...)
		l.last, l.quiet = p, true
	}
}

// foreign tells the builder that something else wrote to its buffer.
func (l *Builder) foreign(cells int) {
	l.used += cells
	l.last, l.quiet = "\x00", false
}

// Used returns how many cells are written.
func (l *Builder) Used() int { return l.used }

// Left returns how many cells are left.
func (l *Builder) Left() int { return l.w - l.used }

// Right appends pieces so that they end at the right edge; if they do not fit
// they are cut. At least one space stays in front of them.
func (l *Builder) Right(spans ...Span) *Builder {
	n := 0
	for _, s := range spans {
		n += width(s.Text.String())
	}
	l.Space(max(l.Left()-n, 1))
	return l.Spans(spans...)
}

// Line pads the line, ends it and returns it. The builder is spent.
func (l *Builder) Line() string {
	l.Space(l.Left())
	l.b = append(l.b, l.st.end()...)
	return unsafe.String(unsafe.SliceData(l.b), len(l.b))
}
