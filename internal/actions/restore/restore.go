// Package restore is the verb that puts a saved definition back. Only undo
// plans it: after a deletion or an edit.
package restore

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
		ID: core.VerbRestore, Title: text.Lit("restore"), Danger: 1, Hidden: true,
		Params: []actions.Param{{Name: actions.Saved, Title: text.Lit("definition"), Required: true, Private: true}},
	}, plan)
}

func plan(ctx context.Context, src sources.Restorer, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanRestore(ctx, ref, []byte(p[actions.Saved]))
}
