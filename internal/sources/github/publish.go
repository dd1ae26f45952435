package github

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// how far the list of a namespace is.
type listState uint8

const (
	unlisted listState = iota
	listing            // Begin was said
	listed             // End was said
)

// kindRows is what the sink has of a kind.
type kindRows struct {
	state map[string]listState                   // by namespace, and by pattern
	rows  map[string]map[core.Ref]*core.Resource // by repository
}

func newKindRows() *kindRows {
	return &kindRows{state: map[string]listState{}, rows: map[string]map[core.Ref]*core.Resource{}}
}

func number(uid string) int64 {
	n, _ := strconv.ParseInt(uid, 10, 64)
	return n
}

func decode(b []byte, v any) error { return json.Unmarshal(b, v) }

// apply puts an answer into the rows.
func (p *poller) apply(r result) {
	switch r.key.what {
	case pollRuns:
		p.applyRuns(r)
	case pollJobs:
		if !r.page.same {
			st := stageAt{Stage: stageOf(r.jobs)}
			for i := range r.jobs {
				st.attempt = max(st.attempt, r.jobs[i].RunAttempt)
			}
			if run, ok := p.s.rows.find(core.Ref{Namespace: r.key.repo, UID: id(r.key.run)}); ok && run.Finished() {
				st.final = true
				if st.attempt == 0 {
					st.attempt = run.Attempt // it ended before it had jobs
				}
			}
			p.stages[r.key.run] = st
			p.refresh(r.key.repo, r.at)
		}
		if st := p.stages[r.key.run]; st.final {
			p.follow(r.at) // it need not be asked for again
		}
	case pollGates:
		if !r.page.same {
			p.s.rows.with(r.key.repo, func(x *repoRows) { x.gates[id(r.key.run)] = r.gates })
			p.refresh(r.key.repo, r.at)
		}
	case pollWorkflows:
		p.applyWorkflows(r)
	case pollEnvironments:
		p.applyEnvironments(r)
	case pollRepos:
		p.expanded(r.key.repo, r.repos, r.at)
		p.follow(r.at)
	case pollMe:
		p.schedule.Remove(r.key)
		for _, repo := range p.repos { // whose runs are mine is known now
			if p.kinds[kindRun] != nil && p.kinds[kindRun].rows[repo] != nil {
				p.refresh(repo, r.at)
			}
		}
	}
}

// applyRuns takes the list of a repository's runs.
func (p *poller) applyRuns(r result) {
	repo := r.key.repo
	if p.kinds[kindRun] == nil {
		return
	}
	if !r.page.same {
		runs := make([]ci.Run, 0, len(r.runs))
		for i := range r.runs {
			if x := &r.runs[i]; x.ID > 0 {
				runs = append(runs, p.s.reduce(repo, x, r.at))
			}
		}
		p.s.rows.with(repo, func(x *repoRows) {
			x.runs = runs
			for n, list := range r.gatesOf {
				x.gates[id(n)] = list
			}
			for uid := range x.gates {
				if !slices.ContainsFunc(runs, func(r ci.Run) bool { return r.Ref.UID == uid && r.Reason.String() == "waiting" }) {
					delete(x.gates, uid)
				}
			}
		})
	}
	p.refresh(repo, r.at)
	if !r.page.same {
		p.classify(repo, r.at)
		p.follow(r.at)
	}
}

// refresh publishes the runs of a repository with what is known besides their
// list: stages, gates, what only the runs together tell.
func (p *poller) refresh(repo string, seen time.Time) {
	if p.kinds[kindRun] == nil {
		return
	}
	rows := map[core.Ref]*core.Resource{}
	me := p.s.login()
	p.s.rows.with(repo, func(x *repoRows) {
		ci.Settle(x.runs)
		for i := range x.runs {
			r := &x.runs[i]
			r.Mine = me != "" && strings.EqualFold(me, r.Author)
			if !r.Finished() {
				r.Seen = seen
			}
			if st, ok := p.stages[number(r.Ref.UID)]; ok && st.attempt == r.Attempt {
				r.Stage = st.Stage
				if r.Finished() {
					r.Stage.Done = r.Stage.Total
				}
			}
			list := x.gates[r.Ref.UID]
			r.Waits = gates(list)
			if r.Reason.String() == "action_required" {
				r.Waits = []text.Safe{strangersRun}
			}
			r.Environment = ""
			if len(list) > 0 {
				r.Environment = list[0].Environment.Name
			}
			row := r.Resource()
			rows[row.Ref] = row
		}
	})
	p.publish(kindRun, repo, rows)
	if len(p.stages) > 20*len(p.repos)+200 { // runs that nobody has any more
		clear(p.stages)
	}
}

func (p *poller) applyWorkflows(r result) {
	if p.kinds[kindWorkflow] == nil || r.page.same {
		return
	}
	rows := map[core.Ref]*core.Resource{}
	known := p.s.rows.runs(r.key.repo)
	p.s.rows.with(r.key.repo, func(x *repoRows) {
		x.branch = r.branch
		for i := range r.workflows {
			w := &r.workflows[i]
			x.states[id(w.ID)] = w.State
			row := p.s.reduceWorkflow(r.key.repo, r.branch, w, known).Resource()
			rows[row.Ref] = row
		}
	})
	p.publish(kindWorkflow, r.key.repo, rows)
}

func (p *poller) applyEnvironments(r result) {
	if p.kinds[kindEnvironment] == nil {
		return
	}
	rows := map[core.Ref]*core.Resource{}
	known := byID(p.s.rows.runs(r.key.repo))
	for i := range r.environments {
		e := &r.environments[i]
		if e.env.Name == "" {
			continue
		}
		row := p.s.reduceEnvironment(r.key.repo, &e.env, e.last, e.status, known).Resource()
		rows[row.Ref] = row
	}
	p.publish(kindEnvironment, r.key.repo, rows)
}

// publish tells the sink the rows of a repository: all at first, then what has
// changed.
func (p *poller) publish(kind, repo string, rows map[core.Ref]*core.Resource) {
	k := p.kinds[kind]
	before := k.rows[repo]
	var changes []core.Change
	for ref, row := range rows {
		if old := before[ref]; old == nil || !reflect.DeepEqual(old, row) {
			changes = append(changes, core.Change{Ref: ref, Resource: row})
		}
	}
	for ref := range before {
		if rows[ref] == nil {
			changes = append(changes, core.Change{Op: core.Delete, Ref: ref})
		}
	}
	k.rows[repo] = rows
	p.begin(kind, repo)
	if len(changes) > 0 {
		p.sink.Apply(kind, changes)
	}
	if k.state[repo] == listing {
		k.state[repo] = listed
		p.sink.End(kind, repo)
		for _, pattern := range p.s.host.patterns {
			if pattern == repo { // it was opened under its own name
				k.state[pattern] = listed
			}
		}
		p.tell(kind)
	}
}

// blame notes why a repository cannot be listed.
func (p *poller) blame(kind, repo string, problem *core.Problem) {
	if p.kinds[kind] == nil {
		return
	}
	if p.problems[kind] == nil {
		p.problems[kind] = map[string]*core.Problem{}
	}
	p.problems[kind][repo] = problem
	p.tell(kind)
}

// solved takes back what was said of a repository.
func (p *poller) solved(k key) {
	for _, kind := range p.watching() {
		if kind != k.kind() && k.what != pollRepos || p.problems[kind][k.repo] == nil {
			continue
		}
		delete(p.problems[kind], k.repo)
		p.tell(kind)
	}
}

// tell says why a kind is not complete: what is wrong with the first repository,
// and with how many.
func (p *poller) tell(kind string) {
	of := p.problems[kind]
	if len(of) == 0 {
		p.sink.State(kind, nil)
		return
	}
	names := make([]string, 0, len(of))
	for repo := range of {
		names = append(names, repo)
	}
	slices.Sort(names)
	first := of[names[0]]
	told := *first
	switch {
	case first.Kind == core.Throttled || first.Kind == core.Unauthorized: // not of this repository alone
	case len(names) == 1:
		told.Summary = text.Sprintf("%s: %s", names[0], first.Summary)
	default:
		told.Summary = text.Sprintf("%d repositories cannot be read, %s: %s", len(names), names[0], first.Summary)
	}
	p.sink.State(kind, &told)
}
