package kube

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var (
	_ sources.Approver  = (*Source)(nil)
	_ sources.Canceller = (*Source)(nil)
	_ sources.Rerunner  = (*Source)(nil)
)

func cannotBe(ref core.Ref, what text.Safe) error {
	return &core.Problem{Kind: core.Unsupported, Summary: text.Concat(text.Sprintf("a %s cannot be ", ref.Kind), what)}
}

// on is a switch of a form.
func on(options map[string]string, name string) bool { return options[name] == "true" }

// PlanApprove plans that a rollout is promoted: option full skips its steps.
func (s *Source) PlanApprove(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	if ref.Kind != kindRollout {
		return nil, cannotBe(ref, text.Lit("approved"))
	}
	if err := noneOf(v.Inputs, v.Comment != "" || len(v.Gates) > 0); err != nil {
		return nil, err
	}
	return s.planPromote(ctx, ref, on(v.Options, "full"))
}

// PlanReject refuses: a rollout's new version is aborted, not rejected.
func (s *Source) PlanReject(_ context.Context, ref core.Ref, _ core.Verdict) (*core.Operation, error) {
	return nil, cannotBe(ref, text.Lit("rejected: cancel aborts what is rolled out"))
}

func noneOf(inputs map[string]string, more bool) error {
	if len(inputs) > 0 || more {
		return &core.Problem{Kind: core.Invalid, Summary: text.Lit("a rollout asks for no inputs, gates or comments"), Hint: text.Lit("full=true skips all its steps")}
	}
	return nil
}

// PlanCancel plans that what goes on ends: a rollout is aborted, an
// application's sync terminated.
func (s *Source) PlanCancel(ctx context.Context, ref core.Ref, _ core.Cancel) (*core.Operation, error) {
	switch ref.Kind {
	case kindRollout:
		return s.planAbort(ctx, ref)
	case kindApplication:
		return s.planTerminate(ctx, ref)
	}
	return nil, cannotBe(ref, text.Lit("cancelled"))
}

// PlanRerun plans that it is tried again: an aborted rollout, an application's
// last sync.
func (s *Source) PlanRerun(ctx context.Context, ref core.Ref, _ core.Rerun) (*core.Operation, error) {
	switch ref.Kind {
	case kindRollout:
		return s.planRetry(ctx, ref)
	case kindApplication:
		return s.planResync(ctx, ref)
	}
	return nil, cannotBe(ref, text.Lit("run again"))
}

// approveForm asks how far a rollout is promoted.
func (s *Source) approveForm(ctx context.Context, _ *kind, ref core.Ref) (core.Form, error) {
	if ref.Kind != kindRollout {
		return core.Form{}, cannotBe(ref, text.Lit("approved"))
	}
	o, err := s.rollout(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	return core.Form{Note: o.Where(), Fields: []core.Field{{
		Name: "full", Title: text.Lit("In full"), Type: core.FieldBool, Value: "false", Help: text.Lit("skip all steps, pauses and analyses that are left"),
	}}}, nil
}

// rolloutWhy tells from a row why a verb makes no sense for a rollout now.
func rolloutWhy(verb string) func(r *core.Resource) text.Safe {
	return func(r *core.Resource) text.Safe {
		if r.Ref.Kind != kindRollout {
			return text.Safe{}
		}
		reason := r.Reason.String()
		switch aborted, settled := reason == "Aborted", reason == "Healthy"; {
		case verb == core.VerbApprove && settled:
			return text.Lit("it runs its newest version everywhere")
		case verb == core.VerbApprove && aborted:
			return text.Lit("it was aborted: rerun tries the new version again")
		case verb == core.VerbCancel && settled:
			return text.Lit("it runs its newest version everywhere")
		case verb == core.VerbCancel && aborted:
			return text.Lit("it is aborted already")
		case verb == core.VerbRerun && !aborted:
			return text.Lit("it was not aborted")
		}
		return text.Safe{}
	}
}

// argoWhy puts the reasons of both kinds together.
func argoWhy(verb string) func(r *core.Resource) text.Safe {
	rollout, application := rolloutWhy(verb), applicationWhy(verb)
	return func(r *core.Resource) text.Safe {
		if r.Ref.Kind == kindApplication {
			return application(r)
		}
		return rollout(r)
	}
}

// argoOr asks the kinds of Argo, else other.
func argoOr(verb string, other func(*core.Resource) text.Safe) func(*core.Resource) text.Safe {
	of := argoWhy(verb)
	return func(r *core.Resource) text.Safe {
		if r.Ref.Kind == kindApplication || r.Ref.Kind == kindRollout {
			return of(r)
		}
		return other(r)
	}
}

// commands are what the kinds' commands need: those for a rollout stand in its
// status.
func commands(r *core.Resource) []access {
	if r.Ref.Kind == kindRollout {
		return []access{{verb: "patch", sub: "/status"}}
	}
	return patches(r)
}
