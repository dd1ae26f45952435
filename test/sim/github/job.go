package github

import (
	"fmt"
	"strings"
	"time"
)

// Job is one job of one attempt.
type Job struct {
	run         *Run
	attempt     *attempt
	ID          int64
	Name        string
	environment string
	status      string // queued, waiting, in_progress, completed
	conclusion  string
	created     time.Time
	started     time.Time
	ended       time.Time
	steps       []*step
	log         []string
	annotations []Annotation
	deployment  *deployment
	waiting     time.Time
	carried     bool // of an earlier attempt
}

type step struct {
	name               string
	status, conclusion string
	started, ended     time.Time
}

// Annotation is a remark on a place of the code. Level is "failure", "warning"
// or "notice".
type Annotation struct {
	Level, Path, Title, Message string
	Line                        int
}

// advance moves the job; false while it waits at a gate.
func (j *Job) advance() bool {
	w := j.run.repo.w
	now := w.now()
	switch j.status {
	case "queued":
		if j.environment != "" {
			e := j.run.repo.environment(j.environment, 0, nil)
			if j.deployment == nil {
				j.deploy(e)
			}
			if !j.passed(e) {
				j.status, j.waiting = "waiting", now
				return false
			}
		}
		j.status, j.started = "in_progress", now
		j.deployed("in_progress")
		j.steps[0].status, j.steps[0].started = "in_progress", now
	case "waiting":
		if e := j.run.repo.environment(j.environment, 0, nil); len(e.reviewers) == 0 && now.Sub(j.waiting) >= e.wait {
			j.status = "queued"
			j.run.approvals = append(j.run.approvals, approval{e.name, "", "approved", ""})
			return true
		}
		return false
	case "in_progress":
		for i, s := range j.steps {
			if s.status != "in_progress" {
				continue
			}
			j.endStep(s, "success")
			if i+1 < len(j.steps) {
				j.steps[i+1].status, j.steps[i+1].started = "in_progress", now
				return true
			}
			j.end("success")
			return true
		}
		j.end("success")
	}
	return true
}

// passed reports whether the gate of e is open for this attempt.
func (j *Job) passed(e *environment) bool {
	if len(e.reviewers) == 0 && e.wait == 0 {
		return true
	}
	for _, a := range j.run.approvals {
		if strings.EqualFold(a.env, e.name) && a.state == "approved" {
			return true
		}
	}
	return false
}

func (j *Job) endStep(s *step, conclusion string) {
	s.status, s.conclusion, s.ended = "completed", conclusion, j.run.repo.w.now()
	j.say("##[group]Run "+s.name, "shell: /usr/bin/bash -e {0}", "##[endgroup]", s.name+" done")
}

func (j *Job) end(conclusion string) {
	j.status, j.conclusion, j.ended = "completed", conclusion, j.run.repo.w.now()
	state := "success"
	if conclusion != "success" {
		state = "failure"
	}
	j.deployed(state)
}

// say appends lines to the log with the time of now.
func (j *Job) say(lines ...string) {
	for _, l := range lines {
		j.log = append(j.log, fmt.Sprintf("%s %s", j.run.repo.w.o.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"), l))
	}
}

// Log appends lines to the job's log.
func (j *Job) Log(lines ...string) { j.run.repo.locked(func() { j.say(lines...) }) }

// LogRaw replaces the log by bytes as they are.
func (j *Job) LogRaw(raw string) { j.run.repo.locked(func() { j.log = []string{raw} }) }

// Annotate adds remarks.
func (j *Job) Annotate(a ...Annotation) {
	j.run.repo.locked(func() { j.annotations = append(j.annotations, a...) })
}

// Fail ends the job at a step ("": the one that it is at) with log lines, the
// first of which is an error.
func (j *Job) Fail(at string, lines ...string) {
	j.run.repo.locked(func() {
		now := j.run.repo.w.now()
		if j.started.IsZero() {
			j.started = now
		}
		j.status = "in_progress"
		failed := false
		for _, s := range j.steps {
			switch {
			case s.status == "completed":
				continue
			case failed:
				s.status, s.conclusion, s.started, s.ended = "completed", "skipped", now, now
				if s.name == "Complete job" {
					s.conclusion = "success"
				}
			case s.name == at || at == "" && s.status == "in_progress":
				if s.started.IsZero() {
					s.started = now
				}
				j.say("##[group]Run "+s.name, "##[endgroup]")
				j.say(lines...)
				j.say("##[error]Process completed with exit code 1.")
				s.status, s.conclusion, s.ended = "completed", "failure", now
				failed = true
			default:
				if s.started.IsZero() {
					s.started = now
				}
				j.endStep(s, "success")
			}
		}
		j.end("failure")
		j.run.skipRest()
		j.run.settle()
	})
}

// Succeed ends the job well.
func (j *Job) Succeed() {
	j.run.repo.locked(func() {
		for j.status != "completed" && j.advance() {
		}
		j.run.settle()
	})
}

func (j *Job) deploy(e *environment) {
	w := j.run.repo.w
	j.deployment = &deployment{
		id: w.id(), sha: j.run.SHA, ref: j.run.Branch, env: e.name, creator: j.run.current().actor, created: w.now(), updated: w.now(),
		run: j.run.ID, job: j.ID, task: "deploy",
	}
	j.run.repo.deployments = append(j.run.repo.deployments, j.deployment)
	j.deployed("queued")
}

func (j *Job) deployed(state string) {
	d := j.deployment
	if d == nil || len(d.statuses) > 0 && d.statuses[len(d.statuses)-1].state == state {
		return
	}
	w := j.run.repo.w
	d.updated = w.now()
	d.statuses = append(d.statuses, deploymentStatus{id: w.id(), state: state, at: d.updated})
}

// Status is the job's status and conclusion.
func (j *Job) Status() (status, conclusion string) {
	j.run.repo.w.mu.Lock()
	defer j.run.repo.w.mu.Unlock()
	return j.status, j.conclusion
}
