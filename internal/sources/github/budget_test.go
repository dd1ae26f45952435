package github

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

// many is a world of n repositories with as many finished runs each.
func many(n, runs int) *simgithub.World {
	w := simgithub.New(simgithub.Options{})
	w.AddToken(testToken, "kim", "repo")
	began := time.Now().Add(-48 * time.Hour)
	for i := range n {
		r := w.AddRepo(fmt.Sprintf("acme/app-%02d", i))
		r.AddWorkflow("ci.yml", simgithub.CI)
		for k := range runs {
			run := r.Start(simgithub.Spec{Workflow: "ci.yml", Created: began.Add(time.Duration(k*60+i) * time.Second)})
			if k%7 == 3 {
				run.SetStatus("completed", "failure")
			} else {
				run.SetStatus("completed", "success")
			}
		}
	}
	return w
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// screen is what a cockpit that shows the runs has in sight: what goes on first,
// then the newest.
func screen(rows []*core.Resource, n int) []core.Ref {
	slices.SortFunc(rows, func(a, b *core.Resource) int {
		if x, y := a.Phase == core.Pending, b.Phase == core.Pending; x != y {
			if x {
				return -1
			}
			return 1
		}
		return int(min(max(b.Started-a.Started, -1), 1))
	})
	var out []core.Ref
	for _, r := range rows[:min(n, len(rows))] {
		out = append(out, r.Ref)
	}
	return out
}

// shows reports whether a row is as the run is: its state, and the jobs that are done.
func shows(row *core.Resource, run *simgithub.Run) bool {
	status, conclusion := run.Status()
	if status != "completed" {
		conclusion = status
	}
	done := 0
	jobs := run.Jobs()
	for _, j := range jobs {
		if s, _ := j.Status(); s == "completed" {
			done++
		}
	}
	return row.Reason.String() == conclusion && row.Cells[7].Num == float64(1000*len(jobs)+done)
}

// TestAnHourOfFiftyRepositories counts the requests of an hour in which runs come
// and go, and how old what is in sight becomes.
func TestAnHourOfFiftyRepositories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const repos, runs, inSight = 50, 40, 25
		w := many(repos, runs)
		h := &host{
			name: githubCom, api: "https://api.github.com", conf: HostConfig{Settings: credential.Settings{TokenEnv: "T"}}, runs: 50, maxRepos: 100, patterns: []string{"acme/*"},
			getenv: func(string) string { return testToken },
		}
		s, err := newSourceOver(h, nil, sim.InMemory(w))
		if err != nil {
			t.Fatal(err)
		}
		rec := sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)
		s.Want(core.Interest{Kinds: []string{kindRun}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- s.Run(ctx, rec) }()
		for !rec.Listed(kindRun) {
			time.Sleep(100 * time.Millisecond)
			if time.Since(began) > time.Minute {
				t.Fatal("not listed within a minute")
			}
		}
		first := time.Since(began)
		if n := len(rec.Rows(kindRun)); n != repos*runs {
			t.Fatalf("%d runs, want %d", n, repos*runs)
		}
		w.ResetCounts()
		var open, recent []*simgithub.Run
		oldest, looks, changes := time.Duration(0), 0, 0
		behind := map[int64]time.Time{} // since when a row in sight is not as the world is
		wanted := map[string]bool{}
		for second := range 3600 {
			if second%60 == 0 {
				r := w.Repo(fmt.Sprintf("acme/app-%02d", second/60*7%repos))
				run := r.Start(simgithub.Spec{Workflow: "ci.yml"})
				open, recent = append(open, run), append(recent[max(0, len(recent)-4):], run)
			}
			if second%15 == 7 {
				open = slices.DeleteFunc(open, func(r *simgithub.Run) bool { return !r.Advance() })
			}
			if second%5 == 0 {
				shown := screen(rec.Rows(kindRun), inSight)
				s.Want(core.Interest{Kinds: []string{kindRun}, Shown: shown})
				clear(wanted)
				for _, ref := range shown {
					wanted[ref.UID] = true
				}
			}
			time.Sleep(time.Second)
			for _, run := range recent {
				if !wanted[id(run.ID)] {
					continue
				}
				looks++
				row := rec.Find(core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: run.Repository(), Name: "ci/" + itoa(run.Number), UID: id(run.ID)})
				if row != nil && shows(row, run) {
					delete(behind, run.ID)
					continue
				}
				changes++
				if behind[run.ID].IsZero() {
					behind[run.ID] = time.Now().Add(-time.Second)
				}
				oldest = max(oldest, time.Since(behind[run.ID]))
			}
		}
		c := w.Counts()
		cancel()
		<-done
		share := float64(c.NotModified) / float64(c.Requests) * 100
		breaches := rec.Breaches()
		with := heap()
		runtime.KeepAlive(s)
		runtime.KeepAlive(rec)
		s, rec = nil, nil
		held := (float64(with) - float64(heap())) / (1 << 20)
		t.Logf("an hour, %d repositories, %d runs, %d rows in sight, 60 runs started: %d requests (%.2f/s), %d counted against the limit of 5,000, %.1f %% answered 304, %d refused by a limit; the first list took %s; runs in sight that go on were at most %s old (%d looks, %d of them behind); source and rows hold %.1f MiB",
			repos, repos*runs, inSight, c.Requests, float64(c.Requests)/3600, c.Charged, share, c.Limited, first, oldest, looks, changes, held)
		if c.Charged > 4500 || c.Limited > 0 {
			t.Errorf("%d requests counted, %d refused", c.Charged, c.Limited)
		}
		if share < 90 {
			t.Errorf("%.1f %% answered 304, want 90", share)
		}
		if oldest > 5*time.Second || changes == 0 {
			t.Errorf("what is in sight was %s old (%d looks), want 5 s", oldest, looks)
		}
		if first > 2*time.Second {
			t.Errorf("the first list took %s on a clock that only the request rate moves", first)
		}
		if held > 24 || held <= 0 {
			t.Errorf("source and rows hold %.1f MiB", held)
		}
		for _, b := range breaches {
			t.Error("contract:", b)
		}
	})
}

// TestNobodyLooks: without an interest in runs the hour is quiet.
func TestNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := many(50, 5)
		h := &host{
			name: githubCom, api: "https://api.github.com", conf: HostConfig{Settings: credential.Settings{TokenEnv: "T"}}, runs: 50, maxRepos: 100, patterns: []string{"acme/*"},
			getenv: func(string) string { return testToken },
		}
		s, err := newSourceOver(h, nil, sim.InMemory(w))
		if err != nil {
			t.Fatal(err)
		}
		rec := sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)
		s.Want(core.Interest{Kinds: []string{}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, rec) }()
		time.Sleep(time.Hour)
		if n := w.Counts().Requests; n != 0 {
			t.Errorf("%d requests though nobody has ever wanted runs", n)
		}
		s.Want(core.Interest{Kinds: []string{kindRun}})
		time.Sleep(time.Minute)
		s.Want(core.Interest{Kinds: []string{}})
		time.Sleep(10 * time.Minute)
		w.ResetCounts()
		time.Sleep(time.Hour)
		c := w.Counts()
		t.Logf("an hour in which nobody looks: %d requests (%.2f/s), %d counted", c.Requests, float64(c.Requests)/3600, c.Charged)
		if c.Requests > 3600 || c.Charged > 100 {
			t.Errorf("%d requests, %d counted", c.Requests, c.Charged)
		}
		cancel()
		<-done
	})
}

// TestWithoutATokenTheHourIsKept: 60 requests an hour, each of which counts.
func TestWithoutATokenTheHourIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := many(3, 5)
		h := &host{
			name: githubCom, api: "https://api.github.com", runs: 50, maxRepos: 100, patterns: []string{"acme/app-00", "acme/app-01", "acme/app-02"},
			getenv: func(string) string { return "" },
		}
		s, err := newSourceOver(h, nil, sim.InMemory(w))
		if err != nil {
			t.Fatal(err)
		}
		rec := sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)
		s.Want(core.Interest{Kinds: []string{kindRun}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, rec) }()
		time.Sleep(59 * time.Minute)
		c := w.Counts()
		t.Logf("without a token: %d requests in 59 minutes, %d refused", c.Requests, c.Limited)
		if c.Limited > 0 || c.Requests > 55 || c.Requests < 20 || len(rec.Rows(kindRun)) != 15 {
			t.Errorf("%d requests, %d refused, %d rows", c.Requests, c.Limited, len(rec.Rows(kindRun)))
		}
		cancel()
		<-done
	})
}

// listedSink says when the runs are complete.
type listedSink struct {
	*sourcetest.Recorder
	listed chan struct{}
}

// End implements sources.Sink.
func (l *listedSink) End(kind, namespace string) {
	l.Recorder.End(kind, namespace)
	if l.Listed(kind) {
		select {
		case <-l.listed:
		default:
			close(l.listed)
		}
	}
}

// BenchmarkFirstList is the time to the first complete list of 50 repositories
// with 2,000 runs, over the loopback.
func BenchmarkFirstList(b *testing.B) {
	w := many(50, 40)
	server := sim.Start(b, w, sim.Options{})
	for b.Loop() {
		h := &host{
			name: githubCom, api: server.URL, conf: HostConfig{Settings: credential.Settings{TokenEnv: "T"}}, runs: 50, maxRepos: 100, patterns: []string{"acme/*"},
			getenv: func(string) string { return testToken },
		}
		s, err := newSource(h, nil)
		if err != nil {
			b.Fatal(err)
		}
		rec := &listedSink{sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds), make(chan struct{})}
		s.Want(core.Interest{Kinds: []string{kindRun}})
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, rec) }()
		<-rec.listed
		if n := len(rec.Rows(kindRun)); n != 2000 {
			b.Fatalf("%d rows", n)
		}
		cancel()
		<-done
		s.client.Close()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/first-list")
}
