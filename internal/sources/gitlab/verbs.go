package gitlab

import (
	"slices"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// verbs are the changes that GitLab has for each kind.
var verbs = ci.Verbs{
	Run:         []string{core.VerbDeploy, core.VerbCancel, core.VerbRerun, core.VerbApprove, core.VerbReject},
	Job:         []string{core.VerbDeploy, core.VerbCancel, core.VerbRerun, core.VerbApprove, core.VerbReject},
	Workflow:    []string{core.VerbDeploy},
	Environment: []string{core.VerbRollback, core.VerbApprove, core.VerbReject, core.VerbDelete},
}

// developer may run pipelines.
const developer = 30

// Disabled implements sources.Permitter from what the row and the project tell.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	if r == nil || !slices.Contains(verbsOf(r.Ref.Kind), verb) {
		return text.Lit("not something GitLab can do")
	}
	s.mu.Lock()
	level := s.access[r.Ref.Namespace]
	var d *detail
	if repo := s.model.projects[r.Ref.Namespace]; repo != nil && r.Ref.Kind == ci.KindRun {
		if id, err := runID(r.Ref); err == nil && repo.runs[id] != nil {
			d = repo.runs[id].d
		}
	}
	s.mu.Unlock()
	if level > 0 && level < developer {
		return text.Lit("you may only look at this project: it needs the role Developer")
	}
	reason := r.Reason.String()
	gated := r.Facts != nil && slices.ContainsFunc(r.Facts.Waits, isApproval)
	switch r.Ref.Kind + " " + verb {
	case "run cancel", "job cancel":
		if isOver(reason) {
			return text.Sprintf("it has ended: %s", r.Reason)
		}
	case "run rerun":
		if !isOver(reason) {
			return text.Lit("it has not ended: cancel it first")
		}
	case "job rerun":
		if !isOver(reason) || reason == "skipped" {
			return text.Sprintf("only a job that has run can be retried: it is %s", r.Reason)
		}
	case "job deploy":
		if reason != "manual" && reason != "scheduled" {
			return text.Sprintf("only a manual job can be started: it is %s", r.Reason)
		}
	case "job approve":
		if reason != "manual" && reason != "scheduled" && !gated {
			return text.Lit("it does not wait for anybody")
		}
	case "run approve":
		if d != nil && d.manual == 0 && !gated {
			return text.Lit("it does not wait for anybody")
		}
	case "run reject", "job reject", "environment approve", "environment reject":
		if !gated {
			return text.Lit("no deployment of it waits for approval")
		}
	case "environment delete":
		if reason == "stopped" {
			return text.Lit("it is stopped already")
		}
	}
	return text.Safe{}
}

func verbsOf(kind string) []string {
	switch kind {
	case ci.KindRun:
		return verbs.Run
	case ci.KindJob:
		return verbs.Job
	case ci.KindWorkflow:
		return verbs.Workflow
	case ci.KindEnvironment:
		return verbs.Environment
	}
	return nil
}

const approvalFor = "approval for "

func isApproval(w text.Safe) bool { return strings.HasPrefix(w.String(), approvalFor) }
