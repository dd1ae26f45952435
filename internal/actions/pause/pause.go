// Package pause is the verb that holds something: a rollout, a schedule, a
// container.
package pause

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{ID: core.VerbPause, Key: "P", Title: text.Lit("pause")}, plan)
}

func plan(ctx context.Context, src sources.Pauser, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	return src.PlanPause(ctx, ref)
}
