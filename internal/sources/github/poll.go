package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	// workers is how many polls are under way at once.
	workers = 4
	// mostWatched bounds what is asked for every few seconds: the jobs of runs
	// beyond it are not followed, their runs are.
	mostWatched = 24
	// mostFinished bounds the finished runs in sight whose jobs are read once, for
	// the bar of their stages.
	mostFinished = 30
	// refusedAgain is how long a repository rests that answered 403 or 404.
	refusedAgain = 2 * time.Minute
	brokenAgain  = 5 * time.Second
	// maxGates bounds the waiting runs whose gates are read, per repository.
	maxGates = 10
)

// what is polled.
const (
	pollRuns         = "runs"
	pollJobs         = "jobs"  // of a run in sight that goes on: how far it is
	pollGates        = "gates" // of a run that waits
	pollWorkflows    = "workflows"
	pollEnvironments = "environments"
	pollRepos        = "repositories" // that a pattern stands for
	pollMe           = "me"
)

// key is one thing that is polled.
type key struct {
	what, repo string
	run        int64
}

// result is the answer to one poll.
type result struct {
	key  key
	err  error
	news bool
	page page
	at   time.Time

	runs         []workflowRun
	jobs         []workflowJob
	gates        []pendingDeployment
	gatesOf      map[int64][]pendingDeployment // by run, of a list of runs
	workflows    []workflowFile
	environments []deployedEnvironment
	repos        []repository
	branch       string
}

type deployedEnvironment struct {
	env    namedEnvironment
	last   *deployment
	status deploymentStatus
}

// stageAt is how far the jobs of an attempt were when they were read.
type stageAt struct {
	ci.Stage
	attempt int
	final   bool // all of them had ended: they need not be read again
}

// poller is one Run: it alone writes the rows and calls the sink.
type poller struct {
	s        *Source
	sink     sources.Sink
	schedule *ci.Schedule[key]
	results  chan result
	running  map[key]bool
	again    map[key]bool // changed by us while it was under way
	asked    map[key]bool // answered once
	repos    []string
	etags    map[key]string
	kinds    map[string]*kindRows
	problems map[string]map[string]*core.Problem // kind -> repository
	stages   map[int64]stageAt                   // by run
	version  string
	wanted   core.Interest
	everRun  bool      // runs have been wanted: they are kept fresh from then on
	notUntil time.Time // the next poll without a token
}

// Run implements sources.Source.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	p := &poller{
		s: s, sink: sink, schedule: ci.NewSchedule[key](), results: make(chan result, workers), running: map[key]bool{}, again: map[key]bool{}, asked: map[key]bool{},
		etags: map[key]string{}, kinds: map[string]*kindRows{}, problems: map[string]map[string]*core.Problem{}, stages: map[int64]stageAt{},
	}
	sink.Version(s.product(""))
	for _, pattern := range s.host.patterns {
		if !strings.Contains(pattern, "*") {
			p.repos = append(p.repos, pattern)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		for len(p.running) > 0 { // their answers go nowhere, but the goroutines end before Run does
			delete(p.running, (<-p.results).key)
		}
	}()
	return p.loop(ctx)
}

func (p *poller) loop(ctx context.Context) error {
	p.want(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := p.start(ctx, time.Now())
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.s.Wants:
			p.want(time.Now())
		case <-p.s.Wakes:
			p.wake(time.Now())
		case path := <-p.s.urgent:
			p.touched(path, time.Now())
		case r := <-p.results:
			delete(p.running, r.key)
			p.take(r)
		case <-timer.C:
		}
	}
}

// start sends what is due and returns how long nothing is.
func (p *poller) start(ctx context.Context, now time.Time) time.Duration {
	for len(p.running) < workers {
		k, due, ok := p.schedule.Next()
		if !ok {
			return time.Hour
		}
		if wait := due.Sub(now); wait > 0 {
			return wait
		}
		if wait := p.notUntil.Sub(now); wait > 0 && p.asked[k] {
			return wait
		}
		p.schedule.Done(k, false, now) // its turn is over until the answer says when it is due again
		if p.running[k] {
			continue
		}
		p.running[k] = true
		etag := p.etags[k]
		core.Go("github poll "+k.what, func() {
			r := p.s.ask(ctx, k, etag)
			r.key = k
			p.results <- r
		})
	}
	return time.Hour
}

// ask sends one poll. It runs beside the loop and touches nothing of it.
func (s *Source) ask(ctx context.Context, k key, etag string) (r result) {
	ctx = context.WithValue(ctx, background{}, true)
	switch k.what {
	case pollRuns:
		var list struct {
			Runs []workflowRun `json:"workflow_runs"`
		}
		r.page, r.err = s.poll(ctx, in(k.repo, "actions", "runs"), url.Values{"per_page": {strconv.Itoa(s.host.runs)}, "exclude_pull_requests": {"true"}}, etag, &list)
		r.runs = list.Runs
		if r.err == nil && !r.page.same && !s.token.None() {
			r.gatesOf = s.gatesOf(ctx, k.repo, list.Runs)
		}
	case pollJobs:
		var list struct {
			Jobs []workflowJob `json:"jobs"`
		}
		r.page, r.err = s.poll(ctx, in(k.repo, "actions", "runs", id(k.run), "jobs"), url.Values{"per_page": {"100"}}, etag, &list)
		r.jobs = list.Jobs
	case pollGates:
		r.page, r.err = s.poll(ctx, in(k.repo, "actions", "runs", id(k.run), "pending_deployments"), nil, etag, &r.gates)
	case pollWorkflows:
		var list struct {
			Workflows []workflowFile `json:"workflows"`
		}
		r.page, r.err = s.poll(ctx, in(k.repo, "actions", "workflows"), url.Values{"per_page": {"100"}}, etag, &list)
		r.workflows = list.Workflows
		if r.err == nil && !r.page.same {
			var repo repository
			if repo, r.err = s.repository(ctx, k.repo); r.err == nil {
				r.branch = repo.DefaultBranch
			}
		}
	case pollEnvironments:
		r.environments, r.err = s.deployed(ctx, k.repo)
	case pollRepos:
		r.repos, r.err = s.expand(ctx, k.repo)
	case pollMe:
		_, r.err = s.whoAmI(ctx)
	}
	r.news, r.at = r.err == nil && !r.page.same, time.Now()
	return r
}

// gatesOf reads the gates of the runs of a list that wait, so that a list tells
// at once what waits for whom. Those that cannot be read are asked for again by
// themselves.
func (s *Source) gatesOf(ctx context.Context, repo string, runs []workflowRun) map[int64][]pendingDeployment {
	out := map[int64][]pendingDeployment{}
	for i := range runs {
		if runs[i].Status != "waiting" || len(out) >= maxGates {
			continue
		}
		list, err := s.pending(ctx, repo, runs[i].ID)
		if err != nil {
			break
		}
		out[runs[i].ID] = list
	}
	return out
}

// deployed reads the environments of a repository with their last deployments.
// The parts are conditional requests of their own.
func (s *Source) deployed(ctx context.Context, path string) ([]deployedEnvironment, error) {
	list, err := s.environments(ctx, path)
	if err != nil {
		return nil, err
	}
	out := make([]deployedEnvironment, 0, len(list))
	for _, e := range list {
		d := deployedEnvironment{env: e}
		last, err := s.deployments(ctx, path, e.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(last) > 0 {
			d.last = &last[0]
			if d.status, err = s.lastStatus(ctx, path, last[0].ID); err != nil {
				return nil, err
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// expand lists the repositories that a pattern stands for.
func (s *Source) expand(ctx context.Context, pattern string) ([]repository, error) {
	owner, glob, _ := strings.Cut(pattern, "/")
	paths := [][]string{{"orgs", owner, "repos"}, {"users", owner, "repos"}}
	if me, err := s.whoAmI(ctx); err == nil && strings.EqualFold(me, owner) {
		paths = [][]string{{"user", "repos"}} // the only list that has the private ones
	}
	var out []repository
	var err error
	for _, path := range paths {
		out = nil
		q := url.Values{"per_page": {"100"}, "sort": {"pushed"}}
		err = s.client.Pages(ctx, rest.Request{Path: path, Query: q}, 20, func(r *rest.Response) (bool, error) {
			var list []repository
			if err := decode(r.Body, &list); err != nil {
				return false, err
			}
			for _, x := range list {
				o, name, _ := strings.Cut(x.FullName, "/")
				if strings.EqualFold(o, owner) && isPattern(x.FullName) && !x.Archived && !x.Disabled && core.MatchGlob(strings.ToLower(glob), name, true) && len(out) < s.host.maxRepos {
					out = append(out, x)
				}
			}
			return len(list) > 0 && len(out) < s.host.maxRepos, nil
		})
		if rest.StatusOf(err) != http.StatusNotFound {
			break
		}
	}
	return out, err
}

// take puts an answer into the rows and says when to ask again.
func (p *poller) take(r result) {
	now := time.Now()
	switch {
	case r.err == nil:
		p.sink.Alive()
		p.asked[r.key] = true
		if v := r.page.header.Get("X-Github-Enterprise-Version"); v != "" && v != p.version {
			p.version = v
			p.sink.Version(p.s.product(v))
		}
		if r.page.etag != "" {
			p.etags[r.key] = r.page.etag
		}
		p.schedule.Done(r.key, r.news, now)
		p.apply(r)
		p.solved(r.key)
		p.spaceOut(now)
	case errors.Is(r.err, context.Canceled):
		return
	default:
		p.failed(r, now)
	}
	if p.again[r.key] {
		delete(p.again, r.key)
		p.schedule.Now(r.key, now)
	}
}

// spaceOut spreads what is left of the budget of somebody without a token, whose
// every request counts, over the time that is left.
func (p *poller) spaceOut(now time.Time) {
	if !p.s.token.None() {
		return
	}
	b := p.s.client.Budget()
	if !b.Known || !b.Reset.After(now) {
		return
	}
	left := max(b.Remaining-b.Limit/5, 1) // a fifth is for what the user opens
	p.notUntil = now.Add(b.Reset.Sub(now) / time.Duration(left))
}

// failed notes why something cannot be read, and when to try again.
func (p *poller) failed(r result, now time.Time) {
	problem := p.s.Problem(r.err)
	until := now.Add(brokenAgain)
	switch problem.Kind {
	case core.Throttled:
		if at := rest.RetryAt(r.err); at.After(until) {
			until = at
		} else {
			until = now.Add(time.Minute)
		}
	case core.NotFound, core.Forbidden, core.Invalid, core.Unsupported:
		until = now.Add(refusedAgain)
	case core.Unauthorized:
		until = now.Add(30 * time.Second)
	}
	p.schedule.Hold(r.key, until, now)
	kind := r.key.kind()
	if kind == "" || problem.Kind == core.Unreachable {
		return // the source's health says it
	}
	if r.key.what == pollRepos {
		for _, k := range p.watching() {
			p.blame(k, r.key.repo, problem)
		}
		return
	}
	switch problem.Kind {
	case core.NotFound, core.Forbidden:
		p.close(kind, r.key.repo) // nothing more comes of it: the others are complete without it
	}
	p.blame(kind, r.key.repo, problem)
}

// kind is the kind of rows that a key fills; "" if it fills none.
func (k key) kind() string {
	switch k.what {
	case pollRuns, pollRepos:
		return kindRun
	case pollWorkflows:
		return kindWorkflow
	case pollEnvironments:
		return kindEnvironment
	}
	return ""
}

// wake makes everything due at once, also what rests.
func (p *poller) wake(now time.Time) {
	for k := range p.etags {
		p.schedule.Now(k, now)
	}
	for kind, of := range p.problems {
		for repo := range of {
			for _, what := range []string{pollRuns, pollWorkflows, pollEnvironments, pollRepos} {
				if k := (key{what: what, repo: repo}); k.kind() == kind {
					p.schedule.Remove(k)
				}
			}
		}
	}
	p.want(now)
	p.schedule.Wake(now)
}

// touched asks for a repository at once: we have changed something of it.
func (p *poller) touched(path string, now time.Time) {
	for _, what := range []string{pollRuns, pollEnvironments} {
		k := key{what: what, repo: path}
		if p.running[k] {
			p.again[k] = true
		}
		p.schedule.Now(k, now)
	}
}

// product is the name and version of the server.
func (s *Source) product(enterprise string) text.Safe {
	if enterprise != "" {
		return text.Sprintf("GitHub Enterprise Server %s", enterprise)
	}
	return text.Sprintf("GitHub (%s)", s.host.name)
}

// watching are the kinds that are polled now, sorted.
func (p *poller) watching() []string {
	var out []string
	for k := range p.kinds {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
