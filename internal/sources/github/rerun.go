package github

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// optionDebug is the form's switch for the runner's debug log.
const optionDebug = "debug"

// PlanRerun implements sources.Rerunner for runs and jobs.
func (s *Source) PlanRerun(ctx context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error) {
	repo := ref.Namespace
	var w workflowRun
	var job *core.Resource
	var err error
	switch ref.Kind {
	case kindRun:
		w, err = s.runOf(ctx, ref)
	case kindJob:
		run, j, jobErr := s.jobOf(ctx, ref)
		w, job, err = run, j.Resource(), jobErr
	default:
		err = unsupported(ref.Kind, "rerun")
	}
	if err != nil {
		return nil, err
	}
	if err := againPossible(&w); err != nil {
		return nil, err
	}
	list, err := s.jobsOf(ctx, repo, w.ID, 0)
	if err != nil {
		return nil, err
	}
	debug := how.Options[optionDebug] == "true"
	p := core.Plan{
		Verb: core.VerbRerun, Target: s.target(repo, &w), Rev: rev(&w), Danger: 1, Preview: noPreview,
		Title:    text.Sprintf("Run %s again", about(&w)),
		Changes:  []core.FieldChange{{Field: text.Lit("attempt"), Before: text.Int(w.RunAttempt), After: text.Int(w.RunAttempt + 1)}},
		UndoHint: text.Lit("C cancels the new attempt; what it has done by then stays"),
	}
	path := in(repo, "actions", "runs", id(w.ID), "rerun")
	words := []string{"gh", "run", "rerun", id(w.ID), "-R", s.repoArg(repo)}
	switch {
	case job != nil:
		p.Target = job.Ref
		p.Title = text.Sprintf("Run the job %s of %s again", job.Cells[0].Text, about(&w))
		p.Impact = append(p.Impact, text.Sprintf("%s and the jobs that need it", job.Cells[0].Text))
		path = in(repo, "actions", "jobs", job.Ref.UID, "rerun")
		words = []string{"gh", "run", "rerun", "--job", job.Ref.UID, "-R", s.repoArg(repo)}
	case how.FailedOnly:
		n := 0
		for i := range list {
			if failed(&list[i]) || list[i].Conclusion == "cancelled" {
				n++
				p.Impact = append(p.Impact, text.Sprintf("%s goes again, with the jobs that need it", list[i].Name))
			}
		}
		if n == 0 {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no failed jobs", w.name()), Hint: text.Lit("run all of it again")}
		}
		path = in(repo, "actions", "runs", id(w.ID), "rerun-failed-jobs")
		words = append(words, "--failed")
	default:
		p.Impact = append(p.Impact, text.Sprintf("%d jobs, with the workflow file of that commit", len(list)))
	}
	if debug {
		p.Impact = append(p.Impact, text.Lit("the runner writes its debug log"))
		words = append(words, "--debug")
	}
	p.Command = command(words...)
	s.alsoAt(ctx, repo, &w, &p)
	lost := false
	return &core.Operation{
		Plan: p, VerifyLimit: verifyLimit,
		Execute: func(ctx context.Context, _ core.Output) error {
			if err := s.still(ctx, repo, &w); err != nil {
				return err
			}
			return s.carry(ctx, repo, path, map[string]bool{"enable_debug_logging": debug}, &lost)
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			defer s.changed(repo)
			return s.follow(ctx, report, s.followRun(repo, w.ID, w.RunAttempt, lost))
		},
	}, nil
}

// againPossible is why a run cannot be run again; nil: it can.
func againPossible(w *workflowRun) error {
	switch {
	case w.Status != "completed":
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is %s: it goes on", w.name(), w.Status), Hint: text.Lit("cancel it first: C")}
	case time.Since(w.CreatedAt) > rerunWithin:
		return &core.Problem{
			Kind: core.Invalid, Summary: text.Sprintf("%s is older than 30 days: GitHub does not run it again", w.name()),
			Hint: text.Lit("start the workflow afresh, if it can be started by hand: D"),
		}
	}
	return nil
}
