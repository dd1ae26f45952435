package demo

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything calls f with each object of a world that is ten minutes old.
func everything(t *testing.T, f func(s *Source, k core.Kind, ref core.Ref)) {
	t.Helper()
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	d := New(Options{Seed: 9, Now: func() time.Time { return now }})
	now = now.Add(10 * time.Minute)
	for _, s := range d.instances {
		for _, k := range s.info.Kinds {
			s.w.lock()
			objects := s.place.list(k.Name)
			s.w.mu.Unlock()
			if len(objects) == 0 {
				t.Errorf("%s has no %s", s.place.scope, k.Name)
			}
			for _, o := range objects {
				f(s, k, o.ref())
			}
		}
	}
}

func TestManifestsAreYAMLAndHoldNoSecret(t *testing.T) {
	everything(t, func(s *Source, _ core.Kind, ref core.Ref) {
		doc, err := s.Manifest(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, l := range doc.Lines {
			b.WriteString(l.String() + "\n")
		}
		var v map[string]any
		if err := yaml.Unmarshal([]byte(b.String()), &v); err != nil || len(v) < 2 {
			t.Fatalf("%s: %v\n%s", ref, err, b.String())
		}
		switch ref.Kind {
		case "pod", "deployment", "replicaset", "service", "node", "event":
			meta, ok := v["metadata"].(map[string]any)
			if !ok || fmt.Sprint(meta["name"]) != ref.Name || fmt.Sprint(meta["uid"]) != ref.UID {
				t.Fatalf("%s: metadata %v", ref, v["metadata"])
			}
		}
		if i := strings.Index(b.String(), "DB_PASSWORD"); i >= 0 && !strings.Contains(b.String()[i:], "<redacted>") {
			t.Errorf("%s: a secret is not redacted", ref)
		}
	})
}

func TestEveryObjectAnswers(t *testing.T) {
	verbs := map[string]bool{}
	everything(t, func(s *Source, k core.Kind, ref core.Ref) {
		row, err := s.Get(t.Context(), ref)
		if err != nil || row.Ref != ref {
			t.Fatalf("get %s: %v", ref, err)
		}
		doc, err := s.Describe(t.Context(), ref)
		if err != nil || len(doc.Lines) < 5 {
			t.Fatalf("describe %s: %d lines, %v", ref, len(doc.Lines), err)
		}
		if _, err := s.Events(t.Context(), ref); err != nil {
			t.Fatalf("events of %s: %v", ref, err)
		}
		err = s.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: 3}, new(nowhere))
		var p *core.Problem
		if k.Logs != (err == nil) || err != nil && (!errors.As(err, &p) || p.Kind != core.Unsupported) {
			t.Fatalf("log of %s: %v, the kind says logs %t", ref, err, k.Logs)
		}
		why := s.Disabled("restart", row)
		can := slices.Contains(k.Verbs, "restart")
		verbs[k.Name] = can
		if can != why.Empty() {
			t.Fatalf("%s: restart disabled %q, the kind says %t", ref, why, can)
		}
		op, err := s.PlanRestart(t.Context(), ref)
		if can != (err == nil) {
			t.Fatalf("%s: plan: %v", ref, err)
		}
		if op != nil && (op.Plan.Title.Empty() || op.Plan.Command.Empty() || len(op.Plan.Changes) == 0 || len(op.Plan.Impact) == 0) {
			t.Errorf("%s: the plan is not complete: %+v", ref, op.Plan)
		}
	})
	if !verbs["deployment"] || !verbs["container"] {
		t.Errorf("what can be restarted: %v", verbs)
	}
}

type nowhere struct{}

func (nowhere) Lines([]core.Line) {}

// TestTheChainHolds follows commit, run, image, deployment and pods.
func TestTheChainHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Prod)
		s.Want(core.Interest{Kinds: []string{"deployment", "pod", "replicaset", "run"}})
		l := play(t, s)
		within(t, 20*time.Minute, "a deployment, its pods and the run that made their image", func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, run := range l.rows {
				if run.Ref.Kind != "run" || run.Phase != core.Succeeded {
					continue
				}
				for _, dep := range l.rows {
					if dep.Ref.Kind != "deployment" || dep.Facts.Commit != run.Facts.Commit || dep.Phase != core.Running {
						continue
					}
					n := 0
					for _, pod := range l.rows {
						if pod.Ref.Kind == "pod" && pod.Facts.Commit == run.Facts.Commit {
							rs := l.rows[pod.Owner]
							if pod.Facts.Digest[0] != run.Facts.Digest[0] || pod.Facts.Image[0] != dep.Facts.Image[0] || pod.Facts.Service != run.Facts.Service ||
								pod.Facts.Repo != run.Facts.Repo || pod.Facts.Environment != Prod || rs == nil || rs.Owner != dep.Ref {
								t.Errorf("the chain breaks at %s", pod.Ref)
							}
							n++
						}
					}
					return n > 0
				}
			}
			return false
		})
	})
}

func TestOnlyWhatIsWantedIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Prod)
		s.Want(core.Interest{Kinds: []string{"node", "pod"}, Namespaces: []string{"payments"}})
		l := play(t, s)
		<-time.After(3*time.Minute + 700*time.Millisecond)
		l.mu.Lock()
		for r := range l.rows {
			if r.Kind != "node" && (r.Kind != "pod" || r.Namespace != "payments") {
				t.Errorf("%s is reported though nobody wants it", r)
			}
		}
		if len(l.usage) != 0 {
			t.Errorf("%d usages are reported though nobody wants them", len(l.usage))
		}
		if l.alive < 60 {
			t.Errorf("%d signs of life in 3 minutes", l.alive)
		}
		if want := []string{"begin node ", "end node ", "begin pod payments", "end pod payments"}; !slices.Equal(l.order, want) {
			t.Errorf("lists: %q", l.order)
		}
		l.order = nil
		l.mu.Unlock()

		api := refTo(Prod, "deployment", "shop", "api")
		s.Want(core.Interest{Kinds: []string{"pod"}, UsageOf: []core.Ref{api}})
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if want := []string{"drop node", "drop pod", "begin pod ", "end pod "}; !slices.Equal(l.order, want) {
			t.Errorf("after another wish: %q", l.order)
		}
		if len(l.usage) != 1 {
			t.Errorf("%d usages, want that of api only", len(l.usage))
		}
		for r, u := range l.usage {
			if age := time.Now().UnixNano() - u.At; age > int64(time.Second) {
				t.Errorf("the first sample came %s late", time.Duration(age))
			}
			if !r.SameObject(api) {
				t.Errorf("usage of %s", r)
			}
			for _, m := range []core.Measure{core.CPUUsed, core.MemUsed, core.RequestRate, core.ErrorRate, core.LatencyP95, core.MemLimit} {
				if v := u.Values[m]; math.IsNaN(v) || v <= 0 {
					t.Errorf("%s of api: %v", m, v)
				}
			}
		}
	})
}

// TestAChartHasAPast reads the series of a service when the demo opens, and
// again when a bad deploy has left its mark.
func TestAChartHasAPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 1})
		s := d.Instance(Prod)
		api := refTo(Prod, "deployment", "shop", "api")
		read := func(since time.Duration) map[core.Measure][]core.Point {
			t.Helper()
			all, err := s.Series(t.Context(), api, time.Now().Add(-since))
			if err != nil {
				t.Fatal(err)
			}
			out := map[core.Measure][]core.Point{}
			for _, x := range all {
				for i, p := range x.Points {
					if i > 0 && p.At < x.Points[i-1].At || p.At < time.Now().Add(-since).UnixNano() {
						t.Fatalf("%s: point %d is out of order or too old", x.Measure, i)
					}
				}
				out[x.Measure] = x.Points
			}
			return out
		}
		if n := len(read(time.Hour)[core.CPUUsed]); n < 170 || n > grains+1 {
			t.Errorf("%d points of CPU in the last hour", n)
		}
		api = bad(t, d, errs).target
		worst := 0.0
		for _, p := range read(time.Minute)[core.ErrorRate] {
			worst = max(worst, p.Value)
		}
		if worst < 5 {
			t.Errorf("%.1f errors per second at worst during an error burst", worst)
		}
		var p *core.Problem
		if _, err := s.Series(t.Context(), refTo(Prod, "deployment", "shop", "nobody"), time.Time{}); !errors.As(err, &p) || p.Kind != core.NotFound {
			t.Errorf("series of nobody: %v", err)
		}
	})
}

func TestWakeListsAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1}).Instance(Laptop)
		l := play(t, s)
		synctest.Wait()
		l.mu.Lock()
		first := slices.Clone(l.order)
		l.mu.Unlock()
		s.Wake()
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if want := append(first, first...); !slices.Equal(l.order, want) {
			t.Errorf("calls %q, want %q", l.order, want)
		}
	})
}

// TestTheWorldIsQuiet bounds how much an unattended demo moves.
func TestTheWorldIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Seed: 6})
		var all []*ledger
		for _, s := range d.instances {
			var kinds []string
			for _, k := range s.info.Kinds {
				kinds = append(kinds, k.Name)
			}
			s.Want(core.Interest{Kinds: kinds, Usage: true})
			all = append(all, play(t, s))
		}
		<-time.After(10 * time.Minute)
		moved := 0
		for _, l := range all {
			l.mu.Lock()
			moved += l.moved
			l.mu.Unlock()
		}
		rate := float64(moved) / 600
		t.Logf("%.1f rows changed per second, all kinds of all instances wanted", rate)
		if rate > 12 || rate < 0.2 {
			t.Errorf("%.1f rows changed per second", rate)
		}
	})
}

func TestReadOnlyHolds(t *testing.T) {
	gate := &sources.Gate{}
	d := New(Options{Gate: gate})
	gate.SetReadOnly(true)
	s := d.Instance(Laptop)
	ref := refTo(Laptop, "container", "", "shop-redis-1")
	row, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if s.Disabled("restart", row).Empty() {
		t.Error("read-only, but restart is offered")
	}
	op, err := s.PlanRestart(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var p *core.Problem
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || !errors.As(err, &p) || p.Kind != core.Refused {
		t.Errorf("execute while read-only: %v", err)
	}
	if after, _ := s.Get(t.Context(), ref); after.Rev != row.Rev {
		t.Error("read-only, but the container was restarted")
	}
}

// BenchmarkUnattended is the cost of a minute of the demo with everything on
// screen: ns/op over 60e9 is the share of a core.
func BenchmarkUnattended(b *testing.B) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	d := New(Options{Now: func() time.Time { return now }})
	var rs []*reporter
	for _, s := range d.instances {
		sub := &subscription{marked: map[core.Ref]bool{}, notify: make(chan struct{}, 1)}
		s.place.sub = sub
		s.Want(core.Interest{Usage: true})
		rs = append(rs, &reporter{s: s, sub: sub, sink: newLedger(), watched: map[watch]bool{}})
	}
	b.ReportAllocs()
	for b.Loop() {
		for range 120 {
			now = now.Add(500 * time.Millisecond)
			for _, r := range rs {
				r.report()
			}
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(Options{}).w.lock()
	}
}

func TestDiscoverFindsThreeMarkedInstances(t *testing.T) {
	gate := &sources.Gate{}
	found, err := Registration.Discover(t.Context(), sources.Options{Gate: gate})
	if err != nil || len(found.Findings) == 0 {
		t.Fatalf("%d findings, %v", len(found.Findings), err)
	}
	var scopes []string
	for _, s := range found.Sources {
		scopes = append(scopes, s.Info().Scope)
		if !s.Info().Demo || s.Info().ID != Registration.ID {
			t.Errorf("%s is not marked as demo", s.Info().Instance())
		}
	}
	if want := []string{Prod, Staging, Laptop}; !slices.Equal(scopes, want) {
		t.Errorf("scopes %v, want %v", scopes, want)
	}
	gate.SetReadOnly(true)
	row, err := found.Sources[2].(*Source).Get(t.Context(), refTo(Laptop, "container", "", "shop-api-1"))
	if err != nil {
		t.Fatal(err)
	}
	if found.Sources[2].(sources.Permitter).Disabled("restart", row).Empty() {
		t.Error("the instances do not pass the gate they were given")
	}
}

// TestTroubleIsNearWhenTheDemoOpens holds for any seed.
func TestTroubleIsNearWhenTheDemoOpens(t *testing.T) {
	for seed := range uint64(6) {
		now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
		d := New(Options{Seed: seed, Now: func() time.Time { return now }})
		api := refTo(Prod, "deployment", "shop", "api")
		wait := func(limit time.Duration, holds func(*core.Resource) bool) bool {
			for end := now.Add(limit); now.Before(end); now = now.Add(time.Second) {
				if r, err := d.Instance(Prod).Get(t.Context(), api); err != nil {
					t.Fatal(err)
				} else if holds(r) {
					return true
				}
			}
			return false
		}
		if !wait(40*time.Second, func(r *core.Resource) bool { return r.Reason.String() == "CrashLoopBackOff" }) {
			t.Errorf("seed %d: no crash loop within 40 s", seed)
		}
		if !wait(4*time.Minute, func(r *core.Resource) bool { return r.Phase == core.Running }) {
			t.Errorf("seed %d: not healed within 4 minutes", seed)
		}
	}
}
