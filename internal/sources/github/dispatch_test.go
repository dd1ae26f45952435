package github

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

func deployRef(w *world) core.Ref {
	return core.Ref{Source: ID, Scope: githubCom, Kind: kindWorkflow, Namespace: "acme/shop", Name: "deploy"}
}

func TestDispatchFollowsItsOwnRun(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.repo.AddEnvironment("production", 0)
	w.repo.AddEnvironment("staging", 0)
	s := w.source(t)
	form, err := s.Form(t.Context(), core.VerbDeploy, deployRef(w))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range form.Fields {
		names = append(names, f.Name)
	}
	if want := []string{"ref", "input.version", "input.replicas", "input.dry_run", "input.size", "input.target"}; !slices.Equal(names, want) {
		t.Fatalf("fields %v, want %v", names, want)
	}
	if f := form.Fields[5]; f.Type != core.FieldChoice || len(f.Choices) != 2 || f.Value != "production" {
		t.Errorf("environment: %+v", f)
	}
	op, err := s.PlanDeploy(t.Context(), deployRef(w), core.Deploy{Ref: "main", Inputs: map[string]string{"version": "1.2", "target": "staging", "dry_run": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	p := complete(t, op)
	if want := "gh workflow run deploy.yml -R acme/shop --ref main -f version=1.2 -f dry_run=true -f target=staging"; p.Command.String() != want {
		t.Errorf("command %q, want %q", p.Command, want)
	}
	var reaches []string
	for _, r := range p.Also {
		reaches = append(reaches, r.Name)
	}
	if !slices.Equal(reaches, []string{"staging", "production"}) { // the input's, and the job's own
		t.Errorf("reaches %v", reaches)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if got := w.changes(); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	own := w.repo.Runs()[0]
	if own.Inputs["version"] != "1.2" || own.Inputs["dry_run"] != "true" {
		t.Errorf("inputs %v", own.Inputs)
	}
	// Somebody else starts one a moment later, which fails: it is not ours.
	other := w.repo.Start(simgithub.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch", Actor: "kim"})
	other.Job("build").Fail("build image", "error: no")
	own.Finish()
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	form, err = s.Form(t.Context(), core.VerbDeploy, deployRef(w))
	if err != nil || form.Fields[1].Value != "1.2" || form.Fields[5].Value != "staging" {
		t.Errorf("what was used last is not offered: %+v, %v", form.Fields, err)
	}
}

func TestDispatchRefusals(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	plan := func(d core.Deploy) error { _, err := s.PlanDeploy(t.Context(), deployRef(w), d); return err }
	problem(t, s, plan(core.Deploy{}), core.Invalid, "the input version is missing")
	problem(t, s, plan(core.Deploy{Inputs: map[string]string{"version": "1", "colour": "red"}}), core.Invalid, "no input colour", "version")
	problem(t, s, plan(core.Deploy{Inputs: map[string]string{"version": "1", "replicas": "many"}}), core.Invalid, "replicas is a number")
	problem(t, s, plan(core.Deploy{Inputs: map[string]string{"version": "1", "size": "huge"}}), core.Invalid, "small, large")
	problem(t, s, plan(core.Deploy{Ref: "nowhere", Inputs: map[string]string{"version": "1"}}), core.Invalid, "no branch or tag nowhere")
	problem(t, s, plan(core.Deploy{Image: "nginx"}), core.Invalid)
	op, err := s.PlanDeploy(t.Context(), deployRef(w), core.Deploy{Inputs: map[string]string{"version": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	w.repo.Commit("main", "meanwhile", "lee")
	problem(t, s, op.Execute(permitted(t), sources.Quiet), core.Conflict, "main has moved")
	push := w.repo.AddWorkflow("push.yml", "name: push\non: push\njobs: {a: {steps: []}}\n")
	ref := deployRef(w)
	ref.Name = "push"
	_, err = s.PlanDeploy(t.Context(), ref, core.Deploy{})
	problem(t, s, err, core.Unsupported, "cannot be started by hand")
	push.SetState("disabled_manually")
	_, err = s.PlanDeploy(t.Context(), ref, core.Deploy{})
	problem(t, s, err, core.Conflict, "disabled_manually")
	if got := w.changes(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// older is a source of an Enterprise server that does not name the run it starts.
func older(tb testing.TB, w *world) *Source {
	return w.with(tb, nil, testToken, func(h *host) { h.name, h.api = "ghe.acme.example", w.api.URL+"/api/v3" })
}

func TestDispatchOnOlderServers(t *testing.T) {
	w := newWorld(t, simgithub.Options{Enterprise: "3.14.2", NoRunDetails: true})
	s := older(t, w)
	ref := deployRef(w)
	ref.Scope, ref.Name = "ghe.acme.example", "ci"
	w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Event: "workflow_dispatch", Actor: "kim"}).Finish() // was there before
	op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{Ref: "main"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(op.Plan.Command.String(), "-R ghe.acme.example/acme/shop") {
		t.Errorf("command %s", op.Plan.Command)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if n := len(w.repo.Runs()); n != 2 {
		t.Fatalf("%d runs", n)
	}
	w.repo.Runs()[1].Finish()
	if out, err := verify(t, op, 20*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	w.api.Reset()
	op, err = s.PlanDeploy(t.Context(), ref, core.Deploy{Ref: "main"})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil || len(w.changes()) != 1 {
		t.Fatalf("%v, %v: what an older server cannot is remembered", err, w.changes())
	}
	w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Event: "workflow_dispatch", Actor: "kim"}) // from another window
	out, err := verify(t, op, 20*time.Second)
	if out != core.OutcomeUnknown {
		t.Errorf("two new runs: %s", out)
	}
	problem(t, s, err, core.Unsupported, "which of them it is cannot be told")
}

func TestALostDispatchIsReadBack(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	ref := deployRef(w)
	ref.Name = "ci"
	op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	w.api.Fail(func(r *http.Request) bool { return r.Method == "POST" }, sim.Fault{Drop: true}, 1)
	if err := op.Execute(permitted(t), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) || len(w.changes()) != 1 {
		t.Fatalf("%v, %v", err, w.changes())
	}
	finishing(t, w)
	if out, err := verify(t, op, 20*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
}

// TestTheTokenOfAPipeline is no user's: what asks who we are does not fail.
func TestTheTokenOfAPipeline(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.AddApp("token-of-an-app")
	s := w.with(t, nil, "token-of-an-app", nil)
	ref := deployRef(w)
	ref.Name = "ci"
	op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	w.repo.Runs()[0].Finish()
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	for _, f := range s.Diagnose(t.Context()) {
		if f.Level == core.FindingProblem {
			t.Errorf("doctor: %s", f.Text)
		}
	}
}

// TestALostDispatchThatNeverCame says so, after a while and on a fake clock.
func TestALostDispatchThatNeverCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := many(1, 1)
		h := &host{name: githubCom, api: "https://api.github.com", conf: HostConfig{Settings: credential.Settings{TokenEnv: "T"}}, runs: 50, patterns: []string{"acme/app-00"}, getenv: func(string) string { return testToken }}
		s, err := newSourceOver(h, nil, sim.InMemory(w))
		if err != nil {
			t.Fatal(err)
		}
		d := &dispatch{s: s, repo: "acme/app-00", branch: "main", sha: w.Repo("acme/app-00").Head("main"), lost: true, before: map[int64]bool{}}
		list, err := s.workflows(t.Context(), d.repo)
		if err != nil {
			t.Fatal(err)
		}
		d.w = list[0]
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		out, err := d.verify(ctx, func(core.Progress) {})
		if out != core.OutcomeRefused || time.Since(began) < arriveWithin {
			t.Errorf("%s after %s", out, time.Since(began))
		}
		problem(t, s, err, core.Conflict, "did not arrive")
	})
}

// released deploys commits to production, oldest first, and returns their runs.
func released(w *world, n int) []*simgithub.Run {
	w.repo.AddEnvironment("production", 0)
	var out []*simgithub.Run
	for range n {
		w.repo.Commit("main", "a change", "lee")
		out = append(out, w.repo.Start(simgithub.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch"}).Finish())
	}
	return out
}

func TestRollback(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	runs := released(w, 3)
	ref := core.Ref{Source: ID, Scope: githubCom, Kind: kindEnvironment, Namespace: "acme/shop", Name: "production"}
	form, err := s.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || len(form.Fields[0].Choices) != 3 || !form.Fields[0].Choices[0].Current || form.Fields[0].Choices[0].Disabled.Empty() {
		t.Fatalf("%+v, %v", form, err)
	}
	op, err := s.PlanRollback(t.Context(), ref, core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	p := complete(t, op)
	if p.Changes[0].Before.String() != runs[2].SHA[:7]+" (main)" || p.Changes[0].After.String() != runs[1].SHA[:7]+" (main)" {
		t.Errorf("%v", p.Changes)
	}
	if p.Inverse == nil || p.Inverse.Params["to"] == "" || !strings.Contains(p.Command.String(), "gh run rerun --job ") {
		t.Errorf("%+v", p)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if got := w.changes(); len(got) != 1 || runs[1].Attempt() != 2 || runs[0].Attempt() != 1 {
		t.Fatalf("%v", got)
	}
	finishing(t, w)
	if out, err := verify(t, op, 20*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	problem(t, s, op.Execute(permitted(t), sources.Quiet), core.Conflict, "deployed to meanwhile")

	// Undo plans the way back to what was there before.
	op, err = s.PlanRollback(t.Context(), ref, core.Rollback{To: p.Inverse.Params["to"]})
	if err != nil || op.Plan.Changes[0].After.String() != runs[2].SHA[:7]+" (main)" {
		t.Errorf("undo: %v, %v", op, err)
	}
	// A run that deploys is rolled back as its environment is.
	op, err = s.PlanRollback(t.Context(), runRef(runs[2], "deploy"), core.Rollback{})
	if err != nil || op.Plan.Target.Kind != kindEnvironment {
		t.Errorf("of a run: %v, %v", op, err)
	}
}

func TestRollbackRefusals(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	ref := core.Ref{Source: ID, Scope: githubCom, Kind: kindEnvironment, Namespace: "acme/shop", Name: "production"}
	_, err := s.PlanRollback(t.Context(), ref, core.Rollback{})
	problem(t, s, err, core.NotFound)
	runs := released(w, 1)
	_, err = s.PlanRollback(t.Context(), ref, core.Rollback{})
	problem(t, s, err, core.Unsupported, "no earlier deployment")
	released(w, 1)
	_, err = s.PlanRollback(t.Context(), ref, core.Rollback{To: "4711"})
	problem(t, s, err, core.Invalid, "no good deployment 4711")
	runs[0].SetCreated(time.Now().Add(-40 * 24 * time.Hour))
	_, err = s.PlanRollback(t.Context(), ref, core.Rollback{})
	problem(t, s, err, core.Unsupported, "older than 30 days", "via=dispatch")
	_, err = s.PlanRollback(t.Context(), ref, core.Rollback{Via: viaDispatch})
	problem(t, s, err, core.Unsupported, "main has moved on", "git tag")
	_, err = s.PlanRollback(t.Context(), runRef(w.red(), "ci"), core.Rollback{})
	problem(t, s, err, core.Unsupported, "has not deployed")
	if len(w.changes()) != 0 {
		t.Errorf("%v", w.changes())
	}
}
