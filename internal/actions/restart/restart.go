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

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{ID: core.VerbRestart, Key: "R", Title: text.Lit("restart"), Danger: 1}, plan)
}

func plan(ctx context.Context, src sources.Restarter, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	return src.PlanRestart(ctx, ref)
}
