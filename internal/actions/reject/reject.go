// Package reject is the verb that says no to what waits for a human.
package reject

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
		ID: core.VerbReject, Group: core.VerbApprove, Title: text.Lit("reject"), Danger: 1,
		Params: []actions.Param{
			{Name: "gate", Title: text.Lit("gates")},
			{Name: "comment", Title: text.Lit("comment")},
		},
	}, plan)
}

func plan(ctx context.Context, src sources.Approver, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanReject(ctx, ref, core.Verdict{Gates: p.List("gate"), Comment: p["comment"]})
}
