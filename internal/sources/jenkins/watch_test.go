package jenkins

import (
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	simulator "devops-tui/test/sim/jenkins"
)

// cell is a column of a row by its id.
func (b *bench) cell(r *core.Resource, id string) core.Cell {
	b.Helper()
	for _, k := range b.src.Info().Kinds {
		for i, c := range k.Columns {
			if k.Name == r.Ref.Kind && c.ID == id {
				return r.Cells[i]
			}
		}
	}
	b.Fatalf("no column %s", id)
	return core.Cell{}
}

func listed(b *bench, rec *sourcetest.Recorder, ns, name string) *core.Resource {
	b.Helper()
	var r *core.Resource
	b.until(name+" is listed", func() bool { r = rec.Find(b.ref("run", ns, name)); return r != nil })
	return r
}

func TestRows(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Branch("team/shop", "feature/login")
	j.Repo, j.Usual = "git@github.com:acme/shop.git", 90_000
	j.Start(simulator.Start{By: "kim", Commit: shaOne, Branch: "feature/login", At: b.w.Now().Add(-time.Hour)}).Fail("no")
	x := j.Start(simulator.Start{Cause: "branch", Commit: shaTwo, Branch: "feature/login", Changes: []simulator.Commit{
		{SHA: shaTwo, Message: "Log in by key\n\nlong", Author: "Ann"}, {SHA: shaOne, Message: "Before", Author: "Bob"},
	}})
	x.Stage("Build")
	x.Stage("Test")
	deployJob(b).Start(simulator.Start{By: "KIM", Values: map[string]string{"VERSION": "7", "ENV": "production"}}).End("UNSTABLE")
	b.w.Freestyle("a/b/c/d/e/f/g/deep").Start(simulator.Start{Cause: "timer"}).End("ABORTED")
	ship := b.w.Pipeline("ship").Start(simulator.Start{By: "lee"})
	ship.Stage("Ship")
	ship.Ask(simulator.Input{ID: "Go", Message: "Ship it?"})
	rec := b.run(runs)

	run := listed(b, rec, "team/shop", "feature%2Flogin/2")
	b.until("stages are known", func() bool {
		run = rec.Find(b.ref("run", "team/shop", "feature%2Flogin/2"))
		return run != nil && b.cell(run, "stage").Num == 2001
	})
	for id, want := range map[string]string{
		"name": "feature/login", "system": "jenkins", "number": "2", "branch": "feature/login", "commit": "2222222", "title": "Log in by key", "author": "Ann",
		"stage": "Test", "status": "in_progress", "event": "push", "mine": "",
	} {
		if got := b.cell(run, id).Text.String(); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if run.Phase != core.Pending || run.Facts.Repo != "github.com/acme/shop" || run.Facts.Commit != shaTwo || b.cell(run, "usual").Num != 90 {
		t.Errorf("%+v %+v", run, run.Facts)
	}
	if want := b.srv.URL + "/jenkins/job/team/job/shop/job/feature%252Flogin/2/"; run.Facts.URL != want {
		t.Errorf("page %s, want %s", run.Facts.URL, want)
	}
	b.src.Want(core.Interest{Kinds: []string{"run", "workflow"}})
	var w *core.Resource
	b.until("the branch is listed", func() bool {
		w = rec.Find(b.ref("workflow", "team/shop", "feature%2Flogin"))
		return w != nil
	})
	if b.cell(w, "name").Text.String() != "feature/login" || b.cell(w, "branch").Text.String() != "feature/login" {
		t.Errorf("a branch is called %q", b.cell(w, "name").Text)
	}
	if old := listed(b, rec, "team/shop", "feature%2Flogin/1"); old.Phase != core.Failed || old.Past {
		t.Errorf("a failure that nothing has superseded yet: %v past %v", old.Phase, old.Past)
	}
	d := listed(b, rec, "team", "deploy/1")
	if d.Phase != core.Degraded || d.Facts.Environment != "production" || b.cell(d, "mine").Text.String() != "yes" ||
		b.cell(d, "title").Text.String() != "VERSION=7 ENV=production DRY=false" {
		t.Errorf("%v %v %q", d.Phase, d.Facts, b.cell(d, "title").Text)
	}
	if deep := listed(b, rec, "a/b/c/d/e/f/g", "deep/1"); deep.Phase != core.Succeeded || deep.Reason.String() != "aborted" {
		t.Errorf("%v %v", deep.Phase, deep.Reason)
	}
	b.until("what waits for a human", func() bool {
		r := rec.Find(b.ref("run", "", "ship/1"))
		return r != nil && r.Facts != nil && len(r.Facts.Waits) == 1 && r.Facts.Waits[0].String() == "Ship it?" && r.Reason.String() == "waiting"
	})
	if no := b.src.Disabled(core.VerbApprove, rec.Find(b.ref("run", "", "ship/1"))); !no.Empty() {
		t.Errorf("approve: %s", no)
	}
	if no := b.src.Disabled(core.VerbCancel, d); no.Empty() {
		t.Error("what has ended can be cancelled")
	}
	x.End("SUCCESS")
	b.src.Wake()
	b.until("the end shows, and the failure is past", func() bool {
		r, old := rec.Find(b.ref("run", "team/shop", "feature%2Flogin/2")), rec.Find(b.ref("run", "team/shop", "feature%2Flogin/1"))
		return r.Phase == core.Succeeded && old.Past
	})
}

// TestFirstListTellsWhatWaits: a list that is asked for once, as the command line
// does, has the gates.
func TestFirstListTellsWhatWaits(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Pipeline("ship").Start(simulator.Start{By: "lee"})
	x.Stage("Ship")
	ref := b.found("run", "", "ship/1")
	if no := b.src.Disabled(core.VerbApprove, ref); !no.Empty() {
		t.Errorf("what is not known is left to the plan: %s", no)
	}
	x.Ask(simulator.Input{ID: "Go", Message: "Ship it?"})
	rec := b.run(runs)
	b.until("listed", func() bool { return rec.Listed("run") })
	if r := rec.Find(b.ref("run", "", "ship/1")); len(r.Facts.Waits) != 1 {
		t.Errorf("%+v", r.Facts)
	}
}

func TestQueueShowsWhy(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Freestyle("team/plain", simulator.Param{Name: "VERSION", Kind: simulator.String, Default: "1"})
	q := j.Enqueue(simulator.Start{By: "kim"}, "Waiting for next available executor on ‘linux’")
	rec := b.run(core.Interest{Kinds: []string{"run"}, Shown: []core.Ref{b.ref("run", "team", "plain/queue-"+itoa(q.ID()))}})
	r := listed(b, rec, "team", "plain/queue-"+itoa(q.ID()))
	if r.Phase != core.Pending || r.Reason.String() != "queued" || !strings.Contains(r.Message.String(), "next available executor") {
		t.Errorf("%v %v %v", r.Phase, r.Reason, r.Message)
	}
	b.w.Work()
	b.until("the item has become a build", func() bool {
		return rec.Find(r.Ref) == nil && rec.Find(b.ref("run", "team", "plain/1")) != nil
	})
}

func TestRunWaitsForAnAgent(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Pipeline("team/build").Start(simulator.Start{By: "kim"})
	x.NeedAgent("There are no nodes with the label ‘mac’")
	ref := b.ref("run", "team", "build/1")
	rec := b.run(runs)
	b.until("what it waits for", func() bool { r := rec.Find(ref); return r != nil && strings.Contains(r.Message.String(), "‘mac’") })
	if n := len(rec.Rows("run")); n != 1 {
		t.Errorf("%d rows: the item of a build is no run of its own", n)
	}
	x.NeedAgent("")
	b.src.Wake()
	b.until("it has one", func() bool { return rec.Find(ref).Message.Empty() })
}

// TestFewOfALargeFolder: only what the configuration wants of a large folder is
// read.
func TestFewOfALargeFolder(t *testing.T) {
	b := newBench(t, simulator.Options{})
	for i := range 300 {
		b.w.Freestyle("big/job" + itoa(i)).Start(simulator.Start{By: "kim"}).End("SUCCESS")
	}
	b.src.server.globs = []string{"big/job29?"}
	rec := b.run(runs)
	b.until("listed", func() bool { return rec.Listed("run") })
	if n := len(rec.Rows("run")); n != 10 {
		t.Errorf("%d rows", n)
	}
	// One sweep, eight pages at most or ten jobs, and the queue.
	if n := len(b.srv.Requests()); n > 12 {
		t.Errorf("%d requests", n)
	}
}

// TestFirstListOnLoopback says how long the first list takes over real HTTP.
func TestFirstListOnLoopback(t *testing.T) {
	b := newBench(t, simulator.Options{})
	crowd(b.w)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	rec := b.run(runs)
	b.until("listed", func() bool { return rec.Listed("run") })
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d builds of 200 jobs in 20 folders listed in %v, %d requests, %d KiB kept", len(rec.Rows("run")), took, len(b.srv.Requests()), (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	if len(rec.Rows("run")) != 2000 {
		t.Errorf("%d rows", len(rec.Rows("run")))
	}
}

func TestWhatIsGoneGoes(t *testing.T) {
	b := newBench(t, simulator.Options{})
	j := b.w.Freestyle("plain")
	for range 3 {
		j.Start(simulator.Start{By: "kim"}).End("SUCCESS")
	}
	b.w.Freestyle("other/job").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	rec := b.run(core.Interest{Kinds: []string{"run", "workflow"}})
	listed(b, rec, "", "plain/3")
	listed(b, rec, "other", "job/1")
	b.until("jobs", func() bool { return len(rec.Rows("workflow")) == 2 })
	j.Discard(1)
	j.Start(simulator.Start{By: "kim"}).End("SUCCESS")
	b.w.Remove("other/job")
	b.src.Wake()
	b.until("discarded builds and removed jobs", func() bool {
		return rec.Find(b.ref("run", "", "plain/4")) != nil && rec.Find(b.ref("run", "", "plain/1")) == nil && rec.Find(b.ref("run", "other", "job/1")) == nil && len(rec.Rows("workflow")) == 1
	})
}

func TestJobMadeAnewIsAnother(t *testing.T) {
	b := newBench(t, simulator.Options{})
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim", At: b.w.Now().Add(-3600e9)}).End("SUCCESS")
	old := b.found("run", "", "plain/1").Ref
	b.w.Remove("plain")
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	_, err := b.src.Get(t.Context(), old)
	b.refused(err, core.Conflict, "another build")
}

func TestOneFolderFailsOthersGoOn(t *testing.T) {
	b := newBench(t, simulator.Options{})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		b.w.Freestyle("sick/" + name).Start(simulator.Start{By: "kim"}).End("SUCCESS")
	}
	b.w.Freestyle("well/x").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	b.srv.Fail(onPath("/jenkins/job/sick/api/json"), faulty(500), -1)
	rec := b.run(runs)
	listed(b, rec, "well", "x/1")
	b.until("the fault is told", func() bool {
		p := rec.Problem("run")
		return p != nil && strings.Contains(p.Error(), "sick")
	})
}

func TestOutages(t *testing.T) {
	b := newBench(t, simulator.Options{})
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	b.w.SetReady(false)
	_, err := b.src.Probe(t.Context())
	b.refused(err, core.Unreachable, "getting ready")
	b.w.SetReady(true)
	if _, err := b.src.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	b.w.SetQuiet(true)
	if _, err := b.src.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	op, err := b.src.PlanDeploy(t.Context(), b.found("workflow", "", "plain").Ref, core.Deploy{})
	if err != nil || !strings.Contains(joined(op.Plan.Warnings), "shut down") {
		t.Errorf("%v, %v", op, err)
	}
	b.srv.Stop()
	_, err = b.src.Get(t.Context(), b.ref("run", "", "plain/1"))
	b.refused(err, core.Unreachable, "connection refused")
}

func TestFind(t *testing.T) {
	b := newBench(t, simulator.Options{})
	x := b.w.Branch("team/shop", "feature/login").Start(simulator.Start{By: "kim"})
	x.Stage("Build / all")
	x.End("SUCCESS")
	for path, want := range map[string]string{
		"run team/shop/feature%2Flogin/1":           "run/team/shop/feature%2Flogin/1",
		"run team/shop/feature/login/1":             "run/team/shop/feature%2Flogin/1",
		"job team/shop/feature/login/1/Build / all": "job/team/shop/feature%2Flogin/1/Build / all",
		"workflow team/shop/feature/login":          "workflow/team/shop/feature%2Flogin",
		"run team/shop/feature/login/2":             "",
		"job team/shop/feature/login/1/Deploy":      "",
		"environment production":                    "",
		"run ../../manage/1":                        "",
		"job team/shop/feature/login/1":             "",
		"workflow team/shop":                        "",
	} {
		kind, p, _ := strings.Cut(path, " ")
		ref, err := b.src.Find(t.Context(), kind, p)
		switch {
		case want == "" && (err == nil || b.problem(err).Kind != core.NotFound && b.problem(err).Kind != core.Invalid):
			t.Errorf("%s: %v, %v", path, ref, err)
		case want != "" && (err != nil || ref.Path() != want || ref.UID == ""):
			t.Errorf("%s: %v, %v", path, ref, err)
		}
	}
}

// A page's address is that of the controller, wherever it stands.
func TestTheAddressOfAPage(t *testing.T) {
	for root, want := range map[string]string{
		"https://ci.test":      "https://ci.test/job/team/job/feature%252Flogin/7/",
		"https://ci.test/":     "https://ci.test/job/team/job/feature%252Flogin/7/",
		"https://ci.test/a b/": "https://ci.test/a%20b/job/team/job/feature%252Flogin/7/",
	} {
		base, err := url.Parse(root)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSource(server{scope: "acme", base: base}, sources.Options{Gate: new(sources.Gate)})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.pageOf("team/feature%2Flogin", 7); got != want {
			t.Errorf("%s: %s, want %s", root, got, want)
		}
		s.api.Close()
	}
}
