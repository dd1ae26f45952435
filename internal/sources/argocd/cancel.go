package argocd

import (
	"context"
	"net/http"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// PlanCancel implements sources.Canceller: it terminates the sync that goes on.
func (s *Source) PlanCancel(ctx context.Context, ref core.Ref, _ core.Cancel) (*core.Operation, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return nil, err
	}
	state := a.Status.State
	if !state.Busy() {
		p := &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("no sync of %s goes on", a.Meta.Name)}
		if a.Operation != nil {
			p.Hint = text.Lit("one is asked for: it can be cancelled when the controller has begun")
		}
		return nil, p
	}
	if !s.may(ctx, "sync", s.ref(a), a.Spec.Project) {
		return nil, &core.Problem{Kind: core.Forbidden, Summary: text.Sprintf("this user may not cancel a sync of %s", a.Meta.Name), Hint: text.Lit("the roles are in argocd-rbac-cm and in the project")}
	}
	p := core.Plan{
		Verb: core.VerbCancel, Target: s.ref(a), Rev: a.Meta.ResourceVersion, Danger: 1, Title: text.Sprintf("Cancel the sync of application %s", a.Meta.Name),
		Changes:  []core.FieldChange{{Field: text.Lit("operation"), Before: text.Clean(state.Phase), After: text.Lit("Terminating")}},
		Impact:   []text.Safe{text.Lit("what it has applied so far stays: the application may be between two revisions")},
		Preview:  text.Lit("Argo CD has no dry run of it"),
		Command:  s.command("app", "terminate-op", name(a)),
		UndoHint: text.Lit("cannot be undone: sync it again"),
		Also:     s.fills(a),
	}
	if who := state.Operation.InitiatedBy.Who(); who != "" {
		p.Warnings = append(p.Warnings, text.Sprintf("%s began it", who))
	}
	if a.AutoSync() {
		p.Warnings = append(p.Warnings, text.Lit("auto-sync is on: Argo CD may begin another one"))
	}
	started := state.StartedAt
	return &core.Operation{
		Plan: p,
		Execute: func(ctx context.Context, _ core.Output) error {
			now, err := s.read(ctx, s.ref(a))
			if err != nil {
				return err
			}
			if st := now.Status.State; !st.Busy() || !st.StartedAt.Equal(started.Time) {
				return &core.Problem{Kind: core.Conflict, Summary: text.Lit("nothing was sent: that sync has ended meanwhile"), Hint: text.Lit("look at how it went")}
			}
			defer s.changed.Ring()
			q := s.of(s.ref(a), "operation")
			_, err = s.client.Do(ctx, rest.Request{Method: http.MethodDelete, Path: q.Path, Query: q.Query, Urgent: true})
			return err
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.until(ctx, func(ctx context.Context) (core.Outcome, error) {
				now, err := s.read(ctx, s.ref(a))
				if err != nil {
					return core.OutcomeUnknown, err
				}
				st := now.Status.State
				if !st.Busy() || !st.StartedAt.Equal(started.Time) {
					return core.OutcomeHealthy, nil
				}
				if st.Phase == "Terminating" {
					report(core.Progress{Text: text.Lit("the controller ends it")})
				}
				return core.OutcomeUnknown, nil
			})
		},
	}, nil
}
