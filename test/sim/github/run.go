package github

import (
	"slices"
	"strings"
	"time"
)

// Spec is a run to start.
type Spec struct {
	Workflow string    // file: "ci.yml"
	Branch   string    // "": main
	SHA      string    // "": the branch's newest
	Event    string    // "": push
	Actor    string    // "": kim
	Title    string    // "": the commit's first line
	Jobs     []JobSpec // nil: those of the workflow's file
	Inputs   map[string]string
	Created  time.Time // zero: now
}

// JobSpec is one job of a run.
type JobSpec struct {
	Name        string
	Steps       []string
	Environment string
}

// Run is one run of a workflow.
type Run struct {
	repo     *Repository
	workflow *Workflow

	ID                 int64
	Number             int
	SHA, Branch, Event string
	Actor, Title       string
	Inputs             map[string]string

	status, conclusion        string
	created, started, updated time.Time
	attempts                  []*attempt
	specs                     []JobSpec
	gone                      bool // its logs have expired
	approvals                 []approval
	stuck                     bool // a cancel is accepted and does nothing
}

type attempt struct {
	number  int
	started time.Time
	actor   string
	jobs    []*Job
	debug   bool
}

type approval struct {
	env, user, state, comment string
}

// Start begins a run, which stays queued until Advance.
func (r *Repository) Start(s Spec) *Run {
	var run *Run
	r.locked(func() { run = r.start(s) })
	return run
}

func (r *Repository) start(s Spec) *Run {
	wf := r.workflow(s.Workflow)
	if wf == nil {
		panic("simulator: no workflow " + s.Workflow)
	}
	if s.Branch == "" {
		s.Branch = r.branch
	}
	if s.Event == "" {
		s.Event = "push"
	}
	if s.Actor == "" {
		s.Actor = "kim"
	}
	if s.SHA == "" {
		s.SHA = r.branches[s.Branch]
		if s.SHA == "" {
			s.SHA = r.commit(s.Branch, "Begin "+s.Branch, s.Actor)
		}
	}
	if s.Title == "" {
		if s.Title = wf.Name; s.Event == "push" {
			s.Title, _, _ = strings.Cut(r.commits[s.SHA].message, "\n")
		}
	}
	if s.Jobs == nil {
		s.Jobs = workflowJobs(wf.at(s.Branch))
	}
	if s.Created.IsZero() {
		s.Created = r.w.now()
	}
	r.numbers[wf.ID]++
	run := &Run{
		repo: r, workflow: wf, ID: r.w.id(), Number: r.numbers[wf.ID], SHA: s.SHA, Branch: s.Branch, Event: s.Event,
		Actor: s.Actor, Title: s.Title, Inputs: s.Inputs, specs: s.Jobs, status: "queued", created: s.Created, updated: s.Created,
	}
	run.begin(s.Actor, func(JobSpec) *Job { return nil })
	r.runs = append(r.runs, run)
	return run
}

// begin makes an attempt; keep returns the job of the attempt before that is
// taken over as it is, or nil.
func (run *Run) begin(actor string, keep func(JobSpec) *Job) {
	w := run.repo.w
	a := &attempt{number: len(run.attempts) + 1, started: w.now(), actor: actor}
	if len(run.attempts) == 0 {
		a.started = run.created
	}
	for _, s := range run.specs {
		j := &Job{run: run, attempt: a, ID: w.id(), Name: s.Name, environment: s.Environment, status: "queued", created: a.started}
		if old := keep(s); old != nil {
			id := j.ID
			*j = *old
			j.ID, j.attempt, j.carried = id, a, true
		} else {
			for _, n := range append(append([]string{"Set up job"}, s.Steps...), "Complete job") {
				j.steps = append(j.steps, &step{name: n, status: "queued"})
			}
		}
		a.jobs = append(a.jobs, j)
	}
	run.attempts = append(run.attempts, a)
	run.status, run.conclusion, run.started, run.updated = "queued", "", a.started, a.started
}

func (run *Run) current() *attempt { return run.attempts[len(run.attempts)-1] }

// Status is the run's status and conclusion: "completed", "failure".
func (run *Run) Status() (status, conclusion string) {
	run.repo.w.mu.Lock()
	defer run.repo.w.mu.Unlock()
	return run.status, run.conclusion
}

// Attempt is the number of the newest attempt, from 1.
func (run *Run) Attempt() int {
	run.repo.w.mu.Lock()
	defer run.repo.w.mu.Unlock()
	return len(run.attempts)
}

// Debug reports whether the newest attempt was asked for with debug logging.
func (run *Run) Debug() bool {
	run.repo.w.mu.Lock()
	defer run.repo.w.mu.Unlock()
	return run.current().debug
}

// Jobs returns the jobs of the newest attempt.
func (run *Run) Jobs() []*Job {
	run.repo.w.mu.Lock()
	defer run.repo.w.mu.Unlock()
	return slices.Clone(run.current().jobs)
}

// Job returns a job of the newest attempt by its name; nil if there is none.
func (run *Run) Job(name string) *Job {
	for _, j := range run.Jobs() {
		if j.Name == name {
			return j
		}
	}
	return nil
}

// SetTitle changes the run's title.
func (run *Run) SetTitle(title string) { run.repo.locked(func() { run.Title = title }) }

// SetStatus puts the run as a whole into a state, without its jobs:
// "completed", "action_required".
func (run *Run) SetStatus(status, conclusion string) {
	run.repo.locked(func() { run.status, run.conclusion, run.updated = status, conclusion, run.repo.w.now() })
}

// SetCreated moves the run into the past.
func (run *Run) SetCreated(at time.Time) { run.repo.locked(func() { run.created = at.UTC() }) }

// DropLogs makes the run's logs answer 410, as after their retention.
func (run *Run) DropLogs() { run.repo.locked(func() { run.gone = true }) }

// Stick makes a cancel be accepted and change nothing; force-cancel ends it.
func (run *Run) Stick() { run.repo.locked(func() { run.stuck = true }) }

// Delete removes the run.
func (run *Run) Delete() {
	run.repo.locked(func() {
		run.repo.runs = slices.DeleteFunc(run.repo.runs, func(x *Run) bool { return x == run })
	})
}

// Advance lets the run go one step further: a job begins, or its step ends. A
// job before a gate waits. It reports whether more can come by itself.
func (run *Run) Advance() bool {
	more := false
	run.repo.locked(func() { more = run.advance() })
	return more
}

// Finish advances to the end, or to a gate.
func (run *Run) Finish() *Run {
	run.repo.locked(func() {
		for run.advance() {
		}
	})
	return run
}

func (run *Run) advance() bool {
	if run.status == "completed" {
		return false
	}
	for _, j := range run.current().jobs {
		if j.status == "completed" {
			if j.conclusion == "failure" || j.conclusion == "cancelled" {
				run.skipRest()
				break
			}
			continue
		}
		was, updated := j.status, run.updated
		more := j.advance()
		run.settle()
		if j.status == was { // a step is no news of the run
			run.updated = updated
		}
		return more && run.status != "completed"
	}
	run.settle()
	return run.status != "completed"
}

func (run *Run) skipRest() {
	now := run.repo.w.now()
	for _, j := range run.current().jobs {
		if j.status == "queued" || j.status == "waiting" {
			j.status, j.conclusion, j.started, j.ended, j.steps = "completed", "skipped", now, now, nil
		}
	}
}

// settle makes the run's state of its jobs'.
func (run *Run) settle() {
	open, waits, running, begun := false, false, false, false
	conclusion := "success"
	for _, j := range run.current().jobs {
		switch j.status {
		case "completed":
			begun = true
			switch j.conclusion {
			case "failure":
				conclusion = "failure"
			case "cancelled":
				if conclusion == "success" {
					conclusion = "cancelled"
				}
			}
			continue
		case "waiting":
			waits = true
		case "in_progress":
			running = true
		}
		open = true
	}
	switch {
	case !open:
		run.status, run.conclusion = "completed", conclusion
	case waits && !running:
		run.status = "waiting"
	case running || begun:
		run.status = "in_progress"
	default:
		run.status = "queued"
	}
	run.updated = run.repo.w.now()
}

// cancel ends what has not ended.
func (run *Run) cancel() {
	now := run.repo.w.now()
	for _, j := range run.current().jobs {
		if j.status == "completed" {
			continue
		}
		for _, s := range j.steps {
			if s.status != "completed" {
				s.status, s.conclusion = "completed", "cancelled"
				if s.started.IsZero() {
					s.started = now
				}
				s.ended = now
			}
		}
		if j.started.IsZero() {
			j.started = now
		}
		j.status, j.conclusion, j.ended = "completed", "cancelled", now
		j.deployed("failure")
	}
	run.settle()
	run.conclusion = "cancelled"
}

// Repository is the full name of the run's repository.
func (run *Run) Repository() string { return run.repo.FullName() }
