package query

import (
	"regexp/syntax"
	"strings"
)

// required finds a text that every match of the expression contains, so that a
// cheap search can rule most rows out: Go's regular expressions cost a few
// hundred nanoseconds a cell, a search a few. "" when there is none.
func required(expr string) (text string, fold bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", false
	}
	return literal(re.Simplify())
}

func literal(re *syntax.Regexp) (text string, fold bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune), re.Flags&syntax.FoldCase != 0
	case syntax.OpCapture, syntax.OpPlus:
		return literal(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if t, f := literal(sub); len(t) > len(text) {
				text, fold = t, f
			}
		}
	}
	return text, fold
}

// rulesOut reports that s cannot match because it lacks the required text.
// Only plain ASCII is ruled out: elsewhere other letters fold to ASCII ones.
func (p *pattern) rulesOut(s string) bool {
	if p.text == "" {
		return false
	}
	if !p.fold {
		return !strings.Contains(s, p.text)
	}
	start, _ := indexASCII(s, p.text, 0)
	return start < 0 && isASCII(s)
}
