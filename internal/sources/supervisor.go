package sources

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"devops-tui/internal/core"
)

// The supervisor's clock. A black hole shows at most ProbeEvery + ProbeTimeout
// after the last byte; a system that is back is used within ProbeEvery.
const (
	ProbeEvery   = 4 * time.Second
	ProbeTimeout = 3 * time.Second
	backoffFirst = 500 * time.Millisecond
	backoffCap   = 30 * time.Second
	backoffReset = 20 * time.Second // a Run that lasted as long starts with the first back-off again
	skewTold     = 5 * time.Second  // a clock that differs by less is not mentioned
	// settle is how long after a new start of Run the system is asked again, so
	// that what has healed shows as live before the next regular probe, and an
	// outage between two probes is noticed.
	settle = 500 * time.Millisecond
)

// supervisor runs one source: again when it ends, with a jittered and bounded
// back-off, and watches whether the system answers.
type supervisor struct {
	src    Source
	sink   Sink
	report func(core.Health)
	retry  chan struct{} // starts a Run that waits; empty unless one does
	again  chan struct{} // asks for a probe soon

	reporting sync.Mutex // taken before mu: reports leave in the order of the changes

	mu      sync.Mutex
	health  core.Health
	down    bool // Run is waiting to be started again
	blamed  bool // Health.Problem is what Run ended with
	failing bool // the last probe failed
}

func newSupervisor(src Source, sink Sink, report func(core.Health)) *supervisor {
	return &supervisor{
		src: src, sink: sink, report: report, retry: make(chan struct{}, 1), again: make(chan struct{}, 1),
		health: core.Health{Instance: src.Info().Instance()},
	}
}

// run blocks until ctx ended and the source has stopped.
func (s *supervisor) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Add(1)
	core.Go("probe "+s.health.Instance.String(), func() {
		defer wg.Done()
		s.probeLoop(ctx)
	})
	s.runLoop(ctx)
	wg.Wait()
}

func (s *supervisor) runLoop(ctx context.Context) {
	wait := backoffFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := s.src.Run(ctx, s.sink)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the source ended without a reason")
		}
		if time.Since(began) > backoffReset {
			wait = backoffFirst
		}
		s.set(func(h *core.Health) {
			s.down, s.blamed = true, true
			h.State, h.Problem = core.Down, AsProblem(s.src, err)
			h.Restarts++
		})
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.retry:
			timer.Stop()
		case <-timer.C:
		}
		wait = min(wait*2, backoffCap)
		s.mu.Lock()
		s.down = false
		select {
		case <-s.retry: // asked for while the time was up
		default:
		}
		if !s.failing {
			select {
			case s.again <- struct{}{}:
			default:
			}
		}
		s.mu.Unlock()
	}
}

func (s *supervisor) probeLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.again:
			if time.Until(due) > settle {
				due = time.Now().Add(settle)
				timer.Reset(settle)
			}
			continue
		case <-timer.C:
		}
		began := time.Now()
		s.probe(ctx)
		wait := max(ProbeEvery-time.Since(began), ProbeEvery-ProbeTimeout)
		due = time.Now().Add(wait)
		timer.Reset(wait)
	}
}

func (s *supervisor) probe(ctx context.Context) {
	pctx, cancel := context.WithTimeout(ctx, ProbeTimeout)
	defer cancel()
	server, err := s.src.Probe(pctx)
	if ctx.Err() != nil {
		return
	}
	now := time.Now()
	wake := false
	s.set(func(h *core.Health) {
		if err != nil {
			s.failing = true
			if s.blamed {
				return // Run's reason says more
			}
			h.State = core.Stale
			if h.LastSeen.IsZero() {
				h.State = core.Down // it never answered
			}
			h.Problem = AsProblem(s.src, err)
			return
		}
		// It is back. A Run that fails though the system answers keeps its back-off.
		wake = s.failing
		s.failing = false
		h.LastSeen = now
		h.Skew = 0
		if d := server.Sub(now); !server.IsZero() && d.Abs() > skewTold {
			h.Skew = d.Round(time.Second)
		}
		if s.down {
			return // it answers, but Run says no: keep Run's reason until it is running
		}
		s.blamed = false
		h.State, h.Problem = core.Live, nil
	})
	if err != nil {
		s.mu.Lock()
		h := s.health
		s.mu.Unlock()
		s.report(h) // the state is the same, but its age on the screen is not
		return
	}
	s.sink.Alive()
	if wake {
		s.wake()
	}
}

// wake starts a waiting Run at once and lets a running one retry.
func (s *supervisor) wake() {
	s.mu.Lock()
	if s.down {
		select {
		case s.retry <- struct{}{}:
		default:
		}
	}
	s.mu.Unlock()
	s.src.Wake()
}

// set changes the health under the lock and reports it if it changed.
func (s *supervisor) set(f func(*core.Health)) {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	s.mu.Lock()
	before := s.health
	f(&s.health)
	after := s.health
	s.mu.Unlock()
	if before.State != after.State || !sameProblem(before.Problem, after.Problem) || before.Skew != after.Skew {
		s.report(after)
	}
}

func sameProblem(a, b *core.Problem) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.Summary == b.Summary && a.Hint == b.Hint
}

// AsProblem turns err into a Problem with the words of the source.
func AsProblem(src Source, err error) *core.Problem {
	if err == nil {
		return nil
	}
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	return src.Problem(err)
}
