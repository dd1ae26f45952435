package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"devops-tui/test/program"
	"devops-tui/test/sim/jenkins"
)

// jenkinsWorld is a simulated controller with one Pipeline that takes
// parameters.
type jenkinsWorld struct {
	service
	sim    *jenkins.World
	deploy *jenkins.Job
}

func newJenkins(t *testing.T) *jenkinsWorld {
	t.Helper()
	w := &jenkinsWorld{sim: jenkins.New(jenkins.Options{Prefix: "/jenkins", Users: []jenkins.User{{ID: "kim", Name: "Kim", Token: canary}}})}
	w.deploy = w.sim.Pipeline("team/app/deploy",
		jenkins.Param{Name: "VERSION", Kind: jenkins.String, Default: "1.0"},
		jenkins.Param{Name: "SIZE", Kind: jenkins.Choice, Choices: []string{"small", "large"}},
	)
	w.serve(t, "jenkins", w.sim, func(url string) string {
		return fmt.Sprintf("  jenkins:\n    servers:\n      - {name: ci, url: %q, user: kim, token_env: SIM_TOKEN}\n", url+"/jenkins")
	}, "", "SIM_TOKEN="+canary)
	return w
}

func (w *jenkinsWorld) build(version, result string) *jenkins.Build {
	b := w.deploy.Start(jenkins.Start{By: "kim", Values: map[string]string{"VERSION": version, "SIZE": "small"}})
	b.Stage("Build")
	b.Log("compiling\n")
	b.Stage("Deploy")
	switch result {
	case "SUCCESS":
		b.Log("rolled out\n")
		b.End(result)
	case "FAILURE":
		b.Log("    sum_test.go:12: sum is 3, want 4\n--- FAIL: TestSum (0.00s)\nERROR: script returned exit code 1\n")
		b.Fail("script returned exit code 1")
	}
	return b
}

func (w *jenkinsWorld) ref(b *jenkins.Build) string {
	return fmt.Sprintf("run/team/app/deploy/%d", b.Number())
}

// play takes what is queued, and ends what asks nothing.
func (w *jenkinsWorld) play() (stop func()) {
	return ticking(w.T, func() {
		w.sim.Work()
		if b := w.deploy.Last(); b != nil && b.Result() == "" {
			b.End("SUCCESS")
		}
	})
}

func TestJenkinsListPageLogsAndReason(t *testing.T) {
	w := newJenkins(t)
	good, bad := w.build("1.0", "SUCCESS"), w.build("1.1", "FAILURE")
	open := w.build("1.2", "")
	open.Ask(jenkins.Input{ID: "Ship", Message: "Ship it?"})
	all := rows(w.Program, "run")
	for b, phase := range map[*jenkins.Build]string{good: "succeeded", bad: "failed", open: "pending"} {
		if r := find(t, all, fmt.Sprintf("deploy/%d", b.Number())); r.Phase != phase || r.Ref.Namespace != "team/app" {
			t.Errorf("%+v", r)
		}
	}
	if r := find(t, all, fmt.Sprintf("deploy/%d", open.Number())); len(r.Facts.Waits) != 1 || !strings.Contains(r.Facts.Waits[0], "Ship it?") {
		t.Errorf("an input waits: %+v", r)
	}
	if a := w.Run("logs", w.ref(bad)); a.Code != 0 || !strings.Contains(a.Stdout, "sum is 3, want 4") {
		t.Errorf("logs: exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
	}
	s := w.Cockpit(120, 40, "jenkins ●", "2", "Builds", "", "failure")
	s.Find("status:failure")
	s.Send("enter")
	s.WaitText(program.Patience, "why failed", "FAIL: TestSum", "Deploy")
	s.Send("l")
	s.WaitText(program.Patience, "sum is 3, want 4")
	w.tap.none(t)
	clean(w.Program, canary)
}

func TestJenkinsVerbs(t *testing.T) {
	w := newJenkins(t)
	good, bad := w.build("1.0", "SUCCESS"), w.build("1.1", "FAILURE")

	t.Run("dispatch", func(t *testing.T) {
		a := w.Run("act", "deploy", "workflow/team/app/deploy", "--choices")
		for _, want := range []string{"VERSION", "1.0", "SIZE", "small", "large"} {
			if !strings.Contains(a.Stdout, want) {
				t.Errorf("choices without %s:\n%s%s", want, a.Stdout, a.Stderr)
			}
		}
		refused(w.Program, 64, "SIZE", "act", "deploy", "--dry-run", "workflow/team/app/deploy", "--set", "input.SIZE=huge")
		w.tap.none(t)
		stop := w.play()
		defer stop()
		w.Act("deploy", "workflow/team/app/deploy", "--set", "input.VERSION=2.0", "--set", "input.SIZE=large")
		w.tap.once(t, "POST /buildWithParameters")
		if b := w.deploy.Last(); b.Value("VERSION") != "2.0" || b.Value("SIZE") != "large" {
			t.Errorf("VERSION %q, SIZE %q", b.Value("VERSION"), b.Value("SIZE"))
		}
	})
	t.Run("rebuild with the same parameters", func(t *testing.T) {
		stop := w.play()
		defer stop()
		w.Act("rerun", w.ref(bad))
		w.tap.once(t, "POST /buildWithParameters")
		if v := w.deploy.Last().Value("VERSION"); v != "1.1" {
			t.Errorf("VERSION %q", v)
		}
	})
	t.Run("roll back", func(t *testing.T) {
		a := w.Run("act", "rollback", "workflow/team/app/deploy", "--choices")
		if a.Code != 0 || !strings.Contains(a.Stdout, "1.0") {
			t.Errorf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		stop := w.play()
		defer stop()
		w.Act("rollback", "workflow/team/app/deploy", "--set", fmt.Sprintf("to=%d", good.Number()))
		w.tap.once(t, "POST /buildWithParameters")
		if v := w.deploy.Last().Value("VERSION"); v != "1.0" {
			t.Errorf("VERSION %q", v)
		}
	})
	t.Run("input", func(t *testing.T) {
		b := w.build("3.0", "")
		b.Ask(jenkins.Input{ID: "Ship", Message: "Ship it?"})
		stop := ticking(t, func() {
			if b.Answered("Ship").Done && b.Result() == "" {
				b.End("SUCCESS")
			}
		})
		defer stop()
		w.Act("approve", w.ref(b))
		w.tap.once(t, "POST /")
		if gate := b.Answered("Ship"); !gate.Done || gate.Rejected {
			t.Errorf("%+v", gate)
		}
		refused(w.Program, 1, "", "act", "approve", "--yes", w.ref(b))
		w.tap.none(t)
		c := w.build("3.1", "")
		c.Ask(jenkins.Input{ID: "Ship", Message: "Ship it?"})
		w.Act("reject", w.ref(c))
		w.tap.once(t, "POST /")
		if no := c.Answered("Ship"); !no.Rejected {
			t.Errorf("%+v", no)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		b := w.build("4.0", "")
		w.Act("cancel", w.ref(b))
		w.tap.once(t, "POST /stop")
		if b.Result() != "ABORTED" {
			t.Error(b.Result())
		}
		refused(w.Program, 1, "", "act", "cancel", "--yes", w.ref(b))
		w.tap.none(t)
	})
	clean(w.Program, canary)
}

func TestJenkinsRefusals(t *testing.T) {
	w := newJenkins(t)
	bad := w.build("1.1", "FAILURE")
	w.act = []string{"act", "rerun", "--yes", w.ref(bad)}
	w.refusals(refusals{
		expire: func(on bool) {
			u := jenkins.User{ID: "kim", Name: "Kim", Token: canary}
			if on {
				u.Token = "another"
			}
			w.sim.SetUser(u)
		},
		loginFix:  "SIM_TOKEN",
		forbidden: `<html><head><title>Error 403 kim is missing the Job/Build permission</title></head></html>`,
		saysNo:    "permission",
		missing:   "run/team/app/deploy/4711",
		arrived:   func() bool { return w.sim.Queued() > 0 || w.deploy.Last().Number() > bad.Number() },
	})
}
