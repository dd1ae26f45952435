package github_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	"devops-tui/test/sim/github"
)

// gh runs GitHub's own command against the simulator: for the host
// github.localhost it speaks plain HTTP, which a proxy setting leads here.
func gh(t *testing.T, server string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("gh")
	if err != nil {
		testkit.Missing(t, "no gh", "apt install gh")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	folder := t.TempDir()
	cmd.Env = []string{
		"GH_HOST=github.localhost", "GH_TOKEN=" + secret, "HTTP_PROXY=" + server, "GH_CONFIG_DIR=" + folder, "HOME=" + folder,
		"GH_NO_UPDATE_NOTIFIER=1", "NO_COLOR=1", "PATH=/usr/bin:/bin",
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

// TestGH drives the simulator with a client that others have written.
func TestGH(t *testing.T) {
	w := populated(github.Options{})
	server := sim.Start(t, w, sim.Options{})
	w.SetBlobs(sim.Start(t, w.Blobs(), sim.Options{}).URL)
	r := w.Repo("acme/shop")
	red := r.Runs()[1]
	run := func(want string, args ...string) string {
		t.Helper()
		out, err := gh(t, server.URL, args...)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("gh %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	repo := []string{"-R", "github.localhost/acme/shop"}
	run("Third", append([]string{"run", "list"}, repo...)...)
	run("sum_test.go#7", append([]string{"run", "view", id(red.ID)}, repo...)...)
	run("--- FAIL: TestSum", append([]string{"run", "view", "--log-failed", id(red.ID)}, repo...)...)
	run("", append([]string{"run", "rerun", "--failed", id(red.ID)}, repo...)...)
	if red.Attempt() != 2 {
		t.Errorf("attempt %d after gh run rerun", red.Attempt())
	}
	run("", append([]string{"run", "cancel", id(red.ID)}, repo...)...)
	if status, conclusion := red.Status(); status != "completed" || conclusion != "cancelled" {
		t.Errorf("%s %s after gh run cancel", status, conclusion)
	}
	before := len(r.Runs())
	run("", append([]string{"workflow", "run", "deploy.yml", "--ref", "main", "-f", "version=1.2"}, repo...)...)
	runs := r.Runs()
	if len(runs) != before+1 || runs[len(runs)-1].Inputs["version"] != "1.2" {
		t.Errorf("%d runs, were %d", len(runs), before)
	}
	run("ci", append([]string{"workflow", "list"}, repo...)...)
	if out := run("production", "api", "--hostname", "github.localhost", "repos/acme/shop/environments"); !strings.Contains(out, "required_reviewers") {
		t.Errorf("gh api: %s", out)
	}
}
