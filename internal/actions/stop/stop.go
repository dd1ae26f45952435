// Package stop is the verb that ends what runs, with time to end by itself.
package stop

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbStop, Title: text.Lit("stop"), Danger: 1, Group: core.VerbScale,
		Params: []actions.Param{actions.Grace(text.Lit("seconds until it is killed"))},
	}, plan)
}

func plan(ctx context.Context, src sources.Runner, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanStop(ctx, ref, p.Grace())
}
