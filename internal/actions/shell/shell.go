// Package shell is the verb that opens an interactive program in a container.
package shell

import (
	"context"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	container = "container"
	command   = "command"
	debug     = "debug"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbShell, Key: "s", Title: text.Lit("shell into"),
		Params: []actions.Param{
			{Name: container, Title: text.Lit("container")},
			{Name: command, Title: text.Lit("command")},
			{Name: debug, Title: text.Lit("image of a debug container")},
		},
	}, plan)
}

func plan(ctx context.Context, src sources.Sheller, ref core.Ref, p actions.Params) (*core.Operation, error) {
	words, err := actions.Words(p[command])
	if err != nil {
		return nil, actions.Invalid(text.Lit(`quote as a shell does: command='sh -c "ls /"'`), text.Sprintf("the command cannot be read: %s", text.Error(err)))
	}
	return src.PlanShell(ctx, ref, core.Shell{Container: p[container], Command: words, Debug: p[debug]})
}
