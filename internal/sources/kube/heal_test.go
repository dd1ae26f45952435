package kube

import (
	"context"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// TestHealsAfterRestart kills the API server under a running source: rows stay,
// nothing is called forbidden or lost while the new one warms up, and changes
// show again.
func TestHealsAfterRestart(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := c.CreateNamespace(t.Context(), "heal"); err != nil {
		t.Fatal(err)
	}
	deploy(t, c, cluster.Workload{Namespace: "heal", Name: "app", Replicas: 3})
	if err := c.WaitReady(t.Context(), "heal", "app", 3); err != nil {
		t.Fatal(err)
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	m := newMemory()
	hub := sources.NewHub(func(sources.Source) sources.Sink { return m }, func(core.Health) {})
	hub.Add(src)
	hub.Want(core.Interest{Kinds: []string{"deployment", "pod"}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { hub.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	state := func() core.State { return hub.Health(src.Info().Instance()).State }
	m.await(t, "the pods", 10*time.Second, func() bool { return len(m.rows["pod"]) == 3 && m.listed["deployment/"] })
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	testkit.PollTrue(t, 10*time.Second, "staleness", func() bool { return state() == core.Stale })
	m.mu.Lock()
	if len(m.rows["pod"]) != 3 {
		t.Errorf("%d pods while the server is away", len(m.rows["pod"]))
	}
	m.mu.Unlock()
	if err := c.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := hub.Health(src.Info().Instance()).Problem; p == nil && state() != core.Live {
		t.Error("not live, and no reason")
	}
	testkit.PollTrue(t, 10*time.Second, "live again", func() bool { return state() == core.Live })
	kubectl(t, c, "-n", "heal", "scale", "deployment/app", "--replicas=5")
	m.await(t, "a change after the restart", 10*time.Second, func() bool {
		d := m.row("deployment", "heal", "app")
		return d != nil && strings.HasSuffix(d.Cells[1].Text.String(), "/5")
	})
	// The controllers have to find the new server, too.
	m.await(t, "the new pods", time.Minute, func() bool { return len(m.rows["pod"]) == 5 })
	m.mu.Lock()
	defer m.mu.Unlock()
	for kind, n := range m.told {
		if n > 0 {
			t.Errorf("%s was called a problem: %v", kind, m.problems[kind])
		}
	}
}
