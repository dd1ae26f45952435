package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func taken(s *Store) bool {
	select {
	case <-s.Changed():
		return true
	default:
		return false
	}
}

// TestMailbox: any number of changes is one message, and none is lost.
func TestMailbox(t *testing.T) {
	s := New()
	if s.Publish() || taken(s) {
		t.Fatal("an empty store has news")
	}
	sink := s.Sink(here)
	log := s.NewLog(0, 0)
	for name, f := range map[string]func(){
		"apply":  func() { sink.Apply("pod", []core.Change{upsert(ref("a", "x", "1"), core.Running)}) },
		"drop":   func() { sink.Drop("pod") },
		"kinds":  func() { sink.Kinds([]core.Kind{{Name: "pod"}}) },
		"usage":  func() { sink.Usage([]core.Usage{core.NewUsage(ref("a", "x", "1"), time.Now().UnixNano())}) },
		"health": func() { s.SetHealth(core.Health{Instance: here, State: core.Stale}) },
		"log":    func() { log.Lines([]core.Line{{Time: 1}}) },
		"touch":  s.Touch,
	} {
		before := s.Snapshot()
		if name == "drop" {
			sink.Begin("pod", "")
			s.Publish()
			taken(s)
		}
		f()
		f()
		if !taken(s) || taken(s) {
			t.Errorf("%s: not exactly one message", name)
		}
		if !s.Publish() || s.Snapshot().Version <= before.Version {
			t.Errorf("%s: nothing published", name)
		}
		if s.Publish() {
			t.Errorf("%s: published twice", name)
		}
	}
}

func TestHealthInSnapshots(t *testing.T) {
	s := New()
	other := core.Instance{Source: "docker", Scope: "local"}
	s.AddInstance(here, nil)
	s.AddInstance(other, nil)
	s.Publish()
	if h := s.Snapshot().Health; len(h) != 2 || h[0].Instance != other || h[1].State != core.Connecting {
		t.Fatalf("health %+v", h)
	}
	if _, ok := s.Snapshot().HealthOf(core.Instance{}); ok {
		t.Error("health of nobody")
	}
	// The supervisor knows of an answer before the sink is told.
	at := time.Now()
	s.SetHealth(core.Health{Instance: here, State: core.Live, LastSeen: at})
	s.Sink(here).Version(text.Lit("v1.36"))
	s.Publish()
	h, _ := s.Snapshot().HealthOf(here)
	if h.State != core.Live || !h.LastSeen.Equal(at) || h.Version.String() != "v1.36" {
		t.Errorf("health %+v", h)
	}
	s.Sink(here).Alive()
	if s.LastSeen(here).Before(at) || !s.LastSeen(other).IsZero() {
		t.Error("signs of life")
	}
	meta := s.Snapshot().MetaVersion
	s.Sink(here).Apply("pod", []core.Change{upsert(ref("a", "x", "1"), core.Running)})
	s.Publish()
	if s.Snapshot().MetaVersion != meta {
		t.Error("rows count as a change of health or kinds")
	}
	problem := &core.Problem{Kind: core.Unsupported}
	s.Sink(here).UsageState(problem)
	s.Publish()
	if s.Snapshot().NoUsage(here) != problem || s.Snapshot().NoUsage(other) != nil {
		t.Error("why there is no usage")
	}
}

// TestConcurrentSourcesLoseNothing lets sources write while a reader publishes
// and walks; the race detector and the last count judge.
func TestConcurrentSourcesLoseNothing(t *testing.T) {
	const writers, rounds = 4, 300
	s := New()
	var wg sync.WaitGroup
	var done atomic.Bool
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			inst := core.Instance{Source: "kube", Scope: fmt.Sprint(w)}
			sink := s.Sink(inst)
			sink.Begin("pod", "")
			for i := range rounds {
				r := core.Ref{Source: "kube", Scope: inst.Scope, Kind: "pod", Name: fmt.Sprint(i), UID: "1"}
				sink.Apply("pod", []core.Change{upsert(r, core.Running)})
				sink.Usage([]core.Usage{core.NewUsage(r, time.Now().UnixNano())})
				s.SetHealth(core.Health{Instance: inst, State: core.Live})
			}
			sink.End("pod", "")
		}()
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for !done.Load() {
			s.Publish()
			for _, table := range s.Snapshot().Tables {
				sum := 0
				for _, n := range table.ByPhase {
					sum += n
				}
				if sum != len(table.Rows) {
					t.Errorf("%d rows, %d counted", len(table.Rows), sum)
				}
				for _, r := range table.Rows {
					s.Snapshot().Usage(r.Ref)
				}
			}
		}
	}()
	wg.Wait()
	done.Store(true)
	<-read
	s.Publish()
	for _, table := range s.Snapshot().Tables {
		if len(table.Rows) != rounds || !table.State.Listed {
			t.Errorf("%v: %d rows, state %+v", table.Key, len(table.Rows), table.State)
		}
	}
	if n := len(s.Snapshot().Tables); n != writers {
		t.Errorf("%d tables", n)
	}
}
