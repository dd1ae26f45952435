package docker

import (
	"context"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanRestart implements sources.Restarter for containers and projects.
func (s *Source) PlanRestart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	v := &lifeChange{
		verb: core.VerbRestart, title: text.Lit("Restart"), did: "restarted", after: text.Lit("stopped, then running"),
		command: []string{"restart"}, danger: 1, downs: true, done: text.Lit("running"),
		// Only what was stopped can be brought back to where it was.
		inverse: core.VerbStop, canInvert: func(m *life) bool { return !m.alive() },
		undo: text.Lit("U stops it again: it was not running before"),
		lost: text.Lit("what the process held in memory is lost; its files stay"),
		fits: func(*life) text.Safe { return text.Safe{} },
	}
	v.tell = func(m *life, p *core.Plan) {
		p.Impact = append(p.Impact, text.Sprintf("%s: stop timeout %s, restart policy %s, image %s", m.name, m.timeoutText(), m.policyText(), m.image))
		p.Warnings = append(p.Warnings, m.wakes()...)
	}
	v.send = func(ctx context.Context, api *client.Client, m *life) error {
		// No timeout is given, so that the container's own holds. API: ContainerRestart
		_, err := api.ContainerRestart(ctx, m.id, client.ContainerRestartOptions{})
		return err
	}
	v.look = v.upAgain
	if ref.Kind == kindProject {
		if err := s.composeRestart(ctx, ref, v); err != nil {
			return nil, err
		}
	}
	return s.planLives(ctx, ref, v)
}

// wakes says what a restart does to a container that does not run now.
func (m *life) wakes() []text.Safe {
	switch {
	case m.state == container.StateExited && m.exit == 0:
		return []text.Safe{text.Sprintf("%s has done its work (exit 0): it will run again", m.name)}
	case m.state == container.StateExited, m.state == container.StateCreated:
		return []text.Safe{text.Sprintf("%s is not running: this starts it", m.name)}
	case m.state == container.StatePaused:
		return []text.Safe{text.Sprintf("%s is paused: this ends the pause", m.name)}
	}
	return nil
}

// hostFlag is what the docker command needs to mean the same engine.
func (s *Source) hostFlag() string {
	if s.host.scope == "local" {
		return ""
	}
	return "-H " + quoteArg(s.host.url) + " "
}

// quoteArg quotes for a shell where that is necessary.
func quoteArg(a string) string {
	for _, r := range a {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@=", r) {
			return quoteShell(a)
		}
	}
	if a == "" {
		return "''"
	}
	return a
}
