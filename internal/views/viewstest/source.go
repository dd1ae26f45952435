package viewstest

import (
	"context"
	"sync"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
)

// Sources are the systems behind the action engine. They count what reaches
// them, and answer as they are told.
type Sources struct {
	w    *World
	Gate *sources.Gate

	mu      sync.Mutex
	reads   int
	plans   int
	changes []core.Ref
	records []journal.Record
	hold    chan struct{}
	opens   int      // plans of verbs that only open something
	asked   []string // what was planned, with its parameters
	typed   []string // what sessions were told

	// Off, if not nil, says why an object cannot be restarted now.
	Off func(*core.Resource) text.Safe
	// Missing are instances that are not connected.
	Missing map[core.Instance]bool
	// Refuse, if not nil, is what planning ends with.
	Refuse *core.Problem
	// Broken says what is wrong with the journal; empty: nothing.
	Broken text.Safe
	// Fail, if not nil, is what verifying ends with.
	Fail *core.Problem
	// Dress, if not nil, changes a plan before it is shown.
	Dress func(*core.Plan)
}

func newSources(w *World) *Sources {
	return &Sources{w: w, Gate: &sources.Gate{}, Missing: map[core.Instance]bool{}}
}

// Source implements actions.Resolver.
func (s *Sources) Source(i core.Instance) sources.Source {
	if s.Missing[i] {
		return nil
	}
	return system{s, i}
}

// Counts are what reached the systems: fresh reads, plans, changes.
func (s *Sources) Counts() (reads, plans, changes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads, s.plans, len(s.changes)
}

// Opens is how often a shell or a port-forward was planned.
func (s *Sources) Opens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opens
}

// Asked is what was planned, in order: "scale web map[replicas:5]".
func (s *Sources) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// Typed is what the sessions read from the terminal.
func (s *Sources) Typed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.typed...)
}

// Records are those of the journal.
func (s *Sources) Records() []journal.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]journal.Record(nil), s.records...)
}

// List implements the reading side of a journal.
func (s *Sources) List(f journal.Filter) ([]journal.Record, error) { return f.Apply(s.Records()), nil }

// Changed are the objects that were changed.
func (s *Sources) Changed() []core.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]core.Ref(nil), s.changes...)
}

// Hold makes changes wait for Release before they are verified.
func (s *Sources) Hold() { s.hold = make(chan struct{}) }

// Release lets what is held go on.
func (s *Sources) Release() {
	if s.hold != nil {
		close(s.hold)
		s.hold = nil
	}
}

// Ready implements actions.Journal.
func (s *Sources) Ready() error { return nil }

// Append implements actions.Journal.
func (s *Sources) Append(r journal.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Seq = uint64(len(s.records) + 1)
	s.records = append(s.records, r)
	return nil
}

// system is one instance.
type system struct {
	s *Sources
	i core.Instance
}

// kindsOf are the kinds of each source, made once: they are
// asked for with every row.
var kindsOf = map[string][]core.Kind{"kube": append(kubeKinds(), argoKinds()...), "docker": dockerKinds(), "github": pipelineKinds()}

func (y system) Info() sources.Info {
	return sources.Info{ID: y.i.Source, Scope: y.i.Scope, Title: text.Clean(y.i.Source), Kinds: kindsOf[y.i.Source]}
}

func (y system) Run(ctx context.Context, _ sources.Sink) error { <-ctx.Done(); return ctx.Err() }
func (y system) Probe(context.Context) (time.Time, error)      { return time.Time{}, nil }
func (y system) Want(core.Interest)                            {}
func (y system) Wake()                                         {}
func (y system) Problem(err error) *core.Problem {
	return &core.Problem{Summary: text.Error(err), Cause: err}
}

func (y system) Get(_ context.Context, ref core.Ref) (*core.Resource, error) {
	y.s.mu.Lock()
	y.s.reads++
	y.s.mu.Unlock()
	if t := y.s.w.Store.Snapshot().Table(store.Key{Instance: y.i, Kind: ref.Kind}); t != nil {
		for _, r := range t.Rows { // whoever has that place now
			if r.Ref.SameObject(ref) && (ref.UID == "" || ref.UID == r.Ref.UID) {
				return r, nil
			}
		}
		for _, r := range t.Rows {
			if r.Ref.SameObject(ref) {
				return r, nil
			}
		}
	}
	if r := y.s.w.rowOf(ref); r != nil {
		return r, nil
	}
	if of := y.s.w.Backend.GetOf; of != nil && ref.Kind == "run" {
		return of(ref)
	}
	return nil, y.s.w.Problem(core.NotFound, "it is gone", "")
}

func (y system) Disabled(_ string, r *core.Resource) text.Safe {
	if y.s.Off != nil {
		return y.s.Off(r)
	}
	return text.Safe{}
}

// restart is the verb of the tests: like the real one, without its systems.
func (s *Sources) restart() actions.Verb {
	return actions.Verb{
		ID: core.VerbRestart, Key: "R", Title: text.Lit("restart"), Danger: 1,
		Disabled: func(src sources.Source, r *core.Resource) text.Safe {
			return src.(system).Disabled(core.VerbRestart, r)
		},
		Plan: func(_ context.Context, src sources.Source, ref core.Ref, _ actions.Params) (*core.Operation, error) {
			return src.(system).plan(ref)
		},
	}
}

func (y system) plan(ref core.Ref) (*core.Operation, error) {
	s, w := y.s, y.s.w
	s.mu.Lock()
	s.plans++
	hold := s.hold
	s.mu.Unlock()
	if s.Refuse != nil {
		return nil, s.Refuse
	}
	p := core.Plan{
		Verb: core.VerbRestart, Target: ref, Title: text.Sprintf("restart %s", text.Clean(ref.Path())), Danger: 1,
		Changes:  []core.FieldChange{{Field: w.safe("field", "restartedAt"), Before: w.safe("before", "2026-03-01T10:00:00Z"), After: w.safe("after", "2026-03-14T15:09:26Z")}},
		Impact:   []text.Safe{w.safe("impact", "3 pods, one after the other (maxUnavailable 25%)"), w.safe("impact", "a PodDisruptionBudget allows 1 disruption")},
		Warnings: []text.Safe{w.safe("warning", "owned by the Argo CD application payments: it will show as out of sync")},
		Diff:     []text.Line{text.CleanLine(w.raw("diff", "-    restartedAt: 2026-03-01T10:00:00Z")), text.CleanLine(w.raw("diff", "+    restartedAt: 2026-03-14T15:09:26Z"))},
		Command:  w.safe("command", "kubectl --context "+ref.Scope+" -n "+ref.Namespace+" rollout restart "+ref.Kind+"/"+ref.Name),
		UndoHint: w.safe("undo", "cannot be undone: the pods are new"),
	}
	if ref.Source == "docker" {
		p.Preview, p.Diff = w.safe("preview", "Docker has no dry run"), nil
	}
	if s.Dress != nil {
		s.Dress(&p)
	}
	return &core.Operation{
		Plan: p,
		Execute: func(context.Context, core.Output) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changes = append(s.changes, ref)
			return nil
		},
		Verify: y.verify(hold),
	}, nil
}

// Policy is the world's: prod asks for the name, its kube-system denies,
// staging asks for y, pipelines too, and the local host is free.
func Policy(ref core.Ref, verb string, danger int) actions.Policy {
	switch {
	case core.Opens(verb) && danger == 0 && ref.Instance() != Prod:
		return actions.Policy{Level: actions.Free}
	case ref.Instance() == Prod && ref.Namespace == "kube-system":
		return actions.Policy{Level: actions.Deny, Environment: text.Lit("prod"), Why: text.Lit("the platform team does that")}
	case ref.Instance() == Prod:
		return actions.Policy{Level: actions.Name, Environment: text.Lit("prod"), MaxBulk: 10}
	case ref.Instance() == Staging:
		return actions.Policy{Level: actions.Confirm, Environment: text.Lit("staging")}
	case ref.Instance() == Local:
		return actions.Policy{Level: actions.Free, Environment: text.Lit("local")}
	}
	return actions.Policy{Level: actions.Confirm}
}

// Engine makes the action engine over the systems.
func (s *Sources) Engine() *actions.Engine {
	return actions.New(actions.Options{
		Verbs: s.verbs(), Resolver: s, Config: actions.PolicyFunc(Policy), Gate: s.Gate, Journal: s, Clock: time.Now, User: "kim", Host: "desk",
	})
}
