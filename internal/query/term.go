package query

import (
	"math"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// term is one condition.
type term struct {
	not     bool
	field   fieldID
	cmp     comparison
	phases  uint8 // of fieldPhase, a bit per phase; with a regular expression 0
	measure core.Measure
	typ     core.ColumnType
	limit   [2]core.Measure // percent of these
	num     float64
	name    string    // the field's name, which may be a column's
	pats    []pattern // one of them must match
	labels  []label   // aligned with pats
	words   word      // of fieldAny: what it means beside its letters
}

type label struct {
	key      string
	hasValue bool
}

type comparison uint8

const (
	cmpNone comparison = iota
	cmpEQ
	cmpGT
	cmpGE
	cmpLT
	cmpLE
)

// row is what a term looks at.
type row struct {
	r     *core.Resource
	k     *core.Kind
	usage UsageFunc
	now   int64 // Unix nanoseconds
	// The sample is looked up once for all terms of the row.
	sample *core.Usage
	asked  bool
}

func (r *row) value(m core.Measure) float64 {
	if !r.asked {
		r.asked = true
		if r.usage != nil {
			r.sample = r.usage(r.r.Ref)
		}
	}
	if r.sample == nil || m >= core.NumMeasures {
		return math.NaN()
	}
	return r.sample.Values[m]
}

// column finds the cell of a column by name.
func (r *row) column(name string) (*core.Column, *core.Cell) {
	if r.k == nil {
		return nil, nil
	}
	for i := range r.k.Columns {
		if c := &r.k.Columns[i]; c.ID == name {
			if i < len(r.r.Cells) {
				return c, &r.r.Cells[i]
			}
			return c, nil
		}
	}
	return nil, nil
}

func (t *term) match(r *row) bool {
	if t.cmp != cmpNone {
		return t.compare(t.number(r))
	}
	switch t.field {
	case fieldAny:
		return t.words != wordNone && t.words.holds(r) || t.matchAny(r.r)
	case fieldPhase:
		if t.phases != 0 {
			return t.phases&(1<<r.r.Phase) != 0
		}
		return t.text(r.r.Phase.String())
	case fieldKind:
		return t.matchKind(r)
	case fieldLabel:
		return t.matchLabel(r.r)
	case fieldStatus:
		return t.matchStatus(r)
	}
	return t.matchField(r)
}

// text reports whether one of the patterns matches s.
func (t *term) text(s string) bool {
	for i := range t.pats {
		if t.pats[i].match(s) {
			return true
		}
	}
	return false
}

func (t *term) safe(s text.Safe) bool { return t.text(s.String()) }

// matchAny looks at what stands in the row: name, namespace, reason, cells.
func (t *term) matchAny(r *core.Resource) bool {
	if t.text(r.Ref.Name) || r.Ref.Namespace != "" && t.text(r.Ref.Namespace) || t.safe(r.Reason) {
		return true
	}
	for i := range r.Cells {
		if s := r.Cells[i].Text; !s.Empty() && t.safe(s) {
			return true
		}
	}
	for i := range t.pats {
		if t.pats[i].matchPath(r.Ref.Namespace, r.Ref.Name) {
			return true
		}
	}
	return false
}

// matchPath reports whether "namespace/name" has the text across the slash.
func (p *pattern) matchPath(namespace, name string) bool {
	if p.how != contains || namespace == "" {
		return false
	}
	a, b, ok := strings.Cut(p.text, "/")
	if !ok || len(a) > len(namespace) {
		return false
	}
	tail := namespace[len(namespace)-len(a):]
	if !p.fold {
		return tail == a && strings.HasPrefix(name, b)
	}
	return prefixFold(tail, a) == len(tail) && prefixFold(name, b) >= 0
}

func (t *term) matchKind(r *row) bool {
	if t.text(r.r.Ref.Kind) {
		return true
	}
	if r.k == nil {
		return false
	}
	if r.k.Plural != "" && t.text(r.k.Plural) {
		return true
	}
	for _, a := range r.k.Aliases {
		if t.text(a) {
			return true
		}
	}
	return false
}

// matchLabel compares labels. The key's last part is enough: name is
// app.kubernetes.io/name.
func (t *term) matchLabel(r *core.Resource) bool {
	if r.Facts == nil {
		return false
	}
	for k, v := range r.Facts.Labels {
		for i := range t.pats {
			if len(t.labels) == 0 { // label~regex: of key=value, either part
				if t.pats[i].match(k) || t.pats[i].match(v) {
					return true
				}
				continue
			}
			want := t.labels[i].key
			if k != want && (len(k) <= len(want) || k[len(k)-len(want)-1] != '/' || !strings.HasSuffix(k, want)) {
				continue
			}
			if !t.labels[i].hasValue || t.pats[i].match(v) {
				return true
			}
		}
	}
	return false
}

// matchStatus looks at all words for the state: the status cell, the reason,
// the phase.
func (t *term) matchStatus(r *row) bool {
	if t.safe(r.r.Reason) || t.text(r.r.Phase.String()) {
		return true
	}
	if r.k == nil {
		return false
	}
	for i := range min(len(r.k.Columns), len(r.r.Cells)) {
		if c := &r.k.Columns[i]; (c.Type == core.Status || c.ID == "status") && t.safe(r.r.Cells[i].Text) {
			return true
		}
	}
	return false
}

// matchField looks at one fact of the object, and at a column of that name.
func (t *term) matchField(r *row) bool {
	res, facts := r.r, r.r.Facts
	if facts == nil {
		facts = &noFacts
	}
	found := false
	switch t.field {
	case fieldName:
		return t.text(res.Ref.Name)
	case fieldNamespace:
		return t.text(res.Ref.Namespace)
	case fieldScope:
		return t.text(res.Ref.Scope)
	case fieldSource:
		return t.text(res.Ref.Source)
	case fieldUID:
		return t.text(res.Ref.UID)
	case fieldReason:
		found = t.safe(res.Reason)
	case fieldMessage:
		found = t.safe(res.Message)
	case fieldOwner:
		found = t.text(res.Owner.Name)
	case fieldImage:
		found = t.oneOf(facts.Image)
	case fieldDigest:
		found = t.oneOf(facts.Digest)
	case fieldContainer:
		found = t.oneOf(facts.Containers)
	case fieldNode:
		found = t.text(facts.Node)
	case fieldService:
		found = t.text(facts.Service)
	case fieldEnvironment:
		found = t.text(facts.Environment)
	case fieldCommit:
		found = t.text(facts.Commit)
	case fieldRepo:
		found = t.text(facts.Repo)
	}
	if found {
		return true
	}
	_, cell := r.column(t.name)
	return cell != nil && (t.field == fieldColumn || !cell.Text.Empty()) && t.safe(cell.Text)
}

var noFacts core.Facts

func (t *term) oneOf(list []string) bool {
	for _, s := range list {
		if t.text(s) {
			return true
		}
	}
	return len(list) == 0 && t.text("")
}

// number is the value of a numeric field; NaN when it is not known.
func (t *term) number(r *row) float64 {
	switch t.field {
	case fieldAge:
		if r.r.Started != 0 {
			return float64(r.now-r.r.Started) / 1e9
		}
		return r.columnNumber(t.name)
	case fieldChanged:
		if r.r.Changed != 0 {
			return float64(r.now-r.r.Changed) / 1e9
		}
		return r.columnNumber(t.name)
	case fieldUsage:
		v := r.value(t.measure)
		if t.limit[0] == core.MeasureNone {
			return v
		}
		limit := r.value(t.limit[0])
		if !(limit > 0) {
			limit = r.value(t.limit[1])
		}
		if !(limit > 0) {
			return math.NaN()
		}
		return v / limit * 100
	}
	return r.columnNumber(t.name)
}

// columnNumber is the number in a column; of an Age column, the age.
func (r *row) columnNumber(name string) float64 {
	c, cell := r.column(name)
	switch {
	case c == nil:
		return math.NaN()
	case c.Usage != core.MeasureNone:
		return r.value(c.Usage)
	case cell == nil:
		return math.NaN()
	case c.Type == core.Age:
		if cell.Num == 0 {
			return math.NaN()
		}
		return float64(r.now)/1e9 - cell.Num
	}
	return cell.Num
}

func (t *term) compare(v float64) bool {
	switch t.cmp {
	case cmpEQ:
		return v == t.num
	case cmpGT:
		return v > t.num
	case cmpGE:
		return v >= t.num
	case cmpLT:
		return v < t.num
	default:
		return v <= t.num
	}
}

// matchText is match for a line of text.
func (t *term) matchText(s string) bool {
	return t.field == fieldAny && t.cmp == cmpNone && t.text(s)
}
