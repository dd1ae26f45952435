package gitlab

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	sim "devops-tui/test/sim"
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
