package actions

import (
	"fmt"
	"maps"
	"os"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/text"
)

// record is the intent of one target as the journal keeps it.
func (e *Engine) record(t *task, i int) journal.Record {
	x := t.p.Targets[i]
	id := t.p.ID
	if len(t.p.Targets) > 1 {
		id = fmt.Sprintf("%s.%d", id, i+1)
	}
	plan := &journal.Plan{
		Title: x.Plan.Title.String(), Rev: x.Plan.Rev, Params: maps.Clone(t.p.Params),
		Impact: plain(x.Plan.Impact), Warnings: plain(x.Plan.Warnings), Preview: x.Plan.Preview.String(),
		Command: x.Plan.Command.String(), Undo: x.Plan.UndoHint.String(),
	}
	for _, c := range x.Plan.Changes {
		plan.Changes = append(plan.Changes, journal.Change{Field: c.Field.String(), Before: c.Before.String(), After: c.After.String()})
	}
	for _, l := range x.Plan.Diff {
		plan.Diff = append(plan.Diff, l.String())
	}
	return journal.Record{
		ID: id, Event: journal.Intent, User: e.o.User, Host: e.o.Host, PID: os.Getpid(),
		Instance: x.Ref.Instance().String(), Ref: x.Ref.Path(), UID: x.Ref.UID, Verb: x.verb(t.p.Verb),
		Plan:   plan,
		Policy: journal.Policy{Level: t.p.Level.String(), Environment: x.Policy.Environment.String(), Confirmed: t.by},
	}
}

// verb is the operation's own name where the proposal bundles others (undo).
func (x Target) verb(v Verb) string {
	if x.Plan.Verb != "" && x.Plan.Verb != v.ID {
		return v.ID + ":" + x.Plan.Verb
	}
	return v.ID
}

func plain(in []text.Safe) []string {
	var out []string
	for _, s := range in {
		out = append(out, s.String())
	}
	return out
}
