package kube

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Pauser = (*Source)(nil)

// PlanPause plans that a deployment's rollout, a cron job's schedule or a job
// is held.
func (s *Source) PlanPause(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	return s.planHold(ctx, ref, true)
}

// PlanResume plans that it goes on.
func (s *Source) PlanResume(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	return s.planHold(ctx, ref, false)
}

// holding is what it means for a kind to be held.
type holding struct {
	field       string // of the spec
	hold, on    text.Safe
	held, goes  text.Safe
	impact      func(s *Source, ctx context.Context, c *change, p *core.Plan, on bool)
	followsOn   bool // a rollout is to be waited for once it goes on
	heldAlready text.Safe
	goesAlready text.Safe
}

var holdings = map[string]holding{
	"deployment": {
		field: "paused", hold: text.Lit("Pause the rollout of"), on: text.Lit("Resume the rollout of"), held: text.Lit("the rollout is paused"), goes: text.Lit("all pods are new and available"),
		impact: rolloutHold, followsOn: true, heldAlready: text.Lit("is paused already"), goesAlready: text.Lit("is not paused"),
	},
	"cronjob": {
		field: "suspend", hold: text.Lit("Suspend"), on: text.Lit("Resume"), held: text.Lit("the schedule is suspended"), goes: text.Lit("the schedule goes on"),
		impact: scheduleHold, heldAlready: text.Lit("is suspended already"), goesAlready: text.Lit("is not suspended"),
	},
	"job": {
		field: "suspend", hold: text.Lit("Suspend"), on: text.Lit("Resume"), held: text.Lit("the job is suspended"), goes: text.Lit("the job goes on"),
		impact: jobHold, heldAlready: text.Lit("is suspended already"), goesAlready: text.Lit("is not suspended"),
	},
}

func (s *Source) planHold(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	switch ref.Kind {
	case kindRollout:
		return s.planRolloutHold(ctx, ref, on)
	case kindApplication:
		return s.planAutoSync(ctx, ref, !on)
	}
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	h, ok := holdings[k.Name]
	name := o.str("metadata", "name")
	switch held := o.str("spec", h.field) == "true"; {
	case !ok:
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s cannot be paused or resumed", k.Name)}
	case k.Name == "job" && (o.condition("Complete") || o.condition("Failed")):
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("job %s has ended", name)}
	case held && on:
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s %s %s", k.Name, name, h.heldAlready)}
	case !held && !on:
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s %s %s", k.Name, name, h.goesAlready)}
	}
	verb, inverse, doing, title, done := core.VerbPause, core.VerbResume, "pause", h.hold, h.held
	if !on {
		verb, inverse, doing, title, done = core.VerbResume, core.VerbPause, "resume", h.on, h.goes
	}
	c := s.newChange(k, o, doing)
	c.body = c.merged(map[string]any{"spec": map[string]any{h.field: on}})
	c.arrived = func(o tree) bool { return (o.str("spec", h.field) == "true") == on }
	c.done = done
	if h.followsOn && !on {
		c.settled = c.rollout
	}
	p := core.Plan{
		Verb: verb, Title: text.Sprintf("%s %s %s in %s", title, k.Name, name, c.ref.Namespace),
		Changes:  []core.FieldChange{{Field: text.Sprintf("spec.%s", h.field), Before: text.Sprintf("%t", !on), After: text.Sprintf("%t", on)}},
		UndoHint: undoHold(k.Name, on),
		Inverse:  &core.Inverse{Verb: inverse},
		Command:  text.Sprintf("%s patch %s/%s -p %s", s.kubectl(c.ref.Namespace), k.Name, shellWord(name), shellWord(suspendPatch(on))),
	}
	if k.Name == "deployment" {
		p.Command = text.Sprintf("%s rollout %s deployment/%s", s.kubectl(c.ref.Namespace), doing, shellWord(name))
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	h.impact(s, ctx, c, &p, on)
	s.owners(ctx, o, &p, "spec", h.field)
	return c.operation(p), nil
}

func undoHold(kind string, on bool) text.Safe {
	switch {
	case on:
		return text.Lit("U resumes it")
	case kind == "deployment":
		return text.Lit("U pauses it again; what was rolled out meanwhile stays")
	}
	return text.Lit("U suspends it again")
}

func suspendPatch(on bool) string {
	if on {
		return `{"spec":{"suspend":true}}`
	}
	return `{"spec":{"suspend":false}}`
}

func rolloutHold(s *Source, ctx context.Context, c *change, p *core.Plan, on bool) {
	o := c.before
	if on {
		p.Impact = append(p.Impact, text.Lit("changes of its pods wait until it is resumed; scaling does not"))
		if done, total, msg := rolloutProgress(c.k.Name, o, o.num("metadata", "generation")); !msg.Empty() {
			p.Warnings = append(p.Warnings, text.Sprintf("a rollout is under way (%d/%d: %s): old and new pods stay side by side", done, total, msg))
		}
		return
	}
	p.Danger = 1
	all, err := s.history(ctx, c.k, o)
	now := present(all)
	// Nothing waits when the present template has its pods already.
	if err == nil && now != nil && now.pods == o.num("status", "replicas") {
		p.Impact = append(p.Impact, text.Lit("nothing waits to be rolled out"))
		return
	}
	p.Impact = append(p.Impact, text.Lit("what was changed meanwhile is rolled out now"))
	s.rolloutImpact(ctx, c, p)
}

func scheduleHold(_ *Source, _ context.Context, c *change, p *core.Plan, on bool) {
	o := c.before
	p.Impact = append(p.Impact, text.Sprintf("schedule %s", o.str("spec", "schedule")))
	if n := len(o.items("status", "active")); n > 0 && on {
		p.Impact = append(p.Impact, text.Sprintf("%d jobs that run go on", n))
	}
	// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension
	if !on && o.at("spec", "startingDeadlineSeconds") == nil {
		p.Danger = 1
		p.Warnings = append(p.Warnings, text.Lit("if a run was missed meanwhile, it starts at once"))
	}
}

func jobHold(_ *Source, _ context.Context, c *change, p *core.Plan, on bool) {
	n := c.before.num("status", "active")
	if !on {
		p.Danger = 1
		p.Impact = append(p.Impact, text.Lit("its pods start again"))
		return
	}
	p.Impact = append(p.Impact, text.Sprintf("%d active pods are ended", n))
	if n > 0 {
		p.Danger = 2
		p.Warnings = append(p.Warnings, text.Lit("what the pods have done and not saved is lost: they start anew when it is resumed"))
		p.UndoHint = text.Lit("U resumes it: its pods start anew")
	}
}

// holdWhy tells from a row whether it is held already.
func holdWhy(on bool) func(r *core.Resource) text.Safe {
	return func(r *core.Resource) text.Safe {
		h, ok := holdings[r.Ref.Kind]
		if !ok {
			return text.Safe{}
		}
		switch reason := r.Reason.String(); {
		case r.Ref.Kind == "job" && (r.Phase == core.Succeeded || reason == "Failed" || reason == "BackoffLimitExceeded" || reason == "DeadlineExceeded"):
			return text.Lit("the job has ended")
		case (reason == "Paused" || reason == "Suspended") && on:
			return text.Concat(text.Lit("it "), h.heldAlready)
		case on:
		case r.Ref.Kind == "deployment" && (reason == "Available" || reason == "RollingOut" || reason == "Starting" || reason == "Degraded" || reason == "Unavailable"),
			r.Ref.Kind == "cronjob" && (reason == "Scheduled" || reason == "Active"),
			r.Ref.Kind == "job" && reason == "Running":
			return text.Concat(text.Lit("it "), h.goesAlready)
		}
		return text.Safe{}
	}
}
