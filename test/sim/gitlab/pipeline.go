package gitlab

import (
	"slices"
	"time"
)

// Spec is a pipeline to begin.
type Spec struct {
	Ref       string // "": the default branch
	Title     string // of a new commit; "": the newest commit of the ref
	Author    string
	Source    string // "": push
	User      string // "": kim
	Name      string // workflow:name
	Variables map[string]string
	Jobs      []JobSpec
	YAMLError string // it fails at once
	parent    *job
}

// JobSpec is a job of a pipeline.
type JobSpec struct {
	Name, Stage  string
	Manual       bool
	AllowFailure bool
	Delayed      bool
	Environment  string
	Trigger      *Spec  // a bridge to a child pipeline
	Project      string // of the child pipeline; "": the same
}

type pipeline struct {
	id, iid                  int
	project                  *Project
	status, source, ref, sha string
	name                     string
	tag                      bool
	user                     *user
	created, updated         time.Time
	started, finished        time.Time
	variables                map[string]string
	jobs                     []*job // bridges too
	yamlErrors               string
	parent                   *job
	spec                     Spec
	report                   map[string]any
}

type job struct {
	id                         int
	pipeline                   *pipeline
	spec                       JobSpec
	status, failure            string
	created, started, finished time.Time
	trace                      []byte
	traced                     bool // the first byte was written
	retried                    bool
	child                      *pipeline // of a bridge
	deployment                 *deployment
	variables                  map[string]string
	user                       *user
}

func (j *job) done() bool {
	switch j.status {
	case "success", "failed", "canceled", "skipped":
		return true
	}
	return false
}

// Push begins a pipeline and returns its id. Its first stage is pending.
func (w *World) Push(path string, s Spec) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.begin(w.project(path), s).id
}

func (w *World) begin(p *Project, s Spec) *pipeline {
	if s.Ref == "" {
		s.Ref = p.DefaultBranch
	}
	if s.Source == "" {
		s.Source = "push"
	}
	if s.User == "" {
		s.User = "kim"
	}
	if s.Title != "" {
		author := s.Author
		if author == "" {
			author = w.user(s.User).name
		}
		w.commit(p, s.Ref, s.Title, author)
	}
	sha, tag := p.branches[s.Ref], false
	if t, ok := p.tags[s.Ref]; ok {
		sha, tag = t, true
	}
	if sha == "" {
		sha = p.branches[p.DefaultBranch]
	}
	p.iid++
	pl := &pipeline{
		id: w.id(), iid: p.iid, project: p, source: s.Source, ref: s.Ref, sha: sha, tag: tag, name: s.Name, user: w.user(s.User),
		created: w.now(), variables: s.Variables, spec: s, parent: s.parent, yamlErrors: s.YAMLError, status: "created",
	}
	for _, js := range s.Jobs {
		if js.Stage == "" {
			js.Stage = "test"
		}
		pl.jobs = append(pl.jobs, &job{id: w.id(), pipeline: pl, spec: js, status: "created", created: w.now(), user: pl.user})
	}
	p.pipelines = append(p.pipelines, pl)
	w.advance(pl)
	return pl
}

func (pl *pipeline) stages() []string {
	var out []string
	for _, j := range pl.jobs {
		if !slices.Contains(out, j.spec.Stage) {
			out = append(out, j.spec.Stage)
		}
	}
	return out
}

// advance lets the stages begin whose turn it is, and tells how the pipeline
// stands from its jobs.
func (w *World) advance(pl *pipeline) {
	blocked := false // an earlier stage is not done
	broken := false
	for _, stage := range pl.stages() {
		for _, j := range pl.jobs {
			if j.spec.Stage != stage || j.retried || j.status != "created" || blocked {
				continue
			}
			switch {
			case broken:
				j.status = "skipped"
			case j.spec.Manual:
				j.status = "manual"
				w.deploys(j)
			case j.spec.Delayed:
				j.status = "scheduled"
			case j.spec.Trigger != nil:
				w.trigger(j)
			default:
				w.enqueue(j)
			}
		}
		for _, j := range pl.jobs {
			if j.spec.Stage != stage || j.retried {
				continue
			}
			switch {
			case (j.status == "failed" || j.status == "canceled") && !j.spec.AllowFailure:
				broken = true
			case j.status == "manual" && j.spec.AllowFailure, j.done():
			default:
				blocked = true
			}
		}
	}
	w.settle(pl)
}

// enqueue makes a job wait for a runner, or for the approval of its deployment.
func (w *World) enqueue(j *job) {
	j.status = "pending"
	w.deploys(j)
	if j.deployment != nil && j.deployment.status == "blocked" {
		j.status = "manual"
	}
}

func (w *World) trigger(j *job) {
	target := j.pipeline.project
	if j.spec.Project != "" {
		target = w.project(j.spec.Project)
	}
	s := *j.spec.Trigger
	s.parent, s.Source, s.User = j, "parent_pipeline", j.pipeline.user.username
	if j.spec.Project != "" {
		s.Source = "pipeline"
	} else {
		s.Ref = j.pipeline.ref
	}
	j.status, j.started = "running", w.now()
	j.child = w.begin(target, s)
}

// settle derives the pipeline's status from its jobs.
func (w *World) settle(pl *pipeline) {
	count := map[string]int{}
	hard := 0
	for _, j := range pl.jobs {
		if j.retried {
			continue
		}
		count[j.status]++
		if (j.status == "failed") && !j.spec.AllowFailure {
			hard++
		}
		if j.status == "manual" && j.spec.AllowFailure {
			count["manual"]--
			count["optional"]++
		}
	}
	active := count["running"] + count["pending"]
	status := ""
	switch {
	case pl.yamlErrors != "":
		status = "failed"
	case active > 0 && (count["running"] > 0 || count["success"]+count["failed"] > 0):
		status = "running"
	case active > 0:
		status = "pending"
	case count["scheduled"] > 0:
		status = "scheduled"
	case count["manual"] > 0 && hard == 0:
		status = "manual"
	case count["created"] > 0 && hard == 0:
		status = "created"
	case hard > 0:
		status = "failed"
	case count["canceled"] > 0:
		status = "canceled"
	case count["success"]+count["optional"]+count["failed"] > 0:
		status = "success"
	default:
		status = "skipped"
	}
	now := w.now()
	if status != pl.status || pl.updated.IsZero() {
		pl.status = status
		pl.updated = now
	}
	switch status {
	case "running":
		if pl.started.IsZero() {
			pl.started = now
		}
		pl.finished = time.Time{}
	case "success", "failed", "canceled", "skipped":
		if pl.finished.IsZero() {
			pl.finished = now
		}
		if b := pl.parent; b != nil && !b.done() && !b.retried {
			b.status, b.finished = map[bool]string{true: "success", false: "failed"}[status == "success"], now
			w.advance(b.pipeline)
		}
	default:
		pl.finished = time.Time{}
	}
}

// SetJob moves a job. failure is GitLab's failure_reason of a failed one.
func (w *World) SetJob(id int, status, failure string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j := w.job(id); j != nil {
		w.move(j, status, failure)
	}
}

func (w *World) move(j *job, status, failure string) {
	now := w.now()
	j.status, j.failure = status, failure
	switch status {
	case "running":
		j.started = now
		if j.pipeline.started.IsZero() {
			j.pipeline.started = now
		}
	case "success", "failed", "canceled", "skipped":
		j.finished = now
		if j.started.IsZero() && status != "skipped" && status != "canceled" {
			j.started = now
		}
	}
	j.pipeline.updated = now
	w.deploys(j)
	w.advance(j.pipeline)
}

// Log lets the trace of a job grow.
func (w *World) Log(id int, s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j := w.job(id); j != nil {
		j.trace, j.traced = append(j.trace, s...), true
	}
}

// Finish ends all of a pipeline with a status: "success", "failed".
func (w *World) Finish(id int, status string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pl := w.pipeline(id)
	for range pl.jobs { // one stage after another
		for _, j := range slices.Clone(pl.jobs) {
			if j.retried || j.done() || j.status == "created" {
				continue
			}
			if j.child != nil {
				for _, k := range j.child.jobs {
					if !k.done() {
						w.move(k, status, "")
					}
				}
			}
			failure := ""
			if status == "failed" {
				failure = "script_failure"
			}
			w.move(j, status, failure)
		}
	}
}

// Age moves a pipeline's times into the past.
func (w *World) Age(id int, by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pl := w.pipeline(id)
	for _, t := range []*time.Time{&pl.created, &pl.updated, &pl.started, &pl.finished} {
		if !t.IsZero() {
			*t = t.Add(-by)
		}
	}
	for _, j := range pl.jobs {
		for _, t := range []*time.Time{&j.created, &j.started, &j.finished} {
			if !t.IsZero() {
				*t = t.Add(-by)
			}
		}
	}
}

// Report gives a pipeline a test report: names of the tests that failed.
func (w *World) Report(id int, failed ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cases := []any{}
	for _, name := range failed {
		cases = append(cases, map[string]any{
			"status": "failed", "name": name, "classname": "shop", "file": "shop_test.go", "execution_time": 0.2,
			"system_output": name + " went wrong", "stack_trace": nil, "attachment_url": nil, "recent_failures": nil,
		})
	}
	w.pipeline(id).report = map[string]any{
		"total_time": 1.5, "total_count": len(failed) + 3, "success_count": 3, "failed_count": len(failed), "skipped_count": 0, "error_count": 0,
		"test_suites": []any{map[string]any{
			"name": "unit", "total_time": 1.5, "total_count": len(failed) + 3, "success_count": 3, "failed_count": len(failed),
			"skipped_count": 0, "error_count": 0, "suite_error": nil, "test_cases": cases,
		}},
	}
}

// Remove deletes a pipeline.
func (w *World) Remove(id int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.projects {
		p.pipelines = slices.DeleteFunc(p.pipelines, func(pl *pipeline) bool { return pl.id == id })
	}
}

// JobID is the id of the newest job of a pipeline with a name; 0: none.
func (w *World) JobID(pipeline int, name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	pl := w.pipeline(pipeline)
	if pl == nil {
		return 0
	}
	for _, j := range pl.jobs {
		if j.spec.Name == name && !j.retried {
			return j.id
		}
	}
	return 0
}

// Status is how a pipeline stands; "": there is none.
func (w *World) Status(id int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if pl := w.pipeline(id); pl != nil {
		return pl.status
	}
	return ""
}

// JobStatus is how a job stands; "": there is none.
func (w *World) JobStatus(id int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j := w.job(id); j != nil {
		return j.status
	}
	return ""
}

// Variables are those that a pipeline was begun with.
func (w *World) Variables(id int) map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pipeline(id).variables
}

func (w *World) pipeline(id int) *pipeline {
	for _, p := range w.projects {
		for _, pl := range p.pipelines {
			if pl.id == id {
				return pl
			}
		}
	}
	return nil
}

func (w *World) job(id int) *job {
	for _, p := range w.projects {
		for _, pl := range p.pipelines {
			for _, j := range pl.jobs {
				if j.id == id {
					return j
				}
			}
		}
	}
	return nil
}

// retry makes a new job in the place of one.
func (w *World) retry(j *job, who *user) *job {
	n := &job{id: w.id(), pipeline: j.pipeline, spec: j.spec, status: "created", created: w.now(), user: who}
	n.spec.Manual = false
	j.retried = true
	j.pipeline.jobs = append(j.pipeline.jobs, n)
	for _, k := range j.pipeline.jobs { // what was skipped for it comes again
		if k.status == "skipped" && !k.retried {
			k.status = "created"
		}
	}
	j.pipeline.finished = time.Time{}
	if n.spec.Trigger != nil {
		w.trigger(n)
	} else {
		w.enqueue(n)
	}
	w.advance(j.pipeline)
	j.pipeline.updated = w.now()
	return n
}

// Pipelines are the ids of a project's pipelines, oldest first.
func (w *World) Pipelines(path string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	if p := w.project(path); p != nil {
		for _, pl := range p.pipelines {
			out = append(out, pl.id)
		}
	}
	return out
}
