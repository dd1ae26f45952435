package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

func TestTheMetricsServerTellsThePodsUsage(t *testing.T) {
	c := StartFor(t, Options{Nodes: 1})
	ctx := t.Context()
	if err := c.Deploy(ctx, Workload{Namespace: "default", Name: "web", Replicas: 2, CPU: "250m", Memory: "64Mi"}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(ctx, "default", "web", 2); err != nil {
		t.Fatal(err)
	}
	if err := c.StartMetrics(ctx); err != nil {
		t.Fatal(err)
	}
	testkit.Poll(t, time.Minute, func() error { // a pod has a value after two scrapes
		out, err := c.Kubectl(ctx, "top", "pods", "--no-headers")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(out)) {
			var name string
			var cpu, memory int
			if _, err := fmt.Sscanf(line, "%s %dm %dMi", &name, &cpu, &memory); err != nil {
				return fmt.Errorf("%q: %w", line, err)
			}
			if cpu < 230 || cpu > 270 || memory != 64 {
				return fmt.Errorf("%s uses %dm and %dMi, want about 250m and 64Mi", name, cpu, memory)
			}
		}
		if n := strings.Count(string(out), "\n"); n != 2 {
			return fmt.Errorf("%d pods, want 2", n)
		}
		return nil
	})
}
