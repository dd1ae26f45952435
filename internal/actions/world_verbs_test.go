package actions_test

import (
	"context"
	"fmt"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var (
	_ sources.Former    = (*world)(nil)
	_ sources.Roller    = (*world)(nil)
	_ sources.Deployer  = (*world)(nil)
	_ sources.Scaler    = (*world)(nil)
	_ sources.Runner    = (*world)(nil)
	_ sources.Killer    = (*world)(nil)
	_ sources.Pauser    = (*world)(nil)
	_ sources.Cordoner  = (*world)(nil)
	_ sources.Drainer   = (*world)(nil)
	_ sources.Editor    = (*world)(nil)
	_ sources.Deleter   = (*world)(nil)
	_ sources.Restorer  = (*world)(nil)
	_ sources.Pruner    = (*world)(nil)
	_ sources.Sheller   = (*world)(nil)
	_ sources.Forwarder = (*world)(nil)
	_ sources.Copier    = (*world)(nil)
	_ sources.Rerunner  = (*world)(nil)
	_ sources.Canceller = (*world)(nil)
	_ sources.Approver  = (*world)(nil)
)

// minimal are the parameters that every verb can be planned with.
var minimal = map[string]map[string]string{
	core.VerbScale:    {"replicas": "5"},
	core.VerbEdit:     {"before": "2", "after": "7"},
	core.VerbForward:  {"port": "80"},
	core.VerbCopy:     {"from": ":/etc/hosts", "to": "."},
	core.VerbRollback: {"to": "1"},
}

func (w *world) Form(context.Context, string, core.Ref) (core.Form, error) { return w.ask, nil }

func (w *world) now(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state[name]
}

// shown is what a plan shows of a state: sources redact what may be secret.
func shown(state string) text.Safe {
	if len(state) > 3 {
		return text.Lit("(hidden)")
	}
	return text.Clean(state)
}

// setting is an operation that makes the object's state value; its inverse
// makes it what it was.
func (w *world) setting(verb string, ref core.Ref, value string, inverse *core.Inverse) *core.Operation {
	op := w.operation(verb, ref)
	op.Plan.Changes = []core.FieldChange{{Field: text.Lit("replicas"), Before: shown(w.now(ref.Name)), After: shown(value)}}
	op.Plan.Inverse = inverse
	send := op.Execute
	op.Execute = func(ctx context.Context, out core.Output) error {
		if err := send(ctx, out); err != nil {
			return err
		}
		w.set(func() { w.state[ref.Name] = value })
		return nil
	}
	return op
}

func (w *world) back(ref core.Ref) *core.Inverse {
	return &core.Inverse{Verb: core.VerbScale, Params: map[string]string{"replicas": w.now(ref.Name)}}
}

func (w *world) PlanScale(_ context.Context, ref core.Ref, n int) (*core.Operation, error) {
	return w.setting(core.VerbScale, ref, strconv.Itoa(n), w.back(ref)), nil
}

func (w *world) PlanRollback(_ context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	return w.setting(core.VerbRollback, ref, to.To, w.back(ref)), nil
}

func (w *world) PlanDeploy(_ context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	op := w.operation(core.VerbDeploy, ref)
	op.Plan.Title = text.Sprintf("%v", what)
	if w.secretly != nil {
		op.Plan.Inverse = &core.Inverse{Verb: core.VerbDeploy, Params: w.secretly}
	}
	w.set(func() { w.last = fmt.Sprint(what) })
	return op, nil
}

func (w *world) PlanStop(_ context.Context, ref core.Ref, _ int) (*core.Operation, error) {
	return w.operation(core.VerbStop, ref), nil
}

func (w *world) PlanStart(_ context.Context, ref core.Ref) (*core.Operation, error) {
	return w.operation(core.VerbStart, ref), nil
}

func (w *world) PlanKill(_ context.Context, ref core.Ref, signal string) (*core.Operation, error) {
	op := w.operation(core.VerbKill, ref)
	op.Plan.Title = text.Clean(signal)
	return op, nil
}

func (w *world) PlanPause(_ context.Context, ref core.Ref) (*core.Operation, error) {
	op := w.operation(core.VerbPause, ref)
	op.Plan.Inverse = &core.Inverse{Verb: core.VerbResume}
	return op, nil
}

func (w *world) PlanResume(_ context.Context, ref core.Ref) (*core.Operation, error) {
	op := w.operation(core.VerbResume, ref)
	op.Plan.Inverse = &core.Inverse{Verb: core.VerbPause}
	return op, nil
}

func (w *world) PlanCordon(_ context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	if on {
		return w.operation(core.VerbCordon, ref), nil
	}
	return w.operation(core.VerbUncordon, ref), nil
}

func (w *world) PlanDrain(_ context.Context, ref core.Ref, _ core.Drain) (*core.Operation, error) {
	return w.operation(core.VerbDrain, ref), nil
}

func (w *world) Definition(_ context.Context, ref core.Ref) ([]byte, error) {
	return []byte(w.now(ref.Name)), nil
}

func (w *world) PlanEdit(_ context.Context, ref core.Ref, before, after []byte) (*core.Operation, error) {
	return w.setting(core.VerbEdit, ref, string(after), &core.Inverse{Verb: core.VerbRestore, Saved: before}), nil
}

func (w *world) PlanDelete(_ context.Context, ref core.Ref, _ core.Removal) (*core.Operation, error) {
	saved := w.saved
	if saved == nil {
		saved = []byte(w.now(ref.Name))
	}
	op := w.operation(core.VerbDelete, ref)
	op.Plan.Danger = 2
	op.Plan.Inverse = &core.Inverse{Verb: core.VerbRestore, Saved: saved}
	send := op.Execute
	op.Execute = func(ctx context.Context, out core.Output) error {
		if err := send(ctx, out); err != nil {
			return err
		}
		w.set(func() { delete(w.uid, ref.Name); delete(w.state, ref.Name) })
		return nil
	}
	return op, nil
}

// PlanRestore makes the object again, or puts its state back.
func (w *world) PlanRestore(_ context.Context, ref core.Ref, saved []byte) (*core.Operation, error) {
	w.mu.Lock()
	uid := w.uid[ref.Name]
	w.mu.Unlock()
	ref.UID = uid
	op := w.operation(core.VerbRestore, ref)
	op.Execute = func(ctx context.Context, _ core.Output) error {
		if err := w.gate.CheckAt(ctx, core.Ref{Source: "sim", Scope: w.scope}, "restore"); err != nil {
			return err
		}
		w.set(func() {
			if w.uid[ref.Name] == "" {
				w.uid[ref.Name] = ref.Name + "-again"
			}
			w.state[ref.Name] = string(saved)
			w.sent = append(w.sent, w.uid[ref.Name])
		})
		return nil
	}
	return op, nil
}

func (w *world) PlanPrune(_ context.Context, ref core.Ref, _ []string) (*core.Operation, error) {
	return w.operation(core.VerbPrune, ref), nil
}

func (w *world) PlanCopy(_ context.Context, ref core.Ref, _ core.Copy) (*core.Operation, error) {
	return w.operation(core.VerbCopy, ref), nil
}

// through passes the gate and notes the UID, as what opens a channel does.
func (w *world) through(ctx context.Context, verb string, ref core.Ref) error {
	if err := w.gate.CheckAt(ctx, core.Ref{Source: "sim", Scope: w.scope}, verb); err != nil {
		return err
	}
	return w.change(ref)
}

func (w *world) PlanShell(_ context.Context, ref core.Ref, what core.Shell) (*core.Operation, error) {
	op := &core.Operation{Plan: core.Plan{Verb: core.VerbShell, Target: ref, Preview: text.Lit("a session has no dry run"), Blind: w.plan.Blind}}
	if what.Debug != "" {
		op.Plan.Danger = 1
	}
	op.Session = func(ctx context.Context, t core.Terminal) error {
		if err := w.through(ctx, core.VerbShell, ref); err != nil {
			return err
		}
		if w.session != nil {
			return w.session(ctx, t)
		}
		return nil
	}
	return op, nil
}

func (w *world) PlanForward(_ context.Context, ref core.Ref, _ core.Forward) (*core.Operation, error) {
	op := &core.Operation{Plan: core.Plan{Verb: core.VerbForward, Target: ref, Blind: w.plan.Blind}}
	op.Serve = func(ctx context.Context, out core.Output) error {
		if err := w.through(ctx, core.VerbForward, ref); err != nil {
			return err
		}
		if w.serve != nil {
			return w.serve(ctx, out)
		}
		return nil
	}
	return op, nil
}

func (w *world) PlanRerun(_ context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error) {
	w.set(func() { w.last = fmt.Sprint(how) })
	return w.operation(core.VerbRerun, ref), nil
}

func (w *world) PlanCancel(_ context.Context, ref core.Ref, how core.Cancel) (*core.Operation, error) {
	w.set(func() { w.last = fmt.Sprint(how) })
	return w.operation(core.VerbCancel, ref), nil
}

func (w *world) PlanApprove(_ context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	w.set(func() { w.last = fmt.Sprint(v) })
	return w.operation(core.VerbApprove, ref), nil
}

func (w *world) PlanReject(_ context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	w.set(func() { w.last = fmt.Sprint(v) })
	return w.operation(core.VerbReject, ref), nil
}
