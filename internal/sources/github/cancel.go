package github

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanCancel implements sources.Canceller for runs.
func (s *Source) PlanCancel(ctx context.Context, ref core.Ref, how core.Cancel) (*core.Operation, error) {
	if ref.Kind != kindRun {
		return nil, unsupported(ref.Kind, "cancel")
	}
	repo := ref.Namespace
	w, err := s.runOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if w.Status == "completed" {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s has ended: %s", w.name(), w.Conclusion)}
	}
	list, err := s.jobsOf(ctx, repo, w.ID, 0)
	if err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: core.VerbCancel, Target: s.target(repo, &w), Rev: rev(&w), Danger: 1, Preview: noPreview,
		Title:    text.Sprintf("Cancel %s", about(&w)),
		Changes:  []core.FieldChange{{Field: text.Lit("state"), Before: text.Clean(w.Status), After: text.Lit("cancelled")}},
		Command:  command("gh", "run", "cancel", id(w.ID), "-R", s.repoArg(repo)),
		UndoHint: text.Lit("R runs it again from its beginning; what its jobs have done stays"),
		Inverse:  &core.Inverse{Verb: core.VerbRerun},
	}
	for i := range list {
		if list[i].Status == "in_progress" {
			p.Impact = append(p.Impact, text.Sprintf("%s is running and is interrupted", list[i].Name))
		}
	}
	if len(p.Impact) == 0 {
		p.Impact = []text.Safe{text.Lit("no job is running")}
	}
	verb := "cancel"
	if how.Force {
		verb = "force-cancel"
		p.Title = text.Sprintf("Force the end of %s", about(&w))
		p.Warnings = append(p.Warnings, text.Lit("steps that clean up (always()) do not run"))
		p.Command = command("gh", "api", "-X", "POST", s.apiPath(repo, "actions/runs/"+id(w.ID)+"/force-cancel"))
		if s.host.name != githubCom {
			p.Command = command("gh", "api", "--hostname", s.host.name, "-X", "POST", s.apiPath(repo, "actions/runs/"+id(w.ID)+"/force-cancel"))
		}
	}
	s.alsoAt(ctx, repo, &w, &p)
	lost := false
	return &core.Operation{
		Plan: p,
		Execute: func(ctx context.Context, _ core.Output) error {
			// It may have gone on meanwhile, but not ended, and not begun anew.
			now, err := fresh[workflowRun](ctx, s, in(repo, "actions", "runs", id(w.ID)), nil)
			if err != nil {
				return err
			}
			if now.Status == "completed" || now.RunAttempt != w.RunAttempt {
				return s.still(ctx, repo, &w)
			}
			return s.carry(ctx, repo, in(repo, "actions", "runs", id(w.ID), verb), nil, &lost)
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			defer s.changed(repo)
			began := time.Now()
			return s.follow(ctx, report, func(ctx context.Context) (followed, error) {
				now, err := s.run(ctx, repo, w.ID)
				switch {
				case err != nil:
					return followed{}, err
				case now.RunAttempt > w.RunAttempt:
					return followed{outcome: core.OutcomeHealthy, settled: true, text: text.Sprintf("%s was run again since", w.name())}, nil
				case now.Status == "completed":
					return followed{outcome: core.OutcomeHealthy, settled: true, text: text.Sprintf("%s: %s", w.name(), now.Conclusion)}, nil
				case lost && time.Since(began) > arriveWithin:
					return followed{outcome: core.OutcomeUnknown, settled: true, err: &core.Problem{
						Kind: core.Conflict, Summary: text.Sprintf("%s still goes on: the request may not have arrived", w.name()), Hint: text.Lit("cancel it again"),
					}}, nil
				case !how.Force && time.Since(began) > 5*time.Minute:
					return followed{text: text.Sprintf("%s is still %s: it does not end by itself, force may", w.name(), now.Status)}, nil
				}
				return followed{text: text.Sprintf("%s is %s: its jobs are ending", w.name(), now.Status)}, nil
			})
		},
	}, nil
}

// apiPath is a path as `gh api` takes it.
func (s *Source) apiPath(repo, rest string) string { return "repos/" + repo + "/" + rest }
