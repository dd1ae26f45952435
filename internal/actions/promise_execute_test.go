package actions_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

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
			client := &http.Client{Transport: b.gate.Transport(server.Client().Transport, sources.Traffic{})}
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
