package gitlab

import (
	"context"
	"strconv"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	// atOnce is how many questions are under way at the same time.
	atOnce = 4
	// askLimit is how long one of them may take.
	askLimit = 25 * time.Second
	// fewProjects are so few that all of them may be asked for as a list wants it;
	// of more, those where something goes on or is in sight are.
	fewProjects = 12
	// backfillEvery is the time between two pipelines that are completed though
	// they are not in sight; of each project, the newest are.
	backfillEvery = 2 * time.Second
	backfillMost  = 3
	// Where there are few projects it goes faster and further back.
	backfillFewEvery = 250 * time.Millisecond
	backfillFewMost  = 10
)

// question is what is asked for again and again.
type question struct {
	what string // "groups", "list", "run", "environments"
	path string
	run  int
}

// answerTo is that a question has been asked.
type answerTo struct {
	q    question
	news bool
	err  error
}

// poller is one run of a source.
type poller struct {
	s        *Source
	schedule *ci.Schedule[question]
	busy     map[question]bool
	again    map[question]bool // changed while it was being asked for
	failed   map[question]bool // pipelines that cannot be completed
	answers  chan answerTo
	backfill time.Time // when the next pipeline out of sight may be completed
}

// Run implements sources.Source.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	p := &poller{s: s, schedule: ci.NewSchedule[question](), busy: map[question]bool{}, again: map[question]bool{}, failed: map[question]bool{}, answers: make(chan answerTo, atOnce)}
	s.mu.Lock()
	s.model.start(sink)
	s.mu.Unlock()
	defer func() {
		for len(p.busy) > 0 {
			delete(p.busy, (<-p.answers).q)
		}
		s.mu.Lock()
		s.model.sink = nil
		s.mu.Unlock()
		s.client.Close()
	}()
	if err := s.greet(ctx, sink); err != nil {
		return err
	}
	for ctx.Err() == nil {
		p.plan()
		wait := p.ask(ctx)
		timer := s.timer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.Wants:
			s.mu.Lock()
			s.model.want(s.Wanted().Kinds)
			s.mu.Unlock()
		case <-s.Wakes:
			s.mu.Lock()
			for _, r := range s.model.projects {
				r.full = time.Time{} // the whole list: something may be gone
			}
			s.mu.Unlock()
			p.schedule.Wake(s.now())
		case n := <-s.nudges:
			p.now(question{what: "list", path: n.path})
			if n.run != 0 {
				p.now(question{what: "run", path: n.path, run: n.run})
			}
			p.now(question{what: "environments", path: n.path})
		case a := <-p.answers:
			p.done(a)
		}
		timer.Stop()
	}
	return ctx.Err()
}

// start begins with what is wanted now. What was known of a run before is kept.
func (m *model) start(sink sources.Sink) {
	m.sink = sink
	m.wanted, m.listing, m.states = map[string]bool{}, map[string]bool{}, map[string]*core.Problem{}
	m.rows = map[string]map[core.Ref]*core.Resource{}
	for _, path := range m.s.server.projects {
		if !isPattern(path) {
			m.repository(path)
		}
	}
	m.want(m.s.Wanted().Kinds)
}

// greet asks who we are. Without an answer nothing else has a meaning.
func (s *Source) greet(ctx context.Context, sink sources.Sink) error {
	var version struct {
		Version    string `json:"version"`
		Enterprise bool   `json:"enterprise"`
	}
	if s.token.None() {
		return noToken(s.server.host, s.server.token)
	}
	_, err := s.get(ctx, rest.Request{Path: []string{"version"}}, &version)
	if err != nil && !absent(err) {
		return err
	}
	if err == nil {
		sink.Version(text.Sprintf("GitLab %s", version.Version))
	}
	var me apiUser
	if _, err := s.get(ctx, rest.Request{Path: []string{"user"}}, &me); err == nil {
		s.me.Store(&me)
	} else if !absent(err) {
		return err
	}
	sink.Alive()
	return nil
}

// now makes a question due at once, also where it is under way.
func (p *poller) now(q question) {
	if p.busy[q] {
		p.again[q] = true
	}
	p.schedule.Now(q, p.s.now())
}

// plan puts into the schedule what is worth asking for.
func (p *poller) plan() {
	s, now := p.s, p.s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.model
	shown := map[question]bool{}
	sight := map[string]bool{} // projects
	if m.wanted[ci.KindRun] {
		for _, ref := range s.Wanted().Shown {
			if ref.Instance() != s.Info().Instance() || ref.Kind != ci.KindRun {
				continue
			}
			if id, err := strconv.Atoi(ref.Name); err == nil {
				shown[question{what: "run", path: ref.Namespace, run: id}] = true
				sight[ref.Namespace] = true
			}
		}
	}
	few := len(m.projects) <= fewProjects
	keep := map[question]bool{}
	set := func(q question, c ci.Class) {
		keep[q] = true
		p.schedule.Set(q, c, now)
	}
	for _, pattern := range s.server.projects {
		if isPattern(pattern) {
			set(question{what: "groups", path: pattern}, ci.Idle)
		}
	}
	for path, r := range m.projects {
		active := false
		for id, x := range r.runs {
			q := question{what: "run", path: path, run: id}
			goes := !isOver(x.p.Status) && x.p.Status != "manual" && x.p.Status != "scheduled"
			active = active || goes
			switch {
			case !m.wanted[ci.KindRun]:
			case shown[q] && goes:
				set(q, ci.Watched)
			case shown[q] && x.stale(), shown[q] && !isOver(x.p.Status):
				set(q, ci.Wanted)
			case !isOver(x.p.Status) && x.stale(): // it may wait for somebody
				set(q, ci.Idle)
			}
		}
		class := ci.Idle
		if m.wanted[ci.KindRun] || m.wanted[ci.KindWorkflow] {
			if few || active || sight[path] {
				class = ci.Wanted
			}
		}
		set(question{what: "list", path: path}, class)
		if m.wanted[ci.KindEnvironment] {
			class = ci.Idle
			if few {
				class = ci.Wanted
			}
			set(question{what: "environments", path: path}, class)
		}
	}
	p.schedule.Keep(func(q question) bool { return keep[q] || p.busy[q] })
}

// stale reports whether a pipeline has changed since its jobs were read.
func (x *pipeline) stale() bool { return x.d == nil || !x.d.of.Equal(x.p.Updated) }

// ask asks what is due, and returns how long there is nothing more to ask.
func (p *poller) ask(ctx context.Context) time.Duration {
	now := p.s.now()
	wait := time.Hour
	var skipped []question
	for len(p.busy) < atOnce {
		q, due, ok := p.schedule.Next()
		if !ok {
			break
		}
		if due.After(now) {
			wait = due.Sub(now)
			break
		}
		if p.busy[q] { // its answer brings it back
			skipped = append(skipped, q)
			p.schedule.Hold(q, now.Add(time.Minute), now)
			continue
		}
		p.start(ctx, q)
		p.schedule.Hold(q, now.Add(time.Minute), now) // until it has answered
	}
	if len(p.busy) == 0 && len(skipped) == 0 {
		if at := p.backfill.Sub(now); at > 0 {
			wait = min(wait, at)
		} else if q, ok := p.incomplete(); ok {
			p.backfill = now.Add(backfillEvery)
			if p.few() {
				p.backfill = now.Add(backfillFewEvery)
			}
			p.start(ctx, q)
		}
	}
	if len(p.busy) >= atOnce {
		return time.Hour
	}
	return max(wait, time.Millisecond)
}

func (p *poller) start(ctx context.Context, q question) {
	p.busy[q] = true
	core.Go("gitlab "+q.what, func() {
		a := answerTo{q: q}
		defer func() { p.answers <- a }()
		ctx, cancel := context.WithTimeout(ctx, askLimit)
		defer cancel()
		a.news, a.err = p.s.answer(ctx, q)
	})
}

// done notes what a question brought.
func (p *poller) done(a answerTo) {
	delete(p.busy, a.q)
	now := p.s.now()
	if until := rest.RetryAt(a.err); until.After(now) {
		p.schedule.Hold(a.q, until, now)
		return
	}
	if a.q.what == "run" && a.err != nil && absent(a.err) {
		p.failed[a.q] = true
	}
	p.schedule.Done(a.q, a.news, now)
	if p.again[a.q] {
		delete(p.again, a.q)
		p.schedule.Now(a.q, now)
	}
}

// incomplete is one of the newest pipelines whose jobs nobody has read yet.
func (p *poller) incomplete() (question, bool) {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.model
	if !m.wanted[ci.KindRun] {
		return question{}, false
	}
	most := backfillMost
	if len(m.projects) <= fewProjects {
		most = backfillFewMost
	}
	best := question{}
	for path, r := range m.projects {
		ids := sorted(r.runs)
		for _, id := range ids[max(0, len(ids)-most):] {
			q := question{what: "run", path: path, run: id}
			if x := r.runs[id]; x.stale() && r.problem == nil && id > best.run && !p.failed[q] {
				best = q
			}
		}
	}
	return best, best.run != 0 && !p.busy[best]
}

// few reports whether there are few projects.
func (p *poller) few() bool {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return len(p.s.model.projects) <= fewProjects
}

// answer asks one question and puts what comes into the model.
func (s *Source) answer(ctx context.Context, q question) (news bool, err error) {
	switch q.what {
	case "groups":
		return s.askGroup(ctx, q.path)
	case "list":
		var first []int
		news, first, err = s.askList(ctx, q.path)
		for _, id := range first { // what goes on or waits is complete when the list is
			_, _ = s.askRun(ctx, q.path, id)
		}
		s.told(q.path, err, func(r *repository, p *core.Problem) { r.problem = p }, ci.KindRun, ci.KindWorkflow)
	case "run":
		return s.askRun(ctx, q.path, q.run)
	case "environments":
		news, err = s.askEnvironments(ctx, q.path)
		s.told(q.path, err, func(r *repository, p *core.Problem) { r.envProblem = p }, ci.KindEnvironment)
	}
	return news, err
}

// told publishes what a project's answer changed, and keeps why a project could not be read, or that it could. A server that
// does not answer is not the project's matter: health tells that.
func (s *Source) told(path string, err error, keep func(*repository, *core.Problem), kinds ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.model.projects[path]
	if r == nil || s.model.sink == nil {
		return
	}
	var p *core.Problem
	if err != nil {
		if p = s.Problem(err); p.Kind == core.Unreachable {
			return
		}
	}
	keep(r, p)
	for _, k := range kinds {
		r.tried[k] = true
		s.model.publish(k, r)
		s.model.settle(k)
	}
	s.model.sink.Alive()
}
