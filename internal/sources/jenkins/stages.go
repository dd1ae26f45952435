package jenkins

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// mostFirstStages bounds the requests for stages before the first list is complete.
const mostFirstStages = 20

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

// firstStages reads the stages of what runs before the first list is complete, so
// that it tells what waits for a human. What else runs is polled soon after.
func (w *watch) firstStages(ctx context.Context) error {
	type going struct {
		full string
		low  int
	}
	var all []going
	w.mu.Lock()
	served := w.hasStages()
	for full, j := range w.jobs {
		if low, any := j.running(); any && j.isPipeline() && served {
			all = append(all, going{full, low})
		}
	}
	w.mu.Unlock()
	slices.SortFunc(all, func(a, b going) int { return strings.Compare(a.full, b.full) })
	for _, x := range all[:min(len(all), mostFirstStages)] {
		if _, err := w.readJobStages(ctx, x.full, x.low); err != nil {
			return err
		}
	}
	return nil
}

// readJobStages reads the stages of a job's runs; what has ended meanwhile is
// read in full.
func (w *watch) readJobStages(ctx context.Context, full string, since int) (news bool, err error) {
	runs, err := w.readStages(ctx, full, since)
	switch {
	case rest.StatusOf(err) == http.StatusNotFound:
		w.mu.Lock()
		w.stages = plugin{absent: true, at: w.now()}
		w.mu.Unlock()
		return false, nil
	case err != nil && w.fatal(ctx, err):
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
	if err != nil && w.fatal(ctx, err) {
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
	i := w.Wanted()
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
