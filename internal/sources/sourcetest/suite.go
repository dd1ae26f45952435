package sourcetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// Harness tells the suite how to reach a source and its system. Optional parts
// are skipped by leaving the field nil, which the suite says in its log.
type Harness struct {
	// New returns a fresh source over a system that is up. Its requests pass gate.
	New func(t *testing.T, gate *sources.Gate) sources.Source
	// Create makes an object in the system by other means than the source and
	// returns its ref (UID may be empty). Remove removes it.
	Create func(t *testing.T, name string) core.Ref
	Remove func(t *testing.T, ref core.Ref)
	// Existing returns an object that is always there, for sources whose world
	// cannot be changed from outside; used when Create is nil.
	Existing func(t *testing.T) core.Ref
	// LogRef returns an object that logs at least every few seconds.
	LogRef func(t *testing.T) core.Ref
	// Missing returns a ref of a kind that exists to an object that does not.
	Missing core.Ref
	// Restartable returns an object that R can restart.
	Restartable func(t *testing.T) core.Ref
	// Break makes the system unreachable, Mend brings it back.
	Break, Mend func(t *testing.T)
	// OtherKind is a kind that is not watched by default.
	OtherKind string
	// Wait bounds each wait; default 20 s.
	Wait time.Duration
}

type run struct {
	Harness
	src  sources.Source
	rec  *Recorder
	gate *sources.Gate
	stop func() error
}

// Run checks everything the contract promises.
func Run(t *testing.T, h Harness) {
	if h.Wait == 0 {
		h.Wait = 20 * time.Second
	}
	t.Run("Info", func(t *testing.T) { h.info(t) })
	t.Run("ListsAndFollows", func(t *testing.T) { h.listsAndFollows(t) })
	t.Run("WantedKindsOnly", func(t *testing.T) { h.wantedKindsOnly(t) })
	t.Run("EndsWithContext", func(t *testing.T) { h.endsWithContext(t) })
	t.Run("Missing", func(t *testing.T) { h.missing(t) })
	t.Run("Probe", func(t *testing.T) { h.probe(t) })
	t.Run("Logs", func(t *testing.T) { h.logs(t) })
	t.Run("Documents", func(t *testing.T) { h.documents(t) })
	t.Run("ReadOnly", func(t *testing.T) { h.readOnly(t) })
	t.Run("NotWithoutPermit", func(t *testing.T) { h.notWithoutPermit(t) })
	t.Run("Restart", func(t *testing.T) { h.restart(t) })
	t.Run("BreakAndMend", func(t *testing.T) { h.breakAndMend(t) })
}

func (h Harness) start(t *testing.T, want core.Interest) *run {
	t.Helper()
	gate := &sources.Gate{}
	r := &run{Harness: h, src: h.New(t, gate), gate: gate}
	info := r.src.Info()
	r.rec = NewRecorder(info.Instance(), info.Kinds)
	r.src.Want(want)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.src.Run(ctx, r.rec) }()
	stopped := false
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			r.rec.close()
			return err
		case <-time.After(5 * time.Second):
			t.Error("Run did not return within 5 s of the end of its context")
			return nil
		}
	}
	t.Cleanup(func() {
		_ = r.stop()
		for _, b := range r.rec.Breaches() {
			t.Error("contract:", b)
		}
	})
	return r
}

func (r *run) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(r.Wait)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %v: %s", r.Wait, what)
		}
	}
}

// object returns something to look at: made for the test, or existing.
func (r *run) object(t *testing.T) core.Ref {
	t.Helper()
	if r.Create != nil {
		ref := r.Create(t, "conformance-"+strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()[strings.LastIndex(t.Name(), "/")+1:])))
		t.Cleanup(func() { r.Remove(t, ref) })
		return ref
	}
	return r.Existing(t)
}

func (h Harness) kindOf(t *testing.T) string {
	if h.Create == nil {
		return h.Existing(t).Kind
	}
	return h.Missing.Kind
}

func (h Harness) info(t *testing.T) {
	i := h.New(t, &sources.Gate{}).Info()
	if i.ID == "" || i.Scope == "" || i.ID != strings.ToLower(i.ID) {
		t.Errorf("id %q, scope %q", i.ID, i.Scope)
	}
	known := map[string]bool{}
	for _, k := range i.Kinds {
		if k.Name == "" || k.Plural == "" || known[k.Name] {
			t.Errorf("kind %q (plural %q) is nameless or declared twice", k.Name, k.Plural)
		}
		known[k.Name] = true
		columns := map[string]bool{}
		names := 0
		for _, c := range k.Columns {
			if c.ID == "" || c.ID != strings.ToLower(c.ID) || columns[c.ID] {
				t.Errorf("%s: column %q is nameless, not lower case or declared twice", k.Name, c.ID)
			}
			columns[c.ID] = true
			if c.Type == core.Name {
				names++
			}
		}
		if names != 1 {
			t.Errorf("%s: %d columns of type Name, want 1", k.Name, names)
		}
	}
	for _, d := range i.Default {
		if !known[d] {
			t.Errorf("default kind %q is not declared", d)
		}
	}
}

func (h Harness) listsAndFollows(t *testing.T) {
	kind := h.kindOf(t)
	r := h.start(t, core.Interest{Kinds: []string{kind}})
	r.until(t, kind+" listed", func() bool { return r.rec.Listed(kind) })
	if h.Create == nil {
		ref := h.Existing(t)
		r.until(t, "the existing object shows", func() bool { return r.rec.Find(ref) != nil })
		return
	}
	ref := h.Create(t, "conformance-follow")
	removed := false
	defer func() {
		if !removed {
			h.Remove(t, ref)
		}
	}()
	r.until(t, "the new object shows", func() bool { return r.rec.Find(ref) != nil })
	if g, ok := r.src.(sources.Getter); ok {
		x, err := g.Get(t.Context(), r.rec.Find(ref).Ref)
		if err != nil || x.Ref != r.rec.Find(ref).Ref {
			t.Errorf("Get: %v, %v", x, err)
		}
	}
	h.Remove(t, ref)
	removed = true
	r.until(t, "the removed object is gone", func() bool { return r.rec.Find(ref) == nil })
}

func (h Harness) wantedKindsOnly(t *testing.T) {
	kind := h.kindOf(t)
	r := h.start(t, core.Interest{Kinds: []string{kind}})
	r.until(t, "listed", func() bool { return r.rec.Listed(kind) })
	if h.OtherKind == "" {
		t.Log("no other kind given")
		return
	}
	if r.rec.Watching(h.OtherKind) {
		t.Errorf("%s is reported though nobody wants it", h.OtherKind)
	}
	r.src.Want(core.Interest{Kinds: []string{h.OtherKind}})
	r.until(t, h.OtherKind+" listed when wanted", func() bool { return r.rec.Listed(h.OtherKind) })
	r.src.Want(core.Interest{Kinds: []string{kind}})
	r.until(t, kind+" listed when wanted again", func() bool { return r.rec.Listed(kind) })
}

func (h Harness) endsWithContext(t *testing.T) {
	r := h.start(t, core.Interest{})
	if err := r.stop(); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v at the end of its context, want nil or context.Canceled", err)
	}
	r = h.start(t, core.Interest{Kinds: []string{h.kindOf(t)}})
	r.until(t, "listed", func() bool { return r.rec.Listed(h.kindOf(t)) })
	_ = r.stop()
}

func (h Harness) missing(t *testing.T) {
	src := h.New(t, &sources.Gate{})
	check := func(what string, err error) {
		var p *core.Problem
		if err == nil || !errors.As(sources.AsProblem(src, err), &p) || p.Kind != core.NotFound {
			t.Errorf("%s of a missing object: %v, want a NotFound problem", what, err)
		}
		if p != nil && p.Summary.Empty() {
			t.Errorf("%s: a problem without words", what)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), h.Wait)
	defer cancel()
	if c, ok := src.(sources.Getter); ok {
		_, err := c.Get(ctx, h.Missing)
		check("Get", err)
	}
	if c, ok := src.(sources.Describer); ok {
		_, err := c.Describe(ctx, h.Missing)
		check("Describe", err)
	}
	if c, ok := src.(sources.Manifester); ok {
		_, err := c.Manifest(ctx, h.Missing)
		check("Manifest", err)
	}
	if c, ok := src.(sources.Tailer); ok {
		check("Tail", c.Tail(ctx, core.LogRequest{Ref: h.Missing, Tail: 1}, &Logs{}))
	}
	if c, ok := src.(sources.Restarter); ok {
		_, err := c.PlanRestart(ctx, h.Missing)
		if err == nil {
			t.Error("PlanRestart of a missing object: no error")
		}
	}
}

func (h Harness) probe(t *testing.T) {
	src := h.New(t, &sources.Gate{})
	ctx, cancel := context.WithTimeout(t.Context(), h.Wait)
	defer cancel()
	if _, err := src.Probe(ctx); err != nil {
		t.Errorf("Probe of a system that is up: %v", err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Probe(done); err == nil && !src.Info().Demo {
		t.Error("Probe with an ended context: no error")
	}
	if p := src.Problem(context.DeadlineExceeded); p == nil || p.Kind != core.Unreachable || p.Summary.Empty() {
		t.Errorf("Problem of a time-out: %v, want Unreachable", p)
	}
}

func (h Harness) logs(t *testing.T) {
	if h.LogRef == nil {
		t.Log("no logs")
		return
	}
	src := h.New(t, &sources.Gate{})
	tailer, ok := src.(sources.Tailer)
	if !ok {
		t.Fatal("a log object was given, but the source is no Tailer")
	}
	ref := h.LogRef(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	logs := &Logs{}
	done := make(chan error, 1)
	go func() { done <- tailer.Tail(ctx, core.LogRequest{Ref: ref, Tail: 5, Follow: true}, logs) }()
	r := &run{Harness: h}
	r.until(t, "log lines", func() bool { return len(logs.Texts()) >= 2 })
	cancel()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Tail: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Tail did not return within 5 s of the end of its context")
	}
	for _, l := range logs.All() {
		if l.Origin == nil || l.Origin.Label.Empty() {
			t.Fatalf("a line without origin: %q", l.Text.String())
		}
		if l.Stream != core.Marker && l.Time == 0 {
			t.Fatalf("a line without time: %q", l.Text.String())
		}
	}
	last := &Logs{}
	if err := tailer.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: 1}, last); err != nil {
		t.Errorf("Tail without follow: %v", err)
	}
	if len(last.Texts()) == 0 {
		t.Error("Tail 1 without follow returned no line")
	}
}

func (h Harness) documents(t *testing.T) {
	r := h.start(t, core.Interest{})
	ref := r.object(t)
	r.src.Want(core.Interest{Kinds: []string{ref.Kind}})
	r.until(t, "the object shows", func() bool { return r.rec.Find(ref) != nil })
	ref = r.rec.Find(ref).Ref
	if c, ok := r.src.(sources.Describer); ok {
		if d, err := c.Describe(t.Context(), ref); err != nil || len(d.Lines) < 3 {
			t.Errorf("Describe: %d lines, %v", len(d.Lines), err)
		}
	}
	if c, ok := r.src.(sources.Manifester); ok {
		if d, err := c.Manifest(t.Context(), ref); err != nil || len(d.Lines) < 3 {
			t.Errorf("Manifest: %d lines, %v", len(d.Lines), err)
		}
	}
	if c, ok := r.src.(sources.Eventer); ok {
		if _, err := c.Events(t.Context(), ref); err != nil {
			t.Errorf("Events: %v", err)
		}
	}
}

// plan plans a restart of the restartable object.
func (r *run) plan(t *testing.T) *core.Operation {
	t.Helper()
	c, ok := r.src.(sources.Restarter)
	if !ok {
		t.Fatal("a restartable object was given, but the source is no Restarter")
	}
	ref := r.Restartable(t)
	r.src.Want(core.Interest{Kinds: []string{ref.Kind}})
	r.until(t, "the restartable object shows", func() bool { return r.rec.Find(ref) != nil })
	var op *core.Operation
	var err error
	r.until(t, "a plan", func() bool {
		op, err = c.PlanRestart(t.Context(), r.rec.Find(ref).Ref)
		return err == nil
	})
	return op
}

func (h Harness) readOnly(t *testing.T) {
	if h.Restartable == nil {
		t.Log("nothing to restart")
		return
	}
	r := h.start(t, core.Interest{})
	op := r.plan(t)
	r.gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
		t.Errorf("Execute while read-only: %v, want ErrReadOnly", err)
	}
	if r.gate.Sent() != 0 {
		t.Errorf("%d mutating requests left while read-only", r.gate.Sent())
	}
}

func (h Harness) notWithoutPermit(t *testing.T) {
	if h.Restartable == nil {
		t.Log("nothing to restart")
		return
	}
	r := h.start(t, core.Interest{})
	op := r.plan(t)
	if err := op.Execute(t.Context(), sources.Quiet); err == nil || r.gate.Sent() != 0 {
		t.Errorf("Execute without a permit: %v, %d requests left", err, r.gate.Sent())
	}
}

func (h Harness) restart(t *testing.T) {
	if h.Restartable == nil {
		t.Log("nothing to restart")
		return
	}
	r := h.start(t, core.Interest{})
	op := r.plan(t)
	p := op.Plan
	if p.Verb != "restart" || p.Title.Empty() || p.Command.Empty() || p.UndoHint.Empty() || p.Target.UID == "" || len(p.Impact) == 0 {
		t.Errorf("the plan is not complete: %+v", p)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatalf("Execute: %v", err)
	}
	if n := r.gate.Sent(); n != 1 {
		t.Errorf("%d mutating requests left, want 1", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*h.Wait)
	defer cancel()
	if out, err := op.Verify(ctx, func(core.Progress) {}); err != nil || out != core.OutcomeHealthy {
		t.Errorf("Verify: %v, %v, want healthy", out, err)
	}
}

func (h Harness) breakAndMend(t *testing.T) {
	if h.Break == nil {
		t.Log("cannot be broken")
		return
	}
	kind := h.kindOf(t)
	rec := (*Recorder)(nil)
	hub := sources.NewHub(func(s sources.Source) sources.Sink {
		rec = NewRecorder(s.Info().Instance(), s.Info().Kinds)
		return rec
	}, func(core.Health) {})
	src := h.New(t, &sources.Gate{})
	hub.Add(src)
	hub.Want(core.Interest{Kinds: []string{kind}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { hub.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	r := &run{Harness: h, src: src, rec: rec}
	state := func() core.State { return hub.Health(src.Info().Instance()).State }
	r.until(t, "live and listed", func() bool { return state() == core.Live && rec.Listed(kind) })
	before := len(rec.Rows(kind))
	h.Break(t)
	r.until(t, "the staleness shows", func() bool { return state() == core.Stale || state() == core.Down })
	if n := len(rec.Rows(kind)); n != before {
		t.Errorf("%d rows while the system is away, want the %d from before", n, before)
	}
	h.Mend(t)
	r.until(t, "live again", func() bool { return state() == core.Live })
	if h.Create != nil {
		ref := h.Create(t, "conformance-mended")
		defer h.Remove(t, ref)
		r.until(t, "a change after the mending shows", func() bool { return rec.Find(ref) != nil })
	}
	seen := map[string]int{}
	for _, x := range rec.Rows(kind) {
		seen[x.Ref.Path()]++
		if seen[x.Ref.Path()] > 1 {
			t.Errorf("doubled: %s", x.Ref.Path())
		}
	}
	for _, b := range rec.Breaches() {
		t.Error("contract:", b)
	}
}
