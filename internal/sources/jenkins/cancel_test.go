package jenkins

import (
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	simulator "devops-tui/test/sim/jenkins"
)

func TestCancelClimbsTheLadder(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Pipeline("stuck")
	x := j.Start(simulator.Start{By: "lee"})
	x.Stubborn = 2
	x.Stage("Wait")
	ref := b.found("run", "", "stuck/1").Ref
	for _, want := range []string{"stop", "term", "kill"} {
		s := b.source(t, b.gate, "kim", token) // another session: the console tells which step is next
		op, err := s.PlanCancel(t.Context(), ref, core.Cancel{Force: want != "stop"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(op.Plan.Command.String(), "/job/stuck/1/"+want) {
			t.Errorf("%s: %s", want, op.Plan.Command)
		}
		if !strings.Contains(joined(op.Plan.Warnings), "lee") {
			t.Errorf("warnings: %v", op.Plan.Warnings)
		}
		if err := op.Execute(sources.PermitFor(t.Context(), ref), sources.Quiet); err != nil {
			t.Fatal(err)
		}
		if want == "kill" {
			if out, err := b.verify(op); out != core.OutcomeHealthy {
				t.Errorf("%v, %v", out, err)
			}
		}
	}
	if m := b.srv.Mutations(); len(m) != 3 || x.Stops() != 3 {
		t.Errorf("%d changes, %d stops", len(m), x.Stops())
	}
	b.srv.Reset()
	_, err := b.src.PlanCancel(t.Context(), ref, core.Cancel{})
	b.refused(err, core.Conflict, "ended already")
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim"})
	_, err = b.src.PlanCancel(t.Context(), b.found("run", "", "plain/1").Ref, core.Cancel{Force: true})
	b.refused(err, core.Unsupported, "no Pipeline")
}

func TestCancelOfWhatEndsMeanwhile(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Freestyle("plain").Start(simulator.Start{By: "kim"})
	op, err := b.src.PlanCancel(t.Context(), b.found("run", "", "plain/1").Ref, core.Cancel{})
	if err != nil {
		t.Fatal(err)
	}
	x.End("SUCCESS")
	b.refused(op.Execute(sources.PermitFor(t.Context(), op.Plan.Target), sources.Quiet), core.Conflict, "ended already")
}

func TestCancelInTheQueue(t *testing.T) {
	b := newBench(t, simulator.Options{})
	q := b.w.Freestyle("team/plain").Enqueue(simulator.Start{By: "lee"}, "")
	name := "plain/queue-" + itoa(q.ID())
	op, err := b.src.PlanCancel(t.Context(), b.found("run", "team", name).Ref, core.Cancel{})
	if out, err := b.carry(op, err); out != core.OutcomeHealthy || !q.Cancelled() {
		t.Errorf("%v, %v", out, err)
	}
	q = b.w.Freestyle("team/other").Enqueue(simulator.Start{By: "kim"}, "")
	op, err = b.src.PlanCancel(t.Context(), b.found("run", "team", "other/queue-"+itoa(q.ID())).Ref, core.Cancel{})
	if err != nil {
		t.Fatal(err)
	}
	b.w.Work()
	b.srv.Reset()
	b.refused(op.Execute(sources.PermitFor(t.Context(), op.Plan.Target), sources.Quiet), core.Conflict, "it is build 1")
}
