package docker

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Sheller = (*Source)(nil)

// shells are looked for in this order.
var shells = []string{
	"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/zsh", "/bin/ash",
	"/bin/sh", "/usr/bin/sh", "/busybox/sh",
}

// bestShell looks which shell is there, by reading and without running
// anything: a HEAD of the archive. What cannot be looked at is taken to be sh.
func (s *Source) bestShell(ctx context.Context, id string) (string, error) {
	api, err := s.client(ctx)
	if err != nil {
		return "", err
	}
	for _, path := range shells {
		x, err := api.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: path})
		if err == nil && x.Stat.Mode&fs.ModeSymlink != 0 && x.Stat.LinkTarget != "" {
			// The path it is called by stays: busybox goes by its name.
			x, err = api.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: x.Stat.LinkTarget})
		}
		switch {
		case errdefs.IsNotFound(err):
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil:
			return "sh", nil // a proxy may allow exec and nothing else
		case x.Stat.Mode.IsRegular() && x.Stat.Mode.Perm()&0o111 != 0:
			return path, nil
		}
	}
	return "", nil
}

// PlanShell implements sources.Sheller for containers, and for projects by one
// of their containers.
func (s *Source) PlanShell(ctx context.Context, ref core.Ref, what core.Shell) (*core.Operation, error) {
	c, err := s.entered(ctx, ref, what.Container)
	if err != nil {
		return nil, err
	}
	m, err := newLife(c)
	if err != nil {
		return nil, err
	}
	switch {
	case what.Debug != "":
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Lit("Docker adds no debug container to one that runs"),
			Hint: text.Sprintf("beside it: docker %srun --rm -it --pid container:%s --network container:%s %s", s.hostFlag(), quoteArg(m.name), quoteArg(m.name), quoteArg(what.Debug)),
		}
	case m.state == container.StatePaused:
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is paused", m.name), Hint: text.Lit("resume it first")}
	case m.state != container.StateRunning:
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is not running: it is %s", m.name, m.since()), Hint: text.Lit("start it first")}
	}
	command := what.Command
	if len(command) == 0 {
		shell, err := s.bestShell(ctx, m.id)
		if err != nil {
			return nil, err
		}
		if shell == "" {
			return nil, &core.Problem{
				Kind: core.Unsupported, Summary: text.Sprintf("%s has no shell: its image holds neither bash nor sh", m.name),
				Hint: text.Sprintf("give a command that it has, or beside it: docker %srun --rm -it --pid container:%s --network container:%s busybox", s.hostFlag(), quoteArg(m.name), quoteArg(m.name)),
			}
		}
		command = []string{shell}
	}
	words := make([]string, 0, len(command))
	for _, w := range command {
		words = append(words, quoteArg(w))
	}
	p := core.Plan{
		Verb: core.VerbShell, Target: s.ref(kindContainer, m.name, m.id), Rev: m.rev(),
		Title:    text.Sprintf("Run %s in container %s", strings.Join(redactArgs(command), " "), m.name),
		Impact:   []text.Safe{text.Sprintf("image %s, as user %s", m.image, cmp.Or(userOf(c), "root"))},
		Preview:  text.Lit("what is done inside is up to you"),
		Command:  text.Sprintf("docker %sexec -it %s %s", s.hostFlag(), quoteArg(m.name), strings.Join(words, " ")),
		UndoHint: text.Lit("cannot be undone: what is done inside is not known here"),
	}
	if !ref.SameObject(p.Target) {
		p.From = ref
	}
	if h := c.HostConfig; h != nil && h.Privileged {
		p.Warnings = append(p.Warnings, text.Sprintf("%s is privileged: root inside is root of the host", m.name))
	}
	return &core.Operation{
		Plan: p,
		Session: func(ctx context.Context, t core.Terminal) error {
			now, err := s.resolve(ctx, p.Target)
			if err != nil {
				return err
			}
			if now.State == nil || now.State.Status != container.StateRunning {
				return changedMeanwhile(kindContainer, m.name)
			}
			return s.exec(ctx, m.id, command, t)
		},
	}, nil
}

func userOf(c *container.InspectResponse) string {
	if c.Config == nil {
		return ""
	}
	return c.Config.User
}

// entered is the container that a shell goes into.
func (s *Source) entered(ctx context.Context, ref core.Ref, name string) (*container.InspectResponse, error) {
	if ref.Kind == kindContainer {
		c, err := s.resolve(ctx, ref)
		return &c, err
	}
	if ref.Kind != kindProject {
		return nil, unsupported(ref.Kind, "shell")
	}
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return nil, err
	}
	var found []string
	var id string
	for i := range list {
		x := &list[i]
		switch {
		case name == containerName(x), name != "" && name == x.Labels[labelService] && id == "":
			id = x.ID
		case name == "" && x.State == container.StateRunning:
			id = x.ID
			found = append(found, containerName(x))
		}
	}
	switch {
	case len(found) > 1:
		slices.Sort(found)
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("project %s has several containers", ref.Name), Hint: text.Sprintf("choose one: container=%s", found[0])}
	case id == "" && name != "":
		return nil, notFound(kindContainer, name)
	case id == "":
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("no container of project %s is running", ref.Name)}
	}
	c, err := s.inspect(ctx, id)
	return &c, err
}

// shellForm asks for the container of a project.
func (s *Source) shellForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	if ref.Kind != kindProject {
		return core.Form{}, nil
	}
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return core.Form{}, err
	}
	slices.SortFunc(list, func(a, b container.Summary) int { return cmp.Compare(containerName(&a), containerName(&b)) })
	f := core.Field{
		Name: "container", Title: text.Lit("container"), Type: core.FieldChoice, Required: true,
		Columns: []text.Safe{text.Lit("CONTAINER"), text.Lit("SERVICE"), text.Lit("IMAGE"), text.Lit("STATE")},
	}
	for i := range list {
		x := &list[i]
		choice := core.Choice{Value: containerName(x), Cells: []text.Safe{
			text.Clean(containerName(x)), text.Clean(x.Labels[labelService]), text.Clean(imageName(x)), text.Clean(string(x.State)),
		}}
		if x.State != container.StateRunning {
			choice.Disabled = text.Clean(fmt.Sprintf("it is %s", x.State))
		} else if f.Value == "" {
			f.Value = choice.Value
		}
		f.Choices = append(f.Choices, choice)
	}
	return core.Form{Fields: []core.Field{f}}, nil
}
