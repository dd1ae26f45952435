package text

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width returns the number of terminal cells that s takes, by grapheme
// clusters: the same measure as the renderer's.
func Width(s string) int {
	for i := range len(s) {
		if b := s[i]; b < 0x20 || b >= 0x7f {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// Width returns the number of terminal cells.
func (t Safe) Width() int { return Width(t.s) }

// Width returns the number of terminal cells.
func (l Line) Width() int { return Width(l.text) }

// Truncate shortens the text to at most w cells; what was cut ends in "…".
func (t Safe) Truncate(w int) Safe {
	if w <= 0 {
		return Safe{}
	}
	if Width(t.s) <= w {
		return t
	}
	if w < ellipsisWidth {
		return Safe{spaces(w)}
	}
	end, _ := cellOffset(t.s, w-ellipsisWidth)
	return Safe{t.s[:end] + ellipsis}
}

const ellipsis = "…"

// ellipsisWidth is two cells where the environment asks for East Asian widths
// (RUNEWIDTH_EASTASIAN), which the renderer obeys.
var ellipsisWidth = Width(ellipsis)

// Pad appends spaces up to w cells.
func (t Safe) Pad(w int) Safe { return Safe{t.s + spaces(w-t.Width())} }

// PadLeft puts spaces in front, up to w cells.
func (t Safe) PadLeft(w int) Safe { return Safe{spaces(w-t.Width()) + t.s} }

const blanks = "                                                                "

func spaces(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(blanks):
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

// nextGrapheme returns the length in bytes and the width in cells of the
// first grapheme cluster of s, which is not empty.
func nextGrapheme(s string) (size, width int) {
	if s[0] < 0x80 && (len(s) == 1 || s[1] < 0x80) {
		return 1, 1
	}
	c, w := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return len(c), w
}

// cellOffset returns the length of the longest prefix of s, in whole
// graphemes, that is at most w cells wide, and that width.
func cellOffset(s string, w int) (end, width int) {
	for end < len(s) {
		n, gw := nextGrapheme(s[end:])
		if width+gw > w {
			break
		}
		end += n
		width += gw
	}
	return end, width
}
