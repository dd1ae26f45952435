package sources

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
)

// rig is a hub with one fake source, running.
type rig struct {
	hub     *Hub
	src     *fake
	sink    *quiet
	reports *reports
	stop    func()
}

// supervised starts src under a hub; call it within synctest.
func supervised(src *fake) *rig {
	r := &rig{src: src, sink: &quiet{}, reports: &reports{}}
	r.hub = NewHub(func(Source) Sink { return r.sink }, r.reports.take)
	r.hub.Add(src)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.hub.Run(ctx); close(done) }()
	r.stop = func() { cancel(); <-done }
	synctest.Wait()
	return r
}

func (r *rig) health() core.Health { return r.hub.Health(r.src.info.Instance()) }

// after lets d pass and what it starts happen.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// until lets time pass until ok, at most limit, and returns how long it took.
func until(limit time.Duration, ok func() bool) (time.Duration, bool) {
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			return time.Since(began), false
		}
		after(10 * time.Millisecond)
	}
	return time.Since(began), true
}

func TestLiveAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := supervised(newFake("a"))
		defer r.stop()
		if h := r.health(); h.State != core.Live || h.Problem != nil || h.LastSeen.IsZero() {
			t.Errorf("health %+v", h)
		}
		after(time.Hour)
		runs, probes, wakes := r.src.counts()
		if runs != 1 || wakes != 0 || probes > 1+int(time.Hour/ProbeEvery) {
			t.Errorf("an hour of peace took %d runs, %d probes, %d wakes", runs, probes, wakes)
		}
		if len(r.reports.all) != 1 {
			t.Errorf("%d reports though nothing changed: %v", len(r.reports.all), r.reports.states())
		}
		if r.sink.alive != probes {
			t.Errorf("%d signs of life of %d probes", r.sink.alive, probes)
		}
	})
}

// TestBackOff: a Run that fails though the system answers is started again
// after 0.5, 1, 2, … 30 s, each with half of it as jitter, and asks little.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.runErr = errors.New("no such API")
		r := supervised(src)
		after(10 * time.Minute)
		r.stop()
		wait := backoffFirst
		for i := 1; i < len(src.runs); i++ {
			if gap := src.runs[i].Sub(src.runs[i-1]); gap < wait/2 || gap > wait*3/2 {
				t.Errorf("start %d came after %v, want %v ± half", i, gap, wait)
			}
			wait = min(wait*2, backoffCap)
		}
		if n := len(src.runs); n < 15 || n > 45 {
			t.Errorf("%d starts in 10 minutes", n)
		}
		if n := len(src.probes); n > 150+len(src.runs)+1 {
			t.Errorf("%d probes in 10 minutes with %d starts", n, len(src.runs))
		}
		if h := r.health(); h.State != core.Down || h.Problem.Summary.String() != "no such API" || h.Restarts != len(src.runs) {
			t.Errorf("health %+v after %d starts", h, len(src.runs))
		}
		if s := r.reports.states(); slices.Contains(s, core.Stale) {
			t.Errorf("states %v", s)
		}
	})
}

// TestNoStormWhenRunCannotReachWhatProbeCan: a proxy that lets pings through
// and cuts everything else.
func TestNoStormWhenRunCannotReachWhatProbeCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.runErr = errGone
		r := supervised(src)
		after(10 * time.Minute)
		r.stop()
		if runs, probes, _ := src.counts(); runs > 45 || probes > 150+runs+1 {
			t.Errorf("%d runs and %d probes in 10 minutes", runs, probes)
		}
	})
}

func TestBackOffStartsAfreshAfterALongRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.runErr = errors.New("boom")
		r := supervised(src)
		defer r.stop()
		after(5 * time.Minute) // the back-off is at its cap
		src.locked(func() { src.runErr = nil })
		if _, ok := until(time.Minute, func() bool { return r.health().State == core.Live }); !ok {
			t.Fatal("not live")
		}
		after(backoffReset + time.Second)
		before, _, _ := src.counts()
		src.breakIt(errors.New("boom"))
		src.mend()
		took, ok := until(time.Minute, func() bool { n, _, _ := src.counts(); return n > before })
		if !ok || took > backoffFirst*3/2+20*time.Millisecond {
			t.Errorf("started again after %v, want at most %v", took, backoffFirst*3/2)
		}
	})
}

// outage is a system that goes away and comes back.
type outage struct {
	up, away time.Duration
	hole     bool // no answer at all, to Run neither
	heals    bool // Run goes on and heals by itself
}

// play returns what went wrong.
func (o outage) play(t *testing.T) (wrong string) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.heals = o.heals
		r := supervised(src)
		defer r.stop()
		after(o.up)
		if o.hole {
			src.locked(func() { src.hole, src.heals = true, true })
		} else {
			src.breakIt(errGone)
		}
		synctest.Wait()
		took, shown := until(min(o.away, 10*time.Second), func() bool {
			s := r.health().State
			return s == core.Stale || s == core.Down
		})
		if !shown && o.away > 10*time.Second {
			wrong = fmt.Sprintf("stale only after %v", took)
			return
		}
		if h := r.health(); shown && (h.Problem == nil || h.Problem.Kind != core.Unreachable) {
			wrong = fmt.Sprintf("health %+v", h)
			return
		}
		after(max(o.away-took, 0))
		runs, probes, wakes := src.counts()
		if probes > int((o.up+o.away)/time.Second)+6 || runs > 8+int(o.away/ProbeEvery) {
			wrong = fmt.Sprintf("%d runs, %d probes", runs, probes)
			return
		}
		was := r.health().State
		src.mend()
		if took, ok := until(5*time.Second, func() bool { return r.health().State == core.Live }); !ok {
			wrong = fmt.Sprintf("not live %v after the return, but %+v", took, r.health())
			return
		}
		if h := r.health(); h.Problem != nil {
			wrong = fmt.Sprintf("live with a problem: %v", h.Problem)
			return
		}
		if _, _, n := src.counts(); was == core.Stale && n == wakes {
			wrong = "back after an outage, and the source was not woken to list afresh"
		}
	})
	return wrong
}

// TestStaleWithinTenSeconds: whenever the system stops to answer, it shows
// within 10 s, and when it is back, it is live and listed within 5 s.
func TestStaleWithinTenSeconds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := outage{
			up:    time.Duration(rapid.IntRange(1, 20_000).Draw(rt, "up ms")) * time.Millisecond,
			away:  time.Duration(rapid.IntRange(1, 90_000).Draw(rt, "away ms")) * time.Millisecond,
			hole:  rapid.Bool().Draw(rt, "black hole"),
			heals: rapid.Bool().Draw(rt, "Run heals by itself"),
		}
		if wrong := o.play(t); wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// TestOutageBetweenTwoProbes: no regular probe fails, but Run's back-off has grown.
func TestOutageBetweenTwoProbes(t *testing.T) {
	for range 300 {
		o := outage{up: 10 * time.Millisecond, away: ProbeEvery - 30*time.Millisecond}
		if wrong := o.play(t); wrong != "" {
			t.Fatal(wrong)
		}
	}
}

// TestNeverAnswered: the first reason shows, and the newest replaces it.
func TestNeverAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.heals = true
		src.fault = errGone
		r := supervised(src)
		defer r.stop()
		if h := r.health(); h.State != core.Down || h.Problem.Summary.String() != "connection refused" {
			t.Errorf("health %+v", h)
		}
		src.breakIt(errors.New("who are you"))
		after(ProbeEvery + time.Second)
		if h := r.health(); h.State != core.Down || h.Problem.Summary.String() != "who are you" {
			t.Errorf("health %+v", h)
		}
	})
}

// TestWake: the user's r starts a waiting Run at once, and one that comes while
// Run is running is not saved up for the next failure.
func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.runErr = errors.New("boom")
		r := supervised(src)
		defer r.stop()
		after(5 * time.Minute)
		before, _, woken := src.counts()
		at := time.Now()
		r.hub.Wake()
		synctest.Wait()
		if n, _, w := src.counts(); n != before+1 || w != woken+1 || time.Since(at) != 0 {
			t.Errorf("%d starts and %d wakes after Wake, took %v", n-before, w-woken, time.Since(at))
		}
		src.mend()
		r.hub.Wake()
		synctest.Wait()
		for range 5 {
			r.hub.Wake()
		}
		synctest.Wait()
		before, _, _ = src.counts()
		src.breakIt(errors.New("boom"))
		synctest.Wait()
		if n, _, _ := src.counts(); n != before {
			t.Error("a wake from before was saved up: no back-off")
		}
	})
}

func TestEndsWithoutAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		r := supervised(src)
		defer r.stop()
		src.breakIt(nil)
		synctest.Wait()
		if h := r.health(); h.State != core.Down || h.Problem == nil || h.Problem.Summary.Empty() {
			t.Errorf("health %+v", h)
		}
	})
}

func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFake("a")
		src.server = 2 * time.Second
		r := supervised(src)
		defer r.stop()
		if s := r.health().Skew; s != 0 {
			t.Errorf("skew %v is told", s)
		}
		src.locked(func() { src.server = -90*time.Second + 7*time.Millisecond })
		after(ProbeEvery)
		if s := r.health().Skew; s != -90*time.Second {
			t.Errorf("skew %v", s)
		}
		if r.reports.last().Skew != -90*time.Second {
			t.Error("the skew was not reported")
		}
	})
}

// TestReportsKeepTheirOrder: Run and Probe change the health at the same time;
// the last report must be the state that stands.
func TestReportsKeepTheirOrder(t *testing.T) {
	var last core.Health
	var mu sync.Mutex
	s := newSupervisor(newFake("a"), &quiet{}, func(h core.Health) {
		runtime.Gosched()
		mu.Lock()
		last = h
		mu.Unlock()
	})
	for range 2000 {
		var wg sync.WaitGroup
		for _, state := range []core.State{core.Live, core.Down, core.Stale} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				s.set(func(h *core.Health) { h.State = state })
			}()
		}
		wg.Wait()
		if last.State != s.health.State {
			t.Fatalf("%v was reported last, but it is %v", last.State, s.health.State)
		}
	}
}
