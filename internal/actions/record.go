package actions

import (
	"maps"
	"os"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// newRecord is what every record has.
func (e *Engine) newRecord(id, event string, ref core.Ref) journal.Record {
	r := journal.Record{ID: id, Event: event, User: e.o.User, Host: e.o.Host, PID: os.Getpid()}
	if !ref.IsZero() {
		r.Instance, r.Ref, r.UID = ref.Instance().String(), ref.Path(), ref.UID
	}
	if g, on := e.Glass(); on {
		r.Glass = g.journal()
	}
	return r
}

// record is the intent of one target as the journal keeps it. What its inverse
// needs and the journal does not hold is kept beside it; the error says that
// it could not be.
func (e *Engine) record(t *task, i int) (journal.Record, error) {
	x := t.p.Targets[i]
	plan := &journal.Plan{
		Title: x.Plan.Title.String(), Rev: x.Plan.Rev, Params: journaled(t.p.Verb, t.p.Params),
		Impact: plain(x.Plan.Impact), Warnings: plain(x.Plan.Warnings), Preview: x.Plan.Preview.String(),
		Command: x.Plan.Command.String(), Undo: x.Plan.UndoHint.String(),
	}
	for _, c := range x.Plan.Changes {
		plan.Changes = append(plan.Changes, journal.Change{Field: c.Field.String(), Before: c.Before.String(), After: c.After.String()})
	}
	for _, l := range x.Plan.Diff {
		plan.Diff = append(plan.Diff, l.String())
	}
	r := e.newRecord(t.p.recordID(i), journal.Intent, x.Ref)
	r.Verb, r.Plan, r.UndoOf = x.verb(t.p.Verb), plan, x.undoOf
	r.Policy = journal.Policy{Level: t.p.Level.String(), Environment: x.Policy.Environment.String(), Confirmed: t.by}
	if from := x.From(); from != x.Ref {
		r.From = from.Path()
	}
	var err error
	plan.Inverse, err = e.inverse(&x.Plan)
	return r, err
}

// journaled is the parameters without the values of the private ones.
func journaled(v Verb, params Params) map[string]string {
	out := maps.Clone(params)
	for name, value := range out {
		if p := v.param(name); p != nil && p.Private && value != "" {
			out[name] = journal.RedactedText
		}
	}
	return out
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
