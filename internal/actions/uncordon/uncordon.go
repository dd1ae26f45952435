// Package uncordon is the verb that lets a node take new pods again.
package uncordon

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{ID: core.VerbUncordon, Title: text.Lit("uncordon"), Group: core.VerbPause}, plan)
}

func plan(ctx context.Context, src sources.Cordoner, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	return src.PlanCordon(ctx, ref, false)
}
