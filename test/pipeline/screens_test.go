package pipeline

import (
	"maps"
	"strconv"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/test/program"
	"devops-tui/test/sim/github"
	"devops-tui/test/sim/jenkins"
)

// TestTheKeysOfGitHub walks through the change keys of pipelines in one cockpit.
func TestTheKeysOfGitHub(t *testing.T) {
	w := newGitHub(t, "")
	_, bad, _ := w.history()
	s := w.Cockpit(140, 45, "github ●", "2", "Builds", "", "Double")

	// R: only what failed
	s.Find("number:2")
	s.WaitText(program.Patience, "1/1", "Double")
	s.Plan("R", program.GoesOn, "only failed jobs")
	s.Send("space")
	s.WaitText(program.Patience, "[x] yes", "--failed")
	s.Proceed()
	s.Yes()
	s.WaitText(program.Patience, "verifying", "ci/2")
	stop := w.play()
	s.Healthy()
	stop()
	w.tap.once(t, "POST /rerun-failed-jobs")
	if bad.Attempt() != 2 {
		t.Errorf("attempt %d", bad.Attempt())
	}
	noWayBack(s, w.tap)

	// C
	doomed := w.shop.Start(github.Spec{Workflow: "ci.yml", Branch: "feature"})
	doomed.Advance()
	s.Find("number:4")
	s.Send("r")
	s.WaitText(program.Patience, "▸◐ acme/shop")
	s.Send("C")
	s.Through()
	s.Healthy()
	w.tap.once(t, "POST /cancel")
	if status, conclusion := doomed.Status(); status != "completed" || conclusion != "cancelled" {
		t.Error(status, conclusion)
	}
	s.Plan("U", program.Question, "again") // what was cancelled can be run again, as a plan of its own
	w.tap.none(t)
	s.Again(program.Question, "esc")

	// D: the typed form
	s.GoTo("workflows", "? acme/shop")
	s.Find("name:deploy")
	s.WaitText(program.Patience, "▸? acme/shop")
	s.Plan("D", program.GoesOn, "What to deploy", "version is still needed")
	s.Send("enter")
	s.WaitText(program.Patience, "is needed")
	w.tap.none(t)
	s.Type("1.4")
	s.Send("tab")
	s.Type("5")
	s.Send("tab", "space")
	s.Send("tab", "right")
	s.WaitText(program.Patience, "[large]", "[x] yes")
	before := len(w.shop.Runs())
	s.Again(program.GoesOn, "enter")
	w.tap.none(t)
	byName(s, "deploy")
	s.WaitText(program.Patience, "verifying", "deploy/1: build") // the run that it began, by its id
	w.tap.once(t, "POST /dispatches")
	runs := w.shop.Runs()
	if len(runs) != before+1 {
		t.Fatalf("%d runs, were %d", len(runs), before)
	}
	if got, want := runs[before].Inputs, map[string]string{"version": "1.4", "replicas": "5", "dry_run": "true", "size": "large", "target": "production"}; !maps.Equal(got, want) {
		t.Errorf("inputs %v, want %v", got, want)
	}
	stop = w.play()
	defer stop()
	s.WaitText(program.Patience, "deploy/1 waits: approval for production")
	s.Again("it goes on in the background", "esc")

	// A: a gate of production
	s.Send("2")
	s.WaitText(program.Patience, "╭ Builds")
	s.Find("name:deploy")
	s.WaitText(program.Patience, "▸⚑ acme/shop")
	s.Menu("A", "approve", "reject")
	s.Pick("approve")
	s.WaitText(program.Patience, program.GoesOn, "waiting → approved", "you started this run yourself")
	s.Again(program.GoesOn, "enter")
	w.tap.none(t)
	byName(s, "deploy/1")
	s.Healthy()
	w.tap.once(t, "POST /pending_deployments")
	s.WaitText(program.Patience, "▸✓ acme/shop")
	s.Plan("U", program.Question, "approve run/acme/shop/deploy/1 came after it and cannot be undone")
	w.tap.none(t)
	s.Again(program.Question, "esc")

	// B: back to the deployment before the newest
	w.shop.Commit("main", "A wider pool", "alex")
	second := w.shop.Start(github.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch"})
	testkit.PollTrue(t, program.Patience, "a gate", func() bool { status, _ := second.Status(); return status == "waiting" })
	w.Act("approve", "run/acme/shop/deploy/2")
	second.Finish()
	w.tap.took()
	stop()
	s.GoTo("environments", "production")
	s.Find("name:production")
	s.Send("r")
	s.WaitText(program.Patience, "▸● acme/shop", "success")
	s.Plan("B", program.GoesOn, "production is protected: approval by kim", "its run, once more")
	s.WaitText(program.Patience, "gh run rerun")
	s.Again(program.GoesOn, "enter")
	w.tap.none(t)
	byName(s, "production")
	s.WaitText(program.Patience, "verifying", "deploy/1")
	w.tap.once(t, "POST /rerun")
	clean(w.Program, canary)
}

// TestTheKeysOfGitLab: a manual job is played, once.
func TestTheKeysOfGitLab(t *testing.T) {
	w := newGitLab(t)
	first := w.push("First commit", "kim", "")
	for _, status := range []string{"pending", "running", "success"} { // GitLab tells where a job deploys to once it did
		w.sim.SetJob(w.sim.JobID(first, "ship"), status, "")
	}
	id := w.push("Double the pool", "alex", "")
	s := w.Cockpit(140, 45, "gitlab ●", "2", "Builds", "", "Double the pool")
	s.Find("number:" + strconv.Itoa(id))
	s.WaitText(program.Patience, "▸⚑ acme/shop", "manual")
	s.Plan("A", "ship  manual → running", "it deploys to production")
	w.tap.none(t)
	byName(s, strconv.Itoa(id))
	s.WaitText(program.Patience, "verifying")
	stop := w.play()
	s.Healthy()
	stop()
	w.tap.once(t, "POST /play")
	if status := w.sim.JobStatus(w.sim.JobID(id, "ship")); status != "success" {
		t.Error(status)
	}
	s.WaitText(program.Patience, "▸✓ acme/shop")
	noWayBack(s, w.tap)
	s.Send("A") // nothing waits any more
	s.WaitText(program.Patience, "it does not wait for anybody")
	w.tap.none(t)
	clean(w.Program, canary)
}

// TestTheKeysOfJenkins: an input is answered with its parameter.
func TestTheKeysOfJenkins(t *testing.T) {
	w := newJenkins(t)
	b := w.build("3.0", "")
	b.Ask(jenkins.Input{ID: "Ship", Message: "Ship it?", Params: []jenkins.Param{{Name: "WHERE", Kind: jenkins.Choice, Choices: []string{"north", "south"}}}})
	s := w.Cockpit(140, 45, "jenkins ●", "2", "Builds", "", "VERSION=3.0")
	s.Find("number:1")
	s.WaitText(program.Patience, "▸⚑ team/app")
	s.Menu("A", "approve", "reject")
	s.Pick("approve")
	s.WaitText(program.Patience, program.GoesOn, "[north]", "WHERE  (none) → north")
	s.Send("right")
	s.WaitText(program.Patience, "[south]", "WHERE  (none) → south")
	w.tap.none(t)
	s.Through()
	s.Healthy()
	w.tap.once(t, "POST /")
	if gate := b.Answered("Ship"); !gate.Done || gate.Rejected || gate.Answer["WHERE"] != "south" {
		t.Errorf("%+v", gate)
	}
	b.End("SUCCESS")
	s.WaitText(program.Patience, "▸✓ team/app")
	noWayBack(s, w.tap)
	clean(w.Program, canary)
}
