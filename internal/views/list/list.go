// Package list is the pane that every list of the cockpit is: the rows of one
// or several kinds over all sources, filtered, sorted trouble first, marked.
package list

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/query"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Options says what a list shows.
type Options struct {
	Title text.Safe
	Kinds []string
	// Workloads keeps the kinds that their source declares as workloads: a job
	// of a pipeline is none, though it has the name of one.
	Workloads bool
	// Only keeps the rows that it holds for; nil keeps all (the parts of an object).
	Only func(*core.Resource) bool
	// Columns are the columns that are kept, by ID, in this order; nil: all.
	Columns []string
	// Origins says by the columns themselves what kind a row is, and of what
	// system: the list adds no column for the kind.
	Origins bool
	// Empty is what an empty list says; Hint what to do about it.
	Empty, Hint text.Safe
	// Filter shows in an empty filter prompt what can be typed; empty: the usual.
	Filter text.Safe
	// Enter replaces the object page as what enter opens; nil: the page.
	Enter func(*pane.Env, *core.Resource)
}

// List is the pane.
type List struct {
	pane.Base
	o     Options
	table *kit.Table[core.Ref]

	tables  []*store.Table // as of the last Refresh
	columns []column
	order   []*core.Resource // shown rows in order
	total   int              // rows before the filter
	trouble [6]int           // all rows in scope by phase
	marks   map[core.Ref]bool
	markRow int // where the last mark was set, for ranges

	filter   query.Query
	filterIn *kit.Input // the prompt while it is open
	filterAt string     // the filter before the prompt was opened
	filterOn core.Ref   // and what was selected then
	badQuery text.Safe
	problems bool
	sorter   query.Sorter
	scope    pane.Scope

	version  versions
	drawn    drawKey
	usageOf  []core.Ref
	shown    []core.Ref // rows in sight of kinds that are polled
	polled   map[string]bool
	usual    map[string]int // where the usual duration stands in the rows of a kind
	problem  *core.Problem  // why a table is not there
	loading  bool
	staleOf  map[core.Instance]bool
	force    bool
	nameMin  int      // least width of the name column, by the names seen
	settled  bool     // the first list is complete, or the user moved: the selection stays with its row
	away     core.Ref // what was selected when its source began to list afresh
	lastRows map[store.Key][]*core.Resource
}

type versions struct {
	usage, meta uint64
	minute      int64 // Unix minute
}

type drawKey struct {
	w, h    int
	focused bool
	minute  int64
	st      *kit.Styles
}

// New makes a list.
func New(o Options) *List {
	return &List{o: o, table: kit.NewTable[core.Ref](), marks: map[core.Ref]bool{}, force: true, lastRows: map[store.Key][]*core.Resource{}}
}

// lists reports whether objects of the kind belong here.
func (l *List) lists(k *core.Kind) bool {
	return k != nil && !k.Unlisted && slices.Contains(l.o.Kinds, k.Name) && (!l.o.Workloads || k.Workload)
}

// Interest adds the kinds and the rows in sight.
func (l *List) Interest(w *pane.Want) {
	w.Kind(l.o.Kinds...)
	if l.needsUsage() {
		w.Usage = true
	}
	for _, r := range l.usageOf {
		w.UsageOf[r] = true
	}
	for _, r := range l.shown {
		w.Shown[r] = true
	}
}

func (l *List) needsUsage() bool {
	if l.filter.NeedsUsage() {
		return true
	}
	return l.sorter.Column != "" && l.sorter.NeedsUsage(l.decls())
}

// Subject is the selected row.
func (l *List) Subject() core.Ref {
	if id, _, ok := l.table.Selected(); ok {
		return id
	}
	return core.Ref{}
}

// Selected returns the selected row, or nil.
func (l *List) Selected() *core.Resource {
	if _, i, ok := l.table.Selected(); ok && i < len(l.order) {
		return l.order[i]
	}
	return nil
}

// Select moves the selection to an object, at once or as soon as it shows.
func (l *List) Select(ref core.Ref) {
	l.settled = true
	if !l.table.Select(ref) {
		l.table.Want(ref)
	}
}

// Marked is how many rows are marked, in sight or not.
func (l *List) Marked() int { return len(l.marks) }

// Targets are the marked rows in sight; without marks the selected one.
func (l *List) Targets() []core.Ref {
	if len(l.marks) == 0 {
		if r := l.Selected(); r != nil {
			return []core.Ref{r.Ref}
		}
		return nil
	}
	var out []core.Ref
	for _, r := range l.order {
		if l.marks[r.Ref] {
			out = append(out, r.Ref)
		}
	}
	return out
}

// Contexts of a list.
func (l *List) Contexts() []keys.Context {
	if l.filterIn != nil {
		return []keys.Context{keys.Prompt}
	}
	return []keys.Context{keys.List}
}

// SetProblems keeps problems only, or all.
func (l *List) SetProblems(e *pane.Env, on bool) {
	if l.problems != on {
		l.problems, l.force = on, true
		l.Refresh(e)
	}
}

// SetFilter sets the filter; what cannot be parsed is told and not applied.
func (l *List) SetFilter(e *pane.Env, s string) {
	q, err := query.Parse(s, l.decls())
	l.badQuery = text.Safe{}
	if err != nil {
		l.badQuery = text.Error(err)
	} else {
		l.filter, l.force = q, true
	}
	l.Refresh(e)
	l.table.Invalidate()
}

// Filter is the filter in force, as it was typed; raw text.
func (l *List) Filter() string { return l.filter.String() }

// settle keeps the worst row selected until the first list is complete: what
// comes first over the wire is not what needs a human first.
func (l *List) settle(n *store.Snapshot) {
	if l.settled {
		return
	}
	l.table.Home()
	for i, kinds := range n.Kinds {
		if h, _ := n.HealthOf(i); h.State == core.Stale || h.State == core.Down {
			continue
		}
		for _, k := range kinds {
			if !l.lists(&k) {
				continue
			}
			if t := n.Table(store.Key{Instance: i, Kind: k.Name}); t == nil || !t.State.Listed && t.State.Problem == nil {
				return
			}
		}
	}
	l.settled = len(l.tables) > 0
}

// Head says what is shown of how many.
func (l *List) Head(e *pane.Env) pane.Head {
	h := pane.Head{Title: l.o.Title}
	n := text.Int(l.total)
	if len(l.order) != l.total {
		n = text.Sprintf("%d of %d", len(l.order), l.total)
	}
	h.Info = append(h.Info, kit.Span{Tok: themes.Muted, Text: n})
	for _, p := range []core.Phase{core.Failed, core.Degraded, core.Pending} {
		if c := l.trouble[p]; c > 0 {
			h.Info = append(h.Info, kit.Span{Tok: kit.PhaseToken(p), Text: text.Sprintf(" %d%s", c, glyph(e.Styles.PhaseGlyph(p)))})
		}
	}
	if l.loading {
		h.Info = append(h.Info, kit.Span{Tok: themes.Pending, Text: text.Lit(" loading")})
	}
	if len(l.marks) > 0 {
		h.Right = append(h.Right, kit.Span{Tok: themes.Mark, Text: text.Sprintf("%d marked ", len(l.marks))})
	}
	if l.problems {
		h.Right = append(h.Right, kit.Span{Tok: themes.Degraded, Text: text.Lit("problems only ")})
	}
	if !l.filter.Empty() && l.filterIn == nil {
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: text.Sprintf("/%s", l.filter.String())})
	}
	if len(l.order) > 0 {
		h.Bottom = []kit.Span{{Tok: themes.Muted, Text: l.table.Position()}}
	}
	return h
}

func glyph(g kit.Glyph) text.Safe { return text.Clean(g.String()) }

// Draw returns the table, the prompt of an open filter below it, or why there
// is nothing.
func (l *List) Draw(e *pane.Env, w, h int, focused bool) kit.Block {
	key := drawKey{w, h, focused, e.Now.Unix() / 60, e.Styles}
	if key != l.drawn {
		l.drawn = key
		l.table.Invalidate()
	}
	l.table.SetFocused(focused)
	rows := h
	var prompt kit.Block
	if l.filterIn != nil || !l.badQuery.Empty() {
		prompt = l.promptLine(e, w)
		rows -= len(prompt)
	}
	rowsBlock := l.table.Draw(e.Styles, w, max(rows, 0))
	if len(l.order) == 0 {
		rowsBlock = l.emptyBlock(e, w, max(rows, 0))
	}
	l.see(e)
	if len(prompt) == 0 {
		return rowsBlock
	}
	return kit.Stack(rowsBlock, prompt)
}

// see notes which rows are in sight, for the usage streams and for sources
// that poll.
func (l *List) see(*pane.Env) {
	measured := slices.ContainsFunc(l.columns, func(c column) bool { return c.decl.Usage != core.MeasureNone })
	l.usageOf, l.shown = l.usageOf[:0], l.shown[:0]
	if !measured && len(l.polled) == 0 {
		return
	}
	from, to := l.table.Window()
	for i := from; i < to && i < len(l.order); i++ {
		ref := l.order[i].Ref
		if measured {
			l.usageOf = append(l.usageOf, ref)
		}
		if l.polled[ref.Kind] {
			l.shown = append(l.shown, ref)
		}
	}
}

// awaited reports whether a source that has the kinds did not answer yet.
func (l *List) awaited(n *store.Snapshot) bool {
	for _, h := range n.Health {
		if h.State == core.Connecting && slices.ContainsFunc(n.Kinds[h.Instance], func(k core.Kind) bool { return l.lists(&k) }) {
			return true
		}
	}
	return false
}

func (l *List) promptLine(e *pane.Env, w int) kit.Block {
	b := kit.NewBuilder(e.Styles, w)
	if l.filterIn == nil {
		b.Text(themes.Failed, l.badQuery)
		return kit.Block{b.Line()}
	}
	var out kit.Block
	if !l.badQuery.Empty() {
		out = append(out, kit.NewBuilder(e.Styles, w).Text(themes.Warn, l.badQuery).Line())
	}
	line, _ := l.filterIn.Draw(e.Styles, w)
	return append(out, line)
}

func (l *List) emptyBlock(e *pane.Env, w, h int) kit.Block {
	say, hint := l.o.Empty, l.o.Hint
	tok := themes.Muted
	switch {
	case l.problem != nil:
		say, hint, tok = l.problem.Summary, l.problem.Hint, themes.Failed
	case l.loading:
		say, hint = text.Lit("loading…"), text.Safe{}
	case l.awaited(e.Snap):
		say, hint = text.Lit("connecting…"), text.Safe{}
	case l.problems && l.total > 0:
		say, hint, tok = text.Lit("no problems"), text.Lit("* shows everything again"), themes.OK
	case !l.filter.Empty() && l.total > 0:
		say, hint = text.Sprintf("nothing of %d matches /%s", l.total, l.filter.String()), text.Lit("esc clears the filter")
	}
	return pane.Message(e.Styles, w, h, kit.Span{Tok: tok, Text: say}, kit.Span{Tok: themes.Muted, Text: hint})
}

// Mouse selects, sorts by a click on a heading, and scrolls.
func (l *List) Mouse(e *pane.Env, m tea.MouseMsg, x, y int) tea.Cmd {
	switch m := m.(type) {
	case tea.MouseWheelMsg:
		l.away = core.Ref{}
		if m.Button == tea.MouseWheelUp {
			l.table.Scroll(-3)
		} else if m.Button == tea.MouseWheelDown {
			l.table.Scroll(3)
		}
	case tea.MouseClickMsg:
		l.settled, l.away = true, core.Ref{}
		hit := l.table.At(x, y)
		if hit.Header && hit.Column >= 0 && hit.Column < len(l.columns) {
			l.sortBy(e, hit.Column)
		} else if hit.Row >= 0 {
			l.table.MoveTo(hit.Row)
		}
	}
	return nil
}
