// Package cancel is the verb that ends what goes on: a run, a job, a sync of an
// application, the new version of a rollout.
package cancel

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var verb = actions.Verb{
	ID: core.VerbCancel, Key: "C", Title: text.Lit("cancel"), Danger: 1,
	Params: []actions.Param{
		actions.Switch("force", text.Lit("also what does not end by itself")),
		{Name: "option", Title: text.Lit("what its form offers"), Further: true},
	},
}

// Verb is the registration.
func Verb() actions.Verb { return actions.Of(verb, plan) }

func plan(ctx context.Context, src sources.Canceller, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanCancel(ctx, ref, core.Cancel{Force: p.Bool("force"), Options: p.Further(verb)})
}
