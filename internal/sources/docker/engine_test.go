package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	dockertest "devops-tui/test/docker"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// over makes a source of an engine.
func over(t testing.TB, e *dockertest.Engine, gate *sources.Gate) *Source {
	t.Helper()
	found, err := Discover(t.Context(), sources.Options{DockerHosts: []string{e.Host}, Gate: gate, Home: t.TempDir()})
	if err != nil || len(found.Sources) != 1 {
		t.Fatalf("Discover: %v, %v", found, err)
	}
	return found.Sources[0].(*Source)
}

// watching runs a source until the test ends.
func watching(t testing.TB, s *Source, want core.Interest) *sourcetest.Recorder {
	t.Helper()
	rec := sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)
	s.Want(want)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, rec) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		for _, b := range rec.Breaches() {
			t.Error("contract:", b)
		}
	})
	return rec
}

func until(t testing.TB, wait time.Duration, what string, ok func() bool) {
	t.Helper()
	testkit.PollTrue(t, wait, what, ok)
}

// remove removes a container by other means than the source.
func remove(t testing.TB, e *dockertest.Engine, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := e.Do(ctx, "DELETE", "/containers/"+id+"?force=1&v=1", nil); err != nil {
		t.Errorf("remove container: %v", err)
	}
}

func containerRef(s string, scope string, id string) core.Ref {
	return core.Ref{Source: ID, Scope: scope, Kind: kindContainer, Name: s, UID: id}
}

func TestConformance(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	scope := over(t, e, nil).Info().Scope
	e.RunFor(t, dockertest.RunSpec{Name: "steady", Args: []string{"-rate", "5"}})
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t *testing.T, gate *sources.Gate) sources.Source { return over(t, e, gate) },
		Create: func(t *testing.T, name string) core.Ref {
			id, err := e.Run(t.Context(), dockertest.RunSpec{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			return containerRef(name, scope, id)
		},
		Remove:      func(t *testing.T, ref core.Ref) { remove(t, e, ref.UID) },
		LogRef:      func(*testing.T) core.Ref { return containerRef("steady", scope, "") },
		Missing:     containerRef("nobody", scope, strings.Repeat("0", 64)),
		Restartable: func(*testing.T) core.Ref { return containerRef("steady", scope, "") },
		Break: func(t *testing.T) {
			if err := e.Kill(); err != nil {
				t.Fatal(err)
			}
		},
		Mend: func(t *testing.T) {
			if err := e.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		OtherKind: kindImage,
	})
}

// truth is what the engine says in one list: id, name and state.
func truth(t testing.TB, e *dockertest.Engine) []string {
	t.Helper()
	b, err := e.Do(context.Background(), "GET", "/containers/json?all=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID    string `json:"Id"`
		Names []string
		State string
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		out = append(out, c.ID[:12]+" "+strings.TrimPrefix(c.Names[0], "/")+" "+c.State)
	}
	slices.Sort(out)
	return out
}

// shown is the same as the cockpit would show it.
func shown(rec *sourcetest.Recorder) []string {
	var out []string
	for _, r := range rec.Rows(kindContainer) {
		state := r.Reason.String()
		switch {
		case r.Phase == core.Running || state == "unhealthy" || state == "starting" || state == "restart loop":
			state = "running"
		case strings.HasPrefix(state, "restarting"):
			state = "restarting"
		case strings.HasPrefix(state, "Exited") || state == "OOMKilled":
			state = "exited"
		}
		out = append(out, r.Ref.UID[:12]+" "+r.Ref.Name+" "+state)
	}
	slices.Sort(out)
	return out
}

func TestThePanesShowTheTruth(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	ids, err := e.Compose3Projects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := over(t, e, nil)
	began := time.Now()
	rec := watching(t, s, core.Interest{})
	until(t, 10*time.Second, "all containers and projects", func() bool {
		return len(rec.Rows(kindContainer)) == len(ids) && len(rec.Rows(kindProject)) == 3
	})
	t.Logf("%d containers listed after %v", len(ids), time.Since(began).Round(time.Millisecond))
	row := func(name string) *core.Resource {
		r := rec.Find(containerRef(name, s.host.scope, ids[name]))
		if r == nil {
			t.Fatalf("no row %s", name)
		}
		return r
	}
	for name, want := range map[string]struct {
		phase  core.Phase
		reason []string
	}{
		"shop-import-1":     {core.Failed, []string{"Exited (3)"}},
		"billing-mailer-1":  {core.Failed, []string{"restarting (1)", "restart loop"}},
		"platform-search-1": {core.Degraded, []string{"unhealthy"}},
		"platform-etl-1":    {core.Failed, []string{"OOMKilled"}},
		"shop-web-1":        {core.Running, []string{"running"}},
		"billing-console-1": {core.Running, []string{"running"}},
	} {
		until(t, 20*time.Second, name+" is "+want.phase.String(), func() bool {
			r := row(name)
			return r.Phase == want.phase && slices.Contains(want.reason, r.Reason.String())
		})
	}
	until(t, 10*time.Second, "restarts are counted", func() bool { return cell(row("billing-mailer-1"), "restarts").Num >= 3 })
	project := func(name string) *core.Resource {
		return rec.Find(core.Ref{Source: ID, Scope: s.host.scope, Kind: kindProject, Name: name})
	}
	for _, p := range []string{"shop", "billing", "platform"} {
		until(t, 5*time.Second, p+" is degraded", func() bool { return project(p).Phase == core.Degraded })
	}
	if got := row("shop-web-1"); got.Owner != project("shop").Ref {
		t.Errorf("owner %v, want %v", got.Owner, project("shop").Ref)
	}
	if f := row("shop-web-1").Facts; f.Service != "web" || len(f.Digest) == 0 || !strings.HasPrefix(f.Digest[0], "sha256:") {
		t.Errorf("facts %+v", f)
	}

	// Changes made outside show within a second.
	change := func(what string, done func() bool, args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := e.Docker(ctx, args...); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		until(t, time.Second, what, done)
		t.Logf("%s: %v after the command ended", what, time.Since(began).Round(time.Millisecond))
	}
	reason := func(name, want string) func() bool {
		return func() bool { return row(name).Reason.String() == want }
	}
	change("paused", reason("shop-db-1", "paused"), "pause", "shop-db-1")
	change("unpaused", reason("shop-db-1", "running"), "unpause", "shop-db-1")
	change("killed", reason("shop-cache-1", "Exited (137)"), "kill", "shop-cache-1")
	change("started", reason("shop-cache-1", "running"), "start", "shop-cache-1")
	change("renamed", func() bool {
		return rec.Find(containerRef("ledger-old", s.host.scope, ids["billing-ledger-1"])) != nil &&
			rec.Find(containerRef("billing-ledger-1", s.host.scope, "")) == nil
	}, "rename", "billing-ledger-1", "ledger-old")
	change("removed", func() bool { return rec.Find(containerRef("ledger-old", s.host.scope, "")) == nil }, "rm", "-f", "ledger-old")
	if err := e.Exec(t.Context(), ids["shop-web-2"], "sicken"); err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "the health check fails", reason("shop-web-2", "unhealthy"))
	until(t, 10*time.Second, "what is shown equals the list of the engine", func() bool {
		want := truth(t, e)
		got := shown(rec)
		// The one in a restart loop is allowed to be a step behind.
		drop := func(l []string) []string {
			return slices.DeleteFunc(l, func(x string) bool { return strings.Contains(x, "billing-mailer-1") })
		}
		return slices.Equal(drop(got), drop(want))
	})
}

func cell(r *core.Resource, column string) core.Cell {
	for _, k := range kinds() {
		for i, c := range k.Columns {
			if k.Name == r.Ref.Kind && c.ID == column {
				return r.Cells[i]
			}
		}
	}
	panic("no column " + column)
}

func TestAnEngineRestartHeals(t *testing.T) {
	e := dockertest.StartFor(t, dockertest.Options{})
	for i := range 5 {
		e.RunFor(t, dockertest.RunSpec{Name: fmt.Sprintf("svc-%d", i), Restart: "always"})
	}
	rec := watching(t, over(t, e, nil), core.Interest{})
	until(t, 10*time.Second, "the list", func() bool { return slices.Equal(shown(rec), truth(t, e)) && len(shown(rec)) == 5 })
	for name, stop := range map[string]func() error{"killed": e.Kill, "shut down": e.Shutdown} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if n := len(rec.Rows(kindContainer)); n != 5 {
			t.Errorf("%s: %d rows while the engine is away, want the 5 from before", name, n)
		}
		if err := e.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := e.Docker(t.Context(), "rename", "svc-0", "svc-"+strings.ReplaceAll(name, " ", "")); err != nil {
			t.Fatal(err)
		}
		until(t, 3*time.Second, name+": consistent again", func() bool { return slices.Equal(shown(rec), truth(t, e)) })
		t.Logf("%s: consistent %v after the engine was back", name, time.Since(began).Round(time.Millisecond))
		if _, err := e.Docker(t.Context(), "rename", "svc-"+strings.ReplaceAll(name, " ", ""), "svc-0"); err != nil {
			t.Fatal(err)
		}
	}
}
