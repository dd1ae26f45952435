package demo

import (
	"context"
	"fmt"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanDelete plans that an object goes away.
func (s *Source) PlanDelete(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if how.Cascade == "orphan" {
		return nil, problemf(core.Unsupported, "the demo leaves no orphans: foreground or background")
	}
	switch o := o.(type) {
	case *deployment:
		return s.deleteDeployment(o, how), nil
	case *pod:
		return s.planReplacement(o), nil
	case *settings:
		return s.deleteSettings(o), nil
	case *container:
		return s.deleteContainer(o, how)
	case *project:
		return s.planDown(o, how), nil
	case *picture:
		return s.deletePicture(o)
	}
	return nil, problemf(core.Unsupported, "a %s cannot be deleted in the demo", ref.Kind)
}

func deleteForm(o object) core.Form {
	cascade := core.Field{
		Name: "cascade", Title: text.Lit("Cascade"), Help: text.Lit("what becomes of its pods"), Type: core.FieldChoice, Value: "background",
		Choices: []core.Choice{
			{Value: "background", Cells: []text.Safe{text.Lit("background"), text.Lit("it goes now, its pods after it")}},
			{Value: "foreground", Cells: []text.Safe{text.Lit("foreground"), text.Lit("its pods go first")}},
			{Value: "orphan", Cells: []text.Safe{text.Lit("orphan"), text.Lit("its pods stay")}, Disabled: text.Lit("the demo leaves no orphans")},
		},
	}
	volumes := core.Field{Name: "volumes", Title: text.Lit("Volumes"), Help: text.Lit("its anonymous volumes too"), Type: core.FieldBool, Value: "false"}
	force := core.Field{Name: "force", Title: text.Lit("Force"), Help: text.Lit("also while it runs"), Type: core.FieldBool, Value: "false"}
	switch o.(type) {
	case *deployment:
		return core.Form{Fields: []core.Field{cascade}}
	case *pod:
		return core.Form{Fields: []core.Field{{Name: "grace", Title: text.Lit("Grace"), Help: text.Lit("seconds; -1: its own"), Type: core.FieldNumber, Value: "-1", Min: -1, Max: 3600}}}
	case *container:
		return core.Form{Fields: []core.Field{volumes, force}}
	case *project:
		return core.Form{Fields: []core.Field{volumes}}
	}
	return core.Form{}
}

func (s *Source) deleteDeployment(d *deployment, how core.Removal) *core.Operation {
	ns, name := d.service.namespace, d.service.name
	foreground := how.Cascade == "foreground"
	plan := core.Plan{
		Verb: core.VerbDelete, Target: d.ref(), Rev: d.rev(), Danger: 2, Title: text.Sprintf("Delete deployment %s/%s", ns, name),
		Changes: []core.FieldChange{change("deployment", fmt.Sprintf("%d of %d pods ready", d.ready(), d.replicas), "gone")},
		Impact: []text.Safe{
			text.Sprintf("%d pods end; service %s has no endpoints then: every request fails", len(d.live()), name),
			text.Sprintf("%d revisions are forgotten", len(d.sets)),
		},
		Warnings: []text.Safe{text.Sprintf("the pipeline of %s creates it again with its next deploy", d.service.repo)},
		Command:  text.Sprintf("%s delete deployment %s --cascade=%s", d.place.kubectl(ns), name, map[bool]string{false: "background", true: "foreground"}[foreground]),
		UndoHint: text.Lit("U plans creating it again from its definition; revisions and pods are new then"),
		Inverse:  &core.Inverse{Verb: core.VerbRestore, Saved: []byte(define(d))},
	}
	if d.scaler != nil {
		plan.Warnings = append(plan.Warnings, text.Sprintf("HorizontalPodAutoscaler %s stays and finds nothing to scale", name))
	}
	pods := len(d.all())
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.place.say(d.ref(), false, "Deleted", "kubectl", "deleted by you")
			d.gone = true
			d.generation++
			if !foreground {
				d.place.drop(d)
			}
			d.clear()
		},
		func() verdict {
			left := len(d.all())
			v := verdict{total: pods + 1, done: max(pods-left, 0), text: fmt.Sprintf("%d pods are left", left), settled: true}
			if left == 0 && d.place.find(d.ref()) != object(d) {
				v.done, v.text = v.total, "it is gone"
			}
			return v
		})
}

// planReplacement deletes a pod, whose revision makes another one. The UID alone
// says that it is the pod that was seen: a pod has no other revision to lose.
func (s *Source) planReplacement(p *pod) *core.Operation {
	d := p.rs.dep
	_, why, _ := p.status()
	plan := core.Plan{
		Verb: core.VerbDelete, Target: p.ref(), Danger: 1,
		Title:   text.Sprintf("Delete pod %s/%s", d.service.namespace, p.name),
		Changes: []core.FieldChange{{Field: text.Lit("pod"), Before: text.Clean(p.name + " " + why), After: text.Sprintf("a new pod of %s", p.rs.name())}},
		Impact: []text.Safe{
			text.Sprintf("1 of %d pods of %s ends, a new one starts elsewhere or here", d.replicas, d.service.name),
			text.Sprintf("image stays %s", p.rs.build.image),
		},
		Preview:  text.Lit("nothing is changed but the pod itself"),
		Command:  text.Sprintf("kubectl --context %s --namespace %s delete pod %s", d.place.scope, d.service.namespace, p.name),
		UndoHint: text.Lit("cannot be undone: a pod that ended does not come back"),
	}
	if d.replicas == 1 {
		plan.Warnings = append(plan.Warnings, text.Lit("it is the only one: the service is away until the new pod is ready"))
	}
	return s.operation(plan,
		func() (core.Ref, string) { return p.ref(), "" },
		p.end,
		func() verdict {
			v := verdict{total: 2, text: "the pod ends"}
			if p.gone.IsZero() {
				return v
			}
			v.done, v.text = 1, "waiting for the new pod"
			if d.ready() >= d.replicas {
				v.done, v.text = 2, "the new pod is ready"
			}
			if d.health().reason == "CrashLoopBackOff" {
				v.broken = d.health().message
			}
			return v
		})
}

func (s *Source) deleteSettings(c *settings) *core.Operation {
	plan := core.Plan{
		Verb: core.VerbDelete, Target: c.ref(), Rev: c.rev(), Danger: 2, Title: text.Sprintf("Delete configmap %s/%s", c.service.namespace, c.service.settingsName()),
		Changes:  []core.FieldChange{change("configmap", fmt.Sprintf("%d values", len(c.data)), "gone")},
		Impact:   []text.Safe{text.Sprintf("pods of %s that run keep what they have read", c.service.name)},
		Warnings: []text.Safe{text.Sprintf("a new pod of %s does not start without it: CreateContainerConfigError", c.service.name)},
		Command:  text.Sprintf("%s delete configmap %s", c.place.kubectl(c.service.namespace), c.service.settingsName()),
		UndoHint: text.Lit("U plans creating it again with the same values"),
		Inverse:  &core.Inverse{Verb: core.VerbRestore, Saved: []byte(define(c))},
	}
	return s.operation(plan,
		func() (core.Ref, string) { return c.ref(), c.rev() },
		func() { c.place.drop(c) },
		func() verdict { return arrived(c.place.find(c.ref()) != object(c), "it is gone") })
}

// deleteContainer removes a container; its project's file still has the service.
func (s *Source) deleteContainer(c *container, how core.Removal) (*core.Operation, error) {
	if c.state != exited && !how.Force {
		p := problemf(core.Refused, "container %s is running", c.name())
		p.Hint = text.Lit("stop it first, or force=true")
		return nil, p
	}
	command := "docker rm"
	if how.Force {
		command += " --force"
	}
	if how.Volumes {
		command += " --volumes"
	}
	_, state, _ := c.status()
	plan := core.Plan{
		Verb: core.VerbDelete, Target: c.ref(), Rev: c.rev(), Danger: 2, Title: text.Sprintf("Delete container %s", c.name()),
		Changes:  []core.FieldChange{change(c.name(), state, "gone")},
		Impact:   []text.Safe{text.Lit("its log and everything it wrote outside of volumes is lost")},
		Preview:  noDryRun,
		Command:  text.Sprintf("%s %s", command, c.name()),
		UndoHint: text.Sprintf("cannot be undone: what it wrote is lost; deploy of project %s makes a new one", c.project.name),
	}
	if how.Volumes {
		plan.Warnings = append(plan.Warnings, text.Lit("its anonymous volumes are deleted with it"))
	}
	if c.state != exited {
		plan.Warnings = append(plan.Warnings, text.Lit("it is killed: SIGKILL, no grace"))
	}
	return s.operation(plan,
		func() (core.Ref, string) { return c.ref(), c.rev() },
		c.remove,
		func() verdict { return arrived(c.project.place.find(c.ref()) != object(c), "it is gone") }), nil
}

// remove takes a container away; its project remembers what it was made of.
func (c *container) remove() {
	if c.state != exited {
		c.stop(137, "Error")
	}
	c.step++ // nothing that was to happen to it happens
	p := c.project
	p.containers = slices.DeleteFunc(p.containers, func(o *container) bool { return o == c })
	p.missing = append(p.missing, c)
	p.shaken += c.step + 1 // the project's revision never comes again
	c.say(false, "destroy", "container destroyed")
	p.place.drop(c)
	p.place.touch(p)
}

func (s *Source) deletePicture(p *picture) (*core.Operation, error) {
	if used := p.users(); len(used) > 0 {
		return nil, problemf(core.Refused, "image %s is used by %d containers", p.name, len(used))
	}
	plan := core.Plan{
		Verb: core.VerbDelete, Target: p.ref(), Rev: "1", Danger: 2, Title: text.Sprintf("Delete image %s", p.name),
		Changes: []core.FieldChange{change(p.name, "unused", "gone")}, Impact: []text.Safe{text.Sprintf("%s are free then", text.Bytes(p.size))},
		Preview: noDryRun, Command: text.Sprintf("docker image rm %s", p.name),
		UndoHint: text.Lit("cannot be undone: it has to be pulled or built again"),
	}
	return s.operation(plan,
		func() (core.Ref, string) { return p.ref(), "1" },
		func() { p.place.drop(p) },
		func() verdict { return arrived(p.place.find(p.ref()) != object(p), "it is gone") }), nil
}

// users are the containers made of the image.
func (p *picture) users() []*container {
	var out []*container
	for _, o := range p.place.list("container") {
		if c := o.(*container); c.image == p.name {
			out = append(out, c)
		}
	}
	return out
}

var noDryRun = text.Lit("an engine has no dry run")
