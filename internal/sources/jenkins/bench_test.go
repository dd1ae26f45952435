package jenkins

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	"devops-tui/test/sim"
	simulator "devops-tui/test/sim/jenkins"
)

const (
	token    = "11c0ffee00c0ffee00c0ffee00c0ffee00"
	password = "correct-horse-battery"
)

var kim = simulator.User{ID: "kim", Name: "Kim Lee", Token: token, Password: password}

// bench is a controller with a source over it.
type bench struct {
	*testing.T
	w    *simulator.World
	srv  *sim.Server
	gate *sources.Gate
	src  *Source
}

func newBench(t *testing.T, o simulator.Options) *bench {
	t.Helper()
	if o.Prefix == "" {
		o.Prefix = "/jenkins"
	}
	if o.Users == nil {
		o.Users = []simulator.User{kim}
	}
	b := &bench{T: t, w: simulator.New(o), gate: new(sources.Gate)}
	b.srv = sim.Start(t, b.w, sim.Options{})
	b.src = b.source(t, b.gate, "kim", token)
	return b
}

// source connects as somebody; no secret: anonymous.
func (b *bench) source(t *testing.T, gate *sources.Gate, user, value string) *Source {
	t.Helper()
	base, err := url.Parse(b.srv.URL + "/jenkins")
	if err != nil {
		t.Fatal(err)
	}
	sv := server{scope: "acme", base: base, user: user, builds: defaultBuilds, origin: "test", rate: rest.Rate{PerSecond: 1000, Burst: 1000}}
	if value != "" {
		sv.token = credential.Value(text.Lit("a test"), value)
	}
	s, err := newSource(sv, sources.Options{Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	s.pace = 10 * time.Millisecond
	t.Cleanup(s.api.Close)
	return s
}

// run runs the source until the test ends.
func (b *bench) run(want core.Interest) *sourcetest.Recorder {
	b.Helper()
	rec := sourcetest.NewRecorder(b.src.Info().Instance(), b.src.Info().Kinds)
	b.src.Want(want)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.src.Run(ctx, rec) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error("Run:", err)
		}
		for _, x := range rec.Breaches() {
			b.Error("contract:", x)
		}
	})
	return rec
}

func (b *bench) until(what string, ok func() bool) {
	b.Helper()
	end := time.Now().Add(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(end) {
			b.Fatalf("not in time: %s", what)
		}
		<-tick.C
	}
}

var runs = core.Interest{Kinds: []string{"run"}}

func (b *bench) ref(kind, ns, name string) core.Ref { return b.src.ref(kind, ns, name, "") }

// found reads the object's row, with its UID.
func (b *bench) found(kind, ns, name string) *core.Resource {
	b.Helper()
	r, err := b.src.Get(b.Context(), b.ref(kind, ns, name))
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return r
}

// carry executes a plan and follows it while the world goes on by itself.
func (b *bench) carry(op *core.Operation, err error) (core.Outcome, error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	p := op.Plan
	if p.Verb == "" || p.Title.Empty() || p.Command.Empty() || p.UndoHint.Empty() || p.Preview.Empty() || len(p.Impact) == 0 || p.Target.UID == "" {
		b.Errorf("the plan is not complete: %+v", p)
	}
	if (p.Inverse == nil) != strings.HasPrefix(p.UndoHint.String(), "cannot be undone") {
		b.Errorf("%s: undo is %q, its inverse %+v", p.Title, p.UndoHint, p.Inverse)
	}
	if err := op.Execute(sources.PermitFor(b.Context(), p.Target), sources.Quiet); err != nil && !errors.Is(err, core.ErrOutcomeUnknown) {
		b.Fatalf("%s: %v", p.Title, err)
	}
	return b.verify(op)
}

func (b *bench) verify(op *core.Operation) (core.Outcome, error) {
	ctx, cancel := context.WithTimeout(b.Context(), 15*time.Second)
	defer cancel()
	return op.Verify(ctx, func(core.Progress) {})
}

// during lets the world go on while f runs.
func (b *bench) during(step func(), f func()) {
	b.Helper()
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				step()
			}
		}
	}()
	f()
	close(done)
	<-ended
}

// problem is what an error says to a user.
func (b *bench) problem(err error) *core.Problem {
	b.Helper()
	if err == nil {
		b.Fatal("no error")
	}
	return sources.AsProblem(b.src, err)
}

// refused checks that a plan or its execution was refused, and that nothing was
// sent that changes something.
func (b *bench) refused(err error, kind core.ProblemKind, says string) {
	b.Helper()
	p := b.problem(err)
	if p.Kind != kind || !strings.Contains(p.Error(), says) {
		b.Errorf("%v: %v, want %v with %q", p.Kind, p, kind, says)
	}
	if n := b.srv.Mutations(); len(n) != 0 {
		b.Errorf("%d changing requests were sent: %v %s", len(n), n[0].Method, n[0].Path)
	}
}
