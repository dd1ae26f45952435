package kube

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
)

// state is what the memory shows of things.
func (m *memory) state(kind string) map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]string{}
	for uid, r := range m.rows[kind] {
		out[uid] = r.Rev
	}
	return out
}

// TestWatchSurvivesAnything is promise 14: whatever happens to lists and
// watches, the state ends as a LIST says; and promise 15: nothing is asked
// before Retry-After.
func TestWatchSurvivesAnything(t *testing.T) {
	runs := uint64(5000) // for each representation
	if testing.Short() {
		runs = 300
	}
	for _, c := range []struct {
		name  string
		proto bool
	}{{"protobuf", true}, {"table", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range runs {
				synctest.Test(t, func(t *testing.T) { surviveOne(t, seed, c.proto) })
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func surviveOne(t *testing.T, seed uint64, proto bool) {
	s := newScripted(seed, proto)
	dice := rand.New(rand.NewPCG(seed, 9))
	src := s.source(t)
	for range dice.IntN(12) {
		s.change()
	}
	s.faulty = true
	m := newMemory()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, m) }()
	woken := false
	for range 5 + dice.IntN(25) {
		switch dice.IntN(12) {
		case 0:
			s.compact()
		case 1:
			woken = true
			src.Wake()
		default:
			s.change()
		}
		time.Sleep(time.Duration(dice.IntN(400)) * time.Millisecond)
		if dice.IntN(10) == 0 {
			time.Sleep(5 * time.Second)
		}
	}
	s.mu.Lock()
	s.faulty = false
	s.mu.Unlock()
	s.change()
	time.Sleep(2 * time.Minute) // the longest back-off, and then some
	synctest.Wait()
	if got, want := m.state("thing"), s.truth(); !maps.Equal(got, want) {
		t.Errorf("seed %d: the state is %v, a LIST says %v", seed, got, want)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if s.early > 0 && !woken { // Wake bypasses Retry-After by contract
		t.Errorf("seed %d: %d requests before Retry-After", seed, s.early)
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(1, true)
		until := time.Now().Add(90 * time.Second)
		s.override = func(r *http.Request) *http.Response {
			if !strings.HasSuffix(r.URL.Path, "/things") || !time.Now().Before(until) {
				return nil
			}
			resp := status(429, "TooManyRequests")
			resp.Header.Set("Retry-After", "45")
			return resp
		}
		src := s.source(t)
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- src.Run(ctx, m) }()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		var at []time.Duration
		for _, r := range s.requests {
			if strings.Contains(r.what, "/things watch=") && !strings.HasSuffix(r.what, "1") {
				at = append(at, r.at.Sub(s.requests[0].at))
			}
		}
		if len(at) != 3 || at[1] < 45*time.Second || at[2]-at[1] < 45*time.Second {
			t.Errorf("asked at %v, want once every 45 s and then not any more", at)
		}
		if !m.listed["thing/"] {
			t.Error("not listed in the end")
		}
		cancel()
		<-done
	})
}

// TestForbiddenIsToldOnce: an hour of a refused kind costs a dozen requests,
// not a storm; waking asks again.
func TestForbiddenIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(1, true)
		s.override = func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/things") || r.Method == http.MethodPost || strings.HasSuffix(r.URL.Path, "/namespaces") {
				return status(403, "Forbidden")
			}
			return nil
		}
		src := s.source(t)
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- src.Run(ctx, m) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		count := func() (n int) {
			for _, r := range s.requests {
				if strings.Contains(r.what, "/things") {
					n++
				}
			}
			return n
		}
		if n := count(); n < 2 || n > 14 {
			t.Errorf("%d requests in an hour, want about 12", n)
		}
		if p := m.problems["thing"]; p == nil || p.Kind != core.Forbidden || m.told["thing"] != 1 {
			t.Errorf("told %d times: %v", m.told["thing"], p)
		}
		before := count()
		src.Wake()
		synctest.Wait()
		if n := count(); n != before+1 {
			t.Errorf("%d requests after waking, want 1", n-before)
		}
		cancel()
		<-done
	})
}

// TestBackoffIsJitteredAndCapped is promise 15.
func TestBackoffIsJitteredAndCapped(t *testing.T) {
	var b backoff
	seen := map[time.Duration]bool{}
	for i := range 200 {
		d := b.next(http.ErrHandlerTimeout)
		if d <= 0 || d > maxDelay {
			t.Fatalf("delay %d is %v", i, d)
		}
		if i > 20 {
			seen[d] = true
			if d < maxDelay/2 {
				t.Fatalf("delay %d is only %v", i, d)
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d different delays: no jitter", len(seen))
	}
	b.reset()
	if d := b.next(nil); d > firstDelay {
		t.Errorf("after a reset: %v", d)
	}
}

// TestDropsWhatNobodyWants: a kind that is left is kept for a while, then gone.
func TestDropsWhatNobodyWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(1, true)
		for range 5 {
			s.change()
		}
		src := s.source(t)
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- src.Run(ctx, m) }()
		synctest.Wait()
		n := len(m.state("thing"))
		src.Want(core.Interest{Kinds: []string{}})
		time.Sleep(src.linger / 2)
		synctest.Wait()
		if got := len(m.state("thing")); n == 0 || got != n {
			t.Errorf("%d rows while lingering, want %d", got, n)
		}
		time.Sleep(src.linger)
		synctest.Wait()
		if _, there := m.rows["thing"]; there {
			t.Error("still there")
		}
		before := len(s.requests)
		s.change()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(s.requests) != before || len(m.state("thing")) != 0 {
			t.Error("still watched")
		}
		cancel()
		<-done
	})
}

// TestServerTime is promise 21: the Date header says how the clocks differ.
func TestServerTime(t *testing.T) {
	s := newScripted(1, true)
	ahead := time.Now().Add(10 * time.Minute)
	s.override = func(r *http.Request) *http.Response {
		if r.URL.Path != "/version" {
			return nil
		}
		return answer(200, []byte(`{"gitVersion":"v1.36.3"}`), http.Header{"Date": {ahead.UTC().Format(http.TimeFormat)}})
	}
	at, err := s.source(t).Probe(t.Context())
	if d := at.Sub(ahead); err != nil || d.Abs() > 2*time.Second {
		t.Errorf("%v off, %v", d, err)
	}
}
