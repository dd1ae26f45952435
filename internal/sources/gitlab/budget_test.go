package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	"devops-tui/test/sim"
	world "devops-tui/test/sim/gitlab"
)

const (
	manyProjects = 50
	manyRuns     = 40 // of each
)

// crowd is a server with many projects and pipelines that have ended.
func crowd() *world.World {
	w := world.New(world.Options{})
	for i := range manyProjects {
		path := fmt.Sprintf("acme/app-%02d", i)
		w.AddProject(path)
		for k := range manyRuns {
			id := w.Push(path, world.Spec{Title: fmt.Sprintf("Change %d", k), Jobs: []world.JobSpec{{Name: "build", Stage: "build"}, {Name: "unit", Stage: "test"}, {Name: "deploy", Stage: "deploy"}}})
			w.Finish(id, "success")
			w.Age(id, time.Duration(manyRuns-k)*time.Hour)
		}
	}
	return w
}

func crowdSource(t *testing.T, w http.Handler) *Source {
	u, _ := parseBase("https://gitlab.test")
	src, err := newSourceOver(server{
		scope: "gitlab.test", host: u.Host, base: u, projects: []string{"acme/*"}, token: credential.Value(text.Lit("a test"), world.DefaultToken), keep: keepRuns, pace: defaultPace,
	}, sources.Options{}, sim.InMemory(w))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// watch runs the source in a bubble; the result ends it.
func watch(src *Source, want core.Interest) (*sourcetest.Recorder, func()) {
	rec := sourcetest.NewRecorder(src.Info().Instance(), src.Info().Kinds)
	src.Want(want)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = src.Run(ctx, rec) }()
	go func() { // the supervisor's probes count too
		tick := time.NewTicker(sources.ProbeEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_, _ = src.Probe(ctx)
			}
		}
	}()
	return rec, func() { cancel(); <-done; synctest.Wait() }
}

func later(d time.Duration) { <-time.After(d) }

func TestRequestsOfManyProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := crowd()
		src := crowdSource(t, w)
		rec, stop := watch(src, core.Interest{Kinds: []string{"run"}})
		defer stop()
		later(20 * time.Second)
		if n := len(rec.Rows("run")); n != manyProjects*manyRuns || !rec.Listed("run") {
			t.Fatalf("%d rows, listed %v", n, rec.Listed("run"))
		}
		first, _ := w.Counts()
		later(15 * time.Minute) // the pipelines out of sight are completed
		settled, same := w.Counts()
		t.Logf("first list with details of some: %d requests in 20 s; then %d in 15 min (%.2f/s), %d of them answered 304", first, settled-first, float64(settled-first)/900, same)
		if rate := float64(settled-first) / 900; rate > 1 {
			t.Errorf("%.2f requests a second while nothing goes on", rate)
		}
		later(30 * time.Minute)
		n, s := w.Counts()
		n, s = n-settled, s-same
		t.Logf("idle in sight: %d requests in 30 min (%.2f/s), %.1f%% answered 304", n, float64(n)/1800, 100*float64(s)/float64(n))
		if float64(n)/1800 > 1 || float64(s)/float64(n) < 0.9 {
			t.Errorf("%d requests, %d of them answered 304", n, s)
		}
		src.Want(core.Interest{Kinds: []string{"workflow"}})
		later(5 * time.Minute)
		before, _ := w.Counts()
		src.Want(core.Interest{Kinds: []string{"none"}})
		later(30 * time.Minute)
		n, _ = w.Counts()
		t.Logf("nobody looks: %d requests in 30 min (%.2f/s)", n-before, float64(n-before)/1800)
		if float64(n-before)/1800 > 0.6 {
			t.Errorf("%d requests while nobody looks", n-before)
		}
		for _, b := range rec.Breaches() {
			t.Error("contract:", b)
		}
	})
}

func TestWhatIsShownAndRunsIsFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := crowd()
		src := crowdSource(t, w)
		var shown []core.Ref
		var jobs []int
		for i := range 10 {
			path := fmt.Sprintf("acme/app-%02d", i*3)
			id := w.Push(path, world.Spec{Title: "Now", Jobs: []world.JobSpec{{Name: "build", Stage: "build"}, {Name: "unit", Stage: "test"}, {Name: "deploy", Stage: "deploy"}}})
			w.SetJob(w.JobID(id, "build"), "running", "")
			shown = append(shown, core.Ref{Source: ID, Scope: "gitlab.test", Kind: "run", Namespace: path, Name: strconv.Itoa(id)})
			jobs = append(jobs, id)
		}
		rec, stop := watch(src, core.Interest{Kinds: []string{"run"}, Shown: shown})
		defer stop()
		later(30 * time.Second)
		before, _ := w.Counts()
		began := time.Now()
		worst := time.Duration(0)
		for round, name := range []string{"build", "unit", "deploy"} {
			for i, id := range jobs {
				if round > 0 {
					w.SetJob(w.JobID(id, name), "running", "")
				}
				w.SetJob(w.JobID(id, name), "success", "")
				at := time.Now()
				for rec.Find(shown[i]) == nil || int(rec.Find(shown[i]).Cells[7].Num)%1000 != round+1 {
					later(50 * time.Millisecond)
					if time.Since(at) > time.Minute {
						t.Fatalf("pipeline %d does not show that %s is done: %v", id, name, rec.Find(shown[i]).Cells)
					}
				}
				worst = max(worst, time.Since(at))
			}
		}
		n, _ := w.Counts()
		t.Logf("10 running pipelines in sight: at most %v old, %.2f requests a second", worst, float64(n-before)/time.Since(began).Seconds())
		if worst > 5*time.Second {
			t.Errorf("a pipeline in sight was %v old", worst)
		}
		until := time.Now().Add(25 * time.Second)
		for _, ref := range shown {
			for rec.Find(ref).Phase != core.Succeeded && time.Now().Before(until) {
				later(time.Second)
			}
			if x := rec.Find(ref); x.Phase != core.Succeeded {
				t.Errorf("%s is %v", ref.Name, x.Reason)
			}
		}
	})
}

func TestFirstListAndMemory(t *testing.T) {
	w := crowd()
	b := &bench{World: w}
	s := httptest.NewServer(w)
	defer s.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.src = sourceAt(t, s.URL, &sources.Gate{}, "acme/*")
	began := time.Now()
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}})
	until(t, "all rows", func() bool { return rec.Listed("run") && len(rec.Rows("run")) == manyProjects*manyRuns })
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	t.Logf("first list of %d pipelines of %d projects: %v, %d MiB with the recorder's rows", manyProjects*manyRuns, manyProjects, took, grown)
	if took > 10*time.Second { // 2 s on an idle machine
		t.Errorf("the first list took %v", took)
	}
	if grown > 60 {
		t.Errorf("the heap has grown by %d MiB", grown)
	}
}

func TestAThrottledServerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := crowd()
		src := crowdSource(t, w)
		rec, stop := watch(src, core.Interest{Kinds: []string{"run"}})
		defer stop()
		later(30 * time.Second)
		w.Limit(0, time.Now().Add(10*time.Minute))
		later(time.Minute)
		before, _ := w.Counts()
		later(8 * time.Minute)
		n, _ := w.Counts()
		if n != before {
			t.Errorf("%d requests before the server allowed one", n-before)
		}
		if n := len(rec.Rows("run")); n != manyProjects*manyRuns {
			t.Errorf("%d rows are left", n)
		}
		w.Limit(-1, time.Time{})
		later(8 * time.Minute)
		if n, _ := w.Counts(); n == before {
			t.Error("it does not ask any more")
		}
	})
}
