package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// forge is where the repositories of the world are.
const forge = "git.acme.example"

// home is the repository of a service, as facts have it.
func (s *service) home() string { return forge + "/" + s.repo }

const stageDeploy = "deploy"

// flow is a workflow of a service: what its runs do.
type flow struct {
	name, title string
	stages      []string
}

// task is a job of a workflow.
type task struct {
	name, stage string
	gated       bool
}

var (
	ciFlow     = &flow{name: "ci", title: "Build, test and deploy", stages: []string{"build", "test", stageDeploy}}
	deployFlow = &flow{name: "deploy", title: "Deploy a version", stages: []string{"verify", stageDeploy}}
	flows      = []*flow{ciFlow, deployFlow}
)

// jobs are what a run of the workflow does in a place. A version comes to
// production only when somebody approves.
func (f *flow) jobs(p *place) []task {
	last := task{name: "deploy-" + p.scope, stage: stageDeploy}
	if f == deployFlow {
		last.gated = p.scope == Prod
		return []task{{name: "verify", stage: "verify"}, last}
	}
	return []task{{name: "build", stage: "build"}, {name: "unit", stage: "test"}, {name: "integration", stage: "test"}, last}
}

// environmentWord is how people call a place.
func (p *place) environmentWord() string {
	if p.scope == Prod {
		return "production"
	}
	return p.scope
}

// waits is what a job waits for.
func (j *job) waits() string { return "approval for " + j.run.place.environmentWord() }

// workflow is a flow of a service as an object that can be started.
type workflow struct {
	place   *place
	service *service
	flow    *flow
	uid     string
	created time.Time
}

func (x *workflow) ref() core.Ref {
	return x.place.refOf(ci.KindWorkflow, x.service.repo, x.flow.name, x.uid)
}

// last is the newest run of the workflow, nil if there is none.
func (x *workflow) last() *run {
	all := x.place.runsOf(x.service, x.flow)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// rev is that of its definition, which nobody changes.
func (x *workflow) rev() string { return "1" }

func (x *workflow) row() *core.Resource {
	w := ci.Workflow{
		Ref: x.ref(), System: ID, Title: x.flow.title, File: ".ci/" + x.flow.name + ".yaml", Branch: "main", Phase: core.Running, Reason: text.Lit("active"),
		URL: fmt.Sprintf("https://%s/ci/%s", x.service.home(), x.flow.name), Changed: x.created, Repo: x.service.home(), Service: x.service.name, Rev: x.rev(),
	}
	if r := x.last(); r != nil {
		w.Phase, w.Changed = r.status.phase(), latest(r.created, r.started, r.ended)
		w.Message = text.Sprintf("run %d: %s", r.number, r.status.String())
	}
	return w.Resource()
}

// target is an environment that a service is deployed to.
type target struct {
	place   *place
	service *service
	uid     string
	created time.Time
}

func (t *target) ref() core.Ref {
	return t.place.refOf(ci.KindEnvironment, t.service.repo, t.place.scope, t.uid)
}

// deployed is the newest run that has deployed here, or does; nil if none is known.
func (t *target) deployed() *run {
	d := t.place.deployment(t.service.name)
	var out *run
	for _, o := range t.place.tables[ci.KindRun] {
		r := o.(*run)
		if r.build.service != t.service || r.dry || d != nil && r.build != d.current.build {
			continue
		}
		last := r.jobs[len(r.jobs)-1]
		if !last.started.IsZero() && (out == nil || last.started.After(out.jobs[len(out.jobs)-1].started)) {
			out = r
		}
	}
	return out
}

// rev is that of what is deployed: a plan is of the build that it goes back from.
func (t *target) rev() string {
	if d := t.place.deployment(t.service.name); d != nil {
		return d.current.build.image
	}
	return "none"
}

func (t *target) row() *core.Resource {
	e := ci.Environment{
		Ref: t.ref(), System: ID, Protected: t.place.scope == Prod, Created: t.created, Repo: t.service.home(), Service: t.service.name, Rev: t.rev(),
		URL: fmt.Sprintf("https://%s.%s.acme.example", t.service.name, t.place.scope), Phase: core.Unknown, Reason: text.Lit("inactive"),
	}
	if d := t.place.deployment(t.service.name); d != nil {
		c, h := d.current.build.commit, d.health()
		e.Branch, e.Commit, e.Title, e.Author = c.branch, c.sha, c.message, c.author
		e.Phase, e.Reason, e.Message, e.Deployed, e.Changed = h.phase, text.Clean(h.reason), text.CleanLong(h.message), d.current.changed, d.changed
	}
	if r := t.deployed(); r != nil {
		e.Run, e.Number = r.ref(), fmt.Sprint(r.number)
	}
	for _, o := range t.place.list(ci.KindRun) {
		if r := o.(*run); r.build.service == t.service && r.gate() != nil {
			e.Waits = append(e.Waits, text.Sprintf("%s/%d waits for %s", r.flow.name, r.number, r.gate().waits()))
		}
	}
	return e.Resource()
}

// furnishPipelines puts up the workflows and environments of a place.
func (w *world) furnishPipelines(p *place) {
	for _, s := range w.services {
		for _, f := range flows {
			p.put(&workflow{place: p, service: s, flow: f, uid: w.fixedUID(strings.Join([]string{p.scope, s.name, f.name}, " ")), created: w.now.Add(-200 * 24 * time.Hour)})
		}
		p.put(&target{place: p, service: s, uid: w.fixedUID(p.scope + " environment " + s.name), created: w.now.Add(-200 * 24 * time.Hour)})
	}
}

// followers are the objects whose rows say what another one is.
func (p *place) followers(o object) []object {
	var s *service
	switch o := o.(type) {
	case *run:
		s = o.build.service
	case *deployment:
		s = o.service
	default:
		return nil
	}
	var out []object
	for _, kind := range []string{ci.KindWorkflow, ci.KindEnvironment} {
		for _, f := range p.tables[kind] {
			switch f := f.(type) {
			case *workflow:
				if r, ok := o.(*run); ok && f.service == s && f.flow == r.flow {
					out = append(out, f)
				}
			case *target:
				if f.service == s {
					out = append(out, f)
				}
			}
		}
	}
	return out
}

// hasRepo reports whether a namespace is a repository of the world.
func (w *world) hasRepo(namespace string) bool {
	return slices.ContainsFunc(w.services, func(s *service) bool { return s.repo == namespace })
}

func (y *sketch) workflow(x *workflow) {
	y.line(0, "name", x.flow.title)
	y.raw(0, "on: [push, workflow_dispatch]")
	y.line(0, "jobs", nil)
	for _, t := range x.flow.jobs(x.place) {
		y.line(1, t.name, nil)
		y.line(2, "stage", t.stage)
		if t.gated {
			y.line(2, "environment", x.place.environmentWord())
		}
	}
}

// pipelineUnfit tells why a verb makes no sense for a row of a pipeline or of Argo.
func pipelineUnfit(verb string, r *core.Resource) text.Safe {
	kind, reason := r.Ref.Kind, r.Reason.String()
	over := r.Phase != core.Pending
	waits := r.Facts != nil && len(r.Facts.Waits) > 0
	switch {
	case (verb == core.VerbApprove || verb == core.VerbReject) && !waits && kind != "environment":
		return text.Lit("nothing waits for an answer")
	case kind == ci.KindRun || kind == ci.KindJob:
		switch {
		case verb == core.VerbCancel && over:
			return text.Lit("it has ended already")
		case verb == core.VerbRerun && !over:
			return text.Lit("it goes on: cancel it first")
		}
	case kind == "application" && verb == core.VerbCancel && reason != "Syncing":
		return text.Lit("nothing is in progress")
	case kind == "rollout" && verb == core.VerbCancel && over:
		return text.Lit("no rollout is in progress")
	case kind == "rollout" && verb == core.VerbRerun && reason != "Aborted":
		return text.Lit("it was not aborted")
	case kind == "rollout" && verb == core.VerbPause && over:
		return text.Lit("no rollout is in progress")
	case kind == "rollout" && verb == core.VerbResume && (reason != "Paused" || waits):
		return text.Lit("it is not held")
	}
	return text.Safe{}
}
