package demo

import (
	"context"
	"fmt"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanRestart plans the restart of a deployment, a pod's deployment, a container or
// a project.
func (s *Source) PlanRestart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	switch o := o.(type) {
	case *deployment:
		return s.restartOf(o)
	case *pod: // what owns it decides how it is made anew
		op, err := s.restartOf(o.rs.dep)
		return from(op, o), err
	case *container:
		return s.planContainers(o, o.rev(), []*container{o}, "docker restart "+o.name()), nil
	case *project:
		return s.planContainers(o, o.rev(), o.containers, "docker compose --project-name "+o.name+" restart"), nil
	}
	return nil, problemf(core.Unsupported, "a %s cannot be restarted", ref.Kind)
}

// restartOf plans the restart of a deployment.
func (s *Source) restartOf(d *deployment) (*core.Operation, error) {
	if d.paused {
		return nil, problemf(core.Refused, "the rollout of deployment %s is paused: resume it first", d.service.name)
	}
	return s.planRollout(d), nil
}

// from names the object that was asked for, where the plan is of its owner.
func from(op *core.Operation, asked object) *core.Operation {
	if op != nil {
		op.Plan.From = asked.ref()
	}
	return op
}

func (s *Source) planRollout(d *deployment) *core.Operation {
	ns, name := d.service.namespace, d.service.name
	before := "none"
	if t := d.current.restarted; !t.IsZero() {
		before = stamp(t)
	}
	after := stamp(s.w.now)
	plan := core.Plan{
		Verb: "restart", Target: d.ref(), Rev: d.rev(), Danger: 1,
		Title: text.Sprintf("Restart deployment %s/%s", ns, name),
		Changes: []core.FieldChange{{
			Field: text.Lit("template annotation kubectl.kubernetes.io/restartedAt"), Before: text.Clean(before), After: text.Clean(after),
		}},
		Impact: []text.Safe{
			text.Sprintf("%d pods, replaced one by one: maxSurge 1, maxUnavailable 0", d.replicas),
			text.Sprintf("image stays %s", d.current.build.image),
		},
		Command:  text.Sprintf("kubectl --context %s --namespace %s rollout restart deployment/%s", d.place.scope, ns, name),
		UndoHint: text.Lit("cannot be undone: the old pods are gone; the image is the same"),
	}
	diff := "--- live\n+++ planned\n@@ spec.template.metadata.annotations @@\n"
	if before != "none" {
		diff += "-kubectl.kubernetes.io/restartedAt: " + quoted(before) + "\n"
	}
	plan.Diff = text.Document(diff + "+kubectl.kubernetes.io/restartedAt: " + quoted(after) + "\n")
	if d.rolling {
		plan.Warnings = append(plan.Warnings, text.Lit("a rollout is in progress: this one replaces it"))
	}
	if h := d.health(); h.phase.IsProblem() {
		plan.Warnings = append(plan.Warnings, text.Sprintf("%s: a restart does not change the image", h.message))
	}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.place.say(d.ref(), false, "Restarted", "kubectl", "restarted by you")
			d.restart()
			asked = d.generation
		},
		func() verdict { return d.verdict(asked) })
}

func (s *Source) planContainers(target object, rev string, all []*container, command string) *core.Operation {
	ref := target.ref()
	plan := core.Plan{
		Verb: "restart", Target: ref, Rev: rev, Danger: 1,
		Title: text.Sprintf("Restart %s %s", ref.Kind, ref.Name), Command: text.Clean(command),
		Preview:  text.Lit("an engine has no dry run; nothing but the processes changes"),
		UndoHint: text.Lit("cannot be undone: what the process held in memory is lost"),
	}
	for _, c := range all {
		_, why, _ := c.status()
		plan.Changes = append(plan.Changes, core.FieldChange{Field: text.Clean(c.name()), Before: text.Clean(why), After: text.Lit("Up")})
		if c.state == up {
			plan.Impact = append(plan.Impact, text.Sprintf("%s stops for a moment (SIGTERM, 10 s, SIGKILL)", c.name()))
		} else {
			plan.Impact = append(plan.Impact, text.Sprintf("%s starts", c.name()))
		}
	}
	numbers := map[*container]int{}
	return s.operation(plan,
		func() (core.Ref, string) { return target.ref(), target.row().Rev },
		func() {
			for _, c := range all {
				numbers[c] = c.last().number + 1
				c.restart()
			}
		},
		func() verdict {
			v := verdict{total: len(all)}
			for _, c := range all {
				phase, why, _ := c.status()
				switch {
				case c.last().number < numbers[c]:
				case phase == core.Running || phase == core.Succeeded:
					v.done++
				case phase == core.Failed:
					v.broken = fmt.Sprintf("%s: %s", c.name(), why)
				}
			}
			v.text = fmt.Sprintf("%d of %d up", v.done, v.total)
			return v
		})
}
