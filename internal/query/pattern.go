package query

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"devops-tui/internal/core"
)

// pattern is one text to look for.
type pattern struct {
	how   patternKind
	text  string // lower case when fold; of a regular expression, what every match contains
	fold  bool
	ascii bool
	re    *regexp.Regexp
}

type patternKind uint8

const (
	contains patternKind = iota
	equal
	glob // all of the text, * and ? stand for anything
	regex
)

// newPattern makes a pattern with smart case: upper case in it means that case
// counts.
func newPattern(how patternKind, s string) pattern {
	p := pattern{how: how, text: s, fold: !hasUpper(s)}
	if p.fold {
		p.text = strings.ToLower(s)
	}
	p.ascii = isASCII(p.text)
	return p
}

// newRegex compiles a regular expression with smart case.
func newRegex(s string) (pattern, error) {
	expr := s
	if !hasUpperClass(s) {
		expr = "(?i)" + s
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return pattern{}, err
	}
	p := pattern{how: regex, re: re}
	if text, fold := required(expr); isASCII(text) {
		p.text, p.fold = text, fold
		if fold {
			p.text = strings.ToLower(text)
		}
	}
	return p, nil
}

func hasUpper(s string) bool { return strings.IndexFunc(s, unicode.IsUpper) >= 0 }

// hasUpperClass is hasUpper of what a regular expression matches: \S, \W and
// \D are no upper case.
func hasUpperClass(s string) bool {
	escaped := false
	for _, r := range s {
		if !escaped && unicode.IsUpper(r) {
			return true
		}
		escaped = !escaped && r == '\\'
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (p *pattern) match(s string) bool {
	switch p.how {
	case contains:
		start, _ := p.index(s, 0)
		return start >= 0
	case equal:
		if !p.fold {
			return s == p.text
		}
		start, end := p.index(s, 0)
		return start == 0 && end == len(s)
	case glob:
		return core.MatchGlob(p.text, s, p.fold)
	default:
		return !p.rulesOut(s) && p.re.MatchString(s)
	}
}

// index finds the text in s from the byte from on; -1 if it is not there.
func (p *pattern) index(s string, from int) (start, end int) {
	switch {
	case !p.fold:
		i := strings.Index(s[from:], p.text)
		if i < 0 {
			return -1, -1
		}
		return from + i, from + i + len(p.text)
	case p.text == "":
		return from, from
	case p.ascii:
		return indexASCII(s, p.text, from)
	}
	for i := from; i < len(s); {
		if n := prefixFold(s[i:], p.text); n >= 0 {
			return i, i + n
		}
		_, w := utf8.DecodeRuneInString(s[i:])
		i += w
	}
	return -1, -1
}

// indexASCII finds an ASCII text in lower case.
func indexASCII(s, low string, from int) (start, end int) {
	first := low[0]
	for i := from; i+len(low) <= len(s); i++ {
		if lowerASCII(s[i]) != first {
			continue
		}
		j := 1
		for j < len(low) && lowerASCII(s[i+j]) == low[j] {
			j++
		}
		if j == len(low) {
			return i, i + j
		}
	}
	return -1, -1
}

func lowerASCII(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// prefixFold is how many bytes of s the lower-case text covers; -1 if s does
// not begin with it.
func prefixFold(s, low string) int {
	n := 0
	for len(low) > 0 {
		if n >= len(s) {
			return -1
		}
		a, wa := utf8.DecodeRuneInString(s[n:])
		b, wb := utf8.DecodeRuneInString(low)
		if unicode.ToLower(a) != b && a != b {
			return -1
		}
		n += wa
		low = low[wb:]
	}
	return n
}
