package jenkins

import (
	"context"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	// hotFor is how long a job is watched closely after a change from here.
	hotFor = 30 * time.Second
	// stagesEvery is the least time between two looks at stages that nobody waits for.
	stagesEvery = time.Second
	// pluginRest is how long a missing plugin is not asked for.
	pluginRest = 10 * time.Minute
	keySweep   = "sweep"
	keyQueue   = "queue"
	keyJob     = "job:"
)

// watch is one Run.
type watch struct {
	*Source
	sink      sources.Sink
	plan      *ci.Schedule[string]
	runs      bool // runs have been wanted in this Run
	runListed bool
	flows     bool // workflows are wanted
	stagesAt  time.Time
	told      string            // the version that was told
	blamed    *core.Problem     // why the builds of some jobs cannot be read
	agents    map[core.Ref]bool // runs that wait for an agent, by the last look at the queue
	sizes     map[string]int    // how many jobs and folders each folder has
}

// Run implements sources.Source: a sweep over all jobs finds what has changed,
// and only that is read; what goes on is asked for more often, the more so in
// sight.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	ctx = context.WithValue(ctx, pollKey{}, true)
	w := &watch{Source: s, sink: sink, plan: ci.NewSchedule[string]()}
	for ctx.Err() == nil {
		now := s.now()
		w.classify(now)
		key, due, ok := w.plan.Next()
		stages, at := w.nextStages()
		if stages != "" && (!ok || at.Before(due) && due.After(now)) {
			key, due, ok = "", at, true
		}
		if ok && !due.After(now) {
			if err := w.poll(ctx, key, stages); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			continue
		}
		var timer *time.Timer
		var tick <-chan time.Time
		if ok {
			timer = time.NewTimer(due.Sub(now))
			tick = timer.C
		}
		select {
		case <-ctx.Done():
		case <-tick:
		case <-s.Wants:
		case <-s.Wakes:
			w.stagesAgain()
			w.plan.Wake(s.now())
		}
		if timer != nil {
			timer.Stop()
		}
	}
	return nil
}

// classify says how much is wanted now.
func (w *watch) classify(now time.Time) {
	i := w.Wanted()
	wantRuns, wantFlows := slices.Contains(i.Kinds, ci.KindRun), slices.Contains(i.Kinds, ci.KindWorkflow)
	w.runs = w.runs || wantRuns
	if w.flows && !wantFlows {
		w.sink.Drop(ci.KindWorkflow)
	}
	if wantFlows && !w.flows {
		w.plan.Now(keySweep, now)
	}
	w.flows = wantFlows
	if !w.runs && !w.flows {
		w.plan.Keep(func(string) bool { return false })
		return
	}
	class := ci.Idle
	if wantRuns || wantFlows {
		class = ci.Wanted
	}
	w.plan.Set(keySweep, class, now)
	if !w.runs {
		return
	}
	if !wantRuns {
		class = ci.Idle
	}
	shown := map[string]bool{}
	for _, ref := range i.Shown {
		if ref.Kind == ci.KindRun {
			shown[ref.Namespace+"\x00"+ref.Name] = true
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	keep := map[string]bool{keySweep: true, keyQueue: true}
	queue := class
	for full, until := range w.hot {
		if now.After(until) {
			delete(w.hot, full)
			continue
		}
		queue = ci.Watched
		keep[keyJob+full] = true
		w.plan.Set(keyJob+full, ci.Watched, now)
	}
	for _, q := range w.queue {
		if wantRuns && shown[q.run.Ref.Namespace+"\x00"+q.run.Ref.Name] {
			queue = ci.Watched
		}
	}
	w.plan.Set(keyQueue, queue, now)
	for full, j := range w.jobs {
		if _, going := j.running(); !going || keep[keyJob+full] {
			continue
		}
		c := class
		for _, r := range j.runs {
			if wantRuns && !r.Finished() && shown[r.Ref.Namespace+"\x00"+r.Ref.Name] {
				c = ci.Watched
			}
		}
		keep[keyJob+full] = true
		w.plan.Set(keyJob+full, c, now)
	}
	w.plan.Keep(func(k string) bool { return keep[k] })
	for full := range w.asked {
		w.plan.Now(keyJob+full, now)
		w.plan.Now(keyQueue, now)
		delete(w.asked, full)
	}
}

// poke has a job watched closely for a while: it was changed from here.
func (s *Source) poke(full string) {
	s.mu.Lock()
	s.hot[full] = s.now().Add(hotFor)
	s.asked[full] = s.now()
	s.mu.Unlock()
	s.Wants.Ring()
}

func (w *watch) poll(ctx context.Context, key, stages string) error {
	var err error
	news := false
	switch {
	case key == "":
		w.stagesAt = w.now()
		_, err = w.readJobStages(ctx, stages, 0)
		w.mu.Lock()
		if j := w.jobs[stages]; j != nil {
			j.staged = j.last
		}
		w.mu.Unlock()
	case key == keySweep:
		news, err = w.pollJobs(ctx)
	case key == keyQueue:
		news, err = w.pollQueue(ctx)
	default:
		news, err = w.pollJob(ctx, strings.TrimPrefix(key, keyJob))
	}
	if key != "" {
		w.plan.Done(key, news, w.now())
	}
	if err != nil {
		return err
	}
	w.sink.Alive()
	if v := w.version.Load(); v != nil && *v != w.told {
		w.told = *v
		w.sink.Version(text.Sprintf("Jenkins %s", *v))
	}
	return nil
}

// pollJobs sweeps, and reads the builds of the jobs whose last one is another.
func (w *watch) pollJobs(ctx context.Context) (news bool, err error) {
	found, sizes, err := w.sweep(ctx)
	if err != nil {
		return false, err
	}
	first := w.runs && !w.runListed
	if first {
		w.sink.Begin(ci.KindRun, "")
	}
	var gone []core.Change
	var stale []*job
	w.mu.Lock()
	for full, j := range w.jobs {
		if found[full] != nil {
			continue
		}
		for _, r := range j.runs {
			gone = append(gone, core.Change{Op: core.Delete, Ref: r.Ref})
		}
		delete(w.jobs, full)
	}
	for full, f := range found {
		j := w.jobs[full]
		if j == nil {
			w.jobs[full], j = f, f
		}
		j.class, j.display, j.project, j.buildable, j.last = f.class, f.display, f.project, f.buildable, f.last
		if j.seen != j.last && !(j.last.Number == 0 && len(j.runs) == 0) {
			stale = append(stale, j)
		}
	}
	var known []core.Change
	if first {
		for _, j := range w.jobs {
			for _, r := range j.runs {
				known = append(known, upsert(r.Resource()))
			}
		}
		for _, q := range w.queue {
			known = append(known, upsert(q.run.Resource()))
		}
	}
	w.mu.Unlock()
	if len(gone) > 0 && w.runs {
		w.sink.Apply(ci.KindRun, gone)
	}
	if len(known) > 0 {
		w.sink.Apply(ci.KindRun, known)
	}
	if w.flows {
		w.listFlows()
	}
	if !w.runs {
		return len(gone) > 0 || len(stale) > 0, nil
	}
	w.sizes = sizes
	if err := w.refresh(ctx, stale); err != nil {
		return true, err
	}
	if first {
		if err := w.firstStages(ctx); err != nil {
			return true, err
		}
		if _, err := w.pollQueue(ctx); err != nil {
			return true, err
		}
		w.sink.End(ci.KindRun, "")
		w.runListed = true
	}
	w.tellOdd()
	return len(gone) > 0 || len(stale) > 0, nil
}

func upsert(r *core.Resource) core.Change {
	return core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r}
}

func (w *watch) listFlows() {
	w.sink.Begin(ci.KindWorkflow, "")
	w.mu.Lock()
	var all []core.Change
	for _, j := range w.jobs {
		j.row = w.workflowOf(j)
		all = append(all, upsert(j.row.Resource()))
	}
	w.mu.Unlock()
	w.sink.Apply(ci.KindWorkflow, all)
	w.sink.End(ci.KindWorkflow, "")
}

// pollQueue reads what waits.
func (w *watch) pollQueue(ctx context.Context) (news bool, err error) {
	items, err := w.readQueue(ctx)
	if err != nil {
		if w.fatal(ctx, err) {
			return false, err
		}
		return false, nil
	}
	var changes []core.Change
	left := map[string]bool{}
	w.mu.Lock()
	now := map[int64]*queued{}
	agents := map[core.Ref]bool{}
	for i := range items {
		q := &items[i]
		full, number := q.target()
		j := w.jobs[full]
		if j == nil || q.Cancelled {
			continue
		}
		if number > 0 { // a Pipeline that waits for an agent
			if r, ok := j.runs[number]; ok && !r.Finished() {
				agents[r.Ref] = true
				if r.Message != text.Clean(q.Why) {
					r.Message = text.Clean(q.Why)
					j.runs[number] = r
					changes = append(changes, upsert(r.Resource()))
				}
			}
			continue
		}
		x := &queued{full: full, run: w.item(j, q)}
		now[q.ID] = x
		if old := w.queue[q.ID]; old == nil || !sameRun(old.run, x.run) {
			changes = append(changes, upsert(x.run.Resource()))
		}
	}
	for ref := range w.agents { // they have one now
		name, _, _ := strings.Cut(ref.Name, "/")
		j := w.jobs[join(ref.Namespace, name)]
		if j == nil || agents[ref] {
			continue
		}
		if r, ok := j.runs[numberOf(ref.Name)]; ok && r.Ref == ref && !r.Finished() && len(r.Waits) == 0 {
			r.Message = text.Safe{}
			j.runs[numberOf(ref.Name)] = r
			changes = append(changes, upsert(r.Resource()))
		}
	}
	w.agents = agents
	for id, old := range w.queue {
		if now[id] == nil {
			changes = append(changes, core.Change{Op: core.Delete, Ref: old.run.Ref})
			left[old.full] = true
		}
	}
	w.queue = now
	jobs := make([]*job, 0, len(left))
	for full := range left {
		if j := w.jobs[full]; j != nil {
			jobs = append(jobs, j)
		}
	}
	w.mu.Unlock()
	if len(changes) > 0 {
		w.sink.Apply(ci.KindRun, changes)
	}
	return len(changes) > 0, w.refresh(ctx, jobs) // what it has become shows at once
}
