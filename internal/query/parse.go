package query

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"devops-tui/internal/core"
)

// maxQuery bounds a filter in bytes: it is typed by a human.
const maxQuery = 4096

// Parse reads a filter. columns are those of the kinds it will meet, so that
// their names can stand before an operator. What is plainly unfinished (a
// trailing |, a lone !, an open quote) is taken as far as it goes, because it
// is being typed; what is wrong is an *Error.
func Parse(s string, columns []core.Column) (Query, error) {
	p := parser{s: s, fields: Fields(columns), words: wordsOf(columns)}
	return p.query()
}

// ParseText reads a search in text, a log: words, !word, "phrase", /regex/,
// and |. It knows no fields, so key=value is a word like any other.
func ParseText(s string) (Query, error) {
	p := parser{s: s, textOnly: true}
	return p.query()
}

type parser struct {
	s        string
	at       int
	fields   []Field
	textOnly bool
	words    map[string]word // what plain words of these columns mean more
}

func (p *parser) fail(at int, suggest []string, format string, args ...any) error {
	return &Error{Column: utf8.RuneCountInString(p.s[:at]) + 1, Text: fmt.Sprintf(format, args...), Suggest: suggest}
}

func (p *parser) query() (Query, error) {
	q := Query{text: p.s, textOnly: p.textOnly}
	if len(p.s) > maxQuery {
		return Query{}, p.fail(0, nil, "the filter is longer than %d bytes", maxQuery)
	}
	var all []term
	for {
		p.space()
		if p.at == len(p.s) {
			break
		}
		if n := p.or(len(all) > 0); n > 0 {
			if len(all) == 0 {
				return Query{}, p.fail(p.at, nil, "nothing stands before the |")
			}
			q.any = append(q.any, all)
			all = nil
			p.at += n
			continue
		}
		t, ok, err := p.term()
		if err != nil {
			return Query{}, err
		}
		if ok {
			q.usage = q.usage || t.field == fieldUsage
			all = append(all, t)
		}
	}
	if len(all) > 0 {
		q.any = append(q.any, all)
	}
	return q, nil
}

func (p *parser) space() {
	for p.at < len(p.s) {
		r, w := utf8.DecodeRuneInString(p.s[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += w
	}
}

// or is the length of an "or" that stands here, 0 if none does. The word is
// one only after a term; the first word of a filter is text.
func (p *parser) or(after bool) int {
	rest := p.s[p.at:]
	for _, word := range []string{"||", "|"} {
		if strings.HasPrefix(rest, word) {
			return len(word)
		}
	}
	for _, word := range []string{"or", "OR"} {
		if after && (rest == word || strings.HasPrefix(rest, word+" ")) {
			return len(word)
		}
	}
	return 0
}

// term reads one term; ok is false when it says nothing yet.
func (p *parser) term() (t term, ok bool, err error) {
	start := p.at
	for p.at < len(p.s) && p.s[p.at] == '!' {
		t.not = !t.not
		p.at++
	}
	rest := p.s[p.at:]
	switch {
	case rest == "" || startsWithSpace(rest):
		return t, false, nil
	case rest[0] == '"' || rest[0] == '\'' && closing(rest[1:], '\'') >= 0:
		text, _ := p.quoted()
		t.pats = []pattern{newPattern(contains, text)}
		return t, text != "", nil
	case rest[0] == '/' && closing(rest[1:], '/') > 0:
		n := closing(rest[1:], '/')
		p.at += n + 2
		return p.regexTerm(t, start, rest[1:n+1])
	case rest[0] == '~' && len(rest) > 1 && !startsWithSpace(rest[1:]):
		p.at++
		text, _ := p.value()
		return p.regexTerm(t, start, text)
	}
	if !p.textOnly {
		if t, ok, done, err := p.fieldTerm(t); done || err != nil {
			return t, ok, err
		}
	}
	word := p.word()
	for _, alt := range strings.Split(word, "|") {
		if alt == "" {
			continue
		}
		if w := p.words[strings.ToLower(alt)]; w != wordNone {
			t.words |= w
			if w == wordMine { // it stands in no row as such
				continue
			}
		}
		if !p.textOnly && strings.Contains(alt, "*") {
			if strings.Trim(alt, "*") == "" {
				continue
			}
			t.pats = append(t.pats, newPattern(glob, "*"+alt+"*"))
			continue
		}
		t.pats = append(t.pats, newPattern(contains, alt))
	}
	return t, len(t.pats) > 0 || t.words != wordNone, nil
}

func (p *parser) regexTerm(t term, at int, expr string) (term, bool, error) {
	pat, err := newRegex(expr)
	if err != nil {
		return t, false, p.fail(at, nil, "not a regular expression: %s", regexError(err))
	}
	t.pats = []pattern{pat}
	return t, true, nil
}

// regexError is the library's words without its own prefix.
func regexError(err error) string {
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && unicode.IsSpace(r)
}

// closing finds the delimiter that ends a term: one with a space, a | or the
// end behind it.
func closing(s string, delim byte) int {
	for i := range len(s) {
		if s[i] != delim || i > 0 && s[i-1] == '\\' {
			continue
		}
		if rest := s[i+1:]; rest == "" || startsWithSpace(rest) || rest[0] == '|' {
			return i
		}
	}
	return -1
}

// quoted reads a quoted text; one that is not closed ends with the filter.
func (p *parser) quoted() (string, bool) {
	delim := p.s[p.at]
	p.at++
	var b strings.Builder
	for p.at < len(p.s) {
		c := p.s[p.at]
		p.at++
		switch {
		case c == delim:
			return b.String(), true
		case c == '\\' && p.at < len(p.s) && (p.s[p.at] == delim || p.s[p.at] == '\\'):
			b.WriteByte(p.s[p.at])
			p.at++
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), false
}

// word reads up to the next space.
func (p *parser) word() string {
	start := p.at
	for p.at < len(p.s) && !startsWithSpace(p.s[p.at:]) {
		_, w := utf8.DecodeRuneInString(p.s[p.at:])
		p.at += w
	}
	return p.s[start:p.at]
}

// value reads what stands after an operator: a word or a quoted text.
func (p *parser) value() (text string, quoted bool) {
	if p.at < len(p.s) && (p.s[p.at] == '"' || p.s[p.at] == '\'') {
		text, _ = p.quoted()
		return text, true
	}
	return p.word(), false
}

// operators, the longer ones first.
var operators = []string{"!=", "!~", ">=", "<=", ":", "=", "~", ">", "<"}

// operator splits "cpu>500m" into the name's length and the operator.
func operator(s string) (name int, op string) {
	for name < len(s) {
		c := s[name]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (name == 0 || (c < '0' || c > '9') && !strings.ContainsRune("-_.%", rune(c))) {
			break
		}
		name++
	}
	if name == 0 {
		return 0, ""
	}
	for _, op := range operators {
		if strings.HasPrefix(s[name:], op) {
			return name, op
		}
	}
	return 0, ""
}

// fieldTerm reads a term with a field. done is false when there is none: then
// nothing is consumed and the term is a word.
func (p *parser) fieldTerm(t term) (_ term, ok, done bool, err error) {
	start := p.at
	n, op := operator(p.s[p.at:])
	if op == "" {
		return t, false, false, nil
	}
	name := strings.ToLower(p.s[start : start+n])
	f, known := findField(p.fields, name)
	if !known {
		near := core.Nearest(name, fieldNames(p.fields), 3)
		switch op {
		case "~", "!~":
			return t, false, false, nil
		case ":": // nginx:1.27 and 10.0.0.7:5432 are words; statsu:x is a slip
			near = slices.DeleteFunc(near, func(c string) bool { return c[0] != name[0] || len(c)-len(name) > 1 || len(name)-len(c) > 1 })
			if len(near) == 0 {
				return t, false, false, nil
			}
		}
		hint := ""
		if len(near) == 0 {
			hint = fmt.Sprintf("; a label is label:%s=value, plain text is \"%s%s…\"", name, name, op)
		}
		return t, false, true, p.fail(start, near, "no field %s%s", name, hint)
	}
	p.at += n + len(op)
	valueAt := p.at
	if strings.HasPrefix(op, "!") {
		t.not = !t.not
		op = op[1:]
	}
	t.field, t.measure, t.name, t.typ = f.id, f.measure, f.Name, f.typ
	value, quoted := p.value()
	if f.Numeric {
		ok, err = p.numeric(&t, f, op, value, start, valueAt)
	} else {
		ok, err = p.textual(&t, f, op, value, quoted, start, valueAt)
	}
	return t, ok, true, err
}

func (p *parser) numeric(t *term, f Field, op, value string, start, valueAt int) (bool, error) {
	switch op {
	case ">":
		t.cmp = cmpGT
	case ">=":
		t.cmp = cmpGE
	case "<":
		t.cmp = cmpLT
	case "<=":
		t.cmp = cmpLE
	case ":", "=":
		t.cmp = cmpEQ
	default:
		return false, p.fail(start, []string{f.Example}, "%s is a number: compare it with > >= < <= =", f.Name)
	}
	v, percent, ok := number(value, f.typ)
	if !ok {
		what := fmt.Sprintf("%q is not", value)
		if value == "" {
			what = f.Name + op + " wants"
		}
		return false, p.fail(valueAt, nil, "%s %s", what, numberHint(f.typ))
	}
	t.num = v
	if percent && f.typ != core.Percent {
		limit, has := limits[f.measure]
		if !has {
			return false, p.fail(valueAt, nil, "%s has no limit to take percent of; it wants %s", f.Name, numberHint(f.typ))
		}
		t.limit = limit
	}
	return true, nil
}

// limits are what percent of a measure means: of its limit, or of what was
// requested when there is no limit.
var limits = map[core.Measure][2]core.Measure{
	core.CPUUsed: {core.CPULimit, core.CPURequest},
	core.MemUsed: {core.MemLimit, core.MemRequest},
}

func (p *parser) textual(t *term, f Field, op, value string, quoted bool, start, valueAt int) (bool, error) {
	switch op {
	case ">", ">=", "<", "<=":
		return false, p.fail(start, []string{f.Name + ":" + value}, "%s is text: it has no %s", f.Name, op)
	case "~":
		if value == "" {
			return false, nil
		}
		pat, err := newRegex(value)
		if err != nil {
			return false, p.fail(valueAt, nil, "not a regular expression: %s", regexError(err))
		}
		t.pats = []pattern{pat}
		return true, nil
	}
	if value == "" && !quoted {
		return false, nil
	}
	alts := []string{value}
	if !quoted {
		alts = slices.DeleteFunc(strings.Split(value, "|"), func(s string) bool { return s == "" })
	}
	for i, alt := range alts {
		if f.id == fieldLabel {
			key, val, has := strings.Cut(alt, "=")
			if i > 0 && !has { // label:app=a|b: the next value of the same key
				key, val, has = t.labels[i-1].key, alt, t.labels[i-1].hasValue
			}
			t.labels = append(t.labels, label{key, has})
			alt, op = val, "="
		}
		how := contains
		switch {
		case !quoted && strings.ContainsAny(alt, "*?"):
			how = glob
		case op == "=" || f.id == fieldKind:
			how = equal
		}
		t.pats = append(t.pats, newPattern(how, alt))
		if f.id == fieldPhase {
			set := phaseSet(alt, how)
			if set == 0 {
				return false, p.fail(valueAt, core.Nearest(alt, phaseNames(), 2), "no phase %q; there are %s", alt, strings.Join(phaseNames(), ", "))
			}
			t.phases |= set
		}
	}
	return len(t.pats) > 0, nil
}

func phaseNames() []string {
	var out []string
	for p := core.Unknown; p <= core.Failed; p++ {
		out = append(out, p.String())
	}
	return out
}

// phaseSet is the phases that a value names; the beginning of a name is
// enough, because it is being typed.
func phaseSet(value string, how patternKind) (set uint8) {
	low := strings.ToLower(value)
	for p := core.Unknown; p <= core.Failed; p++ {
		if how == glob && core.MatchGlob(low, p.String(), true) || how != glob && strings.HasPrefix(p.String(), low) {
			set |= 1 << p
		}
	}
	return set
}
