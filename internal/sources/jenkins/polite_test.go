package jenkins

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	simulator "devops-tui/test/sim/jenkins"
)

// counter answers requests in the process, on whatever clock the test has, and
// counts them.
type counter struct {
	h http.Handler

	mu      sync.Mutex
	at      []time.Time
	paths   []string
	running int
	most    int // at the same time
	bytes   int
	took    time.Duration // per request
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.at, c.paths = append(c.at, time.Now()), append(c.paths, r.Method+" "+r.URL.Path)
	c.running++
	c.most = max(c.most, c.running)
	c.mu.Unlock()
	<-time.After(c.took) // on the test's clock
	rec := httptest.NewRecorder()
	c.h.ServeHTTP(rec, r)
	c.mu.Lock()
	c.running--
	c.bytes += rec.Body.Len()
	c.mu.Unlock()
	return rec.Result(), nil
}

func (c *counter) reset() {
	c.mu.Lock()
	c.at, c.paths, c.most, c.bytes = nil, nil, 0, 0
	c.mu.Unlock()
}

func (c *counter) count() (n, most, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.at), c.most, c.bytes
}

func (c *counter) of(part string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.paths {
		if strings.Contains(p, part) {
			n++
		}
	}
	return n
}

// crowd is a controller with 20 folders, 200 jobs and 2,000 builds.
func crowd(w *simulator.World) (jobs []*simulator.Job) {
	for f := range 20 {
		for k := range 10 {
			j := w.Pipeline("folder" + itoa(f) + "/job" + itoa(k))
			j.Usual = 60_000
			for n := range 10 {
				x := j.Start(simulator.Start{
					By: "kim", Commit: shaOne, Branch: "main", At: w.Now().Add(-time.Duration(10-n) * time.Hour), Changes: []simulator.Commit{{SHA: shaOne, Message: "Change " + itoa(n), Author: "Ann"}},
				})
				x.Stage("Build")
				x.Stage("Test")
				x.End([]string{"SUCCESS", "SUCCESS", "FAILURE"}[(f+k+n)%3])
			}
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// TestPolite counts the requests for 20 folders, 200 jobs and 2,000 builds, on a
// fake clock: the first list, ten minutes of looking at a list in which nothing
// happens, ten minutes in which builds run in sight, ten minutes elsewhere.
func TestPolite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simulator.New(simulator.Options{Prefix: "/jenkins", Users: []simulator.User{kim}, Executors: 50})
		jobs := crowd(w)
		c := &counter{h: w, took: 2 * time.Millisecond}
		base, err := url.Parse("http://127.0.0.1:8080/jenkins")
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSourceOver(server{
			scope: "acme", base: base, user: "kim", builds: defaultBuilds, token: credential.Value(text.Lit("a test"), token),
		}, sources.Options{}, c)
		if err != nil {
			t.Fatal(err)
		}
		rec := sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)
		var shown []core.Ref
		for _, j := range jobs[:30] {
			ns, name := split(j.Path())
			shown = append(shown, s.ref("run", ns, name+"/10", ""))
		}
		want := core.Interest{Kinds: []string{"run"}, Shown: shown}
		s.Want(want)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- s.Run(ctx, rec) }()
		for !rec.Listed("run") {
			time.Sleep(10 * time.Millisecond)
		}
		n, most, size := c.count()
		t.Logf("first list: %d requests, %d KiB, %v on the fake clock (2 ms a request)", n, size>>10, time.Since(began))
		if rows := len(rec.Rows("run")); rows != 2000 || n > 25 || most != 1 || time.Since(began) > 2*time.Second {
			t.Errorf("%d rows, %d requests, %d at once, %v", rows, n, most, time.Since(began))
		}
		time.Sleep(2 * time.Minute) // the stages of what is in sight
		synctest.Wait()

		c.reset()
		time.Sleep(10 * time.Minute)
		n, most, _ = c.count()
		t.Logf("ten minutes of a quiet list: %d requests, %.2f a second", n, float64(n)/600)
		if n > 600/5 || most != 1 {
			t.Errorf("%d requests in ten minutes in which nothing happened, %d at once", n, most)
		}

		// Three builds run in sight.
		var going []*simulator.Build
		shown = nil // what was given to Want is not written again
		for _, j := range jobs[:3] {
			x := j.Start(simulator.Start{By: "kim", Commit: shaTwo, Branch: "main"})
			x.Stage("Build")
			going = append(going, x)
			ns, name := split(j.Path())
			shown = append(shown, s.ref("run", ns, name+"/11", ""))
		}
		s.Want(core.Interest{Kinds: []string{"run"}, Shown: shown})
		time.Sleep(time.Minute)
		c.reset()
		worst := time.Duration(0)
		for i := range 100 {
			stage := "Stage " + itoa(i)
			going[i%3].Stage(stage)
			at := time.Now()
			for {
				r := rec.Find(shown[i%3])
				if r != nil && r.Cells[7].Text.String() == stage {
					break
				}
				if time.Since(at) > time.Minute {
					t.Fatalf("%s never showed", stage)
				}
				time.Sleep(50 * time.Millisecond)
			}
			worst = max(worst, time.Since(at))
			time.Sleep(time.Duration(i%7) * 300 * time.Millisecond)
		}
		n, most, _ = c.count()
		t.Logf("three builds run in sight: a change shows after %v at most; %d requests in the while, %d at once", worst, n, most)
		if worst > 5*time.Second || most != 1 {
			t.Errorf("%v late, %d at once", worst, most)
		}
		for _, x := range going {
			x.End("SUCCESS")
		}

		// Elsewhere.
		s.Want(core.Interest{Kinds: []string{"workflow"}})
		time.Sleep(time.Minute)
		s.Want(core.Interest{Kinds: []string{}})
		time.Sleep(10 * time.Minute)
		c.reset()
		time.Sleep(10 * time.Minute)
		n, _, _ = c.count()
		t.Logf("ten minutes elsewhere: %d requests", n)
		if n > 24 {
			t.Errorf("%d requests in ten minutes in which nobody looks", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, x := range rec.Breaches() {
			t.Error(x)
		}
		if c.of("depth=") != 0 {
			t.Error("depth was asked for")
		}
	})
}
