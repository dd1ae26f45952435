package demo

import (
	"fmt"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// you is who acts through the cockpit.
const you = "you"

// actor is who started the run.
func (r *run) actor() string {
	if r.by != "" {
		return r.by
	}
	return r.build.commit.author
}

// told is the run as the pipelines of all systems tell theirs.
func (r *run) told() ci.Run {
	c, at := r.build.commit, r.stage()
	f := r.build.facts(r.place.scope)
	x := ci.Run{
		Ref: r.ref(), System: ID, Workflow: r.flow.name, Number: fmt.Sprint(r.number), Branch: c.branch, Commit: c.sha, Title: c.message, Author: r.actor(),
		Event: r.event, URL: fmt.Sprintf("https://%s/ci/runs/%s/%d", r.build.service.home(), r.flow.name, r.number), Attempt: r.attempt,
		Phase: r.status.phase(), Reason: text.Clean(r.status.String()), Message: text.CleanLong(r.said),
		Stage: ci.Stage{Total: len(r.flow.stages), At: r.flow.stages[at]}, Created: r.created, Started: r.started, Ended: r.ended, Seen: r.place.w.now,
		Mine: r.actor() == you, Environment: r.place.scope, Service: r.build.service.name, Image: f.Image, Digest: f.Digest, Rev: r.rev(), Repo: f.Repo,
	}
	for i, s := range r.flow.stages {
		done := true
		for _, j := range r.jobs {
			done = done && (j.stage != s || j.status == passed)
		}
		if done {
			x.Stage.Done = i + 1
		}
	}
	if r.status == passed {
		x.Stage.At = ""
	}
	for _, j := range r.jobs {
		if j.status == failed && r.said == "" {
			x.Message = text.Sprintf("job %s failed", j.name)
		}
	}
	if j := r.gate(); j != nil {
		x.Waits = []text.Safe{text.Clean(j.waits())}
		x.Message = text.Sprintf("job %s waits for %s", j.name, j.waits())
	}
	return x
}

// siblings are the runs of the same workflow in the place, this one included, oldest first.
func (r *run) siblings() []*run { return r.place.runsOf(r.build.service, r.flow) }

func (r *run) row() *core.Resource {
	var all []ci.Run
	own := r.told()
	for _, x := range r.siblings() {
		all = append(all, x.told())
	}
	ci.Settle(all)
	for _, x := range all {
		if x.Ref == own.Ref {
			own.Past, own.Usual = x.Past, x.Usual
		}
	}
	out := own.Resource()
	for _, j := range r.jobs {
		out.Facts.Containers = append(out.Facts.Containers, j.name)
	}
	out.Facts.Labels = r.build.facts(r.place.scope).Labels
	return out
}

// told is the job as the pipelines of all systems tell theirs.
func (j *job) told() ci.Job {
	r := j.run
	x := ci.Job{
		Ref: j.ref(), Run: r.ref(), System: ID, Title: j.name, Group: j.stage, Attempt: r.attempt, Phase: j.status.phase(), Reason: text.Clean(j.status.String()),
		Started: j.started, Ended: j.ended, Created: r.created, Seen: r.place.w.now, Service: r.build.service.name, Repo: r.build.service.home(),
		Commit: r.build.commit.sha, Actor: r.actor(), Rev: j.rev(), URL: fmt.Sprintf("https://%s/ci/jobs/%s", r.build.service.home(), j.uid),
	}
	if !j.started.IsZero() {
		x.Runner = fmt.Sprintf("runner-%d", 1+j.key%4)
	}
	if j.stage == stageDeploy {
		x.Environment = r.place.scope
	}
	steps := j.steps()
	x.Steps.Total = len(steps)
	for _, s := range steps {
		if s.status.over() && s.status != skipped {
			x.Steps.Done++
		} else if s.status == inProgress {
			x.Steps.At = s.name
		}
	}
	if j.status == atGate {
		x.Waits = []text.Safe{text.Clean(j.waits())}
		x.Message = text.Sprintf("waits for %s", j.waits())
	}
	if j.status == failed {
		x.Message = text.CleanLong(r.said)
	}
	return x
}

func (j *job) row() *core.Resource {
	out := j.told().Resource()
	out.Facts.Containers = []string{j.name}
	return out
}
