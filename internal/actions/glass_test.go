package actions_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func TestBreakGlassMakesDenyANameForFifteenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "web", "db")
		b := setUp(t, w)
		b.policy = actions.Policy{Level: actions.Deny, Environment: text.Lit("prod")}
		p := b.plan("web")
		if p.Denied == nil || !strings.Contains(p.Denied.Error(), "break-glass") {
			t.Fatal(p.Denied)
		}
		for _, short := range []string{"", "prod down", "   123456789   "} {
			_, err := b.BreakGlass(short)
			wantKind(t, err, core.Invalid)
		}
		if _, on := b.Glass(); on || b.journal.events() != "" {
			t.Fatal("broken without a reason")
		}
		calls := make(chan struct{}, 10)
		b.Subscribe(func() { calls <- struct{}{} })
		until, err := b.BreakGlass("  INC-4711 checkout is down\x1b[2J  ")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		g, on := b.Glass()
		wantString(t, []any{time.Until(until), on, len(calls)}, []any{15 * time.Minute, true, 1})
		if s := g.Reason.String(); !strings.HasPrefix(s, "INC-4711 checkout is down") || strings.Contains(s, "\x1b") {
			t.Fatalf("%q", s)
		}
		if o := b.Verbs(&core.Resource{Ref: w.ref("web")})[0]; !o.Disabled.Empty() || !o.Policy.Glass {
			t.Fatalf("%+v", o)
		}
		p = b.plan("web")
		wantString(t, []any{p.Denied == nil, p.Level, p.Policy.Glass, p.Policy.Environment}, []any{true, actions.Name, true, "prod"})
		late, ended := b.confirmed("web"), b.confirmed("web")
		p.Show()
		time.Sleep(time.Second)
		if err := p.Confirm(actions.Input{Text: "y"}); !errors.Is(err, actions.ErrMismatch) {
			t.Fatal(err)
		}
		if err := p.Confirm(actions.Input{Text: "ns/web"}); err != nil {
			t.Fatal(err)
		}
		b.execute(p)
		wantString(t, b.journal.events(), "break-glass intent outcome healthy ")
		for _, r := range b.journal.records {
			if r.Glass == nil || !strings.HasPrefix(r.Glass.Reason, "INC-4711") || r.Glass.Until.IsZero() || r.User != "kim" {
				t.Fatalf("%+v", r)
			}
		}
		b.EndGlass()
		b.EndGlass()
		wantString(t, b.journal.records[3].Event+" "+b.journal.events()[len(b.journal.events())-10:], "end-glass end-glass ")
		_, err = b.Execute(t.Context(), ended, nil)
		wantKind(t, err, core.Refused)

		if _, err = b.BreakGlass("INC-4711 once more"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(actions.GlassTime - time.Second)
		if _, on := b.Glass(); !on {
			t.Fatal("ended early")
		}
		time.Sleep(time.Second) // confirmed in time, carried out too late
		_, err = b.Execute(t.Context(), late, nil)
		wantKind(t, err, core.Refused)
		if _, on := b.Glass(); on || len(w.changed()) != 1 {
			t.Fatal("the glass does not mend")
		}
	})
}

// Glass that ends while a plan for many goes on stops what was not sent yet.
func TestBreakGlassEndsInTheMiddle(t *testing.T) {
	w := newWorld("a", "a", "b", "c", "d", "e", "f", "g", "h")
	b := setUp(t, w)
	b.policy = actions.Policy{Level: actions.Deny}
	if _, err := b.BreakGlass("a very good reason"); err != nil {
		t.Fatal(err)
	}
	p := b.confirmed("a", "b", "c", "d", "e", "f", "g", "h")
	w.send = func(_ context.Context, w *world, ref core.Ref) error { b.EndGlass(); return w.change(ref) }
	task := b.execute(p)
	if n := len(w.changed()); n == 0 || n > 4 || task.Outcome != core.OutcomeRefused {
		t.Fatalf("%d changed, %s", n, task.Outcome)
	}
}

func TestBreakGlassLiftsNothingElse(t *testing.T) {
	w := newWorld("a", "web", "db")
	b := setUp(t, w)
	if _, err := b.BreakGlass("a very good reason"); err != nil {
		t.Fatal(err)
	}
	for _, level := range []actions.Level{actions.Free, actions.Confirm, actions.Name} {
		b.policy = actions.Policy{Level: level}
		if p := b.plan("web"); p.Level != level || p.Policy.Glass {
			t.Errorf("%s became %s", level, p.Level)
		}
	}
	b.policy = actions.Policy{Level: actions.Deny, NoGlass: true}
	if p := b.plan("web"); p.Denied == nil || strings.Contains(p.Denied.Error(), "break-glass") {
		t.Error("lifted where the configuration forbids it")
	}
	b.policy = actions.Policy{Level: actions.Deny, MaxBulk: 1}
	_, err := b.Plan(t.Context(), "restart", []core.Ref{w.ref("web"), w.ref("db")}, nil)
	wantKind(t, err, core.Refused)
	b.policy = actions.Policy{Level: actions.Deny, ReadOnly: true}
	_, err = b.Plan(t.Context(), "restart", []core.Ref{w.ref("web")}, nil)
	wantKind(t, err, core.Refused)
	b.gate.SetReadOnly(true)
	b.policy = actions.Policy{Level: actions.Deny}
	_, err = b.Plan(t.Context(), "restart", []core.Ref{w.ref("web")}, nil)
	wantKind(t, err, core.Refused)
	_, err = b.BreakGlass("a very good reason")
	wantKind(t, err, core.Refused)
	b.gate.SetReadOnly(false)
	b.EndGlass()
	b.journal.full = func(journal.Record) bool { return true }
	if _, err = b.BreakGlass("a very good reason"); err == nil {
		t.Error("broken without a journal")
	}
	if _, on := b.Glass(); on || len(w.changed()) != 0 {
		t.Error("it is on all the same")
	}
}
