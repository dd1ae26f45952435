package actions_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Every verb, and an undo, leaves once whoever carries it out how often.
func TestPromise26_EveryVerbLeavesOnce(t *testing.T) {
	for _, verb := range append([]string{"undo"}, simVerbs...) {
		t.Run(verb, func(t *testing.T) {
			w := newWorld("a", "web")
			b := setUp(t, w)
			var p *actions.Proposal
			var err error
			if verb == "undo" {
				b.do(core.VerbScale, "web")
				w.set(func() { w.sent = nil })
				if p, err = b.Undo(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
			} else {
				p = b.planned(verb, "web")
			}
			_ = p.Accept()
			var won atomic.Int32
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					var err error
					if p.Verb.ID == core.VerbShell {
						_, err = b.Attach(t.Context(), p, core.Terminal{})
					} else {
						_, err = b.Execute(t.Context(), p, nil)
					}
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, actions.ErrSpent) && !strings.Contains(err.Error(), "undone already") {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || len(w.changed()) != 1 {
				t.Fatalf("%d callers won, %d changes", won.Load(), len(w.changed()))
			}
		})
	}
}

// Two proposals for the undo of one change: one of them leaves.
func TestPromise26_OneInverseForOneChange(t *testing.T) {
	for range 50 {
		w := newWorld("a", "web")
		b := setUp(t, w)
		task := b.do(core.VerbScale, "web")
		w.set(func() { w.sent = nil })
		var ps []*actions.Proposal
		for range 4 {
			p, err := b.Undo(t.Context(), task.ID)
			if err != nil {
				t.Fatal(err)
			}
			_ = p.Accept()
			ps = append(ps, p)
		}
		var wg sync.WaitGroup
		var won atomic.Int32
		for _, p := range ps {
			wg.Go(func() {
				if _, err := b.Execute(t.Context(), p, nil); err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || len(w.changed()) != 1 {
			t.Fatalf("%d undos, %d changes", won.Load(), len(w.changed()))
		}
	}
}

// What a plan warns of is shown with it and recorded; the limits that hold for
// changes hold for their undo, and undo is no way around a denied verb.
func TestPromise28_UndoIsNoWayAroundAPolicy(t *testing.T) {
	w := newWorld("a", "web", "db")
	b := setUp(t, w)
	w.plan.Warnings = []text.Safe{text.Lit("Argo CD will put it back")}
	task := b.do(core.VerbScale, "web", "db")
	wantString(t, b.journal.records[0].Plan.Warnings, "[Argo CD will put it back]")
	policy := func(levels map[string]actions.Level) {
		b.byVerb = func(verb string) actions.Level { return levels[verb] }
	}
	undo := func() *actions.Proposal {
		t.Helper()
		p, err := b.Undo(t.Context(), task.ID)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	policy(map[string]actions.Level{"undo": actions.Free, "scale": actions.Name})
	wantString(t, []any{undo().Level, undo().Phrase}, []any{actions.Name, "undo scale 2"})
	policy(map[string]actions.Level{"undo": actions.Name, "scale": actions.Free})
	wantString(t, undo().Level, actions.Name)
	policy(map[string]actions.Level{"scale": actions.Deny})
	if p := undo(); p.Denied == nil || p.Accept() == nil {
		t.Fatal("undo does what policy denies")
	}
	policy(map[string]actions.Level{"undo": actions.Deny})
	if p := undo(); p.Denied == nil {
		t.Fatal("undo is denied")
	}
	b.byVerb = nil
	b.policy.MaxBulk = 1
	_, err := b.Undo(t.Context(), task.ID)
	wantKind(t, err, core.Refused)
	if p, err := b.Undo(t.Context(), task.ID+".1"); err != nil || len(p.Targets) != 1 {
		t.Fatal(p, err)
	}
	b.policy.MaxBulk = 0
	w.off = text.Lit("an autoscaler owns it")
	_, err = b.Undo(t.Context(), task.ID)
	wantKind(t, err, core.Unsupported)
}

// A plan for what an object belongs to obeys the policy of both.
// A run that deploys to production is changed as carefully as production, though
// nothing in the run's own place says so.
func TestPromise28_FurtherPlacesOfAPlanObeyTheirPolicies(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	w.plan.Also = []core.Ref{{Source: "sim", Scope: "a", Kind: "environment", Namespace: "ns", Name: "production"}}
	b.byRef = func(ref core.Ref) actions.Policy {
		if ref.Kind == "environment" {
			return actions.Policy{Level: actions.Name}
		}
		return actions.Policy{Level: actions.Free}
	}
	p, err := b.Plan(t.Context(), core.VerbApprove, []core.Ref{w.ref("web")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, p.Level, actions.Name)
	b.byRef = func(ref core.Ref) actions.Policy { return actions.Policy{ReadOnly: ref.Kind == "environment"} }
	_, err = b.Plan(t.Context(), core.VerbApprove, []core.Ref{w.ref("web")}, nil)
	wantKind(t, err, core.Refused)
	_ = p.Accept()
	_, err = b.Execute(t.Context(), p, nil)
	wantKind(t, err, core.Refused)
	if n := len(w.changed()); n != 0 {
		t.Fatalf("%d changes left", n)
	}
}

func TestPromise28_APlanForAnotherObjectObeysBothPolicies(t *testing.T) {
	w := newWorld("a", "web", "w")
	b := setUp(t, w)
	leaf := core.Ref{Source: "sim", Scope: "a", Kind: "leaf", Namespace: "ns", Name: "w.1", UID: "leaf-w.1"}
	for _, strict := range []string{"leaf", "box"} {
		b.byRef = func(ref core.Ref) actions.Policy {
			if ref.Kind == strict {
				return actions.Policy{Level: actions.Name}
			}
			return actions.Policy{Level: actions.Free}
		}
		p, err := b.Plan(t.Context(), "restart", []core.Ref{leaf}, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantString(t, []any{p.Level, p.Targets[0].Ref.Kind, p.Targets[0].From()}, []any{actions.Name, "box", leaf})
		b.byRef = func(ref core.Ref) actions.Policy { return actions.Policy{ReadOnly: ref.Kind == strict} }
		_, err = b.Plan(t.Context(), "restart", []core.Ref{leaf}, nil)
		wantKind(t, err, core.Refused)
		_ = p.Accept()
		_, err = b.Execute(t.Context(), p, nil)
		wantKind(t, err, core.Refused)
	}
	b.byRef = nil
	p, err := b.Plan(t.Context(), "restart", []core.Ref{leaf}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Accept()
	b.execute(p)
	wantString(t, []any{b.journal.records[0].Ref, b.journal.records[0].From}, []any{"box/ns/w", "leaf/ns/w.1"})
	if n := len(w.changed()); n != 1 {
		t.Fatalf("%d changes", n)
	}
}

// A process that died between intent and outcome leaves a change that can be
// undone, with a warning; what it had never recorded cannot.
func TestPromise29_WhatADeadProcessLeftCanBeUndone(t *testing.T) {
	j, dir := realJournal(t)
	w := newWorld("a", "web")
	dead := setUpOn(t, halfway{j}, w)
	task := dead.do(core.VerbScale, "web")
	if r, err := j.Verify(); err != nil || !r.OK() || len(r.Open) != 1 {
		t.Fatal(r, err)
	}
	again, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := setUpOn(t, again, w)
	p, err := b.Undo(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, p.UndoOf, task.ID)
	if s := p.Targets[0].Plan.Warnings; len(s) != 1 || !strings.Contains(s[0].String(), "does not know how the change ended") {
		t.Fatal(s)
	}
	_ = p.Accept()
	b.execute(p)
	wantString(t, w.now("web"), "2")
}

// halfway is the journal of a process that dies before every outcome.
type halfway struct{ *journal.Journal }

func (h halfway) Append(r journal.Record) error {
	if r.Event == journal.Outcome {
		return context.Canceled
	}
	return h.Journal.Append(r)
}
