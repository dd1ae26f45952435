// Package approve is the verb that lets what waits for a human go on: an
// environment's gate, an input, a manual job, a rollout's pause.
package approve

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const inputs = "input."

var verb = actions.Verb{
	ID: core.VerbApprove, Key: "A", Title: text.Lit("approve"), Danger: 1,
	Params: []actions.Param{
		{Name: "gate", Title: text.Lit("gates")}, // a comma list; "": all that wait for this user
		{Name: "comment", Title: text.Lit("comment")},
		{Name: inputs, Title: text.Lit("input"), Family: true},
		{Name: "option", Title: text.Lit("what its form offers"), Further: true},
	},
}

// Verb is the registration.
func Verb() actions.Verb { return actions.Of(verb, plan) }

func plan(ctx context.Context, src sources.Approver, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanApprove(ctx, ref, core.Verdict{
		Gates: p.List("gate"), Comment: p["comment"], Inputs: p.Family(inputs), Options: p.Further(verb),
	})
}
