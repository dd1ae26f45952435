package cluster

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// TestRollouts brings a canary to its pause with the real controller, which
// listens nowhere.
func TestRollouts(t *testing.T) {
	c := StartFor(t, Options{})
	began := time.Now()
	if err := c.StartRollouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("the definitions and the controller took %v", time.Since(began).Round(time.Millisecond))
	ns := c.Namespace(t)
	canary := func(image string) string {
		return fmt.Sprintf(`apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "%s"}]}}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
`, image)
	}
	phase := func(want string) {
		t.Helper()
		testkit.Poll(t, 60*time.Second, func() error {
			var o struct {
				Status struct{ Phase, Message string }
			}
			if err := c.Get(t.Context(), "/apis/argoproj.io/v1alpha1/namespaces/"+ns+"/rollouts/web", &o); err != nil {
				return err
			}
			if o.Status.Phase != want {
				return fmt.Errorf("phase %q %s, not %s", o.Status.Phase, o.Status.Message, want)
			}
			return nil
		})
	}
	if err := c.Apply(t.Context(), ns, canary("web:1")); err != nil {
		t.Fatal(err)
	}
	phase("Healthy")
	if err := c.Apply(t.Context(), ns, canary("web:2")); err != nil {
		t.Fatal(err)
	}
	phase("Paused")
	if listens := listeners(t, c.component(nameRollouts).proc.PID); len(listens) > 0 {
		t.Errorf("the controller listens: %v", listens)
	}
}

// listeners are the local addresses on which a process accepts TCP connections.
func listeners(t *testing.T, pid int) []string {
	t.Helper()
	mine := map[string]bool{}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, f.Name()))
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			mine[strings.TrimSuffix(inode, "]")] = true
		}
	}
	var out []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(table)
		if err != nil {
			continue // no such family here
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" && mine[f[9]] {
				out = append(out, f[1])
			}
		}
	}
	return out
}
