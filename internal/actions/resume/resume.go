// Package resume is the verb that lets go on what is paused.
package resume

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{ID: core.VerbResume, Title: text.Lit("resume"), Group: core.VerbPause}, plan)
}

func plan(ctx context.Context, src sources.Pauser, ref core.Ref, _ actions.Params) (*core.Operation, error) {
	return src.PlanResume(ctx, ref)
}
