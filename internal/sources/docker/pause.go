package docker

import (
	"context"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanPause implements sources.Pauser for containers and projects.
func (s *Source) PlanPause(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	v := &lifeChange{
		verb: core.VerbPause, title: text.Lit("Pause"), did: "paused", after: text.Lit("paused"),
		command: []string{"pause"}, danger: 1, downs: true, order: dependentsFirst, done: text.Lit("paused"),
		inverse: core.VerbResume, undo: text.Lit("U lets it go on where it was held"),
		fits: func(m *life) text.Safe {
			switch {
			case m.state == container.StatePaused:
				return text.Lit("it is paused already")
			case m.state != container.StateRunning:
				return text.Lit("it is not running")
			}
			return text.Safe{}
		},
	}
	v.tell = func(m *life, p *core.Plan) {
		p.Impact = append(p.Impact, text.Sprintf("%s: its processes are frozen and keep their memory; connections stay open and get no answer", m.name))
		if m.health {
			p.Impact = append(p.Impact, text.Sprintf("%s: its health check does not run meanwhile", m.name))
		}
	}
	v.send = func(ctx context.Context, api *client.Client, m *life) error {
		_, err := api.ContainerPause(ctx, m.id, client.ContainerPauseOptions{})
		return err
	}
	v.look = v.held(true)
	return s.planLives(ctx, ref, v)
}

// PlanResume implements sources.Pauser for containers and projects.
func (s *Source) PlanResume(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	v := &lifeChange{
		verb: core.VerbResume, title: text.Lit("Resume"), did: "resumed", after: text.Lit("running"),
		command: []string{"unpause"}, order: dependenciesFirst, done: text.Lit("running"),
		inverse: core.VerbPause, undo: text.Lit("U pauses it again"),
		fits: func(m *life) text.Safe {
			if m.state != container.StatePaused {
				return text.Lit("it is not paused")
			}
			return text.Safe{}
		},
	}
	v.tell = func(m *life, p *core.Plan) {
		p.Impact = append(p.Impact, text.Sprintf("%s: goes on where it was held; what waited for it may have given up", m.name))
	}
	v.send = func(ctx context.Context, api *client.Client, m *life) error {
		_, err := api.ContainerUnpause(ctx, m.id, client.ContainerUnpauseOptions{})
		return err
	}
	v.look = v.held(false)
	return s.planLives(ctx, ref, v)
}

// held judges by whether a container is paused.
func (v *lifeChange) held(paused bool) func(*Source, *life, *container.InspectResponse) (core.Outcome, text.Safe) {
	return func(_ *Source, m *life, c *container.InspectResponse) (core.Outcome, text.Safe) {
		switch {
		case c == nil:
			return core.OutcomeUnknown, text.Safe{}
		case c.State.StartedAt != m.started || !c.State.Running:
			return core.OutcomeFailed, text.Sprintf("%s does not run any more: it is %s", m.name, string(c.State.Status))
		case c.State.Paused == paused:
			return core.OutcomeHealthy, text.Safe{}
		}
		return m.awaited(v, text.Sprintf("%s: %s", m.name, string(c.State.Status)))
	}
}
