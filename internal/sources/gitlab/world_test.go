package gitlab

import (
	"context"
	"net/url"
	"strconv"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	sim "devops-tui/test/sim"
	world "devops-tui/test/sim/gitlab"
)

// quick is a pace for tests against a server on the loopback.
var quick = pace{full: time.Second, verify: 20 * time.Millisecond, trace: 20 * time.Millisecond, alive: 200 * time.Millisecond}

const shop = "acme/shop"

// bench is a source over a simulated GitLab.
type bench struct {
	*world.World
	server *sim.Server
	src    *Source
	gate   *sources.Gate
}

// newBench starts a GitLab with the project acme/shop and a source over it.
func newBench(t *testing.T) *bench {
	t.Helper()
	w := world.New(world.Options{Version: "18.5.2-ee"})
	w.AddProject(shop)
	b := &bench{World: w, server: sim.Start(t, w, sim.Options{}), gate: &sources.Gate{}}
	b.src = sourceAt(t, b.server.URL, b.gate, shop)
	return b
}

func sourceAt(t *testing.T, at string, gate *sources.Gate, projects ...string) *Source {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	src, err := newSource(server{
		scope: "gitlab.test", host: u.Host, base: u, projects: projects, token: credential.Value(text.Lit("a test"), world.DefaultToken), keep: keepRuns, pace: quick,
	}, sources.Options{Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// follow runs the source until the test ends.
func (b *bench) follow(t *testing.T, want core.Interest) *sourcetest.Recorder {
	t.Helper()
	rec := sourcetest.NewRecorder(b.src.Info().Instance(), b.src.Info().Kinds)
	b.src.Want(want)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.src.Run(ctx, rec) }()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, s := range rec.Breaches() {
			t.Error("contract:", s)
		}
	})
	return rec
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("not in time: " + what)
		}
	}
}

func runRef(id int) core.Ref {
	return core.Ref{Source: ID, Scope: "gitlab.test", Kind: "run", Namespace: shop, Name: strconv.Itoa(id)}
}

// standard is a pipeline with three stages and a manual deployment.
func standard(title string) world.Spec {
	return world.Spec{Title: title, Jobs: []world.JobSpec{
		{Name: "build", Stage: "build"},
		{Name: "unit", Stage: "test"},
		{Name: "lint", Stage: "test", AllowFailure: true},
		{Name: "deploy", Stage: "deploy", Manual: true, Environment: "production"},
	}}
}
