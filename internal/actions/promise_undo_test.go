package actions_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
)

func realJournal(t *testing.T) (*journal.Journal, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j, dir
}

// Every verb that says so has an inverse that brings back the state it found,
// and says beforehand when there is none.
func TestPromise27_UndoIsPlannedConfirmedAndJournaled(t *testing.T) {
	for _, verb := range simVerbs {
		t.Run(verb, func(t *testing.T) {
			j, _ := realJournal(t)
			w := newWorld("a", "web")
			b := setUpOn(t, j, w)
			before := w.now("web")
			task := b.do(verb, "web")
			if real := map[string]bool{"scale": true, "rollback": true, "edit": true, "delete": true, "pause": true, "resume": true}[verb]; task.Undoable() != real {
				t.Fatalf("undoable: %v", task.Undoable())
			}
			if !task.Undoable() {
				_, err := b.Undo(t.Context(), task.ID)
				wantKind(t, err, core.Unsupported)
				_, err = b.Undo(t.Context(), "")
				wantKind(t, err, core.Invalid)
				return
			}
			p, err := b.Undo(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			wantString(t, []any{p.Verb.ID, p.Verb.Title, p.UndoOf}, []any{"undo", "undo " + verb, task.ID})
			if _, err := b.Execute(t.Context(), p, nil); !errors.Is(err, actions.ErrNotConfirmed) {
				t.Fatalf("undo ran without a confirmation: %v", err)
			}
			_ = p.Accept()
			undone := b.execute(p)
			wantString(t, []any{undone.Outcome, undone.UndoOf, w.now("web")}, []any{core.OutcomeHealthy, task.ID, before})
			records, err := j.List(journal.Filter{ID: undone.ID, Event: journal.Intent})
			if err != nil || len(records) != 1 || records[0].UndoOf != task.ID || !strings.HasPrefix(records[0].Verb, "undo:") {
				t.Fatalf("%v %+v", err, records)
			}
			_, err = b.Undo(t.Context(), task.ID)
			wantKind(t, err, core.Invalid)
			if !strings.Contains(err.Error(), "undone already") {
				t.Fatal(err)
			}
			if again, _ := b.Task(task.ID); again.Undoable() {
				t.Fatal("offered twice")
			}
		})
	}
}

func TestPromise27_RedoIsTheUndoOfAnUndo(t *testing.T) {
	j, _ := realJournal(t)
	w := newWorld("a", "web")
	b := setUpOn(t, j, w)
	b.do(core.VerbScale, "web")
	for _, want := range []struct{ title, state string }{{"undo scale", "2"}, {"redo scale", "5"}, {"undo scale", "2"}, {"redo scale", "5"}} {
		p, err := b.Undo(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Accept()
		b.execute(p)
		wantString(t, []any{p.Verb.Title, w.now("web")}, []any{want.title, want.state})
	}
}

// Another session, and another process at the same time, undo what this one
// did, once.
func TestPromise27_UndoAcrossSessions(t *testing.T) {
	j, dir := realJournal(t)
	w := newWorld("a", "web", "db")
	first := setUpOn(t, j, w)
	first.policy.Level = actions.Free
	task := first.do(core.VerbScale, "web", "db")
	gone := first.do(core.VerbDelete, "web")

	open := func() *bench {
		other, err := journal.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		b := setUpOn(t, other, w)
		w.gate = b.gate
		return b
	}
	second, third := open(), open()
	p, err := second.Undo(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, []any{p.UndoOf, p.Verb.Title}, []any{gone.ID, "undo delete"})
	late, err := third.Undo(t.Context(), gone.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = p.Accept(), late.Accept()
	w.gate = second.gate
	second.execute(p)
	wantString(t, w.now("web"), "5")
	w.gate = third.gate
	_, err = third.Execute(t.Context(), late, nil)
	wantKind(t, err, core.Invalid)

	one := third.undo(task.ID + ".2")
	if len(one.Targets) != 1 || w.now("web")+w.now("db") != "52" {
		t.Fatalf("%+v %s %s", one, w.now("web"), w.now("db"))
	}
	rest := third.undo(task.ID) // what is left of it
	if len(rest.Targets) != 1 || w.now("web")+w.now("db") != "22" {
		t.Fatalf("%+v %s %s", rest, w.now("web"), w.now("db"))
	}
	if r, err := j.Verify(); err != nil || !r.OK() || len(r.Open) != 0 {
		t.Fatal(r, err)
	}
}

func TestPromise27_UndoWarnsWhenTheWorldMoved(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	task := b.do(core.VerbScale, "web")
	warnings := func() string {
		p, err := b.Undo(t.Context(), task.ID)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, x := range p.Targets[0].Plan.Warnings {
			s += x.String()
		}
		return s
	}
	wantString(t, warnings(), "")
	w.set(func() { w.state["web"] = "9" })
	wantString(t, warnings(), "the world moved since: replicas is 9, the change had made it 5")
}

// What came after the last change that has an inverse is named: who presses U
// may mean that.
func TestPromise27_UndoNamesWhatItPassesBy(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	scaled := b.do(core.VerbScale, "web")
	p, err := b.Undo(t.Context(), "")
	if err != nil || len(p.Targets[0].Plan.Warnings) != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	b.do(core.VerbRestart, "web")
	p, err = b.Undo(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, p.UndoOf, scaled.ID)
	wantString(t, p.Targets[0].Plan.Warnings[0], "this is not the last change: restart box/ns/web came after it and cannot be undone")
}

func TestPromise27_WhatCannotBeUndoneIsSaid(t *testing.T) {
	here, there := newWorld("here", "web"), newWorld("there", "web")
	b := setUp(t, here, there)
	elsewhere, err := b.Plan(t.Context(), core.VerbScale, []core.Ref{there.ref("web")}, minimal[core.VerbScale])
	if err != nil {
		t.Fatal(err)
	}
	refused := b.planned(core.VerbScale, "web")
	here.replace("web")
	_ = refused.Accept()
	if task := b.execute(refused); task.Outcome != core.OutcomeRefused || task.Undoable() {
		t.Fatalf("%+v", task)
	}
	_, err = b.Undo(t.Context(), refused.ID)
	wantKind(t, err, core.NotFound) // it did not get as far as the journal
	here.send = func(_ context.Context, _ *world, _ core.Ref) error { return &core.Problem{Kind: core.Forbidden} }
	task := b.do(core.VerbScale, "web")
	_, err = b.Undo(t.Context(), task.ID)
	wantKind(t, err, core.Invalid)
	if !strings.Contains(err.Error(), "never carried out") {
		t.Fatal(err)
	}
	_, err = b.Undo(t.Context(), "nonsense")
	wantKind(t, err, core.NotFound)

	here.send = nil
	mine := b.do(core.VerbScale, "web")
	_ = elsewhere.Accept()
	b.execute(elsewhere) // the last change, on what is about to vanish
	there.set(func() { there.scope = "gone" })
	p, err := b.Undo(t.Context(), "")
	if err != nil || p.UndoOf != mine.ID {
		t.Fatal(p, err)
	}
	_, err = b.Undo(t.Context(), elsewhere.ID)
	wantKind(t, err, core.Unreachable)
}

func TestPromise27_ARefusedUndoCanBeTriedAgain(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	task := b.do(core.VerbScale, "web")
	p, err := b.Undo(t.Context(), task.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Accept()
	w.replace("web")
	if undone := b.execute(p); undone.Outcome != core.OutcomeRefused {
		t.Fatalf("%+v", undone)
	}
	w.send = func(context.Context, *world, core.Ref) error { return &core.Problem{Kind: core.Forbidden} }
	if undone := b.undo(task.ID); undone.Outcome != core.OutcomeRefused { // this one is in the journal
		t.Fatalf("%+v", undone)
	}
	w.send = nil
	if undone := b.undo(task.ID); undone.Outcome != core.OutcomeHealthy {
		t.Fatalf("%+v", undone)
	}
}

// What undo needs is kept or nothing is changed; a file that was touched or is
// gone is not taken.
func TestPromise27_WhatUndoNeedsIsKept(t *testing.T) {
	j, dir := realJournal(t)
	w := newWorld("a", "web")
	b := setUpOn(t, j, w)
	kept := filepath.Join(dir, "undo")
	if err := os.WriteFile(kept, nil, 0o600); err != nil { // no folder can be made there
		t.Fatal(err)
	}
	task := b.do(core.VerbDelete, "web")
	if task.Outcome != core.OutcomeRefused || len(w.changed()) != 0 || !strings.Contains(task.Problem().Error(), "what undo needs cannot be kept") {
		t.Fatalf("%+v %v", task, task.Problem())
	}
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	w.saved = make([]byte, 9<<20)
	if task = b.do(core.VerbDelete, "web"); task.Outcome != core.OutcomeRefused || len(w.changed()) != 0 {
		t.Fatalf("%+v", task)
	}
	w.saved = []byte("the definition")
	task = b.do(core.VerbDelete, "web")
	files, err := os.ReadDir(kept)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	path := filepath.Join(kept, files[0].Name())
	if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o600 {
		t.Fatalf("mode %o", fi.Mode().Perm())
	}
	good, _ := os.ReadFile(path)
	for _, bad := range []string{"{}", string(good) + " "} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = b.Undo(t.Context(), task.ID)
		wantKind(t, err, core.NotFound)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = b.Undo(t.Context(), task.ID)
	wantKind(t, err, core.NotFound)
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	b.undo(task.ID)
	wantString(t, w.now("web"), "the definition")
}

// An old change is found too, by its id and as the last one.
func TestPromise27_OldChangesAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "web")
		b := setUp(t, w)
		task := b.do(core.VerbScale, "web")
		time.Sleep(400 * 24 * time.Hour)
		b.do(core.VerbRestart, "web") // has no inverse
		for _, id := range []string{"", task.ID} {
			p, err := b.Undo(t.Context(), id)
			if err != nil || p.UndoOf != task.ID {
				t.Fatalf("%q: %v %v", id, p, err)
			}
		}
		b.undo("")
		wantString(t, w.now("web"), "2")
	})
}
