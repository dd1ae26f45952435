// Package restart is the verb that starts again what runs: a container, a
// workload (a rollout, pod by pod), a run.
package restart

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const id = "restart"

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Verb{ID: id, Key: "R", Title: text.Lit("restart"), Danger: 1, Disabled: disabled, Plan: plan}
}

func disabled(src sources.Source, r *core.Resource) text.Safe {
	if _, ok := src.(sources.Restarter); !ok {
		return cannot(src)
	}
	if p, ok := src.(sources.Permitter); ok {
		return p.Disabled(id, r)
	}
	return text.Safe{}
}

func plan(ctx context.Context, src sources.Source, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	r, ok := src.(sources.Restarter)
	if !ok {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: cannot(src)}
	}
	return r.PlanRestart(ctx, ref)
}

func cannot(src sources.Source) text.Safe {
	return text.Sprintf("%s has no restart", src.Info().Title)
}
