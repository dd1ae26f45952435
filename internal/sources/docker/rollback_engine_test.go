package docker

import (
	"fmt"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

var noOptions = sources.Options{}

func TestARollbackGoesToTheLastImageThatDidWell(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := hasty(t, e, nil)
	first := buildImage(t, e, "back/web:1", `CMD ["-name","one"]`)
	second := buildImage(t, e, "back/web:2", `CMD ["-name","two"]`)
	buildImage(t, e, "back/web:3", `CMD ["-exit","4","-after","50ms"]`)
	gone := buildImage(t, e, "back/web:gone", `CMD ["-name","gone"]`)
	discard(t, e, "backward")
	id := docker(t, e, "run", "-d", "--name", "backward", "--stop-timeout", "1", "back/web:1")
	ref := containerRef("backward", s.host.scope, "")
	if _, err := s.PlanRollback(t.Context(), ref, core.Rollback{}); s.Problem(err).Kind != core.NotFound {
		t.Errorf("without a past: %v", err)
	}
	if outcome, err := finish(t, deployTo(t, s, id, "backward", "back/web:2")); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	if outcome, err := finish(t, deployTo(t, s, "", "backward", "back/web:3")); outcome != core.OutcomeFailed {
		t.Fatal(outcome, err)
	}
	s.memory.tell(s.host.scope, sighting{container: "backward", id: gone, ref: "back/web:gone"}, endHealthy, true)
	docker(t, e, "rmi", "back/web:gone")

	form, err := s.Form(t.Context(), core.VerbRollback, ref)
	if err != nil {
		t.Fatal(err)
	}
	f := form.Fields[0]
	if f.Name != "to" || f.Value != first || len(f.Choices) != 3 {
		t.Fatalf("form %+v", f)
	}
	for _, c := range f.Choices {
		cells := fmt.Sprint(c.Cells)
		switch {
		case c.Value == gone && c.Disabled.Empty():
			t.Errorf("what is gone can be chosen: %s", cells)
		case c.Value == first && (!strings.Contains(cells, "back/web:1") || !c.Disabled.Empty()):
			t.Errorf("the first: %s %s", cells, c.Disabled)
		case c.Value != first && c.Value != gone && !strings.Contains(cells, "exited (4)"):
			t.Errorf("the failed one: %s", cells)
		}
	}
	op, err := s.PlanRollback(t.Context(), ref, core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	if p := op.Plan; p.Inverse == nil || p.Inverse.Params["to"] != second || !strings.Contains(p.Title.String(), "back/web:1") {
		t.Errorf("plan %+v", p)
	}
	if outcome, err := finish(t, op); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	if c := inspected(t, s, "backward"); c.Image != first || !c.State.Running {
		t.Errorf("runs %s", c.Config.Image)
	}
	form, err = s.Form(t.Context(), core.VerbDeploy, ref)
	if err != nil || len(form.Fields) != 2 || len(form.Fields[0].Choices) != 3 {
		t.Errorf("deploy form %+v, %v", form, err)
	}
}

func TestAServiceIsRolledBackAsAWhole(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := hasty(t, e, nil)
	first := buildImage(t, e, "fleet/web:1", `CMD ["-name","one"]`)
	second := buildImage(t, e, "fleet/web:2", `CMD ["-name","two"]`)
	bad := buildImage(t, e, "fleet/web:bad", `CMD ["-exit","1","-after","50ms"]`)
	ids, err := e.Compose(t.Context(), "fleet", dockertest.Service{Name: "web", Replicas: 2, Run: dockertest.RunSpec{Image: "fleet/web:2", Args: []string{}}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range ids {
		discard(t, e, name)
	}
	s.memory.tell(s.host.scope, sighting{container: "fleet-web-1", project: "fleet", service: "web", id: first, ref: "fleet/web:1"}, endHealthy, true)
	ref := s.ref(kindProject, "fleet", "fleet")
	form, err := s.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || len(form.Fields) != 1 || form.Fields[0].Value != "web="+first {
		t.Fatalf("form %+v, %v", form, err)
	}
	plan := func(to string) *core.Operation {
		t.Helper()
		op, err := s.PlanRollback(t.Context(), ref, core.Rollback{To: to})
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	if outcome, err := finish(t, plan("web="+bad)); outcome != core.OutcomeFailed {
		t.Errorf("a bad image: %v, %v", outcome, err)
	}
	for name, id := range ids {
		if left := called(t, e, name); len(left) != 1 || left[0].id != id || left[0].state != "running" {
			t.Errorf("after the failure %+v", left)
		}
	}
	op := plan("web=" + first)
	if p := op.Plan; p.Inverse == nil || p.Inverse.Params["to"] != "web="+second || !strings.Contains(fmt.Sprint(p.Warnings), "next `up`") {
		t.Errorf("plan %+v", p)
	}
	if outcome, err := finish(t, op); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	for name, id := range ids {
		c := inspected(t, s, name)
		if c.Image != first || c.ID == id || c.Config.Labels[labelService] != "web" || c.Config.Labels[labelProject] != "fleet" {
			t.Errorf("%s runs %s, labels %v", name, c.Config.Image, c.Config.Labels)
		}
	}
	for _, to := range []string{"", "web", "api=" + first} {
		if _, err := s.PlanRollback(t.Context(), ref, core.Rollback{To: to}); s.Problem(err).Kind != core.Invalid {
			t.Errorf("to %q: %v", to, err)
		}
	}
}
