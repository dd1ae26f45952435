package list

import (
	"math"
	"slices"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// column is one column of the list: declared by a source, or added by us
// (kind, scope, namespace).
type column struct {
	decl   core.Column
	own    ownColumn
	needed bool // a scope that tells objects of one kind apart
	// at is the index of the cell in a row of each kind; -1 where the kind has
	// no such column.
	at map[string]int
}

type ownColumn uint8

const (
	declared ownColumn = iota
	ownKind
	ownScope
	ownNamespace
)

// runPriority is how early a column of runs is hidden.
var runPriority = map[string]int{"stage": 2, "age": 3, "branch": 4, "number": 5, "system": 6, "duration": 7, "title": 8, "author": 9, "commit": 10, "usual": 11}

// priority is how early the column is hidden when space is short: never (0) for
// what says which object and how it is, then the larger the earlier.
func (c column) priority(i int, runs bool) int {
	switch n, run := runPriority[c.decl.ID]; {
	case c.decl.Type == core.Name, c.decl.Type == core.Status:
		return 0
	case runs && c.own == ownNamespace: // the name alone says little: every repository has a "ci"
		return 1
	case runs && run:
		return n
	case c.own == ownScope && c.needed: // the same names may stand in several: without it they look alike
		return 2
	case c.own == ownScope:
		return 8
	case c.own == ownNamespace:
		return 6
	case c.own == ownKind:
		return 9
	case c.decl.ID == "ready", c.decl.ID == "restarts":
		return 1
	case c.decl.Type == core.Age:
		return 3
	case c.decl.Usage != core.MeasureNone:
		return 4
	default:
		return 10 + i
	}
}

// decls are the declared columns, for the filter language.
func (l *List) decls() []core.Column {
	out := make([]core.Column, 0, len(l.columns))
	for _, c := range l.columns {
		if c.own == declared {
			out = append(out, c.decl)
		}
	}
	return out
}

// buildColumns joins the columns of the kinds by ID, in the order of the first
// kind that has them.
func (l *List) buildColumns(n *store.Snapshot) {
	kinds := map[string]*core.Kind{}
	var names []string
	namespaced := false
	var place text.Safe // what the namespaces of all kinds are called
	instances, of := map[core.Instance]bool{}, map[string]int{}
	l.polled, l.usual = nil, nil
	measured := false // some instance has usage: columns that stay empty are left out
	for i, ks := range n.Kinds {
		for j := range ks {
			k := &ks[j]
			if !l.lists(k) {
				continue
			}
			instances[i] = true
			twin := k.Name
			if l.o.Origins { // the columns tell the systems apart
				twin += " " + i.Source
			}
			of[twin]++
			if k.Polled {
				l.polled = with(l.polled, k.Name, true)
			}
			measured = measured || n.NoUsage(i) == nil
			if old := kinds[k.Name]; old == nil || len(k.Columns) > len(old.Columns) {
				kinds[k.Name] = k
			}
			if k.Namespaced {
				title := k.Place
				if title.Empty() {
					title = text.Lit("NAMESPACE")
				}
				if namespaced && title != place {
					title = text.Lit("PLACE")
				}
				namespaced, place = true, title
			}
		}
	}
	for name, k := range kinds {
		if at := slices.IndexFunc(k.Columns, func(c core.Column) bool { return c.ID == "usual" && c.Type == core.Duration }); at >= 0 {
			l.usual = with(l.usual, name, at)
		}
	}
	for _, k := range l.o.Kinds {
		if kinds[k] != nil {
			names = append(names, k)
		}
	}
	var cols []column
	if len(names) > 1 && !l.o.Origins {
		cols = append(cols, column{own: ownKind, decl: core.Column{ID: "kind", Title: text.Lit("KIND")}})
	}
	if len(instances) > 1 && (l.scope.Instance == core.Instance{}) {
		several := false
		for _, n := range of {
			several = several || n > 1
		}
		cols = append(cols, column{own: ownScope, needed: several, decl: core.Column{ID: "scope", Title: text.Lit("SCOPE"), Wide: l.o.Origins && !several}})
	}
	if namespaced && l.scope.Namespace == "" {
		cols = append(cols, column{own: ownNamespace, decl: core.Column{ID: "ns", Title: place}})
	}
	for _, name := range names {
		for at, decl := range kinds[name].Columns {
			if l.o.Columns != nil && !slices.Contains(l.o.Columns, decl.ID) || decl.Usage != core.MeasureNone && !measured {
				continue
			}
			i := slices.IndexFunc(cols, func(c column) bool { return c.own == declared && c.decl.ID == decl.ID })
			if i < 0 {
				cols = append(cols, column{decl: decl, at: map[string]int{}})
				i = len(cols) - 1
			}
			cols[i].at[name] = at
		}
	}
	if l.o.Columns != nil {
		slices.SortStableFunc(cols, func(a, b column) int { return l.rank(a) - l.rank(b) })
	}
	l.columns = cols
	l.setColumns()
}

// with sets an entry of a map that is made when it gets its first one.
func with[V any](m map[string]V, key string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = v
	return m
}

// rank orders the kept columns as the options name them; our own come first.
func (l *List) rank(c column) int {
	if c.own != declared {
		return -1
	}
	return slices.Index(l.o.Columns, c.decl.ID)
}

// setColumns tells the table, with the sort mark where it belongs.
func (l *List) setColumns() {
	out := make([]kit.Column, len(l.columns))
	runs := slices.ContainsFunc(l.columns, func(c column) bool { return c.decl.Type == core.Stages })
	// where a title says more than the name of a workflow, the title gets the spare width
	titled := runs && slices.ContainsFunc(l.columns, func(c column) bool { return c.own == declared && c.decl.Flex && c.decl.Type != core.Name })
	for i, c := range l.columns {
		k := kit.Column{ID: c.decl.ID, Title: c.decl.Title, Min: c.decl.Min, Flex: c.decl.Flex || c.decl.Type == core.Name, Wide: c.decl.Wide, Priority: c.priority(i, runs)}
		switch c.decl.Type {
		case core.Number, core.Bytes, core.CPU, core.Percent, core.Age, core.Duration:
			k.Right = true
		case core.Name:
			k.Min = max(k.Min, l.nameMin)
			k.Flex = !titled
		case core.Stages:
			k.Max = maxStages
		}
		if c.own == ownNamespace || c.own == ownScope {
			k.Max = 24
		}
		if c.decl.ID == l.sorter.Column && l.sorter.Column != "" {
			k.Sort = kit.Ascending
			if l.sorter.Desc {
				k.Sort = kit.Descending
			}
		}
		out[i] = k
	}
	l.table.SetColumns(out...)
}

// maxNameMin is how much of the longest name keeps its place before other
// columns do: names are what a list is read by.
const maxNameMin = 30

// fitNames makes room for the names; it only grows, so that columns do not flap.
func (l *List) fitNames() {
	longest := l.nameMin
	name := slices.IndexFunc(l.columns, func(c column) bool { return c.own == declared && c.decl.Type == core.Name })
	for _, r := range l.order {
		n := len(r.Ref.Name)
		if name >= 0 { // a run is called by its workflow
			if at, ok := l.columns[name].at[r.Ref.Kind]; ok && at < len(r.Cells) {
				n = min(n, len(r.Cells[at].Text.String()))
			}
		}
		if n > longest {
			longest = n
			if n >= maxNameMin {
				break
			}
		}
	}
	if longest = min(longest, maxNameMin); longest != l.nameMin {
		l.nameMin = longest
		l.setColumns()
	}
}

// source gives the table its rows; it lives as long as one snapshot.
type source struct {
	l     *List
	snap  *store.Snapshot
	now   time.Time
	glyph func(*core.Resource) kit.Glyph
	// slower stands before a duration that is longer than usual.
	slower kit.Glyph
	// waits stands for the phase of what a human must answer.
	waits kit.Glyph
}

// stageCells is the widest stage bar, maxStages that with the stage's name.
const (
	stageCells = 6
	maxStages  = 20
)

// From how many times the usual duration on one stands out, and by how many
// seconds at least: twice a second is no news.
const (
	slowFactor = 1.5
	slowLeast  = 10
)

// slow reports whether something takes much longer than it usually does.
func (l *List) slow(r *core.Resource, took *core.Cell) bool {
	at, ok := l.usual[r.Ref.Kind]
	return ok && at < len(r.Cells) && Slow(took.Num, r.Cells[at].Num)
}

// Slow reports whether a duration stands out against the usual one; both in
// seconds.
func Slow(took, usual float64) bool {
	return usual > 0 && took > slowFactor*usual && took-usual >= slowLeast
}

// StagesOf reads a cell of type Stages.
func StagesOf(c *core.Cell) (done, total int) {
	n := c.Num
	if !(n > 0) || n > 1e9 {
		return 0, 0
	}
	total, done = int(n)/1000, int(n)%1000
	return min(done, total), total
}

func (s source) Len() int          { return len(s.l.order) }
func (s source) ID(i int) core.Ref { return s.l.order[i].Ref }

func (s source) Index(id core.Ref) int {
	for i, r := range s.l.order {
		if r.Ref == id {
			return i
		}
	}
	// The object was replaced (a new life at the same place): stay with it.
	for i, r := range s.l.order {
		if r.Ref.Name == id.Name && r.Ref.SameObject(id) {
			return i
		}
	}
	return -1
}

func (s source) Row(i int, row *kit.Row) {
	r := s.l.order[i]
	row.Glyph, row.GlyphTok = s.glyph(r), kit.RowToken(r)
	if r.Facts != nil && len(r.Facts.Waits) > 0 {
		row.Glyph, row.GlyphTok = s.waits, themes.Degraded
	}
	plain := themes.FG
	if r.Past {
		plain = themes.Muted
	}
	row.Marked = s.l.marks[r.Ref]
	row.Stale = s.l.staleOf[r.Ref.Instance()]
	var usage *core.Usage
	asked := false
	for j, c := range s.l.columns {
		cell := &row.Cells[j]
		cell.Tok = plain
		switch c.own {
		case ownKind:
			cell.Text, cell.Tok = text.Clean(r.Ref.Kind), themes.Muted
			continue
		case ownScope:
			cell.Text, cell.Tok = text.Clean(r.Ref.Scope), themes.Muted
			continue
		case ownNamespace:
			cell.Text, cell.Tok = text.Clean(r.Ref.Namespace), themes.Muted
			continue
		}
		if c.decl.Usage != core.MeasureNone {
			if !asked {
				usage, asked = s.snap.Usage(r.Ref), true
			}
			if usage != nil {
				cell.Text, cell.Tok = measure(usage, c.decl)
			}
			continue
		}
		at, ok := c.at[r.Ref.Kind]
		if !ok || at >= len(r.Cells) {
			continue
		}
		if c.decl.Type != core.Stages { // a picture, and the text as it is
			cell.Text = Value(&r.Cells[at], c.decl.Type, s.now)
		}
		switch c.decl.Type {
		case core.Status:
			if !r.Past {
				cell.Tok = kit.WordToken(r.Phase)
			}
			if cell.Text.Empty() {
				cell.Text = r.Reason
			}
		case core.Stages:
			cell.Tok = kit.RowToken(r)
			if done, total := StagesOf(&r.Cells[at]); total > 0 {
				cell.Pic = kit.Pic{Kind: kit.Stages, Value: float64(done), Max: float64(total), Cells: stageCells}
			}
			cell.Text = r.Cells[at].Text
		case core.Age:
			cell.Tok = themes.Muted
		case core.Duration:
			cell.Tok = themes.Muted
			if c.decl.ID == "duration" && s.l.slow(r, &r.Cells[at]) {
				cell.Text, cell.Tok = text.Concat(s.slower.Safe(), cell.Text), themes.Degraded
			}
		case core.Number:
			if c.decl.ID == "restarts" && r.Cells[at].Num > 0 {
				cell.Tok = themes.Degraded
			}
		}
	}
}

// Value is the text of a declared cell.
func Value(c *core.Cell, t core.ColumnType, now time.Time) text.Safe {
	switch t {
	case core.Age:
		if c.Num <= 0 {
			return text.Safe{}
		}
		sec, frac := math.Modf(c.Num)
		return text.Age(now.Sub(time.Unix(int64(sec), int64(frac*1e9))))
	case core.Duration:
		if c.Text.Empty() && c.Num > 0 {
			return text.Duration(time.Duration(c.Num * float64(time.Second)))
		}
	case core.Stages:
		if done, total := StagesOf(c); total > 0 {
			of := text.Sprintf("%d of %d", done, total)
			if c.Text.Empty() {
				return of
			}
			return text.Sprintf("%s · %s", c.Text, of)
		}
	case core.Bytes:
		if c.Text.Empty() {
			return text.Bytes(c.Num)
		}
	case core.CPU:
		if c.Text.Empty() {
			return text.CPU(c.Num)
		}
	case core.Percent:
		if c.Text.Empty() && !math.IsNaN(c.Num) {
			return text.Sprintf("%.0f%%", c.Num)
		}
	case core.Number:
		if c.Text.Empty() && c.Num >= 0 { // below, or NaN: not known
			return text.Sprintf("%.0f", c.Num)
		}
	}
	return c.Text
}

// measure is the text of a usage cell; near the limit it is coloured.
func measure(u *core.Usage, decl core.Column) (text.Safe, themes.Token) {
	v := u.Values[decl.Usage]
	tok := themes.FG
	if math.IsNaN(v) {
		return text.Safe{}, tok
	}
	limit := 0.0
	switch decl.Usage {
	case core.CPUUsed:
		limit = u.Values[core.CPULimit]
	case core.MemUsed:
		limit = u.Values[core.MemLimit]
	}
	if limit > 0 {
		switch share := v / limit; {
		case share >= 0.95:
			tok = themes.Failed
		case share >= 0.8:
			tok = themes.Degraded
		}
	}
	if decl.Type == core.Percent {
		if limit <= 0 {
			return text.Safe{}, tok
		}
		return text.Sprintf("%.0f%%", 100*v/limit), tok
	}
	return MeasureText(decl.Usage, v), tok
}

// MeasureText writes a value in the unit of its measure.
func MeasureText(m core.Measure, v float64) text.Safe {
	switch m {
	case core.CPUUsed, core.CPULimit, core.CPURequest:
		return text.CPU(v)
	case core.MemUsed, core.MemLimit, core.MemRequest:
		return text.Bytes(v)
	case core.NetRx, core.NetTx, core.BlockRead, core.BlockWrite:
		return text.Concat(text.Bytes(v), text.Lit("/s"))
	case core.LatencyP95:
		return text.Duration(time.Duration(v * float64(time.Second)))
	case core.RequestRate, core.ErrorRate:
		return text.Sprintf("%.3g/s", v)
	default:
		return text.Sprintf("%.0f", v)
	}
}

var _ pane.Pane = (*List)(nil)
