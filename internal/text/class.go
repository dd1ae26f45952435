package text

import (
	"unicode"
	"unicode/utf8"
)

// plainByte holds, for each byte, whether it is a printable ASCII character.
var plainByte = func() (t [256]bool) {
	for b := 0x20; b < 0x7f; b++ {
		t[b] = true
	}
	return t
}()

// hidden are the runes that show nothing, or change how others show: format
// and bidi controls, line and paragraph separators, fillers, variation
// selectors, tags and whatever else a font may ignore.
var hidden = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
	unicode.Variation_Selector,
	unicode.Other_Default_Ignorable_Code_Point,
	unicode.Noncharacter_Code_Point,
	unicode.Deprecated,
	{R16: []unicode.Range16{
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, // halfwidth Hangul filler
	}},
	{R32: []unicode.Range32{
		{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}, // tags and more selectors
	}},
}

// hiddenBMP is hidden as a bitmap for the first 65,536 runes, since logs in
// other scripts than Latin ask for every rune.
var hiddenBMP = func() (m [1 << 16 / 64]uint64) {
	for _, t := range hidden {
		for _, r := range t.R16 {
			for c := uint32(r.Lo); c <= uint32(r.Hi); c += uint32(r.Stride) {
				m[c/64] |= 1 << (c % 64)
			}
		}
	}
	return m
}()

// isHidden reports whether r must be written out as <U+…>.
func isHidden(r rune) bool {
	if r < 1<<16 {
		return hiddenBMP[r/64]&(1<<(r%64)) != 0
	}
	// Emoji and the rarer Chinese characters are the bulk up here.
	if r >= 0x1f000 && r < 0x1fffe || r >= 0x20000 && r < 0x2fffe {
		return false
	}
	return unicode.In(r, hidden...)
}

// plainPrefix returns the length of the longest prefix of s that is drawn as
// it stands.
func plainPrefix(s string) int {
	i := 0
	for i < len(s) {
		if b := s[i]; b < utf8.RuneSelf {
			if !plainByte[b] {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n < 2 || isHidden(r) {
			return i
		}
		i += n
	}
	return i
}

const (
	zwj  = '\u200d' // joins two emoji into one
	vs16 = '\ufe0f' // asks for the emoji form
)

// isPictographic reports whether r can be a part of a joined emoji.
func isPictographic(r rune) bool {
	switch {
	case r >= 0x1f000 && r <= 0x1faff:
		return r < 0x1f1e6 || r > 0x1f1ff // flags join by themselves
	case r >= 0x2600 && r <= 0x27bf, r >= 0x2b00 && r <= 0x2bff,
		r >= 0x2190 && r <= 0x21ff, r >= 0x2300 && r <= 0x23ff,
		r >= 0x25a0 && r <= 0x25ff, r == 0x2934, r == 0x2935:
		return true
	}
	switch r {
	case 0xa9, 0xae, 0x203c, 0x2049, 0x2122, 0x2139, 0x24c2, 0x3030, 0x303d, 0x3297, 0x3299:
		return true
	}
	return false
}

// takesVS16 reports whether the emoji form exists for r: pictographs, and the
// bases of keycaps.
func takesVS16(r rune) bool {
	return isPictographic(r) || r == '#' || r == '*' || r >= '0' && r <= '9'
}
