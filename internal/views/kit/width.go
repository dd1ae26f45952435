package kit

import (
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// The renderer measures text by grapheme clusters where the terminal says
// that it does too (mode 2027) and by code points everywhere else. Where the
// two differ (emoji sequences, some scripts) a line would have two widths and
// the frame would break, so kit draws such a cluster in a form that both
// measure alike: see onGrid.

// asciiLen returns the length of the longest ASCII prefix.
func asciiLen(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// narrow is false where the environment asks for East Asian widths
// (RUNEWIDTH_EASTASIAN): lines, dots and Latin letters are two cells wide
// then, so the fast paths and the Unicode glyphs are off.
var narrow = ansi.StringWidth("─") == 1

// simple reports whether a rune is one cell wide under both measures and
// joins no neighbour that does not join it.
func simple(r rune) bool {
	switch {
	case !narrow:
		return false
	case r < 0x300: // Latin
		return r >= 0xa1 && r != 0xad && r != 0xa9 && r != 0xae
	case r < 0x2190: // dashes, quotes, dots
		return r >= 0x2010 && r <= 0x2027
	case r < 0x2200: // arrows, but those that may be emoji
		return r <= 0x2193 || r >= 0x219a && r <= 0x21a8 || r >= 0x21ab
	case r < 0x2500:
		return false
	case r < 0x2600: // frames, blocks, shapes, but those that may be emoji
		return r <= 0x25a9 || r >= 0x25b0 && r <= 0x25b5 || r >= 0x25cb && r <= 0x25f0
	default: // check, ballot, braille
		return r == 0x2713 || r == 0x2717 || r >= 0x2800 && r <= 0x28ff
	}
}

// wide reports the same for two cells: the common ideographs, Kana and Hangul
// syllables, full-width forms.
func wide(r rune) bool {
	return r >= 0x3041 && r <= 0x3096 || r >= 0x309b && r <= 0x30ff || r >= 0x4e00 && r <= 0x9fff ||
		r >= 0xac00 && r <= 0xd7a3 || r >= 0xff01 && r <= 0xff60
}

// prepends reports whether a rune joins whatever follows it, the padding too
// (Unicode's Grapheme_Cluster_Break=Prepend).
func prepends(r rune) bool {
	switch {
	case r < 0x600:
		return false
	case r <= 0x605, r == 0x6dd, r == 0x70f, r == 0x890, r == 0x891, r == 0x8e2, r == 0xd4e:
		return true
	case r < 0x110bd:
		return false
	}
	return r <= 0x11f02 && (r == 0x110bd || r == 0x110cd || r == 0x111c2 || r == 0x111c3 || r == 0x113d1 || r == 0x1193f ||
		r == 0x11941 || r == 0x11a3a || r >= 0x11a84 && r <= 0x11a89 || r == 0x11d46 || r == 0x11f02)
}

// joins reports whether a cluster would join the cell in front of it: a lone
// mark that takes a cell of its own when nothing is there to join.
func joins(c string) bool {
	head, _ := ansi.FirstGraphemeCluster("a"+c, ansi.GraphemeWidth)
	return len(head) > 1
}

// cluster returns the first grapheme cluster of s as it is to be drawn, its
// width in cells and its length in s. s is not empty.
func cluster(s string) (drawn string, width, size int) {
	if c := s[0]; c < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) {
		if c < 0x20 || c == 0x7f { // never in text.Safe
			return "?", 1, 1
		}
		return s[:1], 1, 1
	}
	r, n := utf8.DecodeRuneInString(s)
	w := 0
	if simple(r) || r >= 0x20 && r < 0x7f {
		w = 1
	} else if wide(r) {
		w = 2
	}
	if w > 0 {
		if n == len(s) || s[n] < utf8.RuneSelf {
			return s[:n], w, n
		}
		if next, _ := utf8.DecodeRuneInString(s[n:]); simple(next) || wide(next) {
			return s[:n], w, n
		}
	}
	if r == utf8.RuneError || r < 0x20 || r >= 0x7f && r < 0xa0 { // never in text.Safe
		return "?", 1, n
	}
	c, w := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	if prepends(r) || w > 0 && r > 0x300 && joins(c) {
		return "?", 1, len(c)
	}
	if w == ansi.StringWidthWc(c) {
		return c, w, len(c)
	}
	drawn, width = onGrid(c)
	return drawn, width, len(c)
}

// onGrid gives a cluster a form that has one width: its first rune without
// what modifies it (a family becomes a woman, a red heart a heart). Hangul
// written letter by letter becomes its syllable.
func onGrid(c string) (string, int) {
	r, n := utf8.DecodeRuneInString(c)
	if r >= 0x1100 && r <= 0x11ff || r >= 0xa960 && r <= 0xa97f || r >= 0xd7b0 && r <= 0xd7ff { // would join what follows
		if s, ok := syllable(c); ok {
			return s, 2
		}
		return "?", 1
	}
	if r != utf8.RuneError && !joins(c[:n]) {
		if w := ansi.StringWidth(c[:n]); w > 0 && w == ansi.StringWidthWc(c[:n]) {
			return c[:n], w
		}
	}
	return "?", 1
}

// syllable composes Hangul letters (Unicode 3.12, "Hangul Syllable
// Composition").
func syllable(c string) (string, bool) {
	r := []rune(c)
	if len(r) < 2 || len(r) > 3 {
		return "", false
	}
	l, v, t := r[0]-0x1100, r[1]-0x1161, rune(0)
	if len(r) == 3 {
		t = r[2] - 0x11a7
		if t < 1 || t > 27 {
			return "", false
		}
	}
	if l < 0 || l > 18 || v < 0 || v > 20 {
		return "", false
	}
	return string(0xac00 + (l*21+v)*28 + t), true
}

// width returns the number of cells that s takes when it is drawn by fit.
func width(s string) int {
	w := 0
	for s != "" {
		n := asciiLen(s)
		if n == len(s) {
			return w + n
		}
		if n > 1 { // the last ASCII character may carry a combining mark
			w += n - 1
			s = s[n-1:]
		}
		_, cw, size := cluster(s)
		w += cw
		s = s[size:]
	}
	return w
}

const blanks = "                                                                                                                                "

// pad appends n spaces.
func pad(b []byte, n int) []byte {
	for n > len(blanks) {
		b = append(b, blanks...)
		n -= len(blanks)
	}
	if n > 0 {
		b = append(b, blanks[:n]...)
	}
	return b
}

// take appends at most w cells of s and returns how many those are and where
// it stopped. It may stop one cell early before a wide character.
func take(b []byte, s string, w int) (out []byte, used, end int) {
	for end < len(s) {
		n := asciiLen(s[end:])
		if n < len(s)-end && n > 0 {
			n-- // it may carry a combining mark
		}
		if n > 0 {
			n = min(n, w-used)
			if n <= 0 {
				break
			}
			b = append(b, s[end:end+n]...)
			used += n
			end += n
			continue
		}
		drawn, cw, size := cluster(s[end:])
		if used+cw > w {
			break
		}
		b = append(b, drawn...)
		used += cw
		end += size
	}
	return b, used, end
}

// cutLeft returns the rest of s after w cells, and how many cells the cut went
// beyond w (1 if it fell into a wide character).
func cutLeft(s string, w int) (rest string, over int) {
	n := asciiLen(s)
	if n < len(s) && n > 0 {
		n--
	}
	if n >= w {
		return s[w:], 0
	}
	used := n
	for s = s[n:]; s != ""; {
		_, cw, size := cluster(s)
		if used >= w && cw > 0 { // what has no width belongs to what is cut
			break
		}
		used += cw
		s = s[size:]
	}
	return s, max(used-w, 0)
}

// fit appends s in exactly w cells: padded, or cut with an ellipsis.
func fit(b []byte, s string, w int, right bool, ellipsis string) []byte {
	if w <= 0 {
		return b
	}
	if asciiLen(s) == len(s) { // most cells
		n := len(s)
		switch {
		case n > w:
			return append(append(b, s[:w-1]...), ellipsis...)
		case right:
			return append(pad(b, w-n), s...)
		default:
			return pad(append(b, s...), w-n)
		}
	}
	n := width(s)
	if n <= w {
		if right {
			b = pad(b, w-n)
		}
		b, _, _ = take(b, s, n)
		if !right {
			b = pad(b, w-n)
		}
		return b
	}
	b, used, _ := take(b, s, w-1)
	b = pad(b, w-1-used)
	return append(b, ellipsis...)
}
