package demo

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources/sourcetest"
)

type lineKey struct {
	origin string
	seq    uint64
}

func identity(l core.Line) lineKey { return lineKey{l.Origin.Label.String(), l.Seq} }

// listen follows a log until stop is called.
func listen(t *testing.T, s *Source, req core.LogRequest) (logs *sourcetest.Logs, stop func()) {
	t.Helper()
	logs = &sourcetest.Logs{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Tail(ctx, req, logs) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("tail: %v", err)
		}
	}
	return logs, stop
}

func refTo(scope, kind, ns, name string) core.Ref {
	return core.Ref{Source: ID, Scope: scope, Kind: kind, Namespace: ns, Name: name}
}

// TestALogHasNoGapAndNoDuplicate follows a deployment through a bad deploy and
// compares each origin's lines with those read at once afterwards.
func TestALogHasNoGapAndNoDuplicate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Prod)
		web := refTo(Prod, "deployment", "shop", "web")
		begin := time.Now()
		logs, stop := listen(t, s, core.LogRequest{Ref: web, Tail: 0, Follow: true})
		<-time.After(4 * time.Minute)
		synctest.Wait()
		stop()
		followed := map[lineKey]core.Line{}
		for _, l := range logs.All() {
			if _, twice := followed[identity(l)]; twice {
				t.Fatalf("twice: %s %q", l.Origin.Label, l.Text.String())
			}
			followed[identity(l)] = l
		}
		if len(followed) < 500 {
			t.Fatalf("%d lines in 4 minutes from 3 pods, want more", len(followed))
		}
		again := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), core.LogRequest{Ref: web, Tail: -1, Since: begin}, again); err != nil {
			t.Fatal(err)
		}
		compared := 0
		last := time.Now().Add(-time.Second).UnixNano()
		for _, l := range again.All() {
			if l.Time >= last {
				continue
			}
			compared++
			f, ok := followed[identity(l)]
			if !ok {
				t.Fatalf("not followed: %s %d %q", l.Origin.Label, l.Seq, l.Text.String())
			}
			if f.Text.String() != l.Text.String() || f.Time != l.Time {
				t.Fatalf("a line changed: %q, %q", f.Text.String(), l.Text.String())
			}
		}
		if compared < 500 {
			t.Errorf("only %d lines could be compared", compared)
		}
	})
}

func TestTailAndSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Prod)
		billing := refTo(Prod, "deployment", "payments", "billing")
		read := func(req core.LogRequest) []core.Line {
			t.Helper()
			logs := &sourcetest.Logs{}
			req.Ref = billing
			if err := s.Tail(t.Context(), req, logs); err != nil {
				t.Fatal(err)
			}
			return logs.All()
		}
		ten := read(core.LogRequest{Tail: 10, Container: "app"})
		if len(ten) != 20 {
			t.Errorf("tail 10 of two pods: %d lines, want 20", len(ten))
		}
		for i, l := range ten {
			if i > 0 && l.Time < ten[i-1].Time {
				t.Fatal("merged lines are not in the order of time")
			}
			if !strings.Contains(l.Text.String(), "level=") && !strings.HasPrefix(l.Text.String(), "\tat") && !strings.HasPrefix(l.Text.String(), "com.") {
				t.Errorf("not a line of billing: %q", l.Text.String())
			}
		}
		since := time.Now().Add(-5 * time.Minute)
		recent := read(core.LogRequest{Tail: -1, Since: since, Container: "app"})
		if len(recent) < 100 || recent[0].Time < since.UnixNano() {
			t.Errorf("since 5m: %d lines, the first at %s", len(recent), time.Unix(0, recent[0].Time))
		}
		if hour := read(core.LogRequest{Tail: -1}); len(hour) <= len(recent) {
			t.Errorf("the whole log has %d lines, its last five minutes %d", len(hour), len(recent))
		}
		if zero := read(core.LogRequest{Tail: 0}); len(zero) != 0 {
			t.Errorf("tail 0: %d lines", len(zero))
		}
		var p *core.Problem
		if err := s.Tail(t.Context(), core.LogRequest{Ref: billing, Container: "nobody"}, &sourcetest.Logs{}); !errors.As(err, &p) || p.Kind != core.NotFound {
			t.Errorf("an unknown container: %v", err)
		}
		init := read(core.LogRequest{Tail: -1, Container: "migrate"})
		if len(init) == 0 {
			t.Error("the init container has no log")
		}
	})
}

func TestACrashingPodTellsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Prod)
		l := play(t, s)
		within(t, 2*time.Minute, "a crash loop", func() bool { return l.count(pods("api", "CrashLoopBackOff")) > 0 })
		var ref core.Ref
		l.mu.Lock()
		for r, x := range l.rows {
			if r.Kind == "pod" && x.Reason.String() == "CrashLoopBackOff" {
				ref = r
			}
		}
		l.mu.Unlock()
		for _, previous := range []bool{false, true} {
			logs := &sourcetest.Logs{}
			if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1, Previous: previous}, logs); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(logs.Texts(), "\n"); !strings.Contains(all, "panic: ") || !strings.Contains(all, "goroutine 1") {
				t.Errorf("previous %t: no stack trace in\n%s", previous, all)
			}
		}
		logs, stop := listen(t, s, core.LogRequest{Ref: ref, Tail: 5, Follow: true})
		defer stop()
		within(t, 2*time.Minute, "a mark of the restart", func() bool {
			for _, l := range logs.All() {
				if l.Stream == core.Marker {
					return true
				}
			}
			return false
		})
	})
}

func TestABurstOfErrorsShowsInLogsAndRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 1})
		s := d.Instance(Prod)
		share := func(ref core.Ref) (errors, rate float64) {
			logs := &sourcetest.Logs{}
			if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1, Since: time.Now().Add(-10 * time.Second), Container: "app"}, logs); err != nil {
				t.Fatal(err)
			}
			n := 0.0
			for _, l := range logs.All() {
				if l.Level >= core.LevelError {
					n++
				}
			}
			d.w.lock()
			defer d.w.mu.Unlock()
			return n / 10, s.place.find(ref).(*deployment).usage(d.w.now).Values[core.ErrorRate]
		}
		dep := bad(t, d, errs)
		logged, rate := share(dep.target)
		if logged < 1 {
			t.Errorf("%.1f errors per second in the log during an error burst", logged)
		}
		within(t, 5*time.Minute, "healed", func() bool {
			d.w.lock()
			defer d.w.mu.Unlock()
			return dep.current.build.defect == sound && !dep.rolling
		})
		<-time.After(20 * time.Second)
		if after, healed := share(dep.target); after > 0.2 || healed > rate/5 {
			t.Errorf("healed: %.1f errors per second logged (before %.1f), rate %.1f (before %.1f)", after, logged, healed, rate)
		}
	})
}

func TestARunsLogEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 1})
		s := d.Instance(Prod)
		var ref core.Ref
		within(t, 10*time.Minute, "a run in progress", func() bool {
			d.w.lock()
			defer d.w.mu.Unlock()
			for _, o := range s.place.list("run") {
				if r := o.(*run); r.status == inProgress && r.stage() == 0 {
					ref = r.ref()
				}
			}
			return !ref.IsZero()
		})
		logs := &sourcetest.Logs{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := s.Tail(ctx, core.LogRequest{Ref: ref, Tail: -1, Follow: true}, logs); err != nil || ctx.Err() != nil {
			t.Fatalf("the log of a run did not end with it: %v %v", err, ctx.Err())
		}
		all := strings.Join(logs.Texts(), "\n")
		for _, want := range []string{"docker build", "make unit", "kubectl -n"} {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in the log of the run", want)
			}
		}
		coloured := false
		for _, l := range logs.All() {
			coloured = coloured || len(l.Text.Spans()) > 0
			if strings.Contains(l.Text.String(), "\x1b") {
				t.Fatalf("a control sequence came through: %q", l.Text.String())
			}
		}
		if !coloured {
			t.Error("no colour in the log of a run")
		}
	})
}

// A failed test ends its job's log as those of real systems do: what failed, what
// the tools make of it, and last the job's own word; what says so is an error.
func TestAFailedTestIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 1})
		s := d.Instance(Staging)
		var ref core.Ref
		within(t, 2*time.Hour, "a test that failed", func() bool {
			d.w.lock()
			defer d.w.mu.Unlock()
			for _, o := range s.place.list("run") {
				for _, j := range o.(*run).jobs {
					if j.stage == "test" && j.status == failed {
						ref = j.ref()
					}
				}
			}
			return !ref.IsZero()
		})
		logs := &sourcetest.Logs{}
		if err := s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: 6}, logs); err != nil {
			t.Fatal(err)
		}
		all := logs.All()
		if len(all) != 6 {
			t.Fatalf("%d lines: %q", len(all), logs.Texts())
		}
		for i, want := range []struct {
			head  string
			level core.Level
		}{{"--- FAIL: ", core.LevelError}, {"    cart_test.go:", core.LevelNone}, {"FAIL acme/", core.LevelError}, {"make: ***", core.LevelNone}, {"", core.LevelNone}, {"ERROR: Job failed", core.LevelError}} {
			l := all[i]
			if !strings.HasPrefix(l.Text.String(), want.head) || l.Level != want.level || i > 0 && l.Time <= all[i-1].Time {
				t.Errorf("line %d is %q, %v at %d", i, l.Text.String(), l.Level, l.Time)
			}
		}
	})
}
