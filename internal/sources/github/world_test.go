package github

import (
	"context"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	simgithub "devops-tui/test/sim/github"
)

const testToken = "canary-token-7f3a9c"

func TestMain(m *testing.M) { testkit.Main(m) }

// world is a simulated GitHub with one repository that is served.
type world struct {
	*simgithub.World
	api, blobs *sim.Server
	repo       *simgithub.Repository
}

func newWorld(tb testing.TB, o simgithub.Options) *world {
	tb.Helper()
	w := &world{World: simgithub.New(o)}
	w.AddToken(testToken, "kim", "repo", "workflow")
	w.repo = w.AddRepo("acme/shop")
	w.repo.AddWorkflow("ci.yml", simgithub.CI)
	w.repo.AddWorkflow("deploy.yml", simgithub.Deploy)
	w.api = sim.Start(tb, w, sim.Options{})
	w.blobs = sim.Start(tb, w.Blobs(), sim.Options{})
	w.SetBlobs(w.blobs.URL)
	return w
}

// with makes a source of the world for a configuration.
func (w *world) with(tb testing.TB, gate *sources.Gate, token string, change func(*host)) *Source {
	tb.Helper()
	h := &host{
		name: githubCom, api: w.api.URL, patterns: []string{"acme/shop"}, conf: HostConfig{Settings: credential.Settings{TokenEnv: "TEST_TOKEN"}}, runs: 50, maxRepos: 100,
		getenv: func(n string) string {
			if n == "TEST_TOKEN" {
				return token
			}
			return ""
		},
	}
	if change != nil {
		change(h)
	}
	s, err := newSource(h, gate)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.client.Close)
	return s
}

func (w *world) source(tb testing.TB) *Source { return w.with(tb, nil, testToken, nil) }

func runRef(run *simgithub.Run, workflow string) core.Ref {
	return core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: "acme/shop", Name: workflow + "/" + itoa(run.Number), UID: id(run.ID)}
}

func itoa(n int) string { return id(int64(n)) }

// permitted is a context of a confirmed action.
func permitted(tb testing.TB) context.Context { return sources.Permit(tb.Context()) }

// problem fails unless err is a problem of that kind whose words hold all parts.
func problem(tb testing.TB, s *Source, err error, kind core.ProblemKind, parts ...string) *core.Problem {
	tb.Helper()
	if err == nil {
		tb.Fatalf("no error, want %s", kind)
	}
	p := sources.AsProblem(s, err)
	if p.Kind != kind {
		tb.Fatalf("%s: %v, want %s", p.Kind, p, kind)
	}
	for _, part := range parts {
		if !strings.Contains(p.Error(), part) {
			tb.Errorf("%q does not say %q", p.Error(), part)
		}
	}
	if strings.Contains(p.Error(), testToken) {
		tb.Errorf("the token is in the message: %s", p.Error())
	}
	return p
}

// changes are the changing requests that the server took.
func (w *world) changes() (out []string) {
	for _, r := range w.api.Requests() {
		if r.Method != "GET" && r.Method != "HEAD" {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

func verify(tb testing.TB, op *core.Operation, limit time.Duration) (core.Outcome, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	return op.Verify(ctx, func(core.Progress) {})
}
