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
	// startGrace is how long the engine may take to start a container, or to
	// tidy up after one.
	startGrace = 15 * time.Second
	// livesAtOnce bounds the requests for one project at the same time.
	livesAtOnce = 4
)

// lifeChange is one planned change of the lives of containers: of one, or of
// a project's. What differs between the verbs are the fields.
type lifeChange struct {
	verb    string    // core.VerbStop
	title   text.Safe // "Stop"
	did     string    // "stopped"
	after   text.Safe // the state it leads to
	command []string  // of the docker command, before the names: {"stop"}
	danger  int
	// inverse takes it back, for the containers for which canInvert holds (nil:
	// all); "": nothing does.
	inverse   string
	canInvert func(m *life) bool
	undo      text.Safe // how it is undone by inverse
	lost      text.Safe // why it cannot be undone otherwise
	// fits tells why it cannot be done to m; empty: it can.
	fits func(m *life) text.Safe
	// tell adds what is to be said of one container.
	tell func(m *life, p *core.Plan)
	// downs: what depends on it is warned of. first says which service comes
	// first when one depends on another.
	downs bool
	order order
	send  func(ctx context.Context, api *client.Client, m *life) error
	// look judges a container as it is read back; c is nil when it is gone.
	// OutcomeUnknown means: not yet.
	look func(s *Source, m *life, c *container.InspectResponse) (core.Outcome, text.Safe)
	// unproven answers for a request whose arrival the container does not show;
	// nil: it does.
	unproven func(ctx context.Context, s *Source, m *life) (core.Outcome, text.Safe, error)
	done     text.Safe // what is said at the end
	// program carries it out for a project as one instead of send, and line is
	// its command line; nil: nothing does.
	program func(ctx context.Context, out core.Output) error
	line    text.Safe
}

// order is the order of a project's services.
type order uint8

const (
	anyOrder order = iota
	dependenciesFirst
	dependentsFirst
)

// planLives plans v for a container or for all of a project.
func (s *Source) planLives(ctx context.Context, ref core.Ref, v *lifeChange) (*core.Operation, error) {
	p := core.Plan{
		Verb: v.verb, Danger: v.danger, UndoHint: text.Sprintf("cannot be undone: %s", v.lost),
		Preview: text.Sprintf("Docker cannot try a %s without doing it", v.verb),
	}
	var all []*life
	var others int // containers of the project that are left as they are
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		m, err := newLife(&c)
		if err != nil {
			return nil, err
		}
		if why := v.fits(m); !why.Empty() {
			return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("cannot %s %s: %s", v.verb, m.name, why)}
		}
		all = []*life{m}
		p.Target, p.Rev = s.ref(kindContainer, m.name, m.id), m.rev()
		p.Title = text.Sprintf("%s container %s", v.title, m.name)
		p.Changes = []core.FieldChange{{Field: text.Lit("state"), Before: text.CleanLong(m.since()), After: v.after}}
	case kindProject:
		var err error
		if all, others, err = s.planMembers(ctx, ref, v, &p); err != nil {
			return nil, err
		}
	default:
		return nil, unsupported(ref.Kind, v.verb)
	}
	for _, m := range all {
		v.tell(m, &p)
	}
	if v.downs {
		down, err := s.dependents(ctx, all)
		if err != nil { // a proxy may allow this one container only
			down = []text.Safe{text.Sprintf("what depends on it is not known: %s", s.Problem(err).Summary)}
		}
		p.Warnings = append(p.Warnings, down...)
	}
	words := append([]string{}, v.command...)
	invertible := v.inverse != "" && others == 0
	limit := time.Duration(0)
	for _, m := range all {
		words = append(words, quoteArg(m.name))
		invertible = invertible && (v.canInvert == nil || v.canInvert(m))
		limit = max(limit, m.timeout)
	}
	p.Command = text.Sprintf("docker %s%s", s.hostFlag(), strings.Join(words, " "))
	if v.program != nil {
		p.Command = v.line
	}
	switch {
	case invertible:
		p.Inverse = &core.Inverse{Verb: v.inverse, Target: s.ref(ref.Kind, p.Target.Name, "")}
		p.UndoHint = v.undo
	case v.inverse != "" && others > 0:
		p.UndoHint = text.Lit("cannot be undone as one: it would change containers of the project that this leaves alone")
	}
	op := &core.Operation{
		Plan:    p,
		Execute: func(ctx context.Context, out core.Output) error { return s.execute(ctx, v, all, out) },
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.verify(ctx, v, all, report)
		},
	}
	if limit > time.Minute { // a project's waves come one after another
		op.SendLimit = 5*time.Minute + limit*time.Duration(len(waves(all, v.order)))
		op.VerifyLimit = op.SendLimit
	}
	return op, nil
}

// planMembers fills the plan for a project: the containers that v can be done to, and
// how many of its others are left alone.
func (s *Source) planMembers(ctx context.Context, ref core.Ref, v *lifeChange, p *core.Plan) (all []*life, others int, err error) {
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return nil, 0, err
	}
	p.Target = s.ref(kindProject, ref.Name, ref.Name)
	p.Title = text.Sprintf("%s all containers of project %s", v.title, ref.Name)
	for i := range list {
		if list[i].Labels[labelOneOff] == "True" { // of `compose run`: not a service
			continue
		}
		c, err := s.inspect(ctx, list[i].ID)
		if err != nil {
			return nil, 0, err
		}
		m, err := newLife(&c)
		if err != nil {
			var problem *core.Problem
			errors.As(err, &problem)
			p.Warnings = append(p.Warnings, text.Sprintf("left out: %s", problem.Summary))
			continue
		}
		if why := v.fits(m); !why.Empty() {
			p.Warnings = append(p.Warnings, text.Sprintf("left out: %s: %s", m.name, why))
			others++
			continue
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, 0, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("project %s has no container that could be %s", ref.Name, v.did)}
	}
	slices.SortFunc(all, func(a, b *life) int { return cmp.Compare(a.name, b.name) })
	in := text.Sprintf("%d containers, at most %d at a time", len(all), livesAtOnce)
	switch n := len(waves(all, v.order)); {
	case n > 1 && v.order == dependentsFirst:
		in = text.Sprintf("%s, what depends on others first", in)
	case n > 1:
		in = text.Sprintf("%s, what others depend on first", in)
	}
	p.Impact = append(p.Impact, in)
	for _, m := range all {
		p.Rev += m.id + " " + m.rev() + "\n"
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Clean(m.name), Before: text.CleanLong(m.since()), After: v.after})
	}
	return all, others, nil
}

// waves are the containers in the order in which they are dealt with; those of
// one wave at once. A circle ends the order: its members come together.
func waves(all []*life, o order) [][]*life {
	if o == anyOrder || len(all) < 2 {
		return [][]*life{all}
	}
	left := slices.Clone(all)
	var out [][]*life
	for len(left) > 0 {
		waiting := map[string]bool{}
		for _, m := range left {
			if m.service != "" {
				waiting[m.service] = true
			}
		}
		var ready, rest []*life
		for _, m := range left {
			if slices.ContainsFunc(m.dependsOn, func(d string) bool { return waiting[d] && d != m.service }) {
				rest = append(rest, m)
			} else {
				ready = append(ready, m)
			}
		}
		if len(ready) == 0 {
			ready, rest = rest, nil
		}
		out = append(out, ready)
		left = rest
	}
	if o == dependentsFirst {
		slices.Reverse(out)
	}
	return out
}

// execute checks that every container still is what was planned for, then
// sends each request once.
func (s *Source) execute(ctx context.Context, v *lifeChange, all []*life, out core.Output) error {
	for _, m := range all {
		if err := s.recheck(ctx, m); err != nil {
			return err
		}
	}
	if v.program != nil {
		return s.byProgram(ctx, v, all, out)
	}
	var failed []error
	for _, wave := range waves(all, v.order) {
		gate := make(chan struct{}, livesAtOnce)
		errs := make([]error, len(wave))
		var wg sync.WaitGroup
		for i, m := range wave {
			gate <- struct{}{}
			wg.Add(1)
			core.Go("docker "+v.verb+" "+s.host.scope, func() {
				defer wg.Done()
				defer func() { <-gate }()
				began := time.Now()
				sent, err := s.once(ctx, v.verb+" "+m.name, func(ctx context.Context, api *client.Client) error { return v.send(ctx, api, m) })
				if sent {
					m.sent = began
				}
				errs[i] = err
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				failed = append(failed, err)
			}
		}
		if len(failed) > 0 { // what comes after depends on this
			break
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(all) == 1:
		return failed[0]
	}
	n := 0
	for _, m := range all {
		if m.sent.IsZero() {
			n++
		}
	}
	return fmt.Errorf("%d of %d containers were not %s: %w", max(n, len(failed)), len(all), v.did, errors.Join(failed...))
}

// verify reads back until every container is as it should be, or one has
// failed.
func (s *Source) verify(ctx context.Context, v *lifeChange, all []*life, report func(core.Progress)) (core.Outcome, error) {
	tick := time.NewTicker(verifyEvery)
	defer tick.Stop()
	last := core.Progress{Done: -1}
	for {
		done, waiting := 0, text.Safe{}
		for _, m := range all {
			outcome, says, err := s.lookAt(ctx, v, m)
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
			report(core.Progress{Done: done, Total: len(all), Text: v.done})
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

// lookAt reads one container and has it judged.
func (s *Source) lookAt(ctx context.Context, v *lifeChange, m *life) (core.Outcome, text.Safe, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	c, err := s.resolve(ctx, s.ref(kindContainer, m.name, m.id))
	var p *core.Problem
	gone := errors.As(err, &p) && (p.Kind == core.NotFound || p.Kind == core.Conflict)
	switch {
	case gone:
		if outcome, says := v.look(s, m, nil); outcome != core.OutcomeUnknown {
			return outcome, says, nil
		}
		return core.OutcomeUnknown, text.Safe{}, err
	case err != nil:
		return core.OutcomeUnknown, text.Safe{}, err
	case c.State == nil:
		return core.OutcomeUnknown, text.Sprintf("%s: no state", m.name), nil
	}
	outcome, says := v.look(s, m, &c)
	if outcome == core.OutcomeUnknown && v.unproven != nil {
		return v.unproven(ctx, s, m)
	}
	return outcome, says, nil
}

// awaited is the judgement of a container that does not show the change: too
// late, the request did not arrive.
func (m *life) awaited(v *lifeChange, says text.Safe) (core.Outcome, text.Safe) {
	limit := m.grace()
	if m.sent.IsZero() || limit > 0 && time.Since(m.sent) >= limit {
		return core.OutcomeRefused, text.Sprintf("%s was not %s: the request did not arrive", m.name, v.did)
	}
	return core.OutcomeUnknown, says
}

// upAgain judges a container that should live a new life: running, and
// healthy if it has a health check.
func (v *lifeChange) upAgain(s *Source, m *life, c *container.InspectResponse) (core.Outcome, text.Safe) {
	if c == nil {
		return core.OutcomeUnknown, text.Safe{}
	}
	st := c.State
	if st.StartedAt == m.started {
		if st.Status == container.StateRunning {
			return m.awaited(v, text.Sprintf("%s: stopping", m.name))
		}
		return m.awaited(v, text.Sprintf("%s: %s", m.name, string(st.Status)))
	}
	up := s.now().Sub(parseTime(st.StartedAt))
	switch {
	case !st.Running && !st.Restarting && st.ExitCode == 0 && m.state == container.StateExited && m.exit == 0:
		return core.OutcomeHealthy, text.Safe{} // it has done its work again
	case st.Restarting || !st.Running:
		why := assess(&container.Summary{State: st.Status}, detailOf(c), s.now())
		return core.OutcomeFailed, text.Sprintf("%s did not stay up: %s %s", m.name, why.reason, why.message)
	case m.health || st.Health != nil && st.Health.Status != "" && st.Health.Status != container.NoHealthcheck:
		if st.Health == nil {
			return core.OutcomeUnknown, text.Sprintf("%s: health unknown", m.name)
		}
		switch st.Health.Status {
		case container.Healthy:
			return core.OutcomeHealthy, text.Safe{}
		case container.Unhealthy:
			return core.OutcomeFailed, text.Sprintf("%s is unhealthy after the %s", m.name, v.verb)
		}
		return core.OutcomeUnknown, text.Sprintf("%s: running, health check %s", m.name, string(st.Health.Status))
	case c.RestartCount > 0 && up < settleAfter, up < verifyStable:
		return core.OutcomeUnknown, text.Sprintf("%s: running for %s", m.name, max(up, 0).Truncate(time.Second))
	}
	return core.OutcomeHealthy, text.Safe{}
}
