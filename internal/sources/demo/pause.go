package demo

import (
	"context"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanPause plans that a rollout, a schedule or a container is held.
func (s *Source) PlanPause(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	return s.planHold(ctx, ref, true)
}

// PlanResume plans that it goes on.
func (s *Source) PlanResume(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	return s.planHold(ctx, ref, false)
}

func (s *Source) planHold(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if c, ok := o.(*canary); ok && c.held != on {
		return s.planHalt(c, on)
	}
	already := problemf(core.Refused, "%s is held already", ref.Path())
	if !on {
		already = problemf(core.Refused, "%s is not held", ref.Path())
	}
	switch o := o.(type) {
	case *canary:
		return nil, already
	case *deployment:
		if o.paused == on {
			return nil, already
		}
		return s.planPause(o, on), nil
	case *cronjob:
		if o.suspended == on {
			return nil, already
		}
		return s.planSuspend(o, on), nil
	case *container:
		return s.planFreeze(o, o.rev(), []*container{o}, on)
	case *project:
		return s.planFreeze(o, o.rev(), o.containers, on)
	}
	return nil, problemf(core.Unsupported, "a %s cannot be held", ref.Kind)
}

// planPause plans that a deployment's template can change without a rollout, or
// that what has gathered meanwhile is rolled out.
func (s *Source) planPause(d *deployment, on bool) *core.Operation {
	verb, inverse, title := core.VerbPause, core.VerbResume, text.Lit("Pause")
	if !on {
		verb, inverse, title = core.VerbResume, core.VerbPause, text.Lit("Resume")
	}
	before, after := strconv.FormatBool(d.paused), strconv.FormatBool(on)
	plan := core.Plan{
		Verb: verb, Target: d.ref(), Rev: d.rev(),
		Title:    text.Sprintf("%s the rollout of deployment %s/%s", title, d.service.namespace, d.service.name),
		Changes:  []core.FieldChange{change("spec.paused", before, after)},
		Diff:     difference("spec", [3]string{"paused", before, after}),
		Command:  text.Sprintf("%s rollout %s deployment/%s", d.place.kubectl(d.service.namespace), verb, d.service.name),
		UndoHint: text.Sprintf("U plans %s", inverse), Inverse: &core.Inverse{Verb: inverse},
	}
	switch {
	case on && d.rolling:
		plan.Impact = []text.Safe{text.Sprintf("the rollout stops where it is: %d of %d pods are new", len(d.current.live()), d.replicas)}
	case on:
		plan.Impact = []text.Safe{text.Lit("pods go on running; changes of the template wait until it is resumed")}
	case d.rolling:
		plan.Impact = []text.Safe{text.Sprintf("the rollout of %s goes on: %d pods are replaced", d.current.build.image, d.replicas-len(d.current.live()))}
	default:
		plan.Impact = []text.Safe{text.Lit("no rollout waits: nothing is replaced")}
	}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.paused = on
			d.generation++
			d.changed = s.w.now
			asked = d.generation
			d.stir()
		},
		func() verdict {
			if on {
				return arrived(d.paused, "the rollout is paused")
			}
			return d.verdict(asked)
		})
}
