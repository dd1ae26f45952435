package text

import (
	"unicode"
	"unicode/utf8"
)

// anchor is what a combining mark leans on where there is no letter. Without
// it the mark would join the space or border that is drawn before the text,
// and the row would be a cell short.
const anchor = "◌"

// joinsPrevious reports whether r forms one grapheme cluster with whatever
// stands before it.
func joinsPrevious(r rune) bool {
	if r < 0x300 {
		return false
	}
	switch {
	case r >= 0x1f3fb && r <= 0x1f3ff: // skin tones
		return true
	case r == 0xff9e, r == 0xff9f: // halfwidth voicing marks
		return true
	case r == 0x0e33, r == 0x0eb3: // Thai and Lao am
		return true
	}
	return unicode.Is(unicode.M, r) || !isPictographic(r) && !assigned(r)
}

// assigned reports whether Go's Unicode tables know r. The renderer's are
// newer: what only they know may be a combining mark.
func assigned(r rune) bool {
	return unicode.In(r, unicode.L, unicode.S, unicode.N, unicode.P, unicode.Z, unicode.Co)
}

// joinsNext reports whether r forms one grapheme cluster with whatever stands
// behind it: a few Indic letters that are written before.
func joinsNext(r rune) bool {
	if r < 0xd4e {
		return false
	}
	switch r {
	case 0x0d4e, 0x111c2, 0x111c3, 0x113d1, 0x1193f, 0x11941, 0x11d46, 0x11f02:
		return true
	}
	return r >= 0x11a84 && r <= 0x11a89
}

// standsAlone reports whether s keeps its width whatever is drawn around it.
func standsAlone(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return !joinsPrevious(first) && !joinsNext(last)
}

// anchored returns the line such that its first rune does not join what is
// drawn before it.
func (l Line) anchored() Line {
	if first, _ := utf8.DecodeRuneInString(l.text); !joinsPrevious(first) {
		return l
	}
	l.text = anchor + l.text
	for i := range l.spans { // slice has made them anew
		l.spans[i].Start += int32(len(anchor))
		l.spans[i].End += int32(len(anchor))
	}
	return l
}
