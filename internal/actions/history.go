package actions

import (
	"context"
	"errors"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// history is a Journal that can be read. *journal.Journal is one.
type history interface {
	List(journal.Filter) ([]journal.Record, error)
}

// History reads the journal, oldest first: what everyone did on this journal.
func (e *Engine) History(f journal.Filter) ([]journal.Record, error) {
	if h, ok := e.o.Journal.(history); ok {
		return h.List(f)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return f.Apply(e.past), nil
}

// Definition is what E opens in the user's editor, read afresh; what changed
// goes back as the parameters before and after of the verb edit. It may hold
// secrets, so that it is read is journaled.
func (e *Engine) Definition(ctx context.Context, ref core.Ref) ([]byte, error) {
	v, ok := e.Verb(core.VerbEdit)
	if !ok {
		return nil, e.noVerb(core.VerbEdit)
	}
	if no := e.refusal(v, ref, e.policy(ref, v.ID, v.Danger)); no != nil {
		return nil, no
	}
	src, no := e.source(v, ref)
	if no != nil {
		return nil, no
	}
	ed, ok := src.(sources.Editor)
	if !ok {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s has no %s", src.Info().Title, v.ID)}
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.ReadLimit)
	defer cancel()
	r := e.newRecord(newID(), journal.Opened, ref)
	r.Verb = v.ID
	if err := e.append(r); err != nil {
		return nil, noJournal(err)
	}
	b, err := ed.Definition(ctx, ref)
	if err != nil {
		return nil, notPlanned(v, ref, problem(src, err))
	}
	return b, nil
}

var errNoJournal = errors.New("there is no journal")
