package actions

import (
	"context"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// undoVerb is planned by the operation that is undone, not by a source.
func undoVerb(of Verb) Verb {
	if of.ID == "undo" {
		return Verb{ID: of.ID, Key: of.Key, Title: text.Lit("redo"), Danger: of.Danger}
	}
	return Verb{ID: "undo", Key: "U", Title: text.Sprintf("undo %s", of.Title), Danger: of.Danger}
}

// Undo plans the inverse of a task of this session; id "" is the last one that
// has one. It is previewed, confirmed and journaled like every change.
func (e *Engine) Undo(ctx context.Context, id string) (*Proposal, error) {
	t, refs, ops := e.undoable(id)
	if t == nil {
		if id == "" {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing to undo in this session")}
		}
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s cannot be undone", id)}
	}
	p, err := e.propose(ctx, undoVerb(t.p.Verb), nil, refs, func(ctx context.Context, _ sources.Source, i int, _ core.Ref) (*core.Operation, error) {
		return ops[i].Undo(ctx)
	})
	if err != nil {
		return nil, err
	}
	p.undoes = t
	return p, nil
}

func (e *Engine) undoable(id string) (*task, []core.Ref, []*core.Operation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range slices.Backward(e.tasks) {
		if id != "" && t.t.ID != id || t.undone || !t.t.Undoable() {
			continue
		}
		var refs []core.Ref
		var ops []*core.Operation
		for i, x := range t.t.Targets {
			if x.Undoable {
				refs = append(refs, inverseRef(x.Ref))
				ops = append(ops, t.p.Targets[i].op)
			}
		}
		return t, refs, ops
	}
	return nil, nil, nil
}

// inverseRef is the place of the object: the change may have given it another
// UID (a recreated container), and the inverse's plan tells which.
func inverseRef(r core.Ref) core.Ref {
	r.UID = ""
	return r
}
