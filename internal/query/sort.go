package query

import (
	"cmp"
	"math"
	"slices"
	"time"

	"devops-tui/internal/core"
)

// Sorter is the order of a list. The zero value is the default order, trouble
// first: what needs a human, then what is in progress, then what changed last
// (to the minute: what flaps does not dance), then by namespace and name.
//
// Column is a column's ID, a measure's name, or one of name, namespace, scope,
// source, kind, status, phase, age, changed. What is not known comes last in
// either direction; equal rows are ordered by namespace, name and place, so
// that an order is always total and the rows do not dance.
type Sorter struct {
	Column string
	Desc   bool
}

// KindFunc finds the declared kind of a row; nil when it is not known.
type KindFunc = func(core.Ref) *core.Kind

// OneKind is the KindFunc of a list of one kind.
func OneKind(k *core.Kind) KindFunc { return func(core.Ref) *core.Kind { return k } }

// NeedsUsage reports whether the order asks for usage; columns are those of
// the kinds that are listed.
func (s Sorter) NeedsUsage(columns []core.Column) bool {
	for _, c := range columns {
		if c.ID == s.Column {
			return c.Usage != core.MeasureNone
		}
	}
	return measureNamed(s.Column) != core.MeasureNone
}

func measureNamed(name string) core.Measure {
	for m := core.MeasureNone + 1; m < core.NumMeasures; m++ {
		if m.String() == name {
			return m
		}
	}
	return core.MeasureNone
}

// key is what one row sorts by: numbers, or text where by is textKey.
type key struct {
	r     *core.Resource
	num   float64 // NaN: not known
	text  string
	at    int32 // in the list that is sorted
	rank  int8  // of the phase, larger first
	since int64
}

// Sort orders rows in place; it is stable. It looks up kind and usage of each
// row once.
func (s Sorter) Sort(rows []*core.Resource, kind KindFunc, usage UsageFunc) {
	keys := make([]key, len(rows))
	for i, r := range rows {
		keys[i] = s.key(r, kind, usage)
		keys[i].at = int32(i)
	}
	// The place in the list decides last, which is stable without the moves of
	// a stable sort.
	order := s.order()
	slices.SortFunc(keys, func(a, b key) int {
		if c := order(a, b); c != 0 {
			return c
		}
		return int(a.at - b.at)
	})
	for i := range keys {
		rows[i] = keys[i].r
	}
}

// Compare is the order as a comparison, for a binary insertion of single rows.
// Sort is cheaper for many.
func (s Sorter) Compare(kind KindFunc, usage UsageFunc) func(a, b *core.Resource) int {
	order := s.order()
	return func(a, b *core.Resource) int { return order(s.key(a, kind, usage), s.key(b, kind, usage)) }
}

// order compares keys.
func (s Sorter) order() func(a, b key) int {
	if s.Column == "" {
		return func(a, b key) int {
			c := cmp.Compare(b.rank, a.rank)
			if c == 0 {
				c = cmp.Compare(b.since, a.since)
			}
			if s.Desc {
				c = -c
			}
			if c == 0 {
				c = byPlace(a.r, b.r)
			}
			return c
		}
	}
	sign := 1
	if s.Desc {
		sign = -1
	}
	return func(a, b key) int {
		// The unknown goes last whatever the direction.
		if an, bn := math.IsNaN(a.num), math.IsNaN(b.num); an || bn {
			if an != bn {
				if an {
					return 1
				}
				return -1
			}
			return byPlace(a.r, b.r)
		}
		c := cmp.Compare(a.num, b.num)
		if c == 0 {
			c = cmp.Compare(b.rank, a.rank)
		}
		if c == 0 {
			c = natural(a.text, b.text)
		}
		if c == 0 {
			return byPlace(a.r, b.r)
		}
		return c * sign
	}
}

// byPlace is the order of rows that are equal otherwise.
func byPlace(a, b *core.Resource) int {
	if c := cmp.Compare(a.Ref.Namespace, b.Ref.Namespace); c != 0 {
		return c
	}
	if c := natural(a.Ref.Name, b.Ref.Name); c != 0 {
		return c
	}
	return a.Ref.Compare(b.Ref)
}

// key makes the key of one row.
func (s Sorter) key(r *core.Resource, kind KindFunc, usage UsageFunc) key {
	k := key{r: r}
	if s.Column == "" {
		k.rank, k.since = int8(r.Trouble()), changed(r)/int64(time.Minute)
		return k
	}
	if kind != nil {
		if decl := kind(r.Ref); decl != nil {
			for i := range decl.Columns {
				if decl.Columns[i].ID == s.Column {
					k.column(&decl.Columns[i], i, usage)
					return k
				}
			}
		}
	}
	k.builtin(s.Column, usage)
	return k
}

// changed is the last change that is known, or the beginning.
func changed(r *core.Resource) int64 {
	if r.Changed != 0 {
		return r.Changed
	}
	return r.Started
}

func (k *key) column(c *core.Column, i int, usage UsageFunc) {
	switch {
	case c.Usage != core.MeasureNone:
		k.num = measured(k.r.Ref, c.Usage, usage)
	case c.Type == core.Name:
		k.text = k.r.Ref.Name
	case i >= len(k.r.Cells):
		k.num = math.NaN()
	case c.Type == core.Status:
		k.rank, k.text = int8(k.r.Trouble()), k.r.Cells[i].Text.String()
	case c.Type == core.Age:
		k.age(k.r.Cells[i].Num)
	case c.Type == core.Text:
		k.words(k.r.Cells[i].Text.String())
	default:
		k.num = k.r.Cells[i].Num
	}
}

// age sorts by how long ago an instant is: the larger the younger.
func (k *key) age(seconds float64) {
	if k.num = -seconds; seconds == 0 {
		k.num = math.NaN()
	}
}

// words sorts by text; an empty cell is not known.
func (k *key) words(s string) {
	if k.text = s; s == "" {
		k.num = math.NaN()
	}
}

func measured(ref core.Ref, m core.Measure, usage UsageFunc) float64 {
	if usage == nil || m >= core.NumMeasures {
		return math.NaN()
	}
	u := usage(ref)
	if u == nil {
		return math.NaN()
	}
	return u.Values[m]
}

// builtin is the key of what every object has.
func (k *key) builtin(name string, usage UsageFunc) {
	r := k.r
	switch name {
	case "name":
		k.text = r.Ref.Name
	case "ns", "namespace":
		k.words(r.Ref.Namespace)
	case "scope", "context", "cluster", "host":
		k.words(r.Ref.Scope)
	case "source":
		k.words(r.Ref.Source)
	case "kind":
		k.words(r.Ref.Kind)
	case "status", "phase":
		k.rank, k.text = int8(r.Trouble()), r.Reason.String()
	case "reason":
		k.words(r.Reason.String())
	case "age":
		k.age(float64(r.Started) / 1e9)
	case "changed":
		k.age(float64(changed(r)) / 1e9)
	case "node":
		if r.Facts != nil {
			k.words(r.Facts.Node)
			return
		}
		k.num = math.NaN()
	default:
		if m := measureNamed(name); m != core.MeasureNone {
			k.num = measured(r.Ref, m, usage)
			return
		}
		k.num = math.NaN()
	}
}

// natural compares texts so that api-2 comes before api-10; upper and lower
// case together.
func natural(a, b string) int {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		x, y := a[i], b[j]
		if isDigit(x) && isDigit(y) {
			var c int
			if c, i, j = compareDigits(a, b, i, j); c != 0 {
				return c
			}
			continue
		}
		if x != y {
			if x, y = lowerASCII(x), lowerASCII(y); x != y {
				return int(x) - int(y)
			}
		}
		i++
		j++
	}
	if c := (len(a) - i) - (len(b) - j); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// compareDigits compares the runs of digits at a[i:] and b[j:] by value, of
// any length, and returns where they end.
func compareDigits(a, b string, i, j int) (c, endA, endB int) {
	for i < len(a) && a[i] == '0' {
		i++
	}
	for j < len(b) && b[j] == '0' {
		j++
	}
	first := 0 // the first digit that differs decides, if the runs are as long
	for i < len(a) && j < len(b) && isDigit(a[i]) && isDigit(b[j]) {
		if first == 0 {
			first = int(a[i]) - int(b[j])
		}
		i++
		j++
	}
	switch more, moreB := i < len(a) && isDigit(a[i]), j < len(b) && isDigit(b[j]); {
	case more:
		return 1, i, j
	case moreB:
		return -1, i, j
	}
	return first, i, j
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
