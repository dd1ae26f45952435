package github

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

func texts(l *sourcetest.Logs) string {
	var b strings.Builder
	for _, x := range l.All() {
		fmt.Fprintf(&b, "%s|%d|%s\n", x.Origin.Label, x.Stream, x.Text.String())
	}
	return b.String()
}

func TestOutlineFollowsARun(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"})
	run.Advance()
	run.Advance()
	o, err := s.Outline(t.Context(), runRef(run, "ci"))
	if err != nil || o.Done || !strings.Contains(o.Note.String(), "no live text") {
		t.Fatalf("%+v, %v", o, err)
	}
	if n := o.Nodes[0]; n.Title.String() != "build" || n.Depth != 0 || n.Row == nil || n.Row.Ref != n.Ref || n.Ref.Kind != kindJob || n.Phase != core.Pending || n.Reason.String() != "in_progress" {
		t.Errorf("%+v", n)
	}
	if n := o.Nodes[2]; n.Title.String() != "checkout" || n.Depth != 1 || n.Reason.String() != "in_progress" {
		t.Errorf("%+v", n)
	}
	if len(s.Info().Kinds[1].Columns) != len(o.Nodes[0].Row.Cells) {
		t.Errorf("%d cells for %d columns", len(o.Nodes[0].Row.Cells), len(s.Info().Kinds[1].Columns))
	}
	before := w.Counts()
	for range 5 {
		if _, err := s.Outline(t.Context(), runRef(run, "ci")); err != nil {
			t.Fatal(err)
		}
	}
	if c := w.Counts(); c.Charged != before.Charged {
		t.Errorf("an outline that does not change cost %d requests", c.Charged-before.Charged)
	}
	run.Finish()
	if o, err = s.Outline(t.Context(), runRef(run, "ci")); err != nil || !o.Done || !o.Nodes[0].Closed || o.Nodes[0].Phase != core.Succeeded {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestTheLogOpensWhenAJobEnds(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"})
	run.Job("build").Succeed()
	run.Advance()
	logs := &sourcetest.Logs{}
	done := make(chan error, 1)
	go func() {
		done <- s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Tail: -1, Follow: true}, logs)
	}()
	testkit.PollTrue(t, 10*time.Second, "the marker of the running job", func() bool {
		return strings.Contains(texts(logs), "test|2|test is in_progress: GitHub serves no live text")
	})
	if got := texts(logs); !strings.Contains(got, "build|0|go build done") || strings.Contains(got, "go test done") {
		t.Errorf("%s", got)
	}
	run.Finish()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	got := texts(logs)
	if strings.Count(got, "build|0|go build done") != 1 || strings.Count(got, "test|0|go test done") != 1 {
		t.Errorf("%s", got)
	}
	for _, l := range logs.All() {
		if l.Time == 0 {
			t.Errorf("without a time: %s", l.Text)
		}
	}
	if n := w.Counts().BlobCredentials; n != 0 {
		t.Errorf("the token was sent to the storage %d times", n)
	}
}

func TestManyJobsComeAsOneArchive(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	var jobs []simgithub.JobSpec
	for i := range 8 {
		jobs = append(jobs, simgithub.JobSpec{Name: fmt.Sprintf("../../etc/job: %d", i), Steps: []string{"go"}})
	}
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Jobs: jobs}).Finish()
	logs := &sourcetest.Logs{}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Tail: -1}, logs); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if want := fmt.Sprintf("job: %d|0|go done", i); strings.Count(texts(logs), want) != 1 {
			t.Errorf("%d times %q", strings.Count(texts(logs), want), want)
		}
	}
	if n := w.Counts().Blobs; n != 1 {
		t.Errorf("%d downloads, want the archive alone", n)
	}
	last := &sourcetest.Logs{}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Tail: 1}, last); err != nil || len(last.All()) != 8 {
		t.Errorf("tail 1: %d lines, %v", len(last.All()), err)
	}
}

func TestALogThatBreaksOffIsReadAgain(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	var long []string
	for i := range 2000 {
		long = append(long, fmt.Sprintf("line %d of a long log", i))
	}
	run.Job("build").Log(long...)
	w.blobs.Fail(func(*http.Request) bool { return true }, sim.Fault{CutBody: 20000}, 1)
	logs := &sourcetest.Logs{}
	ref := core.Ref{Source: ID, Scope: githubCom, Kind: kindJob, Namespace: "acme/shop", Name: "ci/1/build", UID: id(run.Job("build").ID)}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1}, logs); err != nil {
		t.Fatal(err)
	}
	got := texts(logs)
	for _, i := range []int{0, 199, 200, 500, 1999} {
		if n := strings.Count(got, fmt.Sprintf("line %d of", i)); n != 1 {
			t.Errorf("line %d came %d times", i, n)
		}
	}
}

func TestLogsThatAreGone(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.red()
	run.DropLogs()
	err := s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Tail: -1}, &sourcetest.Logs{})
	problem(t, s, err, core.NotFound, "expired", "90 days")
	e, err := s.Explain(t.Context(), runRef(run, "ci"))
	if err != nil || !strings.Contains(e.Note.String(), "expired") || !strings.Contains(e.Summary.String(), "test failed in step go test") {
		t.Errorf("%+v, %v", e, err)
	}
	err = s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Previous: true}, &sourcetest.Logs{})
	problem(t, s, err, core.NotFound, "no attempt before")
}

func TestWhyItFailed(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	good := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	for i := range 130 {
		w.repo.Commit("main", fmt.Sprintf("change %d\n\nmore", i), "lee")
	}
	run := w.red()
	run.Job("test").Annotate(simgithub.Annotation{Level: "notice", Path: "a.go", Message: "hint"}, simgithub.Annotation{Level: "failure", Path: "sum_test.go", Line: 7, Title: "TestSum", Message: "want 3"})
	e, err := s.Explain(t.Context(), runRef(run, "ci"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Summary.String(), "test failed in step go test") || e.Step.String() != "go test" || e.At.Name != "ci/2/test" {
		t.Errorf("%q %q %v", e.Summary, e.Step, e.At)
	}
	if len(e.Lines) < 2 || e.Lines[0].String() != "--- FAIL: TestSum (0.00s)" {
		t.Errorf("lines %v", e.Lines)
	}
	if len(e.Annotations) != 2 || e.Annotations[0].Level != core.LevelError || e.Annotations[0].Line != 7 {
		t.Errorf("annotations %+v", e.Annotations)
	}
	if e.Good.UID != id(good.ID) || !strings.HasPrefix(e.GoodTitle.String(), "ci #1 on main, "+good.SHA[:7]) {
		t.Errorf("good %v %q", e.Good, e.GoodTitle)
	}
	if len(e.Commits) != 20 || e.Commits[0].Title.String() != "change 129" || e.Commits[0].Author.String() != "lee" || e.MoreCommits != 110 {
		t.Errorf("%d commits, %d more, first %+v", len(e.Commits), e.MoreCommits, e.Commits[0])
	}
	if !e.Note.Empty() {
		t.Errorf("note %q", e.Note)
	}
	branch := w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Branch: "feature"})
	branch.Job("build").Fail("go build", "main.go:3:1: undefined: x")
	if e, err = s.Explain(t.Context(), runRef(branch, "ci")); err != nil || e.Good.UID != id(good.ID) {
		t.Errorf("the default branch's last good run counts for a branch without one: %v, %v", e.Good, err)
	}
}

func TestFindAndDescribe(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.repo.AddEnvironment("production", 5*time.Minute, "kim")
	s := w.source(t)
	for range 120 {
		w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).SetStatus("completed", "success")
	}
	run := w.repo.Runs()[0]
	for kind, path := range map[string]string{kindRun: "acme/shop/ci/1", kindJob: "acme/shop/ci/1/test", kindWorkflow: "acme/shop/deploy", kindEnvironment: "acme/shop/production"} {
		ref, err := s.Find(t.Context(), kind, path)
		if err != nil || ref.UID == "" || ref.Namespace+"/"+ref.Name != path {
			t.Errorf("%s: %v, %v", path, ref, err)
			continue
		}
		if kind == kindRun && ref.UID != id(run.ID) {
			t.Errorf("found %v", ref)
		}
		x, err := s.Get(t.Context(), ref)
		if err != nil || x.Ref != ref {
			t.Errorf("Get %v: %v, %v", ref, x, err)
		}
		if d, err := s.Describe(t.Context(), ref); err != nil || len(d.Lines) < 4 {
			t.Errorf("Describe %v: %d lines, %v", ref, len(d.Lines), err)
		}
		if _, err := s.Events(t.Context(), ref); err != nil {
			t.Errorf("Events %v: %v", ref, err)
		}
		_, err = s.Find(t.Context(), kind, path+"-none")
		problem(t, s, err, core.NotFound)
	}
	_, err := s.Find(t.Context(), kindRun, "../../x/ci/1")
	problem(t, s, err, core.NotFound)
	released(w, 0)
	w.repo.Start(simgithub.Spec{Workflow: "deploy.yml"}).Finish()
	h, err := s.History(t.Context(), core.Ref{Source: ID, Scope: githubCom, Kind: kindEnvironment, Namespace: "acme/shop", Name: "production"})
	if err != nil || len(h.Lines) != 1 || !strings.Contains(h.Lines[0].String(), "kim") {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestAnArchiveThatIsNoneIsPassedOver(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	var jobs []simgithub.JobSpec
	for i := range 7 {
		jobs = append(jobs, simgithub.JobSpec{Name: fmt.Sprintf("job %d", i), Steps: []string{"go"}})
	}
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Jobs: jobs}).Finish()
	w.blobs.Fail(func(*http.Request) bool { return true }, sim.Fault{Status: 200, Body: "PK\x03\x04 no archive"}, 1)
	logs := &sourcetest.Logs{}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Tail: -1}, logs); err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		if want := fmt.Sprintf("job %d|0|go done", i); strings.Count(texts(logs), want) != 1 {
			t.Errorf("%d times %q", strings.Count(texts(logs), want), want)
		}
	}
	if n := w.Counts().Blobs; n != 7 {
		t.Errorf("%d logs were read one by one, want 7", n)
	}
}

func TestEarlierAttempts(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	s := w.source(t)
	run := w.red()
	op, err := s.PlanRerun(t.Context(), runRef(run, "ci"), core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(permitted(t), nil); err != nil {
		t.Fatal(err)
	}
	run.Finish()
	old := &sourcetest.Logs{}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Previous: true, Tail: -1}, old); err != nil || !strings.Contains(texts(old), "--- FAIL: TestSum") {
		t.Errorf("%v\n%s", err, texts(old))
	}
	now := &sourcetest.Logs{}
	if err := s.Tail(t.Context(), core.LogRequest{Ref: runRef(run, "ci"), Tail: -1}, now); err != nil || strings.Contains(texts(now), "--- FAIL") || !strings.Contains(texts(now), "go test done") {
		t.Errorf("%v\n%s", err, texts(now))
	}
	d, err := s.Describe(t.Context(), runRef(run, "ci"))
	var b strings.Builder
	for _, l := range d.Lines {
		b.WriteString(l.String() + "\n")
	}
	if err != nil || !strings.Contains(b.String(), "Earlier attempts") || !strings.Contains(b.String(), "1: failure") {
		t.Errorf("%v\n%s", err, b.String())
	}
	o, err := s.Outline(t.Context(), runRef(run, "ci"))
	if err != nil || !strings.Contains(o.Note.String(), "attempt 2") {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestWhatStandsInFront: a proxy's sign-in page is no answer of GitHub's.
func TestWhatStandsInFront(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	run := w.red()
	s := w.source(t)
	w.api.Fail(func(*http.Request) bool { return true }, sim.Fault{Status: 200, Body: "<html>sign in</html>", Header: http.Header{"Content-Type": {"text/html"}}}, 10)
	_, err := s.Get(t.Context(), runRef(run, "ci"))
	problem(t, s, err, core.Unsupported, "does not speak GitHub's API")
	w.api.Heal()
	w.api.Stop()
	_, err = s.Get(t.Context(), runRef(run, "ci"))
	problem(t, s, err, core.Unreachable, "connection refused")
}
