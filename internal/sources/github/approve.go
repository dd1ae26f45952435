package github

import (
	"context"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanApprove implements sources.Approver: the environments that a run waits for.
func (s *Source) PlanApprove(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	return s.planVerdict(ctx, ref, v, core.VerbApprove, "approved")
}

// PlanReject implements sources.Approver.
func (s *Source) PlanReject(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	return s.planVerdict(ctx, ref, v, core.VerbReject, "rejected")
}

// answerable chooses the gates: those that were named, else all that wait for
// this user.
func answerable(list []pendingDeployment, names []string) ([]pendingDeployment, error) {
	var out []pendingDeployment
	for _, p := range list {
		named := slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, p.Environment.Name) })
		switch {
		case len(names) > 0 && !named:
		case p.CanApprove:
			out = append(out, p)
		case named || len(names) == 0 && len(list) == 1:
			who := reviewers(p.Reviewers)
			if len(p.Reviewers) == 0 {
				return nil, &core.Problem{Kind: core.Forbidden, Summary: text.Sprintf("%s waits for a timer of %d minutes, not for a human", p.Environment.Name, p.WaitTimer)}
			}
			return nil, &core.Problem{
				Kind: core.Forbidden, Summary: text.Sprintf("you are no reviewer of %s", p.Environment.Name), Hint: text.Sprintf("ask %s", who),
			}
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(list, func(p pendingDeployment) bool { return strings.EqualFold(p.Environment.Name, n) }) {
			return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("it does not wait for %s", n)}
		}
	}
	if len(out) == 0 {
		return nil, &core.Problem{Kind: core.Forbidden, Summary: text.Lit("you are no reviewer of what it waits for")}
	}
	return out, nil
}

func (s *Source) planVerdict(ctx context.Context, ref core.Ref, v core.Verdict, verb, state string) (*core.Operation, error) {
	if ref.Kind != kindRun {
		return nil, unsupported(ref.Kind, "gate")
	}
	repo := ref.Namespace
	w, err := s.runOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if w.ofStranger() && verb == core.VerbApprove {
		return s.planAdmit(repo, &w), nil
	}
	list, err := s.freshPending(ctx, repo, w.ID)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s waits for nothing: it is %s", w.name(), w.Status), Hint: s.answered(ctx, repo, &w)}
	}
	chosen, err := answerable(list, v.Gates)
	if err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: verb, Target: s.target(repo, &w), Rev: rev(&w), Danger: 1, Preview: noPreview,
		Title: text.Sprintf("Approve %s", about(&w)), UndoHint: text.Lit("cannot be undone: the deployment begins at once; C cancels the run"),
	}
	if verb == core.VerbReject {
		p.Title, p.UndoHint = text.Sprintf("Reject %s", about(&w)), text.Lit("R runs it again, and asks again")
	}
	var ids []int64
	var names, flags []string
	for _, g := range chosen {
		ids, names = append(ids, g.Environment.ID), append(names, g.Environment.Name)
		flags = append(flags, "-F", "environment_ids[]="+id(g.Environment.ID))
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Clean(g.Environment.Name), Before: text.Lit("waiting"), After: text.Clean(state)})
		p.Also = append(p.Also, s.ref(kindEnvironment, repo, g.Environment.Name, id(g.Environment.ID)))
		if verb == core.VerbApprove {
			p.Impact = append(p.Impact, text.Sprintf("%s is deployed to %s", w.HeadSHA[:min(7, len(w.HeadSHA))], g.Environment.Name))
		} else {
			p.Impact = append(p.Impact, text.Sprintf("the deployment to %s fails, and what comes after it", g.Environment.Name))
		}
		if g.WaitTimer > 0 {
			p.Warnings = append(p.Warnings, text.Sprintf("%s also waits for a timer of %d minutes", g.Environment.Name, g.WaitTimer))
		}
	}
	if me := s.login(); me != "" && strings.EqualFold(me, w.TriggeringActor.name()) {
		p.Warnings = append(p.Warnings, text.Lit("you started this run yourself"))
	}
	words := []string{"gh", "api"}
	if s.host.name != githubCom {
		words = append(words, "--hostname", s.host.name)
	}
	words = append(append(words, "-X", "POST", s.apiPath(repo, "actions/runs/"+id(w.ID)+"/pending_deployments")), flags...)
	p.Command = command(append(words, "-f", "state="+state, "-f", "comment="+v.Comment)...)
	lost := false
	return &core.Operation{
		Plan: p,
		Execute: func(ctx context.Context, _ core.Output) error {
			now, err := s.freshPending(ctx, repo, w.ID)
			if err != nil {
				return err
			}
			for _, g := range chosen {
				if !slices.ContainsFunc(now, func(x pendingDeployment) bool { return x.Environment.ID == g.Environment.ID }) {
					return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s does not wait for %s any more", w.name(), g.Environment.Name), Hint: s.answered(ctx, repo, &w)}
				}
			}
			return s.carry(ctx, repo, in(repo, "actions", "runs", id(w.ID), "pending_deployments"),
				map[string]any{"environment_ids": ids, "state": state, "comment": v.Comment}, &lost)
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			defer s.changed(repo)
			began := time.Now()
			return s.follow(ctx, report, func(ctx context.Context) (followed, error) {
				now, err := s.freshPending(ctx, repo, w.ID)
				if err != nil {
					return followed{}, err
				}
				for _, g := range chosen {
					if !slices.ContainsFunc(now, func(x pendingDeployment) bool { return x.Environment.ID == g.Environment.ID }) {
						continue
					}
					if lost && time.Since(began) > arriveWithin {
						return followed{outcome: core.OutcomeRefused, settled: true, err: &core.Problem{
							Kind: core.Conflict, Summary: text.Sprintf("the answer did not arrive: %s still waits for %s", w.name(), g.Environment.Name),
						}}, nil
					}
					return followed{text: text.Sprintf("%s still waits for %s", w.name(), g.Environment.Name)}, nil
				}
				return s.verdict(ctx, repo, &w, names, state)
			})
		},
	}, nil
}

func (s *Source) freshPending(ctx context.Context, repo string, n int64) ([]pendingDeployment, error) {
	return fresh[[]pendingDeployment](ctx, s, in(repo, "actions", "runs", id(n), "pending_deployments"), nil)
}

// verdict reads back who answered how.
func (s *Source) verdict(ctx context.Context, repo string, w *workflowRun, names []string, state string) (followed, error) {
	list, err := fresh[[]approval](ctx, s, in(repo, "actions", "runs", id(w.ID), "approvals"), nil)
	if err != nil {
		return followed{}, err
	}
	for _, n := range names {
		for _, a := range slices.Backward(list) {
			if !slices.ContainsFunc(a.Environments, func(e struct {
				Name string `json:"name"`
			},
			) bool {
				return strings.EqualFold(e.Name, n)
			}) {
				continue
			}
			if a.State != state {
				return followed{outcome: core.OutcomeFailed, settled: true, err: &core.Problem{
					Kind: core.Conflict, Summary: text.Sprintf("%s was %s by %s", n, a.State, a.User.name()),
				}}, nil
			}
			break
		}
	}
	return followed{outcome: core.OutcomeHealthy, settled: true, text: text.Sprintf("%s: %s", strings.Join(names, ", "), state)}, nil
}

// answered says who answered the gates of a run; empty when nobody did.
func (s *Source) answered(ctx context.Context, repo string, w *workflowRun) text.Safe {
	list, err := fresh[[]approval](ctx, s, in(repo, "actions", "runs", id(w.ID), "approvals"), nil)
	if err != nil || len(list) == 0 {
		return text.Safe{}
	}
	a := list[len(list)-1]
	return text.Sprintf("it was %s by %s", a.State, a.User.name())
}

// gateForm asks which of the gates, and for a comment.
func (s *Source) gateForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	w, err := s.runOf(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	list, err := s.freshPending(ctx, ref.Namespace, w.ID)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "gate", Title: text.Lit("environment"), Type: core.FieldChoice, Open: true, Help: text.Lit("empty: all that wait for you"),
		Columns: []text.Safe{text.Lit("ENVIRONMENT"), text.Lit("REVIEWERS")},
	}
	for _, p := range list {
		c := core.Choice{Value: p.Environment.Name, Cells: []text.Safe{text.Clean(p.Environment.Name), reviewers(p.Reviewers)}}
		if !p.CanApprove {
			c.Disabled = text.Lit("you are no reviewer")
		}
		f.Choices = append(f.Choices, c)
	}
	note := text.Safe{}
	if len(list) == 0 {
		note = text.Lit("it waits for nothing any more")
	}
	return core.Form{Note: note, Fields: []core.Field{f, {Name: "comment", Title: text.Lit("comment"), Help: text.Lit("GitHub keeps it with the deployment")}}}, nil
}
