package sources

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// abler is a fake with some capabilities.
type abler struct {
	*fake
	getErr error
	tailed core.LogRequest
}

func (a *abler) Get(_ context.Context, ref core.Ref) (*core.Resource, error) {
	if a.getErr != nil {
		return nil, a.getErr
	}
	return &core.Resource{Ref: ref}, nil
}

func (a *abler) Tail(_ context.Context, req core.LogRequest, _ core.LogSink) error {
	a.tailed = req
	return a.getErr
}

func (a *abler) Events(context.Context, core.Ref) ([]core.Event, error) {
	return []core.Event{{Count: 1}}, nil
}

func newHub() *Hub {
	return NewHub(func(Source) Sink { return &quiet{} }, func(core.Health) {})
}

func thing(scope string) core.Ref {
	return core.Ref{Source: "fake", Scope: scope, Kind: "thing", Name: "x"}
}

func TestHubRunsWhatIsAddedBeforeAndAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		early, late, twin := newFake("early"), newFake("late"), newFake("early")
		h.Add(early)
		h.Add(twin)
		first := core.Interest{Kinds: []string{"thing"}}
		h.Want(first)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { h.Run(ctx); close(done) }()
		synctest.Wait()
		h.Add(late)
		synctest.Wait()
		for _, f := range []*fake{early, late} {
			if n, _, _ := f.counts(); n != 1 {
				t.Errorf("%s was started %d times", f.info.Scope, n)
			}
			if len(f.wants) != 1 || !slices.Equal(f.wants[0].Kinds, first.Kinds) {
				t.Errorf("%s was told to want %v", f.info.Scope, f.wants)
			}
			if s := h.Health(f.info.Instance()).State; s != core.Live {
				t.Errorf("%s is %v", f.info.Scope, s)
			}
		}
		if n, _, _ := twin.counts(); n != 0 || len(twin.wants) != 0 {
			t.Error("a second source of the same instance is used")
		}
		var order []string
		for _, i := range h.Infos() {
			order = append(order, i.Scope)
		}
		if !slices.Equal(order, []string{"early", "late"}) {
			t.Errorf("infos %v", order)
		}
		if h.Source(early.info.Instance()) != Source(early) || h.Source(core.Instance{Source: "fake", Scope: "nobody"}) != nil {
			t.Error("Source finds the wrong one")
		}
		if s := h.Health(core.Instance{Source: "fake", Scope: "nobody"}).State; s != core.Down {
			t.Errorf("nobody is %v", s)
		}
		h.Wake()
		synctest.Wait()
		if _, _, n := early.counts(); n != 1 {
			t.Errorf("%d wakes", n)
		}
		cancel()
		<-done
		if !early.ended || !late.ended {
			t.Error("the hub ended before its sources")
		}
		after(time.Hour)
		if _, n, _ := early.counts(); n != 1 {
			t.Errorf("%d probes, also after the end", n)
		}
	})
}

// TestOneBadSourceLeavesTheOthersAlone is why each has its own supervisor.
func TestOneBadSourceLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		good, bad, hole := newFake("good"), newFake("bad"), newFake("hole")
		bad.runErr = errors.New("boom")
		hole.heals, hole.hole = true, true
		for _, f := range []*fake{bad, hole, good} {
			h.Add(f)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { h.Run(ctx); close(done) }()
		after(5 * time.Minute)
		if n, probes, _ := good.counts(); n != 1 || probes < 70 || h.Health(good.info.Instance()).State != core.Live {
			t.Errorf("the good one: %d starts, %d probes, %v", n, probes, h.Health(good.info.Instance()).State)
		}
		if h.Health(bad.info.Instance()).State != core.Down || h.Health(hole.info.Instance()).State != core.Down {
			t.Error("the bad ones are not down")
		}
		cancel()
		<-done
	})
}

func TestHubFindsTheCapability(t *testing.T) {
	h := newHub()
	able, plain := &abler{fake: newFake("able")}, newFake("plain")
	h.Add(able)
	h.Add(plain)
	if got := h.Abilities(thing("able")); got != (core.Abilities{Logs: true, Events: true}) {
		t.Errorf("abilities %+v", got)
	}
	if got := h.Abilities(thing("nobody")); got != (core.Abilities{}) {
		t.Errorf("abilities of nobody %+v", got)
	}
	ctx := t.Context()
	if r, err := h.Get(ctx, thing("able")); err != nil || r.Ref != thing("able") {
		t.Errorf("Get: %v, %v", r, err)
	}
	if e, err := h.Events(ctx, thing("able")); err != nil || len(e) != 1 {
		t.Errorf("Events: %v, %v", e, err)
	}
	if err := h.Tail(ctx, core.LogRequest{Ref: thing("able"), Tail: 7}, nil); err != nil || able.tailed.Tail != 7 {
		t.Errorf("Tail: %v, %+v", err, able.tailed)
	}
	kind := func(err error) core.ProblemKind {
		var p *core.Problem
		if !errors.As(err, &p) || p.Summary.Empty() {
			t.Fatalf("%v is no problem with words", err)
		}
		return p.Kind
	}
	_, err := h.Manifest(ctx, thing("able"))
	if kind(err) != core.Unsupported {
		t.Errorf("Manifest: %v", err)
	}
	if _, err = h.Describe(ctx, thing("plain")); kind(err) != core.Unsupported {
		t.Errorf("Describe: %v", err)
	}
	if _, err = h.Get(ctx, thing("nobody")); kind(err) != core.NotFound {
		t.Errorf("Get: %v", err)
	}
	able.getErr = errGone
	if _, err = h.Get(ctx, thing("able")); kind(err) != core.Unreachable || !errors.Is(err, errGone) {
		t.Errorf("Get: %v", err)
	}
	own := &core.Problem{Kind: core.Conflict, Summary: text.Lit("replaced")}
	able.getErr = own
	if _, err = h.Get(ctx, thing("able")); err != own {
		t.Errorf("Get: %v, want the source's own problem", err)
	}
	if AsProblem(able, nil) != nil {
		t.Error("a problem of no error")
	}
}
