package demo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// runOf is the run that a run or a job stands for, and the job.
func runOf(o object) (*run, *job) {
	switch o := o.(type) {
	case *run:
		return o, nil
	case *job:
		return o.run, o
	}
	return nil, nil
}

// PlanRerun plans that a run goes through once more: all of it, what failed, or
// one job and what follows it.
func (s *Source) PlanRerun(ctx context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if x, ok := o.(*canary); ok {
		return s.planRetry(x)
	}
	r, one := runOf(o)
	switch {
	case r == nil:
		return nil, problemf(core.Unsupported, "a %s cannot be run again", ref.Kind)
	case !r.status.over():
		p := problemf(core.Refused, "run %s goes on", r.ref().Name)
		p.Hint = text.Lit("cancel it first")
		return nil, p
	case how.FailedOnly && r.status == passed:
		return nil, problemf(core.Refused, "nothing of run %s failed", r.ref().Name)
	}
	again := r.again(one, how.FailedOnly)
	attempt := r.attempt + 1
	plan := core.Plan{
		Verb: core.VerbRerun, Target: o.ref(), Rev: o.(interface{ rev() string }).rev(), Danger: 1,
		Title:    text.Sprintf("Run %s of %s again", r.ref().Name, r.build.service.repo),
		Changes:  []core.FieldChange{change("attempt", fmt.Sprint(r.attempt), fmt.Sprint(attempt))},
		Impact:   []text.Safe{text.Sprintf("%d of %d jobs, with commit %s", len(again), len(r.jobs), cause(r.build))},
		Preview:  text.Lit("a pipeline cannot be tried: this is what it is asked to do"),
		Command:  text.Sprintf("gh run rerun %s --repo %s", r.uid, r.build.service.home()),
		UndoHint: text.Lit("cannot be undone: cancel it while it goes on"),
	}
	switch {
	case one != nil:
		plan.Title = text.Sprintf("Run job %s of %s again", one.name, r.ref().Name)
		plan.Command = text.Sprintf("gh run rerun --job %s --repo %s", one.uid, r.build.service.home())
	case how.FailedOnly:
		plan.Title = text.Sprintf("Run what failed of %s of %s again", r.ref().Name, r.build.service.repo)
		plan.Command = text.Sprintf("%s --failed", plan.Command)
	}
	if d := r.place.deployment(r.build.service.name); d != nil && d.current.build != r.build && !r.dry {
		plan.Changes = append(plan.Changes, change("image of "+d.service.name+" in "+r.place.scope, d.current.build.image, r.build.image))
		if d.current.build.number > r.build.number {
			plan.Warnings = append(plan.Warnings, text.Sprintf("%s runs a newer build now, #%d: this goes back", r.place.scope, d.current.build.number))
		}
	}
	if r.build.defect != sound && r.flaw == "" && r.status == failed {
		plan.Warnings = append(plan.Warnings, text.Lit("it went wrong when it was deployed before"))
	}
	return s.operation(plan,
		func() (core.Ref, string) { return o.ref(), o.(interface{ rev() string }).rev() },
		func() { r.rerun(again) },
		func() verdict { return r.verdict(attempt) }), nil
}

// again are the jobs that a rerun goes through: one and what follows it, those that
// did not go well, or all.
func (r *run) again(one *job, failedOnly bool) []*job {
	var out []*job
	past := false
	for _, j := range r.jobs {
		switch {
		case one != nil && !past && j == one, one != nil && past && j.stage != one.stage, one == nil && !failedOnly, one == nil && j.status != passed:
			out = append(out, j)
		}
		past = past || j == one
	}
	return out
}

// rerun begins another attempt. What fails by chance goes well then; what the code
// breaks fails again.
func (r *run) rerun(jobs []*job) {
	w := r.place.w
	r.attempt++
	r.status, r.ended, r.said, r.by = queued, time.Time{}, "", you
	r.broken = r.flaw
	if r.flaw == "integration" {
		r.broken, r.flaw = "", ""
	}
	for _, j := range jobs {
		j.turn++
		j.status, j.started, j.ended, j.approved = queued, time.Time{}, time.Time{}, false
		j.key = w.key(fmt.Sprint(j.uid, r.attempt))
		r.place.touch(j)
	}
	r.place.touch(r)
	r.place.murmur(r.ref(), "Rerun", "pipeline", r.sentence(fmt.Sprintf("attempt %d, by %s", r.attempt, you)))
	attempt := r.attempt
	w.after(3*time.Second, func() { r.start(attempt) })
}

// PlanCancel plans that a run, a sync or a rollout's new version ends.
func (s *Source) PlanCancel(ctx context.Context, ref core.Ref, how core.Cancel) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	switch x := o.(type) {
	case *application:
		return s.planTerminate(x)
	case *canary:
		return s.planAbort(x)
	}
	r, one := runOf(o)
	switch {
	case r == nil:
		return nil, problemf(core.Unsupported, "a %s cannot be cancelled", ref.Kind)
	case r.status.over():
		return nil, problemf(core.Conflict, "run %s has ended already: %s", r.ref().Name, r.status)
	}
	plan := core.Plan{
		Verb: core.VerbCancel, Target: o.ref(), Rev: o.(interface{ rev() string }).rev(), Danger: 1,
		Title:    text.Sprintf("Cancel run %s of %s", r.ref().Name, r.build.service.repo),
		Changes:  []core.FieldChange{change("status", r.status.String(), cancelled.String())},
		Command:  text.Sprintf("gh run cancel %s --repo %s", r.uid, r.build.service.home()),
		UndoHint: text.Lit("cannot be undone: it can be run again"),
	}
	if one != nil {
		plan.Warnings = append(plan.Warnings, text.Sprintf("a job cannot be cancelled alone: all of run %s ends", r.ref().Name))
	}
	for _, j := range r.jobs {
		if j.status == inProgress {
			plan.Impact = append(plan.Impact, text.Sprintf("job %s is stopped where it is", j.name))
			if j.stage == stageDeploy {
				plan.Warnings = append(plan.Warnings, text.Lit("the rollout that it began goes on in the cluster"))
			}
		}
	}
	return s.operation(plan,
		func() (core.Ref, string) { return o.ref(), o.(interface{ rev() string }).rev() },
		func() {
			r.said = "cancelled by " + you
			r.end(cancelled)
			r.place.touch(r)
			r.place.murmur(r.ref(), "Cancelled", "pipeline", r.sentence(r.said))
		},
		func() verdict { return arrived(r.status == cancelled, "the run is cancelled") }), nil
}

// rerunForm asks how much is run again.
func rerunForm(o object) core.Form {
	r, one := runOf(o)
	if r == nil || one != nil {
		return core.Form{}
	}
	return core.Form{Fields: []core.Field{{
		Name: "failed-only", Title: text.Lit("Only what failed"), Help: text.Lit("and what follows it"), Type: core.FieldBool, Value: strconv.FormatBool(r.status == failed),
	}}}
}
