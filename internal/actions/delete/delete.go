// Package remove is the verb delete: an object goes away.
package remove

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	cascade = "cascade"
	volumes = "volumes"
	force   = "force"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbDelete, Key: "X", Title: text.Lit("delete"), Danger: 1,
		Params: []actions.Param{
			{
				Name: cascade, Title: text.Lit("what it owns"), Type: core.FieldChoice,
				Values: []string{"background", "foreground", "orphan"}, Default: "background",
			},
			actions.Grace(text.Lit("seconds until it is killed")),
			actions.Switch(volumes, text.Lit("its anonymous volumes too")),
			actions.Switch(force, text.Lit("also while it runs")),
		},
	}, plan)
}

func plan(ctx context.Context, src sources.Deleter, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanDelete(ctx, ref, core.Removal{Cascade: p[cascade], Grace: p.Grace(), Volumes: p.Bool(volumes), Force: p.Bool(force)})
}
