package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"devops-tui/test/child"
)

// EnvBinary names a ready-made devops-tui, which Binary then returns as it is.
const EnvBinary = "DEVOPS_TUI_BINARY"

var binary struct {
	sync.Once
	path string
	err  error
}

// Binary builds cmd/devops-tui as it is shipped, once per test process, and
// returns its path. The package needs [Main].
func Binary(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv(EnvBinary); path != "" {
		return path
	}
	binary.Do(func() {
		dir, err := child.TempDir("devops-tui-binary")
		if err != nil {
			binary.err = err
			return
		}
		AtExit(tb, func() { _ = os.RemoveAll(dir) })
		binary.path = filepath.Join(dir, "devops-tui")
		binary.err = Build(binary.path, "devops-tui/cmd/devops-tui")
	})
	if binary.err != nil {
		tb.Fatal(binary.err)
	}
	return binary.path
}

// Build compiles a main package of the module to path, static and without the
// race detector.
func Build(path, pkg string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, b)
	}
	return nil
}
