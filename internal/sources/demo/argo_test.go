package demo

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
)

func argoRefs(scope string) (app, rollout core.Ref) {
	return core.Ref{Source: ID, Scope: scope, Kind: "application", Namespace: "argocd", Name: "checkout"},
		core.Ref{Source: ID, Scope: scope, Kind: "rollout", Namespace: "shop", Name: "checkout"}
}

// untilPaused waits until the rollout waits for a human.
func untilPaused(t *testing.T, s *Source, ref core.Ref) {
	t.Helper()
	within(t, 30*time.Minute, "a rollout that waits", func() bool { return len(row(t, s, ref).Facts.Waits) > 0 })
}

// titles are the lines of an outline.
func titles(t *testing.T, s *Source, ref core.Ref) string {
	t.Helper()
	out, err := s.Outline(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, n := range out.Nodes {
		b.WriteString(strings.Repeat("  ", n.Depth) + n.Title.String() + " " + n.Reason.String() + "\n")
	}
	return b.String()
}

func TestAPromotionGoesThroughTheSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		app, ref := argoRefs(Prod)
		untilPaused(t, s, ref)
		r := row(t, s, ref)
		if r.Reason.String() != "Paused" || r.Facts.Waits[0].String() != "promotion at 20%" || cellOf(t, s, r, "weight").Num != 20 || row(t, s, app).Reason.String() != "Suspended" {
			t.Fatalf("it waits: %+v; the application: %+v", r, row(t, s, app))
		}
		if got := titles(t, s, ref); !strings.Contains(got, "set weight 20% done") || !strings.Contains(got, "pause until promoted current") || !strings.Contains(got, "canary: revision ") || strings.Count(got, "Running") != 5 {
			t.Errorf("the outline:\n%s", got)
		}
		op, err := s.PlanApprove(t.Context(), ref, core.Verdict{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("promoted: %v", out)
		}
		if r = row(t, s, ref); r.Reason.String() != "Healthy" || cellOf(t, s, r, "weight").Num != 100 {
			t.Errorf("promoted: %+v", r)
		}
		_, err = s.PlanApprove(t.Context(), ref, core.Verdict{})
		refused(t, "does not wait", err)
		if a := row(t, s, app); a.Reason.String() != "Synced" || a.Phase != core.Running {
			t.Errorf("the application: %+v", a)
		}
	})
}

func TestAnAbortIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		app, ref := argoRefs(Prod)
		untilPaused(t, s, ref)
		op, err := s.PlanCancel(t.Context(), ref, core.Cancel{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("aborted: %v", out)
		}
		if r, a := row(t, s, ref), row(t, s, app); r.Phase != core.Degraded || cellOf(t, s, r, "weight").Num != 0 || a.Phase != core.Failed {
			t.Errorf("aborted: %+v, %+v", r, a)
		}
		x, err := s.Explain(t.Context(), app)
		if err != nil || !strings.Contains(x.Summary.String(), "was aborted") || !x.At.SameObject(ref) {
			t.Errorf("why: %+v, %v", x, err)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy { // to the pause
			t.Errorf("tried again: %v", out)
		}
		op, err = s.PlanPause(t.Context(), ref)
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Message.String() != "paused by hand at 20%" {
			t.Errorf("paused: %v, %s", out, row(t, s, ref).Message)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy {
			t.Errorf("resumed: %v", out)
		}
		op, err = s.PlanApprove(t.Context(), ref, core.Verdict{Options: map[string]string{"full": "true"}})
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Reason.String() != "Healthy" {
			t.Errorf("to the end: %v, %s", out, row(t, s, ref).Reason)
		}
		op, err = s.PlanRollback(t.Context(), ref, core.Rollback{})
		if out := carry(t, op, err); out != core.OutcomeHealthy || len(op.Plan.Warnings) != 2 {
			t.Errorf("undone: %v, warnings %v", out, op.Plan.Warnings)
		}
		if a := row(t, s, app); cellOf(t, s, a, "sync").Text.String() != "OutOfSync" {
			t.Errorf("the application: %+v", a)
		}
	})
}

// With auto-sync on a rollback would not stay: the plan switches it off.
func TestARollbackOfAnApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		app, ref := argoRefs(Prod)
		untilPaused(t, s, ref)
		op, err := s.PlanApprove(t.Context(), ref, core.Verdict{Options: map[string]string{"full": "true"}})
		carry(t, op, err)
		before := row(t, s, app).Facts.Image[0]
		_, err = s.PlanRollback(t.Context(), app, core.Rollback{})
		refused(t, "auto-sync is on", err)
		f, err := s.Form(t.Context(), core.VerbRollback, app)
		if err != nil || len(f.Fields) != 2 || f.Fields[1].Name != "auto-sync" || f.Fields[1].Value != "off" || f.Note.Empty() {
			t.Fatalf("the form: %+v, %v", f, err)
		}
		op, err = s.PlanRollback(t.Context(), app, core.Rollback{To: f.Fields[0].Value, Options: map[string]string{"auto-sync": "off"}})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("rolled back: %v", out)
		}
		a := row(t, s, app)
		if a.Facts.Image[0] == before || cellOf(t, s, a, "auto").Text.String() != "off" || cellOf(t, s, a, "sync").Text.String() != "OutOfSync" {
			t.Errorf("rolled back: %+v", a)
		}
		d, err := s.Diff(t.Context(), app)
		if err != nil || len(d.Lines) == 0 {
			t.Errorf("the difference: %+v, %v", d, err)
		}
		h, err := s.History(t.Context(), app)
		if err != nil || !strings.Contains(h.Lines[0].String(), "by you") {
			t.Errorf("the history: %+v, %v", h, err)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || row(t, s, app).Facts.Image[0] != before {
			t.Errorf("undone: %v", out)
		}
		// Switched off, it waits for a human.
		within(t, 30*time.Minute, "a commit that nobody has synced", func() bool { return row(t, s, app).Reason.String() == "OutOfSync" })
		op, err = s.PlanDeploy(t.Context(), app, core.Deploy{})
		if out := carry(t, op, err); out != core.OutcomeHealthy || len(op.Plan.Diff) == 0 {
			t.Errorf("synced: %v", out)
		}
	})
}

func TestASyncIsTerminated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Staging)
		app, ref := argoRefs(Staging)
		_, err := s.PlanCancel(t.Context(), app, core.Cancel{})
		refused(t, "nothing of application", err)
		within(t, 30*time.Minute, "a sync", func() bool { return row(t, s, app).Reason.String() == "Syncing" })
		_, err = s.PlanDeploy(t.Context(), app, core.Deploy{})
		refused(t, "already", err)
		before := row(t, s, ref).Facts.Image[0]
		op, err := s.PlanCancel(t.Context(), app, core.Cancel{})
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, app).Reason.String() == "Syncing" {
			t.Errorf("terminated: %v", out)
		}
		<-time.After(time.Minute)
		if after := row(t, s, ref).Facts.Image[0]; after != before {
			t.Errorf("the rollout got %s though the sync was terminated", after)
		}
	})
}
