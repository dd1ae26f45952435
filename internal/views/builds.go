package views

import (
	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/list"
	"devops-tui/internal/views/pane"
)

// runKinds are what brings something new from a commit to where it runs: one
// list, whatever system they are of.
var runKinds = []string{"run", "application", "rollout"}

// The columns of runs, and those that a pane among others has room for.
var (
	runColumns = []string{
		"name", "system", "number", "branch", "commit", "stage", "status", "duration", "usual", "author", "title", "event", "mine", "attempt", "age",
	}
	shortRunColumns = []string{"name", "system", "number", "branch", "commit", "stage", "status", "duration", "age"}
)

var (
	filterRuns   = text.Lit("mine  failed  running  waiting  branch:main  repo:acme/shop  duration>10m  age<2h  !bot")
	noPipelines  = text.Lit("no pipeline source")
	howToConnect = text.Lit("devops-tui doctor tells how to connect GitHub, GitLab, Jenkins, Argo CD")
)

// builds is the list of runs; short: of a pane among others.
func (m *Model) builds(short bool) *list.List {
	o := list.Options{Title: text.Lit("Builds"), Kinds: runKinds, Columns: runColumns, Origins: true, Filter: filterRuns, Empty: noPipelines, Hint: howToConnect}
	if short {
		o.Columns = shortRunColumns
	}
	return list.New(o)
}

// waits reports whether a human must answer before the object goes on.
func waits(r *core.Resource) bool { return r.Facts != nil && len(r.Facts.Waits) > 0 }

// waitCount counts what waits for a human. Rows are looked at again only where
// their table is another one.
type waitCount struct {
	snap   *store.Snapshot
	scope  pane.Scope
	n      int
	tables []*store.Table // that were counted
	counts []int
}

func (c *waitCount) of(e *pane.Env) (n int) {
	switch {
	case c.scope != e.Scope:
		*c = waitCount{scope: e.Scope}
	case c.snap == e.Snap:
		return c.n
	}
	at := 0
	for _, kind := range runKinds {
		for _, t := range e.Snap.OfKind(kind) {
			if at == len(c.tables) {
				c.tables, c.counts = append(c.tables, nil), append(c.counts, 0)
			}
			if c.tables[at] != t {
				c.tables[at], c.counts[at] = t, c.in(t)
			}
			n += c.counts[at]
			at++
		}
	}
	c.snap, c.n = e.Snap, n
	return n
}

func (c *waitCount) in(t *store.Table) (n int) {
	for _, r := range t.Rows {
		if waits(r) && c.scope.Lists(t.Kind, r) {
			n++
		}
	}
	return n
}

// buildsPage is the Builds view: runs, what of them waits for a human, and the
// kinds behind them, as far as some source has them.
func (m *Model) buildsPage() *page {
	p := &page{title: text.Lit("Builds"), slots: []slot{
		{title: text.Lit("Runs"), pane: m.builds(false)},
		{title: text.Lit("Waiting"), count: new(waitCount).of, make: func() pane.Pane {
			return list.New(list.Options{
				Title: text.Lit("Waiting for you"), Kinds: runKinds, Columns: runColumns, Origins: true, Filter: filterRuns, Only: waits,
				Empty: text.Lit("nothing waits for you"), Hint: text.Lit("gates, inputs and manual jobs that a human must answer stand here"),
			})
		}},
	}}
	p.more = m.moreBuilds
	return p
}

// moreBuilds adds the tabs of the kinds that a source has by now.
func (m *Model) moreBuilds(p *page) {
	for _, kind := range []string{"application", "rollout", "workflow", "environment"} {
		if p.has[kind] || m.kindDecl(kind) == nil {
			continue
		}
		if p.has == nil {
			p.has = map[string]bool{}
		}
		p.has[kind] = true
		s := m.kindSlot(kind)
		p.slots = append(p.slots, s)
	}
}
