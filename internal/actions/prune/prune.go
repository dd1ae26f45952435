// Package prune is the verb that removes what is unused.
package prune

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const what = "what"

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbPrune, Title: text.Lit("prune"), Danger: 2, Group: core.VerbDelete,
		Params: []actions.Param{{Name: what, Title: text.Lit("what is unused of")}}, // a comma list of what its form offers
	}, plan)
}

func plan(ctx context.Context, src sources.Pruner, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanPrune(ctx, ref, p.List(what))
}
