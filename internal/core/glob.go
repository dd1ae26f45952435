package core

import (
	"unicode"
	"unicode/utf8"
)

// MatchGlob matches all of s; * stands for any text, ? for one character. With
// fold the glob is in lower case.
func MatchGlob(glob, s string, fold bool) bool {
	g, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		r, w := utf8.DecodeRuneInString(s[i:])
		if fold {
			r = unicode.ToLower(r)
		}
		if g < len(glob) {
			c, cw := utf8.DecodeRuneInString(glob[g:])
			switch {
			case c == '*':
				star, mark = g, i
				g++
				continue
			case c == '?' || c == r:
				g += cw
				i += w
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, mw := utf8.DecodeRuneInString(s[mark:])
		mark += mw
		g, i = star+1, mark
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}
