package argocd

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	fake "devops-tui/test/sim/argocd"
)

// follow carries an operation out and follows it to its end.
func follow(t *testing.T, w *world, op *core.Operation) {
	t.Helper()
	if p := op.Plan; p.Title.Empty() || p.Command.Empty() || p.UndoHint.Empty() || len(p.Impact) == 0 || p.Target.UID == "" || len(p.Changes) == 0 {
		t.Errorf("the plan is not complete: %+v", p)
	}
	if err := op.Execute(sources.PermitFor(t.Context(), op.Plan.Target), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeHealthy || err != nil {
		t.Fatalf("%s, %v", out, err)
	}
}

func deployAndFollow(t *testing.T, w *world, name string, what core.Deploy) core.Plan {
	t.Helper()
	op, err := w.src.PlanDeploy(t.Context(), ref(name), what)
	if err != nil {
		t.Fatal(err)
	}
	follow(t, w, op)
	return op.Plan
}

func joined[T interface{ String() string }](all []T) string {
	var out []string
	for _, s := range all {
		out = append(out, s.String())
	}
	return strings.Join(out, "\n")
}

func TestASyncIsPlannedSentOnceAndFollowed(t *testing.T) {
	w := newWorld(t)
	head := w.Push("shop", "kim", "Second", "registry.example/shop:v2")
	p := deployAndFollow(t, w, "shop", core.Deploy{})
	if len(w.server.Mutations()) != 1 || w.gate.Sent() != 1 {
		t.Errorf("%d changes were sent", len(w.server.Mutations()))
	}
	if got, _ := w.Application("shop"); got.Status.Sync.Status != "Synced" || got.Status.History[1].Revision != head {
		t.Errorf("%+v", got.Status)
	}
	if !strings.Contains(joined(p.Diff), "shop:v2") || p.Changes[0].After.String() != head[:7] || !strings.Contains(p.Impact[0].String(), "one resource changes: Deployment shop/shop") {
		t.Errorf("%+v", p)
	}
	if got := p.Command.String(); got != "argocd app sync argocd/shop --server "+strings.TrimPrefix(w.server.URL, "http://")+" --plaintext" {
		t.Errorf("command %s", got)
	}
	if p.Inverse == nil || p.Inverse.Verb != core.VerbRollback || p.Inverse.Params["to"] != "0" {
		t.Errorf("inverse %+v", p.Inverse)
	}
	op, err := w.src.PlanRerun(t.Context(), ref("shop"), core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	follow(t, w, op)
}

func TestTwoSyncsOfOneSecondAreToldApart(t *testing.T) {
	at := time.Now().Truncate(time.Second)
	w := newWorldWith(t, fake.Options{Token: canary, Now: func() time.Time { return at }})
	for range 3 { // all times of the server are the same
		deployAndFollow(t, w, "shop", core.Deploy{})
	}
	op, err := w.src.PlanRollback(t.Context(), ref("shop"), core.Rollback{To: "0"})
	if err != nil {
		t.Fatal(err)
	}
	follow(t, w, op)
}

func TestASyncThatFailsIsToldAndRunAgain(t *testing.T) {
	w := newWorld(t)
	w.Hold(true)
	op, err := w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	w.Fail("shop", "no such namespace")
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "no such namespace") {
		t.Errorf("%s, %v", out, err)
	}
	op, err = w.src.PlanRerun(t.Context(), ref("shop"), core.Rerun{FailedOnly: true})
	if err != nil || !strings.Contains(op.Plan.Command.String(), "--resource apps:Deployment:shop/shop") {
		t.Fatalf("%v", err)
	}
	w.Hold(false)
	follow(t, w, op)
}

func TestARollbackWithAutoSyncOn(t *testing.T) {
	w := newWorld(t)
	w.Push("auto", "kim", "Second")
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool {
		_, _ = w.src.Get(t.Context(), ref("auto")) // the simulator goes on with each request
		a, _ := w.Application("auto")
		return len(a.Status.History) == 2
	})
	f, err := w.src.Form(t.Context(), core.VerbRollback, ref("auto"))
	if err != nil || len(f.Fields) != 3 || f.Fields[0].Value != "0" || f.Fields[2].Value != "off" || !strings.Contains(f.Note.String(), "auto-sync is on") {
		t.Fatalf("%+v, %v", f, err)
	}
	_, err = w.src.PlanRollback(t.Context(), ref("auto"), core.Rollback{To: "0"})
	var p *core.Problem
	if !errors.As(err, &p) || p.Kind != core.Refused || !strings.Contains(p.Hint.String(), "git revert") {
		t.Errorf("%v", err)
	}
	op, err := w.src.PlanRollback(t.Context(), ref("auto"), core.Rollback{To: "0", Options: map[string]string{"auto-sync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	if op.Plan.Changes[0].Field.String() != "auto-sync" || !strings.Contains(joined(op.Plan.Warnings), "git revert") || !strings.Contains(op.Plan.Command.String(), "--sync-policy none") {
		t.Errorf("%+v", op.Plan)
	}
	follow(t, w, op)
	a, _ := w.Application("auto")
	if len(a.Status.History) != 3 || a.Status.History[2].Revision != a.Status.History[0].Revision {
		t.Errorf("%+v", a.Status.History)
	}
}

func TestARefusedRollbackSaysThatAutoSyncIsOff(t *testing.T) {
	w := newWorld(t)
	w.Push("auto", "kim", "Second")
	testkit.PollTrue(t, 20*time.Second, "it shows", func() bool {
		_, _ = w.src.Get(t.Context(), ref("auto"))
		a, _ := w.Application("auto")
		return len(a.Status.History) == 2
	})
	op, err := w.src.PlanRollback(t.Context(), ref("auto"), core.Rollback{To: "0", Options: map[string]string{"auto-sync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	w.server.Fail(sim.On("POST", "/api/v1/applications/auto/rollback"), sim.Fault{Status: 403, Body: `{"message":"no"}`}, 1)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err == nil || !strings.Contains(err.Error(), "auto-sync is off now") {
		t.Error(err)
	}
}

func TestASyncIsCancelled(t *testing.T) {
	w := newWorld(t)
	w.Hold(true)
	_, err := w.src.PlanCancel(t.Context(), ref("shop"), core.Cancel{})
	if p := w.src.Problem(err); p == nil || p.Kind != core.Conflict {
		t.Errorf("%v", err)
	}
	sync, err := w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sync.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	w.Step("shop")
	op, err := w.src.PlanCancel(t.Context(), ref("shop"), core.Cancel{})
	if err != nil {
		t.Fatal(err)
	}
	w.Hold(false)
	w.Hold(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	w.Step("shop")
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	if out, err := sync.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("the sync that was cancelled: %s, %v", out, err)
	}
}

func TestWhatHasChangedSinceThePlanIsNotSent(t *testing.T) {
	for name, change := range map[string]func(*world){
		"Git has moved on": func(w *world) { w.Push("shop", "ada", "Third") },
		"a sync has begun": func(w *world) {
			op, err := w.src.PlanDeploy(context.Background(), ref("shop"), core.Deploy{})
			if err == nil {
				_ = op.Execute(sources.Permit(context.Background()), sources.Quiet)
			}
			w.server.Reset()
		},
		"it was replaced": func(w *world) { w.Remove("shop"); w.Add(specShop) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Hold(true)
			w.Push("shop", "kim", "Second")
			op, err := w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
			if err != nil {
				t.Fatal(err)
			}
			change(w)
			err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
			if p := w.src.Problem(err); p == nil || p.Kind != core.Conflict || len(w.server.Mutations()) != 0 {
				t.Errorf("%v; %d sent", err, len(w.server.Mutations()))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	refused := func(err error, kind core.ProblemKind, words string) {
		t.Helper()
		if p := w.src.Problem(err); p == nil || p.Kind != kind || !strings.Contains(p.Error(), words) {
			t.Errorf("%v, want %s: %s", err, kind, words)
		}
	}
	plan := func() error {
		_, err := w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
		return err
	}
	w.Window(false)
	refused(plan(), core.Refused, "a sync window forbids it")
	w.Window(true)
	op, err := w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
	if err != nil || !strings.Contains(joined(op.Plan.Warnings), "a sync window is open") {
		t.Errorf("%v", err)
	}
	w.NoWindow()
	_, err = w.src.PlanDeploy(t.Context(), ref("auto"), core.Deploy{Revision: "v1"})
	refused(err, core.Conflict, "auto-sync")
	_, err = w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{Image: "x"})
	refused(err, core.Invalid, "from Git")
	_, err = w.src.PlanRollback(t.Context(), ref("shop"), core.Rollback{})
	refused(err, core.NotFound, "no earlier deployment")
	op, err = w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	w.gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	w.gate.SetReadOnly(false)
	if err := op.Execute(t.Context(), sources.Quiet); err == nil || len(w.server.Mutations()) != 0 {
		t.Errorf("without a permit: %v", err)
	}
	w.server.Fail(sim.On("POST", "/api/v1/applications/shop/sync"), sim.Fault{Drop: true}, 1)
	w.Push("shop", "kim", "Second")
	op, err = w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) || len(w.server.Mutations()) != 1 {
		t.Errorf("a lost answer: %v", err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeHealthy || err != nil {
		t.Errorf("read back: %s, %v", out, err)
	}
	// The rights are asked once, so take them from a source of its own.
	w.Deny("sync")
	w.src = w.source(t, w.gate)
	refused(plan(), core.Forbidden, "may not sync default/shop")
	row, err := w.src.Get(t.Context(), ref("shop"))
	if err != nil || w.src.Disabled(core.VerbDeploy, row).String() != "the user may not sync it" {
		t.Errorf("%v", err)
	}
}

func TestDisabledTellsWithoutARequest(t *testing.T) {
	w := newWorld(t)
	w.Hold(true)
	row, err := w.src.Get(t.Context(), ref("shop"))
	if err != nil {
		t.Fatal(err)
	}
	asked := len(w.server.Requests())
	for verb, want := range map[string]string{
		core.VerbDeploy: "", core.VerbCancel: "no sync goes on", core.VerbRerun: "it has not been synced yet",
		core.VerbRollback: "there is no earlier deployment", core.VerbScale: "Argo CD cannot do that to it",
	} {
		if got := w.src.Disabled(verb, row).String(); got != want {
			t.Errorf("%s: %q, want %q", verb, got, want)
		}
	}
	if n := len(w.server.Requests()); n != asked {
		t.Errorf("%d requests", n-asked)
	}
}
