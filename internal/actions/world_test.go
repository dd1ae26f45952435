package actions_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/all"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// world is a scripted system with its source: objects by place, each with a
// UID, and what was done to which UID.
type world struct {
	mu      sync.Mutex
	scope   string
	gate    *sources.Gate
	uid     map[string]string // name to UID
	down    bool              // reads fail: unreachable
	reads   int
	sent    []string                                                                    // UIDs that were changed
	send    func(ctx context.Context, w *world, ref core.Ref) error                     // nil: change it
	verify  func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) // nil: healthy
	undo    bool
	plan    core.Plan         // what every plan has besides its target
	off     text.Safe         // what the Permitter says
	careful bool              // the system checks the UID by itself, as real ones do
	state   map[string]string // name to replicas, or whatever it is made of
	ask     core.Form         // what the Former says
	saved   []byte            // what deletions save for undo; nil: the state
	talk    func(core.Output)
	last    string // what was deployed last
	// secretly are the parameters of the inverse of a deployment.
	secretly map[string]string
	session  func(ctx context.Context, t core.Terminal) error
	serve    func(ctx context.Context, out core.Output) error
}

// simVerbs are all verbs that the simulated system has: every registered one.
var simVerbs = func() []string {
	var out []string
	for _, v := range all.Verbs() {
		if !v.Hidden {
			out = append(out, v.ID)
		}
	}
	return out
}()

func newWorld(scope string, names ...string) *world {
	w := &world{scope: scope, uid: map[string]string{}, state: map[string]string{}, plan: core.Plan{Danger: 1}}
	for _, n := range names {
		w.uid[n] = scope + "-" + n + "-1"
		w.state[n] = "2"
	}
	return w
}

func (w *world) Info() sources.Info {
	return sources.Info{ID: "sim", Scope: w.scope, Title: text.Lit("Sim"), Kinds: []core.Kind{
		{Name: "box", Verbs: simVerbs}, {Name: "image"}, {Name: "leaf", Verbs: []string{"restart"}},
	}}
}
func (w *world) Run(ctx context.Context, _ sources.Sink) error { <-ctx.Done(); return ctx.Err() }
func (w *world) Probe(context.Context) (time.Time, error)      { return time.Time{}, nil }
func (w *world) Want(core.Interest)                            {}
func (w *world) Wake()                                         {}
func (w *world) Disabled(string, *core.Resource) text.Safe     { return w.off }
func (w *world) Problem(err error) *core.Problem {
	return &core.Problem{Summary: text.Error(err), Cause: err}
}

func (w *world) ref(name string) core.Ref {
	w.mu.Lock()
	defer w.mu.Unlock()
	return core.Ref{Source: "sim", Scope: w.scope, Kind: "box", Namespace: "ns", Name: name, UID: w.uid[name]}
}

func (w *world) replace(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.uid[name] += "'"
}

func (w *world) set(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }

func (w *world) changed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.sent...)
}

func (w *world) Get(_ context.Context, ref core.Ref) (*core.Resource, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	if w.down {
		return nil, &core.Problem{Kind: core.Unreachable, Summary: text.Lit("no route to sim")}
	}
	uid, ok := w.uid[ref.Name]
	if ref.Kind == "leaf" {
		uid, ok = "leaf-"+ref.Name, true
	}
	if !ok {
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s is gone", ref.Name)}
	}
	ref.UID = uid // the engine compares
	return &core.Resource{Ref: ref}, nil
}

// PlanRestart of a leaf is of the box that it belongs to.
func (w *world) PlanRestart(_ context.Context, ref core.Ref) (*core.Operation, error) {
	if ref.Kind == "leaf" {
		op := w.operation("restart", w.ref(ref.Name[:1]))
		op.Plan.From = ref
		return op, nil
	}
	return w.operation("restart", ref), nil
}

func (w *world) operation(verb string, ref core.Ref) *core.Operation {
	op := &core.Operation{Plan: w.plan}
	op.Plan.Verb, op.Plan.Target = verb, ref
	op.Plan.Command = text.Sprintf("sim %s %s", verb, ref.Name)
	op.Execute = func(ctx context.Context, out core.Output) error {
		if err := w.gate.CheckAt(ctx, core.Ref{Source: "sim", Scope: w.scope}, verb); err != nil {
			return err
		}
		if w.talk != nil {
			w.talk(out)
		}
		w.mu.Lock()
		send := w.send
		w.mu.Unlock()
		if send != nil {
			return send(ctx, w, ref)
		}
		return w.change(ref)
	}
	op.Verify = func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		if w.verify != nil {
			return w.verify(ctx, report)
		}
		report(core.Progress{Done: 1, Total: 1})
		return core.OutcomeHealthy, nil
	}
	if w.undo {
		op.Plan.Inverse = &core.Inverse{Verb: "restart"}
	}
	return op
}

// change does it to whatever has the name now, as a careless system would,
// unless it is careful.
func (w *world) change(ref core.Ref) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	uid := w.uid[ref.Name]
	if w.careful && uid != ref.UID {
		return &core.Problem{Kind: core.Conflict, Summary: text.Lit("another UID")}
	}
	w.sent = append(w.sent, uid)
	return nil
}

// worlds is the hub of the tests.
type worlds []*world

func (ws worlds) Source(i core.Instance) sources.Source {
	for _, w := range ws {
		if w.Info().Instance() == i {
			return w
		}
	}
	return nil
}

// memory is a journal that can be told to be full.
type memory struct {
	mu      sync.Mutex
	records []journal.Record
	full    func(journal.Record) bool
	seen    func(journal.Record)
}

var errFull = errors.New("no space left on device")

func (m *memory) Ready() error { return nil }

func (m *memory) Append(r journal.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full != nil && m.full(r) {
		return errFull
	}
	if m.seen != nil {
		m.seen(r)
	}
	m.records = append(m.records, r)
	return nil
}

func (m *memory) events() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := ""
	for _, r := range m.records {
		s += r.Event + " "
		if r.Result != nil {
			s += r.Result.Outcome + " "
		}
	}
	return s
}

// bench is an engine over worlds with all that a test wants to look at.
type bench struct {
	*actions.Engine
	t       *testing.T
	w       *world
	journal *memory
	gate    *sources.Gate
	policy  actions.Policy
	byVerb  func(verb string) actions.Level   // nil: policy's own
	byRef   func(ref core.Ref) actions.Policy // nil: policy
}

func setUp(t *testing.T, ws ...*world) *bench {
	t.Helper()
	return setUpOn(t, nil, ws...)
}

// setUpOn is an engine over a journal; nil: one in memory.
func setUpOn(t *testing.T, j actions.Journal, ws ...*world) *bench {
	t.Helper()
	b := &bench{t: t, w: ws[0], journal: &memory{}, gate: &sources.Gate{}, policy: actions.Policy{Level: actions.Confirm}}
	for _, w := range ws {
		w.gate = b.gate
	}
	if j == nil {
		j = b.journal
	}
	b.Engine = actions.New(actions.Options{
		Verbs: all.Verbs(), Resolver: worlds(ws), Gate: b.gate, Journal: j, User: "kim", Host: "desk",
		Config: actions.PolicyFunc(func(ref core.Ref, verb string, _ int) actions.Policy {
			p := b.policy
			if b.byRef != nil {
				p = b.byRef(ref)
			}
			if b.byVerb != nil {
				p.Level = b.byVerb(verb)
			}
			return p
		}),
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		b.Close(ctx)
	})
	return b
}

func (b *bench) plan(names ...string) *actions.Proposal {
	b.t.Helper()
	return b.planned("restart", names...)
}

// planned is the plan of any verb, with its minimal parameters.
func (b *bench) planned(verb string, names ...string) *actions.Proposal {
	b.t.Helper()
	var refs []core.Ref
	for _, n := range names {
		refs = append(refs, b.w.ref(n))
	}
	p, err := b.Plan(b.t.Context(), verb, refs, minimal[verb])
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// do carries a verb out.
func (b *bench) do(verb string, names ...string) actions.Task {
	b.t.Helper()
	p := b.planned(verb, names...)
	if err := p.Accept(); err != nil {
		b.t.Fatal(err)
	}
	return b.finish(p)
}

// finish carries a confirmed proposal out, whatever it is.
func (b *bench) finish(p *actions.Proposal) actions.Task {
	b.t.Helper()
	if p.Verb.ID != core.VerbShell {
		return b.execute(p)
	}
	task, err := b.Attach(b.t.Context(), p, core.Terminal{})
	if err != nil {
		b.t.Fatal(err)
	}
	return task
}

// undo takes back what id says.
func (b *bench) undo(id string) actions.Task {
	b.t.Helper()
	p, err := b.Undo(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := p.Accept(); err != nil {
		b.t.Fatal(err)
	}
	return b.execute(p)
}

// confirmed is a plan that may be executed.
func (b *bench) confirmed(names ...string) *actions.Proposal {
	b.t.Helper()
	p := b.plan(names...)
	if err := p.Accept(); err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) execute(p *actions.Proposal) actions.Task {
	b.t.Helper()
	task, err := b.Execute(b.t.Context(), p, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if !task.Done() {
		b.t.Fatal("Execute returned before the end")
	}
	return task
}

func kindOf(err error) core.ProblemKind {
	var p *core.Problem
	if errors.As(err, &p) {
		return p.Kind
	}
	return core.ProblemKind(255)
}

func wantKind(t *testing.T, err error, kind core.ProblemKind) {
	t.Helper()
	if err == nil || kindOf(err) != kind {
		t.Fatalf("want a problem of kind %s, got %v", kind, err)
	}
}

func wantString(t *testing.T, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
