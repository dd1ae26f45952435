package gitlab

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	world "devops-tui/test/sim/gitlab"
)

// family is a pipeline that starts a child and one of another project.
func (b *bench) family(t *testing.T) int {
	t.Helper()
	b.AddProject("acme/infra")
	return b.Push(shop, world.Spec{Title: "Family", Jobs: []world.JobSpec{
		{Name: "build", Stage: "build"},
		{Name: "child", Stage: "test", Trigger: &world.Spec{Jobs: []world.JobSpec{{Name: "inner", Stage: "deep"}}}},
		{Name: "infra", Stage: "test", Project: "acme/infra", Trigger: &world.Spec{Jobs: []world.JobSpec{{Name: "apply", Stage: "apply"}}}},
	}})
}

func shape(o core.Outline) string {
	var b strings.Builder
	for _, n := range o.Nodes {
		fmt.Fprintf(&b, "%s%s %s %s %s\n", strings.Repeat("  ", n.Depth), n.Title, n.Ref.Kind, n.Reason, n.Info)
	}
	return b.String()
}

func TestOutlineHasStagesJobsRetriesAndChildren(t *testing.T) {
	b := newBench(t)
	id := b.family(t)
	b.SetJob(b.JobID(id, "build"), "running", "")
	b.SetJob(b.JobID(id, "build"), "failed", "script_failure")
	op, err := b.src.PlanRerun(t.Context(), jobRef(id, b.JobID(id, "build"), "build"), core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	b.SetJob(b.JobID(id, "build"), "success", "")
	o, err := b.src.Outline(t.Context(), runRef(id))
	if err != nil {
		t.Fatal(err)
	}
	want := `build   
  build job success linux-small · attempt 2
    build job failed attempt 1, retried
test   
  child run running pipeline acme/shop #CHILD
    deep   
      inner job pending 
  infra run running pipeline acme/infra #OTHER
    apply   
      apply job pending 
`
	got := shape(o)
	for _, n := range o.Nodes {
		if n.Ref.Kind == "run" {
			got = strings.Replace(got, "#"+n.Ref.Name, map[string]string{shop: "#CHILD", "acme/infra": "#OTHER"}[n.Ref.Namespace], 1)
			if n.Row == nil {
				t.Errorf("%s has no row", n.Title)
			}
		}
	}
	if got != want {
		t.Errorf("outline:\n%s\nwant:\n%s", got, want)
	}
	if o.Done {
		t.Error("it is not done")
	}
	before := b.server.Count("GET", "")
	if _, err := b.src.Outline(t.Context(), runRef(id)); err != nil {
		t.Fatal(err)
	}
	_, same := b.Counts()
	t.Logf("the second look: %d requests, %d answers 304 so far", b.server.Count("GET", "")-before, same)
	if n := b.server.Count("GET", "") - before; n > 6 || same < n {
		t.Errorf("the second look took %d requests, %d answered 304", n, same)
	}
	for _, n := range o.Nodes {
		if n.Ref.Kind != "job" {
			continue
		}
		found, err := b.src.Find(t.Context(), "job", n.Ref.Namespace+"/"+n.Ref.Name)
		if err != nil || found != n.Ref {
			t.Errorf("find %s: %v %v", n.Ref, found, err)
		}
	}
}

func TestTracesGrow(t *testing.T) {
	for name, ranges := range map[string]bool{"parts": true, "whole": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Ranges(ranges)
			id := b.Push(shop, standard("Log"))
			job := b.JobID(id, "build")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			logs := &sourcetest.Logs{}
			done := make(chan error, 1)
			b.SetJob(job, "running", "")
			go func() {
				done <- b.src.Tail(ctx, core.LogRequest{Ref: jobRef(id, job, "build"), Tail: -1, Follow: true}, logs)
			}()
			want := []string{}
			for i := range 20 {
				b.Log(job, fmt.Sprintf("line %d\n", i))
				want = append(want, fmt.Sprintf("line %d", i))
				until(t, "the line", func() bool { return len(logs.Texts()) == i+1 })
			}
			b.Log(job, "the end, without a line end")
			b.SetJob(job, "success", "")
			want = append(want, "the end, without a line end")
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(logs.Texts(), "\n"); got != strings.Join(want, "\n") {
				t.Errorf("got:\n%s", got)
			}
			for _, l := range logs.All() {
				if l.Time == 0 || l.Origin.Label.String() != "build" {
					t.Fatalf("line %+v", l)
				}
			}
		})
	}
}

func TestTailOfARunAndItsEnds(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, standard("Log"))
	logs := &sourcetest.Logs{}
	if err := b.src.Tail(t.Context(), core.LogRequest{Ref: runRef(id), Tail: -1}, logs); err != nil || len(logs.All()) != 1 || logs.All()[0].Stream != core.Marker {
		t.Errorf("before the first job: %v %v", logs.All(), err)
	}
	for _, j := range []string{"build", "unit", "lint"} {
		b.SetJob(b.JobID(id, j), "running", "")
		b.Log(b.JobID(id, j), "section_start:1700000000:"+j+"\r\x1b[0K\x1b[0;m"+j+" begins\n"+j+" 1\n"+j+" 2\nsection_end:1700000009:"+j+"\r\x1b[0K\n")
		b.SetJob(b.JobID(id, j), "success", "")
	}
	logs = &sourcetest.Logs{}
	done := make(chan error, 1)
	go func() {
		done <- b.src.Tail(t.Context(), core.LogRequest{Ref: runRef(id), Tail: -1, Follow: true}, logs)
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var order []string
	opens := 0
	for _, l := range logs.All() {
		switch l.Group {
		case core.GroupOpen:
			opens++
		case core.GroupClose:
			opens--
		default:
			order = append(order, l.Origin.Label.String()+": "+l.Text.String())
		}
	}
	if got := strings.Join(order, "|"); opens != 0 || got != "build: build 1|build: build 2|unit: unit 1|unit: unit 2|lint: lint 1|lint: lint 2" {
		t.Errorf("%d open groups, %s", opens, got)
	}
	last := &sourcetest.Logs{}
	if err := b.src.Tail(t.Context(), core.LogRequest{Ref: jobRef(id, b.JobID(id, "unit"), "unit"), Tail: 1}, last); err != nil || strings.Join(last.Texts(), "|") != "unit 2" {
		t.Errorf("the last line: %q %v", last.Texts(), err)
	}
}

func TestWhyItFailed(t *testing.T) {
	b := newBench(t)
	good := b.Push(shop, world.Spec{Title: "Good", Jobs: []world.JobSpec{{Name: "unit", Stage: "test"}}})
	b.Finish(good, "success")
	b.Commit(shop, "main", "Between", "Ana")
	id := b.Push(shop, world.Spec{Title: "Bad", Jobs: []world.JobSpec{{Name: "unit", Stage: "test"}, {Name: "lint", Stage: "test", AllowFailure: true}}})
	b.SetJob(b.JobID(id, "lint"), "failed", "script_failure")
	unit := b.JobID(id, "unit")
	b.SetJob(unit, "running", "")
	b.Log(unit, "section_start:1700000000:step_script\r\x1b[0KExecuting the step\n$ go test ./...\nok shop/a\n--- FAIL: TestPrice (0.00s)\n    price_test.go:12: got 3, want 4\nFAIL\nsection_end:1700000009:step_script\r\x1b[0K\nERROR: Job failed: exit code 1\n")
	b.SetJob(unit, "failed", "script_failure")
	b.Report(id, "TestPrice")
	e, err := b.src.Explain(t.Context(), runRef(id))
	if err != nil {
		t.Fatal(err)
	}
	if s := e.Summary.String(); !strings.Contains(s, "unit failed") || !strings.Contains(s, "a command of its script failed") {
		t.Errorf("summary: %s", s)
	}
	if e.Step.String() != "Executing the step" || len(e.Lines) == 0 || !strings.Contains(e.Lines[0].String(), "--- FAIL: TestPrice") {
		t.Errorf("step %q, lines %v", e.Step, e.Lines)
	}
	if len(e.Annotations) != 1 || e.Annotations[0].Title.String() != "TestPrice" || e.Good.Name != runRef(good).Name || !strings.Contains(e.GoodTitle.String(), "by kim") {
		t.Errorf("%+v", e)
	}
	if len(e.Commits) != 2 || e.Commits[0].Title.String() != "Bad" || e.Commits[1].Title.String() != "Between" {
		t.Errorf("commits: %+v", e.Commits)
	}
	if e.At != jobRef(id, unit, "unit") {
		t.Errorf("at %v", e.At)
	}
}

func TestWhyAChildFailed(t *testing.T) {
	b := newBench(t)
	id := b.family(t)
	b.SetJob(b.JobID(id, "build"), "success", "")
	o, err := b.src.Outline(t.Context(), runRef(id))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range o.Nodes {
		if n.Title.String() == "inner" {
			var job int
			fmt.Sscan(n.Ref.UID, &job)
			b.SetJob(job, "failed", "runner_system_failure")
		}
	}
	e, err := b.src.Explain(t.Context(), runRef(id))
	if s := e.Summary.String(); err != nil || !strings.Contains(s, "child: inner failed") || !strings.Contains(s, "not the job's own fault") {
		t.Errorf("summary: %s %v", s, err)
	}
}

func TestGetFindDescribeEvents(t *testing.T) {
	b := newBench(t)
	b.Environment(shop, "production", "https://shop.example.com")
	id := b.waiting(t)
	for kind, path := range map[string]string{"run": runRef(id).Name, "workflow": "ci", "environment": "production", "job": runRef(id).Name + "/unit"} {
		ref, err := b.src.Find(t.Context(), kind, shop+"/"+path)
		if err != nil {
			t.Errorf("find %s: %v", kind, err)
			continue
		}
		x, err := b.src.Get(t.Context(), ref)
		if err != nil || x.Ref != ref {
			t.Errorf("get %v: %v %v", ref, x, err)
		}
		d, err := b.src.Describe(t.Context(), ref)
		if err != nil || len(d.Lines) < 3 {
			t.Errorf("describe %v: %d lines %v", ref, len(d.Lines), err)
		}
		if _, err := b.src.Events(t.Context(), ref); err != nil {
			t.Errorf("events of %v: %v", ref, err)
		}
		other := ref
		other.UID = "7"
		if kind != "job" && kind != "environment" {
			if _, err := b.src.Get(t.Context(), other); problemKind(b.src, err) != core.Conflict {
				t.Errorf("another life of %v: %v", ref, err)
			}
		}
		if _, err := b.src.Find(t.Context(), kind, shop+"/999999/none"); problemKind(b.src, err) != core.NotFound {
			t.Errorf("find a %s that is not there: %v", kind, err)
		}
	}
	ev, err := b.src.Events(t.Context(), runRef(id))
	if err != nil || len(ev) < 6 || ev[0].At < ev[len(ev)-1].At {
		t.Errorf("events: %v %v", ev, err)
	}
}

func TestForms(t *testing.T) {
	b := newBench(t)
	p := b.AddProject("acme/forms")
	p.CIYAML = "variables:\n  PLAIN: x\n  TARGET:\n    description: Where to\n    value: eu\n    options: [eu, us]\n  NOTE: {description: A word}\n"
	b.Commit("acme/forms", "release", "R", "kim")
	b.Tag("acme/forms", "v1")
	b.Schedule("acme/forms", "nightly", "main", map[string]string{"NIGHT": "1", "SECRET_TOKEN": "canary"})
	f, err := b.src.Form(t.Context(), core.VerbDeploy, core.Ref{Source: ID, Scope: "gitlab.test", Kind: "workflow", Namespace: "acme/forms", Name: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range f.Fields {
		got = append(got, fmt.Sprintf("%s=%s/%d", x.Name, x.Value, len(x.Choices)))
	}
	if s := strings.Join(got, " "); s != "ref=main/3 input.TARGET=eu/2 input.NOTE=/0 input.NIGHT=1/0 input.SECRET_TOKEN=/0" {
		t.Errorf("fields: %s", s)
	}
	if !f.Fields[0].Choices[0].Current || f.Fields[0].Choices[0].Value != "main" {
		t.Errorf("the default branch is not first: %+v", f.Fields[0].Choices)
	}
	b.Push("acme/forms", world.Spec{Source: "web", User: "kim", Variables: map[string]string{"TARGET": "us", "MORE": "x"}, Jobs: []world.JobSpec{{Name: "a"}}})
	b.Push("acme/forms", world.Spec{Source: "web", User: "ada", Variables: map[string]string{"TARGET": "eu"}, Jobs: []world.JobSpec{{Name: "a"}}})
	b.src.me.Store(&apiUser{Username: "kim"})
	f, err = b.src.Form(t.Context(), core.VerbDeploy, core.Ref{Source: ID, Scope: "gitlab.test", Kind: "workflow", Namespace: "acme/forms", Name: "ci"})
	if err != nil || len(f.Fields) != 6 || f.Fields[1].Value != "us" || f.Fields[5].Name != "input.MORE" {
		t.Errorf("as it was last time: %+v %v", f, err)
	}
	id := b.waiting(t)
	if f, err := b.src.Form(t.Context(), core.VerbRerun, runRef(id)); err != nil || len(f.Fields) != 1 || f.Fields[0].Value != "false" {
		t.Errorf("rerun: %+v %v", f, err)
	}
	if f, err := b.src.Form(t.Context(), core.VerbApprove, runRef(id)); err != nil || len(f.Fields) != 0 {
		t.Errorf("one gate asks nothing: %+v %v", f, err)
	}
}

func TestProjectsOfAGroupComeAndGo(t *testing.T) {
	b := newBench(t)
	b.src = sourceAt(t, b.server.URL, b.gate, "acme/*")
	hurry(b.src, 600) // a group is read every minute, and less often while it stays as it is
	id := b.Push(shop, standard("x"))
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}})
	until(t, "the first project", func() bool { return rec.Listed("run") && rec.Find(runRef(id)) != nil })
	b.AddProject("acme/deep/new")
	other := runRef(b.Push("acme/deep/new", standard("y")))
	other.Namespace = "acme/deep/new"
	until(t, "the new project's pipeline", func() bool { return rec.Find(other) != nil })
	b.RemoveProject("acme/deep/new")
	until(t, "its end", func() bool { return rec.Find(other) == nil })
	if rec.Find(runRef(id)) == nil {
		t.Error("the other project went too")
	}
}
