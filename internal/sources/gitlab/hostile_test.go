package gitlab

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	"devops-tui/internal/text/texttest"
	sim "devops-tui/test/sim"
	world "devops-tui/test/sim/gitlab"
)

// poison is what a name must never do to a terminal.
const poison = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066\r\n\x00\x1bP1$r\x1b\\\x1b]52;c;ZXZpbA==\x07"

// poisoned answers as w, with poison in every text but those whose name is kept.
func poisoned(w http.Handler, kept ...string) http.Handler {
	var spoil func(v any, key string) any
	spoil = func(v any, key string) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = spoil(v[k], k)
			}
			return v
		case []any:
			for i := range v {
				v[i] = spoil(v[i], key)
			}
			return v
		case string:
			for _, k := range kept {
				if k == key {
					return v
				}
			}
			if strings.HasSuffix(key, "_at") {
				return v
			}
			return v + poison
		}
		return v
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		r.Header.Del("If-None-Match")
		w.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		var v any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if d.Decode(&v) == nil && v != nil {
			body, _ = json.Marshal(spoil(v, ""))
		}
		for k, x := range rec.Header() {
			rw.Header()[k] = x
		}
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(body)
	})
}

func clean(t *testing.T, what string, v any) int {
	t.Helper()
	all := sourcetest.Drawn(v)
	for _, s := range all {
		if bad := texttest.Violations(s); len(bad) > 0 || strings.ContainsAny(s, "\x1b\x07\x00\u202e\u2066\r\n") {
			t.Errorf("%s: %q: %v", what, s, bad)
		}
	}
	return len(all)
}

func TestHostileMetadata(t *testing.T) {
	for name, kept := range map[string][]string{
		"names":      {"status", "web_url", "path_with_namespace", "default_branch", "state", "sha", "id", "when", "source", "failure_reason"},
		"everything": nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := world.New(world.Options{})
			p := w.AddProject(shop)
			p.CIYAML = "variables:\n  \"TARGET" + "\": {description: \"\\e]0;owned\\a\\u202e\", value: \"\\e[2J\", options: [\"\\e[2J\", b]}\n"
			w.Schedule(shop, "nightly"+poison, "main", map[string]string{"NIGHT": poison})
			w.Environment(shop, "production", "javascript:alert(1)")
			b := &bench{World: w, gate: &sources.Gate{}}
			b.server = sim.Start(t, poisoned(w, kept...), sim.Options{})
			b.src = sourceAt(t, b.server.URL, b.gate, shop)
			spec := standard("Title" + poison)
			spec.Author, spec.Name, spec.YAMLError = "Ana"+poison, "n"+poison, ""
			spec.Variables = map[string]string{"A" + poison: "b"}
			spec.Jobs[1].Name, spec.Jobs[1].Stage = "unit"+poison, "test"+poison
			id := b.Push(shop, spec)
			b.SetJob(b.JobID(id, "build"), "success", "")
			unit := b.JobID(id, "unit"+poison)
			b.SetJob(unit, "running", "")
			b.Log(unit, "section_start:1700000000:a"+poison+"\r\x1b[0K"+poison+"\nError: "+poison+"\n")
			b.SetJob(unit, "failed", "odd_reason"+poison)
			b.Report(id, "Test"+poison)
			good := b.Push(shop, world.Spec{Title: "Deploy" + poison, Jobs: []world.JobSpec{{Name: "deploy", Stage: "deploy", Environment: "production"}}})
			b.Finish(good, "success")
			rec := b.follow(t, core.Interest{Kinds: []string{"run", "environment", "workflow"}, Shown: []core.Ref{runRef(id)}})
			until(t, "rows", func() bool { return rec.Listed("run") && rec.Listed("environment") && len(rec.Rows("run")) == 2 })
			seen := 0
			for _, k := range []string{"run", "environment", "workflow"} {
				for _, x := range rec.Rows(k) {
					seen += clean(t, "row", x)
					if x.Facts != nil && x.Facts.URL != "" && !strings.HasPrefix(x.Facts.URL, "http") {
						t.Errorf("address %q", x.Facts.URL)
					}
				}
			}
			ctx := t.Context()
			refs := []core.Ref{runRef(id), jobRef(id, unit, "unit"), kindRef("workflow", "ci"), kindRef("environment", "production")}
			for _, ref := range refs {
				x, err := b.src.Get(ctx, ref)
				seen += clean(t, "get", x) + clean(t, "problem", b.src.Problem(err))
				d, _ := b.src.Describe(ctx, ref)
				ev, _ := b.src.Events(ctx, ref)
				h, _ := b.src.History(ctx, ref)
				ex, _ := b.src.Explain(ctx, ref)
				seen += clean(t, "describe", d) + clean(t, "events", ev) + clean(t, "history", h) + clean(t, "explain", ex)
				for _, verb := range core.Verbs() {
					f, err := b.src.Form(ctx, verb, ref)
					seen += clean(t, "form", f) + clean(t, "form's problem", b.src.Problem(err))
					if x != nil {
						seen += clean(t, "disabled", b.src.Disabled(verb, x))
					}
				}
				for _, plan := range []func() (*core.Operation, error){
					func() (*core.Operation, error) { return b.src.PlanDeploy(ctx, ref, core.Deploy{}) },
					func() (*core.Operation, error) { return b.src.PlanRerun(ctx, ref, core.Rerun{FailedOnly: true}) },
					func() (*core.Operation, error) { return b.src.PlanRerun(ctx, ref, core.Rerun{}) },
					func() (*core.Operation, error) { return b.src.PlanCancel(ctx, ref, core.Cancel{}) },
					func() (*core.Operation, error) { return b.src.PlanApprove(ctx, ref, core.Verdict{}) },
					func() (*core.Operation, error) { return b.src.PlanReject(ctx, ref, core.Verdict{}) },
					func() (*core.Operation, error) { return b.src.PlanRollback(ctx, ref, core.Rollback{}) },
					func() (*core.Operation, error) { return b.src.PlanDelete(ctx, ref, core.Removal{}) },
				} {
					op, err := plan()
					seen += clean(t, "problem", b.src.Problem(err))
					if op != nil {
						seen += clean(t, "plan", op.Plan)
					}
				}
			}
			o, err := b.src.Outline(ctx, runRef(id))
			if err != nil && name == "names" {
				t.Errorf("outline: %v", err)
			}
			seen += clean(t, "outline", o)
			logs := &sourcetest.Logs{}
			_ = b.src.Tail(ctx, core.LogRequest{Ref: runRef(id), Tail: -1}, logs)
			for _, l := range logs.All() {
				seen += clean(t, "log", l)
				seen += clean(t, "origin", l.Origin)
			}
			seen += clean(t, "doctor", b.src.Diagnose(ctx))
			if seen < 200 {
				t.Errorf("only %d texts were seen", seen)
			}
			t.Logf("%d texts", seen)
		})
	}
}

// The token stands in the header of requests only.
func TestTheTokenIsShownNowhere(t *testing.T) {
	w := world.New(world.Options{Empty: true})
	w.AddUser("kim", "Kim")
	w.SetToken(canary, world.Token{User: "kim", Scopes: []string{"api"}})
	w.AddProject(shop)
	echo := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/jobs/1") { // a server that says what it was told
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write([]byte(`{"message":"bad token ` + r.Header.Get("PRIVATE-TOKEN") + `"}`))
			return
		}
		w.ServeHTTP(rw, r)
	})
	s := sim.Start(t, echo, sim.Options{})
	src := sourceWith(t, s.URL, credential.Value(text.Lit("TEST"), canary))
	b := &bench{World: w, server: s, src: src, gate: &sources.Gate{}}
	id := b.Push(shop, standard("x"))
	var said strings.Builder
	note := func(v any, err error) {
		said.WriteString(strings.Join(sourcetest.Drawn(v), "\n"))
		if err != nil {
			said.WriteString(err.Error() + src.Problem(err).Error())
		}
	}
	op, err := src.PlanCancel(t.Context(), runRef(id), core.Cancel{})
	if err != nil {
		t.Fatal(err)
	}
	note(op.Plan, nil)
	x, err := src.Get(t.Context(), jobRef(id, b.JobID(id, "build"), "build"))
	note(x, err)
	if err == nil {
		t.Error("no error to look at")
	}
	note(src.Diagnose(t.Context()), nil)
	w.SetToken(canary, world.Token{User: "kim", Revoked: true})
	x, err = src.Get(t.Context(), runRef(id))
	note(x, err)
	s.Stop()
	x, err = src.Get(t.Context(), runRef(id))
	note(x, err)
	if strings.Contains(said.String(), canary) {
		t.Errorf("the token is in: %s", said.String())
	}
	for _, r := range s.Requests() {
		if strings.Contains(r.Path+r.Query+string(r.Body), canary) {
			t.Errorf("the token is in %s %s", r.Method, r.Path)
		}
	}
}
