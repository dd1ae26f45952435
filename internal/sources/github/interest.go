package github

import (
	"slices"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
)

// want puts everything that is polled into the class that the screen asks for.
func (p *poller) want(now time.Time) {
	p.wanted = p.s.Wanted()
	p.everRun = p.everRun || slices.Contains(p.wanted.Kinds, kindRun)
	for _, kind := range []string{kindRun, kindWorkflow, kindEnvironment} {
		on := slices.Contains(p.wanted.Kinds, kind) || kind == kindRun && p.everRun
		switch {
		case on && p.kinds[kind] == nil:
			p.open(kind)
		case !on && p.kinds[kind] != nil:
			p.drop(kind)
		}
	}
	if !p.s.token.None() && len(p.kinds) > 0 && p.s.me.Load() == nil {
		p.schedule.Set(key{what: pollMe}, ci.Idle, now)
	}
	for _, pattern := range p.s.host.patterns {
		if strings.Contains(pattern, "*") && len(p.kinds) > 0 {
			p.schedule.Set(key{what: pollRepos, repo: pattern}, ci.Idle, now)
		}
	}
	for _, repo := range p.repos {
		p.classify(repo, now)
	}
	p.follow(now)
}

// classify sets how often a repository is asked for.
func (p *poller) classify(repo string, now time.Time) {
	if p.kinds[kindRun] != nil {
		p.schedule.Set(key{what: pollRuns, repo: repo}, p.class(repo), now)
	}
	for kind, what := range map[string]string{kindWorkflow: pollWorkflows, kindEnvironment: pollEnvironments} {
		if p.kinds[kind] != nil {
			class := ci.Wanted
			if kind == kindWorkflow || !p.inSight(repo) {
				class = ci.Idle // definitions change with commits only
			}
			p.schedule.Set(key{what: what, repo: repo}, class, now)
		}
	}
}

// inSight reports whether the screen's namespaces include a repository. Names
// that are none of ours, of a cluster, do not narrow.
func (p *poller) inSight(repo string) bool {
	narrowed := false
	for _, ns := range p.wanted.Namespaces {
		if strings.EqualFold(ns, repo) {
			return true
		}
		narrowed = narrowed || slices.ContainsFunc(p.repos, func(r string) bool { return strings.EqualFold(r, ns) })
	}
	return !narrowed
}

func (p *poller) class(repo string) ci.Class {
	switch {
	case !slices.Contains(p.wanted.Kinds, kindRun):
		return ci.Idle
	case len(p.goingOn(repo)) > 0:
		return ci.Watched
	case p.inSight(repo):
		return ci.Wanted
	}
	return ci.Idle
}

// goingOn are the runs of a repository that are in sight and have not ended.
func (p *poller) goingOn(repo string) []ci.Run {
	var out []ci.Run
	for _, ref := range p.wanted.Shown {
		if ref.Kind != kindRun || ref.Source != ID || ref.Scope != p.s.host.name || !strings.EqualFold(ref.Namespace, repo) {
			continue
		}
		if r, ok := p.s.rows.find(ref); ok && !r.Finished() {
			out = append(out, r)
		}
	}
	return out
}

// follow chooses the runs whose jobs and gates are read, by what is in sight and
// what the budget bears.
func (p *poller) follow(now time.Time) {
	keep := map[key]bool{}
	anonymous := p.s.token.None()
	class := ci.Watched
	if b := p.s.client.Budget(); b.Known && b.Limit > 0 && b.Remaining < b.Limit/3 {
		class = ci.Wanted
	}
	watched := 0
	for _, repo := range p.repos {
		open := p.goingOn(repo)
		if len(open) > 0 {
			watched++
		}
		for _, r := range open {
			if anonymous || r.Reason.String() == "waiting" || watched >= mostWatched {
				continue
			}
			watched++
			k := key{pollJobs, repo, number(r.Ref.UID)}
			keep[k] = true
			p.schedule.Set(k, class, now)
		}
		if anonymous || p.kinds[kindRun] == nil {
			continue
		}
		for _, ref := range p.s.rows.held(repo, maxGates) {
			k := key{pollGates, repo, number(ref.UID)}
			keep[k] = true
			of := ci.Idle
			if slices.ContainsFunc(open, func(o ci.Run) bool { return o.Ref.UID == ref.UID }) {
				of = ci.Wanted
			}
			p.schedule.Set(k, of, now)
		}
	}
	if !anonymous && class == ci.Watched {
		p.finished(keep, now)
	}
	p.schedule.Keep(func(k key) bool { return k.run == 0 || keep[k] })
	for k := range p.etags {
		if k.run != 0 && !keep[k] {
			delete(p.etags, k)
		}
	}
}

// finished reads the jobs of finished runs in sight, once each.
func (p *poller) finished(keep map[key]bool, now time.Time) {
	n := 0
	for _, ref := range p.wanted.Shown {
		if ref.Kind != kindRun || ref.Source != ID || ref.Scope != p.s.host.name || n >= mostFinished || p.kinds[kindRun] == nil {
			continue
		}
		r, ok := p.s.rows.find(ref)
		if !ok || !r.Finished() {
			continue
		}
		if st, known := p.stages[number(r.Ref.UID)]; known && st.final && st.attempt == r.Attempt {
			continue
		}
		n++
		k := key{pollJobs, r.Ref.Namespace, number(r.Ref.UID)}
		keep[k] = true
		p.schedule.Set(k, ci.Wanted, now)
	}
}

// open begins the lists of a kind, of all repositories that are known.
func (p *poller) open(kind string) {
	p.kinds[kind] = newKindRows()
	for _, pattern := range p.s.host.patterns {
		// A pattern stands for lists that are not known yet: without its own the
		// kind would be complete too soon.
		p.begin(kind, pattern)
	}
	for _, repo := range p.repos {
		p.begin(kind, repo)
	}
}

func (p *poller) begin(kind, namespace string) {
	if rows := p.kinds[kind]; rows.state[namespace] == unlisted {
		rows.state[namespace] = listing
		p.sink.Begin(kind, namespace)
	}
}

// close ends a list that gives no rows.
func (p *poller) close(kind, namespace string) {
	if rows := p.kinds[kind]; rows != nil && rows.state[namespace] == listing {
		rows.state[namespace] = listed
		p.sink.End(kind, namespace)
		p.tell(kind)
	}
}

// drop forgets a kind that nobody wants any more.
func (p *poller) drop(kind string) {
	delete(p.kinds, kind)
	delete(p.problems, kind)
	for k := range p.etags {
		if k.kind() == kind && k.what != pollRepos {
			delete(p.etags, k)
		}
	}
	p.schedule.Keep(func(k key) bool { return k.kind() != kind || k.what == pollRepos })
	p.sink.Drop(kind)
}

// expanded takes the repositories that a pattern stands for.
func (p *poller) expanded(pattern string, found []repository, now time.Time) {
	owner, glob, _ := strings.Cut(pattern, "/")
	is := func(path string) bool {
		return slices.ContainsFunc(found, func(r repository) bool { return strings.EqualFold(r.FullName, path) })
	}
	for _, r := range found {
		if !slices.ContainsFunc(p.repos, func(x string) bool { return strings.EqualFold(x, r.FullName) }) {
			p.repos = append(p.repos, r.FullName)
			for _, kind := range p.watching() {
				p.begin(kind, r.FullName)
			}
		}
		p.s.rows.with(r.FullName, func(x *repoRows) { x.branch = r.DefaultBranch })
	}
	p.repos = slices.DeleteFunc(p.repos, func(path string) bool {
		o, name, _ := strings.Cut(path, "/")
		ofPattern := strings.EqualFold(o, owner) && core.MatchGlob(strings.ToLower(glob), name, true)
		if !ofPattern || is(path) || slices.ContainsFunc(p.s.host.patterns, func(x string) bool { return strings.EqualFold(x, path) }) {
			return false
		}
		p.removed(path)
		return true
	})
	for _, kind := range p.watching() {
		p.close(kind, pattern)
	}
	for _, repo := range p.repos {
		p.classify(repo, now)
	}
}

// removed forgets a repository that is not there any more.
func (p *poller) removed(path string) {
	p.schedule.Keep(func(k key) bool { return k.repo != path })
	for _, kind := range p.watching() {
		p.publish(kind, path, map[core.Ref]*core.Resource{})
		delete(p.kinds[kind].state, path)
		delete(p.problems[kind], path)
	}
	p.s.rows.forget(path)
}
