package logs

import (
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/query"
	"devops-tui/internal/store"
)

// groups are the sections that CI systems divide their logs into, per origin:
// the lines of two jobs may stand between each other. What they cost is one
// number per line, and nothing at all for logs that have none.
//
// A group is folded once it is closed, unless it holds the first error of its
// origin, or a line that is searched for; what the user opened or folded stays so.
type groups struct {
	base  uint64  // number of the line that of[0] stands for
	of    []int32 // the innermost group of each line; -1: none
	all   []group
	open  map[*core.Origin]int32 // the innermost open group of an origin
	erred map[*core.Origin]bool  // its first error has been seen
	user  map[uint64]bool        // folded (true) or opened by the user, by the title's Seq
}

type group struct {
	title  uint64 // number of the line that opens it
	seq    uint64
	origin *core.Origin
	parent int32
	lines  int
	closed bool
	bad    bool // the first error of the origin is in it
	match  bool // something that is searched for is in it
	folded bool // as of the last update
}

// any reports whether there are groups at all.
func (g *groups) any() bool { return len(g.all) > 0 }

// reset forgets all lines, not what the user chose.
func (g *groups) reset() { *g = groups{user: g.user} }

// update takes the lines from a number on and returns the first line whose
// look changed.
func (g *groups) update(v *store.LogView, from uint64, search *query.Query) uint64 {
	to := v.Dropped + uint64(v.Len)
	if g.any() && from < g.base+uint64(len(g.of)) { // lines came between others
		g.reset()
		from = v.Dropped
	}
	if !g.any() {
		first := from
		for first < to && v.At(int(first-v.Dropped)).Group != core.GroupOpen {
			first++
		}
		if first == to {
			return from
		}
		g.begin(v, first)
		from = v.Dropped
	}
	if g.base < v.Dropped { // what the buffer dropped
		g.of = slices.Clone(g.of[min(v.Dropped-g.base, uint64(len(g.of))):])
		g.base = v.Dropped
	}
	for n := g.base + uint64(len(g.of)); n < to; n++ {
		g.add(v.At(int(n-v.Dropped)), n, search)
	}
	return min(from, g.settle(v.Dropped))
}

// begin notes the lines before the first group.
func (g *groups) begin(v *store.LogView, first uint64) {
	g.base, g.of = v.Dropped, make([]int32, first-v.Dropped, v.Len)
	for i := range g.of {
		g.of[i] = -1
	}
	g.open, g.erred = map[*core.Origin]int32{}, map[*core.Origin]bool{}
	if g.user == nil {
		g.user = map[uint64]bool{}
	}
	for n := v.Dropped; n < first; n++ {
		if l := v.At(int(n - v.Dropped)); l.Level >= core.LevelError {
			g.erred[l.Origin] = true
		}
	}
}

func (g *groups) add(l *core.Line, n uint64, search *query.Query) {
	in, ok := g.open[l.Origin]
	if !ok {
		in = -1
	}
	switch l.Group {
	case core.GroupOpen:
		g.all = append(g.all, group{title: n, seq: l.Seq, origin: l.Origin, parent: in})
		in = int32(len(g.all) - 1)
		g.open[l.Origin] = in
		g.of = append(g.of, in)
		return
	case core.GroupClose:
		g.of = append(g.of, in)
		if in >= 0 {
			g.all[in].closed = true
			g.open[l.Origin] = g.all[in].parent
		}
		return
	}
	g.of = append(g.of, in)
	if in < 0 && l.Level < core.LevelError {
		return
	}
	bad := l.Level >= core.LevelError && !g.erred[l.Origin]
	if bad {
		g.erred[l.Origin] = true
		if in < 0 {
			g.blame(l.Origin)
		}
	}
	match := in >= 0 && !search.Empty() && search.MatchText(l.Text.String())
	for ; in >= 0; in = g.all[in].parent {
		x := &g.all[in]
		x.lines++
		x.bad, x.match = x.bad || bad, x.match || match
	}
}

// blame opens the longest group of an origin whose first error stands outside
// of all groups: "ERROR: Job failed" comes when the section is closed in which
// the program said what is wrong.
func (g *groups) blame(o *core.Origin) {
	longest := -1
	for i := range g.all {
		x := &g.all[i]
		if x.origin == o && x.parent < 0 && x.closed && (longest < 0 || x.lines >= g.all[longest].lines) {
			longest = i
		}
	}
	if longest >= 0 {
		g.all[longest].bad = true
	}
}

// search tells the groups what is searched for now.
func (g *groups) search(v *store.LogView, q *query.Query) {
	for i := range g.all {
		g.all[i].match = false
	}
	if !g.any() || q.Empty() {
		return
	}
	for i, in := range g.of {
		if in < 0 || g.all[in].match {
			continue
		}
		l := v.At(i)
		if l.Group == core.GroupNone && q.MatchText(l.Text.String()) {
			for ; in >= 0; in = g.all[in].parent {
				g.all[in].match = true
			}
		}
	}
}

// settle decides what is folded and returns the title of the first group that
// looks different now; a large number if none does.
func (g *groups) settle(dropped uint64) uint64 {
	first := ^uint64(0)
	for i := range g.all {
		x := &g.all[i]
		folded, said := g.user[x.seq]
		if !said {
			folded = x.closed && !x.bad
		}
		if folded = folded && !x.match; folded != x.folded {
			x.folded = folded
			first = min(first, max(x.title, dropped))
		}
	}
	return first
}

// at returns the innermost group of a line; nil: it is in none.
func (g *groups) at(n uint64) *group {
	if i := n - g.base; n >= g.base && i < uint64(len(g.of)) && g.of[i] >= 0 {
		return &g.all[g.of[i]]
	}
	return nil
}

// hides reports whether a line is in a group that is folded. The title of a
// group is hidden by the groups around it only.
func (g *groups) hides(n uint64) bool {
	i := n - g.base
	if n < g.base || i >= uint64(len(g.of)) {
		return false
	}
	in := g.of[i]
	if in >= 0 && g.all[in].title == n {
		in = g.all[in].parent
	}
	for ; in >= 0; in = g.all[in].parent {
		if g.all[in].folded {
			return true
		}
	}
	return false
}

// toggle folds the group that a line is in, or opens it; false: it is in none.
func (g *groups) toggle(n uint64) bool {
	x := g.at(n)
	if x == nil {
		return false
	}
	g.user[x.seq], x.match = !x.folded, x.match && x.folded
	return true
}

// toggleAll folds all groups if one is open, else it opens all.
func (g *groups) toggleAll() (folded bool) {
	folded = slices.ContainsFunc(g.all, func(x group) bool { return !x.folded })
	for i := range g.all {
		x := &g.all[i]
		g.user[x.seq], x.match = folded, x.match && !folded
	}
	return folded
}
