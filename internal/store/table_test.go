package store

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

var here = core.Instance{Source: "kube", Scope: "test"}

func ref(ns, name, uid string) core.Ref {
	return core.Ref{Source: here.Source, Scope: here.Scope, Kind: "pod", Namespace: ns, Name: name, UID: uid}
}

func upsert(r core.Ref, phase core.Phase) core.Change {
	return core.Change{Op: core.Upsert, Ref: r, Resource: &core.Resource{Ref: r, Phase: phase}}
}

func remove(r core.Ref) core.Change { return core.Change{Op: core.Delete, Ref: r} }

// model is the contract of Sink, written as plainly as it can be.
type model struct {
	exists  bool
	rows    map[core.Ref]*core.Resource
	open    map[string]map[core.Ref]bool
	listed  bool
	problem *core.Problem
}

func newModel() *model {
	return &model{rows: map[core.Ref]*core.Resource{}, open: map[string]map[core.Ref]bool{}}
}

func (m *model) apply(changes []core.Change) {
	m.exists = m.exists || len(changes) > 0
	for _, c := range changes {
		if c.Op == core.Delete {
			for r := range m.rows {
				if r == c.Ref || c.Ref.UID == "" && r.SameObject(c.Ref) {
					delete(m.rows, r)
				}
			}
			continue
		}
		m.rows[c.Resource.Ref] = c.Resource
		for ns, seen := range m.open {
			if ns == "" || ns == c.Ref.Namespace {
				seen[c.Ref] = true
			}
		}
	}
}

func (m *model) begin(ns string) {
	m.exists = true
	if ns == "" {
		clear(m.open)
	}
	delete(m.open, "")
	m.open[ns] = map[core.Ref]bool{}
}

func (m *model) end(ns string) {
	seen, ok := m.open[ns]
	if !ok {
		return
	}
	delete(m.open, ns)
	for r := range m.rows {
		if (ns == "" || ns == r.Namespace) && !seen[r] {
			delete(m.rows, r)
		}
	}
	m.listed = m.listed || len(m.open) == 0
	m.problem = nil
}

func (m *model) state(p *core.Problem) {
	if p != nil {
		m.exists = true
	}
	m.problem = p
}

func (m *model) check(t *rapid.T, s *Snapshot) {
	table := s.Table(Key{here, "pod"})
	if table == nil {
		if m.exists {
			t.Fatal("the table is missing")
		}
		return
	}
	if !m.exists {
		t.Fatalf("a table that was dropped is there, with %d rows", len(table.Rows))
	}
	if !slices.IsSortedFunc(table.Rows, func(a, b *core.Resource) int { return a.Ref.Compare(b.Ref) }) {
		t.Fatal("rows are not sorted")
	}
	var phases [6]int
	got := map[core.Ref]*core.Resource{}
	for _, r := range table.Rows {
		got[r.Ref] = r
		phases[r.Phase]++
		if s.Find(r.Ref) != r {
			t.Fatalf("Find(%v) does not find it", r.Ref)
		}
		bare := r.Ref
		bare.UID = ""
		if f := table.Find(bare); f == nil || !f.Ref.SameObject(r.Ref) {
			t.Fatalf("Find(%v) without UID: %v", bare, f)
		}
	}
	if len(got) != len(table.Rows) {
		t.Fatal("a row is doubled")
	}
	if phases != table.ByPhase {
		t.Fatalf("ByPhase %v, counted %v", table.ByPhase, phases)
	}
	for r, x := range m.rows {
		if got[r] != x {
			t.Fatalf("%v: got %p, want %p", r, got[r], x)
		}
	}
	if len(got) != len(m.rows) {
		t.Fatalf("%d rows, want %d", len(got), len(m.rows))
	}
	if want := (core.KindState{Listed: m.listed, Problem: m.problem}); table.State != want {
		t.Fatalf("state %+v, want %+v", table.State, want)
	}
}

// TestTableAgainstModel plays random calls of a source to a sink, publishes at
// random moments, and compares with the model. Everything published before
// must stay as it was.
func TestTableAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		s.AddInstance(here, []core.Kind{{Name: "pod"}, {Name: "node"}})
		sink := s.Sink(here)
		sink.Apply("node", []core.Change{upsert(core.Ref{Source: "kube", Scope: "test", Kind: "node", Name: "n", UID: "1"}, core.Running)})
		s.Publish()
		node := s.Snapshot().Table(Key{here, "node"})
		m := newModel()
		type frozen struct {
			table *Table
			rows  []*core.Resource
			state core.KindState
		}
		var past []frozen
		namespace := rapid.SampledFrom([]string{"a", "b", "c"})
		listed := rapid.SampledFrom([]string{"", "", "a", "b"})
		object := rapid.Custom(func(t *rapid.T) core.Ref {
			return ref(namespace.Draw(t, "ns"), rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "name"), rapid.SampledFrom([]string{"1", "2"}).Draw(t, "uid"))
		})
		change := rapid.Custom(func(t *rapid.T) core.Change {
			r := object.Draw(t, "ref")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				return remove(r)
			case 1:
				r.UID = ""
				return remove(r)
			}
			return upsert(r, core.Phase(rapid.IntRange(0, 5).Draw(t, "phase")))
		})
		problems := rapid.SampledFrom([]*core.Problem{nil, {Kind: core.Forbidden}, {Kind: core.Unreachable}})
		t.Repeat(map[string]func(*rapid.T){
			"apply": func(t *rapid.T) {
				changes := rapid.SliceOfN(change, 0, 6).Draw(t, "changes")
				m.apply(changes)
				sink.Apply("pod", slices.Clone(changes))
			},
			"begin": func(t *rapid.T) { ns := listed.Draw(t, "ns"); m.begin(ns); sink.Begin("pod", ns) },
			"end":   func(t *rapid.T) { ns := listed.Draw(t, "ns"); m.end(ns); sink.End("pod", ns) },
			"state": func(t *rapid.T) { p := problems.Draw(t, "problem"); m.state(p); sink.State("pod", p) },
			"drop": func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "rarely") == 0 {
					*m = *newModel()
					sink.Drop("pod")
				}
			},
			"publish": func(t *rapid.T) {
				s.Publish()
				snap := s.Snapshot()
				m.check(t, snap)
				if s.Publish() || s.Snapshot() != snap {
					t.Fatal("a second Publish had something new")
				}
				if snap.Table(Key{here, "node"}) != node {
					t.Fatal("a table that did not change has a new pointer")
				}
				for _, f := range past {
					if !slices.Equal(f.table.Rows, f.rows) || f.table.State != f.state {
						t.Fatal("a published table was changed")
					}
				}
				if table := snap.Table(Key{here, "pod"}); table != nil {
					past = append(past, frozen{table, slices.Clone(table.Rows), table.State})
				}
			},
		})
		s.Publish()
		m.check(t, s.Snapshot())
	})
}

// TestListsReplaceEachOther: a list of everything that was given up must
// neither hold back the list of a namespace nor let it delete what it saw.
func TestListsReplaceEachOther(t *testing.T) {
	s := New()
	sink := s.Sink(here)
	sink.Begin("pod", "")
	sink.Apply("pod", []core.Change{upsert(ref("a", "old", "1"), core.Running)})
	sink.Begin("pod", "a")
	sink.Apply("pod", []core.Change{upsert(ref("a", "x", "1"), core.Running)})
	sink.End("pod", "a")
	s.Publish()
	table := s.Snapshot().Table(Key{here, "pod"})
	if len(table.Rows) != 1 || table.Rows[0].Ref.Name != "x" || !table.State.Listed {
		t.Fatalf("%d rows, state %+v", len(table.Rows), table.State)
	}
}

func TestCompleteStaysCompleteWhileListedAfresh(t *testing.T) {
	s := New()
	sink := s.Sink(here)
	for _, ns := range []string{"a", "b"} {
		sink.Begin("pod", ns)
	}
	listed := func() bool { s.Publish(); return s.Snapshot().Table(Key{here, "pod"}).State.Listed }
	sink.End("pod", "a")
	if listed() {
		t.Fatal("complete though b is still being listed")
	}
	sink.End("pod", "b")
	if !listed() {
		t.Fatal("not complete")
	}
	sink.Begin("pod", "a")
	sink.Begin("pod", "b")
	sink.End("pod", "a")
	if !listed() {
		t.Fatal("a fresh list made what was complete incomplete")
	}
}

func TestNothingNewKeepsPointers(t *testing.T) {
	problem := &core.Problem{Kind: core.Forbidden}
	for name, f := range map[string]func(*Sink){
		"no changes":      func(k *Sink) { k.Apply("pod", nil) },
		"same problem":    func(k *Sink) { k.State("pod", problem) },
		"alive":           func(k *Sink) { k.Alive() },
		"same version":    func(k *Sink) { k.Version(text.Lit("v1")) },
		"same usage":      func(k *Sink) { k.UsageState(problem) },
		"drop of nothing": func(k *Sink) { k.Drop("job") },
		"fine unwatched":  func(k *Sink) { k.State("job", nil) },
		"end of nothing":  func(k *Sink) { k.End("pod", "x") },
	} {
		s := New()
		sink := s.Sink(here)
		sink.Apply("pod", []core.Change{upsert(ref("a", "x", "1"), core.Running)})
		sink.State("pod", problem)
		sink.Version(text.Lit("v1"))
		sink.UsageState(problem)
		s.Publish()
		before := s.Snapshot()
		f(sink)
		s.Publish()
		after := s.Snapshot()
		if after.Table(Key{here, "pod"}) != before.Table(Key{here, "pod"}) || after.MetaVersion != before.MetaVersion || len(after.Tables) != 1 {
			t.Errorf("%s: the table or the meta version moved", name)
		}
	}
}

func TestKindsMoveWithTheirTables(t *testing.T) {
	s := New()
	s.AddInstance(here, []core.Kind{{Name: "pod", Plural: "pods"}})
	sink := s.Sink(here)
	sink.Apply("pod", []core.Change{upsert(ref("a", "x", "1"), core.Running)})
	s.Publish()
	old := s.Snapshot()
	sink.Kinds([]core.Kind{{Name: "pod", Plural: "Pods!"}, {Name: "gizmo", Plural: "gizmos"}})
	s.Publish()
	now := s.Snapshot()
	if old.Table(Key{here, "pod"}).Kind.Plural != "pods" || len(old.Kinds[here]) != 1 {
		t.Error("an old snapshot was written")
	}
	if now.Table(Key{here, "pod"}).Kind.Plural != "Pods!" || len(now.Kinds[here]) != 2 || now.Kind(ref("", "", "")).Plural != "Pods!" {
		t.Error("the new kinds do not show")
	}
	s.AddInstance(here, []core.Kind{{Name: "pod", Plural: "again"}})
	s.Publish()
	if got := s.Snapshot().Table(Key{here, "pod"}).Kind.Plural; got != "again" {
		t.Errorf("a table's kind is %q, not the one of its instance", got)
	}
}

func TestTablesAreSorted(t *testing.T) {
	s := New()
	for _, i := range []core.Instance{{Source: "kube", Scope: "b"}, {Source: "docker", Scope: "x"}, {Source: "kube", Scope: "a"}} {
		for _, kind := range []string{"pod", "node"} {
			s.Sink(i).Begin(kind, "")
		}
	}
	s.Publish()
	var got []string
	for _, t := range s.Snapshot().Tables {
		got = append(got, fmt.Sprintf("%s %s", t.Key.Kind, t.Key.Instance))
	}
	want := []string{"node docker:x", "node kube:a", "node kube:b", "pod docker:x", "pod kube:a", "pod kube:b"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if n := len(s.Snapshot().OfKind("pod")); n != 3 {
		t.Errorf("OfKind finds %d", n)
	}
}
