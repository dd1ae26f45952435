package gitlab

import (
	"context"
	"strconv"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// PlanCancel implements sources.Canceller for pipelines and jobs.
// API: docs.gitlab.com/api/pipelines "Cancel all jobs for a pipeline",
// docs.gitlab.com/api/jobs "Cancel a job"
func (s *Source) PlanCancel(ctx context.Context, ref core.Ref, how core.Cancel) (*core.Operation, error) {
	switch ref.Kind {
	case ci.KindRun:
		if how.Force {
			return nil, invalid(text.Lit("GitLab has no forced cancel of a pipeline"), text.Lit("cancel it, then force the job that does not end"))
		}
		return s.planCancelRun(ctx, ref)
	case ci.KindJob:
		return s.planCancelJob(ctx, ref, how.Force)
	}
	return nil, unsupported(ref.Kind, "cancel")
}

func (s *Source) planCancelRun(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	_, x, jobs, err := s.run(ctx, ref)
	if err != nil {
		return nil, err
	}
	id := x.p.ID
	if isOver(x.p.Status) {
		return nil, conflict(text.Sprintf("pipeline %d has ended: %s", id, x.p.Status))
	}
	var going []text.Safe
	var running []apiJob
	children := 0
	for _, j := range latest(jobs) {
		if isOver(j.Status) {
			continue
		}
		if j.Status == "running" || j.Status == "pending" {
			going = append(going, text.Clean(j.Name))
			running = append(running, j)
		}
		if j.bridge {
			children++
		}
	}
	p := core.Plan{
		Verb: core.VerbCancel, Target: s.ref(ci.KindRun, ref.Namespace, ref.Name, strconv.Itoa(id)), Rev: x.p.Status, Danger: 1,
		Title:    text.Sprintf("Cancel pipeline %d", id),
		Changes:  []core.FieldChange{{Field: text.Lit("pipeline"), Before: text.Clean(x.p.Status), After: text.Lit("canceled")}},
		Impact:   []text.Safe{text.Lit("nothing runs now: what waits is not begun")},
		UndoHint: text.Lit("cannot be undone: R runs the cancelled jobs again from their beginning"),
	}
	if len(going) > 0 {
		p.Impact = []text.Safe{text.Sprintf("what ends in the middle (%d): %s", len(going), text.Join(text.Lit(", "), going...))}
	}
	if children > 0 {
		p.Impact = append(p.Impact, text.Lit("its child pipelines are cancelled too"))
	}
	s.halts(ctx, &p, ref.Namespace, running...)
	c := &change{
		s: s, path: ref.Namespace, run: id, request: rest.Request{Path: project(ref.Namespace, "pipelines", strconv.Itoa(id), "cancel")},
		check: func(ctx context.Context) error {
			now, err := s.fresh(ctx, ref.Namespace, id)
			if err == nil && isOver(now.Status) {
				return conflict(text.Sprintf("pipeline %d has ended meanwhile: %s", id, now.Status))
			}
			return err
		},
		verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.followState(ctx, report, func() (string, error) {
				now, err := s.fresh(ctx, ref.Namespace, id)
				return now.Status, err
			}, cancelled)
		},
	}
	return c.operation(p), nil
}

// cancelled judges a status after a cancel.
func cancelled(state string) core.Outcome {
	switch state {
	case "canceled":
		return core.OutcomeHealthy
	case "success", "failed", "skipped":
		return core.OutcomeFailed // it ended before
	}
	return core.OutcomeUnknown
}

func (s *Source) planCancelJob(ctx context.Context, ref core.Ref, force bool) (*core.Operation, error) {
	j, _, _, err := s.job(ctx, ref)
	if err != nil {
		return nil, err
	}
	if isOver(j.Status) {
		return nil, conflict(text.Sprintf("%s has ended: %s", j.Name, j.Status))
	}
	if force && j.Status != "canceling" {
		return nil, conflict(text.Sprintf("only a job that is being cancelled can be forced: %s is %s", j.Name, j.Status))
	}
	p := core.Plan{
		Verb: core.VerbCancel, Target: s.ref(ci.KindJob, ref.Namespace, ref.Name, strconv.Itoa(j.ID)), Rev: j.Status, Danger: 1,
		Title:    text.Sprintf("Cancel %s of pipeline %d", j.Name, j.Pipeline.ID),
		Changes:  []core.FieldChange{{Field: text.Clean(j.Name), Before: text.Clean(j.Status), After: text.Lit("canceled")}},
		Impact:   []text.Safe{text.Lit("what comes after it is skipped, unless it may fail")},
		UndoHint: text.Lit("cannot be undone: R runs it again from its beginning"),
	}
	if j.Status == "running" || j.Status == "pending" {
		s.halts(ctx, &p, ref.Namespace, j)
	}
	r := rest.Request{Path: project(ref.Namespace, "jobs", strconv.Itoa(j.ID), "cancel")}
	if force {
		r.Body = map[string]any{"force": true}
		p.Warnings = append(p.Warnings, text.Lit("forced: what its after_script would tidy up stays"))
	}
	c := &change{
		s: s, path: ref.Namespace, run: j.Pipeline.ID, request: r,
		check: func(ctx context.Context) error {
			now, err := s.jobByID(ctx, ref.Namespace, j.ID)
			if err == nil && isOver(now.Status) {
				return conflict(text.Sprintf("%s has ended meanwhile: %s", j.Name, now.Status))
			}
			return err
		},
		verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.followState(ctx, report, func() (string, error) {
				now, err := s.jobByID(ctx, ref.Namespace, j.ID)
				return now.Status, err
			}, cancelled)
		},
	}
	return c.operation(p), nil
}

// halts notes in a plan which deployments it ends half-way.
func (s *Source) halts(ctx context.Context, p *core.Plan, path string, jobs ...apiJob) {
	for _, env := range s.targets(ctx, path, jobs...) {
		p.Also = append(p.Also, s.ref(ci.KindEnvironment, path, env, ""))
		p.Warnings = append(p.Warnings, text.Sprintf("a deployment to %s ends half-way", env))
	}
}
