package gitlab

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	world "devops-tui/test/sim/gitlab"
)

// done carries an operation out and follows it; it returns what was reported.
func (b *bench) done(t *testing.T, op *core.Operation, err error, want core.Outcome) string {
	t.Helper()
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	p := op.Plan
	if p.Title.Empty() || p.Command.Empty() || p.UndoHint.Empty() || p.Target.UID == "" || len(p.Impact) == 0 || len(p.Changes) == 0 {
		t.Errorf("the plan is not complete: %+v", p)
	}
	before := len(b.World.Mutations())
	if err := op.Execute(sources.PermitFor(t.Context(), p.Target), sources.Quiet); err != nil {
		t.Fatalf("execute %s: %v", p.Title, err)
	}
	if n := len(b.World.Mutations()) - before; n != 1 {
		t.Errorf("%s: %d changing requests, want 1", p.Title, n)
	}
	return b.verify(t, op, want)
}

func (b *bench) verify(t *testing.T, op *core.Operation, want core.Outcome) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var said []string
	out, err := op.Verify(ctx, func(p core.Progress) { said = append(said, p.Text.String()) })
	if err != nil || out != want {
		t.Errorf("verify %s: %v, %v, want %v; %q", op.Plan.Title, out, err, want, said)
	}
	return strings.Join(said, "\n")
}

func jobRef(run, job int, name string) core.Ref {
	return core.Ref{Source: ID, Scope: "gitlab.test", Kind: "job", Namespace: shop, Name: strconv.Itoa(run) + "/" + name, UID: strconv.Itoa(job)}
}

func kindRef(kind, name string) core.Ref {
	return core.Ref{Source: ID, Scope: "gitlab.test", Kind: kind, Namespace: shop, Name: name}
}

// soonDone lets what runs end a little after.
func (b *bench) soonDone(t *testing.T, find func() int, status string) {
	t.Helper()
	go func() {
		for t.Context().Err() == nil {
			if id := find(); id != 0 && b.JobStatus(id) == "pending" {
				b.SetJob(id, status, "")
				return
			}
			select {
			case <-t.Context().Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
}

func TestDeployStartsAPipelineAndFollowsIt(t *testing.T) {
	b := newBench(t)
	b.Push(shop, world.Spec{Title: "One", Jobs: []world.JobSpec{{Name: "build", Stage: "build"}}})
	op, err := b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Inputs: map[string]string{"TARGET": "eu", "DEPLOY_TOKEN": "hush-hush", "EMPTY": ""}})
	if err != nil {
		t.Fatal(err)
	}
	newest := 0
	b.soonDone(t, func() int {
		for _, p := range b.Pipelines(shop) {
			newest = max(newest, p)
		}
		if len(b.Pipelines(shop)) < 2 {
			return 0
		}
		return b.JobID(newest, "build")
	}, "success")
	said := b.done(t, op, nil, core.OutcomeHealthy)
	all := b.Pipelines(shop)
	id := all[len(all)-1]
	if v := b.Variables(id); v["TARGET"] != "eu" || v["DEPLOY_TOKEN"] != "hush-hush" || len(v) != 2 {
		t.Errorf("variables: %v", v)
	}
	if !strings.Contains(said, strconv.Itoa(id)) {
		t.Errorf("the pipeline is not named: %q", said)
	}
	if s := op.Plan.Command.String() + planText(op.Plan); strings.Contains(s, "hush-hush") || !strings.Contains(s, "$DEPLOY_TOKEN") {
		t.Errorf("the secret, or its placeholder: %s", s)
	}
}

func planText(p core.Plan) string {
	s := p.Title.String()
	for _, c := range p.Changes {
		s += "\n" + c.Field.String() + c.Before.String() + c.After.String()
	}
	for _, x := range append(p.Impact, p.Warnings...) {
		s += "\n" + x.String()
	}
	return s
}

func TestTheCommandLineDoesTheSame(t *testing.T) {
	b := newBench(t)
	curl, err := exec.LookPath("curl")
	if err != nil {
		testkit.Missing(t, "no curl", "apt-get install curl")
	}
	b.Push(shop, world.Spec{Title: "One", Jobs: []world.JobSpec{{Name: "build", Stage: "build"}}})
	op, err := b.src.PlanDeploy(t.Context(), kindRef("workflow", "ci"), core.Deploy{Inputs: map[string]string{"TARGET": "it's $HOME", "DEPLOY_TOKEN": "hush"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = curl
	cmd := exec.CommandContext(t.Context(), "sh", "-c", op.Plan.Command.String())
	cmd.Env = append(cmd.Environ(), "GITLAB_TOKEN="+world.DefaultToken, "DEPLOY_TOKEN=from-the-shell")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v %s", op.Plan.Command, err, out)
	}
	all := b.Pipelines(shop)
	if v := b.Variables(all[len(all)-1]); len(all) != 2 || v["TARGET"] != "it's $HOME" || v["DEPLOY_TOKEN"] != "from-the-shell" {
		t.Errorf("%d pipelines, variables %v", len(all), v)
	}
}

func TestRerun(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, world.Spec{Title: "One", Jobs: []world.JobSpec{{Name: "build", Stage: "build"}, {Name: "unit", Stage: "test"}}})
	build := b.JobID(id, "build")
	b.SetJob(build, "failed", "script_failure")
	t.Run("what failed", func(t *testing.T) {
		op, err := b.src.PlanRerun(t.Context(), runRef(id), core.Rerun{FailedOnly: true})
		b.soonDone(t, func() int { return b.JobID(id, "build") }, "success")
		go func() {
			for t.Context().Err() == nil && b.JobStatus(b.JobID(id, "unit")) != "success" {
				if b.JobStatus(b.JobID(id, "unit")) == "pending" {
					b.SetJob(b.JobID(id, "unit"), "success", "")
				}
				<-time.After(5 * time.Millisecond)
			}
		}()
		b.done(t, op, err, core.OutcomeHealthy)
		if _, err := b.src.PlanRerun(t.Context(), runRef(id), core.Rerun{FailedOnly: true}); problemKind(b.src, err) != core.Conflict {
			t.Errorf("nothing failed any more: %v", err)
		}
	})
	t.Run("one job", func(t *testing.T) {
		unit := b.JobID(id, "unit")
		op, err := b.src.PlanRerun(t.Context(), jobRef(id, unit, "unit"), core.Rerun{})
		b.soonDone(t, func() int {
			if n := b.JobID(id, "unit"); n != unit {
				return n
			}
			return 0
		}, "failed")
		b.done(t, op, err, core.OutcomeFailed)
		again, err := b.src.PlanRerun(t.Context(), jobRef(id, unit, "unit"), core.Rerun{})
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Execute(sources.Permit(t.Context()), sources.Quiet); problemKind(b.src, err) != core.Conflict {
			t.Errorf("it has been retried already: %v", err)
		}
	})
	t.Run("all of it", func(t *testing.T) {
		b.Commit(shop, "main", "Later", "kim")
		op, err := b.src.PlanRerun(t.Context(), runRef(id), core.Rerun{})
		if err != nil {
			t.Fatal(err)
		}
		if s := planText(op.Plan); !strings.Contains(s, "has moved from") || !strings.Contains(s, "push") {
			t.Errorf("what differs is not said: %s", s)
		}
		b.soonDone(t, func() int { a := b.Pipelines(shop); return b.JobID(a[len(a)-1], "build") }, "failed")
		b.done(t, op, nil, core.OutcomeFailed)
	})
}

func TestCancel(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, standard("One"))
	b.SetJob(b.JobID(id, "build"), "running", "")
	op, err := b.src.PlanCancel(t.Context(), jobRef(id, b.JobID(id, "build"), "build"), core.Cancel{})
	b.done(t, op, err, core.OutcomeHealthy)
	two := b.Push(shop, standard("Two"))
	op, err = b.src.PlanCancel(t.Context(), runRef(two), core.Cancel{})
	b.done(t, op, err, core.OutcomeHealthy)
	if s := b.Status(two); s != "canceled" {
		t.Errorf("pipeline is %s", s)
	}
	if _, err := b.src.PlanCancel(t.Context(), runRef(two), core.Cancel{}); problemKind(b.src, err) != core.Conflict {
		t.Errorf("it has ended: %v", err)
	}
	if _, err := b.src.PlanCancel(t.Context(), runRef(two), core.Cancel{Force: true}); problemKind(b.src, err) != core.Invalid {
		t.Errorf("no forced cancel: %v", err)
	}
}

// waiting is a pipeline that has come to its manual job.
func (b *bench) waiting(t *testing.T) int {
	t.Helper()
	id := b.Push(shop, standard("Gate"))
	for _, j := range []string{"build", "unit", "lint"} {
		b.SetJob(b.JobID(id, j), "success", "")
	}
	if s := b.Status(id); s != "manual" {
		t.Fatalf("the pipeline is %s, not manual", s)
	}
	return id
}

func TestAManualJobIsStarted(t *testing.T) {
	b := newBench(t)
	for name, plan := range map[string]func(id int) (*core.Operation, error){
		"deploy on the job": func(id int) (*core.Operation, error) {
			return b.src.PlanDeploy(t.Context(), jobRef(id, b.JobID(id, "deploy"), "deploy"), core.Deploy{Inputs: map[string]string{"TARGET": "eu"}})
		},
		"approve on the job": func(id int) (*core.Operation, error) {
			return b.src.PlanApprove(t.Context(), jobRef(id, b.JobID(id, "deploy"), "deploy"), core.Verdict{})
		},
		"approve on the run": func(id int) (*core.Operation, error) {
			return b.src.PlanApprove(t.Context(), runRef(id), core.Verdict{Gates: []string{"deploy"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			id := b.waiting(t)
			op, err := plan(id)
			if err != nil {
				t.Fatal(err)
			}
			late, err := plan(id)
			if err != nil {
				t.Fatal(err)
			}
			b.soonDone(t, func() int { return b.JobID(id, "deploy") }, "success")
			b.done(t, op, nil, core.OutcomeHealthy)
			before := len(b.Mutations())
			if err := late.Execute(sources.Permit(t.Context()), sources.Quiet); problemKind(b.src, err) != core.Conflict || len(b.Mutations()) != before {
				t.Errorf("the gate was answered already: %v", err)
			}
		})
	}
	if _, err := b.src.PlanReject(t.Context(), runRef(b.waiting(t)), core.Verdict{}); problemKind(b.src, err) != core.Unsupported {
		t.Errorf("a manual job cannot be rejected: %v", err)
	}
}

func TestADeploymentIsApprovedOrRejected(t *testing.T) {
	b := newBench(t)
	b.Block(shop, "production", 1)
	id := b.waiting(t)
	x, err := b.src.Get(t.Context(), runRef(id))
	if err != nil || len(x.Facts.Waits) != 1 || x.Facts.Waits[0].String() != "approval for production" || x.Facts.Environment != "production" {
		t.Fatalf("the run waits: %+v %v", x, err)
	}
	if _, err := b.src.PlanDeploy(t.Context(), jobRef(id, b.JobID(id, "deploy"), "deploy"), core.Deploy{}); problemKind(b.src, err) != core.Conflict {
		t.Errorf("the job waits for its approval: %v", err)
	}
	op, err := b.src.PlanApprove(t.Context(), runRef(id), core.Verdict{Comment: "go"})
	if err == nil && !strings.Contains(planText(op.Plan), "production is protected") {
		t.Errorf("the protection is not named: %s", planText(op.Plan))
	}
	b.done(t, op, err, core.OutcomeHealthy)
	if s := b.DeploymentStatus(shop, "production"); s != "created" {
		t.Errorf("the deployment is %s", s)
	}
	two := b.waiting(t)
	op, err = b.src.PlanReject(t.Context(), kindRef("environment", "production"), core.Verdict{})
	b.done(t, op, err, core.OutcomeHealthy)
	if s := b.JobStatus(b.JobID(two, "deploy")); s != "failed" {
		t.Errorf("the job is %s", s)
	}
	three := b.waiting(t)
	op, err = b.src.PlanApprove(t.Context(), runRef(three), core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	b.Premium(false)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); problemKind(b.src, err) != core.Unsupported {
		t.Errorf("without the paid feature: %v", err)
	}
}

func TestRollBack(t *testing.T) {
	b := newBench(t)
	deployed := func(title string) int {
		id := b.Push(shop, world.Spec{Title: title, Jobs: []world.JobSpec{{Name: "deploy", Stage: "deploy", Environment: "production"}}})
		b.SetJob(b.JobID(id, "deploy"), "success", "")
		return id
	}
	one := deployed("One")
	deployed("Two")
	ref := kindRef("environment", "production")
	f, err := b.src.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || len(f.Fields) != 1 || f.Fields[0].Value != "1" || len(f.Fields[0].Choices) != 2 || !f.Fields[0].Choices[0].Current {
		t.Fatalf("form: %+v %v", f, err)
	}
	op, err := b.src.PlanRollback(t.Context(), ref, core.Rollback{})
	if err != nil || op.Plan.Inverse == nil || op.Plan.Inverse.Params["to"] != "2" {
		t.Fatalf("plan: %+v %v", op, err)
	}
	old := b.JobID(one, "deploy")
	b.soonDone(t, func() int {
		if n := b.JobID(one, "deploy"); n != old {
			return n
		}
		return 0
	}, "success")
	b.done(t, op, nil, core.OutcomeHealthy)
	late, err := b.src.PlanRollback(t.Context(), ref, core.Rollback{To: "2"})
	if err != nil {
		t.Fatal(err)
	}
	deployed("Three")
	if err := late.Execute(sources.Permit(t.Context()), sources.Quiet); problemKind(b.src, err) != core.Conflict {
		t.Errorf("somebody deployed meanwhile: %v", err)
	}
	if _, err := b.src.PlanRollback(t.Context(), ref, core.Rollback{To: "99"}); problemKind(b.src, err) != core.Invalid {
		t.Errorf("no such deployment: %v", err)
	}
	doc, err := b.src.History(t.Context(), ref)
	if err != nil || len(doc.Lines) != 4 || !strings.Contains(doc.Lines[0].String(), "Three") {
		t.Errorf("history: %v %v", doc, err)
	}
	op, err = b.src.PlanDelete(t.Context(), ref, core.Removal{})
	b.done(t, op, err, core.OutcomeHealthy)
}
