package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"devops-tui/internal/core"
	"devops-tui/internal/query"
	"devops-tui/internal/sources"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
)

// defaultWait bounds how long a command waits for the sources.
const defaultWait = 15 * time.Second

func snapshotCommand() *command {
	return &command{
		name: "snapshot", args: "[KIND…]", short: "print the state of everything once",
		long: "Without KINDs: what the sources show by default (pods, deployments, containers, projects, runs).\n" +
			"The exit code is 2 when an object failed or a source is down, 69 when no source can be reached.",
		flags: func(fs *pflag.FlagSet) {
			outputFlag(fs, "table", "json")
			fs.Duration("wait", defaultWait, "wait at most `DURATION` for the sources")
			fs.Bool("problems", false, "only what failed or works in part")
			fs.String("filter", "", "only what matches the `QUERY`, as in the cockpit: \"cpu>500m ns:payments\"")
			fs.Bool("wide", false, "all columns")
		},
		run: runSnapshot,
	}
}

// snapshotOptions are what a snapshot shows.
type snapshotOptions struct {
	kinds    []string // nil: the defaults
	wait     time.Duration
	problems bool
	filter   query.Query
	wide     bool
	json     bool
}

func runSnapshot(ctx context.Context, r *run, args []string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	format, err := r.output("table", "json")
	if err != nil {
		return r.usage(err)
	}
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	defer w.close()
	o := snapshotOptions{json: format == "json"}
	o.wait, _ = r.flags.GetDuration("wait")
	o.problems, _ = r.flags.GetBool("problems")
	o.wide, _ = r.flags.GetBool("wide")
	names := w.kindNames()
	for _, k := range args {
		if name, ok := names[k]; ok {
			k = name
		} else if !slices.ContainsFunc(w.infos, sources.Info.MoreKinds) && !w.empty() {
			return r.usage(badUsage("kind", k, declaredNames(names)))
		}
		if !slices.Contains(o.kinds, k) {
			o.kinds = append(o.kinds, k)
		}
	}
	slices.Sort(o.kinds)
	if f, _ := r.flags.GetString("filter"); f != "" {
		if o.filter, err = query.Parse(f, w.columns()); err != nil {
			return r.usage(fmt.Errorf("--filter: %w", err))
		}
	}
	return r.snapshot(ctx, w, o)
}

func declaredNames(names map[string]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(names)))
}

// columns are those of all kinds, for filters.
func (w *world) columns() []core.Column {
	var out []core.Column
	for _, k := range w.kinds() {
		out = append(out, k.Columns...)
	}
	return out
}

// snapshot lists, prints and says how things are.
func (r *run) snapshot(ctx context.Context, w *world, o snapshotOptions) int {
	if w.empty() && !o.json {
		r.nothingFound(w)
		return exitNoSource
	}
	known := map[string]bool{}
	for _, k := range w.kinds() {
		known[k.Name] = true
	}
	interest := core.Interest{Kinds: o.kinds, Usage: o.filter.NeedsUsage()}
	if r.namespace != "" && !r.allNamespaces {
		interest.Namespaces = []string{r.namespace}
	}
	w.hub.Want(interest)
	w.start(ctx)
	snap, complete := w.await(ctx, listing{kinds: o.kinds, known: known, usage: interest.Usage}, o.wait)
	if ctx.Err() != nil {
		return exitInterrupted
	}
	names := w.kindNames()
	for _, k := range o.kinds {
		if _, ok := names[k]; !ok && w.reachable(snap) > 0 {
			return r.usage(badUsage("kind", k, declaredNames(names)))
		}
	}
	s := r.collect(w, snap, o)
	var err error
	if o.json {
		err = writeJSON(r.stdout, s.document(w, snap), true)
	} else {
		r.printSnapshot(w, snap, s, o)
		if !complete {
			fmt.Fprintf(r.stderr, "devops-tui: not everything answered within %s\n", o.wait)
		}
	}
	if err != nil {
		return r.wrote(err)
	}
	switch {
	case w.reachable(snap) == 0:
		return exitNoSource
	case s.failed || w.reachable(snap) < len(w.infos) || s.unhealthy:
		return exitDegraded
	}
	return exitOK
}

// state is what a snapshot found: the tables with the rows that are shown.
type state struct {
	tables    []shownTable
	failed    bool // some object failed, shown or not
	unhealthy bool // some source is not live
}

type shownTable struct {
	*store.Table
	rows []*core.Resource // trouble first
}

// collect chooses and orders the rows.
func (r *run) collect(w *world, snap *store.Snapshot, o snapshotOptions) state {
	var s state
	now := time.Now()
	for _, i := range w.infos {
		if h, ok := snap.HealthOf(i.Instance()); !ok || h.State != core.Live {
			s.unhealthy = true
		}
	}
	for _, t := range snap.Tables {
		if o.kinds != nil && !slices.Contains(o.kinds, t.Key.Kind) {
			continue
		}
		shown := shownTable{Table: t}
		for _, row := range t.Rows {
			if row.Hidden || row.Twin != nil || !r.inNamespace(t.Kind, row.Ref) {
				continue
			}
			s.failed = s.failed || row.Phase == core.Failed && !row.Past
			if o.problems && !row.IsProblem() || !o.filter.Match(row, t.Kind, snap.Usage, now) {
				continue
			}
			shown.rows = append(shown.rows, row)
		}
		query.Sorter{}.Sort(shown.rows, query.OneKind(t.Kind), snap.Usage)
		s.tables = append(s.tables, shown)
	}
	rank := func(t shownTable) int {
		if t.Kind != nil {
			return t.Kind.Rank
		}
		return 0
	}
	slices.SortStableFunc(s.tables, func(a, b shownTable) int {
		if c := rank(a) - rank(b); c != 0 {
			return c
		}
		return 0
	})
	return s
}

// inNamespace reports whether --namespace, which is of clusters, shows the object.
func (r *run) inNamespace(k *core.Kind, ref core.Ref) bool {
	return k != nil && !k.Place.Empty() || r.namespace == "" || r.allNamespaces || ref.Namespace == "" || ref.Namespace == r.namespace
}

// nothingFound says that there is nothing to watch and what to do.
func (r *run) nothingFound(w *world) {
	fmt.Fprintln(r.stderr, "devops-tui: nothing was found to watch")
	for _, f := range w.findings {
		if f.Level == core.FindingOK {
			continue
		}
		line := text.Sprintf("  %s: %s", f.Source, f.Text)
		if !f.Fix.Empty() {
			line = text.Sprintf("%s (%s)", line, f.Fix)
		}
		fmt.Fprintln(r.stderr, line.String())
	}
	fmt.Fprintln(r.stderr, "devops-tui doctor tells what was looked for; devops-tui --demo needs nothing")
}

// plain is what the bare command prints where there is no terminal to draw on:
// a snapshot, of the demo world when nothing real is there.
func (r *run) plain(ctx context.Context) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	if w.empty() && !r.demo && len(r.sources) == 0 {
		w.close()
		r.demo = true
		if w, err = r.open(ctx); err != nil {
			return r.usage(err)
		}
		fmt.Fprintln(r.stdout, "Nothing was found to watch (devops-tui doctor tells why). This is the demo world:")
		fmt.Fprintln(r.stdout)
	}
	defer w.close()
	code := r.snapshot(ctx, w, snapshotOptions{wait: defaultWait})
	open := "devops-tui"
	if w.demo {
		open += " --demo"
	}
	fmt.Fprintf(r.stdout, "\nThis is no terminal to draw on. In one, the cockpit opens with: %s\n", open)
	return code
}
