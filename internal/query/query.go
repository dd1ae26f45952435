// Package query is the filter language of the lists, of `snapshot` and of log
// searches, the order of lists, and the patterns that name objects on the
// command line.
//
//	api            the row has the text (upper case in the term: case counts)
//	!api           it has not
//	/api-\d+/ ~re  it matches the regular expression
//	ns:payments    a field has the text; with * or ? all of it fits the pattern
//	phase=failed   a field is that; != is not; ~ matches a regular expression
//	cpu>500m mem>=1Gi restarts>3 age<2h mem>90%
//	a b | c        terms next to each other must all hold; | (or "or") is either side
package query

import (
	"fmt"
	"time"

	"devops-tui/internal/core"
)

// Query is a parsed filter. The zero value matches everything. A Query does
// not change and may be used by several goroutines.
type Query struct {
	text     string
	any      [][]term // one of these holds: all of its terms
	usage    bool
	textOnly bool
}

// UsageFunc finds the newest sample of an object; nil if there is none.
type UsageFunc = func(core.Ref) *core.Usage

// Error says what is wrong with a filter, where, and what to type instead.
// Text quotes what was typed: clean it before it is drawn.
type Error struct {
	Column  int // in characters, from 1
	Text    string
	Suggest []string // what may have been meant, the likeliest first
}

// Error is "column 3: no field cpuu; did you mean cpu?".
func (e *Error) Error() string {
	s := fmt.Sprintf("column %d: %s", e.Column, e.Text)
	for i, n := range e.Suggest {
		switch i {
		case 0:
			s += "; did you mean " + n
		default:
			s += " or " + n
		}
	}
	if len(e.Suggest) > 0 {
		s += "?"
	}
	return s
}

// Empty reports whether the query matches everything.
func (q Query) Empty() bool { return len(q.any) == 0 }

// String is the query as it was typed. It is raw text.
func (q Query) String() string { return q.text }

// NeedsUsage reports whether a term asks for usage.
func (q Query) NeedsUsage() bool { return q.usage }

// Match reports whether the row matches. k is the row's kind (nil: only the
// fields that every object has), usage may be nil, now is the source's clock.
// It does not allocate.
func (q Query) Match(r *core.Resource, k *core.Kind, usage UsageFunc, now time.Time) bool {
	if len(q.any) == 0 {
		return true
	}
	row := row{r: r, k: k, usage: usage, now: now.UnixNano()}
	for _, all := range q.any {
		ok := true
		for i := range all {
			if all[i].match(&row) == all[i].not {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

// MatchText reports whether one line of text matches: a log line, a palette
// entry. Terms that ask for a field never hold; ParseText makes none.
func (q Query) MatchText(s string) bool {
	if len(q.any) == 0 {
		return true
	}
	for _, all := range q.any {
		ok := true
		for i := range all {
			if all[i].matchText(s) == all[i].not {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}
