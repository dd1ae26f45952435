// Package kill is the verb that sends a signal to what runs.
package kill

import (
	"cmp"
	"context"
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	signal   = "signal"
	standard = "KILL"
)

// signals are those that programs in containers know; with SIG before it each
// is taken too.
var signals = []string{
	"KILL", "TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH", "CONT", "STOP", "TSTP", "ABRT", "ALRM", "PIPE", "CHLD", "TTIN", "TTOU", "IO", "PWR",
}

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbKill, Title: text.Lit("kill"), Danger: 1, Group: core.VerbScale,
		Params: []actions.Param{{Name: signal, Title: text.Lit("signal"), Type: core.FieldChoice, Values: signals, Default: standard, Fold: plainName}},
	}, plan)
}

// plainName is the signal's name as the list has it.
func plainName(s string) string { return strings.TrimPrefix(strings.ToUpper(s), "SIG") }

func plan(ctx context.Context, src sources.Killer, ref core.Ref, p actions.Params) (*core.Operation, error) {
	return src.PlanKill(ctx, ref, plainName(cmp.Or(p[signal], standard)))
}
