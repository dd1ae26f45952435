package gitlab

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	sim "devops-tui/test/sim"
	world "devops-tui/test/sim/gitlab"
)

func problemKind(s *Source, err error) core.ProblemKind {
	if err == nil {
		return 255
	}
	return sources.AsProblem(s, err).Kind
}

func TestRefusals(t *testing.T) {
	hour := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name  string
		wrong func(*testing.T, *bench)
		want  core.ProblemKind
		says  string
	}{
		{"an unknown token", func(_ *testing.T, b *bench) { b.SetToken(world.DefaultToken, world.Token{User: "kim", Revoked: true}) }, core.Unauthorized, "revoked"},
		{"an expired token", func(_ *testing.T, b *bench) {
			b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"api"}, Expires: time.Now().Add(-time.Hour)})
		}, core.Unauthorized, "expired"},
		{"a token that may only read", func(_ *testing.T, b *bench) {
			b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"read_api"}})
		}, core.Forbidden, "scope"},
		{"403", func(_ *testing.T, b *bench) { b.Deny("POST", "/projects/", 403) }, core.Forbidden, ""},
		{"404", func(_ *testing.T, b *bench) { b.RemoveProject(shop) }, core.NotFound, ""},
		{"rate-limited", func(_ *testing.T, b *bench) { b.Limit(0, hour) }, core.Throttled, ""},
		{"moved", func(_ *testing.T, b *bench) { b.Rename(shop, "acme/store") }, core.NotFound, "moved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			id := b.waiting(t)
			op, err := b.src.PlanApprove(t.Context(), runRef(id), core.Verdict{})
			if err != nil {
				t.Fatal(err)
			}
			c.wrong(t, b)
			err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
			if p := sources.AsProblem(b.src, err); err == nil || p.Kind != c.want || !strings.Contains(p.Error(), c.says) {
				t.Errorf("execute: %v (%v), want %v that says %q", err, p, c.want, c.says)
			}
			if n := len(b.Mutations()); n != 0 {
				t.Errorf("%d changes were carried out", n)
			}
		})
	}
	t.Run("the server is down", func(t *testing.T) {
		b := newBench(t)
		op, err := b.src.PlanApprove(t.Context(), runRef(b.waiting(t)), core.Verdict{})
		if err != nil {
			t.Fatal(err)
		}
		b.server.Stop()
		err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
		if problemKind(b.src, err) != core.Unreachable || errors.Is(err, core.ErrOutcomeUnknown) {
			t.Errorf("nothing can have arrived: %v", err)
		}
	})
	t.Run("read-only, and without a permit", func(t *testing.T) {
		b := newBench(t)
		op, err := b.src.PlanApprove(t.Context(), runRef(b.waiting(t)), core.Verdict{})
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Execute(t.Context(), sources.Quiet); err == nil {
			t.Error("it left without a permit")
		}
		b.gate.SetReadOnly(true)
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
			t.Errorf("read-only: %v", err)
		}
		b.gate.SetReadOnly(false)
		b.gate.SetGuard(func(r core.Ref) error {
			if r.Namespace == shop {
				return core.ErrReadOnly
			}
			return nil
		})
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
			t.Errorf("the guard of the project: %v", err)
		}
		if len(b.Mutations()) != 0 {
			t.Error("a change was carried out")
		}
	})
}

func TestALostAnswerIsReadBack(t *testing.T) {
	b := newBench(t)
	post := func(r *http.Request) bool { return r.Method == http.MethodPost }
	lose := func(t *testing.T, op *core.Operation, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		before := len(b.World.Mutations())
		b.server.Fail(post, sim.Fault{Drop: true}, 1)
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
			t.Errorf("execute: %v, want that the outcome is unknown", err)
		}
		if n := len(b.World.Mutations()) - before; n != 1 {
			t.Errorf("%d changing requests arrived, want 1", n)
		}
	}
	t.Run("a manual job", func(t *testing.T) {
		id := b.waiting(t)
		op, err := b.src.PlanApprove(t.Context(), runRef(id), core.Verdict{})
		lose(t, op, err)
		b.SetJob(b.JobID(id, "deploy"), "success", "")
		b.verify(t, op, core.OutcomeHealthy)
	})
	t.Run("a retry", func(t *testing.T) {
		id := b.Push(shop, world.Spec{Title: "x", Jobs: []world.JobSpec{{Name: "build", Stage: "build"}}})
		b.SetJob(b.JobID(id, "build"), "failed", "")
		op, err := b.src.PlanRerun(t.Context(), jobRef(id, b.JobID(id, "build"), "build"), core.Rerun{})
		lose(t, op, err)
		b.SetJob(b.JobID(id, "build"), "success", "")
		b.verify(t, op, core.OutcomeHealthy)
	})
	t.Run("a new pipeline", func(t *testing.T) {
		op, err := b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{})
		lose(t, op, err)
		all := b.Pipelines(shop)
		said := b.verify(t, op, core.OutcomeUnknown)
		if !strings.Contains(said, "cannot be told") || !strings.Contains(said, strconv.Itoa(all[len(all)-1])) {
			t.Errorf("said: %q", said)
		}
	})
}

func TestWhichGate(t *testing.T) {
	b := newBench(t)
	b.Block(shop, "production", 2)
	b.waiting(t)
	b.waiting(t)
	ref := kindRef("environment", "production")
	if _, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{}); problemKind(b.src, err) != core.Invalid || !strings.Contains(err.Error(), "#1, #2") && !strings.Contains(err.Error(), "#2, #1") {
		t.Errorf("two wait: %v", err)
	}
	f, err := b.src.Form(t.Context(), core.VerbApprove, ref)
	if err != nil || len(f.Fields) != 2 || len(f.Fields[0].Choices) != 2 || f.Fields[0].Choices[0].Value != "#2" || f.Fields[0].Value != "#2" {
		t.Fatalf("form: %+v %v", f, err)
	}
	op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{Gates: []string{"#2"}, Comment: "well"})
	if err != nil || !strings.Contains(planText(op.Plan), "further approvals: 1") {
		t.Fatalf("plan: %+v %v", op, err)
	}
	b.done(t, op, nil, core.OutcomeHealthy)
	if _, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{Gates: []string{"#2"}}); err != nil {
		// who we are is known when the source runs; then a second answer is refused
		t.Errorf("plan: %v", err)
	}
	if _, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{Gates: []string{"#9"}}); problemKind(b.src, err) != core.Conflict {
		t.Errorf("no such gate: %v", err)
	}
}

func TestDisabledTellsWhyWithoutARequest(t *testing.T) {
	b := newBench(t)
	id := b.waiting(t)
	done := b.Push(shop, world.Spec{Title: "Done", Jobs: []world.JobSpec{{Name: "a"}}})
	b.Finish(done, "success")
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}})
	until(t, "rows with their jobs", func() bool {
		x := rec.Find(runRef(id))
		return rec.Listed("run") && x != nil && len(x.Facts.Waits) == 1 && rec.Find(runRef(done)) != nil
	})
	x, y := rec.Find(runRef(id)), rec.Find(runRef(done))
	for _, c := range []struct {
		verb string
		row  *core.Resource
		can  bool
	}{
		{core.VerbApprove, x, true},
		{core.VerbReject, x, false},
		{core.VerbCancel, x, true},
		{core.VerbRerun, x, false},
		{core.VerbApprove, y, false},
		{core.VerbCancel, y, false},
		{core.VerbRerun, y, true},
		{core.VerbDeploy, y, true},
		{core.VerbScale, y, false},
		{core.VerbDeploy, nil, false},
	} {
		if why := b.src.Disabled(c.verb, c.row); why.Empty() != c.can {
			t.Errorf("%s: %q", c.verb, why)
		}
	}
}

// TestPlansNameTheEnvironmentsThatChange: the policies of environments hold for
// whatever deploys to them.
func TestPlansNameTheEnvironmentsThatChange(t *testing.T) {
	b := newBench(t)
	first := b.waiting(t)
	b.SetJob(b.JobID(first, "deploy"), "success", "") // now it is known where deploy deploys to
	id := b.waiting(t)
	failed := b.waiting(t)
	b.SetJob(b.JobID(failed, "deploy"), "failed", "script_failure")
	going := b.waiting(t)
	b.SetJob(b.JobID(going, "deploy"), "running", "")
	for name, plan := range map[string]func() (*core.Operation, error){
		"approve on the run": func() (*core.Operation, error) { return b.src.PlanApprove(t.Context(), runRef(id), core.Verdict{}) },
		"deploy on the job": func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), jobRef(id, b.JobID(id, "deploy"), "deploy"), core.Deploy{})
		},
		"retry": func() (*core.Operation, error) {
			return b.src.PlanRerun(t.Context(), runRef(failed), core.Rerun{FailedOnly: true})
		},
		"retry of the job": func() (*core.Operation, error) {
			return b.src.PlanRerun(t.Context(), jobRef(failed, b.JobID(failed, "deploy"), "deploy"), core.Rerun{})
		},
		"again": func() (*core.Operation, error) { return b.src.PlanRerun(t.Context(), runRef(failed), core.Rerun{}) },
		"new": func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{})
		},
		"cancel": func() (*core.Operation, error) { return b.src.PlanCancel(t.Context(), runRef(going), core.Cancel{}) },
		"cancel of the job": func() (*core.Operation, error) {
			return b.src.PlanCancel(t.Context(), jobRef(going, b.JobID(going, "deploy"), "deploy"), core.Cancel{})
		},
	} {
		op, err := plan()
		if err != nil || len(op.Plan.Also) != 1 || op.Plan.Also[0] != kindRef("environment", "production") || !strings.Contains(planText(op.Plan), "production") {
			t.Errorf("%s: %v %v", name, op, err)
		}
	}
	op, err := b.src.PlanRerun(t.Context(), jobRef(id, b.JobID(id, "unit"), "unit"), core.Rerun{})
	if err != nil || len(op.Plan.Also) != 0 {
		t.Errorf("unit deploys nowhere: %v %v", op, err)
	}
}
