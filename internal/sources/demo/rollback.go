package demo

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanRollback plans the way back to an earlier revision of a deployment, or
// to an image that a container ran before.
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if to.Via != "" {
		return nil, problemf(core.Invalid, "the demo knows no way of rolling back called %q", to.Via)
	}
	switch o := o.(type) {
	case *deployment:
		return s.planRollback(o, to.To)
	case *pod:
		op, err := s.planRollback(o.rs.dep, to.To)
		return from(op, o), err
	case *container:
		return s.containerRollback(o, to.To)
	case *target:
		return s.planRedeploy(o, o.place, o.service, to.To)
	case *run:
		return s.planRedeploy(o, o.place, o.build.service, to.To)
	case *application:
		return s.planReturn(o, to)
	case *canary:
		return s.planUndo(o, to.To)
	case *project:
		return s.projectRollback(o, to.To)
	}
	return nil, problemf(core.Unsupported, "a %s cannot be rolled back", ref.Kind)
}

func (s *Source) planRollback(d *deployment, to string) (*core.Operation, error) {
	good, err := d.candidate(to)
	if err != nil {
		return nil, err
	}
	ns, name, live := d.service.namespace, d.service.name, d.current
	plan := core.Plan{
		Verb: core.VerbRollback, Target: d.ref(), Rev: d.rev(), Danger: 1,
		Title: text.Sprintf("Roll back deployment %s/%s from revision %d to %d", ns, name, d.revision, good.revision),
		Changes: []core.FieldChange{
			change("image of app", live.build.image, good.build.image),
			change("commit", cause(live.build), cause(good.build)),
		},
		Diff: difference("spec.template",
			[3]string{"org.opencontainers.image.revision", live.build.commit.sha, good.build.commit.sha},
			[3]string{"kubectl.kubernetes.io/restartedAt", mark(live), mark(good)},
			[3]string{"image", live.build.image, good.build.image}),
		Impact: []text.Safe{
			text.Sprintf("%d pods, replaced one by one: maxSurge 1, maxUnavailable 0", d.replicas),
			text.Sprintf("revision %d was %s", good.revision, good.past()),
		},
		Command:  text.Sprintf("%s rollout undo deployment/%s --to-revision=%d", d.place.kubectl(ns), name, good.revision),
		UndoHint: text.Sprintf("U plans a rollback to revision %d, which runs now", live.revision),
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": strconv.Itoa(live.revision)}},
	}
	if d.rolling {
		plan.Warnings = append(plan.Warnings, text.Lit("a rollout is in progress: this one replaces it"))
	}
	if good.trouble != "" {
		plan.Warnings = append(plan.Warnings, text.Sprintf("revision %d had trouble when it ran: %s", good.revision, good.trouble))
	}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.place.say(d.ref(), false, "DeploymentRollback", "deployment-controller",
				fmt.Sprintf("Rolled back deployment %q to revision %d (%s, by you)", name, good.revision, good.build.commit.short()))
			d.roll(good.build, good.restarted)
			asked = d.generation
		},
		func() verdict { return d.verdict(asked) }), nil
}

// candidate is the revision that a rollback to means; "" is the newest one
// with another image that did not go wrong.
func (d *deployment) candidate(to string) (*replicaSet, error) {
	if d.paused {
		return nil, problemf(core.Refused, "the rollout of deployment %s is paused: resume it first", d.service.name)
	}
	if to == "" {
		if good := d.before(); good != nil {
			return good, nil
		}
		return nil, problemf(core.Refused, "deployment %s has no earlier revision with another image", d.service.name)
	}
	var have []string
	for _, rs := range slices.Backward(d.sets) {
		have = append(have, strconv.Itoa(rs.revision))
		if strconv.Itoa(rs.revision) == to {
			if rs == d.current {
				return nil, problemf(core.Refused, "revision %s is what deployment %s runs now", to, d.service.name)
			}
			return rs, nil
		}
	}
	p := problemf(core.NotFound, "deployment %s has no revision %q", d.service.name, to)
	p.Hint = text.Clean(fmt.Sprintf("it has %v", have))
	return nil, p
}

// cause is why an image was rolled out.
func cause(b *build) string {
	return fmt.Sprintf("%s %s (%s)", b.commit.short(), b.commit.message, b.commit.author)
}

// mark is when a revision was restarted by hand, "" if it was not.
func mark(rs *replicaSet) string {
	if rs.restarted.IsZero() {
		return ""
	}
	return stamp(rs.restarted)
}

// past is how a revision did when it ran.
func (r *replicaSet) past() text.Safe {
	switch {
	case r.trouble != "":
		return text.Clean(r.trouble)
	case !r.served:
		return text.Lit("never all ready")
	}
	return text.Lit("healthy")
}

func (s *Source) rollbackForm(o object) core.Form {
	switch o := o.(type) {
	case *deployment:
		return o.rollbackForm()
	case *pod:
		return o.rs.dep.rollbackForm()
	case *container:
		return o.rollbackForm()
	case *target:
		return redeployForm(o.place, o.service)
	case *run:
		return redeployForm(o.place, o.build.service)
	case *application:
		return o.rollbackForm()
	case *canary:
		return o.rollbackForm()
	case *project:
		return o.rollbackForm()
	}
	return core.Form{}
}

func (d *deployment) rollbackForm() core.Form {
	f := core.Field{
		Name: "to", Title: text.Lit("Revision"), Help: text.Lit("empty: the newest one with another image that did not go wrong"), Type: core.FieldChoice,
		Columns: []text.Safe{text.Lit("REVISION"), text.Lit("IMAGE"), text.Lit("CHANGE"), text.Lit("AGE"), text.Lit("HEALTH THEN")},
	}
	if good := d.before(); good != nil {
		f.Value = strconv.Itoa(good.revision)
	}
	for _, rs := range slices.Backward(d.sets) {
		c := core.Choice{
			Value: strconv.Itoa(rs.revision), Current: rs == d.current,
			Cells: []text.Safe{text.Int(rs.revision), text.Clean(rs.build.image), text.Clean(cause(rs.build)), text.Age(d.place.w.now.Sub(rs.changed)), rs.past()},
		}
		if c.Current {
			c.Disabled = text.Lit("it runs now")
		}
		f.Choices = append(f.Choices, c)
	}
	return core.Form{Fields: []core.Field{f}}
}
