package demo

import (
	"fmt"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// published are images of others that can be pulled besides those that are here.
var published = []string{"postgres:17.5", "postgres:17.6", "redis:8.0-alpine", "redis:8.2-alpine", "axllent/mailpit:v1.27", "registry:3.0"}

// repository is an image's name without its tag.
func repository(image string) string {
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i]
	}
	return image
}

// local is an image that the engine has, nil if it has not.
func (p *place) local(image string) *picture {
	for _, o := range p.tables["image"] {
		if i := o.(*picture); i.name == image {
			return i
		}
	}
	return nil
}

// suits are the images that a container could run: what it ran before, what is
// here of the same repository, what its registry has.
func (c *container) suits() []string {
	p := c.project.place
	out := []string{c.image}
	add := func(image string) {
		if !slices.Contains(out, image) {
			out = append(out, image)
		}
	}
	for _, i := range c.ran {
		add(i)
	}
	for _, o := range p.list("image") {
		if i := o.(*picture); repository(i.name) == repository(c.image) {
			add(i.name)
		}
	}
	if s := c.own(); s != nil {
		for _, b := range p.w.builds(s) {
			add(b.image)
		}
	}
	for _, i := range published {
		if repository(i) == repository(c.image) {
			add(i)
		}
	}
	return out
}

// containerDeploy plans that a container is made anew with another image and
// the rest of its configuration.
func (s *Source) containerDeploy(c *container, what core.Deploy) (*core.Operation, error) {
	switch {
	case what.Image == "":
		return nil, problemf(core.Invalid, "deploy needs an image: --set image=%s:TAG", repository(c.image))
	case what.Image == c.image:
		return nil, problemf(core.Refused, "container %s runs %s already", c.name(), c.image)
	}
	plan := c.recreatePlan(core.VerbDeploy, what.Image)
	plan.Title = text.Sprintf("Deploy %s to container %s", what.Image, c.name())
	return s.recreation(c, plan, what.Image), nil
}

// containerRollback plans the way back to an image that the container ran.
func (s *Source) containerRollback(c *container, to string) (*core.Operation, error) {
	if to == "" && len(c.ran) > 0 {
		to = c.ran[0]
	}
	switch {
	case to == "":
		return nil, problemf(core.Refused, "container %s has run no other image", c.name())
	case to == c.image:
		return nil, problemf(core.Refused, "container %s runs %s now", c.name(), c.image)
	case !slices.Contains(c.ran, to):
		p := problemf(core.NotFound, "container %s never ran %s", c.name(), to)
		p.Hint = text.Clean("it ran " + strings.Join(c.ran, ", "))
		return nil, p
	}
	plan := c.recreatePlan(core.VerbRollback, to)
	plan.Title = text.Sprintf("Roll back container %s to %s", c.name(), to)
	return s.recreation(c, plan, to), nil
}

func (c *container) recreatePlan(verb, image string) core.Plan {
	plan := core.Plan{
		Verb: verb, Target: c.ref(), Rev: c.rev(), Danger: 1,
		Changes: []core.FieldChange{change("image", c.image, image)},
		Impact: []text.Safe{
			text.Sprintf("%s (%s) stops, is put aside, and a new container takes its name", c.name(), c.uid[:12]),
			text.Lit("networks, mounts, environment, labels, limits and restart policy stay"),
			text.Lit("if the new one does not start, the old one is put back"),
		},
		Preview:  noDryRun,
		Warnings: []text.Safe{text.Sprintf("compose up of project %s makes it as its file says again", c.project.name)},
		Command: text.Sprintf("docker pull %s && docker rm --force %s && docker run --detach --name %[2]s --label com.docker.compose.project=%[3]s %[1]s",
			image, c.name(), c.project.name),
		UndoHint: text.Sprintf("U plans the image from before: %s", c.image),
		Inverse:  &core.Inverse{Verb: core.VerbDeploy, Params: map[string]string{"image": c.image}},
	}
	if c.project.place.local(image) == nil {
		plan.Impact = append(plan.Impact, text.Sprintf("%s is not here: it is pulled first", image))
	}
	return plan
}

// recreation carries a recreation out. An image that cannot be pulled changes
// nothing.
func (s *Source) recreation(c *container, plan core.Plan, image string) *core.Operation {
	p, service := c.project, c.service
	op := s.operation(plan,
		func() (core.Ref, string) { return c.ref(), c.rev() },
		func() { c.recreate(image) },
		func() verdict {
			v := verdict{total: 1, text: "the new container starts"}
			switch now := p.of(service); {
			case now == nil:
				v.broken = "it is gone"
			case now.image != image:
				v.superseded = true
			default:
				phase, why, health := now.status()
				v.text = strings.TrimSpace(fmt.Sprintf("%s: %s %s", now.name(), why, health))
				if phase == core.Running || phase == core.Succeeded {
					v.done = 1
				}
			}
			return v
		})
	return s.pulled(op, c, image)
}

// of is the container of a service, nil if there is none.
func (p *project) of(service string) *container {
	for _, c := range p.containers {
		if c.service == service {
			return c
		}
	}
	return nil
}

// recreate puts a new container with another image in the place of c.
func (c *container) recreate(image string) {
	p := c.project
	w := p.place.w
	n := *c
	n.ran = slices.DeleteFunc(append([]string{c.image}, c.ran...), func(i string) bool { return i == image })
	n.image, n.uid, n.restarts, n.step = image, w.hex(64), 0, c.step+1
	n.key = w.key(n.uid)
	n.created, n.changed, n.healthy = w.now, w.now, false
	n.instances = []instance{{start: w.now}}
	if local := p.place.local(image); local != nil {
		n.digest = local.digest
	} else {
		n.digest = "sha256:" + w.fixed(image, 64)
		p.place.put(&picture{place: p.place, name: image, digest: n.digest, size: (80 + float64(w.key(image)%200)) * mebi, created: w.now})
	}
	c.step++
	c.say(false, "destroy", "container destroyed")
	p.place.drop(c)
	p.containers[slices.Index(p.containers, c)] = &n
	p.place.put(&n)
	p.place.touch(p)
	n.live()
}

func (c *container) rollbackForm() core.Form {
	f := core.Field{
		Name: "to", Title: text.Lit("Image"), Help: text.Lit("that the container ran before"), Type: core.FieldChoice,
		Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("HERE")},
	}
	if len(c.ran) > 0 {
		f.Value = c.ran[0]
	}
	for _, i := range append([]string{c.image}, c.ran...) {
		f.Choices = append(f.Choices, c.imageChoice(i))
	}
	return core.Form{Fields: []core.Field{f}}
}

func (c *container) imageForm() core.Form {
	f := core.Field{
		Name: "image", Title: text.Lit("Image"), Help: text.Lit("other references can be typed"), Type: core.FieldChoice, Open: true, Required: true,
		Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("HERE")},
	}
	for _, i := range c.suits() {
		f.Choices = append(f.Choices, c.imageChoice(i))
	}
	return core.Form{Fields: []core.Field{f}}
}

func (c *container) imageChoice(image string) core.Choice {
	out := core.Choice{Value: image, Current: image == c.image, Cells: []text.Safe{text.Clean(image), text.Lit("is pulled")}}
	if p := c.project.place.local(image); p != nil {
		out.Cells[1] = text.Bytes(p.size)
	}
	if out.Current {
		out.Disabled = text.Lit("it runs now")
	}
	return out
}
