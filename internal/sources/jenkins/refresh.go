package jenkins

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// refresh reads the builds of jobs: one request for many of the same folder.
func (w *watch) refresh(ctx context.Context, stale []*job) error {
	slices.SortFunc(stale, func(a, b *job) int { // what was built last shows first
		return cmp.Or(cmp.Compare(b.last.Timestamp, a.last.Timestamp), strings.Compare(a.full, b.full))
	})
	byFolder := map[string]int{}
	for _, j := range stale {
		byFolder[j.ns]++
	}
	done := map[string]bool{}
	for _, j := range stale {
		var err error
		switch {
		case byFolder[j.ns] < many || byFolder[j.ns] <= w.sizes[j.ns]/jobsPage: // few of a large folder
			err = w.readJob(ctx, j)
		case !done[j.ns]:
			done[j.ns] = true
			err = w.readJobs(ctx, j.ns)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readJobs reads the builds of all jobs of a folder, page by page. A folder that
// cannot be read this way is read job by job.
func (w *watch) readJobs(ctx context.Context, ns string) error {
	for from := 0; ; from += jobsPage {
		items, err := w.readFolder(ctx, ns, from, w.server.builds)
		if err != nil {
			if w.fatal(ctx, err) {
				return err
			}
			if w.Problem(err).Kind == core.Unsupported { // more than one answer may have
				return w.readEach(ctx, ns)
			}
			w.blame(err, func(j *job) bool { return j.ns == ns })
			return nil
		}
		for k := range items {
			w.mu.Lock()
			j := w.jobs[join(ns, items[k].Name)]
			w.mu.Unlock()
			if j != nil {
				w.merge(j, items[k].Builds, w.server.builds)
			}
		}
		if len(items) < jobsPage {
			return nil
		}
	}
}

// readEach reads the builds of the jobs of a folder one by one.
func (w *watch) readEach(ctx context.Context, ns string) error {
	var all []*job
	w.mu.Lock()
	for _, j := range w.jobs {
		if j.ns == ns && j.seen != j.last {
			all = append(all, j)
		}
	}
	w.mu.Unlock()
	for _, j := range all {
		if err := w.readJob(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// readJob reads the builds of one job: all that are listed, and those that go on.
func (w *watch) readJob(ctx context.Context, j *job) error {
	n := w.server.builds
	w.mu.Lock()
	if low, going := j.running(); going {
		n = min(max(n, j.last.Number-low+1), mostBuilds)
	}
	w.mu.Unlock()
	builds, err := w.readBuilds(ctx, j.full, n)
	if err != nil {
		if w.fatal(ctx, err) {
			return err
		}
		w.blame(err, func(x *job) bool { return x == j })
		return nil
	}
	w.merge(j, builds, n)
	return nil
}

// fatal reports whether an error is the controller's, not that of a job.
func (s *Source) fatal(ctx context.Context, err error) bool {
	switch {
	case ctx.Err() != nil:
		return true
	case rest.StatusOf(err) == http.StatusInternalServerError:
		return false
	}
	switch s.Problem(err).Kind {
	case core.Unreachable, core.Unauthorized, core.Throttled, core.Refused:
		return true
	}
	return false
}

// blame notes that the builds of jobs cannot be read; others go on.
func (w *watch) blame(err error, of func(*job) bool) {
	w.mu.Lock()
	name := ""
	for _, j := range w.jobs {
		if of(j) {
			j.odd, j.seen = true, j.last // not again before it is built again
			if name == "" || j.full < name {
				name = j.full
			}
		}
	}
	w.mu.Unlock()
	p := *w.Problem(err)
	p.Summary = text.Sprintf("builds of %s: %s", name, p.Summary)
	w.blamed = &p
}

// tellOdd says which builds cannot be read, after the list is complete, and takes
// it back when all can be read again.
func (w *watch) tellOdd() {
	w.mu.Lock()
	odd := false
	for _, j := range w.jobs {
		odd = odd || j.odd
	}
	w.mu.Unlock()
	switch {
	case !odd && w.blamed != nil:
		w.blamed = nil
		w.sink.State(ci.KindRun, nil)
	case odd && w.blamed != nil:
		w.sink.State(ci.KindRun, w.blamed)
	}
}

// merge takes the newest builds of a job and tells what has changed.
func (w *watch) merge(j *job, builds []apiBuild, asked int) {
	w.mu.Lock()
	seen := w.serverTime()
	fresh := map[int]ci.Run{}
	var all []ci.Run
	for i := range builds {
		r := w.run(j, &builds[i])
		if r.Phase == core.Pending {
			r.Seen = seen
		}
		if old, ok := j.runs[builds[i].Number]; ok && old.Ref == r.Ref {
			r.Stage = old.Stage
			if r.Phase == core.Pending {
				r.Waits, r.Message, r.Reason = old.Waits, old.Message, old.Reason
			}
		}
		all = append(all, r)
	}
	if len(builds) == asked { // older ones that go on are beyond what was read
		for n, old := range j.runs {
			if !old.Finished() && n < builds[len(builds)-1].Number {
				all = append(all, old)
			}
		}
	}
	ci.MarkPast(all)
	for i := range all {
		if all[i].Usual == 0 { // Jenkins has no estimate of its own
			all[i].Usual = ci.Usual(all)
		}
	}
	var changes []core.Change
	for _, r := range all {
		n := numberOf(r.Ref.Name)
		fresh[n] = r
		if old, ok := j.runs[n]; !ok || !sameRun(old, r) {
			changes = append(changes, upsert(r.Resource()))
		}
	}
	for n, old := range j.runs {
		if r, ok := fresh[n]; !ok || r.Ref != old.Ref {
			changes = append(changes, core.Change{Op: core.Delete, Ref: old.Ref})
		}
	}
	slices.SortStableFunc(changes, func(a, b core.Change) int { return cmp.Compare(b.Op, a.Op) }) // what is gone goes first
	j.runs, j.seen, j.odd = fresh, j.last, false
	if len(builds) > 0 && builds[0].Number > j.last.Number { // newer than the sweep
		b := &builds[0]
		j.last = summary{Number: b.Number, Building: b.Building, Result: b.Result, Timestamp: b.Timestamp}
		j.seen = j.last
	} else if len(builds) > 0 && builds[0].Number == j.last.Number {
		j.last.Building, j.last.Result = builds[0].Building, builds[0].Result
		j.seen = j.last
	}
	w.mu.Unlock()
	if len(changes) > 0 {
		w.sink.Apply(ci.KindRun, changes)
	}
}

func sameRun(a, b ci.Run) bool { return reflect.DeepEqual(a, b) }
