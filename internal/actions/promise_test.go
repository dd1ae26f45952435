package actions_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
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
	w.undo = true
	b := setUp(t, w)
	done := b.execute(b.confirmed("web"))
	ready := b.confirmed("web")
	sent := b.gate.Sent()

	sweep := func(t *testing.T) {
		for _, o := range b.Verbs(&core.Resource{Ref: w.ref("web")}) {
			if !strings.Contains(o.Disabled.String(), "read-only") {
				t.Errorf("%s is offered: %q", o.Verb.ID, o.Disabled)
			}
			_, err := b.Plan(t.Context(), o.Verb.ID, []core.Ref{w.ref("web")}, nil)
			wantKind(t, err, core.Refused)
			if !errors.Is(err, core.ErrReadOnly) {
				t.Errorf("%s: %v is not ErrReadOnly", o.Verb.ID, err)
			}
		}
		_, err := b.Undo(t.Context(), done.ID)
		wantKind(t, err, core.Refused)
		// What was confirmed before read-only came does not get out either.
		_, err = b.Execute(t.Context(), ready, nil)
		wantKind(t, err, core.Refused)
		_, err = b.Start(ready, nil)
		wantKind(t, err, core.Refused)
	}
	b.gate.SetReadOnly(true)
	t.Run("everywhere", sweep)
	b.gate.SetReadOnly(false)
	b.policy.ReadOnly = true
	b.policy.Environment = text.Lit("prod")
	t.Run("environment", sweep)
	if b.gate.Sent() != sent || len(w.changed()) != 1 {
		t.Fatalf("%d requests left", b.gate.Sent()-sent)
	}

	// Without the engine's permit nothing leaves, whoever calls.
	b.policy.ReadOnly = false
	if w.operation("restart", w.ref("web")).Execute(t.Context()) == nil || b.gate.Sent() != sent {
		t.Fatal("a request left without the engine")
	}
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
// each other's place between preview and sending: only what was seen changes.
func TestPromise23_NoWrongTargetIn10000Runs(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	names := []string{"a", "b", "c"}
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
		if here.careful { // then even the last moment is safe
			here.send = func(_ context.Context, w *world, ref core.Ref) error { disturb(); return w.change(ref) }
		}
		disturb()
		p, err := b.Plan(t.Context(), "restart", []core.Ref{seen}, nil)
		if err == nil {
			disturb()
			_ = p.Accept()
			task := b.execute(p)
			if task.Conflicted() {
				conflicts++
			}
		}
		for _, uid := range append(here.changed(), there.changed()...) {
			if uid != seen.UID {
				t.Fatalf("seed %d run %d: changed %s, meant %s", seed, run, uid, seen.UID)
			}
			hits++
		}
		b.Close(t.Context())
	}
	if hits < 1000 || conflicts < 500 {
		t.Fatalf("%d hits and %d conflicts prove nothing", hits, conflicts)
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

func TestPromise26_ExecutedOnceByManyCallers(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	for range 50 {
		p := b.confirmed("web")
		before := len(b.w.changed())
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = b.Execute(t.Context(), p, nil)
				} else {
					var id string
					if id, err = b.Start(p, nil); err == nil {
						b.Wait(t.Context(), id)
					}
				}
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, actions.ErrSpent) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || len(b.w.changed()) != before+1 {
			t.Fatalf("%d callers won, %d changes", won.Load(), len(b.w.changed())-before)
		}
		if err := p.Accept(); !errors.Is(err, actions.ErrSpent) {
			t.Fatal(err)
		}
	}
}

// The connection is cut after the request and before the reply, with a real
// HTTP client behind the gate: one request, and the truth by reading back.
func TestPromise26_ALostReplyIsReadBackNeverRetried(t *testing.T) {
	for name, c := range map[string]struct {
		arrived core.Outcome
		verr    error
		want    core.Outcome
	}{
		"it arrived":     {core.OutcomeHealthy, nil, core.OutcomeHealthy},
		"it did not":     {core.OutcomeRefused, nil, core.OutcomeRefused},
		"nobody can say": {core.OutcomeUnknown, errors.New("still no answer"), core.OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			var posts atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					_, _ = io.Copy(io.Discard, r.Body)
					posts.Add(1)
					conn, _, err := rw.(http.Hijacker).Hijack()
					if err == nil {
						_ = conn.Close()
					}
				}
			}))
			defer server.Close()
			w := newWorld("a", "web")
			b := setUp(t, w)
			client := &http.Client{Transport: b.gate.Transport(server.Client().Transport, nil, nil)}
			w.send = func(ctx context.Context, _ *world, _ core.Ref) error {
				// A connection that was idle tempts clients to retry.
				if resp, err := client.Get(server.URL); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("restart"))
				resp, err := client.Do(req)
				if err == nil {
					_ = resp.Body.Close()
					return errors.New("the server answered")
				}
				return fmt.Errorf("restart: %w", err)
			}
			w.verify = func(context.Context, func(core.Progress)) (core.Outcome, error) { return c.arrived, c.verr }
			task := b.execute(b.confirmed("web"))
			if posts.Load() != 1 {
				t.Fatalf("%d requests arrived", posts.Load())
			}
			if task.Outcome != c.want {
				t.Fatalf("%s: %v", task.Outcome, task.Problem())
			}
			wantString(t, b.journal.events(), "intent outcome "+c.want.String()+" ")
		})
	}
}

func TestPromise26_WhatCountsAsUnknown(t *testing.T) {
	for _, c := range []struct {
		err  error
		want core.Outcome
	}{
		{core.ErrOutcomeUnknown, core.OutcomeUnknown},
		{&core.Problem{Kind: core.Unreachable, Cause: fmt.Errorf("post: %w", core.ErrOutcomeUnknown)}, core.OutcomeUnknown},
		{context.DeadlineExceeded, core.OutcomeUnknown},
		{io.ErrUnexpectedEOF, core.OutcomeUnknown},
		{&core.Problem{Kind: core.Unreachable, Summary: text.Lit("connection refused")}, core.OutcomeRefused},
		{&core.Problem{Kind: core.Forbidden}, core.OutcomeRefused},
		{&core.Problem{Kind: core.Conflict}, core.OutcomeRefused},
		{&core.Problem{Kind: core.Internal, Summary: text.Lit("500: port is in use")}, core.OutcomeFailed},
		{errors.New("boom"), core.OutcomeFailed},
	} {
		w := newWorld("a", "web")
		w.send = func(context.Context, *world, core.Ref) error { return c.err }
		readBack := false
		w.verify = func(context.Context, func(core.Progress)) (core.Outcome, error) {
			readBack = true
			return core.OutcomeUnknown, nil
		}
		b := setUp(t, w)
		task := b.execute(b.confirmed("web"))
		if task.Outcome != c.want || readBack != (c.want == core.OutcomeUnknown) || task.Problem() == nil {
			t.Errorf("%v: %s, read back: %v, %v", c.err, task.Outcome, readBack, task.Problem())
		}
	}
}

func TestPromise27_UndoIsPlannedConfirmedAndJournaled(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	if b.execute(b.confirmed("web")).Undoable() {
		t.Fatal("undo offered without an inverse")
	}
	_, err := b.Undo(t.Context(), "")
	wantKind(t, err, core.Invalid)

	w.undo = true
	task := b.execute(b.confirmed("web"))
	if !task.Undoable() {
		t.Fatal("undo is not offered")
	}
	w.replace("web") // the change gave it another UID, as a recreated container has
	p, err := b.Undo(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, p.Targets[0].Plan.Command, "sim unrestart web")
	if _, err := b.Execute(t.Context(), p, nil); !errors.Is(err, actions.ErrNotConfirmed) {
		t.Fatalf("undo ran without a confirmation: %v", err)
	}
	_ = p.Accept()
	b.execute(p)
	last := b.journal.records[len(b.journal.records)-2]
	if last.Verb != "undo:unrestart" || last.Event != journal.Intent {
		t.Fatalf("%+v", last)
	}
	if _, err := b.Undo(t.Context(), task.ID); err == nil {
		t.Fatal("the same change can be undone twice")
	}
	again, err := b.Undo(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, again.Verb.Title, "redo")
}

func TestPromise27_ARefusedUndoCanBeTriedAgain(t *testing.T) {
	w := newWorld("a", "web")
	w.undo = true
	b := setUp(t, w)
	task := b.execute(b.confirmed("web"))
	p, err := b.Undo(t.Context(), task.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Accept()
	w.replace("web")
	if undone := b.execute(p); undone.Outcome != core.OutcomeRefused {
		t.Fatalf("%+v", undone)
	}
	if _, err := b.Undo(t.Context(), task.ID); err != nil {
		t.Fatal(err)
	}
}

func TestPromise29_TheIntentIsDurableBeforeTheRequest(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	w.send = func(_ context.Context, w *world, ref core.Ref) error {
		if got := b.journal.events(); got != "intent " {
			t.Errorf("the request leaves and the journal has %q", got)
		}
		return w.change(ref)
	}
	b.execute(b.confirmed("web"))
	wantString(t, b.journal.events(), "intent outcome healthy ")
	r := b.journal.records[0]
	wantString(t, []any{r.User, r.Host, r.Instance, r.Ref, r.UID, r.Verb, r.Plan.Command, b.journal.records[1].ID == r.ID},
		[]any{"kim", "desk", "sim:a", "box/ns/web", "a-web-1", "restart", "sim restart web", true})
}

func TestPromise29_NoJournalNoChange(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	b.journal.full = func(journal.Record) bool { return true }
	task := b.execute(b.confirmed("web"))
	if task.Outcome != core.OutcomeRefused || len(b.w.changed()) != 0 || b.gate.Sent() != 0 {
		t.Fatalf("%+v", task)
	}
	if s := task.Problem().Error(); !strings.Contains(s, "nothing was changed") || !strings.Contains(s, "no space left") {
		t.Fatal(s)
	}

	none := actions.New(actions.Options{Verbs: testVerbs(), Resolver: worlds{b.w}})
	_, err := none.Plan(t.Context(), "restart", []core.Ref{b.w.ref("web")}, nil)
	wantKind(t, err, core.Refused)
}

func TestPromise29_ARealJournalThatIsUnsafeStopsChangesAndSaysTheFix(t *testing.T) {
	w := newWorld("a", "web")
	dir := t.TempDir() // 0755: others can look in
	j, err := journal.Open(dir)
	if err == nil {
		t.Fatal("an open folder was taken")
	}
	e := actions.New(actions.Options{Verbs: testVerbs(), Resolver: worlds{w}, Journal: j})
	_, err = e.Plan(t.Context(), "restart", []core.Ref{w.ref("web")}, nil)
	wantKind(t, err, core.Refused)
	if !strings.Contains(err.Error(), "chmod 700 "+dir) {
		t.Fatal(err)
	}
}

func TestPromise29_AnOutcomeThatCannotBeRecordedIsSaid(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	b.journal.full = func(r journal.Record) bool { return r.Event == journal.Outcome }
	task := b.execute(b.confirmed("web"))
	if task.Outcome != core.OutcomeHealthy || task.Targets[0].Journal == nil {
		t.Fatalf("%+v", task)
	}
}
