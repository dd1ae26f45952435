package demo

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
)

// find waits for a run that fits and returns its ref.
func find(t *testing.T, s *Source, limit time.Duration, what string, fits func(*run) bool) core.Ref {
	t.Helper()
	var ref core.Ref
	within(t, limit, what, func() bool {
		s.w.lock()
		defer s.w.mu.Unlock()
		for _, o := range s.place.list(ci.KindRun) {
			if r := o.(*run); fits(r) {
				ref = r.ref()
			}
		}
		return !ref.IsZero()
	})
	return ref
}

// image is what a service runs.
func image(s *Source, service string) string {
	s.w.lock()
	defer s.w.mu.Unlock()
	return s.place.deployment(service).current.build.image
}

// cellOf is the cell of a row by the column's id.
func cellOf(t *testing.T, s *Source, r *core.Resource, id string) core.Cell {
	t.Helper()
	for i, c := range kindOf(s.info.Kinds, r.Ref.Kind).Columns {
		if c.ID == id {
			return r.Cells[i]
		}
	}
	t.Fatalf("a %s has no column %s", r.Ref.Kind, id)
	return core.Cell{}
}

// The demo opens with a release that waits for whoever watches.
func TestAGateWaitsWhenTheDemoOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		ref := find(t, s, time.Second, "a run that waits", func(r *run) bool { return r.gate() != nil })
		r := row(t, s, ref)
		if ref.Namespace != "acme/web" || !strings.HasPrefix(ref.Name, "deploy/") || r.Phase != core.Pending || r.Reason.String() != "waiting" ||
			len(r.Facts.Waits) != 1 || r.Facts.Waits[0].String() != "approval for production" || r.Facts.Environment != Prod || r.Facts.Repo != "git.acme.example/acme/web" {
			t.Fatalf("the run that waits: %+v, facts %+v", r, r.Facts)
		}
		if why := s.Disabled(core.VerbApprove, r); !why.Empty() {
			t.Errorf("it cannot be approved: %s", why)
		}
		before := image(s, "web")
		op, err := s.PlanApprove(t.Context(), ref, core.Verdict{Comment: "go"})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("approved: %v", out)
		}
		if after := image(s, "web"); after == before || after != r.Facts.Image[0] {
			t.Errorf("web runs %s, was %s", after, before)
		}
		if r = row(t, s, ref); r.Phase != core.Succeeded || len(r.Facts.Waits) > 0 || s.Disabled(core.VerbApprove, r).Empty() {
			t.Errorf("afterwards: %+v", r)
		}
		_, err = s.PlanReject(t.Context(), ref, core.Verdict{})
		refused(t, "does not wait", err)
		// The environment says who deployed, and goes back.
		env := row(t, s, core.Ref{Source: ID, Scope: Prod, Kind: ci.KindEnvironment, Namespace: "acme/web", Name: Prod})
		if env.Owner != ref || env.Facts.Commit != r.Facts.Commit {
			t.Errorf("the environment: %+v", env)
		}
		op, err = s.PlanRollback(t.Context(), env.Ref, core.Rollback{})
		if out := carry(t, op, err); out != core.OutcomeHealthy || image(s, "web") != before {
			t.Fatalf("rolled back: %v, to %s", out, image(s, "web"))
		}
		if out := undo(t, s, op.Plan); out != core.OutcomeHealthy || image(s, "web") != r.Facts.Image[0] {
			t.Errorf("undone: %v, to %s", out, image(s, "web"))
		}
	})
}

// A gate that was answered meanwhile is a conflict, and nothing happens.
func TestAGateIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		ref := find(t, s, time.Second, "a run that waits", func(r *run) bool { return r.gate() != nil })
		late, err := s.PlanApprove(t.Context(), ref, core.Verdict{})
		if err != nil {
			t.Fatal(err)
		}
		before := image(s, "web")
		op, err := s.PlanReject(t.Context(), ref, core.Verdict{Comment: "not on a Friday"})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("rejected: %v", out)
		}
		refused(t, "changed since it was planned", late.Execute(sources.Permit(t.Context()), sources.Quiet))
		if r := row(t, s, ref); r.Phase != core.Failed || r.Message.String() != "rejected by you: not on a Friday" || image(s, "web") != before {
			t.Errorf("afterwards: %+v", r)
		}
		x, err := s.Explain(t.Context(), ref)
		if err != nil || x.Summary.String() != "rejected by you: not on a Friday" {
			t.Errorf("explained: %+v, %v", x, err)
		}
	})
}

// If nobody answers, a colleague withdraws it, and the world is as it was.
func TestAReleaseIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		ref := find(t, s, time.Second, "a run that waits", func(r *run) bool { return r.gate() != nil })
		within(t, releasePatience, "the end of its patience", func() bool { return row(t, s, ref).Reason.String() == "cancelled" })
		if r := row(t, s, ref); r.IsProblem() || !strings.HasPrefix(r.Message.String(), "withdrawn by ") {
			t.Errorf("withdrawn: %+v", r)
		}
	})
}

func TestAWorkflowIsDispatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Staging)
		ref := core.Ref{Source: ID, Scope: Staging, Kind: ci.KindWorkflow, Namespace: "acme/api", Name: "deploy"}
		f, err := s.Form(t.Context(), core.VerbDeploy, ref)
		if err != nil {
			t.Fatal(err)
		}
		types := map[string]core.FieldType{}
		version := ""
		for _, x := range f.Fields {
			types[x.Name] = x.Type
			if x.Name == "input.version" {
				version = x.Value
			}
		}
		want := map[string]core.FieldType{
			"ref": core.FieldChoice, "input.version": core.FieldChoice, "input.reason": core.FieldText, "input.wait": core.FieldNumber, "input.dry_run": core.FieldBool,
		}
		if fmt.Sprint(types) != fmt.Sprint(want) || version == "" {
			t.Fatalf("the form asks %v (version %q)", types, version)
		}
		before := image(s, "api")
		op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{Inputs: map[string]string{"version": version, "dry_run": "true"}})
		if out := carry(t, op, err); out != core.OutcomeHealthy || image(s, "api") != before {
			t.Errorf("a dry run: %v, %s", out, image(s, "api"))
		}
		op, err = s.PlanDeploy(t.Context(), ref, core.Deploy{Inputs: map[string]string{"version": version}})
		if out := carry(t, op, err); out != core.OutcomeHealthy || !strings.HasSuffix(image(s, "api"), ":"+version) {
			t.Errorf("dispatched: %v, %s, want %s", out, image(s, "api"), version)
		}
		if r := row(t, s, ref); r.Message.String() != "run 2: success" {
			t.Errorf("the workflow says %q", r.Message)
		}
		mine := find(t, s, time.Second, "my run", func(r *run) bool { return r.by == you && !r.dry })
		if c := cellOf(t, s, row(t, s, mine), "mine"); c.Text.String() != "yes" {
			t.Errorf("mine is %q", c.Text)
		}
		for _, c := range []struct {
			what core.Deploy
			why  string
		}{
			{core.Deploy{Ref: "no/branch"}, "has no branch"},
			{core.Deploy{Inputs: map[string]string{"colour": "red"}}, "no input"},
			{core.Deploy{Inputs: map[string]string{"version": "0000000"}}, "no build"},
		} {
			_, err = s.PlanDeploy(t.Context(), ref, c.what)
			refused(t, c.why, err)
		}
		ref.Name = "ci"
		op, err = s.PlanDeploy(t.Context(), ref, core.Deploy{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("ci: %v", out)
		}
	})
}

func TestARunIsCancelledAndRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Staging)
		ref := find(t, s, 10*time.Minute, "a run that builds", func(r *run) bool {
			return r.status == inProgress && r.stage() == 0 && r.build.defect == sound && r.flaw == ""
		})
		if why := s.Disabled(core.VerbRerun, row(t, s, ref)); why.Empty() {
			t.Error("a run that goes on can be run again")
		}
		_, err := s.PlanRerun(t.Context(), ref, core.Rerun{})
		refused(t, "goes on", err)
		op, err := s.PlanCancel(t.Context(), ref, core.Cancel{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("cancelled: %v", out)
		}
		<-time.After(2 * time.Minute) // what was planned for its jobs does not happen
		if r := row(t, s, ref); r.Reason.String() != "cancelled" || r.IsProblem() || s.Disabled(core.VerbCancel, r).Empty() {
			t.Errorf("cancelled: %+v", r)
		}
		_, err = s.PlanCancel(t.Context(), ref, core.Cancel{})
		refused(t, "ended already", err)
		op, err = s.PlanRerun(t.Context(), ref, core.Rerun{})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Fatalf("again: %v", out)
		}
		r := row(t, s, ref)
		if c := cellOf(t, s, r, "attempt"); c.Num != 2 || r.Phase != core.Succeeded {
			t.Errorf("attempt %v, %s", c.Num, r.Phase)
		}
	})
}

// A test that fails by chance goes well the second time, and only what failed is
// run again. What the page says of it fits.
func TestWhyARunFailedAndOnlyThatAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := calm(t, Staging)
		ref := find(t, s, time.Hour, "a run with a flaky test", func(r *run) bool { return r.status == failed && r.flaw == "integration" })
		r := row(t, s, ref)
		if r.Message.String() != "job integration failed" || r.Phase != core.Failed {
			t.Fatalf("the run: %+v", r)
		}
		if c := cellOf(t, s, r, "stage"); c.Num != 3001 || c.Text.String() != "test" {
			t.Errorf("the stage is %+v", c)
		}
		x, err := s.Explain(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		lines := ""
		for _, l := range x.Lines {
			lines += l.String() + "\n"
		}
		if x.At.Kind != ci.KindJob || !strings.HasSuffix(x.At.Name, "/integration") || !strings.HasPrefix(lines, "--- FAIL: TestCartTotals/31") || !strings.Contains(lines, "cart_test.go:88") ||
			len(x.Annotations) != 1 || len(x.Commits) == 0 || x.Step.String() != "Run integration tests" || !strings.HasPrefix(x.Summary.String(), "integration failed in step") {
			t.Errorf("why: %+v\n%s", x, lines)
		}
		if x.Good.IsZero() || row(t, d.Instance(x.Good.Scope), x.Good).Phase != core.Succeeded {
			t.Errorf("the last good run is %v", x.Good)
		}
		logs := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1}, logs); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(logs.Texts(), "\n"); !strings.Contains(all, "--- FAIL: TestCartTotals/31 (0.03s)\n    cart_test.go:88: total: want 42.10, got 42.11\nFAIL acme/") {
			t.Errorf("the failure is torn apart in the log of the run:\n%s", all[max(len(all)-600, 0):])
		}
		out, err := s.Outline(t.Context(), ref)
		if err != nil || !out.Done {
			t.Fatalf("outline: %v", err)
		}
		seen := map[string]string{}
		var under string
		for _, n := range out.Nodes {
			if n.Depth == 0 {
				under = n.Title.String()
				if n.Row == nil || n.Ref.Kind != ci.KindJob {
					t.Errorf("%s has no row or no ref", under)
				}
			}
			seen[under+"/"+n.Title.String()] = n.Reason.String()
		}
		for node, want := range map[string]string{
			"unit/unit": "success", "integration/integration": "failure", "integration/Check out": "success", "integration/Run integration tests": "failure",
			"integration/Clean up": "success", "deploy-staging/deploy-staging": "skipped",
		} {
			if seen[node] != want {
				t.Errorf("%s is %q, want %q", node, seen[node], want)
			}
		}
		at, err := s.Find(t.Context(), ci.KindJob, ref.Namespace+"/"+ref.Name+"/integration")
		if err != nil || at != x.At {
			t.Errorf("found %v, %v", at, err)
		}
		if _, err = s.Find(t.Context(), ci.KindJob, "acme/none/ci/1/x"); err == nil {
			t.Error("a job that is not there is found")
		}
		began := row(t, s, core.Ref{Source: ID, Scope: Staging, Kind: ci.KindJob, Namespace: ref.Namespace, Name: ref.Name + "/build"}).Started
		op, err := s.PlanRerun(t.Context(), ref, core.Rerun{FailedOnly: true})
		carry(t, op, err)
		if r = row(t, s, ref); r.Phase != core.Succeeded {
			t.Errorf("again: %s %s", r.Phase, r.Message)
		}
		if now := row(t, s, core.Ref{Source: ID, Scope: Staging, Kind: ci.KindJob, Namespace: ref.Namespace, Name: ref.Name + "/build"}).Started; now != began {
			t.Error("what went well was run again")
		}
		if _, err := s.PlanRerun(t.Context(), ref, core.Rerun{FailedOnly: true}); err == nil {
			t.Error("nothing failed, and it can be run again")
		}
	})
}

// The failure of a branch that went well since is history.
func TestOldFailuresArePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		s.Want(core.Interest{Kinds: []string{ci.KindRun, ci.KindJob}})
		l := play(t, s)
		within(t, 30*time.Minute, "a failed run that is past", func() bool {
			return l.count(func(r *core.Resource) bool { return r.Past && r.Phase == core.Failed && !r.IsProblem() }) > 0
		})
		if n := l.count(func(r *core.Resource) bool { return r.Ref.Kind == ci.KindJob }); n > 0 {
			t.Errorf("%d jobs are listed", n)
		}
		if n := l.count(func(r *core.Resource) bool { return r.Ref.Kind == ci.KindRun && cellOf(t, s, r, "usual").Num > 30 }); n == 0 {
			t.Error("no run has a usual duration")
		}
	})
}

// The groups of a job's log open and close, and no mark is left as text.
func TestTheGroupsOfAJobsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := calm(t, Prod)
		ref := find(t, s, 20*time.Minute, "a run that went well", func(r *run) bool { return r.status == passed && r.flow == ciFlow })
		logs := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1}, logs); err != nil {
			t.Fatal(err)
		}
		depth := map[string]int{}
		var titles []string
		for _, l := range logs.All() {
			label := l.Origin.Label.String()
			switch l.Group {
			case core.GroupOpen:
				depth[label]++
				titles = append(titles, label+": "+l.Text.String())
			case core.GroupClose:
				depth[label]--
			}
			if depth[label] < 0 || depth[label] > 1 || strings.Contains(l.Text.String(), "##[") {
				t.Fatalf("%s: depth %d at %q", label, depth[label], l.Text)
			}
		}
		for label, n := range depth {
			if n != 0 {
				t.Errorf("%s: %d groups are open at the end", label, n)
			}
		}
		if len(titles) != 16 || titles[0] != "build: Set up job" {
			t.Errorf("the groups are %q", titles)
		}
	})
}

// A namespace of the cluster does not hide the pipelines; a repository chooses.
func TestNamespacesAndRepositories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for ns, want := range map[string]int{"shop": 3, "acme/api": 1} {
			_, s := calm(t, Prod)
			s.Want(core.Interest{Kinds: []string{ci.KindEnvironment}, Namespaces: []string{ns}})
			l := play(t, s)
			within(t, time.Minute, fmt.Sprintf("%d environments in %s", want, ns), func() bool {
				return l.count(func(*core.Resource) bool { return true }) == want
			})
		}
	})
}
