package text

// Line is one line of text with colours: a log line or a line of a document.
// Its text is as safe as Safe; its spans are the SGR attributes that survived.
type Line struct {
	text  string
	spans []Span
}

// String returns the plain text.
func (l Line) String() string { return l.text }

// Spans returns the styled parts, ordered, not overlapping, and on the edges
// of grapheme clusters; nil if plain. Not to be written.
func (l Line) Spans() []Span { return l.spans }

// Safe returns the plain text as Safe.
func (l Line) Safe() Safe { return Safe{l.text} }

// Empty reports whether there is no text.
func (l Line) Empty() bool { return l.text == "" }

// Line makes a Line without colours.
func (t Safe) Line() Line { return Line{text: t.s} }

// Styled makes a Line in one style.
func (t Safe) Styled(style Style) Line {
	l := Line{text: t.s}
	if t.s != "" && style != (Style{}) {
		l.spans = []Span{{0, int32(len(t.s)), style}}
	}
	return l
}

// Span is a styled part of a Line: bytes [Start, End).
type Span struct {
	Start, End int32
	Style      Style
}

// Style is what SGR can say and we let through.
type Style struct {
	FG, BG Color
	Attr   Attr
}

// Attr is a set of attributes.
type Attr uint8

// The attributes.
const (
	Bold Attr = 1 << iota
	Faint
	Italic
	Underline
	Reverse
	Strike
)

// Color is a terminal colour. Zero: the default.
type Color struct {
	Kind  ColorKind
	Value uint32 // palette index, or 0xRRGGBB
}

// ColorKind says what Value is.
type ColorKind uint8

// The colour kinds.
const (
	Default ColorKind = iota
	Palette           // 0-255; 0-15 are the terminal's own
	RGB
)
