package gitlab

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// model is what is known of the projects. Source.mu guards it, also while rows
// are handed to the sink: their order is the order of what was learned.
type model struct {
	s        *Source
	sink     sources.Sink // nil while Run is not running
	projects map[string]*repository
	wanted   map[string]bool // kinds
	listing  map[string]bool // kinds whose list has begun and not ended
	rows     map[string]map[core.Ref]*core.Resource
	states   map[string]*core.Problem
	group    *core.Problem              // why projects could not be listed
	expanded map[string]map[string]bool // pattern → the projects that it stands for, once it was answered
}

// repository is one project.
type repository struct {
	path    string
	info    apiProject
	known   bool // info was read
	runs    map[int]*pipeline
	cursor  time.Time // what was updated before is known
	full    time.Time // when the whole list was read
	commits map[string]apiCommit
	closed  bool // its commits may not be read
	problem *core.Problem
	tried   map[string]bool // kinds that were asked for since they are wanted

	environments []apiEnvironment
	deployments  []apiDeployment // newest first
	protected    map[string]bool
	envProblem   *core.Problem
}

// pipeline is one pipeline and what its jobs told.
type pipeline struct {
	p apiPipeline
	d *detail
}

// detail is what the jobs of a pipeline tell.
type detail struct {
	of             time.Time // Updated of the pipeline when they were read
	seen           time.Time
	title, author  string
	by             string // who started it
	started, ended time.Time
	stage          ci.Stage
	message        text.Safe
	waits          []text.Safe
	environment    string
	manual         int  // jobs that a human can start
	bridges        bool // it has started, or will start, others
	retryable      int
}

func newModel(s *Source) *model {
	return &model{
		s: s, projects: map[string]*repository{}, wanted: map[string]bool{}, listing: map[string]bool{},
		rows: map[string]map[core.Ref]*core.Resource{}, states: map[string]*core.Problem{}, expanded: map[string]map[string]bool{},
	}
}

// repository is that of a path; it is made if it is new.
func (m *model) repository(path string) *repository {
	r := m.projects[path]
	if r == nil {
		r = &repository{path: path, runs: map[int]*pipeline{}, commits: map[string]apiCommit{}, tried: map[string]bool{}}
		m.projects[path] = r
	}
	return r
}

// kinds are those that can be listed.
var listed = []string{ci.KindRun, ci.KindWorkflow, ci.KindEnvironment}

// want begins the lists of kinds that are newly wanted and forgets those that
// are not any more.
func (m *model) want(kinds []string) {
	for _, k := range listed {
		now := slices.Contains(kinds, k)
		if now == m.wanted[k] {
			continue
		}
		m.wanted[k] = now
		if !now {
			m.listing[k] = false
			delete(m.rows, k)
			delete(m.states, k)
			m.sink.Drop(k)
			continue
		}
		for _, r := range m.projects {
			// What was read lately counts, also while nobody wanted it.
			r.tried[k] = k != ci.KindEnvironment && !r.full.IsZero() && r.problem == nil
		}
		m.begin(k)
	}
}

// begin starts the list of a kind over.
func (m *model) begin(kind string) {
	m.listing[kind] = true
	m.rows[kind] = map[core.Ref]*core.Resource{}
	m.sink.Begin(kind, "")
	for _, r := range m.projects {
		m.publish(kind, r)
	}
	m.settle(kind)
}

// settle ends the list of a kind when all projects have answered, and tells
// which of them could not.
func (m *model) settle(kind string) {
	if !m.wanted[kind] || m.sink == nil {
		return
	}
	all := true
	for _, pattern := range m.s.server.projects {
		all = all && (!isPattern(pattern) || m.expanded[pattern] != nil)
	}
	var worst *core.Problem
	failed := 0
	for _, path := range sorted(m.projects) {
		r := m.projects[path]
		all = all && r.tried[kind]
		p := r.problem
		if kind == ci.KindEnvironment && p == nil {
			p = r.envProblem
		}
		if p != nil {
			failed++
			if worst == nil {
				worst = &core.Problem{Kind: p.Kind, Summary: text.Sprintf("%s: %s", r.path, p.Summary), Hint: p.Hint, Cause: p.Cause}
			}
		}
	}
	if failed > 1 {
		worst.Summary = text.Sprintf("%s (and %d more projects)", worst.Summary, failed-1)
	}
	if worst == nil {
		worst = m.group
	}
	if all && m.listing[kind] {
		m.listing[kind] = false
		m.sink.End(kind, "")
		m.states[kind] = nil
	}
	if old := m.states[kind]; (old == nil) != (worst == nil) || old != nil && (old.Summary != worst.Summary || old.Kind != worst.Kind) {
		m.states[kind] = worst
		m.sink.State(kind, worst)
	}
}

// publish hands the rows of a kind that have changed in a project to the sink.
func (m *model) publish(kind string, r *repository) {
	if !m.wanted[kind] || m.sink == nil {
		return
	}
	var now []*core.Resource
	switch kind {
	case ci.KindRun:
		now = m.runRows(r)
	case ci.KindWorkflow:
		now = m.workflowRows(r)
	case ci.KindEnvironment:
		now = m.environmentRows(r)
	}
	was := m.rows[kind]
	keep := make(map[core.Ref]bool, len(now))
	var changes []core.Change
	for _, x := range now {
		keep[x.Ref] = true
		if old := was[x.Ref]; old == nil || !reflect.DeepEqual(old, x) {
			was[x.Ref] = x
			changes = append(changes, core.Change{Op: core.Upsert, Ref: x.Ref, Resource: x})
		}
	}
	for ref := range was {
		if ref.Namespace == r.path && !keep[ref] {
			delete(was, ref)
			changes = append(changes, core.Change{Op: core.Delete, Ref: ref})
		}
	}
	if len(changes) > 0 {
		m.sink.Apply(kind, changes)
	}
}

// drop forgets a project that is not watched any more.
func (m *model) drop(path string) {
	r := m.projects[path]
	r.runs, r.environments, r.known = nil, nil, false
	for _, k := range listed {
		m.publish(k, r)
	}
	delete(m.projects, path)
}

// trim keeps the newest pipelines, and those that go on.
func (r *repository) trim(most int) {
	if len(r.runs) <= most {
		return
	}
	ids := sorted(r.runs)
	for _, id := range ids[:len(ids)-most] {
		if isOver(r.runs[id].p.Status) || r.runs[id].p.Status == "manual" {
			delete(r.runs, id)
		}
	}
}

// runRows are the rows of a project's pipelines.
func (m *model) runRows(r *repository) []*core.Resource {
	runs := make([]ci.Run, 0, len(r.runs))
	for _, id := range sorted(r.runs) {
		runs = append(runs, m.s.runOf(r, r.runs[id]))
	}
	ci.Settle(runs)
	out := make([]*core.Resource, 0, len(runs))
	for _, x := range runs {
		if x.Past {
			x.Waits = nil // whoever wants it still finds it in the outline
		}
		out = append(out, x.Resource())
	}
	return out
}

// runOf makes a run of a pipeline and what is known of it.
func (s *Source) runOf(r *repository, x *pipeline) ci.Run {
	p := &x.p
	id := strconv.Itoa(p.ID)
	out := ci.Run{
		Ref: s.ref(ci.KindRun, r.path, id, id), System: ID, Workflow: workflowName, Number: id, Branch: branch(p.Ref), Commit: p.SHA,
		Title: p.Name, Author: p.User.name(), Event: p.Source, URL: webURL(p.WebURL), Phase: phase(p.Status), Reason: text.Clean(p.Status), Created: p.Created, Started: p.Started, Ended: p.Finished,
		Seen: p.Updated, Rev: p.Status + "@" + p.Updated.UTC().Format(time.RFC3339Nano), Repo: s.repo(r.path), Service: service(r.path),
	}
	if c, ok := r.commits[p.SHA]; ok {
		out.Title, out.Author = orElse(p.Name, c.Title), orElse(out.Author, c.AuthorName)
	}
	if p.YAMLErrors != "" {
		out.Message = text.CleanLong(p.YAMLErrors)
	}
	if d := x.d; d != nil {
		out.Title, out.Author = orElse(out.Title, d.title), orElse(d.by, out.Author)
		out.Stage = d.stage
		if !x.stale() || !isOver(p.Status) { // else what waited then was answered
			out.Waits, out.Environment = d.waits, d.environment
		}
		if out.Message.Empty() {
			out.Message = d.message
		}
		if out.Started.IsZero() {
			out.Started = d.started
		}
		if isOver(p.Status) {
			if out.Ended.IsZero() {
				out.Ended = d.ended
			}
		} else {
			out.Ended, out.Seen = time.Time{}, d.seen
		}
	}
	if me := s.user(); me.Username != "" {
		out.Mine = out.Author == me.Username || out.Author == me.Name
	}
	return out
}

// workflowName is what a project's CI is called: it has one.
const workflowName = "ci"

func (m *model) workflowRows(r *repository) []*core.Resource {
	if !r.known {
		return nil
	}
	return []*core.Resource{m.s.workflowOf(r).Resource()}
}

func (s *Source) workflowOf(r *repository) ci.Workflow {
	w := ci.Workflow{
		Ref: s.ref(ci.KindWorkflow, r.path, workflowName, strconv.Itoa(r.info.ID)), System: ID, Title: r.path, File: orElse(r.info.ConfigPath, definition),
		Branch: r.info.DefaultBranch, URL: webURL(r.info.WebURL), Repo: s.repo(r.path), Service: service(r.path),
	}
	for _, id := range slices.Backward(sorted(r.runs)) {
		if p := &r.runs[id].p; p.Ref == r.info.DefaultBranch {
			w.Phase, w.Reason, w.Changed = phase(p.Status), text.Clean(p.Status), p.Updated
			w.Rev = strconv.Itoa(p.ID) + p.Status
			break
		}
	}
	return w
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
