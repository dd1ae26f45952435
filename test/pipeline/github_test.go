package pipeline

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"devops-tui/test/program"
	"devops-tui/test/sim/github"
)

// githubWorld is a simulated GitHub with one repository, and the program that
// looks at it.
type githubWorld struct {
	service
	sim  *github.World
	shop *github.Repository
}

func newGitHub(t *testing.T, more string) *githubWorld {
	t.Helper()
	sim := github.New(github.Options{})
	sim.AddToken(canary, "kim", "repo", "workflow")
	shop := sim.AddRepo("acme/shop")
	shop.AddWorkflow("ci.yml", github.CI)
	shop.AddWorkflow("deploy.yml", github.Deploy)
	shop.AddEnvironment("production", 0, "kim")
	blobs := httptest.NewServer(sim.Blobs())
	t.Cleanup(blobs.Close)
	sim.SetBlobs(blobs.URL)
	w := &githubWorld{sim: sim, shop: shop}
	w.serve(t, "github", sim, func(url string) string {
		return fmt.Sprintf("  github:\n    hosts:\n      - {host: github.test, api: %q, token_env: SIM_TOKEN, repos: [acme/shop]}\n", url)
	}, more, "SIM_TOKEN="+canary)
	return w
}

// history makes what the tests look at: a good run, a failed one after it, one that goes on.
func (w *githubWorld) history() (good, bad, open *github.Run) {
	good = w.shop.Start(github.Spec{Workflow: "ci.yml"}).Finish()
	w.shop.Commit("main", "Double the pool", "alex")
	bad = w.shop.Start(github.Spec{Workflow: "ci.yml", Actor: "alex"})
	bad.Job("build").Succeed()
	bad.Job("test").Fail("go test", "=== RUN   TestSum", "    sum_test.go:12: sum is 3, want 4", "--- FAIL: TestSum (0.00s)", "FAIL")
	bad.Job("test").Annotate(github.Annotation{Path: "sum_test.go", Line: 12, Level: "failure", Message: "sum is 3, want 4"})
	w.shop.Commit("feature", "Try a wider pool", "kim")
	open = w.shop.Start(github.Spec{Workflow: "ci.yml", Branch: "feature"})
	open.Advance()
	open.Advance()
	return good, bad, open
}

func runName(r *github.Run) string {
	return strings.TrimSuffix(strings.TrimPrefix(r.File(), ".github/workflows/"), ".yml") + "/" + fmt.Sprint(r.Number)
}

func TestGitHubListPageLogsAndReason(t *testing.T) {
	w := newGitHub(t, "")
	good, bad, open := w.history()
	all := rows(w.Program, "run")
	if len(all) != 3 {
		t.Fatalf("%d runs: %+v", len(all), all)
	}
	for _, c := range []struct {
		run           *github.Run
		phase, branch string
	}{{good, "succeeded", "main"}, {bad, "failed", "main"}, {open, "pending", "feature"}} {
		r := find(t, all, runName(c.run))
		if r.Phase != c.phase || r.Cells["branch"] != c.branch || r.Ref.Namespace != "acme/shop" || r.Facts.Commit != c.run.SHA || !strings.HasPrefix(c.run.SHA, r.Cells["commit"]) || r.Cells["commit"] == "" {
			t.Errorf("%s: %+v", runName(c.run), r)
		}
	}
	// logs of a run, of a job by name, and of one that goes on
	if a := w.Run("logs", "run/acme/shop/"+runName(bad)); a.Code != 0 || !strings.Contains(a.Stdout, "sum is 3, want 4") {
		t.Errorf("logs of a run: exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
	}
	if a := w.Run("logs", "github/job/acme/shop/"+runName(bad)+"/test"); a.Code != 0 || !strings.Contains(a.Stdout, "FAIL: TestSum") {
		t.Errorf("logs of a job: exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
	}
	s := w.Cockpit(120, 40, "github ●", "2", "Builds", "", "Double")
	v := s.WaitText(program.Patience, "alex", "feature", "failure")
	if strings.Index(v, "alex") > strings.Index(v, "feature") {
		t.Errorf("what failed is not first:\n%s", v)
	}
	s.Send("enter")
	s.WaitText(program.Patience, "go test", "sum is 3, want 4", "Double the pool", runTitle(good))
	s.Send("l")
	s.WaitText(program.Patience, "FAIL: TestSum", "▸ Run Set up job")
	s.Send("esc")
	s.WaitText(program.Patience, "last green")
	// what goes on is followed on its page
	s.Send("esc")
	s.WaitText(program.Patience, "╭ Builds")
	s.Find("feature")
	s.Send("enter")
	s.WaitText(program.Patience, "build", "go build")
	open.Finish()
	s.WaitText(program.Patience, "success")
	if n := w.sim.Counts().BlobCredentials; n != 0 {
		t.Errorf("%d requests for a log's text carried the credential", n)
	}
	w.tap.none(t)
	clean(w.Program, canary)
}

func runTitle(r *github.Run) string { return fmt.Sprint(r.Number) }

func TestGitHubVerbs(t *testing.T) {
	w := newGitHub(t, "")
	_, bad, _ := w.history()
	ref := "run/acme/shop/" + runName(bad)

	t.Run("rerun what failed", func(t *testing.T) {
		stop := w.play()
		defer stop()
		w.Act("rerun", ref, "--set", "failed-only=true")
		w.tap.once(t, "POST /rerun-failed-jobs")
		if bad.Attempt() != 2 {
			t.Errorf("attempt %d", bad.Attempt())
		}
	})
	t.Run("rerun all", func(t *testing.T) {
		stop := w.play()
		defer stop()
		w.Act("rerun", ref)
		w.tap.once(t, "POST /rerun")
	})
	t.Run("cancel", func(t *testing.T) {
		run := w.shop.Start(github.Spec{Workflow: "ci.yml", Branch: "feature"})
		run.Advance()
		w.Act("cancel", "run/acme/shop/"+runName(run))
		w.tap.once(t, "POST /cancel")
		if status, conclusion := run.Status(); status != "completed" || conclusion != "cancelled" {
			t.Error(status, conclusion)
		}
		refused(w.Program, 1, "ended", "act", "cancel", "--yes", "run/acme/shop/"+runName(run))
		w.tap.none(t)
	})
	t.Run("dispatch, gate, approve", func(t *testing.T) {
		a := w.Run("act", "deploy", "workflow/acme/shop/deploy", "--choices")
		for _, want := range []string{"version", "replicas", "dry_run", "size", "small", "large", "target", "production"} {
			if !strings.Contains(a.Stdout, want) {
				t.Errorf("choices without %s:\n%s%s", want, a.Stdout, a.Stderr)
			}
		}
		refused(w.Program, 64, "version", "act", "deploy", "--dry-run", "workflow/acme/shop/deploy")
		refused(w.Program, 64, "size", "act", "deploy", "--dry-run", "workflow/acme/shop/deploy", "--set", "input.version=1", "--set", "input.size=huge")
		w.tap.none(t)
		before := len(w.shop.Runs())
		// sent, and not followed: it comes to a gate
		b := w.Run("act", "deploy", "--yes", "-o", "json", "workflow/acme/shop/deploy", "--set", "input.version=1.4", "--set", "input.replicas=5")
		if b.Code != 0 {
			t.Fatalf("exit %d\n%s%s", b.Code, b.Stdout, b.Stderr)
		}
		w.tap.once(t, "POST /dispatches")
		runs := w.shop.Runs()
		if len(runs) != before+1 {
			t.Fatalf("%d runs, were %d", len(runs), before)
		}
		run := runs[len(runs)-1].Finish()
		r := find(t, rows(w.Program, "run"), runName(run))
		if len(r.Facts.Waits) != 1 || !strings.Contains(r.Facts.Waits[0], "production") {
			t.Errorf("what it waits for: %+v", r)
		}
		plan := w.Run("act", "approve", "--dry-run", "-o", "json", "run/acme/shop/"+runName(run)).Plan(t)
		if plan.Confirm != "name" {
			t.Errorf("production is approved by %q", plan.Confirm)
		}
		w.tap.none(t)
		stop := w.play()
		defer stop()
		w.Act("approve", "run/acme/shop/"+runName(run), "--set", "gate=production", "--set", "comment=go")
		w.tap.once(t, "POST /pending_deployments")
		run.Finish()
		refused(w.Program, 1, "", "act", "approve", "--yes", "run/acme/shop/"+runName(run))
		w.tap.none(t)
	})
	t.Run("reject", func(t *testing.T) {
		run := w.shop.Start(github.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch"}).Finish()
		w.Act("reject", "run/acme/shop/"+runName(run), "--set", "comment=not today")
		w.tap.once(t, "POST /pending_deployments")
		if status, conclusion := run.Status(); status != "completed" || conclusion != "failure" {
			t.Error(status, conclusion)
		}
	})
	t.Run("roll back an environment", func(t *testing.T) {
		a := w.Run("act", "rollback", "environment/acme/shop/production", "--choices")
		if a.Code != 0 {
			t.Fatalf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		// a second good deployment makes the first one the way back
		w.shop.Commit("main", "A wider pool", "alex")
		second := w.shop.Start(github.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch"}).Finish()
		stop := w.play()
		w.Act("approve", "run/acme/shop/"+runName(second))
		stop()
		second.Finish()
		w.tap.took()
		// the deploy job of the first runs again, and meets its gate again
		b := w.Run("act", "rollback", "--yes", "-o", "json", "environment/acme/shop/production")
		if b.Code != 0 {
			t.Fatalf("exit %d\n%s%s", b.Code, b.Stdout, b.Stderr)
		}
		w.tap.once(t, "POST /rerun")
	})
	if len(w.Records()) == 0 {
		t.Error("nothing is journaled")
	}
	clean(w.Program, canary)
}

// play lets the runs go on by themselves until stop.
func (w *githubWorld) play() (stop func()) {
	return ticking(w.T, func() {
		for _, r := range w.shop.Runs() {
			r.Advance()
		}
	})
}

func TestGitHubRefusals(t *testing.T) {
	w := newGitHub(t, "")
	_, bad, _ := w.history()
	w.act = []string{"act", "rerun", "--yes", "run/acme/shop/" + runName(bad)}
	w.refusals(refusals{
		expire:    func(on bool) { w.sim.Expire(canary, on) },
		hide:      func(on bool) { w.shop.SetPrivate(on) },
		loginFix:  "SIM_TOKEN",
		forbidden: `{"message":"Resource not accessible by personal access token","documentation_url":"https://docs.example"}`,
		saysNo:    "not accessible",
		missing:   "run/acme/shop/ci/4711",
		limit:     func(on bool) { w.sim.Exhaust(canary, map[bool]int{true: 0, false: 5000}[on], time.Hour) },
		arrived:   func() bool { return bad.Attempt() == 2 },
	})
}
