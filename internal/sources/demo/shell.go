package demo

import (
	"context"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// cell is a container that a shell can be opened in.
type cell struct {
	target    object
	host      string // its host name
	container string
	image     string
	workdir   string
	program   string            // what runs as process 1
	env       map[string]string // without secrets
	command   string            // the equivalent of opening the shell
	alive     func() bool
}

// cellOf finds the container that a shell in o means.
func (s *Source) cellOf(o object, name string) (*cell, error) {
	switch o := o.(type) {
	case *pod:
		return o.cell(name)
	case *deployment:
		for _, p := range o.live() {
			if p.state == started && (p.ready || o.ready() == 0) {
				return p.cell(name)
			}
		}
		return nil, problemf(core.Refused, "deployment %s has no pod that runs", o.service.name)
	case *container:
		if o.state != up {
			return nil, problemf(core.Refused, "container %s is not running", o.name())
		}
		return &cell{
			target: o, host: o.uid[:12], container: o.service, image: o.image, workdir: "/app", program: o.flavour,
			env: map[string]string{"HOSTNAME": o.uid[:12], "SERVICE": o.service}, command: "docker exec --interactive --tty " + o.name(),
			alive: func() bool { return o.state == up && o.project.of(o.service) == o },
		}, nil
	case *project:
		if c := o.of(name); c != nil {
			return s.cellOf(c, "")
		}
		return nil, problemf(core.Invalid, "project %s: which container? --set container=SERVICE (no %q there)", o.name, name)
	}
	return nil, problemf(core.Unsupported, "a %s has no shell in the demo", o.ref().Kind)
}

func (p *pod) cell(name string) (*cell, error) {
	s := p.rs.dep.service
	if name == "" {
		name = "app"
	}
	switch {
	case name != "app" && name != "proxy" || name == "proxy" && !s.local():
		return nil, problemf(core.NotFound, "pod %s has no container %s that runs", p.name, name)
	case p.running() == nil:
		_, why, _ := p.status()
		return nil, problemf(core.Refused, "container %s of pod %s does not run now (%s)", name, p.name, why)
	}
	image, program := p.rs.build.image, s.name
	if name == "proxy" {
		image, program = proxyImage, "nginx"
	}
	env := map[string]string{"HOSTNAME": p.name, "SERVICE": s.name, "NODE_NAME": p.nodeName(), "POD_IP": p.ip}
	if c := p.place().settings(s); c != nil {
		for k, v := range c.data {
			env[k] = v
		}
	}
	life := p.last().number
	return &cell{
		target: p, host: p.name, container: name, image: image, workdir: "/app", program: program, env: env,
		command: p.place().kubectl(s.namespace) + " exec --stdin --tty " + p.name + " --container " + name + " --",
		alive:   func() bool { l := p.running(); return p.gone.IsZero() && l != nil && l.number == life },
	}, nil
}

// shells are the containers of the service's pods that a shell can be opened in.
func (s *service) shells() []string {
	if s.local() {
		return []string{"app", "proxy"}
	}
	return []string{"app"}
}

func shellForm(o object) core.Form {
	f := core.Field{Name: "container", Title: text.Lit("Container"), Type: core.FieldChoice}
	var names []string
	switch o := o.(type) {
	case *pod:
		names = o.rs.dep.service.shells()
	case *deployment:
		names = o.service.shells()
	case *project:
		for _, c := range o.containers {
			if c.state == up {
				names = append(names, c.service)
			}
		}
	}
	if len(names) == 0 {
		return core.Form{}
	}
	f.Value = names[0]
	f.Choices = choices("", names...)
	return core.Form{Fields: []core.Field{
		f, {Name: "command", Title: text.Lit("Command"), Help: text.Lit("empty: a shell"), Type: core.FieldText},
	}}
}

// PlanShell plans a shell, or one program, in a container. It is a toy that
// lives in this process, and says so.
func (s *Source) PlanShell(ctx context.Context, ref core.Ref, what core.Shell) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if what.Debug != "" {
		return nil, problemf(core.Unsupported, "every container of the demo has a shell: it needs no debug container")
	}
	c, err := s.cellOf(o, what.Container)
	if err != nil {
		return nil, err
	}
	shown := "sh"
	if len(what.Command) > 0 {
		shown = strings.Join(what.Command, " ")
	}
	plan := core.Plan{
		Verb: core.VerbShell, Target: c.target.ref(),
		Title:    text.Sprintf("Open %s in %s of %s", shown, c.container, c.target.ref().Path()),
		Impact:   []text.Safe{text.Sprintf("runs in image %s; what is done in it is not recorded", c.image)},
		Warnings: []text.Safe{text.Lit("a toy shell of the demo: no process is started anywhere")},
		Command:  text.Sprintf("%s %s", c.command, shown),
		UndoHint: text.Lit("cannot be undone: what is done inside stays done"),
	}
	if c.target != o {
		plan.From = o.ref()
	}
	return &core.Operation{Plan: plan, Session: func(ctx context.Context, t core.Terminal) error {
		s.w.lock()
		_, err := s.place.lookup(plan.Target)
		s.w.mu.Unlock()
		if err != nil {
			return err
		}
		if err := s.w.gate.Check(ctx, "shell in "+plan.Target.Path()); err != nil {
			return s.Problem(err)
		}
		return s.runShell(ctx, c, what.Command, t)
	}}, nil
}
