// Package scale is the verb that changes how many replicas there are.
package scale

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const replicas = "replicas"

// most replicas that are taken for no mistake.
const most = 10_000

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbScale, Key: "S", Title: text.Lit("scale"), Danger: 1,
		Params: []actions.Param{{Name: replicas, Title: text.Lit("replicas"), Required: true, Type: core.FieldNumber, Max: most}},
	}, plan)
}

func plan(ctx context.Context, src sources.Scaler, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanScale(ctx, ref, p.Int(replicas, 0))
}
