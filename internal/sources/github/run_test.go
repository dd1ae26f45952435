package github

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/testkit"
	"devops-tui/internal/text"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

// watched is a source that runs, and what it told.
func watched(t *testing.T, s *Source, want core.Interest) *watch {
	t.Helper()
	r := &watch{Recorder: sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)}
	s.Want(want)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, r) }()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, b := range r.Breaches() {
			t.Error("contract:", b)
		}
	})
	return r
}

type watch struct{ *sourcetest.Recorder }

func (w *watch) listed(t *testing.T, kind string) {
	t.Helper()
	testkit.PollTrue(t, 20*time.Second, kind+" listed", func() bool { return w.Listed(kind) })
}

func (w *watch) says(t *testing.T, kind string, parts ...string) *core.Problem {
	t.Helper()
	var p *core.Problem
	testkit.PollTrue(t, 20*time.Second, fmt.Sprintf("%s says %v", kind, parts), func() bool {
		p = w.Problem(kind)
		for _, part := range parts {
			if p == nil || !strings.Contains(p.Error(), part) {
				return false
			}
		}
		return p != nil
	})
	return p
}

func TestOneRepositoryFailsAndOthersGoOn(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	secret := w.AddRepo("acme/secret")
	secret.AddWorkflow("ci.yml", simgithub.CI)
	secret.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	secret.Forbid(true)
	s := w.with(t, nil, testToken, func(h *host) { h.patterns = []string{"acme/secret", "acme/shop", "acme/gone"} })
	r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
	r.listed(t, kindRun)
	p := r.says(t, kindRun, "2 repositories cannot be read, acme/gone", "github.com has no acme/gone")
	if p.Kind != core.NotFound {
		t.Errorf("%v", p)
	}
	if n := len(r.Rows(kindRun)); n != 1 {
		t.Errorf("%d rows", n)
	}
	secret.Forbid(false)
	w.AddRepo("acme/gone")
	s.Wake()
	testkit.PollTrue(t, 10*time.Second, "all is well after r", func() bool { return r.Problem(kindRun) == nil && len(r.Rows(kindRun)) == 2 })
}

func TestAnExpiredTokenIsTold(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.Expire(testToken, true)
	s := w.source(t)
	r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
	p := r.says(t, kindRun, "does not accept the token", "Bad credentials", "gh auth refresh --hostname github.com")
	if p.Kind != core.Unauthorized {
		t.Errorf("%v", p)
	}
	_, err := s.Probe(t.Context())
	problem(t, s, err, core.Unauthorized, "Bad credentials", "token from TEST_TOKEN")
	_, err = s.PlanRerun(t.Context(), runRef(w.red(), "ci"), core.Rerun{})
	problem(t, s, err, core.Unauthorized)
}

func TestRateLimits(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.Exhaust(testToken, 0, 30*time.Minute)
	s := w.source(t)
	r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
	if p := r.says(t, kindRun, "request limit is reached", "goes on by itself at"); p.Kind != core.Throttled {
		t.Errorf("%v", p)
	}
	n := len(w.api.Requests())
	_, err := s.Outline(t.Context(), core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: "acme/shop", Name: "ci/1", UID: "5"})
	problem(t, s, err, core.Throttled, "request limit is reached", "goes on by itself at")
	if now := len(w.api.Requests()); now != n {
		t.Errorf("%d requests left while the limit was used up", now-n)
	}
	second := w.source(t)
	w.Exhaust(testToken, 5000, time.Hour)
	w.Secondary(1, 40*time.Second)
	_, err = second.Outline(t.Context(), core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: "acme/shop", Name: "ci/1", UID: "5"})
	problem(t, second, err, core.Throttled)
	if b := second.client.Budget(); time.Until(b.Held) < 30*time.Second {
		t.Errorf("Retry-After is not kept: held until %s", b.Held)
	}
}

// TestTheLastTenthIsTheUsers: polls stop, what is opened goes on.
func TestTheLastTenthIsTheUsers(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	w.Exhaust(testToken, 400, time.Hour)
	s := w.source(t)
	if _, err := s.Outline(t.Context(), runRef(run, "ci")); err != nil {
		t.Fatal(err)
	}
	r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
	r.says(t, kindRun, "kept for you")
	if _, err := s.Describe(t.Context(), runRef(run, "ci")); err != nil {
		t.Errorf("what a user opens: %v", err)
	}
}

func TestWithoutAToken(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	run := w.red()
	s := w.with(t, nil, "", func(h *host) { h.conf = HostConfig{} })
	r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
	r.listed(t, kindRun)
	row := r.Find(runRef(run, "ci"))
	if row == nil {
		t.Fatal("a public repository is not read")
	}
	for _, verb := range s.Info().Kinds[0].Verbs {
		if why := s.Disabled(verb, row); !strings.Contains(why.String(), "no token") {
			t.Errorf("%s: %q", verb, why)
		}
	}
	err := s.Tail(t.Context(), core.LogRequest{Ref: row.Ref, Tail: -1}, &sourcetest.Logs{})
	problem(t, s, err, core.Unauthorized, "wants a token", "GH_TOKEN")
}

func TestScopesAreKnown(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	run := w.red()
	w.AddToken("weak", "lee", "read:user")
	w.AddFineGrained("reader-token", "lee", false)
	weak := w.with(t, nil, "weak", nil)
	row, err := weak.Get(t.Context(), runRef(run, "ci"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := weak.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := weak.Disabled(core.VerbRerun, row); !strings.Contains(why.String(), "lacks the scope repo") {
		t.Errorf("%q", why)
	}
	fine := w.with(t, nil, "reader-token", nil)
	if _, err := fine.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := fine.Disabled(core.VerbRerun, row); !why.Empty() {
		t.Errorf("a fine-grained token tells nothing: %q", why)
	}
	op, err := fine.PlanRerun(t.Context(), runRef(run, "ci"), core.Rerun{})
	if err != nil {
		t.Fatal(err)
	}
	problem(t, fine, op.Execute(permitted(t), nil), core.Forbidden, "not accessible", "actions=write")
}

func TestPatternsStandForRepositories(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	for i := range 3 {
		r := w.AddRepo(fmt.Sprintf("acme/svc-%d", i))
		r.AddWorkflow("ci.yml", simgithub.CI)
		r.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	}
	s := w.with(t, nil, testToken, func(h *host) { h.patterns = []string{"acme/svc-*"} })
	r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
	r.listed(t, kindRun)
	if n := len(r.Rows(kindRun)); n != 3 {
		t.Errorf("%d rows when it is listed", n)
	}
	w.RemoveRepo("acme/svc-1")
	extra := w.AddRepo("acme/svc-9")
	extra.AddWorkflow("ci.yml", simgithub.CI)
	run := extra.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	s.Wake()
	testkit.PollTrue(t, 10*time.Second, "the new repository, not the old one", func() bool {
		return len(r.Rows(kindRun)) == 3 && r.Find(core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: "acme/svc-9", Name: "ci/1", UID: id(run.ID)}) != nil
	})
}

func TestRowsTellWhatWaitsAndWhoStarted(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	ref := runRef(w.waiting(), "deploy")
	mine := w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Actor: "kim"})
	mine.Advance()
	old := w.red()
	once := watched(t, w.source(t), core.Interest{Kinds: []string{kindRun}})
	once.listed(t, kindRun)
	if row := once.Find(ref); row == nil || len(row.Facts.Waits) != 1 {
		t.Errorf("a complete list does not tell what waits: %+v", row)
	}
	s := w.source(t)
	r := watched(t, s, core.Interest{Kinds: []string{kindEnvironment, kindRun, kindWorkflow}, Shown: []core.Ref{runRef(mine, "ci"), runRef(old, "ci")}})
	testkit.PollTrue(t, 20*time.Second, "the stages of a finished run in sight", func() bool {
		row := r.Find(runRef(old, "ci"))
		return row != nil && row.Cells[7].Num == 2002 && row.Cells[7].Text.String() == "test"
	})
	testkit.PollTrue(t, 20*time.Second, "the gate in the row", func() bool {
		row := r.Find(ref)
		return row != nil && row.Facts != nil && len(row.Facts.Waits) == 1 && row.Facts.Waits[0] == text.Lit("approval for production")
	})
	testkit.PollTrue(t, 20*time.Second, "mine and its stage", func() bool {
		row := r.Find(runRef(mine, "ci"))
		return row != nil && row.Cells[12].Text.String() == "yes" && row.Cells[7].Num == 2000 && row.Cells[7].Text.String() == "build"
	})
	r.listed(t, kindWorkflow)
	r.listed(t, kindEnvironment)
	if n := len(r.Rows(kindWorkflow)); n != 2 {
		t.Errorf("%d workflows", n)
	}
	env := r.Rows(kindEnvironment)
	if len(env) != 1 || env[0].Phase != core.Pending || env[0].Reason.String() != "queued" {
		t.Errorf("%+v", env)
	}
	s.Want(core.Interest{Kinds: []string{kindRun}})
	testkit.PollTrue(t, 10*time.Second, "what nobody wants is forgotten", func() bool { return len(r.Rows(kindEnvironment)) == 0 })
}

// TestOurOwnChangeIsSeenAtOnce: nobody waits for the next poll of a quiet list.
func TestOurOwnChangeIsSeenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := many(1, 3)
		h := &host{name: githubCom, api: "https://api.github.com", conf: HostConfig{Settings: credential.Settings{TokenEnv: "T"}}, runs: 50, patterns: []string{"acme/app-00"}, getenv: func(string) string { return testToken }}
		s, err := newSourceOver(h, nil, sim.InMemory(w))
		if err != nil {
			t.Fatal(err)
		}
		r := watched(t, s, core.Interest{Kinds: []string{kindRun}})
		time.Sleep(31 * time.Second)
		ref := core.Ref{Source: ID, Scope: githubCom, Kind: kindWorkflow, Namespace: "acme/app-00", Name: "ci"}
		op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Execute(permitted(t), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := len(r.Rows(kindRun)); n != 4 {
			t.Errorf("%d rows a second after our own dispatch", n)
		}
	})
}
