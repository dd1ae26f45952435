package demo

import (
	"context"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanApprove plans that what waits for a human goes on.
func (s *Source) PlanApprove(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	return s.planAnswer(ctx, ref, v, true)
}

// PlanReject plans that it does not.
func (s *Source) PlanReject(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	return s.planAnswer(ctx, ref, v, false)
}

func (s *Source) planAnswer(ctx context.Context, ref core.Ref, v core.Verdict, yes bool) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if x, ok := o.(*canary); ok && yes {
		return s.planPromote(x, v.Options["full"] == "true")
	}
	r, one := runOf(o)
	if r == nil {
		return nil, problemf(core.Unsupported, "a %s waits for nobody", ref.Kind)
	}
	j := r.gate()
	switch {
	case j == nil || one != nil && one != j:
		return nil, problemf(core.Conflict, "%s does not wait for an answer: it is %s", ref.Path(), o.row().Reason)
	case len(v.Gates) > 0 && !slices.Contains(v.Gates, r.place.scope):
		return nil, problemf(core.NotFound, "run %s waits for %s, not for %v", r.ref().Name, r.place.scope, v.Gates)
	}
	verb, word, state := core.VerbApprove, text.Lit("Approve"), "approved"
	if !yes {
		verb, word, state = core.VerbReject, text.Lit("Reject"), "rejected"
	}
	plan := core.Plan{
		Verb: verb, Target: o.ref(), Rev: o.(interface{ rev() string }).rev(), Danger: 1,
		Title:   text.Sprintf("%s %s for run %s of %s", word, r.place.environmentWord(), r.ref().Name, r.build.service.repo),
		Changes: []core.FieldChange{change("environment "+r.place.scope, "waiting", state)},
		Impact:  []text.Safe{text.Sprintf("asked for by %s: %s", r.actor(), cause(r.build))},
		Command: text.Sprintf("gh api --method POST repos/%s/actions/runs/%s/pending_deployments -f state=%s -f comment=%s", r.build.service.repo, r.uid, state, quoted(v.Comment)),
	}
	if yes {
		plan.UndoHint = text.Lit("cannot be undone: cancel the run while it goes on, roll the environment back afterwards")
		plan.Impact = append(plan.Impact, text.Sprintf("job %s begins", j.name))
		if d := r.place.deployment(r.build.service.name); d != nil && d.current.build != r.build {
			plan.Changes = append(plan.Changes, change("image of "+d.service.name, d.current.build.image, r.build.image))
		}
	} else {
		plan.UndoHint = text.Lit("cannot be undone: the run can be run again, and asks again")
		plan.Impact = append(plan.Impact, text.Sprintf("job %s fails, and the run with it", j.name))
	}
	attempt := r.attempt
	return s.operation(plan,
		func() (core.Ref, string) { return o.ref(), o.(interface{ rev() string }).rev() },
		func() { r.answer(j, yes, v.Comment) },
		func() verdict {
			if !yes {
				return arrived(r.status == failed, "the run is rejected")
			}
			return r.verdict(attempt)
		}), nil
}

// answer opens or closes a gate.
func (r *run) answer(j *job, yes bool, comment string) {
	r.answers++
	reason, said := "Approved", "approved by "+you
	if !yes {
		reason, said = "Rejected", "rejected by "+you
	}
	if comment != "" {
		said += ": " + comment
	}
	r.murmur(j, reason, "job "+j.name+" "+said)
	if !yes {
		j.status, j.ended = failed, r.place.w.now
		r.said = said
		r.end(failed)
		r.touch()
		return
	}
	j.approved, r.status = true, inProgress
	r.begin(slices.Index(r.flow.stages, j.stage))
}

// answerForm asks for what an answer needs.
func answerForm(o object) core.Form {
	r, _ := runOf(o)
	if r == nil || r.gate() == nil {
		return core.Form{}
	}
	return core.Form{
		Note: text.Sprintf("%s asks to deploy %s", r.actor(), cause(r.build)),
		Fields: []core.Field{
			{Name: "gate", Title: text.Lit("Gate"), Type: core.FieldChoice, Value: r.place.scope, Choices: choices(r.place.scope, r.place.scope)},
			{Name: "comment", Title: text.Lit("Comment"), Help: text.Lit("kept with the run")},
		},
	}
}
