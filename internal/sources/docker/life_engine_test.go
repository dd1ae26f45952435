package docker

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

// does plans, executes and verifies, and says how it ended.
func does(t *testing.T, op *core.Operation, err error) *core.Operation {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if op.Plan.UndoHint.Empty() || op.Plan.Command.Empty() || op.Plan.Title.Empty() {
		t.Errorf("the plan does not say everything: %+v", op.Plan)
	}
	outcome, steps, err := carryOut(t, op, 60*time.Second)
	if err != nil || outcome != core.OutcomeHealthy {
		t.Fatalf("%s: %v, %v; steps %+v", op.Plan.Title, outcome, err, steps)
	}
	return op
}

// undo plans the inverse of op as the engine does: afresh, without UID.
func undo(t *testing.T, s *Source, op *core.Operation) *core.Operation {
	t.Helper()
	in := op.Plan.Inverse
	if in == nil || in.Target.UID != "" {
		t.Fatalf("%s: inverse %+v", op.Plan.Title, in)
	}
	var back *core.Operation
	var err error
	switch in.Verb {
	case core.VerbStop:
		back, err = s.PlanStop(t.Context(), in.Target, -1)
	case core.VerbStart:
		back, err = s.PlanStart(t.Context(), in.Target)
	case core.VerbPause:
		back, err = s.PlanPause(t.Context(), in.Target)
	case core.VerbResume:
		back, err = s.PlanResume(t.Context(), in.Target)
	default:
		t.Fatalf("inverse %q", in.Verb)
	}
	return does(t, back, err)
}

func status(t *testing.T, e *dockertest.Engine, id string) string {
	t.Helper()
	st, err := e.State(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return st.Status
}

// paste runs a plan's command as a user would, with the real docker command.
func paste(t *testing.T, op *core.Operation) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", op.Plan.Command.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", op.Plan.Command, err, out)
	}
}

func TestStopStartPauseAndTheWayBack(t *testing.T) {
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := over(t, e, gate)
	id := e.RunFor(t, dockertest.RunSpec{Name: "to-and-fro", Restart: "always"})
	ref := containerRef("to-and-fro", s.host.scope, id)

	op, err := s.PlanStop(t.Context(), ref, 5)
	does(t, op, err)
	if got := status(t, e, id); got != "exited" || gate.Sent() != 1 {
		t.Errorf("stopped: %s after %d requests", got, gate.Sent())
	}
	if says := linesOf(op.Plan.Impact); !strings.Contains(says, "until the engine itself starts again") || op.Plan.Danger != 1 {
		t.Errorf("impact %s", says)
	}
	if c := op.Plan.Command.String(); !strings.HasSuffix(c, "stop -t 5 to-and-fro") {
		t.Errorf("command %q", c)
	}
	if _, err := s.PlanStop(t.Context(), ref, -1); s.Problem(err) == nil || s.Problem(err).Kind != core.Conflict {
		t.Errorf("stopping what is stopped: %v", err)
	}
	undo(t, s, op)
	if got := status(t, e, id); got != "running" {
		t.Errorf("undone: %s", got)
	}
	op, err = s.PlanPause(t.Context(), ref)
	does(t, op, err)
	if got := status(t, e, id); got != "paused" {
		t.Errorf("paused: %s", got)
	}
	undo(t, s, op)
	if got := status(t, e, id); got != "running" {
		t.Errorf("resumed: %s", got)
	}
	op, err = s.PlanPause(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	paste(t, op)
	if got := status(t, e, id); got != "paused" {
		t.Errorf("the command: %s", got)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); s.Problem(err) == nil || s.Problem(err).Kind != core.Conflict {
		t.Errorf("what was planned for a running one: %v", err)
	}
}

func TestAKilledContainerStaysDownAndOtherSignalsAreDelivered(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "victim", Restart: "always"})
	ref := containerRef("victim", s.host.scope, id)
	op, err := s.PlanKill(t.Context(), ref, "sigwinch")
	does(t, op, err)
	if got := status(t, e, id); got != "running" || op.Plan.Inverse != nil || op.Plan.Danger != 1 {
		t.Errorf("after WINCH: %s, %+v", got, op.Plan)
	}
	op, err = s.PlanKill(t.Context(), ref, "")
	does(t, op, err)
	if st, _ := e.State(t.Context(), id); st.Status != "exited" || st.ExitCode != 137 || op.Plan.Danger != 2 {
		t.Errorf("killed: %+v, %+v", st, op.Plan)
	}
	undo(t, s, op)
	if _, err := s.PlanKill(t.Context(), ref, "NONSENSE"); s.Problem(err).Kind != core.Invalid {
		t.Errorf("nonsense: %v", err)
	}
	form, err := s.Form(t.Context(), core.VerbKill, ref)
	if err != nil || form.Fields[0].Value != "KILL" || len(form.Fields[0].Choices) < 5 {
		t.Errorf("form %+v, %v", form, err)
	}
}

func TestARestartLoopAndAPauseCanBeStopped(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	loop := e.RunFor(t, dockertest.RunSpec{Name: "looping", Restart: "always", Args: []string{"-exit", "3", "-after", "50ms"}})
	until(t, 20*time.Second, "a loop", func() bool { st, err := e.State(t.Context(), loop); return err == nil && st.Restarts >= 2 })
	op, err := s.PlanStop(t.Context(), containerRef("looping", s.host.scope, loop), 1)
	does(t, op, err)
	if got := status(t, e, loop); got != "exited" {
		t.Errorf("the loop: %s", got)
	}
	held := e.RunFor(t, dockertest.RunSpec{Name: "held"})
	output(t, e, "pause", "held")
	op, err = s.PlanStop(t.Context(), containerRef("held", s.host.scope, held), 1)
	does(t, op, err)
	if got := status(t, e, held); got != "exited" || op.Plan.Inverse != nil {
		t.Errorf("the paused one: %s, inverse %v", got, op.Plan.Inverse)
	}
}

func TestAContainerThatRemovesItselfIsAWarning(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	haveImage(t, e)
	if _, err := e.Docker(t.Context(), "run", "-d", "--rm", "--name", "fleeting", dockertest.DefaultImage); err != nil {
		t.Fatal(err)
	}
	op, err := s.PlanStop(t.Context(), core.Ref{Source: ID, Scope: s.host.scope, Kind: kindContainer, Name: "fleeting"}, 1)
	does(t, op, err)
	if op.Plan.Danger != 2 || op.Plan.Inverse != nil || !strings.Contains(linesOf(op.Plan.Warnings), "--rm") {
		t.Errorf("plan %+v", op.Plan)
	}
}

func TestAProjectStopsFromTheTopAndComesBack(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	labels := func(service, on string) map[string]string {
		return map[string]string{labelProject: "tower", labelService: service, labelDependsOn: on}
	}
	ids := map[string]string{
		"web": e.RunFor(t, dockertest.RunSpec{Name: "tower-web-1", Labels: labels("web", "api:service_started:false")}),
		"api": e.RunFor(t, dockertest.RunSpec{Name: "tower-api-1", Labels: labels("api", "db:service_healthy:true")}),
		"db":  e.RunFor(t, dockertest.RunSpec{Name: "tower-db-1", Labels: labels("db", "")}),
	}
	one, err := s.PlanStop(t.Context(), containerRef("tower-db-1", s.host.scope, ids["db"]), -1)
	if err != nil || !strings.Contains(linesOf(one.Plan.Warnings), "tower-api-1 depends on it") {
		t.Errorf("warnings %s, %v", linesOf(one.Plan.Warnings), err)
	}
	op, err := s.PlanStop(t.Context(), s.ref(kindProject, "tower", "tower"), 2)
	does(t, op, err)
	ended := map[string]time.Time{}
	for name, id := range ids {
		c, err := s.inspect(t.Context(), id)
		if err != nil || c.State.Running {
			t.Fatalf("%s: %+v, %v", name, c.State, err)
		}
		ended[name] = parseTime(c.State.FinishedAt)
	}
	if !ended["web"].Before(ended["api"]) || !ended["api"].Before(ended["db"]) {
		t.Errorf("ended %v, want web, api, db", ended)
	}
	undo(t, s, op)
	began := map[string]time.Time{}
	for name, id := range ids {
		c, err := s.inspect(t.Context(), id)
		if err != nil || !c.State.Running {
			t.Fatalf("%s: %+v, %v", name, c.State, err)
		}
		began[name] = parseTime(c.State.StartedAt)
	}
	if !began["db"].Before(began["api"]) || !began["api"].Before(began["web"]) {
		t.Errorf("began %v, want db, api, web", began)
	}
	// With one that is left alone, the inverse would do more than undo.
	if op, err = s.PlanStop(t.Context(), containerRef("tower-web-1", s.host.scope, ids["web"]), 1); err != nil {
		t.Fatal(err)
	}
	paste(t, op)
	if op, err = s.PlanStop(t.Context(), s.ref(kindProject, "tower", "tower"), 2); err != nil || op.Plan.Inverse != nil {
		t.Errorf("inverse %+v, %v", op.Plan.Inverse, err)
	}
}

func TestWhatRunsInItsNetworkIsNamed(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "gateway"})
	e.RunFor(t, dockertest.RunSpec{Name: "sidecar", Network: "container:" + id})
	debugger := strings.TrimSpace(output(t, e, "run", "-d", "--name", "debugger", "--pid", "container:gateway", dockertest.DefaultImage))
	t.Cleanup(func() { remove(t, e, debugger) })
	op, err := s.PlanRestart(t.Context(), containerRef("gateway", s.host.scope, id))
	if says := linesOf(op.Plan.Warnings); err != nil || !strings.Contains(says, "sidecar uses the network of gateway") || !strings.Contains(says, "debugger uses the processes of gateway") {
		t.Errorf("warnings %v, %v", op.Plan.Warnings, err)
	}
}

func TestARestartOfWhatWasStoppedIsUndoneByAStop(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "asleep"})
	if _, err := e.Docker(t.Context(), "stop", "-t", "0", "asleep"); err != nil {
		t.Fatal(err)
	}
	op, err := s.PlanRestart(t.Context(), containerRef("asleep", s.host.scope, id))
	does(t, op, err)
	undo(t, s, op)
	if got := status(t, e, id); got != "exited" {
		t.Errorf("undone: %s", got)
	}
}

// Every verb of a life whose answer is lost is sent once, and the world tells
// how it ended.
func TestALostAnswerIsReadBackForEveryVerb(t *testing.T) {
	started := "2026-11-22T08:00:00Z"
	state := func(status string) map[string]any {
		return map[string]any{
			"Status": status, "Running": status == "running" || status == "paused", "Paused": status == "paused",
			"StartedAt": started, "FinishedAt": started,
		}
	}
	for path, v := range map[string]struct {
		from, to string
		plan     func(x *scripted) (*core.Operation, error)
	}{
		"stop":    {"running", "exited", func(x *scripted) (*core.Operation, error) { return x.PlanStop(t.Context(), x.ref(), -1) }},
		"kill":    {"running", "exited", func(x *scripted) (*core.Operation, error) { return x.PlanKill(t.Context(), x.ref(), "KILL") }},
		"pause":   {"running", "paused", func(x *scripted) (*core.Operation, error) { return x.PlanPause(t.Context(), x.ref()) }},
		"unpause": {"paused", "running", func(x *scripted) (*core.Operation, error) { return x.PlanResume(t.Context(), x.ref()) }},
	} {
		t.Run(path, func(t *testing.T) {
			x := script(t)
			var arrived atomic.Bool
			x.json("/containers/json", []any{})
			x.mux.HandleFunc("/containers/"+someID+"/json", func(w http.ResponseWriter, _ *http.Request) {
				c := maps.Clone(inspectOf(started))
				c["State"] = state(map[bool]string{false: v.from, true: v.to}[arrived.Load()])
				_ = json.NewEncoder(w).Encode(c)
			})
			x.mux.HandleFunc("/containers/"+someID+"/"+path, func(http.ResponseWriter, *http.Request) {
				arrived.Store(true)
				panic(http.ErrAbortHandler)
			})
			op, err := v.plan(x)
			if err != nil {
				t.Fatal(err)
			}
			if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
				t.Fatalf("Execute: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if outcome, err := op.Verify(ctx, func(core.Progress) {}); outcome != core.OutcomeHealthy || err != nil {
				t.Errorf("Verify: %v, %v", outcome, err)
			}
			if n := x.calls("POST /containers/" + someID + "/" + path); n != 1 || x.gate.Sent() != 1 {
				t.Errorf("sent %d times (%d left)", n, x.gate.Sent())
			}
		})
	}
}

func TestDisabledKnowsTheStateWithoutAsking(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	id := e.RunFor(t, dockertest.RunSpec{Name: "known"})
	rec := watching(t, s, core.Interest{})
	ref := containerRef("known", s.host.scope, id)
	can := func() (out []string) {
		for _, verb := range []string{core.VerbStop, core.VerbStart, core.VerbKill, core.VerbPause, core.VerbResume, core.VerbRestart, core.VerbPrune} {
			if s.Disabled(verb, &core.Resource{Ref: ref}).Empty() {
				out = append(out, verb)
			}
		}
		return out
	}
	until(t, 20*time.Second, "the list", func() bool { return rec.Listed(kindContainer) })
	for command, want := range map[string][]string{
		"pause": {core.VerbStop, core.VerbKill, core.VerbResume, core.VerbRestart},
	} {
		if got := can(); !slices.Equal(got, []string{core.VerbStop, core.VerbKill, core.VerbPause, core.VerbRestart}) {
			t.Errorf("running: %v", got)
		}
		if _, err := e.Docker(t.Context(), command, "known"); err != nil {
			t.Fatal(err)
		}
		until(t, 20*time.Second, command, func() bool { return slices.Equal(can(), want) })
	}
}
