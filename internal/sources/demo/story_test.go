package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
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

func TestEveryDefectIsSeenAndHealsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 3})
		l := play(t, d.Instance(Prod))
		seen := map[defect]bool{}
		within(t, 3*period+time.Minute, "all defects", func() bool {
			d.w.lock()
			defer d.w.mu.Unlock()
			for _, i := range d.w.incidents {
				if i.dep.place.scope == Prod && i.from.After(d.w.begun) {
					seen[i.build.defect] = true
				}
			}
			return len(seen) == 3
		})
		within(t, patience+2*time.Minute, "everything healed", func() bool {
			return l.count(func(r *core.Resource) bool { return r.Ref.Kind == "deployment" && r.Phase != core.Running }) == 0
		})
		oom := 0
		events, err := d.Instance(Prod).Events(t.Context(), core.Ref{Source: ID, Scope: Prod, Kind: "deployment", Namespace: "shop", Name: "api"})
		if err != nil || len(events) == 0 {
			t.Fatalf("events: %d, %v", len(events), err)
		}
		for i, e := range events {
			if i > 0 && e.At > events[i-1].At {
				t.Fatalf("events are not newest first")
			}
			if e.Warning {
				oom++
			}
		}
	})
}

func TestMemoryGrowsUntilTheKernelEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 5})
		s := d.Instance(Prod)
		s.Want(core.Interest{Kinds: []string{"deployment", "pod"}, Usage: true})
		l := play(t, s)
		full := 0.0
		within(t, 3*period, "a pod that was killed for its memory", func() bool {
			l.mu.Lock()
			for ref, u := range l.usage {
				if ref.Kind == "pod" && u.Values[core.MemLimit] > 0 {
					full = max(full, u.Values[core.MemUsed]/u.Values[core.MemLimit])
				}
			}
			l.mu.Unlock()
			return l.count(func(r *core.Resource) bool { return r.Ref.Kind == "deployment" && r.Reason.String() == "OOMKilled" }) > 0
		})
		if full < 0.9 || full > 1 {
			t.Errorf("the fullest pod was at %.2f of its limit, want close to 1 before it was killed", full)
		}
	})
}

// bad waits until a bad build of the defect is rolled out in prod, and returns
// its deployment.
func bad(t *testing.T, d *World, of defect) *suffering {
	t.Helper()
	var out *suffering
	within(t, 4*period, "a bad deploy: "+of.String(), func() bool {
		d.w.lock()
		defer d.w.mu.Unlock()
		for _, i := range d.w.incidents {
			if i.build.defect == of && i.to.IsZero() && i.dep.place.scope == Prod && !i.dep.rolling && d.w.now.Sub(i.from) > 40*time.Second {
				out = &suffering{i.dep, i.dep.ref()}
			}
		}
		return out != nil
	})
	return out
}

type suffering struct {
	*deployment
	target core.Ref
}

func restart(t *testing.T, s *Source, ref core.Ref) core.Outcome {
	t.Helper()
	op, err := s.PlanRestart(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	steps := 0
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := op.Verify(ctx, func(core.Progress) { steps++ })
	if err != nil {
		t.Logf("verify: %v", err)
	}
	if steps < 2 {
		t.Errorf("%d steps of progress reported", steps)
	}
	return out
}

func TestARestartClearsMemoryButNotTheImage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 2})
		s := d.Instance(Prod)
		dep := bad(t, d, leaks)
		mem := func() float64 {
			d.w.lock()
			defer d.w.mu.Unlock()
			return dep.usage(d.w.now).Values[core.MemUsed]
		}
		before := mem()
		if out := restart(t, s, dep.target); out != core.OutcomeHealthy {
			t.Errorf("restart of a leaking service: %v, want healthy for a while", out)
		}
		if after := mem(); after >= before {
			t.Errorf("memory %.0f before, %.0f after the restart", before, after)
		}
		d.w.lock()
		defer d.w.mu.Unlock()
		if dep.current.build.defect != leaks {
			t.Error("a restart changed the image")
		}
	})
}

func TestARestartDoesNotHealACrashLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 2})
		s := d.Instance(Prod)
		var ref core.Ref
		within(t, 2*time.Minute, "a crash loop", func() bool {
			d.w.lock()
			defer d.w.mu.Unlock()
			for _, o := range s.place.list("deployment") {
				if o.(*deployment).health().reason == "CrashLoopBackOff" {
					ref = o.ref()
				}
			}
			return !ref.IsZero()
		})
		if out := restart(t, s, ref); out == core.OutcomeHealthy {
			t.Error("a restart of a bad image was called healthy")
		}
	})
}

func TestADeletedPodIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 1})
		s := d.Instance(Staging)
		d.w.lock()
		dep := s.place.deployment("billing")
		old := dep.live()[0]
		ref := old.ref()
		d.w.mu.Unlock()
		op, err := s.PlanDelete(t.Context(), ref, core.Removal{Grace: -1})
		if out := carry(t, op, err); out != core.OutcomeHealthy {
			t.Errorf("the replacement is %v, want healthy", out)
		}
		d.w.lock()
		defer d.w.mu.Unlock()
		if now := dep.live(); len(now) != 1 || now[0] == old || !now[0].ready {
			t.Errorf("%d pods, the same %t", len(now), now[0] == old)
		}
		if _, err := s.place.lookup(ref); err == nil {
			t.Error("the old pod is still there")
		}
	})
}

func TestAStalePlanIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &sources.Gate{}
		s := New(Options{Seed: 1, Gate: gate}).Instance(Staging)
		ref := core.Ref{Source: ID, Scope: Staging, Kind: "deployment", Namespace: "shop", Name: "web"}
		first, err := s.PlanRestart(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.PlanRestart(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
			t.Fatal(err)
		}
		var p *core.Problem
		if err := first.Execute(sources.Permit(t.Context()), sources.Quiet); err == nil {
			t.Error("a plan was carried out twice")
		}
		if err := second.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.As(err, &p) || p.Kind != core.Conflict {
			t.Errorf("a stale plan: %v, want a conflict", err)
		}
		wrong := first.Plan.Target
		wrong.UID = "another"
		if _, err := s.PlanRestart(t.Context(), wrong); !errors.As(err, &p) || p.Kind != core.Conflict {
			t.Errorf("another UID: %v, want a conflict", err)
		}
		if out, _ := second.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeRefused {
			t.Errorf("verify of what was not carried out: %v", out)
		}
		if gate.Sent() != 1 {
			t.Errorf("%d changes passed the gate, want 1", gate.Sent())
		}
	})
}

// TestTheSameSeedIsTheSameWorld plays two worlds, one of them in small steps.
func TestTheSameSeedIsTheSameWorld(t *testing.T) {
	begin := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	world := func(seed uint64, step time.Duration) string {
		now := begin
		d := New(Options{Seed: seed, Now: func() time.Time { return now }})
		for now.Before(begin.Add(20 * time.Minute)) {
			now = now.Add(step)
			if _, err := d.instances[0].Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var b strings.Builder
		for _, s := range d.instances {
			for _, k := range s.info.Kinds {
				for _, o := range s.place.list(k.Name) {
					r := o.row()
					fmt.Fprintln(&b, r.Ref, r.Owner, r.Phase, r.Reason, r.Message, r.Cells, r.Started, r.Changed, r.Rev)
				}
			}
		}
		return b.String()
	}
	if a, b := world(11, 20*time.Minute), world(11, time.Second); a != b {
		t.Errorf("the same seed gives two worlds:\n%s", firstDifference(a, b))
	}
	if world(11, time.Minute) == world(12, time.Minute) {
		t.Error("two seeds give the same world")
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return fmt.Sprintf("%d and %d rows", len(x), len(y))
}

// TestALongShift checks what must hold at any moment, for four hours of story.
func TestALongShift(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	d := New(Options{Seed: 4, Now: func() time.Time { return now }})
	end := now.Add(4 * time.Hour)
	for now.Before(end) {
		now = now.Add(47 * time.Second)
		d.w.lock()
		objects := 0
		for _, s := range d.instances {
			for _, k := range s.info.Kinds {
				for _, o := range s.place.list(k.Name) {
					objects++
					r := o.row()
					if len(r.Cells) != len(k.Columns) {
						t.Fatalf("%s: %d cells, %d columns", r.Ref, len(r.Cells), len(k.Columns))
					}
					if !r.Owner.IsZero() && k.Name != "event" && s.place.find(r.Owner) == nil {
						t.Fatalf("%s: its owner %s is not there", r.Ref, r.Owner)
					}
				}
			}
			for _, o := range s.place.list("deployment") {
				if dep := o.(*deployment); len(dep.live()) > dep.replicas+1 || len(dep.sets) > 6 {
					t.Fatalf("%s: %d pods, %d revisions", dep.ref(), len(dep.live()), len(dep.sets))
				}
			}
		}
		d.w.mu.Unlock()
		if objects > 800 {
			t.Fatalf("%d objects after %s: the world grows", objects, now.Sub(d.w.begun))
		}
	}
}
