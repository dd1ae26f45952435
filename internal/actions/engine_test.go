package actions_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/all"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

func nothing(sources.Source, *core.Resource) text.Safe { return text.Safe{} }

func silent(ctx context.Context, _ sources.Source, _ core.Ref, _ actions.Params) (*core.Operation, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func planFor(w *world, name string) func(context.Context, sources.Source, core.Ref, actions.Params) (*core.Operation, error) {
	return func(context.Context, sources.Source, core.Ref, actions.Params) (*core.Operation, error) {
		return w.operation("restart", w.ref(name)), nil
	}
}

func testVerbs() []actions.Verb { return all.Verbs() }

// plain is a source that can only be watched.
type plain struct{ sources.Source }

type one struct{ s sources.Source }

func (o one) Source(core.Instance) sources.Source { return o.s }

func TestVerbsSayWhyNot(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	offer := func(ref core.Ref) actions.Offer {
		t.Helper()
		o := b.Verbs(&core.Resource{Ref: ref})
		if len(o) != len(simVerbs) {
			t.Fatal("not every verb is offered or refused")
		}
		return o[0]
	}
	if o := offer(b.w.ref("web")); !o.Disabled.Empty() || !o.Exists || o.Verb.Key != "R" {
		t.Fatalf("%+v", o)
	}
	image := b.w.ref("web")
	image.Kind = "image"
	o := offer(image)
	wantString(t, o.Disabled, "sim cannot restart an image")
	if o.Exists {
		t.Fatal("an image has no restart")
	}
	b.w.off = text.Lit("no permission to patch boxes")
	wantString(t, offer(b.w.ref("web")).Disabled, "no permission to patch boxes")
	_, err := b.Plan(t.Context(), "restart", []core.Ref{b.w.ref("web")}, nil)
	wantKind(t, err, core.Unsupported)
	wantString(t, offer(core.Ref{Source: "sim", Scope: "x", Kind: "box"}).Disabled, "sim:x is not connected")
	if b.Verbs(nil) != nil || b.w.reads != 1 {
		t.Fatalf("Verbs sent %d requests", b.w.reads-1)
	}

	bare := actions.New(actions.Options{Verbs: all.Verbs(), Resolver: one{plain{b.w}}, Journal: b.journal})
	wantString(t, bare.Verbs(&core.Resource{Ref: b.w.ref("web")})[0].Disabled, "Sim has no restart")
	_, err = bare.Plan(t.Context(), "restart", []core.Ref{b.w.ref("web")}, nil)
	wantKind(t, err, core.Unsupported)
}

func TestPlanRefusesNonsense(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	refs := []core.Ref{b.w.ref("web")}
	_, err := b.Plan(t.Context(), "explode", refs, nil)
	wantKind(t, err, core.Invalid)
	if !strings.Contains(err.Error(), "restart") {
		t.Fatalf("no valid names in %v", err)
	}
	_, err = b.Plan(t.Context(), "restart", nil, nil)
	wantKind(t, err, core.Invalid)
	_, err = b.Plan(t.Context(), "restart", refs, actions.Params{"replicas": "3"})
	wantKind(t, err, core.Invalid)

	scale := actions.Verb{ID: "scale", Title: text.Lit("scale"), Params: []actions.Param{{Name: "replicas", Required: true}}, Disabled: nothing, Plan: silent}
	e := actions.New(actions.Options{Verbs: []actions.Verb{scale}, Resolver: worlds{b.w}, Journal: b.journal})
	_, err = e.Plan(t.Context(), "scale", refs, nil)
	wantKind(t, err, core.Invalid)
	_, err = e.Plan(t.Context(), "scale", refs, actions.Params{"replicas": "3", "replica": "4"})
	wantKind(t, err, core.Invalid)
	if !strings.Contains(err.Error(), "did you mean replicas?") {
		t.Fatal(err)
	}
}

func TestManyObjectsAreOnePlan(t *testing.T) {
	w := newWorld("a", "a", "b", "c", "d", "e", "f")
	b := setUp(t, w)
	gone := w.ref("c")
	w.set(func() { delete(w.uid, "c") })
	without := w.ref("a")
	without.UID = "" // the same object, once without its UID
	refs := []core.Ref{w.ref("a"), w.ref("b"), gone, w.ref("b"), without, w.ref("d"), w.ref("e"), w.ref("f")}
	p, err := b.Plan(t.Context(), "restart", refs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Targets) != 5 || len(p.Skipped) != 1 || p.Skipped[0].Problem.Kind != core.NotFound {
		t.Fatalf("%d targets, skipped %+v", len(p.Targets), p.Skipped)
	}
	w.send = func(_ context.Context, w *world, ref core.Ref) error {
		if ref.Name == "d" {
			return &core.Problem{Kind: core.Forbidden, Summary: text.Lit("not d")}
		}
		return w.change(ref)
	}
	w.replace("e")
	_ = p.Accept()
	var mu sync.Mutex
	steps := map[string][]actions.Step{}
	task, err := b.Execute(t.Context(), p, func(x actions.Task) {
		mu.Lock()
		defer mu.Unlock()
		for _, y := range x.Targets {
			if s := steps[y.Ref.Name]; len(s) == 0 || s[len(s)-1] != y.Step {
				steps[y.Ref.Name] = append(s, y.Step)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]core.Outcome{}
	for _, x := range task.Targets {
		got[x.Ref.Name] = x.Outcome
	}
	wantString(t, got, map[string]core.Outcome{"a": core.OutcomeHealthy, "b": core.OutcomeHealthy, "d": core.OutcomeRefused, "e": core.OutcomeRefused, "f": core.OutcomeHealthy})
	if task.Outcome != core.OutcomeRefused || !task.Conflicted() {
		t.Fatalf("%+v", task)
	}
	changed := w.changed()
	slices.Sort(changed)
	wantString(t, changed, "[a-a-1 a-b-1 a-f-1]")
	for name, s := range steps {
		if !slices.IsSorted(s) || s[len(s)-1] != actions.Finished {
			t.Errorf("%s: %v", name, s)
		}
	}
	if n := strings.Count(b.journal.events(), "intent"); n != 4 {
		t.Fatalf("%d intents", n)
	}
}

func TestTheStrongestPolicyCountsForAll(t *testing.T) {
	dev, prod := newWorld("dev", "a"), newWorld("prod", "a", "b")
	e := actions.New(actions.Options{
		Verbs: all.Verbs(), Resolver: worlds{dev, prod}, Journal: &memory{},
		Config: actions.PolicyFunc(func(ref core.Ref, _ string, danger int) actions.Policy {
			if ref.Scope == "prod" {
				return actions.Policy{Level: actions.Name, Environment: text.Lit("prod"), MaxBulk: 2}
			}
			if danger > 1 {
				return actions.Policy{Level: actions.Confirm, Environment: text.Lit("dev"), MaxBulk: 10}
			}
			return actions.Policy{Environment: text.Lit("dev"), MaxBulk: 10}
		}),
	})
	p, err := e.Plan(t.Context(), "restart", []core.Ref{dev.ref("a"), prod.ref("a")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, []any{p.Level, p.Policy.Environment, p.Policy.MaxBulk}, []any{actions.Name, "prod", 2})
	_, err = e.Plan(t.Context(), "restart", []core.Ref{dev.ref("a"), prod.ref("a"), prod.ref("b")}, nil)
	wantKind(t, err, core.Refused)
	if !strings.Contains(err.Error(), "max_bulk") {
		t.Fatal(err)
	}
	p, _ = e.Plan(t.Context(), "restart", []core.Ref{dev.ref("a")}, nil)
	wantString(t, p.Level, actions.Free)
	dev.plan.Danger = 2 // the plan found out that it loses data
	p, _ = e.Plan(t.Context(), "restart", []core.Ref{dev.ref("a")}, nil)
	wantString(t, p.Level, actions.Confirm)
}

func TestVerifyHasALimitAndCanBeStopped(t *testing.T) {
	forever := func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		report(core.Progress{Done: 1, Total: 3})
		<-ctx.Done()
		return core.OutcomeUnknown, ctx.Err()
	}
	t.Run("limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := setUp(t, newWorld("a", "web"))
			b.w.verify = forever
			start := time.Now()
			task := b.execute(b.confirmed("web"))
			wantString(t, []any{task.Outcome, time.Since(start), task.Problem().Summary}, []any{core.OutcomeFailed, 5 * time.Minute, "not healthy after 5m0s"})
		})
	})
	t.Run("stop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := setUp(t, newWorld("a", "web"))
			b.w.verify = forever
			calls := make(chan struct{}, 100)
			b.Subscribe(func() { calls <- struct{}{} })
			id, err := b.Start(b.confirmed("web"), nil)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			task := b.Tasks()[0]
			if task.ID != id || task.Targets[0].Step != actions.Verifying || task.Targets[0].Progress.Total != 3 || b.Running() != 1 || len(calls) == 0 {
				t.Fatalf("%+v, %d calls", task, len(calls))
			}
			if !b.StopWaiting(id) {
				t.Fatal("cannot stop")
			}
			task, _ = b.Wait(t.Context(), id)
			if !task.Done() || !task.Stopped || task.Outcome != core.OutcomeUnknown || len(b.w.changed()) != 1 || b.Running() != 0 {
				t.Fatalf("%+v", task)
			}
			wantString(t, b.journal.events(), "intent outcome unknown ")
			if b.StopWaiting(id) || b.StopWaiting("x") {
				t.Fatal("stopped what does not run")
			}
		})
	})
	t.Run("context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := setUp(t, newWorld("a", "web"))
			b.w.verify = forever
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			task, err := b.Execute(ctx, b.confirmed("web"), nil)
			if err != nil || !task.Stopped || task.Outcome != core.OutcomeUnknown {
				t.Fatalf("%v %+v", err, task)
			}
		})
	})
}

func TestCloseJournalsWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, newWorld("a", "web"))
		b.w.send = func(ctx context.Context, _ *world, _ core.Ref) error { <-ctx.Done(); return ctx.Err() }
		late := b.confirmed("web")
		if _, err := b.Start(b.confirmed("web"), nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		b.Close(ctx)
		wantString(t, time.Since(start), time.Second)
		wantString(t, b.journal.events(), "intent outcome unknown ")
		if _, err := b.Start(late, nil); err == nil {
			t.Fatal("started after Close")
		}
	})
}

func TestASlowSubscriberDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setUp(t, newWorld("a", "web"))
		block := make(chan struct{})
		calls := 0
		cancel := b.Subscribe(func() { calls++; <-block })
		for range 3 {
			b.execute(b.confirmed("web"))
			synctest.Wait()
		}
		close(block)
		synctest.Wait()
		if calls != 2 {
			t.Fatalf("%d calls: many changes are one more call", calls)
		}
		cancel()
		cancel()
		b.execute(b.confirmed("web"))
		synctest.Wait()
		if calls != 2 {
			t.Fatal("called after cancel")
		}
	})
}

func TestEndedTasksAreForgotten(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	first := b.execute(b.confirmed("web"))
	for range 60 {
		b.execute(b.confirmed("web"))
	}
	if n := len(b.Tasks()); n != 51 {
		t.Fatalf("%d tasks are kept", n)
	}
	if _, ok := b.Task(first.ID); ok {
		t.Fatal("the oldest is still there")
	}
}

func TestForeignProposalsAreRefused(t *testing.T) {
	b, other := setUp(t, newWorld("a", "web")), setUp(t, newWorld("a", "web"))
	if _, err := other.Execute(t.Context(), b.confirmed("web"), nil); !errors.Is(err, actions.ErrNotConfirmed) {
		t.Fatal(err)
	}
	if _, err := b.Execute(t.Context(), nil, nil); !errors.Is(err, actions.ErrNotConfirmed) {
		t.Fatal(err)
	}
	if _, err := b.Execute(t.Context(), &actions.Proposal{}, nil); !errors.Is(err, actions.ErrNotConfirmed) {
		t.Fatal(err)
	}
}

func TestVerbTable(t *testing.T) {
	ids, keys := map[string]bool{}, map[string]bool{}
	for _, v := range all.Verbs() {
		if v.ID == "" || v.Title.Empty() || v.Disabled == nil || v.Plan == nil || ids[v.ID] || v.Key != "" && keys[v.Key] {
			t.Errorf("%+v", v)
		}
		ids[v.ID], keys[v.Key] = true, true
	}
	for _, l := range []actions.Level{actions.Free, actions.Confirm, actions.Name, actions.Deny} {
		if got, err := actions.ParseLevel(fmt.Sprint(l)); err != nil || got != l {
			t.Errorf("%s: %v %v", l, got, err)
		}
	}
	if l, err := actions.ParseLevel("sure"); err == nil || l != actions.Deny {
		t.Error("an unknown level must not weaken anything")
	}
}
