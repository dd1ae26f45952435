package github

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// planAdmit plans that a run of a pull request from outside may begin.
func (s *Source) planAdmit(repo string, w *workflowRun) *core.Operation {
	planned := *w
	words := []string{"gh", "api"}
	if s.host.name != githubCom {
		words = append(words, "--hostname", s.host.name)
	}
	lost := false
	return &core.Operation{
		Plan: core.Plan{
			Verb: core.VerbApprove, Target: s.target(repo, w), Rev: rev(w), Danger: 1, Preview: noPreview,
			Title:    text.Sprintf("Let %s begin", about(w)),
			Changes:  []core.FieldChange{{Field: text.Lit("state"), Before: text.Clean(w.Conclusion), After: text.Lit("queued")}},
			Impact:   []text.Safe{text.Sprintf("code of %s, from outside, runs on your runners", w.Actor.name())},
			Warnings: []text.Safe{text.Lit("look at what it changes first, above all below .github")},
			Command:  command(append(words, "-X", "POST", s.apiPath(repo, "actions/runs/"+id(w.ID)+"/approve"))...),
			UndoHint: text.Lit("C cancels it; what it has done by then stays"),
		},
		Execute: func(ctx context.Context, _ core.Output) error {
			if err := s.still(ctx, repo, &planned); err != nil {
				return err
			}
			return s.carry(ctx, repo, in(repo, "actions", "runs", id(planned.ID), "approve"), nil, &lost)
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			defer s.changed(repo)
			began := time.Now()
			return s.follow(ctx, report, func(ctx context.Context) (followed, error) {
				now, err := s.run(ctx, repo, planned.ID)
				switch {
				case err != nil:
					return followed{}, err
				case !now.ofStranger():
					return followed{outcome: core.OutcomeHealthy, settled: true, text: text.Sprintf("%s is %s", now.name(), now.Status)}, nil
				case lost && time.Since(began) > arriveWithin:
					return followed{outcome: core.OutcomeRefused, settled: true, err: &core.Problem{
						Kind: core.Conflict, Summary: text.Sprintf("the request did not arrive: %s still waits", now.name()),
					}}, nil
				}
				return followed{text: text.Sprintf("%s still waits", now.name())}, nil
			})
		},
	}
}
