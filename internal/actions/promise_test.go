package actions_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

func TestPromise12_StaleDataCannotBeActedOn(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	seen := b.w.ref("web")

	b.w.set(func() { b.w.down = true })
	_, err := b.Plan(t.Context(), "restart", []core.Ref{seen}, nil)
	wantKind(t, err, core.Unreachable)
	if !strings.Contains(err.Error(), "no route to sim") || !strings.Contains(err.Error(), "nothing was sent") {
		t.Fatalf("the refusal does not say why: %v", err)
	}

	b.w.set(func() { b.w.down = false })
	before := b.w.reads
	p := b.confirmed("web")
	if b.w.reads == before {
		t.Fatal("planned from what the screen showed, without a fresh read")
	}

	b.w.set(func() { b.w.down = true }) // gone between preview and accept
	task := b.execute(p)
	if task.Outcome != core.OutcomeRefused || task.Problem().Kind != core.Unreachable || len(b.w.changed()) != 0 || b.journal.events() != "" {
		t.Fatalf("%+v %v %q", task, b.w.changed(), b.journal.events())
	}

	b.w.set(func() { b.w.down = false })
	b.w.replace("web")
	_, err = b.Plan(t.Context(), "restart", []core.Ref{seen}, nil)
	wantKind(t, err, core.Conflict)

	_, err = b.Plan(t.Context(), "restart", []core.Ref{{Source: "sim", Scope: "elsewhere", Kind: "box", Name: "web"}}, nil)
	wantKind(t, err, core.Unreachable)
}

// A system that never answers is refused after the read limit.
func TestPromise12_ASilentSystemIsRefusedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "web")
		e := actions.New(actions.Options{
			Verbs: []actions.Verb{{
				ID: "restart", Title: text.Lit("restart"),
				Disabled: nothing, Plan: silent,
			}},
			Resolver: worlds{w}, Journal: &memory{},
		})
		start := time.Now()
		_, err := e.Plan(t.Context(), "restart", []core.Ref{w.ref("web")}, nil)
		wantKind(t, err, core.Unreachable)
		wantString(t, time.Since(start), 15*time.Second)
	})
}

func TestPromise22_ReadOnlyIsAbsolute(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	done := b.do(core.VerbScale, "web")
	var ready []*actions.Proposal
	for _, v := range simVerbs {
		p := b.planned(v, "web")
		_ = p.Accept()
		ready = append(ready, p)
	}
	undo, err := b.Undo(t.Context(), done.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = undo.Accept()
	ready = append(ready, undo)
	sent, events := b.gate.Sent(), b.journal.events()

	sweep := func(t *testing.T) {
		ref := w.ref("web")
		for _, o := range b.Verbs(&core.Resource{Ref: ref}) {
			if !strings.Contains(o.Disabled.String(), "read-only") {
				t.Errorf("%s is offered: %q", o.Verb.ID, o.Disabled)
			}
			_, err := b.Plan(t.Context(), o.Verb.ID, []core.Ref{ref}, minimal[o.Verb.ID])
			wantKind(t, err, core.Refused)
			if !errors.Is(err, core.ErrReadOnly) {
				t.Errorf("%s: %v is not ErrReadOnly", o.Verb.ID, err)
			}
			_, err = b.Form(t.Context(), o.Verb.ID, []core.Ref{ref})
			wantKind(t, err, core.Refused)
		}
		_, err := b.Undo(t.Context(), done.ID)
		wantKind(t, err, core.Refused)
		_, err = b.Undo(t.Context(), "")
		wantKind(t, err, core.Refused)
		_, err = b.Definition(t.Context(), ref)
		wantKind(t, err, core.Refused)
		// What was confirmed before read-only came does not get out either.
		for _, p := range ready {
			_, err = b.Execute(t.Context(), p, nil)
			wantRefused(t, p, err)
			_, err = b.Start(p, nil)
			wantRefused(t, p, err)
			if p.Verb.ID == core.VerbShell {
				_, err = b.Attach(t.Context(), p, core.Terminal{})
				wantKind(t, err, core.Refused)
			}
		}
	}
	b.gate.SetReadOnly(true)
	t.Run("everywhere", sweep)
	b.gate.SetReadOnly(false)
	b.policy.ReadOnly = true
	b.policy.Environment = text.Lit("prod")
	t.Run("environment", sweep)
	if b.gate.Sent() != sent || len(w.changed()) != 1 || b.journal.events() != events {
		t.Fatalf("%d requests left", b.gate.Sent()-sent)
	}

	// Without the engine's permit nothing leaves, whoever calls; nor into a
	// read-only environment, whatever the engine thinks.
	for _, try := range []func() error{
		func() error { return w.operation("restart", w.ref("web")).Execute(t.Context(), sources.Quiet) },
		func() error {
			return w.operation("restart", w.ref("web")).Execute(sources.PermitFor(t.Context(), w.ref("web")), sources.Quiet)
		},
		func() error {
			return w.operation("restart", w.ref("web")).Execute(sources.Permit(t.Context()), sources.Quiet)
		},
	} {
		if err := try(); err == nil || b.gate.Sent() != sent {
			t.Fatal("a request left without the engine")
		}
	}
}

// wantRefused is the refusal of what may not be carried out at all; a session
// is never carried out without its terminal.
func wantRefused(t *testing.T, p *actions.Proposal, err error) {
	t.Helper()
	if p.Verb.ID == core.VerbShell {
		wantKind(t, err, core.Invalid)
		return
	}
	wantKind(t, err, core.Refused)
}

func TestPromise22_ReadOnlyThatComesLastStopsTheRequest(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	b.journal.seen = func(r journal.Record) { b.gate.SetReadOnly(true) } // between intent and request
	task := b.execute(b.confirmed("web"))
	if task.Outcome != core.OutcomeRefused || len(b.w.changed()) != 0 {
		t.Fatalf("%+v", task)
	}
	wantString(t, b.journal.events(), "intent outcome refused ")
}

// A careless system, and objects that are replaced, deleted or renamed into
// each other's place between preview and sending: only what was seen changes,
// by every verb, by undo, and by a plan for what an object belongs to.
func TestPromise23_NoWrongTargetIn10000Runs(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	names := []string{"a", "b", "c"}
	tried := map[string]int{}
	hits, conflicts := 0, 0
	for run := range 10_000 {
		here, there := newWorld("here", names...), newWorld("there", names...)
		b := setUp(t, here, there)
		here.careful = rnd.IntN(2) == 0
		name := names[rnd.IntN(3)]
		seen := here.ref(name)
		disturb := func() {
			switch other := names[rnd.IntN(3)]; rnd.IntN(6) {
			case 0:
				here.replace(name)
			case 1:
				here.replace(other)
			case 2:
				here.set(func() { delete(here.uid, name) })
			case 3: // two objects swap their names
				here.set(func() { here.uid[name], here.uid[other] = here.uid[other], here.uid[name] })
			}
		}
		// What is asked for: a verb on the object, the undo of a change of it, or a
		// verb on a part whose plan is for the object.
		var ask func() (*actions.Proposal, error)
		verb := simVerbs[rnd.IntN(len(simVerbs))]
		params := minimal[verb]
		switch rnd.IntN(4) {
		case 0:
			verb = "undo"
			before := b.do(core.VerbScale, name)
			here.set(func() { here.sent = nil })
			ask = func() (*actions.Proposal, error) { return b.Undo(t.Context(), before.ID) }
		case 1:
			verb = "from"
			leaf := core.Ref{Source: "sim", Scope: "here", Kind: "leaf", Namespace: "ns", Name: name + ".1", UID: "leaf-" + name + ".1"}
			ask = func() (*actions.Proposal, error) { return b.Plan(t.Context(), "restart", []core.Ref{leaf}, nil) }
		default:
			ask = func() (*actions.Proposal, error) { return b.Plan(t.Context(), verb, []core.Ref{seen}, params) }
		}
		if here.careful { // then even the last moment is safe
			here.send = func(_ context.Context, w *world, ref core.Ref) error { disturb(); return w.change(ref) }
		}
		planned := seen.UID
		if verb != "undo" && verb != "from" {
			disturb() // an undo and a part name no UID: what is shown is what counts
		}
		p, err := ask()
		if err == nil {
			planned = p.Targets[0].Ref.UID
			if planned != seen.UID {
				t.Fatalf("seed %d run %d: %s planned for %s, seen was %s", seed, run, verb, planned, seen.UID)
			}
			disturb()
			_ = p.Accept()
			task := b.finish(p)
			if task.Conflicted() {
				conflicts++
			}
		}
		for _, uid := range append(here.changed(), there.changed()...) {
			if uid != planned {
				t.Fatalf("seed %d run %d: %s changed %s, meant %s", seed, run, verb, uid, planned)
			}
			hits++
			tried[verb]++
		}
		b.Close(t.Context())
	}
	if hits < 1000 || conflicts < 500 {
		t.Fatalf("%d hits and %d conflicts prove nothing", hits, conflicts)
	}
	for _, verb := range append([]string{"undo", "from"}, simVerbs...) {
		if tried[verb] < 20 {
			t.Errorf("%s was carried out %d times: that proves nothing", verb, tried[verb])
		}
	}
}

func TestPromise23_APlanForAnotherObjectIsNotShown(t *testing.T) {
	w := newWorld("a", "web", "db")
	b := setUp(t, w)
	e := actions.New(actions.Options{
		Verbs: []actions.Verb{{ID: "restart", Title: text.Lit("restart"), Disabled: nothing, Plan: planFor(w, "db")}}, Resolver: worlds{w}, Journal: b.journal,
	})
	_, err := e.Plan(t.Context(), "restart", []core.Ref{w.ref("web")}, nil)
	wantKind(t, err, core.Conflict)
}

func TestPromise24_NoPreviewAsksForMore(t *testing.T) {
	for _, c := range []struct {
		policy actions.Level
		blind  bool
		why    text.Safe
		want   actions.Level
	}{
		{actions.Free, false, text.Safe{}, actions.Free},
		{actions.Free, false, text.Lit("docker has no dry run"), actions.Confirm},
		{actions.Confirm, false, text.Lit("docker has no dry run"), actions.Confirm},
		{actions.Free, true, text.Lit("refused by a webhook"), actions.Confirm},
		{actions.Confirm, true, text.Lit("refused by a webhook"), actions.Name},
		{actions.Name, true, text.Lit("refused by a webhook"), actions.Name},
		{actions.Deny, true, text.Lit("refused by a webhook"), actions.Deny},
	} {
		b := setUp(t, newWorld("a", "web"))
		b.policy.Level = c.policy
		b.w.plan.Blind, b.w.plan.Preview = c.blind, c.why
		if p := b.plan("web"); p.Level != c.want {
			t.Errorf("%+v: got %s", c, p.Level)
		}
	}
}

func TestPromise25_AConfirmationCannotBeFatFingered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := map[actions.Level]string{actions.Free: "", actions.Confirm: "y", actions.Name: "ns/web"}
		for level, answer := range answers {
			b := setUp(t, newWorld("a", "web"))
			b.policy.Level = level
			p := b.plan("web")
			want := func(err, want error) {
				t.Helper()
				if !errors.Is(err, want) {
					t.Fatalf("%s: got %v, want %v", level, err, want)
				}
			}
			time.Sleep(time.Minute) // a stall: the dialog is drawn late
			typed := time.Now().Add(-time.Second)
			p.Show()
			wantString(t, p.ArmedAt(), time.Now().Add(actions.ArmDelay))
			want(p.Confirm(actions.Input{Text: answer, At: typed}), actions.ErrNotArmed)
			want(p.Confirm(actions.Input{Text: answer}), actions.ErrNotArmed)

			// A held key repeats every 33 ms for two seconds, and never arms it.
			for range 60 {
				time.Sleep(33 * time.Millisecond)
				want(p.Confirm(actions.Input{Text: answer}), actions.ErrNotArmed)
			}
			time.Sleep(actions.ArmDelay - time.Millisecond)
			if p.Takes(time.Now()) {
				t.Fatal("armed too early")
			}
			time.Sleep(actions.ArmDelay)
			p.Show() // drawn again: no new delay
			if !p.Takes(time.Now()) {
				t.Fatal("not armed after the delay")
			}
			want(p.Confirm(actions.Input{Text: answer, Pasted: true}), actions.ErrPasted)
			want(p.Confirm(actions.Input{Text: answer, Clipped: true}), actions.ErrClipped)
			for _, wrong := range []string{"n", "yes", "web", "ns/web ", "NS/WEB", "\r"} {
				want(p.Confirm(actions.Input{Text: wrong}), actions.ErrMismatch)
			}
			_, err := b.Execute(t.Context(), p, nil)
			want(err, actions.ErrNotConfirmed)
			if err := p.Confirm(actions.Input{Text: answer}); err != nil {
				t.Fatal(err)
			}
			b.execute(p)
			wantString(t, b.journal.records[0].Policy, journal.Policy{
				Level: level.String(), Confirmed: []string{"enter", "y", "name"}[level],
			})
		}
	})
}

func TestPromise25_ManyAreConfirmedByTheirNumber(t *testing.T) {
	b := setUp(t, newWorld("a", "web", "db"))
	b.policy.Level = actions.Name
	wantString(t, b.plan("web", "db").Phrase, "restart 2")
}

func TestDenySaysWhyAndNothingConfirmsIt(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	b.policy = actions.Policy{Level: actions.Deny, Environment: text.Lit("prod"), Why: text.Lit("change freeze until Monday")}
	o := b.Verbs(&core.Resource{Ref: b.w.ref("web")})[0]
	wantString(t, o.Disabled, "policy denies restart in prod: change freeze until Monday")
	p := b.plan("web") // to look at
	wantString(t, p.Denied.Summary, o.Disabled)
	p.Show()
	wantKind(t, p.Confirm(actions.Input{Text: "y", At: time.Now().Add(time.Hour)}), core.Refused)
	wantKind(t, p.Accept(), core.Refused)
	_, err := b.Execute(t.Context(), p, nil)
	wantKind(t, err, core.Refused)

	b.policy.Level = actions.Confirm
	p = b.confirmed("web")
	b.policy.Level = actions.Deny // the freeze begins while the dialog is open
	_, err = b.Execute(t.Context(), p, nil)
	wantKind(t, err, core.Refused)
	b.policy.Level = actions.Name // or more is asked for than was given
	_, err = b.Execute(t.Context(), p, nil)
	wantKind(t, err, core.Refused)
	if len(b.w.changed()) != 0 || b.journal.events() != "" {
		t.Fatal("a denied change was made")
	}
}
