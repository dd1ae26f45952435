package actions

import (
	"context"
	"maps"
	"strings"
	"sync"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// planners is how many objects of one plan are read at the same time.
const planners = 8

type planFunc func(ctx context.Context, src sources.Source, ref core.Ref) (*core.Operation, error)

// Plan previews verb for refs: marks make one plan for many objects. It reads
// every object afresh, whatever the screen showed, and refuses with a
// *core.Problem when an object cannot be read, was replaced, or nothing may be
// changed. Of many objects those that cannot be planned are skipped and named;
// it is an error only when none is left.
//
// What the policy denies is planned all the same, to be looked at: Denied says why it
// cannot be confirmed.
func (e *Engine) Plan(ctx context.Context, verb string, refs []core.Ref, params Params) (*Proposal, error) {
	v, ok := e.Verb(verb)
	if !ok {
		return nil, e.noVerb(verb)
	}
	refs = distinct(refs)
	if no := e.admitted(v, refs); no != nil {
		return nil, no
	}
	if no := checkParams(v, params); no != nil {
		return nil, no
	}
	params = maps.Clone(params)
	return e.propose(ctx, v, params, refs, func(ctx context.Context, src sources.Source, ref core.Ref) (*core.Operation, error) {
		ref, err := e.possible(ctx, v, src, ref)
		if err != nil {
			return nil, err
		}
		return v.Plan(ctx, src, ref, params)
	})
}

// possible reads the object afresh and says why it cannot be changed so; the
// ref that it returns has the UID that was read.
func (e *Engine) possible(ctx context.Context, v Verb, src sources.Source, ref core.Ref) (core.Ref, error) {
	fresh, err := e.read(ctx, src, ref)
	if err != nil {
		return ref, err
	}
	if fresh == nil {
		_, no := e.source(v, ref)
		if no != nil {
			return ref, no
		}
		return ref, nil
	}
	if o := e.offer(v, src, fresh); !o.Disabled.Empty() && o.Policy.Level != Deny {
		return ref, &core.Problem{Kind: core.Unsupported, Summary: o.Disabled}
	}
	return fresh.Ref, nil
}

// propose plans all refs, each of which is there once, with plan and bundles
// the result.
func (e *Engine) propose(ctx context.Context, v Verb, params Params, refs []core.Ref, plan planFunc) (*Proposal, error) {
	if no := e.admitted(v, refs); no != nil {
		return nil, no
	}
	if no := e.journalReady(); no != nil {
		return nil, no
	}

	targets, skipped := e.planAll(ctx, v, refs, plan)
	if len(targets) == 0 {
		return nil, skipped[0].Problem
	}
	p := &Proposal{
		ID: newID(), Verb: v, Params: params, Targets: targets, Skipped: skipped,
		PlannedAt: e.o.Clock(), engine: e,
	}
	for i, t := range targets {
		if i == 0 {
			p.Policy = t.Policy
		} else {
			p.Policy = stronger(p.Policy, t.Policy)
		}
		p.Level = max(p.Level, demanded(v, &t.Plan, t.Policy))
	}
	if p.Level == Deny {
		p.Denied = denied(v, p.Policy)
	}
	p.Phrase = phrase(v, targets)
	p.armed = p.PlannedAt.Add(ArmDelay)
	return p, nil
}

// demanded is the policy's level, one step higher when a preview could not be
// had, and never less than a y when there is none at all.
func demanded(v Verb, plan *core.Plan, p Policy) Level {
	l := p.Level
	switch {
	case plan.Blind:
		return max(l, min(l+1, Name))
	case !plan.Preview.Empty() && !(core.Opens(v.ID) && plan.Danger == 0):
		return max(l, Confirm)
	}
	return l
}

func (e *Engine) planAll(ctx context.Context, v Verb, refs []core.Ref, plan planFunc) (targets []Target, skipped []Skipped) {
	ops := make([]*core.Operation, len(refs))
	problems := make([]*core.Problem, len(refs))
	slots := make(chan struct{}, planners)
	var wg sync.WaitGroup
	for i, ref := range refs {
		wg.Add(1)
		core.Go("actions: plan", func() {
			defer wg.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			ops[i], problems[i] = e.planOne(ctx, v, ref, plan)
		})
	}
	wg.Wait()
	planned := make(map[core.Ref]bool, len(refs))
	for i, ref := range refs {
		op := ops[i]
		if op == nil {
			p := problems[i]
			if p == nil { // the planner panicked and the program is ending
				p = &core.Problem{Summary: text.Sprintf("cannot %s %s", v.Title, text.Clean(ref.Path()))}
			}
			skipped = append(skipped, Skipped{ref, p})
			continue
		}
		if planned[op.Plan.Target] { // named twice, once without its UID
			continue
		}
		planned[op.Plan.Target] = true
		targets = append(targets, Target{
			Ref: op.Plan.Target, Plan: op.Plan, op: op,
			Policy: e.policyOf(v, ref, &op.Plan),
		})
	}
	return targets, skipped
}

func (e *Engine) planOne(ctx context.Context, v Verb, ref core.Ref, plan planFunc) (*core.Operation, *core.Problem) {
	src := e.o.Resolver.Source(ref.Instance())
	if src == nil {
		return nil, &core.Problem{
			Kind:    core.Unreachable,
			Summary: text.Sprintf("cannot %s %s: %s is not connected", v.Title, text.Clean(ref.Path()), ref.Instance()),
			Hint:    text.Lit("doctor says what was found"),
		}
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.ReadLimit)
	defer cancel()
	op, err := plan(ctx, src, ref)
	if err != nil {
		return nil, notPlanned(v, ref, problem(src, err))
	}
	switch {
	case op == nil || !complete(op):
		return nil, &core.Problem{Summary: text.Sprintf("cannot %s %s: the plan is incomplete; this is a bug", v.Title, text.Clean(ref.Path()))}
	case !isOf(op, ref):
		return nil, notPlanned(v, ref, replaced(ref))
	case op.Plan.Target.Instance() != ref.Instance():
		return nil, &core.Problem{Summary: text.Sprintf("cannot %s %s: the plan is for %s; this is a bug", v.Title, text.Clean(ref.Path()), op.Plan.Target.Instance())}
	}
	if no := e.forbidden(v, op.Plan.Target, e.policyOf(v, ref, &op.Plan)); no != nil {
		return nil, no
	}
	return op, nil
}

// complete reports whether there is what carries the operation out.
func complete(op *core.Operation) bool {
	return op.Execute != nil && op.Verify != nil || op.Session != nil || op.Serve != nil
}

// isOf reports whether the operation is of the object that it was asked for.
func isOf(op *core.Operation, ref core.Ref) bool {
	from := op.Plan.Target
	if !op.Plan.From.IsZero() {
		from = op.Plan.From
	}
	return from.SameObject(ref) && (ref.UID == "" || from.UID == ref.UID)
}

// read gets the object afresh; nil when the source cannot read single objects,
// whose plans are then the fresh read.
func (e *Engine) read(ctx context.Context, src sources.Source, ref core.Ref) (*core.Resource, error) {
	g, ok := src.(sources.Getter)
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.ReadLimit)
	defer cancel()
	fresh, err := g.Get(ctx, ref)
	switch {
	case err != nil:
		return nil, err
	case fresh == nil:
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s is gone", text.Clean(ref.Path()))}
	case !fresh.Ref.SameObject(ref) || ref.UID != "" && fresh.Ref.UID != ref.UID:
		return nil, replaced(ref)
	}
	return fresh, nil
}

func replaced(ref core.Ref) *core.Problem {
	return &core.Problem{
		Kind:    core.Conflict,
		Summary: text.Sprintf("%s was replaced: another object has its name now", text.Clean(ref.Path())),
		Hint:    text.Lit("look at it again and plan anew"),
	}
}

// notPlanned says what was attempted; the rest is the cause's.
func notPlanned(v Verb, ref core.Ref, p *core.Problem) *core.Problem {
	q := *p
	q.Summary = text.Sprintf("cannot %s %s: %s", v.Title, text.Clean(ref.Path()), p.Summary)
	if q.Kind == core.Unreachable && q.Hint.Empty() {
		q.Hint = text.Lit("nothing was sent; what is shown may be old")
	}
	if q.Cause == nil {
		q.Cause = p
	}
	return &q
}

func (e *Engine) noVerb(id string) *core.Problem {
	return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("no verb %q", id), Hint: text.Sprintf("verbs: %s", e.verbNames())}
}

func (e *Engine) verbNames() string {
	var names []string
	for _, v := range e.o.Verbs {
		if !v.Hidden {
			names = append(names, v.ID)
		}
	}
	return strings.Join(names, ", ")
}

func distinct(refs []core.Ref) []core.Ref {
	seen := make(map[core.Ref]bool, len(refs))
	out := make([]core.Ref, 0, len(refs))
	for _, r := range refs {
		if r.IsZero() || seen[r] {
			continue
		}
		seen[r] = true
		out = append(out, r)
	}
	return out
}
