package kube

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// options are those of a user with that kubeconfig.
func options(kubeconfig string, gate *sources.Gate) sources.Options {
	env := map[string]string{"KUBECONFIG": kubeconfig}
	return sources.Options{Getenv: func(k string) string { return env[k] }, Gate: gate}
}

// over returns a source over a cluster as the user of a kubeconfig.
func over(t testing.TB, kubeconfig string, gate *sources.Gate) *Source {
	t.Helper()
	found, err := Discover(t.Context(), options(kubeconfig, gate))
	if err != nil || len(found.Sources) != 1 {
		t.Fatalf("discover: %v, %+v", err, found)
	}
	return found.Sources[0].(*Source)
}

// start runs a source over memory until the test ends.
func start(t testing.TB, s *Source, want core.Interest) *memory {
	t.Helper()
	m := newMemory()
	s.Want(want)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, m) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Run did not end")
		}
	})
	return m
}

func kubectl(t testing.TB, c *cluster.Cluster, args ...string) string {
	t.Helper()
	out, err := c.Kubectl(context.Background(), args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

func deploy(t testing.TB, c *cluster.Cluster, w cluster.Workload) {
	t.Helper()
	if err := c.Deploy(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 2})
	if err := c.CreateNamespace(t.Context(), "conform"); err != nil {
		t.Fatal(err)
	}
	scope := c.Name
	ref := func(kind, name string) core.Ref {
		return core.Ref{Source: ID, Scope: scope, Kind: kind, Namespace: "conform", Name: name}
	}
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t *testing.T, gate *sources.Gate) sources.Source { return over(t, c.Kubeconfig, gate) },
		Create: func(t *testing.T, name string) core.Ref {
			deploy(t, c, cluster.Workload{Namespace: "conform", Name: name, Replicas: 1})
			return ref("deployment", name)
		},
		Remove: func(t *testing.T, r core.Ref) {
			kubectl(t, c, "-n", "conform", "delete", "deployment", r.Name)
		},
		LogRef: func(t *testing.T) core.Ref {
			deploy(t, c, cluster.Workload{Namespace: "conform", Name: "talker", Replicas: 2})
			if err := c.WaitReady(t.Context(), "conform", "talker", 2); err != nil {
				t.Fatal(err)
			}
			chatter(t, c)
			return ref("deployment", "talker")
		},
		Missing: ref("deployment", "nobody"),
		Restartable: func(t *testing.T) core.Ref {
			name := "restart-" + strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:])
			deploy(t, c, cluster.Workload{Namespace: "conform", Name: name, Replicas: 3})
			if err := c.WaitReady(t.Context(), "conform", name, 3); err != nil {
				t.Fatal(err)
			}
			return ref("deployment", name)
		},
		Break: func(t *testing.T) {
			if err := c.PauseAPIServer(); err != nil {
				t.Fatal(err)
			}
		},
		Mend: func(t *testing.T) {
			if err := c.ResumeAPIServer(); err != nil {
				t.Fatal(err)
			}
		},
		OtherKind: "configmap",
	})
}

// chatter appends lines to every pod's log until the test ends.
func chatter(t testing.TB, c *cluster.Cluster) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(c.Dir, "default.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			fmt.Fprintf(f, "%s stdout F level=info seq=%d\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z"), n)
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; _ = f.Close() })
}
