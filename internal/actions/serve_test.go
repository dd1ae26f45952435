package actions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

func TestServeGoesOnUntilTheUserEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "a", "b", "c", "d", "e", "f")
		b := setUp(t, w)
		b.policy.Level = actions.Free
		w.serve = func(ctx context.Context, out core.Output) error {
			out.Progress(core.Progress{Text: text.Lit("127.0.0.1:8080 leads to 80")})
			<-ctx.Done()
			return ctx.Err()
		}
		p := b.planned(core.VerbForward, "a", "b", "c", "d", "e", "f")
		_ = p.Accept()
		id, err := b.Start(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour) // longer than every limit
		synctest.Wait()
		task, _ := b.Task(id)
		for _, x := range task.Targets {
			if x.Step != actions.Serving || x.Progress.Text.Empty() {
				t.Fatalf("%+v", x)
			}
		}
		if b.Running() != 1 || task.Done() {
			t.Fatal("a port-forward does not count as running")
		}
		b.do(core.VerbScale, "a") // and delays nothing else
		b.StopWaiting(id)
		task, _ = b.Wait(t.Context(), id)
		wantString(t, []any{task.Outcome, task.Stopped, task.Problem() == nil, task.Undoable()}, []any{core.OutcomeHealthy, true, true, false})
		wantString(t, strings.Count(b.journal.events(), "outcome healthy"), 7)

		// What cannot go on has failed; what never began was refused.
		for err, want := range map[error]core.Outcome{
			errors.New("broken pipe"):                        core.OutcomeFailed,
			&core.Problem{Kind: core.Forbidden}:              core.OutcomeRefused,
			fmt.Errorf("port-forward: %w", core.ErrReadOnly): core.OutcomeRefused,
		} {
			w.serve = func(context.Context, core.Output) error { return err }
			if task := b.do(core.VerbForward, "a"); task.Outcome != want || task.Problem() == nil {
				t.Errorf("%v: %s", err, task.Outcome)
			}
		}
	})
}

func TestCloseEndsWhatServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "web")
		b := setUp(t, w)
		w.serve = func(ctx context.Context, _ core.Output) error { <-ctx.Done(); return nil }
		p := b.planned(core.VerbForward, "web")
		_ = p.Accept()
		if _, err := b.Start(p, nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.Close(t.Context())
		wantString(t, b.journal.events(), "intent outcome healthy ")
	})
}

func TestAttachConnectsATerminalAndTellsTheExitCode(t *testing.T) {
	w := newWorld("a", "web", "db")
	b := setUp(t, w)
	w.session = func(ctx context.Context, term core.Terminal) error {
		if err := b.gate.Check(ctx, "exec"); err != nil {
			return err
		}
		in, _ := io.ReadAll(term.In)
		fmt.Fprintf(term.Out, "you said %s", in)
		return &core.ExitError{Code: 3}
	}
	p := b.planned(core.VerbShell, "web")
	var out bytes.Buffer
	term := core.Terminal{In: strings.NewReader("hunter2"), Out: &out, Err: &out}
	if _, err := b.Attach(t.Context(), p, term); !errors.Is(err, actions.ErrNotConfirmed) {
		t.Fatal(err)
	}
	_ = p.Accept()
	_, err := b.Start(p, nil)
	wantKind(t, err, core.Invalid)
	task, err := b.Attach(t.Context(), p, term)
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, []any{out.String(), task.Outcome, task.Targets[0].Exit}, []any{"you said hunter2", core.OutcomeHealthy, 3})
	wantString(t, b.journal.events(), "intent outcome healthy ")
	if strings.Contains(fmt.Sprintf("%+v", b.journal.records), "hunter2") {
		t.Fatal("the journal has what was typed")
	}
	if _, err := b.Attach(t.Context(), p, term); !errors.Is(err, actions.ErrSpent) {
		t.Fatal(err)
	}

	// The end of ctx ends the session.
	w.session = func(ctx context.Context, _ core.Terminal) error { <-ctx.Done(); return ctx.Err() }
	p = b.planned(core.VerbShell, "web")
	_ = p.Accept()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if task, err = b.Attach(ctx, p, term); err != nil || len(w.changed()) > 2 {
		t.Fatal(task, err)
	}
	// Not two at once, and nothing that is no session.
	two := b.planned(core.VerbShell, "web", "db")
	_ = two.Accept()
	_, err = b.Attach(t.Context(), two, term)
	wantKind(t, err, core.Invalid)
	_, err = b.Attach(t.Context(), b.confirmed("web"), term)
	wantKind(t, err, core.Invalid)
}

func TestDirectAsksNothingWherePolicyIsFree(t *testing.T) {
	w := newWorld("a", "web", "db")
	b := setUp(t, w)
	b.policy.Level = actions.Free
	p := b.planned(core.VerbShell, "web")
	if !p.Direct() || p.AcceptDirect() != nil {
		t.Fatal("a shell asks though policy is free")
	}
	b.finish(p)
	wantString(t, b.journal.records[0].Policy.Confirmed, "direct")
	if err := p.AcceptDirect(); !errors.Is(err, actions.ErrSpent) {
		t.Fatal(err)
	}
	if p := b.planned(core.VerbShell, "web", "db"); p.Direct() {
		t.Error("two at once")
	}
	if p := b.planned("restart", "web"); p.Direct() || p.AcceptDirect() == nil {
		t.Error("a change asks nothing")
	}
	debug, err := b.Plan(t.Context(), core.VerbShell, []core.Ref{w.ref("web")}, actions.Params{"debug": "busybox"})
	if err != nil || debug.Direct() {
		t.Error("a debug container is a change without a preview", err)
	}
	for _, level := range []actions.Level{actions.Confirm, actions.Name, actions.Deny} {
		b.policy.Level = level
		if p := b.planned(core.VerbShell, "web"); p.Direct() || p.AcceptDirect() == nil {
			t.Errorf("direct at %s", level)
		}
	}
}

func TestOutputIsKeptAndBounded(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	p := b.confirmed("web")
	w.talk = func(out core.Output) {
		for i := range actions.OutputLines*3 + 7 {
			out.Line(text.Sprintf("line %d", i).Line())
		}
		out.Progress(core.Progress{Done: 1, Total: 2})
	}
	seen := 0
	task, err := b.Execute(t.Context(), p, func(x actions.Task) { seen = max(seen, x.Targets[0].Lines) })
	if err != nil {
		t.Fatal(err)
	}
	lines := b.Output(task.ID, 0)
	total := actions.OutputLines*3 + 7
	wantString(t, []any{len(lines), lines[0].String(), lines[len(lines)-1].String(), task.Targets[0].Lines, seen},
		[]any{actions.OutputLines, fmt.Sprintf("line %d", total-actions.OutputLines), fmt.Sprintf("line %d", total-1), total, total})
	if b.Output(task.ID, 1) != nil || b.Output(task.ID, -1) != nil || b.Output("x", 0) != nil {
		t.Fatal("output of nothing")
	}
	long := text.CleanLine(strings.Repeat("x", 60<<10)) // not more than 4 MiB of them
	w.talk = func(out core.Output) {
		for range 200 {
			out.Line(long)
		}
	}
	if n := len(b.Output(b.execute(b.confirmed("web")).ID, 0)); n < 60 || n > 70 {
		t.Fatalf("%d long lines are kept", n)
	}
}

func TestAnOperationHasItsOwnLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "web")
		slow := func(ctx context.Context, _ sources.Source, ref core.Ref, _ actions.Params) (*core.Operation, error) {
			op := w.operation("restart", ref)
			op.SendLimit, op.VerifyLimit = time.Hour, 2*time.Hour
			op.Execute = func(ctx context.Context, _ core.Output) error { <-ctx.Done(); return nil }
			op.Verify = func(ctx context.Context, _ func(core.Progress)) (core.Outcome, error) {
				<-ctx.Done()
				return core.OutcomeUnknown, ctx.Err()
			}
			return op, nil
		}
		e := actions.New(actions.Options{
			Verbs:    []actions.Verb{{ID: "restart", Title: text.Lit("restart"), Disabled: nothing, Plan: slow}},
			Resolver: worlds{w}, Journal: &memory{},
		})
		p, err := e.Plan(t.Context(), "restart", []core.Ref{w.ref("web")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Accept()
		start := time.Now()
		task, err := e.Execute(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantString(t, []any{time.Since(start), task.Problem().Summary}, []any{3 * time.Hour, "not healthy after 2h0m0s"})
	})
}
