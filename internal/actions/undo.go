package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// keeper keeps what the journal must not hold. *journal.Journal is one.
type keeper interface {
	Keep([]byte) (hash string, err error)
	Kept(hash string) ([]byte, error)
}

// kept is what stands in a private file beside the journal.
type kept struct {
	Params map[string]string `json:"params,omitempty"`
	Saved  []byte            `json:"saved,omitempty"`
}

// Undo plans the inverse of a change in the journal, of this session or of any
// other: id is that of a whole change or of one of its targets ("id.2"); "" is
// the last change that can be undone on what is connected. What was undone
// already, or never carried out, is refused. The proposal is previewed,
// confirmed and journaled like every change; the undo of an undo is a redo.
func (e *Engine) Undo(ctx context.Context, id string) (*Proposal, error) {
	past, of, no := e.toUndo(id)
	if no != nil {
		return nil, no
	}
	refs := make([]core.Ref, 0, len(of))
	by := make(map[core.Ref]*done, len(of))
	verb := undoVerb(past, of[0])
	for _, d := range of {
		ref := d.place()
		if _, twice := by[ref]; twice {
			continue
		}
		if v, ok := e.verb(d.inverse().Verb); ok {
			verb.Danger = max(verb.Danger, v.Danger)
		}
		refs, by[ref] = append(refs, ref), d
	}
	p, err := e.propose(ctx, verb, nil, refs, func(ctx context.Context, src sources.Source, ref core.Ref) (*core.Operation, error) {
		return e.planUndo(ctx, src, ref, by[ref])
	})
	if err != nil {
		return nil, err
	}
	p.UndoOf = id
	if id == "" {
		p.UndoOf = base(of[0].intent.ID)
	}
	if d := past.passed; id == "" && d != nil {
		plan := &p.Targets[0].Plan
		plan.Warnings = append([]text.Safe{text.Sprintf(
			"this is not the last change: %s %s came after it and cannot be undone", d.intent.Verb, text.Clean(d.intent.Ref),
		)}, plan.Warnings...)
	}
	for i := range p.Targets {
		from := p.Targets[i].From()
		from.UID = ""
		if d := by[from]; d != nil {
			p.Targets[i].undoOf = d.intent.ID
		}
	}
	return p, nil
}

// toUndo looks for what id means among the changes of the last weeks, and among
// all when it is not there: long journals take their time.
func (e *Engine) toUndo(id string) (*pastChanges, []*done, *core.Problem) {
	var no *core.Problem
	for _, since := range []time.Time{e.o.Clock().Add(-recent), {}} {
		records, err := e.History(journal.Filter{Since: since})
		if err != nil {
			return nil, nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("the journal cannot be read: %s", text.Error(err)), Cause: err}
		}
		past := chronicle(records)
		var of []*done
		if of, no = past.choose(e, id); no == nil {
			return past, of, nil
		}
		if id != "" && no.Kind != core.NotFound {
			break
		}
	}
	return nil, nil, no
}

// recent is where Undo looks first: as long as what it may need is kept.
const recent = 30 * 24 * time.Hour

// planUndo plans the recorded inverse as the world is now.
func (e *Engine) planUndo(ctx context.Context, src sources.Source, ref core.Ref, d *done) (*core.Operation, error) {
	inverse := d.inverse()
	v, ok := e.verb(inverse.Verb)
	if !ok {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("no verb %q", inverse.Verb)}
	}
	params := Params(maps.Clone(inverse.Params))
	if inverse.Kept != "" {
		k, err := e.unkeep(inverse.Kept)
		if err != nil {
			return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("what undo needs is not kept any more: %s", text.Error(err)), Cause: err}
		}
		if k.Params != nil {
			params = k.Params
		}
		if k.Saved != nil {
			if params == nil {
				params = Params{}
			}
			params[Saved] = string(k.Saved)
		}
	}
	if no := checkParams(v, params); no != nil {
		return nil, no
	}
	if !v.Hidden { // a hidden one may be for an object that is gone
		var err error
		if ref, err = e.possible(ctx, v, src, ref); err != nil {
			return nil, err
		}
	}
	op, err := v.Plan(ctx, src, ref, params)
	if err != nil || op == nil {
		return op, err
	}
	op.Plan.Warnings = append(moved(d.intent.Plan.Changes, op.Plan.Changes), op.Plan.Warnings...)
	if d.outcome == nil {
		op.Plan.Warnings = append([]text.Safe{text.Lit("the journal does not know how the change ended that this takes back")}, op.Plan.Warnings...)
	}
	return op, nil
}

// moved warns of every field that is not any more what the change made it.
func moved(then []journal.Change, now []core.FieldChange) []text.Safe {
	var out []text.Safe
	for _, was := range then {
		if strings.Contains(was.After, journal.RedactedText) || strings.Contains(was.After, "… +") {
			continue
		}
		for _, is := range now {
			if is.Field.String() == was.Field && is.Before.String() != was.After {
				out = append(out, text.Sprintf("the world moved since: %s is %s, the change had made it %s", is.Field, orNone(is.Before), orNone(text.Clean(was.After))))
			}
		}
	}
	return out
}

func orNone(s text.Safe) text.Safe {
	if s.Empty() {
		return text.Lit("empty")
	}
	return s
}

// undoVerb names the undo of d: by turns undo and redo.
func undoVerb(past *pastChanges, d *done) Verb {
	undo, of := true, d
	for range len(past.order) {
		next := past.byID[of.intent.UndoOf]
		if of.intent.UndoOf == "" || next == nil {
			break
		}
		undo, of = !undo, next
	}
	word := "undo"
	if !undo {
		word = "redo"
	}
	return Verb{ID: core.VerbUndo, Key: "U", Title: text.Sprintf("%s %s", word, of.intent.Verb)}
}

// inverse is the plan's inverse as the journal keeps it; nil: it has none.
func (e *Engine) inverse(plan *core.Plan) (*journal.Inverse, error) {
	in := plan.Inverse
	if in == nil {
		return nil, nil
	}
	out := &journal.Inverse{Verb: in.Verb, Target: in.Target}
	if out.Target.IsZero() {
		out.Target = plan.Target
	}
	out.Target.UID = ""
	hide := !journal.Holds(in.Params)
	if !hide {
		out.Params = in.Params
		if in.Saved == nil {
			return out, nil
		}
	}
	k := kept{Saved: in.Saved}
	if hide {
		k.Params = in.Params
	}
	b, err := json.Marshal(k)
	if err == nil {
		out.Kept, err = e.keep(b)
	}
	if err != nil {
		return nil, &journal.Error{What: "what undo needs cannot be kept", Cause: err}
	}
	return out, nil
}

func (e *Engine) keep(b []byte) (string, error) {
	if k, ok := e.o.Journal.(keeper); ok {
		return k.Keep(b)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	name := strconv.Itoa(len(e.kept) + 1)
	e.kept[name] = b
	return name, nil
}

func (e *Engine) unkeep(name string) (k kept, err error) {
	var b []byte
	if x, ok := e.o.Journal.(keeper); ok {
		b, err = x.Kept(name)
	} else {
		e.mu.Lock()
		b, ok = e.kept[name]
		e.mu.Unlock()
		if !ok {
			err = errors.New("it was of another session")
		}
	}
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return k, fmt.Errorf("read what was kept: %w", err)
	}
	return k, nil
}

// keepPast is how many records of a session are remembered where the journal cannot be read.
const keepPast = 2000

// remember keeps what was journaled where the journal cannot be read back.
func (e *Engine) remember(r journal.Record) {
	if _, ok := e.o.Journal.(history); ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.past = append(e.past, r)
	if len(e.past) > 2*keepPast {
		e.past = append([]journal.Record(nil), e.past[keepPast:]...)
	}
}

// claim marks what p takes back, for exactly one proposal of this session;
// under Engine.mu.
func (e *Engine) claim(p *Proposal) *core.Problem {
	for _, x := range p.Targets {
		if x.undoOf != "" && e.undone[x.undoOf] {
			return undoneAlready(x.undoOf, "")
		}
	}
	for _, x := range p.Targets {
		if x.undoOf != "" {
			e.undone[x.undoOf] = true
		}
	}
	return nil
}

// undoneSince refuses a proposal whose change was taken back by another
// process while the dialog was open.
func (e *Engine) undoneSince(p *Proposal) *core.Problem {
	if p.UndoOf == "" {
		return nil
	}
	records, err := e.History(journal.Filter{Since: p.PlannedAt.Add(-time.Hour)}) // the clocks may differ
	if err != nil {
		return noJournal(err)
	}
	past := chronicle(records)
	for _, x := range p.Targets {
		if by := past.undoneBy[x.undoOf]; x.undoOf != "" && by != "" {
			return undoneAlready(x.undoOf, by)
		}
	}
	return nil
}

func undoneAlready(id, by string) *core.Problem {
	p := &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s was undone already", id)}
	if by != "" {
		p.Hint = text.Sprintf("by %s; undo that to redo it", by)
	}
	return p
}
