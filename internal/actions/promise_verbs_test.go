package actions_test

import (
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// eachVerb runs f for every registered verb, and for an undo, each on a world
// of its own; plan makes the proposal.
func eachVerb(t *testing.T, f func(t *testing.T, b *bench, plan func() (*actions.Proposal, error))) {
	for _, verb := range append([]string{"undo"}, simVerbs...) {
		t.Run(verb, func(t *testing.T) {
			w := newWorld("a", "web")
			b := setUp(t, w)
			seen := []core.Ref{w.ref("web")}
			plan := func() (*actions.Proposal, error) { return b.Plan(t.Context(), verb, seen, minimal[verb]) }
			if verb == "undo" {
				id := b.do(core.VerbScale, "web").ID
				w.set(func() { w.sent = nil })
				b.journal.records = nil
				plan = func() (*actions.Proposal, error) { return b.Undo(t.Context(), id) }
			}
			f(t, b, plan)
		})
	}
}

func TestPromise12_EveryVerbReadsAfresh(t *testing.T) {
	eachVerb(t, func(t *testing.T, b *bench, plan func() (*actions.Proposal, error)) {
		p, err := plan()
		if err != nil {
			t.Fatal(err)
		}
		b.w.set(func() { b.w.down = true })
		_, err = plan()
		wantKind(t, err, core.Unreachable)
		_ = p.Accept()
		if task := b.finish(p); task.Outcome != core.OutcomeRefused || task.Problem().Kind != core.Unreachable {
			t.Fatalf("%+v", task)
		}
		b.w.set(func() { b.w.down = false })
		b.w.replace("web")
		if p.Verb.ID != core.VerbUndo { // which looks for what has the name now, and shows it
			_, err = plan()
			wantKind(t, err, core.Conflict)
		}
		b.w.set(func() { delete(b.w.uid, "web") })
		_, err = plan()
		wantKind(t, err, core.NotFound)
		if len(b.w.changed()) != 0 {
			t.Fatal("changed by what the screen showed")
		}
	})
}

func TestPromise24_EveryVerbAsksForMoreWithoutItsDryRun(t *testing.T) {
	eachVerb(t, func(t *testing.T, b *bench, plan func() (*actions.Proposal, error)) {
		for policy, want := range map[actions.Level]actions.Level{
			actions.Free: actions.Confirm, actions.Confirm: actions.Name, actions.Name: actions.Name, actions.Deny: actions.Deny,
		} {
			b.policy.Level = policy
			b.w.plan.Blind, b.w.plan.Preview = true, text.Lit("refused by a webhook")
			p, err := plan()
			if err != nil {
				t.Fatal(err)
			}
			if p.Level != want || p.Targets[0].Plan.Preview.Empty() && p.Verb.ID != core.VerbForward || p.Direct() {
				t.Errorf("%s became %s", policy, p.Level)
			}
		}
	})
}

func TestPromise29_EveryVerbIsRecordedBeforeItLeaves(t *testing.T) {
	eachVerb(t, func(t *testing.T, b *bench, plan func() (*actions.Proposal, error)) {
		run := func() actions.Task {
			p, err := plan()
			if err != nil {
				t.Fatal(err)
			}
			_ = p.Accept()
			return b.finish(p)
		}
		before := b.gate.Sent()
		b.journal.full = func(journal.Record) bool { return true }
		if task := run(); task.Outcome != core.OutcomeRefused || b.gate.Sent() != before {
			t.Fatalf("changed without a journal: %+v", task)
		}
		b.journal.full = nil
		b.journal.seen = func(r journal.Record) {
			if sent := b.gate.Sent() - before; sent != map[string]int64{journal.Intent: 0, journal.Outcome: 1}[r.Event] {
				t.Errorf("%d requests had left at the %s", sent, r.Event)
			}
		}
		task := run()
		wantString(t, []any{task.Outcome, b.gate.Sent() - before, b.journal.events()}, []any{core.OutcomeHealthy, 1, "intent outcome healthy "})
		for _, r := range b.journal.records {
			if r.User != "kim" || r.Host != "desk" || r.PID == 0 || r.Instance != "sim:a" || r.Ref != "box/ns/web" || r.Verb == "" || r.Time.IsZero() {
				t.Errorf("who, where, what: %+v", r)
			}
		}
	})
}
