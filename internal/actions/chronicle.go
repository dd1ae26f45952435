package actions

import (
	"slices"
	"strings"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// done is one change of one object as the journal tells it.
type done struct {
	intent  *journal.Record
	outcome *journal.Record // nil: unknown, a process died or is still at it
}

func (d *done) inverse() *journal.Inverse { return d.intent.Plan.Inverse }

// place is the object of the inverse: the change may have given it another
// UID (a recreated container), and the inverse's plan tells which.
func (d *done) place() core.Ref {
	ref := d.inverse().Target
	ref.UID = ""
	return ref
}

// pastChanges are the changes of a journal.
type pastChanges struct {
	order    []*done // oldest first
	byID     map[string]*done
	undoneBy map[string]string // id of a change to that of its undo
	// passed is the newest change that last had to pass by, because it has no
	// inverse: whoever asks for the last one may mean it.
	passed *done
}

// chronicle reads the changes out of the records.
func chronicle(records []journal.Record) *pastChanges {
	c := &pastChanges{byID: map[string]*done{}, undoneBy: map[string]string{}}
	for i := range records {
		r := &records[i]
		switch r.Event {
		case journal.Intent:
			if r.Plan == nil {
				continue
			}
			d := &done{intent: r}
			c.order = append(c.order, d)
			c.byID[r.ID] = d
		case journal.Outcome:
			if d := c.byID[r.ID]; d != nil {
				d.outcome = r
			}
		}
	}
	for _, d := range c.order {
		if of := d.intent.UndoOf; of != "" && !d.refused() {
			c.undoneBy[of] = d.intent.ID
		}
	}
	return c
}

func (d *done) refused() bool {
	return d.outcome != nil && d.outcome.Result != nil && d.outcome.Result.Outcome == core.OutcomeRefused.String()
}

// base is the id of the whole change that a target's belongs to.
func base(id string) string {
	b, _, _ := strings.Cut(id, ".")
	return b
}

// choose finds what id means, or says why it cannot be undone.
func (c *pastChanges) choose(e *Engine, id string) ([]*done, *core.Problem) {
	if id == "" {
		return c.last(e)
	}
	var out []*done
	var why *core.Problem
	for _, d := range c.order {
		if d.intent.ID != id && base(d.intent.ID) != id {
			continue
		}
		if no := c.cannot(e, d); no != nil {
			if why == nil {
				why = no
			}
			continue
		}
		out = append(out, d)
	}
	switch {
	case len(out) > 0:
		return out, nil
	case why != nil:
		return nil, why
	}
	return nil, &core.Problem{
		Kind: core.NotFound, Summary: text.Sprintf("the journal has no change %s", id),
		Hint: text.Lit("devops-tui journal list names them"),
	}
}

// last is the newest change of which something can be undone now.
func (c *pastChanges) last(e *Engine) ([]*done, *core.Problem) {
	for _, d := range slices.Backward(c.order) {
		if c.cannot(e, d) != nil || e.o.Resolver.Source(d.place().Instance()) == nil {
			if c.passed == nil && d.inverse() == nil && !d.refused() && !core.Opens(d.intent.Verb) {
				c.passed = d
			}
			continue
		}
		var out []*done
		for _, x := range c.order {
			if base(x.intent.ID) == base(d.intent.ID) && c.cannot(e, x) == nil && e.o.Resolver.Source(x.place().Instance()) != nil {
				out = append(out, x)
			}
		}
		return out, nil
	}
	return nil, &core.Problem{
		Kind: core.Invalid, Summary: text.Lit("nothing to undo: the journal has no change with an inverse on what is connected"),
		Hint: text.Lit("every plan says beforehand whether it can be undone"),
	}
}

// cannot is why d is not undone; nil: it can be planned.
func (c *pastChanges) cannot(e *Engine, d *done) *core.Problem {
	id := d.intent.ID
	switch by := c.undoneBy[id]; {
	case by != "":
		return undoneAlready(id, by)
	case d.refused():
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s was never carried out", id)}
	case d.inverse() == nil:
		p := &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s cannot be undone", id)}
		if d.intent.Plan.Undo != "" {
			p.Hint = text.Clean(d.intent.Plan.Undo)
		}
		return p
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.find(base(id)); t != nil && !t.t.Done() {
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is still going on", id)}
	}
	if e.undone[id] {
		return undoneAlready(id, "")
	}
	return nil
}
