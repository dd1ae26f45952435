package ci

import (
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Job is a job or a stage of a run. It is a node of the run's outline; no list
// has it.
type Job struct {
	Ref     core.Ref
	Run     core.Ref // whose job it is
	System  string
	Title   string // as the system calls it: "test (1.26)"
	Group   string // its stage: "build", ""; raw
	Runner  string // the machine that runs it
	URL     string
	Attempt int

	Phase   core.Phase
	Reason  text.Safe
	Message text.Safe
	Steps   Stage // its steps

	Created, Started, Ended time.Time
	Seen                    time.Time // when this was read; see Run.Seen

	Environment, Service, Repo, Commit, Actor string
	Rev                                       string
	Waits                                     []text.Safe // "a click": a manual job
}

// Resource is the job's row, as verbs judge it.
func (j Job) Resource() *core.Resource {
	return &core.Resource{
		Ref: j.Ref, Owner: j.Run, Phase: j.Phase, Reason: j.Reason, Message: j.Message,
		Cells: []core.Cell{
			word(j.Title), word(j.System), word(j.Group), j.Steps.Cell(),
			{Text: j.Reason},
			span(j.Started, j.Ended, j.Seen),
			word(j.Runner), whole(j.Attempt), age(latest(j.Created, j.Started)),
		},
		Started: nanos(latest(j.Created, j.Started)), Changed: nanos(latest(j.Created, j.Started, j.Ended)), Rev: j.Rev,
		Facts: &core.Facts{
			Commit: j.Commit, Repo: j.Repo, Environment: j.Environment, Service: j.Service, URL: j.URL, Actor: j.Actor, Waits: j.Waits,
		},
	}
}

// Node is the job as a line of an outline.
func (j Job) Node(depth int) core.Node {
	return core.Node{
		Ref: j.Ref, Depth: depth, Title: text.Clean(j.Title), Phase: j.Phase, Reason: j.Reason, Message: j.Message,
		Info: text.Clean(j.Runner), Started: nanos(j.Started), Ended: nanos(j.Ended), Row: j.Resource(),
	}
}

// Workflow is what can be dispatched: a GitHub workflow, the CI of a GitLab
// project, a Jenkins job.
type Workflow struct {
	Ref    core.Ref
	System string
	Name   string // as people call it, where Ref.Name is escaped: "feature/login"; "": Ref.Name
	Title  string // what it calls itself: "Build and test"
	File   string // where it is defined: ".github/workflows/ci.yml"
	Branch string // what it runs on unless told otherwise
	URL    string

	Phase   core.Phase // of its last run; Running: it has none, and can be started
	Reason  text.Safe  // "active", "disabled_manually"
	Message text.Safe
	Changed time.Time // of its definition, or its last run

	Repo, Service, Rev string
}

// Resource is the workflow's row.
func (w Workflow) Resource() *core.Resource {
	name := w.Name
	if name == "" {
		name = w.Ref.Name
	}
	return &core.Resource{
		Ref: w.Ref, Phase: w.Phase, Reason: w.Reason, Message: w.Message,
		Cells: []core.Cell{
			word(name), word(w.System), word(w.Branch), word(w.Title), {Text: w.Reason}, word(w.File), age(w.Changed),
		},
		Changed: nanos(w.Changed), Rev: w.Rev,
		Facts: &core.Facts{Repo: w.Repo, Service: w.Service, URL: w.URL},
	}
}

// Environment is a deployment target with its last deployment.
type Environment struct {
	Ref       core.Ref
	System    string
	Number    string // of the run that deployed last
	Branch    string
	Commit    string // in full
	Title     string // of the commit or the deployment
	Author    string // who deployed
	URL       string // its page, or the address of what runs there
	Protected bool   // it has rules: reviewers, waiting time, branches

	Phase   core.Phase // of the last deployment; Running: it stands
	Reason  text.Safe
	Message text.Safe

	Created  time.Time // of the environment
	Deployed time.Time // when the last deployment was made
	Changed  time.Time // of its state

	Run                core.Ref // that deployed last; zero: not told
	Repo, Service, Rev string
	Waits              []text.Safe
}

// Resource is the environment's row.
func (e Environment) Resource() *core.Resource {
	return &core.Resource{
		Ref: e.Ref, Owner: e.Run, Phase: e.Phase, Reason: e.Reason, Message: e.Message,
		Cells: []core.Cell{
			word(e.Ref.Name), word(e.System), count(e.Number), word(e.Branch), word(Short(e.Commit)), word(e.Title), word(e.Author),
			{Text: e.Reason},
			yes(e.Protected), age(latest(e.Created, e.Deployed)),
		},
		Started: nanos(latest(e.Created, e.Deployed)), Changed: nanos(latest(e.Created, e.Deployed, e.Changed)), Rev: e.Rev,
		Facts: &core.Facts{
			Commit: e.Commit, Repo: e.Repo, Environment: e.Ref.Name, Service: e.Service, URL: e.URL, Actor: e.Author, Waits: e.Waits,
		},
	}
}
