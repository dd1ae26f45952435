package jenkins

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	"devops-tui/internal/text/texttest"
	"devops-tui/test/sim"
	simulator "devops-tui/test/sim/jenkins"
)

// poison is what a name, a message or a line may hold.
const poison = "p\x1b]0;owned\x07\x1b[2J\x1b[31m\u202e\u200b\xd6\x1b\r\nq\x9b5n\x00"

// everything asks the source for all that it can tell, and plans all that it can do.
func everything(b *bench, refs []core.Ref) []any {
	b.Helper()
	var out []any
	keep := func(v any, err error) {
		if err != nil {
			out = append(out, b.problem(err), text.Error(err))
			return
		}
		out = append(out, v)
	}
	for _, ref := range refs {
		r, err := b.src.Get(b.Context(), ref)
		keep(r, err)
		d, err := b.src.Describe(b.Context(), ref)
		keep(d, err)
		h, err := b.src.History(b.Context(), ref)
		keep(h, err)
		ev, err := b.src.Events(b.Context(), ref)
		keep(ev, err)
		o, err := b.src.Outline(b.Context(), ref)
		keep(o, err)
		ex, err := b.src.Explain(b.Context(), ref)
		keep(ex, err)
		logs := &sourcetest.Logs{}
		keep(logs.All(), b.src.Tail(b.Context(), core.LogRequest{Ref: ref, Tail: -1}, logs))
		out = append(out, logs.All())
		for _, verb := range core.Verbs() {
			f, err := b.src.Form(b.Context(), verb, ref)
			keep(f, err)
			if r != nil {
				out = append(out, b.src.Disabled(verb, r))
			}
		}
		for _, plan := range []func() (*core.Operation, error){
			func() (*core.Operation, error) { return b.src.PlanDeploy(b.Context(), ref, core.Deploy{}) },
			func() (*core.Operation, error) { return b.src.PlanRerun(b.Context(), ref, core.Rerun{}) },
			func() (*core.Operation, error) {
				return b.src.PlanRerun(b.Context(), ref, core.Rerun{Options: map[string]string{"replay": "true"}})
			},
			func() (*core.Operation, error) { return b.src.PlanRollback(b.Context(), ref, core.Rollback{}) },
			func() (*core.Operation, error) { return b.src.PlanCancel(b.Context(), ref, core.Cancel{Force: true}) },
			func() (*core.Operation, error) { return b.src.PlanApprove(b.Context(), ref, core.Verdict{}) },
			func() (*core.Operation, error) { return b.src.PlanReject(b.Context(), ref, core.Verdict{}) },
		} {
			op, err := plan()
			if err == nil {
				keep(op.Plan, nil)
				continue
			}
			keep(nil, err)
		}
	}
	return append(out, b.src.Diagnose(b.Context()))
}

// poisoned is a world with poison, or a canary, in every field.
func poisoned(b *bench, bad string, secrets bool) []core.Ref {
	bad = strings.ToValidUTF8(bad, "\u009b") // the API is JSON: it has no other text
	name := strings.ReplaceAll("job"+bad, "/", "_")
	params := []simulator.Param{
		{Name: "VERSION", Kind: simulator.String, Default: bad, Help: bad},
		{Name: "CHOICE" + bad, Kind: simulator.Choice, Choices: []string{bad, "b"}},
	}
	if secrets {
		name = "job"
		params = []simulator.Param{
			{Name: "VERSION", Kind: simulator.String, Default: "1"},
			{Name: "PASS", Kind: simulator.Password, Default: bad},
			{Name: "DEPLOY_TOKEN", Kind: simulator.String, Default: bad},
		}
	}
	foreign := bad
	if secrets {
		foreign = "plain"
	}
	j := b.w.Pipeline(strings.ReplaceAll("folder"+foreign, "/", "_")+"/"+name, params...)
	j.Repo = "https://host/" + foreign
	j.Describe(foreign)
	start := func() *simulator.Build {
		x := j.Start(simulator.Start{By: "kim", Commit: foreign, Branch: foreign, Node: "n" + foreign, Changes: []simulator.Commit{{SHA: foreign, Message: foreign, Author: foreign}}})
		x.Describe(foreign)
		x.Stage("Stage" + foreign)
		x.Log("error: " + foreign + "\n")
		return x
	}
	start().End("SUCCESS")
	start().Fail(foreign)
	x := start()
	x.Ask(simulator.Input{ID: "Id", Message: foreign, OK: foreign, Params: params})
	q := j.Enqueue(simulator.Start{By: "kim"}, foreign)
	ns, base := split(j.Path())
	refs := []core.Ref{b.src.ref("workflow", ns, base, "")}
	for _, n := range []string{"1", "2", "3", "queue-" + itoa(q.ID()), "2/Stage" + foreign} {
		kind := "run"
		if strings.Contains(n, "Stage") {
			kind = "job"
		}
		refs = append(refs, b.src.ref(kind, ns, base+"/"+n, ""))
	}
	return refs
}

// acts reports whether a rune does something instead of being seen.
func acts(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u200b' }

func check(t *testing.T, all []any) (n int) {
	t.Helper()
	got := sourcetest.Drawn(all)
	for _, s := range got {
		if v := texttest.Violations(s); len(v) > 0 || strings.ContainsFunc(s, acts) {
			t.Errorf("%q: %v", s, v)
		}
	}
	return len(got)
}

func TestHostileMetadata(t *testing.T) {
	b := newBench(t, simulator.Options{Users: []simulator.User{{ID: "kim", Name: "Kim" + poison, Token: token}}})
	refs := poisoned(b, poison, false)
	rec := b.run(core.Interest{Kinds: []string{"run", "workflow"}, Shown: refs})
	b.until("listed", func() bool { return len(rec.Rows("run")) == 4 && len(rec.Rows("workflow")) == 1 })
	all := everything(b, refs)
	for _, kind := range []string{"run", "workflow"} {
		for _, r := range rec.Rows(kind) {
			all = append(all, r)
		}
	}
	if n := check(t, all); n < 300 {
		t.Errorf("only %d texts were looked at", n)
	}
	// A server that answers with poison, and with nonsense.
	for _, body := range []string{"<html><body>" + poison + "</body></html>", `{"jobs":[{"name":"..","color":"blue"},{"name":"","color":"x"},null]}`, `[]`, `{"jobs":"x"}`, ""} {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 409, 500} {
			b.srv.Fail(nil, sim.Fault{Status: status, Header: http.Header{"Content-Type": {"text/html"}, "X-Jenkins": {poison}, "Retry-After": {"0"}}, Body: body}, -1)
			_, err := b.src.Get(t.Context(), refs[1])
			if err == nil {
				continue
			}
			check(t, []any{b.problem(err), text.Error(err)})
			b.srv.Heal()
		}
	}
}

func TestSecretsStayInside(t *testing.T) {
	const canary = "canary-5f3e9a"
	b := newBench(t, simulator.Options{Users: []simulator.User{{ID: "kim", Token: token, Password: password}}})
	refs := poisoned(b, canary, true)
	for _, secretValue := range []string{token, password} {
		b.src = b.source(t, b.gate, "kim", secretValue)
		rec := b.run(core.Interest{Kinds: []string{"run", "workflow"}, Shown: refs})
		b.until("listed", func() bool { return len(rec.Rows("run")) == 4 })
		all := everything(b, refs)
		for _, kind := range []string{"run", "workflow"} {
			for _, r := range rec.Rows(kind) {
				all = append(all, r)
			}
		}
		// A server, or what stands before it, that says what it was told.
		for _, status := range []int{400, 401, 403, 500} {
			b.srv.Fail(nil, sim.Fault{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><body>you sent " + secretValue + " for kim:" + secretValue + "</body></html>"}, 1)
			_, err := b.src.Get(t.Context(), refs[1])
			all = append(all, b.problem(err), fmt.Sprintf("%v %+v", err, err))
			b.srv.Heal()
		}
		said := fmt.Sprintf("%+v", all)
		said += strings.Join(sourcetest.Drawn(all), "\n")
		for _, x := range []string{canary, secretValue} {
			if i := strings.Index(said, x); i >= 0 {
				t.Errorf("%s is in what is shown: …%s…", x, said[max(0, i-200):i+len(x)])
			}
		}
	}
	// A password that is given is neither planned nor sent.
	_, err := b.src.PlanDeploy(t.Context(), refs[0], core.Deploy{Inputs: map[string]string{"DEPLOY_TOKEN": "typed"}})
	b.refused(err, core.Refused, "DEPLOY_TOKEN")
}

// TestTokenStaysAtItsHost: redirects elsewhere and odd names take no credential
// along, and lead nowhere else.
func TestTokenStaysAtItsHost(t *testing.T) {
	b := newBench(t, simulator.Options{})
	b.w.Freestyle("plain").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	other := sim.Start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }), sim.Options{})
	b.srv.Fail(nil, sim.Fault{Redirect: other.URL + "/steal"}, -1)
	_, _ = b.src.Get(t.Context(), b.ref("run", "", "plain/1"))
	_ = b.src.Tail(t.Context(), core.LogRequest{Ref: b.ref("run", "", "plain/1"), Tail: 1}, &sourcetest.Logs{})
	for _, r := range other.Requests() {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("%s was given %v", r.Path, r.Header)
		}
	}
	b.srv.Heal()
	b.srv.Reset()
	for _, name := range []string{"..", ".", "a?b", "a#b", "a%2fb", "a\r\nHost: x", "a b", "ä"} {
		_, _ = b.src.Get(context.Background(), b.ref("run", name, name+"/1"))
		_, _ = b.src.Find(context.Background(), "run", name+"/"+name+"/1")
	}
	for _, r := range b.srv.Requests() {
		if !strings.HasPrefix(r.Path, "/jenkins/job/") || strings.Contains(r.Path, "/../") || r.Query != "" && !strings.HasPrefix(r.Query, "tree=") {
			t.Errorf("%s?%s", r.Path, r.Query)
		}
	}
}

func TestReadOnlySendsNothing(t *testing.T) {
	b := newBench(t, simulator.Options{})
	refs := poisoned(b, "x", false)
	b.gate.SetReadOnly(true)
	sent := 0
	for _, ref := range refs {
		for _, plan := range []func() (*core.Operation, error){
			func() (*core.Operation, error) { return b.src.PlanDeploy(t.Context(), ref, core.Deploy{}) },
			func() (*core.Operation, error) { return b.src.PlanRerun(t.Context(), ref, core.Rerun{}) },
			func() (*core.Operation, error) { return b.src.PlanRollback(t.Context(), ref, core.Rollback{}) },
			func() (*core.Operation, error) { return b.src.PlanCancel(t.Context(), ref, core.Cancel{}) },
			func() (*core.Operation, error) { return b.src.PlanApprove(t.Context(), ref, core.Verdict{}) },
			func() (*core.Operation, error) { return b.src.PlanReject(t.Context(), ref, core.Verdict{}) },
		} {
			op, err := plan()
			if err != nil {
				continue
			}
			sent++
			if err := op.Execute(sources.PermitFor(t.Context(), op.Plan.Target), sources.Quiet); b.problem(err).Kind != core.Refused {
				t.Errorf("%s: %v", op.Plan.Title, err)
			}
		}
	}
	if n := len(b.srv.Mutations()); n != 0 || sent < 6 {
		t.Errorf("%d changing requests of %d plans while read-only", n, sent)
	}
}
