// Package rollback is the verb that brings back an earlier state: a revision
// of a workload or a release, the image that a container had before.
package rollback

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var verb = actions.Verb{
	ID: core.VerbRollback, Key: "B", Title: text.Lit("roll back"), Danger: 1,
	Params: []actions.Param{
		{Name: "to", Title: text.Lit("to")}, // "": the previous good one
		{Name: "via", Title: text.Lit("by")},
		{Name: "option", Title: text.Lit("what its form offers"), Further: true},
	},
}

// Verb is the registration.
func Verb() actions.Verb { return actions.Of(verb, plan) }

func plan(ctx context.Context, src sources.Roller, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanRollback(ctx, ref, core.Rollback{To: p["to"], Via: p["via"], Options: p.Further(verb)})
}
