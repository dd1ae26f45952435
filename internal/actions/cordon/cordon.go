// Package cordon is the verb that lets a node take no new pods.
package cordon

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{ID: core.VerbCordon, Title: text.Lit("cordon"), Group: core.VerbPause}, plan)
}

func plan(ctx context.Context, src sources.Cordoner, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	return src.PlanCordon(ctx, ref, true)
}
