// Package rerun is the verb that lets a run, or what of it failed, go through
// once more.
package rerun

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var verb = actions.Verb{
	ID: core.VerbRerun, Group: core.VerbRestart, Title: text.Lit("rerun"),
	Params: []actions.Param{
		actions.Switch("failed-only", text.Lit("only what failed")),
		{Name: "option", Title: text.Lit("what its form offers"), Further: true},
	},
}

// Verb is the registration.
func Verb() actions.Verb { return actions.Of(verb, plan) }

func plan(ctx context.Context, src sources.Rerunner, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanRerun(ctx, ref, core.Rerun{FailedOnly: p.Bool("failed-only"), Options: p.Further(verb)})
}
