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
	t, refs, inverses := e.undoable(id)
	if t == nil {
		if id == "" {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("nothing to undo in this session")}
		}
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s cannot be undone", id)}
	}
	p, err := e.propose(ctx, undoVerb(t.p.Verb), nil, refs, func(ctx context.Context, src sources.Source, i int, ref core.Ref) (*core.Operation, error) {
		inverse := inverses[i]
		v, ok := e.Verb(inverse.Verb)
		if !ok {
			return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("no verb %q", inverse.Verb)}
		}
		return v.Plan(ctx, src, ref, inverse.Params)
	})
	if err != nil {
		return nil, err
	}
	p.undoes = t
	return p, nil
}

func (e *Engine) undoable(id string) (*task, []core.Ref, []*core.Inverse) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range slices.Backward(e.tasks) {
		if id != "" && t.t.ID != id || t.undone || !t.t.Undoable() {
			continue
		}
		var refs []core.Ref
		var inverses []*core.Inverse
		for i, x := range t.t.Targets {
			if x.Undoable {
				refs = append(refs, inverseRef(x.Ref))
				inverses = append(inverses, t.p.Targets[i].Plan.Inverse)
			}
		}
		return t, refs, inverses
	}
	return nil, nil, nil
}

// inverseRef is the place of the object: the change may have given it another
// UID (a recreated container), and the inverse's plan tells which.
func inverseRef(r core.Ref) core.Ref {
	r.UID = ""
	return r
}
