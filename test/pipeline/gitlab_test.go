package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/test/program"
	"devops-tui/test/sim/gitlab"
)

// gitlabWorld is a simulated GitLab with one project.
type gitlabWorld struct {
	service
	sim *gitlab.World
}

func newGitLab(t *testing.T) *gitlabWorld {
	t.Helper()
	w := &gitlabWorld{sim: gitlab.New(gitlab.Options{Empty: true})}
	w.sim.AddUser("kim", "Kim Sato")
	w.sim.AddUser("alex", "Alex")
	w.expire(false)
	w.sim.AddProject("acme/shop").CIYAML = "build: {script: [go build]}\ntest: {script: [go test]}\nship: {stage: deploy, when: manual, script: [deploy], environment: {name: production}}\n"
	w.serve(t, "gitlab", w.sim, func(url string) string {
		return fmt.Sprintf("  gitlab:\n    hosts:\n      - {name: lab, url: %q, token_env: SIM_TOKEN, projects: [acme/shop]}\n", url)
	}, "", "SIM_TOKEN="+canary)
	return w
}

func (w *gitlabWorld) expire(on bool) {
	w.sim.SetToken(canary, gitlab.Token{User: "kim", Scopes: []string{"api"}, Expires: time.Now().AddDate(0, map[bool]int{true: -1, false: 1}[on], 0)})
}

var stages = []gitlab.JobSpec{{Name: "build", Stage: "build"}, {Name: "test", Stage: "test"}, {Name: "ship", Stage: "deploy", Environment: "production", Manual: true}}

// push begins a pipeline that gets as far as the job that fails, or to its
// manual job.
func (w *gitlabWorld) push(title, author, fails string) int {
	id := w.sim.Push("acme/shop", gitlab.Spec{Title: title, Author: author, User: author, Jobs: stages})
	for _, name := range []string{"build", "test"} {
		job := w.sim.JobID(id, name)
		w.sim.SetJob(job, "running", "")
		w.sim.Log(job, "section_start:1700000000:step_script\r\x1b[0KExecuting \"step_script\"\n$ go test ./...\n")
		if name == fails {
			w.sim.Log(job, "    sum_test.go:12: sum is 3, want 4\n--- FAIL: TestSum (0.00s)\nFAIL\nsection_end:1700000001:step_script\r\x1b[0K\x1b[31;1mERROR: Job failed: exit code 1\n")
			w.sim.SetJob(job, "failed", "script_failure")
			return id
		}
		w.sim.Log(job, "ok\nsection_end:1700000001:step_script\r\x1b[0K")
		w.sim.SetJob(job, "success", "")
	}
	return id
}

func (w *gitlabWorld) ref(id int) string { return "run/acme/shop/" + strconv.Itoa(id) }

// play finishes what runs and is pending.
func (w *gitlabWorld) play() (stop func()) {
	return ticking(w.T, func() {
		for _, id := range w.sim.Pipelines("acme/shop") {
			for _, name := range []string{"build", "test", "ship"} {
				job := w.sim.JobID(id, name)
				switch w.sim.JobStatus(job) {
				case "pending":
					w.sim.SetJob(job, "running", "")
				case "running":
					w.sim.SetJob(job, "success", "")
				}
			}
		}
	})
}

func TestGitLabListPageLogsAndReason(t *testing.T) {
	w := newGitLab(t)
	good := w.push("First commit", "kim", "")
	bad := w.push("Double the pool", "alex", "test")
	all := rows(w.Program, "run")
	if r := find(t, all, strconv.Itoa(bad)); r.Phase != "failed" || r.Cells["branch"] != "main" || r.Ref.Namespace != "acme/shop" {
		t.Errorf("%+v", r)
	}
	r := find(t, all, strconv.Itoa(good))
	if len(r.Facts.Waits) != 1 || !strings.Contains(r.Facts.Waits[0], "ship") {
		t.Errorf("a manual job waits: %+v", r)
	}
	if a := w.Run("logs", "gitlab/job/acme/shop/"+strconv.Itoa(bad)+"/test"); a.Code != 0 || !strings.Contains(a.Stdout, "sum is 3, want 4") {
		t.Errorf("logs of a job: exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
	}
	s := w.Cockpit(120, 40, "gitlab ●", "2", "Builds", "", strconv.Itoa(bad))
	s.Send("enter")
	s.WaitText(program.Patience, "why failed", "FAIL: TestSum", "test")
	s.Send("l")
	s.WaitText(program.Patience, "sum is 3, want 4", "step_script")
	w.tap.none(t)
	clean(w.Program, canary)
}

// A trace is followed while it grows, each line once.
func TestGitLabLiveTrace(t *testing.T) {
	w := newGitLab(t)
	id := w.sim.Push("acme/shop", gitlab.Spec{Title: "Long", Jobs: stages})
	job := w.sim.JobID(id, "build")
	w.sim.SetJob(job, "running", "")
	w.sim.Log(job, "line 0\n")
	s := w.Cockpit(120, 40, "gitlab ●", "2", "Builds", "", strconv.Itoa(id))
	s.Send("enter")
	s.WaitText(program.Patience, "build")
	s.Send("l")
	s.WaitText(program.Patience, "line 0")
	for n := 1; n <= 3; n++ {
		w.sim.Log(job, fmt.Sprintf("line %d\n", n))
		if v := s.WaitText(program.Patience, fmt.Sprintf("line %d", n)); strings.Count(v, "line 0") != 1 {
			t.Fatalf("a line is there twice:\n%s", v)
		}
	}
}

func TestGitLabVerbs(t *testing.T) {
	w := newGitLab(t)
	good := w.push("First commit", "kim", "")
	bad := w.push("Double the pool", "alex", "test")
	w.tap.took()

	t.Run("play a manual job", func(t *testing.T) {
		// nothing was deployed yet: the project's definition tells where it goes
		if plan := w.Run("act", "approve", "--dry-run", "-o", "json", w.ref(good)).Plan(t); plan.Confirm != "name" {
			t.Errorf("a first deployment to production is let go by %q", plan.Confirm)
		}
		stop := w.play()
		defer stop()
		w.Act("approve", w.ref(good))
		w.tap.once(t, "POST /play")
		refused(w.Program, 1, "", "act", "approve", "--yes", w.ref(good))
		w.tap.none(t)
	})
	t.Run("retry what failed", func(t *testing.T) {
		stop := w.play()
		defer stop()
		w.Act("rerun", w.ref(bad), "--set", "failed-only=true")
		w.tap.once(t, "POST /retry")
	})
	t.Run("dispatch", func(t *testing.T) {
		stop := w.play()
		defer stop()
		before := w.sim.Pipelines("acme/shop")
		a := w.Run("act", "deploy", "--yes", "-o", "json", "workflow/acme/shop/ci", "--set", "ref=main", "--set", "input.VERSION=1.4")
		if a.Code != 0 {
			t.Fatalf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		w.tap.once(t, "POST /pipeline")
		var fresh []int
		for _, id := range w.sim.Pipelines("acme/shop") {
			if !slices.Contains(before, id) {
				fresh = append(fresh, id)
			}
		}
		if len(fresh) != 1 || w.sim.Variables(fresh[0])["VERSION"] != "1.4" {
			t.Errorf("new pipelines %v", fresh)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		id := w.sim.Push("acme/shop", gitlab.Spec{Title: "Too early", Jobs: stages})
		w.sim.SetJob(w.sim.JobID(id, "build"), "running", "")
		w.Act("cancel", w.ref(id))
		w.tap.once(t, "POST /cancel")
		if s := w.sim.Status(id); s != "canceled" {
			t.Error(s)
		}
		refused(w.Program, 1, "", "act", "cancel", "--yes", w.ref(id))
		w.tap.none(t)
	})
	t.Run("roll back an environment", func(t *testing.T) {
		second := w.push("A wider pool", "alex", "")
		if plan := w.Run("act", "approve", "--dry-run", "-o", "json", w.ref(second)).Plan(t); plan.Confirm != "name" {
			t.Errorf("a deployment to production is let go by %q", plan.Confirm)
		}
		stop := w.play()
		defer stop()
		w.Act("approve", w.ref(second))
		w.tap.took()
		a := w.Run("act", "rollback", "--choices", "environment/acme/shop/production")
		if a.Code != 0 || !strings.Contains(a.Stdout, "First commit") && !strings.Contains(a.Stdout, strconv.Itoa(good)) {
			t.Errorf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		w.Act("rollback", "environment/acme/shop/production")
		w.tap.once(t, "POST /retry")
	})
	if len(w.Records()) == 0 {
		t.Error("nothing is journaled")
	}
	clean(w.Program, canary)
}

func TestGitLabRefusals(t *testing.T) {
	w := newGitLab(t)
	bad := w.push("Double the pool", "alex", "test")
	w.act = []string{"act", "rerun", "--yes", w.ref(bad), "--set", "failed-only=true"}
	w.refusals(refusals{
		expire:    w.expire,
		loginFix:  "SIM_TOKEN",
		forbidden: `{"message":"403 Forbidden - the pipeline is protected"}`,
		saysNo:    "protected",
		missing:   w.ref(4711),
		limit: func(on bool) {
			if on {
				w.sim.Limit(0, time.Now().Add(time.Hour))
			} else {
				w.sim.Limit(1<<20, time.Now().Add(time.Hour))
			}
		},
		arrived: func() bool { return w.sim.Status(bad) != "failed" },
	})
}
