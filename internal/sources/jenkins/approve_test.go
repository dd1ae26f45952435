package jenkins

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
	"devops-tui/test/sim"
	simulator "devops-tui/test/sim/jenkins"
)

type textSafe = text.Safe

func itoa(n int) string { return strconv.Itoa(n) }

func joined(all []text.Safe) string { return text.Join(text.Lit("; "), all...).String() }

// gated is a run that waits at an input.
func gated(b *bench, job string, in simulator.Input) (*simulator.Build, core.Ref) {
	x := b.w.Pipeline(job).Start(simulator.Start{By: "lee"})
	x.Stage("Ship")
	x.Ask(in)
	ns, name := split(job)
	return x, b.found("run", ns, name+"/1").Ref
}

func TestApprove(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x, ref := gated(b, "team/ship", simulator.Input{ID: "Ship", Message: "Ship it?", OK: "Do it", Params: []simulator.Param{
		{Name: "PERCENT", Kind: simulator.String, Default: "10"},
		{Name: "FAST", Kind: simulator.Boolean},
		{Name: "WORDS", Kind: simulator.String},
		{Name: "PW", Kind: simulator.Password, Default: "canary-input"},
	}})
	f, err := b.src.Form(t.Context(), core.VerbApprove, ref)
	if err != nil || len(f.Fields) != 3 || f.Fields[0].Name != "input.PERCENT" || f.Fields[0].Value != "10" || f.Fields[1].Type != core.FieldBool || strings.Contains(f.Note.String(), "canary") {
		t.Errorf("form: %+v, %v", f, err)
	}
	op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{Inputs: map[string]string{"PERCENT": "25", "FAST": "true", "WORDS": "true"}})
	if out, err := b.carry(op, err); out != core.OutcomeHealthy {
		t.Fatalf("%v, %v", out, err)
	}
	a := x.Answered("Ship").Answer
	if a["PERCENT"] != "25" || a["FAST"] != "true" || a["WORDS"] != "true" {
		t.Errorf("answer: %v", a)
	}
	if strings.Contains(op.Plan.Command.String(), "canary") || len(b.srv.Mutations()) != 1 {
		t.Errorf("%s; %d changes", op.Plan.Command, len(b.srv.Mutations()))
	}
	b.srv.Reset()
	_, err = b.src.PlanApprove(t.Context(), ref, core.Verdict{})
	b.refused(err, core.Conflict, "answered already")
}

func TestApproveWithoutParametersAndReject(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x, ref := gated(b, "ship", simulator.Input{ID: "Go", Message: "Go?"})
	op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{})
	if out, err := b.carry(op, err); out != core.OutcomeHealthy || !x.Answered("Go").Done {
		t.Errorf("%v, %v", out, err)
	}
	x.Ask(simulator.Input{ID: "On", Message: "On?"})
	op, err = b.src.PlanReject(t.Context(), ref, core.Verdict{})
	if out, err := b.carry(op, err); out != core.OutcomeHealthy || x.Result() != "ABORTED" {
		t.Errorf("%v, %v, %s", out, err, x.Result())
	}
	if n := len(b.srv.Mutations()); n != 2 {
		t.Errorf("%d changes", n)
	}
}

// TestWhatItDeploysToCounts: the policy of the environment that a run's parameters
// name holds for answering and ending it too.
func TestWhatItDeploysToCounts(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := deployJob(b).Start(simulator.Start{By: "lee", Values: map[string]string{"ENV": "production"}})
	x.Ask(simulator.Input{ID: "Go", Message: "Go?"})
	ref := b.found("run", "team", "deploy/1").Ref
	approve, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	cancel, err := b.src.PlanCancel(t.Context(), ref, core.Cancel{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []core.Plan{approve.Plan, cancel.Plan} {
		if len(p.Also) != 1 || p.Also[0].Name != "production" || p.Also[0].Kind != "environment" {
			t.Errorf("%s: %v", p.Verb, p.Also)
		}
	}
}

func TestAnsweredMeanwhile(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x, ref := gated(b, "ship", simulator.Input{ID: "Go", Message: "Go?"})
	op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	x.End("ABORTED")
	b.refused(op.Execute(sources.PermitFor(t.Context(), ref), sources.Quiet), core.Conflict, "nothing was sent")
}

func TestOneGateAtATime(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x, ref := gated(b, "ship", simulator.Input{ID: "A", Message: "East?"})
	x.Ask(simulator.Input{ID: "B", Message: "West?"})
	_, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{})
	b.refused(err, core.Invalid, "gate=A")
	f, err := b.src.Form(t.Context(), core.VerbApprove, ref)
	if err != nil || len(f.Fields) != 1 || len(f.Fields[0].Choices) != 2 {
		t.Errorf("form: %+v, %v", f, err)
	}
	op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{Gates: []string{"B"}})
	if out, err := b.carry(op, err); out != core.OutcomeHealthy || x.Answered("A").Done || !x.Answered("B").Done {
		t.Errorf("%v, %v", out, err)
	}
}

func TestSubmitterIsSaid(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x, ref := gated(b, "ship", simulator.Input{ID: "Go", Message: "Go?", Submitter: "boss"})
	op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	p := b.problem(op.Execute(sources.PermitFor(t.Context(), ref), sources.Quiet))
	if p.Kind != core.Forbidden || !strings.Contains(p.Error(), "boss") || x.Answered("Go").Done {
		t.Errorf("%v %v", p.Kind, p)
	}
}

func TestAnswerLost(t *testing.T) {
	post := func(r *http.Request) bool { return r.Method == http.MethodPost }
	for name, x := range map[string]struct {
		fault sim.Fault
		want  core.Outcome
	}{
		"arrived":        {sim.Fault{Drop: true}, core.OutcomeHealthy},
		"did not arrive": {sim.Fault{Status: http.StatusGatewayTimeout}, core.OutcomeRefused},
	} {
		b := newBench(t, simulator.Options{})
		_, ref := gated(b, "ship", simulator.Input{ID: "Go", Message: "Go?"})
		op, err := b.src.PlanApprove(t.Context(), ref, core.Verdict{})
		b.srv.Fail(post, x.fault, 1)
		if out, err := b.carry(op, err); out != x.want || len(b.srv.Mutations()) != 1 {
			t.Errorf("%s: %v, %v, %d changes", name, out, err, len(b.srv.Mutations()))
		}
	}
}

func TestNoInputsWithoutThePlugin(t *testing.T) {
	b := newBench(t, simulator.Options{NoStages: true})
	x := b.w.Pipeline("ship").Start(simulator.Start{By: "lee"})
	x.Ask(simulator.Input{ID: "Go", Message: "Go?"})
	_, err := b.src.PlanApprove(t.Context(), b.found("run", "", "ship/1").Ref, core.Verdict{})
	b.refused(err, core.Unsupported, "Pipeline: REST API")
}
