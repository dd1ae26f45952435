package sources

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

var errGone = errors.New("connection refused")

// fake is a source whose system can be there or not. It counts what it asks.
type fake struct {
	info Info

	mu     sync.Mutex
	fault  error         // what Run ends with at once and Probe says; nil: all is well
	runErr error         // what Run ends with though the system answers
	hole   bool          // requests get no answer at all
	heals  bool          // Run goes on through faults and heals by itself
	server time.Duration // the system's clock minus ours
	broken chan struct{} // closed by breakIt
	runs   []time.Time
	probes []time.Time
	wakes  []time.Time
	wants  []core.Interest
	ended  bool
}

func newFake(scope string) *fake {
	return &fake{info: Info{ID: "fake", Scope: scope, Title: text.Lit("Fake"), Kinds: []core.Kind{{Name: "thing", Plural: "things"}}}, broken: make(chan struct{})}
}

func (f *fake) locked(g func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g()
}

func (f *fake) breakIt(err error) {
	f.locked(func() {
		f.fault = err
		close(f.broken)
		f.broken = make(chan struct{})
	})
}

func (f *fake) mend() { f.locked(func() { f.fault, f.runErr, f.hole = nil, nil, false }) }

func (f *fake) Info() Info { return f.info }

func (f *fake) Run(ctx context.Context, sink Sink) error {
	f.mu.Lock()
	f.runs = append(f.runs, time.Now())
	err, broken, heals := f.fault, f.broken, f.heals
	if err == nil {
		err = f.runErr
	}
	f.mu.Unlock()
	if err != nil && !heals {
		return err
	}
	sink.Begin("thing", "")
	sink.End("thing", "")
	if heals {
		broken = nil
	}
	select {
	case <-ctx.Done():
		f.locked(func() { f.ended = true })
		return nil
	case <-broken:
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.fault
	}
}

func (f *fake) Probe(ctx context.Context) (time.Time, error) {
	f.mu.Lock()
	f.probes = append(f.probes, time.Now())
	err, hole, server := f.fault, f.hole, f.server
	f.mu.Unlock()
	if hole {
		<-ctx.Done()
		return time.Time{}, ctx.Err()
	}
	if err != nil {
		return time.Time{}, err
	}
	if server != 0 {
		return time.Now().Add(server), nil
	}
	return time.Time{}, nil
}

func (f *fake) Want(i core.Interest) { f.locked(func() { f.wants = append(f.wants, i) }) }

func (f *fake) Wake() { f.locked(func() { f.wakes = append(f.wakes, time.Now()) }) }

func (f *fake) Problem(err error) *core.Problem {
	p := &core.Problem{Kind: core.Internal, Summary: text.Error(err), Cause: err}
	if errors.Is(err, errGone) || errors.Is(err, context.DeadlineExceeded) {
		p.Kind = core.Unreachable
	}
	return p
}

func (f *fake) counts() (runs, probes, wakes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.runs), len(f.probes), len(f.wakes)
}

// quiet is a sink that counts signs of life.
type quiet struct {
	mu    sync.Mutex
	alive int
	ends  int
}

func (q *quiet) Begin(string, string)        {}
func (q *quiet) Apply(string, []core.Change) {}
func (q *quiet) End(string, string)          { q.mu.Lock(); q.ends++; q.mu.Unlock() }
func (q *quiet) Drop(string)                 {}
func (q *quiet) State(string, *core.Problem) {}
func (q *quiet) Kinds([]core.Kind)           {}
func (q *quiet) Usage([]core.Usage)          {}
func (q *quiet) UsageState(*core.Problem)    {}
func (q *quiet) Alive()                      { q.mu.Lock(); q.alive++; q.mu.Unlock() }
func (q *quiet) Version(text.Safe)           {}

// reports keeps the health reports with their time.
type reports struct {
	mu  sync.Mutex
	all []core.Health
	at  []time.Time
}

func (r *reports) take(h core.Health) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, h)
	r.at = append(r.at, time.Now())
}

func (r *reports) states() []core.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []core.State
	for _, h := range r.all {
		out = append(out, h.State)
	}
	return slices.Compact(out)
}

func (r *reports) last() core.Health {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return core.Health{}
	}
	return r.all[len(r.all)-1]
}
