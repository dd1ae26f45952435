//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/child"
)

// TestMain lets the test binary play the command.
func TestMain(m *testing.M) {
	if os.Getenv("SIM_TEST_COMMAND") == "1" {
		os.Args = []string{"sim", "-only", "argocd"}
		main()
		return
	}
	testkit.Main(m)
}

// Whatever ends it, a closed terminal too: no token stays behind.
func TestSignalsLeaveNothingBehind(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := t.TempDir()
			var out output
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "SIM_TEST_COMMAND=1", "TMPDIR="+dir)
			cmd.Stdout, cmd.Stderr = &out, &out
			p, err := child.Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Stop(time.Second)
			testkit.PollTrue(t, 20*time.Second, "the command is printed", func() bool { return strings.Contains(out.String(), "--config") })
			if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.token")); len(left) != 1 {
				t.Fatalf("tokens are in %v", left)
			}
			if err := p.Signal(sig); err != nil {
				t.Fatal(err)
			}
			testkit.PollTrue(t, 10*time.Second, "it ends", func() bool { ended, _ := p.Ended(); return ended })
			if _, err := p.Ended(); err != nil {
				t.Errorf("it ended with %v: %s", err, out.String())
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
