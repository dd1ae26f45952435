package gitlab

import (
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	world "devops-tui/test/sim/gitlab"
)

func TestADelayedJobIsStartedAtOnce(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, world.Spec{Title: "Later", Jobs: []world.JobSpec{{Name: "later", Stage: "deploy", Delayed: true}}})
	job := b.JobID(id, "later")
	if s := b.JobStatus(job); s != "scheduled" {
		t.Fatalf("the job is %s", s)
	}
	op, err := b.src.PlanDeploy(t.Context(), jobRef(id, job, "later"), core.Deploy{})
	if err != nil || !strings.Contains(planText(op.Plan), "now it starts at once") {
		t.Fatalf("plan: %v %v", op, err)
	}
	b.soonDone(t, func() int { return job }, "success")
	b.done(t, op, nil, core.OutcomeHealthy)
}

func TestWhatCannotBePlanned(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, world.Spec{Title: "x", Ref: "refs/merge-requests/7/head", Jobs: []world.JobSpec{{Name: "a"}}})
	b.Finish(id, "success")
	if x, err := b.src.Get(t.Context(), runRef(id)); err != nil || x.Cells[3].Text.String() != "!7" {
		t.Errorf("a merge request's pipeline: %v %v", x, err)
	}
	for name, c := range map[string]struct {
		plan func() (*core.Operation, error)
		want core.ProblemKind
	}{
		"a merge request's pipeline again": {func() (*core.Operation, error) { return b.src.PlanRerun(t.Context(), runRef(id), core.Rerun{}) }, core.Unsupported},
		"a new one like it":                {func() (*core.Operation, error) { return b.src.PlanDeploy(t.Context(), runRef(id), core.Deploy{}) }, core.Invalid},
		"an image": {func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Image: "x"})
		}, core.Invalid},
		"a commit": {func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Revision: "abc"})
		}, core.Invalid},
		"a branch that is not there": {func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Ref: "nowhere"})
		}, core.Invalid},
		"an odd name": {func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Inputs: map[string]string{"a b": "c"}})
		}, core.Invalid},
		"an odd option": {func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Options: map[string]string{"prune": "true"}})
		}, core.Invalid},
		"another workflow": {func() (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), kindRef("workflow", "release"), core.Deploy{})
		}, core.NotFound},
		"no pipeline": {func() (*core.Operation, error) { return b.src.PlanCancel(t.Context(), runRef(4711), core.Cancel{}) }, core.NotFound},
		"no environment": {func() (*core.Operation, error) {
			return b.src.PlanRollback(t.Context(), kindRef("environment", "nowhere"), core.Rollback{})
		}, core.NotFound},
		"a workflow is not cancelled": {func() (*core.Operation, error) {
			return b.src.PlanCancel(t.Context(), kindRef("workflow", "ci"), core.Cancel{})
		}, core.Unsupported},
	} {
		if op, err := c.plan(); err == nil || problemKind(b.src, err) != c.want {
			t.Errorf("%s: %v %v, want %v", name, op, err, c.want)
		}
	}
	if n := len(b.Mutations()); n != 0 {
		t.Errorf("%d changes by planning", n)
	}
}

func TestWhoMayOnlyLookIsToldBeforePlanning(t *testing.T) {
	b := newBench(t)
	b.AddProject("acme/look").Access = 20
	ref := core.Ref{Source: ID, Scope: "gitlab.test", Kind: "workflow", Namespace: "acme/look", Name: "ci"}
	if _, err := b.src.PlanDeploy(t.Context(), ref, core.Deploy{}); problemKind(b.src, err) != core.Forbidden || !strings.Contains(err.Error(), "Reporter") {
		t.Errorf("plan: %v", err)
	}
	x, err := b.src.Get(t.Context(), ref)
	if err != nil || b.src.Disabled(core.VerbDeploy, x).Empty() {
		t.Errorf("disabled: %v", err)
	}
}

func TestATokenThatEndsWhileTheSourceRuns(t *testing.T) {
	b := newBench(t)
	hurry(b.src, 20)
	id := b.Push(shop, standard("x"))
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}})
	until(t, "the list", func() bool { return rec.Listed("run") && rec.Find(runRef(id)) != nil })
	b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"api"}, Expires: time.Now().Add(-time.Minute)})
	until(t, "the reason", func() bool { return rec.Problem("run") != nil && rec.Problem("run").Kind == core.Unauthorized })
	if rec.Find(runRef(id)) == nil {
		t.Error("the row is gone")
	}
	if _, err := b.src.Probe(t.Context()); problemKind(b.src, err) != core.Unauthorized {
		t.Errorf("probe: %v", err)
	}
	b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"api"}})
	until(t, "that it is well again", func() bool { return rec.Problem("run") == nil })
	src := sourceWith(t, b.server.URL, credential.Value(b.src.server.token.Where, "glpat-unknown"))
	err := src.Run(t.Context(), sourcetest.NewRecorder(src.Info().Instance(), src.Info().Kinds))
	if p := sources.AsProblem(src, err); p == nil || p.Kind != core.Unauthorized || p.Hint.Empty() {
		t.Errorf("run with a wrong token: %v", err)
	}
}

func TestAChangeShowsAtOnce(t *testing.T) {
	b := newBench(t)
	id := b.waiting(t)
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}}) // the list is asked for every 20 s
	until(t, "that it waits", func() bool { x := rec.Find(runRef(id)); return x != nil && len(x.Facts.Waits) == 1 })
	op, err := b.src.PlanApprove(t.Context(), runRef(id), core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	until(t, "that it runs", func() bool {
		x := rec.Find(runRef(id))
		return x.Reason.String() == "running" && len(x.Facts.Waits) == 0
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
