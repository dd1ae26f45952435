package demo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// calm is a world before anything goes wrong in it: the first bad deploy of a
// demo is on its way when it opens, but not out yet.
func calm(t *testing.T, scope string) (*World, *Source) {
	t.Helper()
	d := New(Options{Seed: 1})
	return d, d.Instance(scope)
}

// carry carries a plan out and follows it.
func carry(t *testing.T, op *core.Operation, err error) core.Outcome {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	complete(t, &op.Plan)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatalf("%s: %v", op.Plan.Title, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := op.Verify(ctx, func(core.Progress) {})
	if err != nil {
		t.Logf("%s: %v", op.Plan.Title, err)
	}
	return out
}

// complete checks what every plan has to say.
func complete(t *testing.T, p *core.Plan) {
	t.Helper()
	if p.Verb == "" || p.Title.Empty() || p.Command.Empty() || p.UndoHint.Empty() || len(p.Impact) == 0 && len(p.Changes) == 0 {
		t.Errorf("the plan is not complete: %+v", p)
	}
	if (p.Inverse == nil) != strings.HasPrefix(p.UndoHint.String(), "cannot be undone") {
		t.Errorf("%s: undo is %q, its inverse %+v", p.Title, p.UndoHint, p.Inverse)
	}
}

// undo carries the inverse of a plan out, as the engine would plan it.
func undo(t *testing.T, s *Source, p core.Plan) core.Outcome {
	t.Helper()
	in := p.Inverse
	if in == nil {
		t.Fatalf("%s has no inverse", p.Title)
	}
	ref := p.Target
	if !in.Target.IsZero() {
		ref = in.Target
	}
	ref.UID = ""
	var op *core.Operation
	var err error
	switch in.Verb {
	case core.VerbRollback:
		op, err = s.PlanRollback(t.Context(), ref, core.Rollback{To: in.Params["to"], Options: in.Params})
	case core.VerbRerun:
		op, err = s.PlanRerun(t.Context(), ref, core.Rerun{})
	case core.VerbCancel:
		op, err = s.PlanCancel(t.Context(), ref, core.Cancel{})
	case core.VerbDeploy:
		op, err = s.PlanDeploy(t.Context(), ref, core.Deploy{Image: in.Params["image"]})
	case core.VerbScale:
		n := map[string]int{"2": 2, "3": 3, "4": 4}[in.Params["replicas"]]
		op, err = s.PlanScale(t.Context(), ref, n)
	case core.VerbPause:
		op, err = s.PlanPause(t.Context(), ref)
	case core.VerbResume:
		op, err = s.PlanResume(t.Context(), ref)
	case core.VerbUncordon, core.VerbCordon:
		op, err = s.PlanCordon(t.Context(), ref, in.Verb == core.VerbCordon)
	case core.VerbRestore:
		op, err = s.PlanRestore(t.Context(), ref, in.Saved)
	case core.VerbStart:
		op, err = s.PlanStart(t.Context(), ref)
	case core.VerbStop:
		op, err = s.PlanStop(t.Context(), ref, -1)
	default:
		t.Fatalf("no way to plan %s", in.Verb)
	}
	return carry(t, op, err)
}

func row(t *testing.T, s *Source, ref core.Ref) *core.Resource {
	t.Helper()
	r, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refused asserts that a plan is refused in words that say why.
func refused(t *testing.T, why string, err error) {
	t.Helper()
	var p *core.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Error(), why) {
		t.Errorf("%v, want a problem that says %q", err, why)
	}
}

// TestARollbackEndsTheStory rolls the bad deploy back, as its form offers, and
// takes that back again.
func TestARollbackEndsTheStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := calm(t, Prod)
		dep := bad(t, d, errs)
		ref := dep.target
		f, err := s.Form(t.Context(), core.VerbRollback, ref)
		if err != nil || len(f.Fields) != 1 || len(f.Fields[0].Choices) < 2 {
			t.Fatalf("the form: %+v, %v", f, err)
		}
		current := slices.IndexFunc(f.Fields[0].Choices, func(c core.Choice) bool { return c.Current })
		if current < 0 || f.Fields[0].Choices[current].Disabled.Empty() || f.Fields[0].Value == "" || f.Fields[0].Value == f.Fields[0].Choices[current].Value {
			t.Errorf("the candidates: %+v", f.Fields[0])
		}
		for _, c := range f.Fields[0].Choices {
			if len(c.Cells) != len(f.Fields[0].Columns) {
				t.Errorf("%d cells for %d columns", len(c.Cells), len(f.Fields[0].Columns))
			}
		}
		image := row(t, s, ref).Facts.Image[0]
		op, err := s.PlanRollback(t.Context(), ref, core.Rollback{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("the rollback: %v", out)
		}
		if now := row(t, s, ref); now.Phase != core.Running || now.Facts.Image[0] == image {
			t.Errorf("after the rollback: %s %s, image %s", now.Phase, now.Reason, now.Facts.Image[0])
		}
		d.w.lock()
		calmed := dep.usage(d.w.now).Values[core.ErrorRate]
		over := !d.w.troubled(s.place, dep.service.name, d.w.now.Add(2*time.Second))
		d.w.mu.Unlock()
		if calmed > 2 {
			t.Errorf("%.1f errors per second after the rollback", calmed)
		}
		within(t, 10*time.Second, "the incident is over", func() bool {
			d.w.lock()
			defer d.w.mu.Unlock()
			return over || !d.w.troubled(s.place, dep.service.name, d.w.now)
		})
		undo(t, s, op.Plan)
		if now := row(t, s, ref); now.Facts.Image[0] != image {
			t.Errorf("undo leaves image %s, want %s again", now.Facts.Image[0], image)
		}
		_, err = s.PlanRollback(t.Context(), ref, core.Rollback{To: "1"})
		refused(t, "no revision", err)

		// A pod is asked, its deployment is meant.
		d.w.lock()
		p := s.place.find(ref).(*deployment).live()[0].ref()
		d.w.mu.Unlock()
		op, err = s.PlanRollback(t.Context(), p, core.Rollback{})
		if err != nil || !op.Plan.Target.SameObject(ref) || op.Plan.From != p {
			t.Errorf("of the pod: %+v, %v", op, err)
		}
	})
}

// TestAnImageThatDoesNotExistIsRolledBack is the story that a user begins.
func TestAnImageThatDoesNotExistIsRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Staging)
		ref := refTo(Staging, "deployment", "payments", "billing")
		good := row(t, s, ref).Facts.Image[0]
		op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{Image: "registry.acme.example/billing:oops", Container: "app"})
		if out := carry(t, op, err); out != core.OutcomeFailed {
			t.Errorf("an image that does not exist: %v", out)
		}
		if now := row(t, s, ref); now.Reason.String() != "ImagePullBackOff" || now.Cells[1].Text.String() != "1/1" {
			t.Errorf("%s %s: the old pod must go on serving", now.Reason, now.Cells[1].Text)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy {
			t.Errorf("undo: %v", out)
		}
		if now := row(t, s, ref); now.Facts.Image[0] != good || now.Phase != core.Running {
			t.Errorf("after undo: %s, %s", now.Facts.Image[0], now.Reason)
		}
		_, err = s.PlanDeploy(t.Context(), ref, core.Deploy{Image: good})
		refused(t, "already", err)
		_, err = s.PlanDeploy(t.Context(), ref, core.Deploy{File: "x.yaml"})
		refused(t, "no files", err)
	})
}

func TestScalingAndWhoFightsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		web, billing := refTo(Prod, "deployment", "shop", "web"), refTo(Prod, "deployment", "payments", "billing")
		op, err := s.PlanScale(t.Context(), billing, 3)
		if out := carry(t, op, err); out != core.OutcomeHealthy || len(op.Plan.Warnings) != 0 {
			t.Errorf("scaling billing: %v, warnings %v", out, op.Plan.Warnings)
		}
		if now := row(t, s, billing).Cells[1].Text.String(); now != "3/3" {
			t.Errorf("billing is %s", now)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || row(t, s, billing).Cells[1].Text.String() != "2/2" {
			t.Errorf("undo: %v", out)
		}
		op, err = s.PlanScale(t.Context(), web, 5)
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("scaling web: %v", out)
		}
		if len(op.Plan.Warnings) == 0 || !strings.Contains(op.Plan.Warnings[0].String(), "HorizontalPodAutoscaler") {
			t.Errorf("nothing warns of the autoscaler: %v", op.Plan.Warnings)
		}
		within(t, 2*time.Minute, "the autoscaler has its way", func() bool { return row(t, s, web).Cells[1].Text.String() == "3/3" })

		op, err = s.PlanScale(t.Context(), billing, 0)
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("scaling to 0: %v", out)
		}
		if now := row(t, s, billing); now.Reason.String() != "ScaledToZero" {
			t.Errorf("at 0: %s", now.Reason)
		}
		_, err = s.PlanScale(t.Context(), billing, 0)
		refused(t, "already", err)
		_, err = s.PlanScale(t.Context(), billing, 1000)
		refused(t, "0 to 20", err)
	})
}

func TestAPausedRolloutWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := calm(t, Prod)
		ref := refTo(Prod, "deployment", "payments", "billing")
		op, err := s.PlanPause(t.Context(), ref)
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Reason.String() != "Paused" {
			t.Fatalf("paused: %v, %s", out, row(t, s, ref).Reason)
		}
		if s.Disabled(core.VerbRestart, row(t, s, ref)).Empty() || s.Disabled(core.VerbPause, row(t, s, ref)).Empty() {
			t.Error("restart and pause are offered while paused")
		}
		_, err = s.PlanRestart(t.Context(), ref)
		refused(t, "paused", err)
		_, err = s.PlanRollback(t.Context(), ref, core.Rollback{})
		refused(t, "paused", err)
		d.w.lock()
		other := d.w.makeBuild(s.place.deployment("billing").service, "main", sound)
		s.place.deployment("billing").roll(other, time.Time{})
		d.w.mu.Unlock()
		<-time.After(time.Minute)
		d.w.lock()
		n := len(s.place.deployment("billing").current.live())
		d.w.mu.Unlock()
		if n != 0 {
			t.Errorf("%d new pods while the rollout is paused", n)
		}
		op, err = s.PlanResume(t.Context(), ref)
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Facts.Image[0] != other.image {
			t.Errorf("resumed: %v, image %s", out, row(t, s, ref).Facts.Image[0])
		}
	})
}

func TestADrainedNodeIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := calm(t, Staging)
		ref := refTo(Staging, "node", "", "staging-node-1")
		_, err := s.PlanDrain(t.Context(), ref, core.Drain{Grace: -1})
		refused(t, "emptyDir", err)
		op, err := s.PlanDrain(t.Context(), ref, core.Drain{Grace: -1, DeleteEmptyDir: true})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("drained: %v", out)
		}
		d.w.lock()
		n := s.place.find(ref).(*node)
		left := len(n.pods())
		d.w.mu.Unlock()
		if r := row(t, s, ref); left != 0 || r.Reason.String() != "Ready,SchedulingDisabled" || op.Plan.Danger != 2 {
			t.Errorf("%d pods on it, %s, danger %d", left, r.Reason, op.Plan.Danger)
		}
		// With the other one cordoned too new pods wait, and come when one is open again.
		other := refTo(Staging, "node", "", "staging-node-2")
		op2, err := s.PlanCordon(t.Context(), other, true)
		if out := carry(t, op2, err); out != core.OutcomeHealthy || len(op2.Plan.Warnings) == 0 {
			t.Errorf("cordoned: %v, warnings %v", out, op2.Plan.Warnings)
		}
		web := refTo(Staging, "deployment", "shop", "web")
		scale, err := s.PlanScale(t.Context(), web, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := scale.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
			t.Fatal(err)
		}
		<-time.After(20 * time.Second)
		if now := row(t, s, web).Cells[1].Text.String(); now != "2/3" {
			t.Errorf("web is %s while no node takes pods", now)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy {
			t.Errorf("uncordon: %v", out)
		}
		within(t, time.Minute, "the waiting pod runs", func() bool { return row(t, s, web).Cells[1].Text.String() == "3/3" })
	})
}

func TestACronJobRunsNowAndNotByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		ref := refTo(Prod, "cronjob", "shop", "abandoned-carts")
		op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("triggered: %v", out)
		}
		events, err := s.Events(t.Context(), ref)
		if err != nil || !slices.ContainsFunc(events, func(e core.Event) bool { return strings.Contains(e.Message.String(), "manual") }) {
			t.Errorf("no event of the job: %v", err)
		}
		op, err = s.PlanPause(t.Context(), ref)
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Reason.String() != "Suspended" {
			t.Errorf("suspended: %v", out)
		}
		before := row(t, s, ref).Cells[4].Num
		<-time.After(25 * time.Minute)
		if now := row(t, s, ref).Cells[4].Num; now != before {
			t.Error("a suspended schedule started a job")
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy {
			t.Errorf("resumed: %v", out)
		}
		within(t, 11*time.Minute, "a job by the clock", func() bool { return row(t, s, ref).Cells[4].Num != before })
	})
}

func edit(t *testing.T, s *Source, ref core.Ref, old, new string) (*core.Operation, error) {
	t.Helper()
	before, err := s.Definition(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(before), old) {
		t.Fatalf("%q is not in\n%s", old, before)
	}
	return s.PlanEdit(t.Context(), ref, before, []byte(strings.Replace(string(before), old, new, 1)))
}

func TestAnEditIsHonouredOrRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		ref := refTo(Prod, "deployment", "payments", "billing")
		op, err := edit(t, s, ref, "  replicas: 2\n", "  replicas: 3\n")
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Cells[1].Text.String() != "3/3" {
			t.Errorf("replicas: %v, %s", out, row(t, s, ref).Cells[1].Text)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || row(t, s, ref).Cells[1].Text.String() != "2/2" {
			t.Errorf("undo: %v", out)
		}
		op, err = edit(t, s, ref, "  labels:\n", "  labels:\n    team: \"on call\"\n")
		if out := carry(t, op, err); out != core.OutcomeHealthy || row(t, s, ref).Facts.Labels["team"] != "on call" {
			t.Errorf("labels: %v, %v", out, row(t, s, ref).Facts.Labels)
		}
		if len(op.Plan.Diff) == 0 || len(op.Plan.Changes) != 1 {
			t.Errorf("the plan of one label: %d changes, %d lines", len(op.Plan.Changes), len(op.Plan.Diff))
		}
		_, err = edit(t, s, ref, "RollingUpdate", "Recreate")
		refused(t, "the demo cannot change it", err)
		_, err = edit(t, s, ref, "  replicas: 2\n", "  replicas: two\n")
		refused(t, "not a number", err)
		_, err = edit(t, s, ref, "spec:\n", "spec\n")
		refused(t, "line", err)
		_, err = edit(t, s, ref, "x", "x")
		refused(t, "nothing was changed", err)
		before, _ := s.Definition(t.Context(), ref)
		_, err = s.PlanEdit(t.Context(), ref, []byte(strings.Replace(string(before), "resourceVersion: ", "resourceVersion: 1", 1)), before)
		refused(t, "while it was edited", err)

		cm := refTo(Prod, "configmap", "shop", "api-settings")
		op, err = edit(t, s, cm, "LOG_LEVEL: info", "LOG_LEVEL: debug")
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("configmap: %v", out)
		}
		if b, _ := s.Definition(t.Context(), cm); !strings.Contains(string(b), "LOG_LEVEL: debug") {
			t.Errorf("after the edit:\n%s", b)
		}
	})
}

func TestWhatIsDeletedComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := calm(t, Staging)
		l := play(t, s)
		ref, cm := refTo(Staging, "deployment", "shop", "web"), refTo(Staging, "configmap", "shop", "web-settings")
		for _, cascade := range []string{"", "foreground"} {
			image := row(t, s, ref).Facts.Image[0]
			op, err := s.PlanDelete(t.Context(), ref, core.Removal{Cascade: cascade, Grace: -1})
			if out := carry(t, op, err); out != core.OutcomeHealthy {
				t.Fatalf("deleted (%s): %v", cascade, out)
			}
			within(t, 10*time.Second, "its pods are gone", func() bool {
				return l.count(func(r *core.Resource) bool {
					return r.Ref.Name == "web" && r.Ref.Kind == "deployment" || r.Facts != nil && r.Ref.Kind == "pod" && r.Facts.Service == "web"
				}) == 0
			})
			_, err = s.Get(t.Context(), ref)
			refused(t, "no deployment", err)
			if out := undo(t, s, op.Plan); out != core.OutcomeHealthy {
				t.Fatalf("put back (%s): %v", cascade, out)
			}
			if now := row(t, s, ref); now.Facts.Image[0] != image || now.Cells[1].Text.String() != "2/2" || now.Ref.UID == op.Plan.Target.UID {
				t.Errorf("put back: %s, %s, the same UID %t", now.Facts.Image[0], now.Cells[1].Text, now.Ref.UID == op.Plan.Target.UID)
			}
			d.w.lock()
			e := s.place.find(refTo(Staging, "service", "shop", "web")).(*endpoint)
			if len(e.dep.live()) != 2 {
				t.Errorf("the service finds %d pods", len(e.dep.live()))
			}
			d.w.mu.Unlock()
		}
		op, err := s.PlanDelete(t.Context(), cm, core.Removal{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("configmap deleted: %v", out)
		}
		again, err := s.PlanRestart(t.Context(), ref)
		if out := carry(t, again, err); out != core.OutcomeFailed || row(t, s, ref).Reason.String() != "CreateContainerConfigError" {
			t.Errorf("without its settings web restarts: %v, %s", out, row(t, s, ref).Reason)
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy {
			t.Errorf("configmap put back: %v", out)
		}
		within(t, time.Minute, "web is healthy again", func() bool { return row(t, s, ref).Reason.String() == "Available" })
		_, err = s.PlanDelete(t.Context(), ref, core.Removal{Cascade: "orphan"})
		refused(t, "orphans", err)
		_, err = s.PlanDelete(t.Context(), refTo(Staging, "node", "", "staging-node-1"), core.Removal{})
		refused(t, "cannot be deleted", err)
	})
}

// A pipeline goes on when somebody has deleted its deployment.
func TestAPipelineCreatesWhatWasDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		for _, name := range []string{"api", "web"} {
			op, err := s.PlanDelete(t.Context(), refTo(Prod, "deployment", "shop", name), core.Removal{})
			carry(t, op, err)
		}
		within(t, 20*time.Minute, "a deploy creates them again", func() bool {
			for _, name := range []string{"api", "web"} {
				if _, err := s.Get(t.Context(), refTo(Prod, "deployment", "shop", name)); err != nil {
					return false
				}
			}
			return true
		})
	})
}

// notes is an Output that keeps what it is told.
type notes struct {
	mu    sync.Mutex
	lines []string
	said  []string
}

func (n *notes) Progress(p core.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, p.Text.String())
}

func (n *notes) Line(l text.Line) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, l.String())
}

func (n *notes) all() (lines, said []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines), slices.Clone(n.said)
}
