package gitlab

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// PlanRerun implements sources.Rerunner: what failed of a pipeline, a new
// pipeline for all of it, or one job.
func (s *Source) PlanRerun(ctx context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error) {
	switch ref.Kind {
	case ci.KindRun:
		if how.FailedOnly {
			return s.planRetry(ctx, ref)
		}
		return s.planAgain(ctx, ref)
	case ci.KindJob:
		return s.planRetryJob(ctx, ref, nil)
	}
	return nil, unsupported(ref.Kind, "rerun")
}

// planRetry retries what failed and was cancelled.
// API: docs.gitlab.com/api/pipelines "Retry jobs in a pipeline"
func (s *Source) planRetry(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	_, x, jobs, err := s.run(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !isOver(x.p.Status) {
		return nil, conflict(text.Sprintf("pipeline %d has not ended: it is %s", x.p.ID, x.p.Status))
	}
	var names []text.Safe
	var again []apiJob
	for _, j := range latest(jobs) {
		switch j.Status {
		case "failed", "canceled":
			names = append(names, text.Clean(j.Name))
			again = append(again, j)
		case "skipped": // it follows
			again = append(again, j)
		}
	}
	if len(names) == 0 {
		return nil, conflict(text.Sprintf("no job of pipeline %d has failed: rerun all of it for a new one", x.p.ID))
	}
	id := x.p.ID
	p := core.Plan{
		Verb: core.VerbRerun, Target: s.ref(ci.KindRun, ref.Namespace, ref.Name, strconv.Itoa(id)), Rev: x.p.Status + "@" + x.p.Updated.String(), Danger: 1,
		Title:   text.Sprintf("Retry what failed of pipeline %d", id),
		Changes: []core.FieldChange{{Field: text.Lit("pipeline"), Before: text.Clean(x.p.Status), After: text.Lit("running")}},
		Impact: []text.Safe{
			text.Sprintf("what runs again (%d): %s", len(names), text.Join(text.Lit(", "), names...)),
			text.Sprintf("at the same commit %s of %s; what was skipped after them follows", ci.Short(x.p.SHA), branch(x.p.Ref)),
		},
		UndoHint: text.Lit("cannot be undone: what the jobs do is done; C cancels them"),
	}
	s.reaches(ctx, &p, ref.Namespace, s.targets(ctx, ref.Namespace, again...))
	c := &change{
		s: s, path: ref.Namespace, run: id, limit: followLimit,
		request: rest.Request{Path: project(ref.Namespace, "pipelines", strconv.Itoa(id), "retry")},
		check: func(ctx context.Context) error {
			now, err := s.fresh(ctx, ref.Namespace, id)
			if err == nil && (now.Status != x.p.Status || !now.Updated.Equal(x.p.Updated)) {
				return conflict(text.Sprintf("pipeline %d has changed since it was planned: it is %s", id, now.Status))
			}
			return err
		},
		verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			// A retry whose answer was lost shows by newer jobs.
			newest := 0
			for _, j := range jobs {
				newest = max(newest, j.ID)
			}
			now, _, err := s.jobsOf(ctx, ref.Namespace, id, false, true)
			if err == nil && !slices.ContainsFunc(now, func(j apiJob) bool { return j.ID > newest }) {
				report(core.Progress{Text: text.Lit("no job of it runs again: the request seems not to have arrived")})
				return core.OutcomeUnknown, nil
			}
			return s.followRun(ctx, ref.Namespace, id, x.p.Updated, report)
		},
	}
	return c.operation(p), nil
}

// planAgain starts a new pipeline for what a pipeline ran.
func (s *Source) planAgain(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	id, err := runID(ref)
	if err != nil {
		return nil, err
	}
	old, err := s.fresh(ctx, ref.Namespace, id)
	if err != nil {
		return nil, err
	}
	switch {
	case old.Source == "parent_pipeline" || old.Source == "pipeline":
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("pipeline %d was started by another one: alone it cannot be started again", id),
			Hint: text.Lit("rerun the pipeline that started it, or only what failed (failed-only=true)"),
		}
	case strings.HasPrefix(old.Ref, "refs/merge-requests/"):
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("pipeline %d belongs to merge request %s: a new one is started there", id, branch(old.Ref)),
			Hint: text.Lit("retry what failed (failed-only=true), or use the merge request's page"),
		}
	}
	vars, warnings := s.givenTo(ctx, ref.Namespace, id)
	op, err := s.planPipeline(ctx, newPipeline{
		verb: core.VerbRerun, target: s.ref(ci.KindRun, ref.Namespace, ref.Name, strconv.Itoa(id)), ref: old.Ref, variables: vars, like: &old,
	})
	if err != nil {
		return nil, err
	}
	op.Plan.Warnings = append(op.Plan.Warnings, warnings...)
	return op, nil
}

// givenTo are the variables that a pipeline was given, and what is to be said
// where they cannot be read.
func (s *Source) givenTo(ctx context.Context, path string, id int) (map[string]string, []text.Safe) {
	var list []apiVariable
	if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines", strconv.Itoa(id), "variables"), Urgent: true}, &list); err != nil {
		return nil, []text.Safe{text.Sprintf("the variables that pipeline %d was given cannot be read (%s): the new one goes without", id, s.Problem(err).Summary)}
	}
	out := map[string]string{}
	for _, v := range list {
		out[v.Key] = v.Value
	}
	return out, nil
}

// planRetryJob retries one job. from is a plan that it is a part of; nil: its own.
// API: docs.gitlab.com/api/jobs "Retry a job"
func (s *Source) planRetryJob(ctx context.Context, ref core.Ref, from *core.Plan) (*core.Operation, error) {
	j, _, _, err := s.job(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !isOver(j.Status) || j.Status == "skipped" {
		return nil, conflict(text.Sprintf("only a job that has run can be retried: %s is %s", j.Name, j.Status))
	}
	p := core.Plan{
		Verb: core.VerbRerun, Target: s.ref(ci.KindJob, ref.Namespace, ref.Name, strconv.Itoa(j.ID)), Rev: j.Status, Danger: 1,
		Title:    text.Sprintf("Retry %s of pipeline %d", j.Name, j.Pipeline.ID),
		Changes:  []core.FieldChange{{Field: text.Clean(j.Name), Before: text.Clean(j.Status), After: text.Lit("running")}},
		Impact:   []text.Safe{text.Sprintf("a new attempt at the same commit %s of %s", ci.Short(j.Pipeline.SHA), branch(j.Ref))},
		UndoHint: text.Lit("cannot be undone: what the job does is done; C cancels it"),
	}
	if from != nil {
		p = *from
	} else {
		s.reaches(ctx, &p, ref.Namespace, s.targets(ctx, ref.Namespace, j))
	}
	var made apiJob
	c := &change{
		s: s, path: ref.Namespace, run: j.Pipeline.ID, limit: followLimit, out: &made,
		request: rest.Request{Path: project(ref.Namespace, "jobs", strconv.Itoa(j.ID), "retry")},
		check: func(ctx context.Context) error {
			now, err := s.jobByID(ctx, ref.Namespace, j.ID)
			if err != nil {
				return err
			}
			all, _, err := s.jobsOf(ctx, ref.Namespace, j.Pipeline.ID, false, true)
			if err == nil && slices.ContainsFunc(all, func(k apiJob) bool { return k.Name == j.Name && k.ID > j.ID }) {
				return conflict(text.Sprintf("%s has been retried already", j.Name))
			}
			if now.Status != j.Status {
				return conflict(text.Sprintf("%s has changed since it was planned: it is %s", j.Name, now.Status))
			}
			return err
		},
	}
	c.verify = func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		id := made.ID
		if id == 0 { // the answer was lost: a retry is a newer job of the same name
			all, _, err := s.jobsOf(ctx, ref.Namespace, j.Pipeline.ID, false, true)
			if err != nil {
				return core.OutcomeUnknown, err
			}
			for _, k := range all {
				if k.Name == j.Name && k.ID > j.ID {
					id = k.ID
				}
			}
		}
		if id == 0 {
			report(core.Progress{Text: text.Lit("there is no new attempt: the request seems not to have arrived")})
			return core.OutcomeUnknown, nil
		}
		return s.followJob(ctx, ref.Namespace, id, report)
	}
	return c.operation(p), nil
}
