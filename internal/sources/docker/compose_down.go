package docker

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// planDown plans that a project is taken down: its containers and networks go,
// with how.Volumes its volumes too.
func (s *Source) planDown(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return nil, err
	}
	if err := s.composeReach(); err != nil {
		return nil, err
	}
	c, err := s.composer(ctx)
	if err != nil {
		return nil, err
	}
	files, err := projectFiles(ref.Name, list)
	if err != nil {
		if !c.plugin() {
			return nil, err
		}
		files = nil // the plugin finds what is there by its labels
	}
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	mine := client.Filters{}.Add("label", labelProject+"="+ref.Name)
	networks, err := api.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	volumes, err := api.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	p := core.Plan{Verb: core.VerbDelete, Danger: 1, Title: text.Sprintf("Take project %s down", ref.Name)}
	gone := func(kind, name string, before, after text.Safe) {
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Sprintf("%s %s", kind, name), Before: before, After: after})
	}
	for i := range list {
		gone(kindContainer, containerName(&list[i]), text.Clean(list[i].Status), text.Lit("stopped and removed"))
	}
	for i := range networks.Items {
		gone(kindNetwork, networks.Items[i].Name, text.Lit("there"), text.Lit("removed"))
	}
	command := []string{"down"}
	back := text.Lit("the project's files are not here")
	if files != nil {
		back = s.composeCommand(c, ref.Name, files, "up", "-d")
	}
	p.UndoHint = text.Sprintf("cannot be undone here; to bring it up again: %s", back)
	if how.Volumes {
		command = append(command, "-v")
		if len(volumes.Items) > 0 {
			p.Danger = 2
			p.UndoHint = text.Sprintf("cannot be undone: what is in the volumes is lost; to bring it up again, empty: %s", back)
		}
		for i := range volumes.Items {
			gone(kindVolume, volumes.Items[i].Name, text.Lit("with its data"), text.Lit("removed, its data is lost"))
		}
		p.Warnings = append(p.Warnings, text.Lit("anonymous volumes of its containers are removed too"))
	} else if n := len(volumes.Items); n > 0 {
		p.Impact = append(p.Impact, text.Sprintf("%d named volumes stay with their data", n))
	}
	p.Warnings = append(p.Warnings, text.Lit("what its containers wrote outside of volumes is lost"))
	p.Impact = append(p.Impact, text.Sprintf("by %s %s", c.words(), c.version))
	p.Command = s.composeCommand(c, ref.Name, files, command...)
	x := &composing{s: s, c: c, project: ref.Name, files: files, rev: membersRev(list), commands: [][]string{command}}
	x.check = func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		return s.allGone(ctx, ref.Name, report)
	}
	return x.operation(p), nil
}

// allGone reads back until a project has no container any more.
func (s *Source) allGone(ctx context.Context, project string, report func(core.Progress)) (core.Outcome, error) {
	for {
		list, err := s.summaries(ctx, client.Filters{}.Add("label", labelProject+"="+project))
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err != nil && s.Problem(err).Kind != core.Unreachable:
			return core.OutcomeUnknown, err
		case err != nil:
			report(core.Progress{Text: s.Problem(err).Summary})
		case len(list) == 0:
			report(core.Progress{Done: 1, Total: 1, Text: text.Lit("gone")})
			return core.OutcomeHealthy, nil
		default:
			report(core.Progress{Text: text.Sprintf("%d containers are still there", len(list))})
		}
		if !pause(ctx, verifyEvery) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
}

// downForm asks what goes along.
func downForm() core.Form {
	return core.Form{Fields: []core.Field{{
		Name: "volumes", Title: text.Lit("its volumes too"), Type: core.FieldBool, Value: "false", Help: text.Lit("their data is lost"),
	}}}
}
