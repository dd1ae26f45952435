package ci

import (
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Run is a workflow run, a pipeline or a build, as its system tells it. Its
// strings are raw; Resource cleans them.
type Run struct {
	Ref      core.Ref
	System   string // "github": what the SYSTEM column says
	Workflow string // what ran: "ci"; runs of the same one are compared
	Number   string // as the system counts: "1842"
	Branch   string // branch, tag or merge request
	Commit   string // in full
	Title    string // of the commit or the run, one line
	Author   string
	Event    string // what started it: "push", "schedule"
	URL      string // its page in the system's own web UI
	Attempt  int    // 0 unknown, 1 the first

	Phase   core.Phase
	Reason  text.Safe // the system's own word: "in_progress"
	Message text.Safe // one line more: "test failed"
	Stage   Stage

	Created, Started, Ended time.Time
	// Seen is when this was read from the system: the duration of what goes on
	// counts to it.
	Seen  time.Time
	Usual time.Duration // how long a good run of the workflow takes; 0 unknown

	Mine bool // started by whoever looks
	Past bool // a newer run tells how things stand

	Environment, Service string
	Image, Digest        []string    // that it made or deploys, where the system tells
	Rev                  string      // changes when the run does
	Waits                []text.Safe // what it waits for from a human: "approval for production"
	Repo                 string      // host/path: "github.com/acme/shop"
	Owner                core.Ref    // the run that started this one; zero if none
}

// Finished reports whether the run has ended, well or not.
func (r *Run) Finished() bool { return finished(r.Phase) }

func finished(p core.Phase) bool {
	return p == core.Succeeded || p == core.Failed || p == core.Degraded
}

// Took is how long the run took; 0 while it goes on.
func (r *Run) Took() time.Duration {
	if r.Started.IsZero() || !r.Ended.After(r.Started) {
		return 0
	}
	return r.Ended.Sub(r.Started)
}

// Resource is the run's row.
func (r Run) Resource() *core.Resource {
	usual := core.Cell{}
	if r.Usual > 0 {
		usual.Num = r.Usual.Truncate(time.Second).Seconds()
	}
	return &core.Resource{
		Ref: r.Ref, Owner: r.Owner, Phase: r.Phase, Reason: r.Reason, Message: r.Message,
		Cells: []core.Cell{
			word(r.Workflow), word(r.System), count(r.Number), word(r.Branch), word(Short(r.Commit)), word(r.Title), word(r.Author), r.Stage.Cell(),
			{Text: r.Reason},
			span(r.Started, r.Ended, r.Seen), usual, word(r.Event), yes(r.Mine), whole(r.Attempt), age(latest(r.Created, r.begun())),
		},
		Started: nanos(r.Created), Changed: nanos(latest(r.Created, r.Started, r.Ended)), Rev: r.Rev, Past: r.Past,
		Facts: &core.Facts{
			Image: r.Image, Digest: r.Digest, Commit: r.Commit, Repo: r.Repo, Environment: r.Environment, Service: r.Service,
			URL: r.URL, Actor: r.Author, Waits: r.Waits,
		},
	}
}

// begun is when this attempt of the run began: a rerun is as old as its start.
func (r *Run) begun() time.Time {
	if r.Attempt > 1 {
		return r.Started
	}
	return time.Time{}
}
