package jenkins

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Build is one build of a job.
type Build struct {
	w         *World
	job       *Job
	number    int
	queueID   int
	result    string // "": it is running
	began     time.Time
	took      time.Duration
	log       []byte
	causes    []cause
	values    map[string]string
	commit    string
	branch    string
	changes   []Commit
	stages    []*stage
	asks      []*Input
	stops     int // how often it was asked to end
	Stubborn  int // how many of stop, term and kill it survives
	node      string
	replayOf  int
	describes string
	pauseFrom time.Time
	agent     string // what it waits for in the queue
}

// cause is why a build was started.
type cause struct {
	class, text, user, name string
	upstream                string
	number                  int
}

// stage is a stage of a Pipeline.
type stage struct {
	id       int
	name     string
	status   string
	began    time.Time
	took     time.Duration
	paused   time.Duration
	from, to int // in the log; to -1: it is going on
	failed   string
}

// Commit is one of a build's changes.
type Commit struct{ SHA, Message, Author string }

// Input is a gate of a Pipeline that waits for a human.
type Input struct {
	ID, Message, OK, Submitter string
	Params                     []Param
	// Answer is what was submitted; Rejected that it was aborted.
	Answer   map[string]string
	Rejected bool
	Done     bool
	By       string
}

// Start says how a build begins.
type Start struct {
	By      string // user id; "": an SCM change
	Cause   string // "timer", "scm", "upstream", "branch"; overrides By
	Values  map[string]string
	Commit  string
	Branch  string
	Changes []Commit
	At      time.Time // "": now
	Node    string
}

// Start begins a build without the queue.
func (j *Job) Start(s Start) *Build {
	j.w.mu.Lock()
	defer j.w.mu.Unlock()
	j.w.nextID++
	return j.start(s, j.w.nextID, j.w.causesOf(s))
}

func (w *World) causesOf(s Start) []cause {
	switch {
	case s.Cause == "timer":
		return []cause{{class: "hudson.triggers.TimerTrigger$TimerTriggerCause", text: "Started by timer"}}
	case s.Cause == "upstream":
		return []cause{{class: "hudson.model.Cause$UpstreamCause", text: `Started by upstream project "build" build number 7`, upstream: "build", number: 7}}
	case s.Cause == "branch":
		return []cause{{class: "jenkins.branch.BranchEventCause", text: "Push event to branch " + s.Branch}}
	case s.Cause == "scm" || s.By == "":
		return []cause{{class: "hudson.triggers.SCMTrigger$SCMTriggerCause", text: "Started by an SCM change"}}
	}
	return []cause{w.byUser(s.By)}
}

func (w *World) byUser(id string) cause {
	c := cause{class: "hudson.model.Cause$UserIdCause", user: id, name: id}
	for _, u := range w.o.Users {
		if u.ID == id && u.Name != "" {
			c.name = u.Name
		}
	}
	if id == "" {
		c.name = "anonymous"
	}
	c.text = "Started by user " + c.name
	return c
}

func (j *Job) start(s Start, queueID int, causes []cause) *Build {
	at := s.At
	if at.IsZero() {
		at = j.w.now()
	}
	if s.Node == "" {
		s.Node = "linux-1"
	}
	b := &Build{
		w: j.w, job: j, number: j.next, queueID: queueID, began: at, causes: causes, commit: s.Commit, branch: s.Branch,
		changes: s.Changes, values: map[string]string{}, node: s.Node,
	}
	for _, p := range j.params {
		b.values[p.Name] = p.value(s.Values)
	}
	j.next++
	j.builds = append(j.builds, b)
	b.write(note(causes[0].text) + causes[0].text + "\n")
	if j.kind == pipeline {
		b.write("[Pipeline] Start of Pipeline\n[Pipeline] node\nRunning on " + b.node + " in /home/jenkins/workspace/" + j.name + "\n[Pipeline] {\n")
	} else {
		b.write("Building remotely on " + b.node + " in workspace /home/jenkins/workspace/" + j.name + "\n")
	}
	return b
}

// value is what a build has for the parameter.
func (p Param) value(given map[string]string) string {
	if v, ok := given[p.Name]; ok {
		return v
	}
	if p.Kind == Choice && p.Default == "" && len(p.Choices) > 0 {
		return p.Choices[0]
	}
	return p.Default
}

// note is a console note: what makes links of the console's page, raw.
func note(s string) string {
	return "\x1b[8mha:////4" + base64.StdEncoding.EncodeToString([]byte(s)) + "\x1b[0m"
}

// write adds to the log as it is on the disk.
func (b *Build) write(s string) {
	if b.job.Timestamps {
		stamp := "[" + b.w.now().UTC().Format("2006-01-02T15:04:05.000Z") + "] "
		var out strings.Builder
		for line := range strings.Lines(s) {
			out.WriteString(stamp + line)
		}
		s = out.String()
	}
	b.log = append(b.log, s...)
}

// Number is the build's.
func (b *Build) Number() int { return b.number }

// Log adds raw text to the console.
func (b *Build) Log(s string) { b.w.locked(func() { b.write(s) }) }

// Stage ends the stage that goes on, and begins one.
func (b *Build) Stage(name string) {
	b.w.locked(func() {
		b.endStage("SUCCESS", "")
		b.write("[Pipeline] stage\n[Pipeline] { (" + name + ")\n")
		b.stages = append(b.stages, &stage{id: 6 + 5*len(b.stages), name: name, status: "IN_PROGRESS", began: b.w.now(), from: len(b.log), to: -1})
	})
}

func (b *Build) endStage(status, why string) {
	n := len(b.stages)
	if n == 0 || b.stages[n-1].to >= 0 {
		return
	}
	s := b.stages[n-1]
	s.status, s.took, s.to, s.failed = status, b.w.now().Sub(s.began), len(b.log), why
	b.write("[Pipeline] }\n[Pipeline] // stage\n")
}

// Branch is one of what a Pipeline does side by side.
type Branch struct{ Name, Log string }

// Parallel runs branches beside each other: their stages lie at the same time,
// and their lines are mixed in the console.
func (b *Build) Parallel(branches ...Branch) {
	b.w.locked(func() {
		b.endStage("SUCCESS", "")
		b.write("[Pipeline] parallel\n")
		began := b.w.now()
		for i, x := range branches {
			from := len(b.log)
			b.write(x.Log)
			b.stages = append(b.stages, &stage{
				id: 6 + 5*len(b.stages), name: x.Name, status: "SUCCESS", began: began, took: time.Duration(10+i) * time.Millisecond, from: from, to: len(b.log),
			})
		}
		b.write("[Pipeline] // parallel\n")
	})
}

// Stages are the names of the build's stages.
func (b *Build) Stages() []string {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	var out []string
	for _, s := range b.stages {
		out = append(out, s.name)
	}
	return out
}

// Describe sets the build's description.
func (b *Build) Describe(s string) { b.w.locked(func() { b.describes = s }) }

// Ask pauses the build at an input.
func (b *Build) Ask(in Input) {
	b.w.locked(func() {
		if in.OK == "" {
			in.OK = "Proceed"
		}
		b.asks = append(b.asks, &in)
		b.pauseFrom = b.w.now()
		if n := len(b.stages); n > 0 {
			b.stages[n-1].status = "PAUSED_PENDING_INPUT"
		}
		b.write("[Pipeline] input\n" + in.Message + "\n" + note("link") + in.OK + " or " + note("link") + "Abort\n")
	})
}

// Answered is the input of an id as it stands now; zero: there is none.
func (b *Build) Answered(id string) Input {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	for _, in := range b.asks {
		if in.ID == id {
			now := *in
			now.Answer = maps.Clone(in.Answer)
			return now
		}
	}
	return Input{}
}

func (b *Build) pending() []*Input {
	var out []*Input
	for _, in := range b.asks {
		if !in.Done && b.result == "" {
			out = append(out, in)
		}
	}
	return out
}

// End ends the build: SUCCESS, UNSTABLE, FAILURE, ABORTED, NOT_BUILT.
func (b *Build) End(result string) { b.w.locked(func() { b.end(result, "") }) }

// Fail ends the build in the stage that goes on, for a reason.
func (b *Build) Fail(why string) { b.w.locked(func() { b.end("FAILURE", why) }) }

func (b *Build) end(result, why string) {
	if b.result != "" {
		return
	}
	status := map[string]string{"SUCCESS": "SUCCESS", "UNSTABLE": "UNSTABLE", "FAILURE": "FAILED", "ABORTED": "ABORTED", "NOT_BUILT": "NOT_EXECUTED"}[result]
	b.endStage(status, why)
	if b.job.kind == pipeline {
		b.write("[Pipeline] }\n[Pipeline] // node\n[Pipeline] End of Pipeline\n")
	}
	if why != "" {
		b.write("ERROR: " + why + "\n")
	}
	b.write("Finished: " + result + "\n")
	b.result, b.took = result, b.w.now().Sub(b.began)
}

// Result is the build's; "" while it runs.
func (b *Build) Result() string {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	return b.result
}

// Value is a parameter of the build.
func (b *Build) Value(name string) string {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	return b.values[name]
}

// Commit is what the build checked out.
func (b *Build) Commit() string {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	return b.commit
}

// Stops is how often it was asked to end.
func (b *Build) Stops() int {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	return b.stops
}

// asked is stop, term or kill (1, 2, 3).
func (b *Build) asked(level int, by string) {
	if b.result != "" {
		return
	}
	b.stops++
	b.write("Aborted by " + by + "\n")
	if b.Stubborn >= level {
		switch level {
		case 1:
			b.write(note("term") + "Click here to forcibly terminate running steps\n")
		case 2:
			b.write(note("kill") + "Click here to forcibly kill entire build\n")
		}
		return
	}
	b.end("ABORTED", "")
}

// url is the build's path below the controller.
func (b *Build) url() string { return b.job.path() + strconv.Itoa(b.number) + "/" }

func (b *Build) id() string { return strconv.Itoa(b.number) }

func (b *Build) name() string { return fmt.Sprintf("%s #%d", b.job.fullDisplay(), b.number) }
