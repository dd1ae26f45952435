// Package drain is the verb that empties a node.
package drain

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	deleteEmptyDir = "delete-emptydir"
	force          = "force"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbDrain, Title: text.Lit("drain"), Danger: 1, Group: core.VerbPause,
		Params: []actions.Param{
			actions.Grace(text.Lit("seconds until a pod is killed")),
			actions.Switch(deleteEmptyDir, text.Lit("also pods that lose local data")),
			actions.Switch(force, text.Lit("also pods that nothing starts again")),
		},
	}, plan)
}

func plan(ctx context.Context, src sources.Drainer, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanDrain(ctx, ref, core.Drain{Grace: p.Grace(), DeleteEmptyDir: p.Bool(deleteEmptyDir), Force: p.Bool(force)})
}
