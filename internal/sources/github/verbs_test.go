package github

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

// red is a run whose job test has failed.
func (w *world) red() *simgithub.Run {
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"})
	run.Job("build").Succeed()
	run.Job("test").Fail("go test", "--- FAIL: TestSum (0.00s)", "    sum_test.go:7: want 3")
	return run
}

// complete checks that a plan has what a human reads.
func complete(t *testing.T, op *core.Operation) core.Plan {
	t.Helper()
	p := op.Plan
	if p.Title.Empty() || len(p.Changes) == 0 || len(p.Impact) == 0 || p.Command.Empty() || p.UndoHint.Empty() || p.Preview.Empty() || p.Target.UID == "" {
		t.Errorf("the plan is not complete: %+v", p)
	}
	if strings.Contains(p.Command.String(), testToken) {
		t.Errorf("the token is in the command: %s", p.Command)
	}
	return p
}

// finishing lets runs go on until the test ends.
func finishing(t *testing.T, w *world) {
	t.Helper()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for _, run := range w.repo.Runs() {
				run.Advance()
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

func TestRerun(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.red()
	ref := runRef(run, "ci")
	op, err := s.PlanRerun(t.Context(), ref, core.Rerun{FailedOnly: true, Options: map[string]string{"debug": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	p := complete(t, op)
	if want := "gh run rerun " + ref.UID + " -R acme/shop --failed --debug"; p.Command.String() != want {
		t.Errorf("command %q, want %q", p.Command, want)
	}
	if len(w.changes()) != 0 {
		t.Fatal("planning changed something")
	}
	if err := op.Execute(t.Context(), sources.Quiet); err == nil || len(w.changes()) != 0 {
		t.Fatalf("without a permit: %v, %v", err, w.changes())
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if got := w.changes(); len(got) != 1 || !strings.HasSuffix(got[0], "/rerun-failed-jobs") || run.Attempt() != 2 || !run.Debug() {
		t.Fatalf("%v, attempt %d, debug %v", got, run.Attempt(), run.Debug())
	}
	finishing(t, w)
	if out, err := verify(t, op, 30*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	if len(w.changes()) != 1 {
		t.Errorf("verifying changed something: %v", w.changes())
	}
	// A second confirmation of the same plan meets another attempt.
	problem(t, s, op.Execute(permitted(t), sources.Quiet), core.Conflict, "run again meanwhile")
	if len(w.changes()) != 1 {
		t.Errorf("a conflict sent something: %v", w.changes())
	}
}

func TestRerunOfAJobAndWhatFailsAgain(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.red()
	job := run.Job("test")
	op, err := s.PlanRerun(t.Context(), core.Ref{Source: ID, Scope: githubCom, Kind: kindJob, Namespace: "acme/shop", Name: "ci/1/test", UID: id(job.ID)}, core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	if p := complete(t, op); !strings.Contains(p.Command.String(), "--job "+id(job.ID)) {
		t.Errorf("command %s", p.Command)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if now := run.Jobs(); run.Attempt() != 2 || now[0].ID == job.ID {
		t.Fatal("the job does not run again")
	}
	run.Job("test").Fail("go test", "--- FAIL: TestSum")
	out, err := verify(t, op, 10*time.Second)
	if out != core.OutcomeFailed {
		t.Errorf("%s", out)
	}
	problem(t, s, err, core.Invalid, "ci/1: failure")
}

func TestRerunRefusals(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	going := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"})
	going.Advance()
	_, err := s.PlanRerun(t.Context(), runRef(going, "ci"), core.Rerun{})
	problem(t, s, err, core.Conflict, "it goes on")
	green := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	_, err = s.PlanRerun(t.Context(), runRef(green, "ci"), core.Rerun{FailedOnly: true})
	problem(t, s, err, core.Invalid, "no failed jobs")
	green.SetCreated(time.Now().Add(-31 * 24 * time.Hour))
	_, err = s.PlanRerun(t.Context(), runRef(green, "ci"), core.Rerun{})
	problem(t, s, err, core.Invalid, "older than 30 days")
	_, err = s.PlanRerun(t.Context(), core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: "acme/shop", Name: "ci/77", UID: "9"}, core.Rerun{})
	problem(t, s, err, core.NotFound)
	if len(w.changes()) != 0 {
		t.Errorf("%v", w.changes())
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"})
	run.Advance()
	op, err := s.PlanCancel(t.Context(), runRef(run, "ci"), core.Cancel{})
	if err != nil {
		t.Fatal(err)
	}
	if p := complete(t, op); p.Inverse == nil || p.Inverse.Verb != core.VerbRerun || !strings.Contains(p.Impact[0].String(), "build is running") {
		t.Errorf("%+v", p)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	problem(t, s, op.Execute(permitted(t), sources.Quiet), core.Conflict, "has ended meanwhile")
	if got := w.changes(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	_, err = s.PlanCancel(t.Context(), runRef(run, "ci"), core.Cancel{})
	problem(t, s, err, core.Conflict, "has ended")

	stuck := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"})
	stuck.Advance()
	stuck.Stick()
	op, err = s.PlanCancel(t.Context(), runRef(stuck, "ci"), core.Cancel{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if p := complete(t, op); len(p.Warnings) == 0 || !strings.Contains(p.Command.String(), "force-cancel") {
		t.Errorf("%+v", p)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
}

// waiting is a deployment that waits for kim at production.
func (w *world) waiting() *simgithub.Run {
	w.repo.AddEnvironment("production", 0, "kim", "lee")
	return w.repo.Start(simgithub.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch", Actor: "lee"}).Finish()
}

func TestApproveAndReject(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.waiting()
	ref := runRef(run, "deploy")
	if status, _ := run.Status(); status != "waiting" {
		t.Fatalf("the run is %s", status)
	}
	form, err := s.Form(t.Context(), core.VerbApprove, ref)
	if err != nil || len(form.Fields) != 2 || len(form.Fields[0].Choices) != 1 || !form.Fields[0].Choices[0].Disabled.Empty() {
		t.Fatalf("%+v, %v", form, err)
	}
	row, err := s.Get(t.Context(), ref)
	if err != nil || len(row.Facts.Waits) != 1 || row.Facts.Waits[0].String() != "approval for production" || row.Facts.Environment != "production" {
		t.Fatalf("%+v, %v", row, err)
	}
	if why := s.Disabled(core.VerbApprove, row); !why.Empty() {
		t.Errorf("disabled: %s", why)
	}
	op, err := s.PlanApprove(t.Context(), ref, core.Verdict{Comment: "it's fine"})
	if err != nil {
		t.Fatal(err)
	}
	p := complete(t, op)
	if len(p.Also) != 1 || p.Also[0].Kind != kindEnvironment || p.Also[0].Name != "production" {
		t.Errorf("also %v", p.Also)
	}
	if !strings.Contains(p.Command.String(), `'comment=it'\''s fine'`) {
		t.Errorf("command %s", p.Command)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	problem(t, s, op.Execute(permitted(t), sources.Quiet), core.Conflict, "does not wait for production any more", "approved by kim")
	if got := w.changes(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	run.Finish()
	_, err = s.PlanApprove(t.Context(), ref, core.Verdict{})
	problem(t, s, err, core.Conflict, "waits for nothing")

	no := w.repo.Start(simgithub.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch", Actor: "lee"}).Finish()
	op, err = s.PlanReject(t.Context(), runRef(no, "deploy"), core.Verdict{Gates: []string{"production"}})
	if err != nil {
		t.Fatal(err)
	}
	complete(t, op)
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	if status, conclusion := no.Status(); status != "completed" || conclusion != "failure" {
		t.Errorf("%s %s", status, conclusion)
	}
}

func TestARunFromOutsideIsLetIn(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Event: "pull_request", Actor: "stranger"})
	run.SetStatus("completed", "action_required")
	row, err := s.Get(t.Context(), runRef(run, "ci"))
	if err != nil || row.Phase != core.Degraded || len(row.Facts.Waits) != 1 || !s.Disabled(core.VerbApprove, row).Empty() || s.Disabled(core.VerbReject, row).Empty() {
		t.Fatalf("%+v, %v", row, err)
	}
	op, err := s.PlanApprove(t.Context(), row.Ref, core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	if p := complete(t, op); !strings.Contains(p.Impact[0].String(), "code of stranger") {
		t.Errorf("%+v", p)
	}
	if err := op.Execute(permitted(t), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, op, 10*time.Second); out != core.OutcomeHealthy || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	problem(t, s, op.Execute(permitted(t), sources.Quiet), core.Conflict)
	if got := w.changes(); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestGatesOfOthers(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.AddToken("token-of-sam", "sam", "repo")
	s := w.with(t, nil, "token-of-sam", nil)
	ref := runRef(w.waiting(), "deploy")
	_, err := s.PlanApprove(t.Context(), ref, core.Verdict{})
	problem(t, s, err, core.Forbidden, "no reviewer of production", "ask kim, lee")
	_, err = s.PlanApprove(t.Context(), ref, core.Verdict{Gates: []string{"staging"}})
	problem(t, s, err, core.Conflict, "does not wait for staging")
	if _, err := s.Outline(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	row, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if why := s.Disabled(core.VerbApprove, row); !strings.Contains(why.String(), "no reviewer") {
		t.Errorf("disabled: %q", why)
	}
}

// TestLostReplies: the server does what was asked and dies before it answers.
func TestLostReplies(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		w := newWorld(t, simgithub.Options{})
		s := w.source(t)
		run := w.red()
		op, err := s.PlanRerun(t.Context(), runRef(run, "ci"), core.Rerun{})
		if err != nil {
			t.Fatal(err)
		}
		post := func(r *http.Request) bool { return r.Method == "POST" }
		if !arrives {
			w.api.Fail(post, sim.Fault{Status: http.StatusBadGateway}, 1)
		} else {
			w.api.Fail(post, sim.Fault{Drop: true}, 1)
		}
		err = op.Execute(permitted(t), sources.Quiet)
		if !errors.Is(err, core.ErrOutcomeUnknown) {
			t.Fatalf("arrives %v: %v, want ErrOutcomeUnknown", arrives, err)
		}
		if got := w.changes(); len(got) != 1 {
			t.Errorf("arrives %v: sent %v", arrives, got)
		}
		if !arrives {
			continue // that nothing came is told after arriveWithin: see the fake clock's test
		}
		finishing(t, w)
		if out, err := verify(t, op, 20*time.Second); out != core.OutcomeHealthy || err != nil {
			t.Errorf("%s, %v", out, err)
		}
	}
}

func TestReadOnlySendsNothing(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	gate := &sources.Gate{}
	s := w.with(t, gate, testToken, nil)
	op, err := s.PlanRerun(t.Context(), runRef(w.red(), "ci"), core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	gate.SetReadOnly(true)
	if err := op.Execute(permitted(t), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || len(w.changes()) != 0 {
		t.Errorf("%v, %v", err, w.changes())
	}
	gate.SetReadOnly(false)
	var asked core.Ref
	gate.SetGuard(func(r core.Ref) error { asked = r; return core.ErrReadOnly })
	if err := op.Execute(permitted(t), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || asked.Namespace != "acme/shop" || asked.Scope != githubCom {
		t.Errorf("%v, the guard saw %v", err, asked)
	}
}
