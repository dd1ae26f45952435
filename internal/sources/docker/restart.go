package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	// verifyEvery is how often Verify looks.
	verifyEvery = 250 * time.Millisecond
	// verifyStable is how long a container without a health check must run.
	verifyStable = 2 * time.Second
	// startGrace is how long the engine may take to start a container.
	startGrace = 15 * time.Second
	// restartsAtOnce bounds the restarts of one project at the same time.
	restartsAtOnce = 4
)

// PlanRestart implements sources.Restarter for containers and projects.
func (s *Source) PlanRestart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		m, err := newRestart(&c)
		if err != nil {
			return nil, err
		}
		return s.planContainer(m), nil
	case kindProject:
		return s.planProject(ctx, ref)
	}
	return nil, unsupported(ref.Kind, "restart")
}

// restart is one container to be restarted, as it was seen.
type restart struct {
	id, name, image string
	state           container.ContainerState
	exit            int
	started         string // StartedAt as the engine spells it
	policy          string
	timeout         time.Duration
	health          bool
	sent            time.Time // when the request left; zero: it did not
}

func newRestart(c *container.InspectResponse) (*restart, error) {
	m := &restart{id: c.ID, name: strings.TrimPrefix(c.Name, "/"), policy: restartPolicy(c), timeout: stopTimeout(c)}
	if c.Config != nil {
		m.image = c.Config.Image
	}
	if c.State == nil {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the engine does not tell the state of %s", m.name)}
	}
	m.state, m.started, m.exit = c.State.Status, c.State.StartedAt, c.State.ExitCode
	m.health = c.State.Health != nil && c.State.Health.Status != container.NoHealthcheck && c.State.Health.Status != ""
	switch m.state {
	case container.StateRemoving, container.StateDead:
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is %s and cannot be restarted", m.name, string(m.state))}
	}
	return m, nil
}

// rev is what Execute compares: the life and the state that were seen.
func (m *restart) rev() string { return string(m.state) + "@" + m.started }

func (m *restart) since() string {
	if t := parseTime(m.started); !t.IsZero() {
		return fmt.Sprintf("%s since %s", m.state, stamp(t))
	}
	return string(m.state)
}

func (s *Source) planContainer(m *restart) *core.Operation {
	p := core.Plan{
		Verb: core.VerbRestart, Target: s.ref(kindContainer, m.name, m.id), Rev: m.rev(), Danger: 1,
		Title:    text.Sprintf("Restart container %s", m.name),
		Changes:  []core.FieldChange{{Field: text.Lit("state"), Before: text.CleanLong(m.since()), After: text.Lit("stopped, then running")}},
		Impact:   []text.Safe{text.Sprintf("1 container, stop timeout %s", m.timeout), text.Sprintf("restart policy: %s", cmp.Or(m.policy, "no"))},
		Preview:  text.Lit("Docker cannot try a restart without doing it"),
		Command:  text.Sprintf("docker %srestart %s", s.hostFlag(), quoteArg(m.name)),
		UndoHint: text.Lit("cannot be undone: what the process held in memory is lost; its files stay"),
	}
	p.Impact = append(p.Impact, text.Sprintf("the image stays: %s", m.image))
	p.Warnings = m.warnings()
	all := []*restart{m}
	return &core.Operation{
		Plan:    p,
		Execute: func(ctx context.Context, _ core.Output) error { return s.execute(ctx, all) },
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.verify(ctx, all, report)
		},
	}
}

func (m *restart) warnings() []text.Safe {
	var out []text.Safe
	switch m.state {
	case container.StateExited, container.StateCreated:
		if m.state == container.StateExited && m.exit == 0 {
			out = append(out, text.Sprintf("%s has done its work (exit 0): it will run again", m.name))
		} else {
			out = append(out, text.Sprintf("%s is not running: this starts it", m.name))
		}
	case container.StatePaused:
		out = append(out, text.Sprintf("%s is paused: this ends the pause", m.name))
	}
	return out
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
	return a
}

func (s *Source) planProject(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: core.VerbRestart, Target: s.ref(kindProject, ref.Name, ref.Name), Danger: 1,
		Title:    text.Sprintf("Restart all containers of project %s", ref.Name),
		Preview:  text.Lit("Docker cannot try a restart without doing it"),
		Command:  text.Sprintf("docker %scompose -p %s restart", s.hostFlag(), quoteArg(ref.Name)),
		UndoHint: text.Lit("cannot be undone: what the processes held in memory is lost; their files stay"),
	}
	var all []*restart
	var longest time.Duration
	for i := range list {
		if list[i].Labels[labelOneOff] == "True" { // of `compose run`: not a service
			continue
		}
		c, err := s.inspect(ctx, list[i].ID)
		if err != nil {
			return nil, err
		}
		m, err := newRestart(&c)
		if err != nil {
			var problem *core.Problem
			errors.As(err, &problem)
			p.Warnings = append(p.Warnings, text.Sprintf("left out: %s", problem.Summary))
			continue
		}
		all = append(all, m)
		longest = max(longest, m.timeout)
	}
	if len(all) == 0 {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("project %s has no container that can be restarted", ref.Name)}
	}
	slices.SortFunc(all, func(a, b *restart) int { return cmp.Compare(a.name, b.name) })
	p.Impact = []text.Safe{text.Sprintf("%d containers, at most %d at a time, stop timeout up to %s each", len(all), restartsAtOnce, longest)}
	for _, m := range all {
		p.Rev += m.id + " " + m.rev() + "\n"
		p.Changes = append(p.Changes, core.FieldChange{
			Field: text.Clean(m.name), Before: text.CleanLong(m.since()), After: text.Lit("stopped, then running"),
		})
		p.Impact = append(p.Impact, text.Sprintf("%s: stop timeout %s, restart policy %s", m.name, m.timeout, cmp.Or(m.policy, "no")))
		p.Warnings = append(p.Warnings, m.warnings()...)
	}
	return &core.Operation{
		Plan:    p,
		Execute: func(ctx context.Context, _ core.Output) error { return s.execute(ctx, all) },
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.verify(ctx, all, report)
		},
	}, nil
}

// execute checks that every container still is what was planned for, then
// sends each restart once.
func (s *Source) execute(ctx context.Context, all []*restart) error {
	for _, m := range all {
		if err := s.recheck(ctx, m); err != nil {
			return err
		}
	}
	gate := make(chan struct{}, restartsAtOnce)
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, m := range all {
		gate <- struct{}{}
		wg.Add(1)
		core.Go("docker restart "+s.host.scope, func() {
			defer wg.Done()
			defer func() { <-gate }()
			errs[i] = s.send(ctx, m)
		})
	}
	wg.Wait()
	failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	switch {
	case len(failed) == 0:
		return nil
	case len(all) == 1:
		return failed[0]
	}
	return fmt.Errorf("%d of %d containers were not restarted: %w", len(failed), len(all), errors.Join(failed...))
}

// recheck reads the container afresh: it must be the very one, in the life
// and state that the plan showed.
func (s *Source) recheck(ctx context.Context, m *restart) error {
	c, err := s.resolve(ctx, s.ref(kindContainer, m.name, m.id))
	if err != nil {
		return err
	}
	now, err := newRestart(&c)
	if err != nil {
		return err
	}
	if now.rev() != m.rev() {
		return &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("%s has changed meanwhile: it was %s, it is %s", m.name, m.since(), now.since()),
			Hint: text.Lit("look again and plan anew"),
		}
	}
	return nil
}

// send sends one restart. If no answer came though the request left, the
// outcome is unknown: it is never sent again.
func (s *Source) send(ctx context.Context, m *restart) error {
	api, err := s.client(ctx)
	if err != nil {
		return err
	}
	ctx, sent := watchSent(ctx)
	began := time.Now()
	// No timeout is given, so that the container's own holds. API: ContainerRestart
	_, err = api.ContainerRestart(ctx, m.id, client.ContainerRestartOptions{})
	if sent.Load() {
		m.sent = began
	}
	if err == nil {
		return nil
	}
	var conn *connError
	if sent.Load() && (errors.As(err, &conn) || ctx.Err() != nil) {
		return fmt.Errorf("restart %s: %w: %w", m.name, core.ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("restart %s: %w", m.name, err)
}

// verify reads back until every container runs a new life, healthy if it has
// a health check, or one has failed.
func (s *Source) verify(ctx context.Context, all []*restart, report func(core.Progress)) (core.Outcome, error) {
	tick := time.NewTicker(verifyEvery)
	defer tick.Stop()
	last := core.Progress{Done: -1}
	for {
		done, waiting := 0, text.Safe{}
		for _, m := range all {
			outcome, says, err := s.look(ctx, m)
			switch {
			case ctx.Err() != nil:
				return core.OutcomeUnknown, ctx.Err()
			case err != nil && s.Problem(err).Kind != core.Unreachable:
				return core.OutcomeFailed, err
			case err != nil: // the engine is away: read back when it returns
				says = s.Problem(err).Summary
			case outcome == core.OutcomeHealthy:
				done++
				continue
			case outcome != core.OutcomeUnknown:
				report(core.Progress{Done: done, Total: len(all), Text: says})
				return outcome, &core.Problem{Kind: core.Conflict, Summary: says, Hint: text.Lit("look at its logs")}
			}
			if waiting.Empty() {
				waiting = says
			}
		}
		if done == len(all) {
			report(core.Progress{Done: done, Total: len(all), Text: text.Lit("running")})
			return core.OutcomeHealthy, nil
		}
		if p := (core.Progress{Done: done, Total: len(all), Text: waiting}); p != last {
			report(p)
			last = p
		}
		select {
		case <-ctx.Done():
			return core.OutcomeUnknown, ctx.Err()
		case <-tick.C:
		}
	}
}

// look judges one container. OutcomeUnknown means: not yet.
func (s *Source) look(ctx context.Context, m *restart) (core.Outcome, text.Safe, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	c, err := s.resolve(ctx, s.ref(kindContainer, m.name, m.id))
	if err != nil {
		return core.OutcomeUnknown, text.Safe{}, err
	}
	if c.State == nil {
		return core.OutcomeUnknown, text.Sprintf("%s: no state", m.name), nil
	}
	st := c.State
	if st.StartedAt == m.started {
		if st.Running && st.Status == container.StateRunning && !m.sent.IsZero() && time.Since(m.sent) < m.timeout+startGrace {
			return core.OutcomeUnknown, text.Sprintf("%s: stopping", m.name), nil
		}
		if m.sent.IsZero() || time.Since(m.sent) >= m.timeout+startGrace {
			return core.OutcomeRefused, text.Sprintf("%s was not restarted: the request did not arrive", m.name), nil
		}
		return core.OutcomeUnknown, text.Sprintf("%s: %s", m.name, string(st.Status)), nil
	}
	up := s.now().Sub(parseTime(st.StartedAt))
	switch {
	case st.Restarting || !st.Running:
		d := detailOf(&c)
		why := assess(&container.Summary{State: st.Status}, d, s.now())
		return core.OutcomeFailed, text.Sprintf("%s did not stay up: %s %s", m.name, why.reason, why.message), nil
	case m.health || st.Health != nil && st.Health.Status != "" && st.Health.Status != container.NoHealthcheck:
		if st.Health == nil {
			return core.OutcomeUnknown, text.Sprintf("%s: health unknown", m.name), nil
		}
		switch st.Health.Status {
		case container.Healthy:
			return core.OutcomeHealthy, text.Safe{}, nil
		case container.Unhealthy:
			return core.OutcomeFailed, text.Sprintf("%s is unhealthy after the restart", m.name), nil
		}
		return core.OutcomeUnknown, text.Sprintf("%s: running, health check %s", m.name, string(st.Health.Status)), nil
	case c.RestartCount > 0 && up < settleAfter, up < verifyStable:
		return core.OutcomeUnknown, text.Sprintf("%s: running for %s", m.name, max(up, 0).Truncate(time.Second)), nil
	}
	return core.OutcomeHealthy, text.Safe{}, nil
}
