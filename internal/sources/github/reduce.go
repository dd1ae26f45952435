package github

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	kindRun         = ci.KindRun
	kindJob         = ci.KindJob
	kindWorkflow    = ci.KindWorkflow
	kindEnvironment = ci.KindEnvironment
)

// ref makes a Ref of this host.
func (s *Source) ref(kind, repo, name, uid string) core.Ref {
	return core.Ref{Source: ID, Scope: s.host.name, Kind: kind, Namespace: repo, Name: name, UID: uid}
}

// stem is a workflow's file without folder and ending: "ci".
func stem(file string) string {
	file, _, _ = strings.Cut(file, "@")
	base := path.Base(file)
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".yml"), ".yaml")
	if base == "" || base == "." || base == "/" {
		return "workflow"
	}
	return base
}

func (w *workflowRun) workflow() string {
	if w.Path == "" {
		return w.Name
	}
	return stem(w.Path)
}

func (w *workflowRun) name() string { return w.workflow() + "/" + strconv.Itoa(w.RunNumber) }

func (s *Source) runRef(repo string, w *workflowRun) core.Ref {
	return s.ref(kindRun, repo, w.name(), id(w.ID))
}

// phase puts GitHub's two words into ours; reason is the one that says more.
func phase(status, conclusion string) (core.Phase, text.Safe) {
	if status != "completed" {
		if status == "" {
			return core.Unknown, text.Safe{}
		}
		return core.Pending, text.Clean(status)
	}
	switch conclusion {
	case "success":
		return core.Succeeded, text.Clean(conclusion)
	case "failure", "timed_out", "startup_failure":
		return core.Failed, text.Clean(conclusion)
	case "action_required":
		return core.Degraded, text.Clean(conclusion)
	case "cancelled", "skipped", "neutral", "stale":
		return core.Succeeded, text.Clean(conclusion)
	case "":
		return core.Unknown, text.Lit("completed")
	}
	return core.Unknown, text.Clean(conclusion)
}

// reduce makes a run of what GitHub says of it.
func (s *Source) reduce(repo string, w *workflowRun, seen time.Time) ci.Run {
	p, reason := phase(w.Status, w.Conclusion)
	_, service, _ := strings.Cut(repo, "/")
	r := ci.Run{
		Ref: s.runRef(repo, w), System: ID, Workflow: w.workflow(), Number: strconv.Itoa(w.RunNumber), Branch: w.HeadBranch, Commit: w.HeadSHA,
		Title: firstLine(w.DisplayTitle), Author: w.TriggeringActor.name(), Event: w.Event, URL: w.HTMLURL, Attempt: w.RunAttempt,
		Phase: p, Reason: reason, Created: w.CreatedAt, Started: w.RunStartedAt, Seen: seen,
		Service: service, Rev: id(w.UpdatedAt.Unix()) + "/" + strconv.Itoa(w.RunAttempt) + "/" + w.Status, Repo: s.host.name + "/" + repo,
	}
	if r.Author == "" {
		r.Author = w.Actor.name()
	}
	if w.HeadCommit != nil && r.Title == "" {
		r.Title = firstLine(w.HeadCommit.Message)
	}
	if w.Status == "completed" {
		r.Ended = w.UpdatedAt
	}
	if w.ofStranger() {
		r.Waits = []text.Safe{strangersRun}
	}
	if me := s.login(); me != "" {
		r.Mine = strings.EqualFold(me, r.Author)
	}
	return r
}

// strangersRun is what a run waits for that somebody from outside has started.
var strangersRun = text.Lit("approval of a contributor from outside")

// ofStranger reports whether a maintainer must let the run begin.
func (w *workflowRun) ofStranger() bool { return w.Conclusion == "action_required" }

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// stageOf is how far a run's jobs are.
func stageOf(jobs []workflowJob) ci.Stage {
	st := ci.Stage{Total: len(jobs)}
	for i := range jobs {
		j := &jobs[i]
		if j.completed() {
			st.Done++
		}
		switch {
		case j.Status == "in_progress", j.Conclusion == "failure" || j.Conclusion == "timed_out":
			st.At = j.Name
		case st.At == "" && !j.completed():
			st.At = j.Name
		}
	}
	if st.At == "" && len(jobs) > 0 {
		st.At = jobs[len(jobs)-1].Name
	}
	return st
}

// jobNames are the names of the jobs' refs: a name that is taken gets a number.
func jobNames(run string, jobs []workflowJob) []string {
	out := make([]string, len(jobs))
	taken := map[string]int{}
	for i := range jobs {
		n := run + "/" + jobs[i].Name
		if taken[n]++; taken[n] > 1 {
			n += " #" + strconv.Itoa(taken[n])
		}
		out[i] = n
	}
	return out
}

// jobs makes the jobs of a run as rows.
func (s *Source) jobs(repo string, w *workflowRun, list []workflowJob, seen time.Time) []ci.Job {
	names := jobNames(w.name(), list)
	_, service, _ := strings.Cut(repo, "/")
	out := make([]ci.Job, len(list))
	for i := range list {
		j := &list[i]
		p, reason := phase(j.Status, j.Conclusion)
		out[i] = ci.Job{
			Ref: s.ref(kindJob, repo, names[i], id(j.ID)), Run: s.runRef(repo, w), System: ID, Title: j.Name, Runner: j.RunnerName, URL: j.HTMLURL,
			Attempt: j.RunAttempt, Phase: p, Reason: reason, Steps: stepsOf(j), Created: j.CreatedAt, Seen: seen, Service: service,
			Repo: s.host.name + "/" + repo, Commit: j.HeadSHA, Actor: w.TriggeringActor.name(), Rev: strconv.Itoa(j.RunAttempt) + "/" + j.Status + "/" + j.Conclusion,
		}
		if j.Status == "in_progress" || j.completed() && j.Conclusion != "skipped" {
			out[i].Started = j.StartedAt
		}
		if j.completed() {
			out[i].Ended = j.CompletedAt
		}
		if step := failedStep(j); step != nil {
			out[i].Message = text.Sprintf("step %s failed", step.Name)
		}
	}
	return out
}

func stepsOf(j *workflowJob) ci.Stage {
	st := ci.Stage{Total: len(j.Steps)}
	for i := range j.Steps {
		x := &j.Steps[i]
		if x.Status == "completed" {
			st.Done++
		}
		if x.Status == "in_progress" || x.Conclusion == "failure" {
			st.At = x.Name
		}
	}
	return st
}

func failedStep(j *workflowJob) *jobStep {
	for i := range j.Steps {
		if c := j.Steps[i].Conclusion; c == "failure" || c == "timed_out" {
			return &j.Steps[i]
		}
	}
	return nil
}

func failed(j *workflowJob) bool {
	switch j.Conclusion {
	case "failure", "timed_out", "startup_failure":
		return true
	}
	return false
}

// gates are the environments that a run waits for, as a human reads them.
func gates(list []pendingDeployment) []text.Safe {
	var out []text.Safe
	for _, p := range list {
		if len(p.Reviewers) == 0 {
			continue // a timer: nobody is asked
		}
		out = append(out, text.Sprintf("approval for %s", p.Environment.Name))
	}
	return out
}

// reviewers are the names of those who may answer, at most a few.
func reviewers(list []reviewer) text.Safe {
	names := make([]string, 0, len(list))
	for _, r := range list {
		names = append(names, r.name())
	}
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return text.Clean(strings.Join(names, ", "))
}

// reduceWorkflow makes a workflow of its definition and its newest run.
func (s *Source) reduceWorkflow(repo, branch string, w *workflowFile, runs []ci.Run) ci.Workflow {
	_, service, _ := strings.Cut(repo, "/")
	out := ci.Workflow{
		Ref: s.ref(kindWorkflow, repo, stem(w.Path), id(w.ID)), System: ID, Title: w.Name, File: w.Path, Branch: branch, URL: w.HTMLURL,
		Reason: text.Clean(w.State), Changed: w.UpdatedAt, Repo: s.host.name + "/" + repo, Service: service, Rev: w.State + "/" + id(w.UpdatedAt.Unix()),
	}
	name := stem(w.Path)
	i := slices.IndexFunc(runs, func(r ci.Run) bool { return r.Workflow == name && (branch == "" || r.Branch == branch) })
	if i >= 0 && w.State == "active" {
		out.Phase, out.Changed = runs[i].Phase, runs[i].Created
		out.Message = text.Sprintf("run %s: %s", runs[i].Number, runs[i].Reason)
	}
	return out
}

// deploymentPhase puts a deployment's state into our words. A deployment that
// stands is Running.
func deploymentPhase(state string) core.Phase {
	switch state {
	case "success":
		return core.Running
	case "failure", "error":
		return core.Failed
	case "pending", "queued", "in_progress", "waiting":
		return core.Pending
	case "inactive":
		return core.Succeeded
	}
	return core.Unknown
}

// runOf reads run and job of the address of a page: …/actions/runs/1/job/2.
func runOf(address string) (run, job int64) {
	_, rest, ok := strings.Cut(address, "/actions/runs/")
	if !ok {
		return 0, 0
	}
	first, rest, _ := strings.Cut(rest, "/")
	run, _ = strconv.ParseInt(first, 10, 64)
	if name, n, ok := strings.Cut(rest, "/"); ok && strings.HasPrefix(name, "job") {
		n, _, _ = strings.Cut(n, "/")
		job, _ = strconv.ParseInt(n, 10, 64)
	}
	return run, job
}

// protection is what holds deployments to an environment, as a human reads it.
func (e *namedEnvironment) protection() (reviewed bool, what []text.Safe) {
	for _, r := range e.Rules {
		switch r.Type {
		case "required_reviewers":
			reviewed = true
			what = append(what, text.Sprintf("approval by %s", reviewers(r.Reviewers)))
		case "wait_timer":
			what = append(what, text.Sprintf("a wait of %d minutes", r.WaitTimer))
		case "branch_policy":
		default:
			what = append(what, text.Sprintf("the rule %s", r.Type))
		}
	}
	if e.BranchPolicy != nil {
		what = append(what, text.Lit("a policy for branches"))
	}
	return reviewed, what
}

// reduceEnvironment makes an environment with its last deployment.
func (s *Source) reduceEnvironment(repo string, e *namedEnvironment, d *deployment, st deploymentStatus, known map[int64]ci.Run) ci.Environment {
	_, service, _ := strings.Cut(repo, "/")
	_, rules := e.protection()
	out := ci.Environment{
		Ref: s.ref(kindEnvironment, repo, e.Name, id(e.ID)), System: ID, URL: e.HTMLURL, Protected: len(rules) > 0, Created: e.CreatedAt,
		Repo: s.host.name + "/" + repo, Service: service, Reason: text.Lit("never deployed"), Rev: id(e.ID),
	}
	if len(rules) > 0 {
		out.Message = text.Sprintf("protected: %s", text.Join(text.Lit(", "), rules...))
	}
	if d == nil {
		return out
	}
	out.Branch, out.Commit, out.Author, out.Title = d.Ref, d.SHA, d.Creator.name(), firstLine(d.Description)
	out.Deployed, out.Changed = d.CreatedAt, d.UpdatedAt
	out.Phase, out.Reason = deploymentPhase(st.State), text.Clean(st.State)
	out.Rev = id(d.ID) + "/" + st.State
	address := st.LogURL
	if address == "" {
		address = st.TargetURL
	}
	if n, _ := runOf(address); n > 0 {
		if r, ok := known[n]; ok {
			out.Run, out.Number, out.Title = r.Ref, r.Number, r.Title
			if len(r.Waits) > 0 && out.Phase == core.Pending {
				out.Waits = r.Waits
			}
		}
	}
	return out
}
