package actions

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// planners is how many objects of one plan are read at the same time.
const planners = 8

type planFunc func(ctx context.Context, src sources.Source, i int, ref core.Ref) (*core.Operation, error)

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
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("no verb %q", verb), Hint: text.Sprintf("verbs: %s", e.verbNames())}
	}
	if p := checkParams(v, params); p != nil {
		return nil, p
	}
	params = maps.Clone(params)
	return e.propose(ctx, v, params, refs, func(ctx context.Context, src sources.Source, _ int, ref core.Ref) (*core.Operation, error) {
		fresh, err := e.read(ctx, src, ref)
		if err != nil {
			return nil, err
		}
		if fresh != nil {
			ref = fresh.Ref
			if o := e.offer(v, src, fresh); !o.Disabled.Empty() && o.Policy.Level != Deny {
				return nil, &core.Problem{Kind: core.Unsupported, Summary: o.Disabled}
			}
		} else if !kindHas(src, ref.Kind, v.ID) {
			return nil, &core.Problem{
				Kind:    core.Unsupported,
				Summary: text.Sprintf("%s cannot %s %s %s", ref.Source, v.Title, article(ref.Kind), ref.Kind),
			}
		}
		return v.Plan(ctx, src, ref, params)
	})
}

// propose plans all refs with plan and bundles the result.
func (e *Engine) propose(ctx context.Context, v Verb, params Params, refs []core.Ref, plan planFunc) (*Proposal, error) {
	refs = distinct(refs)
	if len(refs) == 0 {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("nothing to %s: no object is chosen", v.Title)}
	}
	all := Policy{}
	for i, ref := range refs {
		p := e.policy(ref, v.ID, v.Danger)
		if no := e.forbidden(v, ref, p); no != nil {
			return nil, no
		}
		if i == 0 {
			all = p
		} else {
			all = stronger(all, p)
		}
	}
	if all.MaxBulk > 0 && len(refs) > all.MaxBulk {
		return nil, &core.Problem{
			Kind:    core.Refused,
			Summary: text.Sprintf("cannot %s %d objects at once: max_bulk is %d", v.Title, len(refs), all.MaxBulk),
			Hint:    text.Lit("mark fewer, or raise max_bulk of the environment"),
		}
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
		p.Level = max(p.Level, demanded(t))
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
func demanded(t Target) Level {
	l := t.Policy.Level
	switch {
	case t.Plan.Blind:
		return max(l, min(l+1, Name))
	case !t.Plan.Preview.Empty():
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
			ops[i], problems[i] = e.planOne(ctx, v, i, ref, plan)
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
			Policy: e.policy(ref, v.ID, max(v.Danger, op.Plan.Danger)),
		})
	}
	return targets, skipped
}

func (e *Engine) planOne(ctx context.Context, v Verb, i int, ref core.Ref, plan planFunc) (*core.Operation, *core.Problem) {
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
	op, err := plan(ctx, src, i, ref)
	if err != nil {
		return nil, notPlanned(v, ref, problem(src, err))
	}
	switch {
	case op == nil || !complete(op):
		return nil, &core.Problem{Summary: text.Sprintf("cannot %s %s: the plan is incomplete; this is a bug", v.Title, text.Clean(ref.Path()))}
	case !isOf(op, ref):
		return nil, notPlanned(v, ref, replaced(ref))
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

func (e *Engine) verbNames() string {
	var names []string
	for _, v := range e.o.Verbs {
		names = append(names, v.ID)
	}
	return strings.Join(names, ", ")
}

func checkParams(v Verb, params Params) *core.Problem {
	var known []string
	for _, p := range v.Params {
		known = append(known, p.Name)
		if p.Required && params[p.Name] == "" {
			return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s needs %s", v.Title, p.Name), Hint: text.Sprintf("--set %s=…", p.Name)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if slices.Contains(known, name) {
			continue
		}
		hint := text.Sprintf("%s takes no parameters", v.Title)
		if len(known) > 0 {
			hint = text.Sprintf("%s takes %s", v.Title, strings.Join(known, ", "))
		}
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no parameter %q", v.Title, name), Hint: hint}
	}
	return nil
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
