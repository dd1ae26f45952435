// Package start is the verb that starts what is stopped.
package start

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{ID: core.VerbStart, Title: text.Lit("start"), Group: core.VerbScale}, plan)
}

func plan(ctx context.Context, src sources.Runner, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	return src.PlanStart(ctx, ref)
}
