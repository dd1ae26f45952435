package jenkins

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/test/sim"
	simulator "devops-tui/test/sim/jenkins"
)

func onPath(path string) func(*http.Request) bool { return sim.On("", path) }

func faulty(status int) sim.Fault {
	return sim.Fault{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><body>Oops</body></html>"}
}

func (b *bench) tail(req core.LogRequest) []string {
	b.Helper()
	logs := &sourcetest.Logs{}
	if err := b.src.Tail(b.Context(), req, logs); err != nil {
		b.Fatal(err)
	}
	return logs.Texts()
}

func TestConsole(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Pipeline("team/build")
	j.Timestamps = true
	x := j.Start(simulator.Start{By: "kim"})
	x.Stage("Build")
	x.Log("\x1b[31mred\x1b[0m and \x1b]0;title\x07 hostile\n")
	x.End("SUCCESS")
	logs := &sourcetest.Logs{}
	if err := b.src.Tail(t.Context(), core.LogRequest{Ref: b.ref("run", "team", "build/1"), Tail: -1}, logs); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(logs.Texts(), "\n")
	if strings.Contains(all, "ha:////") || strings.Contains(all, "\x1b") || strings.Contains(all, "[20") || !strings.Contains(all, "red and ") || !strings.Contains(all, "Started by user Kim Lee") {
		t.Errorf("console:\n%s", all)
	}
	open := false
	for _, l := range logs.All() {
		open = open || l.Group == core.GroupOpen && l.Text.String() == "Build"
		if l.Time == 0 || l.Origin.Label.String() != "build #1" {
			t.Errorf("%q: time %d, label %q", l.Text.String(), l.Time, l.Origin.Label)
		}
	}
	if !open {
		t.Error("no group of the stage")
	}
	if got := b.tail(core.LogRequest{Ref: b.ref("run", "team", "build/1"), Tail: 1}); !slices.Equal(got, []string{"Finished: SUCCESS"}) {
		t.Errorf("the last line: %q", got)
	}
}

// TestFollowLosesNothing: the server fails, breaks answers off and goes away while
// a console is followed; every line comes once, in order.
func TestFollowLosesNothing(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Freestyle("plain").Start(simulator.Start{By: "kim"})
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	logs := &sourcetest.Logs{}
	done := make(chan error, 1)
	ref := b.found("run", "", "plain/1").Ref
	go func() { done <- b.src.Tail(ctx, core.LogRequest{Ref: ref, Tail: -1, Follow: true}, logs) }()
	b.until("the beginning", func() bool { return len(logs.Texts()) >= 2 })
	var want []string
	path := "/jenkins/job/plain/1/logText/progressiveText"
	for i := range 60 {
		line := "line " + itoa(i)
		want = append(want, line)
		x.Log(line[:3])
		if i == 10 {
			b.srv.Fail(onPath(path), sim.Fault{CutBody: 5}, 1)
		}
		if i == 20 {
			b.srv.Fail(onPath(path), faulty(503), 2)
		}
		x.Log(line[3:] + "\n")
		if i == 30 {
			b.until("the first half", func() bool { return slices.Contains(logs.Texts(), "line 29") })
		}
	}
	x.End("SUCCESS")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range logs.Texts() {
		if strings.HasPrefix(l, "line ") {
			got = append(got, l)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d lines, want %d: %q", len(got), len(want), got)
	}
	for _, r := range b.srv.Requests() {
		if r.Path == path && r.Query == "" {
			t.Error("the console was asked for without an offset")
		}
	}
}

func TestLongConsoleIsBounded(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Freestyle("plain").Start(simulator.Start{By: "kim"})
	line := strings.Repeat("x", 1023) + "\n"
	for range 12 {
		x.Log(strings.Repeat(line, 1024))
	}
	x.Log("the end\n")
	x.End("SUCCESS")
	logs := &sourcetest.Logs{}
	if err := b.src.Tail(t.Context(), core.LogRequest{Ref: b.ref("run", "", "plain/1"), Tail: -1}, logs); err != nil {
		t.Fatal(err)
	}
	all := logs.All()
	if n := len(all); n > 5000 || all[0].Stream != core.Marker || !strings.Contains(all[0].Text.String(), "not read") {
		t.Errorf("%d lines, the first: %q", n, all[0].Text.String())
	}
	if texts := logs.Texts(); texts[0] != strings.TrimSuffix(line, "\n") || texts[len(texts)-2] != "the end" {
		t.Errorf("the lines: %d first bytes %q", len(texts), texts[0][:10])
	}
}

func TestStageLog(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Pipeline("ship").Start(simulator.Start{By: "kim"})
	for _, name := range []string{"Build", "Test", "Test"} {
		x.Stage(name)
		x.Log("in " + name + " " + itoa(len(x.Stages())) + " <b>&amp;\n")
	}
	x.End("SUCCESS")
	for _, served := range []bool{true, false} {
		b.w.SetStages(served)
		for stage, want := range map[string]string{"Build": "in Build 1 <b>&amp;", "Test": "in Test 2 <b>&amp;", "Test #2": "in Test 3 <b>&amp;"} {
			if got := b.tail(core.LogRequest{Ref: b.ref("job", "", "ship/1/"+stage), Tail: -1}); !slices.Equal(got, []string{want}) {
				t.Errorf("%s (served %v): %q", stage, served, got)
			}
		}
	}
	b.w.SetStages(true)
	o, err := b.src.Outline(t.Context(), b.ref("run", "", "ship/1"))
	if err != nil || len(o.Nodes) != 3 || !o.Done || o.Nodes[2].Ref.Name != "ship/1/Test #2" || o.Nodes[2].Row == nil {
		t.Fatalf("%+v, %v", o, err)
	}
	if r, err := b.src.Get(t.Context(), o.Nodes[2].Ref); err != nil || r.Ref != o.Nodes[2].Ref {
		t.Errorf("%v, %v", r, err)
	}
}

func TestParallelStagesHaveTheirSteps(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Pipeline("ship").Start(simulator.Start{By: "kim"})
	x.Parallel(simulator.Branch{Name: "linux", Log: "on linux <1>\n"}, simulator.Branch{Name: "mac", Log: "on mac\n"})
	x.End("SUCCESS")
	if got := b.tail(core.LogRequest{Ref: b.ref("job", "", "ship/1/linux"), Tail: -1}); !slices.Equal(got, []string{"on linux <1>"}) {
		t.Errorf("%q", got)
	}
}

func TestQueuedLogWaits(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Freestyle("plain")
	q := j.Enqueue(simulator.Start{By: "kim"}, "")
	logs := &sourcetest.Logs{}
	done := make(chan error, 1)
	go func() {
		done <- b.src.Tail(t.Context(), core.LogRequest{Ref: b.ref("run", "", "plain/queue-"+itoa(q.ID())), Tail: -1, Follow: true}, logs)
	}()
	b.until("why it waits", func() bool { return len(logs.All()) == 1 })
	b.w.Work()
	j.Last().End("SUCCESS")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := logs.Texts(); got[len(got)-1] != "Finished: SUCCESS" {
		t.Errorf("%q", got)
	}
}

func TestOutline(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Pipeline("ship").Start(simulator.Start{By: "kim"})
	x.Stage("Build")
	x.Stage("Ship")
	x.Ask(simulator.Input{ID: "Go", Message: "Go?"})
	ref := b.found("run", "", "ship/1").Ref
	o, err := b.src.Outline(t.Context(), ref)
	if err != nil || o.Done || len(o.Nodes) != 2 || o.Nodes[0].Phase != core.Succeeded || o.Nodes[1].Phase != core.Pending || !strings.Contains(o.Note.String(), "Go?") {
		t.Errorf("%+v, %v", o, err)
	}
	b.w.SetStages(false)
	o, err = b.src.Outline(t.Context(), ref)
	if err != nil || len(o.Nodes) != 3 || o.Nodes[2].Title.String() != "Ship" || o.Nodes[2].Depth != 1 || !strings.Contains(o.Note.String(), "Pipeline: REST API") {
		t.Errorf("without the plugin: %+v, %v", o, err)
	}
	b.srv.Reset()
	x.Fail("boom")
	o, err = b.src.Outline(t.Context(), ref)
	if err != nil || !o.Done || o.Nodes[0].Phase != core.Failed || len(o.Nodes) != 3 {
		t.Errorf("ended: %+v, %v", o, err)
	}
	for _, r := range b.srv.Requests() {
		if strings.HasSuffix(r.Path, "progressiveText") && r.Query == "start=0" {
			t.Error("the console is read from its beginning again")
		}
	}
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	if o, err = b.src.Outline(t.Context(), b.ref("run", "", "plain/1")); err != nil || len(o.Nodes) != 1 || !o.Done {
		t.Errorf("freestyle: %+v, %v", o, err)
	}
}

func TestExplain(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Pipeline("build")
	start := func(sha, message string) *simulator.Build {
		x := j.Start(simulator.Start{By: "kim", Commit: sha, Branch: "main", Changes: []simulator.Commit{{SHA: sha, Message: message, Author: "Ann"}}})
		x.Stage("Compile")
		x.Log("error: this one was expected\n")
		x.Stage("Test")
		return x
	}
	start(shaOne, "Good").End("SUCCESS")
	start(shaTwo, "Second").End("FAILURE")
	x := start("3333333ccccccccccccccccccccccccccccccccc", "Third")
	x.Log("--- FAIL: TestCart (0.01s)\n    cart_test.go:12: got 3, want 4\nmake: *** [test] Error 1\n")
	x.Fail("script returned exit code 2")
	e, err := b.src.Explain(t.Context(), b.ref("run", "", "build/3"))
	if err != nil {
		t.Fatal(err)
	}
	if e.Step.String() != "Test" || e.At.Name != "build/3/Test" || !strings.Contains(e.Summary.String(), "stage Test") {
		t.Errorf("%q %q %+v", e.Step, e.Summary, e.At)
	}
	var lines []string
	for _, l := range e.Lines {
		lines = append(lines, l.String())
	}
	if all := strings.Join(lines, "\n"); !strings.Contains(all, "FAIL: TestCart") || strings.Contains(all, "expected") {
		t.Errorf("lines: %s", all)
	}
	if e.Good.Name != "build/1" || len(e.Commits) != 2 || e.Commits[0].Title.String() != "Third" || e.Commits[1].Title.String() != "Second" {
		t.Errorf("good %v, commits %+v", e.Good, e.Commits)
	}
	b.w.SetStages(false)
	if e, err = b.src.Explain(t.Context(), b.ref("run", "", "build/3")); err != nil || !strings.Contains(e.Note.String(), "Pipeline: REST API") || len(e.Lines) == 0 {
		t.Errorf("%+v, %v", e, err)
	}
}
