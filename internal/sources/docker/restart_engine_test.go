package docker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

// carryOut executes and verifies an operation.
func carryOut(t *testing.T, op *core.Operation, limit time.Duration) (core.Outcome, []core.Progress, error) {
	t.Helper()
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatalf("Execute: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var steps []core.Progress
	outcome, err := op.Verify(ctx, func(p core.Progress) { steps = append(steps, p) })
	return outcome, steps, err
}

func TestRestartWaitsForTheHealthCheck(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "checked", Health: time.Second})
	op, err := s.PlanRestart(t.Context(), containerRef("checked", s.host.scope, id))
	if err != nil {
		t.Fatal(err)
	}
	outcome, steps, err := carryOut(t, op, 30*time.Second)
	if err != nil || outcome != core.OutcomeHealthy {
		t.Errorf("Verify: %v, %v", outcome, err)
	}
	if st, err := e.State(t.Context(), id); err != nil || st.Health.Status != "healthy" {
		t.Errorf("verified, but %+v, %v", st, err)
	}
	waited := false
	for _, p := range steps {
		waited = waited || strings.Contains(p.Text.String(), "health check starting")
	}
	if !waited {
		t.Errorf("steps %+v", steps)
	}
}

func TestARestartThatDoesNotHelpHasFailed(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "hopeless", Args: []string{"-exit", "7", "-after", "300ms"}})
	until(t, 10*time.Second, "it ends", func() bool { st, err := e.State(t.Context(), id); return err == nil && st.Status == "exited" })
	op, err := s.PlanRestart(t.Context(), containerRef("hopeless", s.host.scope, id))
	if err != nil {
		t.Fatal(err)
	}
	if len(op.Plan.Warnings) != 1 || !strings.Contains(op.Plan.Warnings[0].String(), "not running") {
		t.Errorf("warnings %v", op.Plan.Warnings)
	}
	outcome, _, err := carryOut(t, op, 30*time.Second)
	var p *core.Problem
	if outcome != core.OutcomeFailed || !errors.As(err, &p) || !strings.Contains(p.Summary.String(), "Exited (7)") {
		t.Errorf("Verify: %v, %v", outcome, err)
	}
}

func TestAProjectIsRestartedAsOne(t *testing.T) {
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := over(t, e, gate)
	ids, err := e.Compose(t.Context(), "whole",
		dockertest.Service{Name: "a", Replicas: 2}, dockertest.Service{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		t.Cleanup(func() { remove(t, e, id) })
	}
	before := map[string]time.Time{}
	for name, id := range ids {
		c, err := s.inspect(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		before[name] = parseTime(c.State.StartedAt)
	}
	op, err := s.PlanRestart(t.Context(), s.ref(kindProject, "whole", "whole"))
	if err != nil {
		t.Fatal(err)
	}
	if p := op.Plan; len(p.Changes) != 3 || len(p.Impact) != 4 || !strings.HasSuffix(p.Command.String(), " restart whole-a-1 whole-a-2 whole-b-1") {
		t.Errorf("plan %+v", p)
	}
	outcome, steps, err := carryOut(t, op, 60*time.Second)
	if err != nil || outcome != core.OutcomeHealthy {
		t.Fatalf("Verify: %v, %v", outcome, err)
	}
	if last := steps[len(steps)-1]; last.Done != 3 || last.Total != 3 {
		t.Errorf("last step %+v", last)
	}
	if gate.Sent() != 3 {
		t.Errorf("%d requests left, want one for each container", gate.Sent())
	}
	for name, id := range ids {
		if c, err := s.inspect(t.Context(), id); err != nil || !parseTime(c.State.StartedAt).After(before[name]) {
			t.Errorf("%s was not restarted: %v", name, err)
		}
	}
}

func TestReadOnlyStopsAProjectToo(t *testing.T) {
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := over(t, e, gate)
	e.RunFor(t, dockertest.RunSpec{Name: "guarded-1", Labels: map[string]string{labelProject: "guarded", labelService: "x"}})
	e.RunFor(t, dockertest.RunSpec{Name: "guarded-2", Labels: map[string]string{labelProject: "guarded", labelService: "y"}})
	op, err := s.PlanRestart(t.Context(), s.ref(kindProject, "guarded", "guarded"))
	if err != nil {
		t.Fatal(err)
	}
	gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || gate.Sent() != 0 {
		t.Errorf("Execute while read-only: %v, %d sent", err, gate.Sent())
	}
}
