package docker

import (
	"context"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanStop implements sources.Runner for containers and projects.
func (s *Source) PlanStop(ctx context.Context, ref core.Ref, grace int) (*core.Operation, error) {
	v := &lifeChange{
		verb: core.VerbStop, title: text.Lit("Stop"), did: "stopped", after: text.Lit("stopped"),
		command: []string{"stop"}, danger: 1, downs: true, order: dependentsFirst, done: text.Lit("stopped"),
		inverse: core.VerbStart, canInvert: func(m *life) bool { return !m.autoRemove && m.state != container.StatePaused },
		undo: text.Lit("U starts it again; what the process held in memory is lost"),
		lost: text.Lit("it is removed, or was paused, and what the process held in memory is lost"),
		fits: func(m *life) text.Safe {
			if !m.alive() {
				return text.Lit("it is not running")
			}
			return text.Safe{}
		},
	}
	if grace >= 0 {
		v.command = append(v.command, "-t", strconv.Itoa(grace))
	}
	v.tell = func(m *life, p *core.Plan) {
		if grace >= 0 {
			m.timeout = time.Duration(grace) * time.Second
		}
		m.ends(p)
		p.Impact = append(p.Impact, text.Sprintf("%s: killed when it has not stopped after %s", m.name, m.timeoutText()), m.whenStopped())
		if m.ports != "" {
			p.Impact = append(p.Impact, text.Sprintf("%s: its ports go away: %s", m.name, m.ports))
		}
	}
	v.send = func(ctx context.Context, api *client.Client, m *life) error {
		o := client.ContainerStopOptions{}
		if grace >= 0 {
			o.Timeout = &grace
		}
		_, err := api.ContainerStop(ctx, m.id, o)
		return err
	}
	v.look = func(_ *Source, m *life, c *container.InspectResponse) (core.Outcome, text.Safe) {
		return v.down(m, c)
	}
	return s.planLives(ctx, ref, v)
}

// ends says what is lost with the end of a container that removes itself.
func (m *life) ends(p *core.Plan) {
	if m.autoRemove {
		p.Danger = 2
		p.Warnings = append(p.Warnings, text.Sprintf("%s was started with --rm: the engine removes it, its files and its anonymous volumes once it has stopped", m.name))
	}
}

// down judges a container that should have ended.
func (v *lifeChange) down(m *life, c *container.InspectResponse) (core.Outcome, text.Safe) {
	switch {
	case c == nil && m.autoRemove:
		return core.OutcomeHealthy, text.Safe{}
	case c == nil:
		return core.OutcomeUnknown, text.Safe{}
	case c.State.Running || c.State.Restarting:
		if !m.loops && c.State.StartedAt != m.started && !m.sent.IsZero() && parseTime(c.State.StartedAt).After(parseTime(m.started)) {
			return core.OutcomeFailed, text.Sprintf("%s runs again: something started it", m.name)
		}
		return m.awaited(v, text.Sprintf("%s: stopping", m.name))
	case m.autoRemove:
		return core.OutcomeUnknown, text.Sprintf("%s: removed by the engine", m.name)
	}
	return core.OutcomeHealthy, text.Safe{}
}

// PlanStart implements sources.Runner for containers and projects.
func (s *Source) PlanStart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	v := &lifeChange{
		verb: core.VerbStart, title: text.Lit("Start"), did: "started", after: text.Lit("running"),
		command: []string{"start"}, order: dependenciesFirst, done: text.Lit("running"),
		inverse: core.VerbStop, undo: text.Lit("U stops it again"), lost: text.Lit("it is removed when it stops"),
		canInvert: func(m *life) bool { return !m.autoRemove },
		fits: func(m *life) text.Safe {
			switch {
			case m.state == container.StatePaused:
				return text.Lit("it is paused: resume it")
			case m.alive():
				return text.Lit("it is running already")
			}
			return text.Safe{}
		},
	}
	v.tell = func(m *life, p *core.Plan) {
		p.Impact = append(p.Impact, text.Sprintf("%s: image %s, restart policy %s", m.name, m.image, m.policyText()))
		if m.state == container.StateExited && m.exit == 0 {
			p.Warnings = append(p.Warnings, m.wakes()...)
		}
	}
	v.send = func(ctx context.Context, api *client.Client, m *life) error {
		_, err := api.ContainerStart(ctx, m.id, client.ContainerStartOptions{})
		return err
	}
	v.look = v.upAgain
	return s.planLives(ctx, ref, v)
}
