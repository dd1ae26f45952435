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

// pulled lets the operation pull an image first where it is not here, and say
// so as the engine does.
func (s *Source) pulled(op *core.Operation, c *container, image string) *core.Operation {
	execute := op.Execute
	op.Execute = func(ctx context.Context, out core.Output) error {
		s.w.lock()
		here, known := s.place.local(image) != nil, slices.Contains(c.suits(), image)
		s.w.mu.Unlock()
		if !here {
			if s.w.gate.ReadOnly() {
				return execute(ctx, out) // which says so
			}
			out.Line(text.CleanLine("Pulling from " + repository(image)))
			if err := s.pause(ctx, 700*time.Millisecond); err != nil {
				return err
			}
			if !known {
				return problemf(core.NotFound, "pull access denied for %s, repository does not exist or may require 'docker login'; the container was not touched", repository(image))
			}
			for _, layer := range []string{"a3ed95caeb02", "5c1d8f2a0be9", "c6f7ddc5b2f9"} {
				out.Line(text.CleanLine(layer + ": Pull complete"))
				if err := s.pause(ctx, 300*time.Millisecond); err != nil {
					return err
				}
			}
			out.Line(text.CleanLine("Status: Downloaded newer image for " + image))
		}
		return execute(ctx, out)
	}
	return op
}

// pause lets a span of the story pass. Nothing was sent when it is cut short.
func (s *Source) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(s.w.story(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return s.Problem(ctx.Err())
	case <-t.C:
		return nil
	}
}

func upForm() core.Form {
	return core.Form{
		Note: text.Lit("docker compose up --detach: what is missing or differs from the file is made anew"),
		Fields: []core.Field{
			{Name: "pull", Title: text.Lit("Pull"), Help: text.Lit("newer images first"), Type: core.FieldBool, Value: "false"},
		},
	}
}

// planUp plans that a project's containers are as its file says.
func (s *Source) planUp(p *project, what core.Deploy) (*core.Operation, error) {
	if what.Image != "" {
		return nil, problemf(core.Unsupported, "a project runs the images of its file: deploy an image to one of its containers")
	}
	pull := what.Options["pull"] == "true"
	command := ""
	if pull {
		command = " --pull always"
	}
	plan := core.Plan{
		Verb: core.VerbDeploy, Target: p.ref(), Rev: p.rev(), Danger: 1, Title: text.Sprintf("Bring up project %s", p.name), Preview: noDryRun,
		Command:  text.Sprintf("docker compose --project-directory %s --project-name %s up --detach%s", p.dir, p.name, command),
		UndoHint: text.Lit("cannot be undone as a whole: containers that are made anew lose what they wrote outside of volumes"),
	}
	for _, c := range p.containers {
		_, state, _ := c.status()
		switch {
		case c.state == exited && c.flavour != "seed":
			plan.Changes = append(plan.Changes, change(c.name(), state, "Up"))
		case len(c.ran) > 0 && c.image != p.filed(c):
			plan.Changes = append(plan.Changes, change(c.name()+" image", c.image, p.filed(c)))
			plan.Warnings = append(plan.Warnings, text.Sprintf("drift: %s runs %s, the file says %s", c.name(), c.image, p.filed(c)))
		}
	}
	for _, c := range p.missing {
		plan.Changes = append(plan.Changes, change(c.name(), "gone", "Up"))
	}
	if len(plan.Changes) == 0 {
		plan.Danger = 0
		plan.Impact = []text.Safe{text.Sprintf("all %d containers are as the file says: nothing is made anew", len(p.containers))}
	} else {
		plan.Impact = []text.Safe{text.Sprintf("%d containers are started or made anew, the others go on running", len(plan.Changes))}
	}
	op := s.operation(plan,
		func() (core.Ref, string) { return p.ref(), p.rev() },
		p.up,
		func() verdict { return p.risen() })
	return s.narrated(op, p, pull, "Started"), nil
}

// filed is the image that the project's file says for a container.
func (p *project) filed(c *container) string {
	switch {
	case c.own() != nil:
		return "shop-" + c.service + ":dev"
	case c.flavour == "worker" || c.flavour == "seed":
		return "shop-api:dev"
	}
	for _, i := range published { // the first of its repository
		if repository(i) == repository(c.image) {
			return i
		}
	}
	return c.image
}

// up makes the containers as the file says.
func (p *project) up() {
	w := p.place.w
	for _, c := range p.missing {
		n := *c
		n.uid = w.hex(64)
		n.key, n.created, n.changed, n.restarts = w.key(n.uid), w.now, w.now, 0
		n.instances, n.step = []instance{{start: w.now}}, c.step+1
		p.containers = append(p.containers, &n)
		p.place.put(&n)
		n.live()
	}
	p.missing = nil
	p.shaken++
	for _, c := range slices.Clone(p.containers) {
		switch {
		case c.image != p.filed(c):
			c.recreate(p.filed(c))
		case c.state == exited && c.flavour != "seed":
			c.begin()
		}
	}
	p.place.touch(p)
}

// risen judges a bringing up.
func (p *project) risen() verdict {
	v := verdict{total: len(p.containers)}
	for _, c := range p.containers {
		if phase, _, _ := c.status(); phase == core.Running || phase == core.Succeeded {
			v.done++
		}
	}
	v.text = fmt.Sprintf("%d of %d up", v.done, v.total)
	return v
}

// planDown plans that a project's containers are removed.
func (s *Source) planDown(p *project, how core.Removal) *core.Operation {
	command := ""
	if how.Volumes {
		command = " --volumes"
	}
	plan := core.Plan{
		Verb: core.VerbDelete, Target: p.ref(), Rev: p.rev(), Danger: 2, Title: text.Sprintf("Take down project %s", p.name), Preview: noDryRun,
		Command:  text.Sprintf("docker compose --project-name %s down%s", p.name, command),
		UndoHint: text.Lit("U plans bringing it up again; what the containers wrote outside of volumes is lost"),
		Inverse:  &core.Inverse{Verb: core.VerbDeploy},
	}
	for _, c := range p.containers {
		_, state, _ := c.status()
		plan.Changes = append(plan.Changes, change(c.name(), state, "gone"))
		plan.Impact = append(plan.Impact, text.Sprintf("%s stops and is removed, its log with it", c.name()))
	}
	if how.Volumes {
		plan.Warnings = append(plan.Warnings, text.Lit("its volumes are deleted: the database's data is lost"))
		plan.UndoHint = text.Lit("cannot be undone: the volumes are deleted")
		plan.Inverse = nil
	}
	op := s.operation(plan,
		func() (core.Ref, string) { return p.ref(), p.rev() },
		func() {
			for _, c := range slices.Clone(p.containers) {
				c.remove()
			}
		},
		func() verdict { return arrived(len(p.containers) == 0, "it is down") })
	return s.narrated(op, p, false, "Removed")
}

// narrated lets the compose program tell what it does, as it does on a terminal.
func (s *Source) narrated(op *core.Operation, p *project, pull bool, done string) *core.Operation {
	execute := op.Execute
	op.Execute = func(ctx context.Context, out core.Output) error {
		s.w.lock()
		var names, images []string
		for _, c := range slices.Concat(p.containers, p.missing) {
			names = append(names, c.name())
			if i := p.filed(c); !slices.Contains(images, i) && !strings.HasSuffix(i, ":dev") {
				images = append(images, i)
			}
		}
		s.w.mu.Unlock()
		if pull && !s.w.gate.ReadOnly() {
			for _, i := range images {
				out.Line(text.CleanLine(" " + i + "  Pulled"))
				if err := s.pause(ctx, 250*time.Millisecond); err != nil {
					return err
				}
			}
		}
		if err := execute(ctx, out); err != nil {
			return err
		}
		for i, n := range names {
			if s.pause(ctx, 150*time.Millisecond) != nil {
				break // what was asked for is done; only the telling ends
			}
			out.Line(text.CleanLine(" Container " + n + "  " + done))
			out.Progress(core.Progress{Done: i + 1, Total: len(names), Text: text.Clean(n)})
		}
		return nil
	}
	return op
}

// projectRollback plans an earlier image for one service of a project: to is
// "service=image".
func (s *Source) projectRollback(p *project, to string) (*core.Operation, error) {
	service, image, _ := strings.Cut(to, "=")
	if to == "" {
		return nil, problemf(core.Invalid, "rollback of a project needs to=SERVICE=IMAGE")
	}
	c := p.of(service)
	if c == nil {
		return nil, problemf(core.NotFound, "project %s has no container of %q", p.name, service)
	}
	op, err := s.containerRollback(c, image)
	if err != nil {
		return nil, err
	}
	return from(op, p), nil // the container is what changes
}

func (p *project) rollbackForm() core.Form {
	f := core.Field{
		Name: "to", Title: text.Lit("Service and image"), Type: core.FieldChoice, Required: true,
		Columns: []text.Safe{text.Lit("SERVICE"), text.Lit("RUNS"), text.Lit("RAN BEFORE")},
	}
	for _, c := range p.containers {
		for _, i := range c.ran {
			f.Choices = append(f.Choices, core.Choice{
				Value: c.service + "=" + i, Cells: []text.Safe{text.Clean(c.service), text.Clean(c.image), text.Clean(i)},
			})
		}
	}
	return core.Form{Fields: []core.Field{f}}
}
