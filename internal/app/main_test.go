package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/child"
)

// paint bounds how long a test waits for the first screen of the demo on a
// busy machine.
const paint = 20 * time.Second

func TestMain(m *testing.M) { testkit.Main(m) }

var faultyBuild struct {
	sync.Once
	path string
	err  error
}

// faultyBinary builds the program with faults to inject, once per process.
func faultyBinary(t *testing.T) string {
	t.Helper()
	faultyBuild.Do(func() {
		dir, err := child.TempDir("devops-tui-faulty")
		if err != nil {
			faultyBuild.err = err
			return
		}
		testkit.AtExit(t, func() { _ = os.RemoveAll(dir) })
		faultyBuild.path = filepath.Join(dir, "devops-tui")
		cmd := exec.Command("go", "build", "-trimpath", "-tags", "faultinject", "-o", faultyBuild.path, "devops-tui/cmd/devops-tui")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			faultyBuild.err = err
			t.Logf("%s", out)
		}
	})
	if faultyBuild.err != nil {
		t.Fatalf("build the program with faults: %v", faultyBuild.err)
	}
	return faultyBuild.path
}
