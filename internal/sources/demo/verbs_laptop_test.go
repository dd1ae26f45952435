package demo

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

func TestTheLifeOfAContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Laptop)
		ref := refTo(Laptop, "container", "", "shop-redis-1")
		state := func() string { return row(t, s, ref).Reason.String() }
		op, err := s.PlanStop(t.Context(), ref, -1)
		if out := carry(t, op, err); out != core.OutcomeHealthy || state() != "Exited (0)" {
			t.Errorf("stopped: %v, %s", out, state())
		}
		for _, verb := range []string{core.VerbStop, core.VerbKill, core.VerbPause, core.VerbShell} {
			if s.Disabled(verb, row(t, s, ref)).Empty() {
				t.Errorf("%s is offered for what is stopped", verb)
			}
		}
		_, err = s.PlanStop(t.Context(), ref, -1)
		refused(t, "not running", err)
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || state() != "Up" {
			t.Errorf("started: %v, %s", out, state())
		}
		op, err = s.PlanPause(t.Context(), ref)
		if out := carry(t, op, err); out != core.OutcomeHealthy || state() != "Paused" {
			t.Errorf("paused: %v, %s", out, state())
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || state() != "Up" {
			t.Errorf("resumed: %v, %s", out, state())
		}
		op, err = s.PlanKill(t.Context(), ref, "SIGHUP")
		if out := carry(t, op, err); out != core.OutcomeHealthy || state() != "Up" {
			t.Errorf("HUP: %v, %s", out, state())
		}
		op, err = s.PlanKill(t.Context(), ref, "")
		if out := carry(t, op, err); out != core.OutcomeHealthy || state() != "Exited (137)" || op.Plan.Danger != 2 {
			t.Errorf("KILL: %v, %s, danger %d", out, state(), op.Plan.Danger)
		}
		_, err = s.PlanKill(t.Context(), ref, "NOPE")
		refused(t, "no signal", err)
		op, err = s.PlanDelete(t.Context(), ref, core.Removal{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("deleted: %v", out)
		}
		_, err = s.Get(t.Context(), ref)
		refused(t, "no container", err)
		_, err = s.PlanDelete(t.Context(), refTo(Laptop, "container", "", "shop-api-1"), core.Removal{})
		refused(t, "running", err)
	})
}

func TestAContainerIsMadeAnewWithAnotherImage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Laptop)
		ref := refTo(Laptop, "container", "", "shop-billing-1")
		before := row(t, s, ref)
		f, err := s.Form(t.Context(), core.VerbRollback, ref)
		if err != nil || len(f.Fields[0].Choices) != 2 || f.Fields[0].Value == "" {
			t.Fatalf("the form: %+v, %v", f, err)
		}
		op, err := s.PlanRollback(t.Context(), ref, core.Rollback{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("rolled back: %v", out)
		}
		now := row(t, s, ref)
		if now.Facts.Image[0] != f.Fields[0].Value || now.Ref.UID == before.Ref.UID || now.Cells[9] != before.Cells[9] {
			t.Errorf("image %s, the same container %t, ports %v", now.Facts.Image[0], now.Ref.UID == before.Ref.UID, now.Cells[9])
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || row(t, s, ref).Facts.Image[0] != before.Facts.Image[0] {
			t.Errorf("undone: %v, %s", out, row(t, s, ref).Facts.Image[0])
		}

		// What cannot be pulled leaves the container as it is; what can is pulled first.
		pg := refTo(Laptop, "container", "", "shop-postgres-1")
		id := row(t, s, pg).Ref.UID
		op, err = s.PlanDeploy(t.Context(), pg, core.Deploy{Image: "postgres:99"})
		if err != nil {
			t.Fatal(err)
		}
		refused(t, "pull access denied", op.Execute(sources.Permit(t.Context()), sources.Quiet))
		if row(t, s, pg).Ref.UID != id {
			t.Error("an image that could not be pulled has replaced the container")
		}
		out := &notes{}
		op, err = s.PlanDeploy(t.Context(), pg, core.Deploy{Image: "postgres:17.6"})
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Execute(sources.Permit(t.Context()), out); err != nil {
			t.Fatal(err)
		}
		if lines, _ := out.all(); !strings.Contains(strings.Join(lines, "\n"), "Pull complete") {
			t.Errorf("the pull says %q", lines)
		}
		if row(t, s, pg).Facts.Image[0] != "postgres:17.6" {
			t.Error("the image is not deployed")
		}
	})
}

func TestAProjectGoesDownAndUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Laptop)
		l := play(t, s)
		ref := refTo(Laptop, "project", "", "tools")
		op, err := s.PlanDelete(t.Context(), ref, core.Removal{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("down: %v", out)
		}
		up, err := s.PlanDeploy(t.Context(), ref, core.Deploy{Options: map[string]string{"pull": "true"}})
		if err != nil {
			t.Fatal(err)
		}
		complete(t, &up.Plan)
		out := &notes{}
		if err := up.Execute(sources.Permit(t.Context()), out); err != nil {
			t.Fatal(err)
		}
		if lines, said := out.all(); !strings.Contains(strings.Join(lines, "\n"), "Container tools-mail-1  Started") || len(said) == 0 {
			t.Errorf("compose says %q, %q", lines, said)
		}
		within(t, 20*time.Second, "the project's containers run", func() bool {
			return l.count(func(r *core.Resource) bool {
				return r.Ref.Kind == "container" && r.Phase == core.Running && strings.HasPrefix(r.Ref.Name, "tools-")
			}) == 2
		})
		// A container with another image than the file says is drift.
		web := refTo(Laptop, "container", "", "shop-web-1")
		back, err := s.PlanRollback(t.Context(), web, core.Rollback{})
		carry(t, back, err)
		drift, err := s.PlanDeploy(t.Context(), refTo(Laptop, "project", "", "shop"), core.Deploy{})
		if err != nil || len(drift.Plan.Warnings) == 0 || !strings.Contains(drift.Plan.Warnings[0].String(), "drift: shop-web-1") {
			t.Fatalf("the drift is not shown: %v, %v", drift, err)
		}
		if out := carry(t, drift, nil); out != core.OutcomeHealthy || row(t, s, web).Facts.Image[0] != "shop-web:dev" {
			t.Errorf("up: %v, %s", out, row(t, s, web).Facts.Image[0])
		}
	})
}

func TestPruneTakesWhatIsUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := calm(t, Laptop)
		ref := refTo(Laptop, "host", "", "laptop")
		op, err := s.PlanPrune(t.Context(), ref, []string{"images"})
		if out := carry(t, op, err); out != core.OutcomeHealthy || len(op.Plan.Changes) != 3 {
			t.Errorf("pruned: %v, %d images", out, len(op.Plan.Changes))
		}
		d.w.lock()
		left, _ := s.place.unusedPictures()
		d.w.mu.Unlock()
		if len(left) != 0 {
			t.Errorf("%d unused images are left", len(left))
		}
		_, err = s.PlanPrune(t.Context(), ref, []string{"images"})
		refused(t, "nothing is unused", err)
		_, err = s.PlanPrune(t.Context(), ref, []string{"wisdom"})
		refused(t, "wisdom", err)
	})
}
