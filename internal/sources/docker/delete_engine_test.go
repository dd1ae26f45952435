package docker

import (
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

func gone(t *testing.T, e *dockertest.Engine, what ...string) bool {
	t.Helper()
	_, err := e.Docker(t.Context(), append([]string{what[0], "inspect"}, what[1:]...)...)
	return err != nil
}

func TestAContainerIsRemovedAndNeverKilledUnasked(t *testing.T) {
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := over(t, e, gate)
	haveImage(t, e)
	id := strings.TrimSpace(output(t, e, "run", "-d", "--name", "doomed", "-v", "/scratch", "-v", "kept:/kept", dockertest.DefaultImage))
	t.Cleanup(func() { _, _ = e.Do(t.Context(), "DELETE", "/volumes/kept", nil) })
	ref := containerRef("doomed", s.host.scope, id)
	if _, err := s.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}); s.Problem(err) == nil || s.Problem(err).Kind != core.Conflict {
		t.Fatalf("a running one without force: %v", err)
	}
	form, err := s.Form(t.Context(), core.VerbDelete, ref)
	if err != nil || len(form.Fields) != 2 || form.Fields[0].Name != "volumes" || form.Fields[1].Name != "force" {
		t.Errorf("form %+v, %v", form, err)
	}
	c, err := s.inspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	scratch := anonymousVolumes(&c)[0]
	op, err := s.PlanDelete(t.Context(), ref, core.Removal{Force: true, Volumes: true})
	does(t, op, err)
	if p := op.Plan; p.Danger != 2 || p.Inverse != nil || !strings.HasPrefix(p.UndoHint.String(), "cannot be undone") ||
		!strings.Contains(linesOf(p.Impact), "volume kept (/kept) stays") || len(p.Changes) != 2 || !strings.HasSuffix(p.Command.String(), "rm -f -v doomed") {
		t.Errorf("plan %+v", p)
	}
	if !gone(t, e, "container", "doomed") || !gone(t, e, "volume", scratch) || gone(t, e, "volume", "kept") || gate.Sent() != 1 {
		t.Errorf("not as planned; %d requests", gate.Sent())
	}
}

// haveImage makes sure of the test program's image.
func haveImage(t *testing.T, e *dockertest.Engine) {
	t.Helper()
	if gone(t, e, "image", dockertest.DefaultImage) {
		if err := e.Image(t.Context(), dockertest.DefaultImage); err != nil {
			t.Fatal(err)
		}
	}
}

func output(t *testing.T, e *dockertest.Engine, args ...string) string {
	t.Helper()
	out, err := e.Docker(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestAnImageIsUntaggedOrDeletedAsThePlanSays(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	if err := e.Image(t.Context(), "farewell/app:1"); err != nil {
		t.Fatal(err)
	}
	output(t, e, "tag", "farewell/app:1", "other/name:2")
	e.RunFor(t, dockertest.RunSpec{Name: "holder", Image: "farewell/app:1"})
	ref := s.ref(kindImage, "farewell/app:1", "")
	if _, err := s.PlanDelete(t.Context(), ref, core.Removal{}); s.Problem(err) == nil || !strings.Contains(err.Error(), "holder") {
		t.Fatalf("in use: %v", err)
	}
	op, err := s.PlanDelete(t.Context(), ref, core.Removal{Force: true})
	if err != nil || !strings.HasPrefix(op.Plan.Title.String(), "Untag") || op.Plan.Danger != 1 {
		t.Fatalf("plan %+v, %v", op, err)
	}
	output(t, e, "rm", "-f", "holder")
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); s.Problem(err) == nil || s.Problem(err).Kind != core.Conflict {
		t.Errorf("planned for another use: %v", err)
	}
	op, err = s.PlanDelete(t.Context(), ref, core.Removal{})
	does(t, op, err)
	if len(op.Plan.Changes) != 3 || !gone(t, e, "image", "other/name:2") || !gone(t, e, "image", op.Plan.Target.UID) {
		t.Errorf("plan %+v", op.Plan)
	}
}

func TestAVolumeGoesOnlyWithoutUsers(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "writer", Volumes: []string{"ledger:/data"}})
	ref := s.ref(kindVolume, "ledger", "")
	if _, err := s.PlanDelete(t.Context(), ref, core.Removal{}); s.Problem(err) == nil || !strings.Contains(err.Error(), "writer") {
		t.Fatalf("in use: %v", err)
	}
	remove(t, e, id)
	op, err := s.PlanDelete(t.Context(), ref, core.Removal{})
	does(t, op, err)
	if op.Plan.Danger != 2 || strings.Contains(op.Plan.Changes[0].Before.String(), "not known") || !gone(t, e, "volume", "ledger") {
		t.Errorf("plan %+v", op.Plan)
	}
	// One of the same name that is made again is another one.
	output(t, e, "volume", "create", "ledger")
	old := op.Plan.Target
	old.UID = "ledger@2020-01-01T00:00:00Z"
	if _, err := s.PlanDelete(t.Context(), old, core.Removal{}); s.Problem(err) == nil || s.Problem(err).Kind != core.Conflict {
		t.Errorf("replaced: %v", err)
	}
	output(t, e, "volume", "rm", "ledger")
}

func TestANetworkGoesOnlyWithoutEndpoints(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	output(t, e, "network", "create", "mesh")
	id := e.RunFor(t, dockertest.RunSpec{Name: "knot", Network: "mesh"})
	ref := s.ref(kindNetwork, "mesh", "")
	if _, err := s.PlanDelete(t.Context(), ref, core.Removal{}); s.Problem(err) == nil || !strings.Contains(err.Error(), "knot") {
		t.Fatalf("in use: %v", err)
	}
	output(t, e, "stop", "-t", "0", id)
	op, err := s.PlanDelete(t.Context(), ref, core.Removal{})
	does(t, op, err)
	if op.Plan.Danger != 2 || !strings.Contains(linesOf(op.Plan.Warnings), "knot") || !gone(t, e, "network", "mesh") {
		t.Errorf("plan %+v", op.Plan)
	}
	if _, err := s.PlanDelete(t.Context(), s.ref(kindNetwork, "bridge", ""), core.Removal{}); s.Problem(err) == nil || s.Problem(err).Kind != core.Unsupported {
		t.Errorf("bridge: %v", err)
	}
}
