package demo

import (
	"context"
	"slices"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// steered binds a change of a rollout to what becomes of it.
func (s *Source) steered(c *canary, plan core.Plan, do func(), judge func() verdict) *core.Operation {
	plan.Target, plan.Rev, plan.Danger = c.ref(), c.rev(), 1
	return s.operation(plan, func() (core.Ref, string) { return c.ref(), c.rev() }, do, judge)
}

func (c *canary) plugin(words string) text.Safe {
	return text.Sprintf("kubectl argo rollouts --context %s --namespace %s %s %s", c.place.scope, c.namespace, words, c.name)
}

// goes is the verdict on a rollout that should come to a revision: a pause that
// waits for a human ends what was asked for.
func (c *canary) goes(revision int) func() verdict {
	return func() verdict {
		v := verdict{total: len(canarySteps), done: min(c.step, len(canarySteps)-1), text: c.row().Message.String()}
		switch {
		case c.want().revision != revision:
			v.superseded = true
		case c.aborted:
			v.broken = "the rollout was aborted"
		case c.settled():
			v.done, v.settled, v.text = v.total, true, "revision "+strconv.Itoa(revision)+" is stable"
		case c.paused():
			v.done, v.settled = v.total, true
		}
		return v
	}
}

// planPromote plans that a rollout leaves its pause, or all steps that are left.
func (s *Source) planPromote(c *canary, full bool) (*core.Operation, error) {
	if !c.paused() {
		return nil, problemf(core.Conflict, "rollout %s does not wait: it is %s", c.name, c.row().Reason)
	}
	next, words := canarySteps[min(c.step+1, len(canarySteps)-1)].String(), "promote"
	title := text.Sprintf("Promote rollout %s/%s", c.namespace, c.name)
	if full {
		next, words = "100%, without the steps that are left", "promote --full"
		title = text.Sprintf("Promote rollout %s/%s to the end", c.namespace, c.name)
	}
	plan := core.Plan{
		Verb: core.VerbApprove, Title: title,
		Changes:  []core.FieldChange{change("step", canarySteps[c.step].String(), next)},
		Impact:   []text.Safe{text.Sprintf("revision %d has %d%% now: %d of %d pods", c.want().revision, c.weight(), c.fresh(), c.replicas)},
		Command:  c.plugin(words),
		UndoHint: text.Lit("cannot be undone: abort it, or roll it back"),
	}
	revision := c.want().revision
	return s.steered(c, plan, func() { c.promote(full) }, c.goes(revision)), nil
}

// planAbort plans that all traffic goes back to the stable version.
func (s *Source) planAbort(c *canary) (*core.Operation, error) {
	if c.settled() || c.aborted {
		return nil, problemf(core.Conflict, "no rollout of %s is in progress", c.name)
	}
	plan := core.Plan{
		Verb: core.VerbCancel, Title: text.Sprintf("Abort rollout %s/%s", c.namespace, c.name),
		Changes:  []core.FieldChange{change("weight of revision "+strconv.Itoa(c.want().revision), strconv.Itoa(c.weight())+"%", "0%")},
		Impact:   []text.Safe{text.Sprintf("revision %d serves alone again: %d pods are replaced", c.stable.revision, c.fresh())},
		Warnings: []text.Safe{text.Lit("the rollout stays degraded until another version is asked for, or this one is tried again")},
		Command:  c.plugin("abort"),
		UndoHint: text.Lit("U plans that it is tried again"), Inverse: &core.Inverse{Verb: core.VerbRerun},
	}
	return s.steered(c, plan, c.abort, func() verdict { return arrived(c.aborted, "the stable version serves alone") }), nil
}

// planRetry plans that an aborted version is tried again.
func (s *Source) planRetry(c *canary) (*core.Operation, error) {
	if !c.aborted {
		return nil, problemf(core.Refused, "rollout %s was not aborted", c.name)
	}
	plan := core.Plan{
		Verb: core.VerbRerun, Title: text.Sprintf("Try revision %d of rollout %s/%s again", c.want().revision, c.namespace, c.name),
		Changes:  []core.FieldChange{change("abort", "true", "false")},
		Impact:   []text.Safe{text.Sprintf("from the first of %d steps: %s", len(canarySteps), canarySteps[0].String())},
		Command:  c.plugin("retry rollout"),
		UndoHint: text.Lit("U plans that it is aborted again"), Inverse: &core.Inverse{Verb: core.VerbCancel},
	}
	revision := c.want().revision
	return s.steered(c, plan, func() {
		c.aborted = false
		c.moved("RolloutRetry", "Rollout is tried again")
		c.proceed()
	}, c.goes(revision)), nil
}

// planUndo plans that a rollout goes back to an earlier revision.
func (s *Source) planUndo(c *canary, to string) (*core.Operation, error) {
	e, err := c.edition(to)
	if err != nil {
		return nil, err
	}
	now, next := c.want(), c.want().revision+1
	plan := core.Plan{
		Verb: core.VerbRollback, Title: text.Sprintf("Roll rollout %s/%s back to revision %d", c.namespace, c.name, e.revision),
		Changes:  []core.FieldChange{change("image of app", now.image, e.image)},
		Diff:     difference("spec.template.spec.containers[app]", [3]string{"image", now.image, e.image}),
		Impact:   []text.Safe{text.Sprintf("becomes revision %d, through the %d steps unless it is the stable one", next, len(canarySteps))},
		Command:  text.Sprintf("%s --to-revision=%d", c.plugin("undo"), e.revision),
		UndoHint: text.Sprintf("U plans revision %d again", now.revision),
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": strconv.Itoa(now.revision)}},
	}
	if a := c.place.application(c.name); a != nil {
		plan.Warnings = []text.Safe{text.Sprintf("application argocd/%s owns it: Git goes on to say %s", a.name, a.target().short())}
		if a.auto {
			plan.Warnings = append(plan.Warnings, text.Lit("its auto-sync heals by itself: roll the application back instead"))
		}
	}
	return s.steered(c, plan, func() {
		c.bring(e)
		if a := c.place.application(c.name); a != nil {
			a.drift = true
			a.touched()
			if a.auto { // self-heal
				c.place.w.after(20*syncTakes, func() {
					if a.auto && a.drift && a.syncing == nil {
						a.sync(a.target(), "automated sync")
					}
				})
			}
		}
	}, c.goes(next)), nil
}

func (c *canary) rollbackForm() core.Form {
	f := core.Field{
		Name: "to", Title: text.Lit("Revision"), Help: text.Lit("empty: the last one with another image"), Type: core.FieldChoice,
		Columns: []text.Safe{text.Lit("REVISION"), text.Lit("IMAGE"), text.Lit("CHANGE"), text.Lit("AGE")},
	}
	for _, e := range slices.Backward(c.sides) {
		x := core.Choice{
			Value: strconv.Itoa(e.revision), Current: e == c.want(),
			Cells: []text.Safe{text.Int(e.revision), text.Clean(e.image), text.Clean(e.change.message), text.Age(c.place.w.now.Sub(e.made))},
		}
		if x.Current {
			x.Disabled = text.Lit("it is asked for now")
		}
		f.Choices = append(f.Choices, x)
	}
	return core.Form{Fields: []core.Field{f}}
}

// planHalt plans that a rollout pauses where it is, or goes on.
func (s *Source) planHalt(c *canary, on bool) (*core.Operation, error) {
	if on && c.settled() {
		return nil, problemf(core.Refused, "no rollout of %s is in progress", c.name)
	}
	verb, inverse, word, words := core.VerbPause, core.VerbResume, "Pause", "pause"
	if !on {
		verb, inverse, word, words = core.VerbResume, core.VerbPause, "Resume", "promote"
	}
	plan := core.Plan{
		Verb: verb, Title: text.Sprintf("%s rollout %s/%s", word, c.namespace, c.name),
		Changes:  []core.FieldChange{change("spec.paused", strconv.FormatBool(c.held), strconv.FormatBool(on))},
		Impact:   []text.Safe{text.Sprintf("revision %d stays at %d%%", c.want().revision, c.weight())},
		Command:  c.plugin(words),
		UndoHint: text.Sprintf("U plans %s", inverse), Inverse: &core.Inverse{Verb: inverse},
	}
	if !on {
		plan.Impact = []text.Safe{text.Sprintf("goes on from %s", canarySteps[min(c.step, len(canarySteps)-1)].String())}
	}
	return s.steered(c, plan, func() { c.hold(on) }, func() verdict { return arrived(c.held == on, "done") }), nil
}

// Diff compares an application with what Git says.
func (s *Source) Diff(ctx context.Context, ref core.Ref) (core.Document, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	defer done()
	a, ok := o.(*application)
	if !ok {
		return core.Document{}, problemf(core.Unsupported, "a %s cannot be compared with what it should be", ref.Kind)
	}
	return core.Document{Title: text.Sprintf("%s: live and %s", ref.Path(), a.target().short()), Syntax: "diff", Lines: a.diff()}, nil
}

func (c *canary) promoteForm() core.Form {
	return core.Form{Fields: []core.Field{{
		Name: "full", Title: text.Lit("To the end"), Help: text.Lit("without the steps that are left"), Type: core.FieldBool, Value: "false",
	}}}
}
