package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanDeploy plans another image for a deployment or a container, a run of a
// cron job, or that a project is brought up.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if c, image, ok := strings.Cut(what.Image, "="); ok && what.Container == "" {
		what.Container, what.Image = c, image
	}
	if what.File != "" {
		return nil, problemf(core.Unsupported, "the demo world takes no files")
	}
	switch o := o.(type) {
	case *deployment:
		return s.planImage(o, what)
	case *pod:
		op, err := s.planImage(o.rs.dep, what)
		return from(op, o), err
	case *cronjob:
		return s.deployCron(ctx, o, what)
	case *container:
		return s.containerDeploy(o, what)
	case *project:
		return s.planUp(o, what)
	case *workflow:
		return s.planDispatch(o, what)
	case *application:
		return s.planSync(o, what)
	}
	return nil, problemf(core.Unsupported, "nothing can be deployed to a %s", ref.Kind)
}

func (s *Source) planImage(d *deployment, what core.Deploy) (*core.Operation, error) {
	ns, name, live := d.service.namespace, d.service.name, d.current.build
	switch {
	case what.Image == "":
		return nil, problemf(core.Invalid, "deploy needs an image: --set image=registry.acme.example/%s:TAG", name)
	case what.Container != "" && what.Container != "app":
		return nil, problemf(core.Unsupported, "the demo sets the image of container app only, not of %s", what.Container)
	case what.Image == live.image:
		return nil, problemf(core.Refused, "deployment %s runs %s already", name, live.image)
	}
	b := s.w.registry(d.service, what.Image)
	plan := core.Plan{
		Verb: core.VerbDeploy, Target: d.ref(), Rev: d.rev(), Danger: 1,
		Title:    text.Sprintf("Deploy %s to %s/%s", what.Image, ns, name),
		Changes:  []core.FieldChange{change("image of app", live.image, b.image)},
		Diff:     difference("spec.template.spec.containers[app]", [3]string{"image", live.image, b.image}),
		Impact:   []text.Safe{text.Sprintf("%d pods, replaced one by one: maxSurge 1, maxUnavailable 0", d.replicas)},
		Command:  text.Sprintf("%s set image deployment/%s app=%s", d.place.kubectl(ns), name, b.image),
		UndoHint: text.Sprintf("U plans the image that runs now: %s", live.image),
		Inverse:  &core.Inverse{Verb: core.VerbDeploy, Params: map[string]string{"image": "app=" + live.image}},
	}
	if d.paused {
		plan.Warnings = append(plan.Warnings, text.Lit("the rollout is paused: nothing is replaced until it is resumed"))
	}
	if d.rolling {
		plan.Warnings = append(plan.Warnings, text.Lit("a rollout is in progress: this one replaces it"))
	}
	for _, rs := range d.sets {
		if rs.build.image == b.image && rs.trouble != "" {
			plan.Warnings = append(plan.Warnings, text.Sprintf("revision %d ran this image: %s", rs.revision, rs.trouble))
		}
	}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.bring(b)
			asked = d.generation
		},
		func() verdict {
			if d.paused {
				return arrived(d.generation == asked, "the template is set; the rollout is paused")
			}
			return d.verdict(asked)
		}), nil
}

// bring rolls a build out as a user would: if it is a bad one, the story takes
// it up, and a colleague rolls it back in the end.
func (d *deployment) bring(b *build) {
	d.roll(b, time.Time{})
	if b.defect != sound {
		d.place.w.open(d, b)
	}
}

// builds are all images of a service that somebody made, newest first.
func (w *world) builds(s *service) []*build {
	var out []*build
	add := func(b *build) {
		if b.service == s && b.defect != absent && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	for _, scope := range []string{Prod, Staging} {
		p := w.places[scope]
		if d := p.deployment(s.name); d != nil {
			for _, rs := range d.sets {
				add(rs.build)
			}
		}
		for _, o := range p.list("run") {
			if r := o.(*run); len(r.jobs) > 0 && r.jobs[0].status == passed { // its build job
				add(r.build)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *build) int { return b.number - a.number })
	return out
}

// registry is the build that an image of a service is of. What nobody built
// cannot be pulled.
func (w *world) registry(s *service, image string) *build {
	for _, b := range w.builds(s) {
		if b.image == image || b.image+"@"+b.digest == image {
			return b
		}
	}
	for _, d := range w.places[Prod].list("deployment") { // the same name is the same build
		for _, rs := range d.(*deployment).sets {
			if rs.build.image == image && rs.build.service == s {
				return rs.build
			}
		}
	}
	c := commit{sha: w.fixed(image, 40), message: "not built here", author: "nobody"}
	return &build{service: s, commit: c, image: image, digest: "sha256:" + w.fixed(image+" digest", 64), defect: absent}
}

func (s *Source) deployForm(o object) core.Form {
	switch o := o.(type) {
	case *deployment:
		return o.imageForm()
	case *pod:
		return o.rs.dep.imageForm()
	case *container:
		return o.imageForm()
	case *project:
		return upForm()
	case *workflow:
		return o.form()
	case *application:
		return o.syncForm()
	}
	return core.Form{}
}

func (d *deployment) imageForm() core.Form {
	w := d.place.w
	f := core.Field{
		Name: "image", Title: text.Lit("Image"), Help: text.Lit("[container=]reference; other ones can be typed"), Type: core.FieldChoice, Open: true, Required: true,
		Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("BUILD"), text.Lit("CHANGE"), text.Lit("SEEN")},
	}
	for _, b := range w.builds(d.service) {
		c := core.Choice{
			Value: b.image, Current: b == d.current.build,
			Cells: []text.Safe{text.Clean(b.image), text.Sprintf("#%d", b.number), text.Clean(cause(b)), text.Clean(w.seen(d, b))},
		}
		if c.Current {
			c.Disabled = text.Lit("it runs now")
		}
		f.Choices = append(f.Choices, c)
	}
	return core.Form{Fields: []core.Field{f}}
}

// seen is where an image runs or ran.
func (w *world) seen(d *deployment, b *build) string {
	for _, rs := range d.sets {
		switch {
		case rs.build != b:
		case rs == d.current:
			return "runs here"
		default:
			return fmt.Sprintf("revision %d here: %s", rs.revision, rs.past())
		}
	}
	for _, scope := range []string{Prod, Staging} {
		if o := w.places[scope].deployment(d.service.name); o != nil && o.current.build == b {
			return "runs in " + scope
		}
	}
	return "built only"
}
