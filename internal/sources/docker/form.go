package docker

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Form implements sources.Former.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	switch verb {
	case core.VerbDeploy:
		return s.deployForm(ctx, ref)
	case core.VerbRollback:
		return s.rollbackForm(ctx, ref)
	case core.VerbKill:
		return killForm(), nil
	case core.VerbDelete:
		return s.deleteForm(ctx, ref)
	case core.VerbShell:
		return s.shellForm(ctx, ref)
	case core.VerbPrune:
		return s.pruneForm(ctx)
	case core.VerbCopy:
		return s.copyForm(), nil
	case core.VerbStop:
		return core.Form{Fields: []core.Field{{
			Name: "grace", Title: text.Lit("seconds until it is killed"), Type: core.FieldNumber, Min: -1, Max: 86400, Value: "-1",
			Help: text.Lit("-1: the container's own"),
		}}}, nil
	}
	return core.Form{}, nil
}
