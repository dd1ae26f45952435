package github

import (
	"slices"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// verbs are the changes of each kind.
func verbs() ci.Verbs {
	return ci.Verbs{
		Run:         []string{core.VerbRollback, core.VerbDeploy, core.VerbCancel, core.VerbRerun, core.VerbApprove, core.VerbReject},
		Job:         []string{core.VerbRerun},
		Workflow:    []string{core.VerbDeploy},
		Environment: []string{core.VerbRollback},
	}
}

func verbsOf(kind string) []string {
	v := verbs()
	switch kind {
	case kindRun:
		return v.Run
	case kindJob:
		return v.Job
	case kindWorkflow:
		return v.Workflow
	case kindEnvironment:
		return v.Environment
	}
	return nil
}

// Disabled implements sources.Permitter.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	if r == nil || !slices.Contains(verbsOf(r.Ref.Kind), verb) {
		if r == nil {
			return text.Lit("not something GitHub can do")
		}
		return text.Sprintf("%s is not possible with a GitHub %s", verb, r.Ref.Kind)
	}
	if s.token.None() {
		return text.Sprintf("there is no token for %s", s.host.name)
	}
	if list, told := s.scopes(); told && missing(list, "repo") && missing(list, "public_repo") {
		return text.Lit("the token lacks the scope repo")
	}
	over := r.Phase == core.Succeeded || r.Phase == core.Failed || r.Phase == core.Degraded
	switch verb {
	case core.VerbCancel:
		if over {
			return text.Lit("it has ended")
		}
	case core.VerbRerun:
		if !over {
			return text.Lit("it goes on: cancel it first")
		}
	case core.VerbApprove, core.VerbReject:
		list, known := s.rows.waiting(r.Ref)
		switch {
		case r.Reason.String() == "action_required":
			if verb == core.VerbReject {
				return text.Lit("it has not begun: there is nothing to reject")
			}
		case over:
			return text.Lit("it has ended")
		case known && !slices.ContainsFunc(list, func(p pendingDeployment) bool { return p.CanApprove }):
			if len(list) == 0 {
				return text.Lit("nothing waits")
			}
			return text.Lit("you are no reviewer of what it waits for")
		case !known && r.Reason.String() != "waiting":
			return text.Lit("nothing waits")
		}
	case core.VerbDeploy:
		if r.Ref.Kind == kindWorkflow && !r.Reason.Empty() && r.Reason.String() != "active" {
			return text.Sprintf("the workflow is %s", r.Reason)
		}
	}
	return text.Safe{}
}
