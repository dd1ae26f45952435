package jenkins

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"reflect"
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
	told      string // the version that was told
	odd       string // the job whose builds cannot be read, as State has it
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
		case <-s.want:
		case <-s.wake:
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
	i := w.wanted()
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
	signal(s.want)
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
	found, err := w.sweep(ctx)
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
	if err := w.refresh(ctx, stale); err != nil {
		return true, err
	}
	if first {
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
		case byFolder[j.ns] < many:
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
			if fatal(ctx, err) {
				return err
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
		if fatal(ctx, err) {
			return err
		}
		w.blame(err, func(x *job) bool { return x == j })
		return nil
	}
	w.merge(j, builds, n)
	return nil
}

// fatal reports whether an error is the controller's, not that of a job.
func fatal(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return true
	}
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusInternalServerError} {
		if isStatus(err, status) {
			return false
		}
	}
	return true
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
	w.odd = name
	w.sink.State(ci.KindRun, &p)
}

// tellOdd takes the blame back when all builds can be read again.
func (w *watch) tellOdd() {
	w.mu.Lock()
	odd := false
	for _, j := range w.jobs {
		odd = odd || j.odd
	}
	w.mu.Unlock()
	if !odd && w.odd != "" {
		w.odd = ""
		w.sink.State(ci.KindRun, nil)
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
	ci.Settle(all)
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

// pollQueue reads what waits.
func (w *watch) pollQueue(ctx context.Context) (news bool, err error) {
	items, err := w.readQueue(ctx)
	if err != nil {
		if fatal(ctx, err) {
			return false, err
		}
		return false, nil
	}
	var changes []core.Change
	left := map[string]bool{}
	w.mu.Lock()
	now := map[int64]*queued{}
	for i := range items {
		q := &items[i]
		full, number := q.target()
		j := w.jobs[full]
		if j == nil || q.Cancelled {
			continue
		}
		if number > 0 { // a Pipeline that waits for an agent
			if r, ok := j.runs[number]; ok && !r.Finished() && r.Message != text.Clean(q.Why) {
				r.Message = text.Clean(q.Why)
				j.runs[number] = r
				changes = append(changes, upsert(r.Resource()))
			}
			continue
		}
		x := &queued{full: full, run: w.item(j, q)}
		now[q.ID] = x
		if old := w.queue[q.ID]; old == nil || !sameRun(old.run, x.run) {
			changes = append(changes, upsert(x.run.Resource()))
		}
	}
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

// pollJob asks how the builds of a job stand that go on.
func (w *watch) pollJob(ctx context.Context, full string) (news bool, err error) {
	w.mu.Lock()
	j := w.jobs[full]
	if j == nil {
		w.mu.Unlock()
		return false, nil
	}
	low, going := j.running()
	_, hot := w.hot[full]
	stages := going && j.isPipeline() && w.hasStages()
	w.mu.Unlock()
	if hot || !stages {
		if err := w.readJob(ctx, j); err != nil || !stages {
			return true, err
		}
	}
	return w.readJobStages(ctx, full, low)
}

// readJobStages reads the stages of a job's runs; what has ended meanwhile is
// read in full.
func (w *watch) readJobStages(ctx context.Context, full string, since int) (news bool, err error) {
	runs, err := w.readStages(ctx, full, since)
	switch {
	case isStatus(err, http.StatusNotFound):
		w.mu.Lock()
		w.stages = plugin{absent: true, at: w.now()}
		w.mu.Unlock()
		return false, nil
	case err != nil && fatal(ctx, err):
		return false, err
	case err != nil:
		return false, nil
	}
	w.mu.Lock()
	w.stages.absent = false
	j := w.jobs[full]
	if j == nil {
		w.mu.Unlock()
		return false, nil
	}
	before := maps.Clone(j.runs)
	w.mu.Unlock()
	ended := false
	for i := range runs {
		x := &runs[i]
		old, ok := before[x.number()]
		if !ok {
			ended = ended || since > 0 && x.number() > since
			continue
		}
		r := old
		r.Stage = stageOf(x.Stages)
		if !r.Finished() {
			if x.over() {
				ended = true
				continue
			}
			r.Seen = w.serverTime()
			r.Waits, r.Reason = nil, text.Lit("in_progress")
			if x.Status == "PAUSED_PENDING_INPUT" {
				if r, err = w.waiting(ctx, full, x.number(), r); err != nil {
					return false, err
				}
			}
		}
		if !sameRun(old, r) {
			news = true
			w.mu.Lock()
			j.runs[x.number()] = r
			w.mu.Unlock()
			w.sink.Apply(ci.KindRun, []core.Change{upsert(r.Resource())})
		}
	}
	if ended {
		return true, w.readJob(ctx, j)
	}
	return news, nil
}

// waiting says what a paused run waits for.
func (w *watch) waiting(ctx context.Context, full string, number int, r ci.Run) (ci.Run, error) {
	inputs, err := w.readInputs(ctx, full, number)
	if err != nil && fatal(ctx, err) {
		return r, err
	}
	r.Reason = text.Lit("waiting")
	for _, in := range inputs {
		r.Waits = append(r.Waits, gateWords(&in))
	}
	if len(r.Waits) > 0 {
		r.Message = r.Waits[0]
	}
	return r, nil
}

func gateWords(in *apiInput) text.Safe {
	if m := strings.TrimSpace(in.Message); m != "" {
		first, _, _ := strings.Cut(m, "\n")
		return text.Clean(first)
	}
	return text.Sprintf("input %s", in.ID)
}

// hasStages reports whether the plugin Pipeline: REST API may be there.
func (s *Source) hasStages() bool { return !s.stages.absent || s.now().Sub(s.stages.at) > pluginRest }

func (w *watch) stagesAgain() {
	w.mu.Lock()
	w.stages.absent = false
	w.mu.Unlock()
}

// nextStages is the job in sight whose stages are not known yet, and when it is
// its turn.
func (w *watch) nextStages() (full string, at time.Time) {
	if !w.runListed {
		return "", time.Time{}
	}
	i := w.wanted()
	if !slices.Contains(i.Kinds, ci.KindRun) {
		return "", time.Time{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.hasStages() {
		return "", time.Time{}
	}
	for _, ref := range i.Shown {
		name, _, ok := strings.Cut(ref.Name, "/")
		if ref.Kind != ci.KindRun || !ok {
			continue
		}
		j := w.jobs[join(ref.Namespace, name)]
		if j != nil && j.isPipeline() && j.staged != j.last {
			return j.full, w.stagesAt.Add(stagesEvery)
		}
	}
	return "", time.Time{}
}
