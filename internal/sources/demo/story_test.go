package demo

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// ledger is a sink that keeps what it is told, as a store would.
type ledger struct {
	mu     sync.Mutex
	rows   map[core.Ref]*core.Resource
	listed map[string]bool
	usage  map[core.Ref]core.Usage
	order  []string // what was called, for the order of calls
	calls  int      // of Apply
	moved  int      // changes after the lists
	alive  int
	stale  map[core.Ref]bool // rows of a list that was begun and not confirmed yet
}

func newLedger() *ledger {
	return &ledger{rows: map[core.Ref]*core.Resource{}, listed: map[string]bool{}, usage: map[core.Ref]core.Usage{}, stale: map[core.Ref]bool{}}
}

func (l *ledger) Begin(kind, ns string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = append(l.order, "begin "+kind+" "+ns)
	for r := range l.rows {
		if r.Kind == kind && (ns == "" || r.Namespace == ns) {
			l.stale[r] = true
		}
	}
}

func (l *ledger) Apply(kind string, cs []core.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	for _, c := range cs {
		if l.listed[kind] {
			l.moved++
		}
		if c.Op == core.Delete {
			delete(l.rows, c.Ref)
			continue
		}
		l.rows[c.Ref] = c.Resource
		delete(l.stale, c.Ref)
	}
}

func (l *ledger) End(kind, ns string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = append(l.order, "end "+kind+" "+ns)
	l.listed[kind] = true
	for r := range l.stale {
		if r.Kind == kind && (ns == "" || r.Namespace == ns) {
			delete(l.rows, r)
			delete(l.stale, r)
		}
	}
}

func (l *ledger) Drop(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = append(l.order, "drop "+kind)
	delete(l.listed, kind)
	for r := range l.rows {
		if r.Kind == kind {
			delete(l.rows, r)
		}
	}
}

func (l *ledger) State(string, *core.Problem) {}
func (l *ledger) Kinds([]core.Kind)           {}
func (l *ledger) UsageState(*core.Problem)    {}
func (l *ledger) Version(text.Safe)           {}

func (l *ledger) Usage(us []core.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range us {
		l.usage[u.Ref] = u
	}
}

func (l *ledger) Alive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alive++
}

// count counts the rows that fit.
func (l *ledger) count(fits func(*core.Resource) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, r := range l.rows {
		if fits(r) {
			n++
		}
	}
	return n
}

// play runs an instance until the test ends.
func play(t *testing.T, s *Source) *ledger {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := newLedger()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return l
}

// within waits until something holds, for at most d.
func within(t *testing.T, d time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for time.Since(begin) < d {
		if holds() {
			return time.Since(begin)
		}
		<-time.After(time.Second) // the bubble's time
		synctest.Wait()
	}
	t.Fatalf("%s: not within %s", what, d)
	return 0
}

func pods(service, reason string) func(*core.Resource) bool {
	return func(r *core.Resource) bool {
		return r.Ref.Kind == "pod" && r.Facts.Service == service && r.Reason.String() == reason
	}
}

func TestACrashLoopAppearsAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Prod)
		l := play(t, s)
		synctest.Wait()
		if n := l.count(func(r *core.Resource) bool { return r.Ref.Kind == "pod" }); n < 9 {
			t.Fatalf("%d pods listed at the begin, want 9 or more", n)
		}
		took := within(t, 2*time.Minute, "api in a crash loop", func() bool { return l.count(pods("api", "CrashLoopBackOff")) >= 2 })
		t.Logf("crash loop after %s", took)
		broken := func(r *core.Resource) bool {
			return r.Ref.Kind == "deployment" && r.Ref.Name == "api" && r.Phase.IsProblem()
		}
		if l.count(broken) != 1 {
			t.Error("the deployment does not show its pods' trouble")
		}
		within(t, 4*time.Minute, "api healed", func() bool {
			return l.count(func(r *core.Resource) bool {
				return r.Ref.Kind == "deployment" && r.Ref.Name == "api" && r.Phase == core.Running
			}) == 1 && l.count(pods("api", "Running")) == 4
		})
	})
}
