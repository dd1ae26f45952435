package jenkins

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/sim"
	simulator "devops-tui/test/sim/jenkins"
)

const (
	shaOne = "1111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	shaTwo = "2222222bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// deployJob is a job with a parameter of each kind.
func deployJob(b *bench) *simulator.Job {
	j := b.w.Pipeline("team/deploy",
		simulator.Param{Name: "VERSION", Kind: simulator.String, Default: "1.0", Help: "what to <b>bring</b>"},
		simulator.Param{Name: "ENV", Kind: simulator.Choice, Choices: []string{"staging", "production"}},
		simulator.Param{Name: "DRY", Kind: simulator.Boolean, Default: "false"},
		simulator.Param{Name: "NOTES", Kind: simulator.Text},
		simulator.Param{Name: "PASS", Kind: simulator.Password, Default: "canary-default"},
		simulator.Param{Name: "KEY_FILE", Kind: simulator.File},
	)
	j.Repo = "https://github.com/acme/shop.git"
	return j
}

func brought(j *simulator.Job, version, env, sha string) *simulator.Build {
	x := j.Start(simulator.Start{By: "kim", Commit: sha, Branch: "main", Values: map[string]string{"VERSION": version, "ENV": env}})
	x.Stage("Deploy")
	x.End("SUCCESS")
	return x
}

func TestDeployAsksWhatTheJobTakes(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := deployJob(b)
	brought(j, "1.4.2", "production", shaOne)
	f, err := b.src.Form(t.Context(), core.VerbDeploy, b.ref("workflow", "team", "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]core.Field{}
	for _, x := range f.Fields {
		got[x.Name] = x
	}
	if len(f.Fields) != 4 || got["input.PASS"].Name != "" || got["input.KEY_FILE"].Name != "" {
		t.Errorf("fields: %v", f.Fields)
	}
	v := got["input.VERSION"]
	if v.Value != "1.0" || !v.Open || len(v.Choices) != 2 || v.Choices[1].Value != "1.4.2" || v.Help.String() != "what to bring" {
		t.Errorf("VERSION: %+v", v)
	}
	if e := got["input.ENV"]; e.Type != core.FieldChoice || e.Open || len(e.Choices) != 2 || e.Value != "staging" {
		t.Errorf("ENV: %+v", e)
	}
	if d := got["input.DRY"]; d.Type != core.FieldBool || d.Value != "false" {
		t.Errorf("DRY: %+v", d)
	}
	if n := f.Note.String(); !strings.Contains(n, "PASS") || !strings.Contains(n, "KEY_FILE") {
		t.Errorf("note: %q", n)
	}
}

func TestDeployFollowsItsOwnBuild(t *testing.T) {
	b := newBench(t, simulator.Options{Executors: 4})
	j := deployJob(b)
	op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "team", "deploy").Ref, core.Deploy{Inputs: map[string]string{"VERSION": "2.0 $(rm)", "ENV": "production"}})
	step := func() {
		b.w.Work()
		for n := 1; n <= j.Count(); n++ {
			if x := j.Number(n); x != nil && x.Value("VERSION") == "2.0 $(rm)" {
				x.End("SUCCESS")
			}
		}
	}
	// Others start builds of the same job at the same time: they are not followed.
	j.Enqueue(simulator.Start{By: "lee", Values: map[string]string{"VERSION": "9"}}, "")
	b.during(step, func() {
		if out, err := b.carry(op, err); out != core.OutcomeHealthy {
			t.Errorf("%v, %v", out, err)
		}
	})
	if m := b.srv.Mutations(); len(m) != 1 || m[0].Path != "/jenkins/job/team/job/deploy/buildWithParameters" {
		t.Errorf("changing requests: %+v", m)
	}
	if a := op.Plan.Also; len(a) != 1 || a[0].Kind != "environment" || a[0].Name != "production" || a[0].Namespace != "team" {
		t.Errorf("the environment that it deploys to: %v", a)
	}
	if c := op.Plan.Command.String(); !strings.Contains(c, `'VERSION=2.0 $(rm)'`) || strings.Contains(c, token) || strings.Contains(c, "PASS") {
		t.Errorf("command: %s", c)
	}
	if last := j.Last(); last.Value("PASS") != "canary-default" || last.Value("ENV") != "production" {
		t.Errorf("values: %q %q", last.Value("PASS"), last.Value("ENV"))
	}
}

// TestCommandWorksWhenPasted runs the command line that a plan shows.
func TestCommandWorksWhenPasted(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("no curl here: the command is checked for its form only")
		return
	}
	b := newBench(t, simulator.Options{})
	j := deployJob(b)
	op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "team", "deploy").Ref, core.Deploy{Inputs: map[string]string{"VERSION": "it's 3 & more", "NOTES": "a=b"}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", op.Plan.Command.String())
	cmd.Env = []string{"PATH=/usr/bin:/bin", "JENKINS_USER_ID=kim", "JENKINS_API_TOKEN=" + token}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, op.Plan.Command)
	}
	b.w.Work()
	if x := j.Last(); x == nil || x.Value("VERSION") != "it's 3 & more" || x.Value("NOTES") != "a=b" {
		t.Errorf("the pasted command built something else")
	}
}

func TestDeployEndsAsTheBuildDoes(t *testing.T) {
	b := newBench(t, simulator.Options{Auto: true})
	j := b.w.Freestyle("plain")
	for result, want := range map[string]core.Outcome{"SUCCESS": core.OutcomeHealthy, "FAILURE": core.OutcomeFailed, "UNSTABLE": core.OutcomeFailed, "ABORTED": core.OutcomeFailed} {
		op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "", "plain").Ref, core.Deploy{})
		b.during(func() {
			if x := j.Last(); x != nil {
				x.End(result)
			}
		}, func() {
			if out, err := b.carry(op, err); out != want || out == core.OutcomeFailed && !strings.Contains(err.Error(), strings.ToLower(result)) {
				t.Errorf("%s: %v, %v", result, out, err)
			}
		})
	}
	for _, m := range b.srv.Mutations() {
		if m.Path != "/jenkins/job/plain/build" {
			t.Errorf("%s %s", m.Method, m.Path)
		}
	}
}

func TestDeployStopsAtAGate(t *testing.T) {
	b := newBench(t, simulator.Options{Auto: true})
	j := b.w.Pipeline("gated")
	op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "", "gated").Ref, core.Deploy{})
	asked := false
	b.during(func() {
		if x := j.Last(); x != nil && !asked {
			asked = true
			x.Stage("Ship")
			x.Ask(simulator.Input{ID: "Ship", Message: "Ship it?"})
		}
	}, func() {
		if out, err := b.carry(op, err); out != core.OutcomeUnknown || !strings.Contains(err.Error(), "Ship it?") {
			t.Errorf("%v, %v", out, err)
		}
	})
}

func TestDeployTakenOutOfTheQueue(t *testing.T) {
	b := newBench(t, simulator.Options{})
	b.w.Freestyle("plain")
	op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "", "plain").Ref, core.Deploy{})
	b.during(func() {
		for _, id := range b.w.Waiting() {
			r, _ := http.NewRequest(http.MethodPost, b.srv.URL+"/jenkins/queue/cancelItem?id="+itoa(id), nil)
			r.SetBasicAuth("kim", token)
			if resp, err := http.DefaultClient.Do(r); err == nil {
				resp.Body.Close()
			}
		}
	}, func() {
		if out, err := b.carry(op, err); out != core.OutcomeFailed || !strings.Contains(err.Error(), "taken out of the queue") {
			t.Errorf("%v, %v", out, err)
		}
	})
}

// TestLostAnswers: the connection breaks after the server did what was asked, or
// before; the request is not sent again and what became of it is read back.
func TestLostAnswers(t *testing.T) {
	post := func(r *http.Request) bool { return r.Method == http.MethodPost }
	t.Run("arrived", func(t *testing.T) {
		b := newBench(t, simulator.Options{Auto: true})
		j := deployJob(b)
		brought(j, "2", "staging", shaOne)
		op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "team", "deploy").Ref, core.Deploy{Inputs: map[string]string{"VERSION": "2"}})
		b.srv.Fail(post, sim.Fault{Drop: true}, 1)
		b.during(func() {
			if x := j.Number(2); x != nil {
				x.End("SUCCESS")
			}
		}, func() {
			if out, err := b.carry(op, err); out != core.OutcomeHealthy {
				t.Errorf("%v, %v", out, err)
			}
		})
		if n := len(b.srv.Mutations()); n != 1 || j.Count() != 2 {
			t.Errorf("%d changing requests, %d builds", n, j.Count())
		}
	})
	t.Run("did not arrive", func(t *testing.T) {
		b := newBench(t, simulator.Options{Auto: true})
		j := deployJob(b)
		brought(j, "2", "staging", shaOne)
		op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "team", "deploy").Ref, core.Deploy{Inputs: map[string]string{"VERSION": "2"}})
		b.srv.Fail(post, sim.Fault{Status: http.StatusBadGateway}, 1)
		if out, err := b.carry(op, err); out != core.OutcomeRefused || !strings.Contains(err.Error(), "did not arrive") {
			t.Errorf("%v, %v", out, err)
		}
	})
	t.Run("cannot be told", func(t *testing.T) {
		b := newBench(t, simulator.Options{Executors: 5})
		j := deployJob(b)
		op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "team", "deploy").Ref, core.Deploy{Inputs: map[string]string{"VERSION": "2"}})
		if err != nil {
			t.Fatal(err)
		}
		b.srv.Fail(post, sim.Fault{Drop: true}, 1)
		if err := op.Execute(sources.PermitFor(t.Context(), op.Plan.Target), sources.Quiet); err == nil {
			t.Fatal("no error")
		}
		b.w.Work()
		j.Start(simulator.Start{By: "kim", Values: map[string]string{"VERSION": "2"}}) // the same user again, elsewhere
		if out, err := b.verify(op); out != core.OutcomeUnknown || !strings.Contains(err.Error(), "cannot be told") {
			t.Errorf("%v, %v", out, err)
		}
	})
}

func TestDeployRefusals(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := deployJob(b)
	ref := b.found("workflow", "team", "deploy").Ref
	plan := func(d core.Deploy) error {
		_, err := b.src.PlanDeploy(t.Context(), ref, d)
		return err
	}
	b.refused(plan(core.Deploy{Inputs: map[string]string{"VERSON": "1"}}), core.Invalid, "VERSION")
	b.refused(plan(core.Deploy{Inputs: map[string]string{"ENV": "moon"}}), core.Invalid, "production")
	b.refused(plan(core.Deploy{Inputs: map[string]string{"DRY": "yes"}}), core.Invalid, "true or false")
	b.refused(plan(core.Deploy{Inputs: map[string]string{"PASS": "canary-typed"}}), core.Refused, "password")
	b.refused(plan(core.Deploy{Inputs: map[string]string{"KEY_FILE": "x"}}), core.Unsupported, "file")
	b.refused(plan(core.Deploy{Ref: "main"}), core.Unsupported, "input.NAME")
	op, err := b.src.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	j.Disable(true)
	b.refused(op.Execute(sources.PermitFor(t.Context(), ref), sources.Quiet), core.Conflict, "disabled")
	b.refused(plan(core.Deploy{}), core.Unsupported, "disabled")
}

func TestRightsAndLogins(t *testing.T) {
	b := newBench(t, simulator.Options{Users: []simulator.User{kim, {ID: "eve", Token: "11eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", ReadOnly: true}}, Anonymous: true})
	b.w.Freestyle("plain")
	ref := b.found("workflow", "", "plain").Ref
	execute := func(s *Source) error {
		op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
		if err != nil {
			return err
		}
		return op.Execute(sources.PermitFor(t.Context(), ref), sources.Quiet)
	}
	for name, x := range map[string]struct {
		user, secret string
		kind         core.ProblemKind
		says         string
		sent         int
	}{
		"no right":    {"eve", "11eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", core.Forbidden, "missing the Job/Build permission", 1},
		"wrong token": {"kim", "11000000000000000000000000000000ff", core.Unauthorized, "/me/security", 0},
		"anonymous":   {"", "", core.Forbidden, "Job/Build", 1},
	} {
		b.srv.Reset()
		err := execute(b.source(t, b.gate, x.user, x.secret))
		if p := b.problem(err); p.Kind != x.kind || !strings.Contains(p.Error(), x.says) {
			t.Errorf("%s: %v %v", name, p.Kind, p)
		}
		if n := len(b.srv.Mutations()); n != x.sent {
			t.Errorf("%s: %d changing requests", name, n)
		}
	}
	if b.w.Queued() != 0 {
		t.Error("something was built")
	}
}

func TestPasswordFetchesACrumb(t *testing.T) {
	b := newBench(t, simulator.Options{Auto: true})
	j := b.w.Freestyle("plain")
	b.src = b.source(t, b.gate, "kim", password)
	op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "", "plain").Ref, core.Deploy{})
	b.during(func() {
		if x := j.Last(); x != nil {
			x.End("SUCCESS")
		}
	}, func() {
		if out, err := b.carry(op, err); out != core.OutcomeHealthy {
			t.Errorf("%v, %v", out, err)
		}
	})
	if b.srv.Count("GET", "/jenkins/crumbIssuer") != 1 || len(b.srv.Mutations()) != 1 {
		t.Errorf("%d crumbs, %d changes", b.srv.Count("GET", "/jenkins/crumbIssuer"), len(b.srv.Mutations()))
	}
	// The session is lost in between: Jenkins refuses, and nothing is sent twice.
	op, err = b.src.PlanDeploy(t.Context(), b.found("workflow", "", "plain").Ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	b.srv.Reset()
	b.srv.Fail(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "crumbIssuer") }, sim.Fault{
		Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"crumb":"old","crumbRequestField":"Jenkins-Crumb"}`,
	}, 1)
	p := b.problem(op.Execute(sources.PermitFor(t.Context(), op.Plan.Target), sources.Quiet))
	if p.Kind != core.Forbidden || !strings.Contains(p.Error(), "API token") || len(b.srv.Mutations()) != 1 || j.Count() != 1 {
		t.Errorf("%v %v, %d changes", p.Kind, p, len(b.srv.Mutations()))
	}
}

func TestRerun(t *testing.T) {
	b := newBench(t, simulator.Options{Auto: true})
	j := deployJob(b)
	brought(j, "1.4.2", "production", shaOne)
	brought(j, "1.5", "staging", shaTwo)
	ref := b.found("run", "team", "deploy/1").Ref
	op, err := b.src.PlanRerun(t.Context(), ref, core.Rerun{})
	finish := func() {
		if x := j.Last(); x.Number() > 2 {
			x.End("SUCCESS")
		}
	}
	b.during(finish, func() {
		if out, err := b.carry(op, err); out != core.OutcomeHealthy {
			t.Errorf("%v, %v", out, err)
		}
	})
	if x := j.Last(); x.Number() != 3 || x.Value("VERSION") != "1.4.2" || x.Value("ENV") != "production" {
		t.Errorf("#%d %s %s", x.Number(), x.Value("VERSION"), x.Value("ENV"))
	}
	if !slices.ContainsFunc(op.Plan.Warnings, func(w textSafe) bool { return strings.Contains(w.String(), "PASS") }) {
		t.Errorf("warnings: %v", op.Plan.Warnings)
	}
	f, err := b.src.Form(t.Context(), core.VerbRerun, ref)
	if err != nil || len(f.Fields) != 1 || f.Fields[0].Name != "replay" {
		t.Errorf("form: %+v, %v", f, err)
	}
	// A replay has no answer that names its item: it is found by what it says of itself.
	op, err = b.src.PlanRerun(t.Context(), ref, core.Rerun{Options: map[string]string{"replay": "true"}})
	b.during(finish, func() {
		if out, err := b.carry(op, err); out != core.OutcomeHealthy {
			t.Errorf("replay: %v, %v", out, err)
		}
	})
	if x := j.Last(); x.Number() != 4 || x.Commit() != shaOne {
		t.Errorf("#%d %s", x.Number(), x.Commit())
	}
	b.srv.Reset()
	_, err = b.src.PlanRerun(t.Context(), ref, core.Rerun{FailedOnly: true})
	b.refused(err, core.Unsupported, "all of a build")
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	_, err = b.src.PlanRerun(t.Context(), b.found("run", "", "plain/1").Ref, core.Rerun{Options: map[string]string{"replay": "true"}})
	b.refused(err, core.Unsupported, "no Pipeline")
}

func TestRollback(t *testing.T) {
	b := newBench(t, simulator.Options{Auto: true})
	j := deployJob(b)
	brought(j, "1.4", "production", shaOne)
	brought(j, "1.4.9", "staging", shaOne)
	bad := j.Start(simulator.Start{By: "kim", Values: map[string]string{"VERSION": "1.5", "ENV": "production"}})
	bad.Stage("Deploy")
	bad.Fail("no such image")
	brought(j, "1.6", "production", shaTwo)
	ref := b.found("workflow", "team", "deploy").Ref
	f, err := b.src.Form(t.Context(), core.VerbRollback, ref)
	if err != nil {
		t.Fatal(err)
	}
	// Only what went well in the same environment is offered.
	if c := f.Fields[0].Choices; len(c) != 2 || c[0].Value != "4" || !c[0].Current || c[1].Value != "1" || f.Fields[0].Value != "1" || !strings.Contains(c[1].Cells[1].String(), "VERSION=1.4") {
		t.Errorf("choices: %+v", c)
	}
	op, err := b.src.PlanRollback(t.Context(), ref, core.Rollback{})
	b.during(func() {
		if x := j.Last(); x.Number() > 4 {
			x.End("SUCCESS")
		}
	}, func() {
		if out, err := b.carry(op, err); out != core.OutcomeHealthy {
			t.Errorf("%v, %v", out, err)
		}
	})
	if x := j.Last(); x.Value("VERSION") != "1.4" || x.Value("ENV") != "production" {
		t.Errorf("%s %s", x.Value("VERSION"), x.Value("ENV"))
	}
	in := op.Plan.Inverse
	if in == nil || in.Verb != core.VerbRollback || in.Params["to"] != "4" {
		t.Fatalf("inverse: %+v", in)
	}
	if _, err := b.src.PlanRollback(t.Context(), b.found("workflow", in.Target.Namespace, in.Target.Name).Ref, core.Rollback{To: in.Params["to"]}); err != nil {
		t.Errorf("undo: %v", err)
	}
	b.srv.Reset()
	_, err = b.src.PlanRollback(t.Context(), ref, core.Rollback{To: "3"})
	b.refused(err, core.Invalid, "did not go well")
	_, err = b.src.PlanRollback(t.Context(), ref, core.Rollback{To: "2"})
	b.refused(err, core.Invalid, "another environment")
	_, err = b.src.PlanRollback(t.Context(), ref, core.Rollback{To: "77"})
	b.refused(err, core.NotFound, "77")
}

func TestRollbackWithoutAVersion(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Pipeline("nightly", simulator.Param{Name: "VERBOSE", Kind: simulator.Boolean})
	x.Start(simulator.Start{By: "kim"}).End("SUCCESS")
	_, err := b.src.PlanRollback(t.Context(), b.found("workflow", "", "nightly").Ref, core.Rollback{})
	b.refused(err, core.Unsupported, "replay=true")
	// A commit that the build checked out fills the parameter that asks for one.
	j := b.w.Pipeline("ship", simulator.Param{Name: "GIT_COMMIT", Kind: simulator.String})
	j.Start(simulator.Start{By: "kim", Commit: shaOne, Branch: "main"}).End("SUCCESS")
	j.Start(simulator.Start{By: "kim", Commit: shaTwo, Branch: "main"}).End("SUCCESS")
	op, err := b.src.PlanRollback(t.Context(), b.found("run", "", "ship/2").Ref, core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	if c := op.Plan.Changes; len(c) != 1 || c[0].Before.String() != shaTwo || c[0].After.String() != shaOne {
		t.Errorf("changes: %+v", c)
	}
}
