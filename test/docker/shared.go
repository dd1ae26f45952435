package dockertest

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

const installHint = "on Debian, as root: apt-get install docker.io"

var shared struct {
	sync.Once
	engine *Engine
	err    error
}

// Shared returns the one engine of this test process, started by the first
// call. Without root or dockerd the test is skipped, on CI it fails. The package needs
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// which stops it at the end.
func Shared(tb testing.TB) *Engine {
	tb.Helper()
	need(tb)
	shared.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if shared.engine, shared.err = Start(ctx, Options{Log: os.Stderr}); shared.err == nil {
			testkit.AtExit(tb, shared.engine.Stop)
		}
	})
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.engine
}

// StartFor starts an engine for one test, which may kill it; it is stopped with the test.
func StartFor(tb testing.TB, o Options) *Engine {
	tb.Helper()
	need(tb)
	e, err := Start(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(e.Stop)
	return e
}

// RunFor is [Engine.Run] for one test: it fails the test on an error, and the
// container is removed with the test.
func (e *Engine) RunFor(tb testing.TB, s RunSpec) (id string) {
	tb.Helper()
	id, err := e.Run(tb.Context(), s)
	if id != "" {
		tb.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if _, err := e.Do(ctx, "DELETE", "/containers/"+id+"?force=1&v=1", nil); err != nil {
				tb.Logf("remove the test's container: %v", err)
			}
		})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func need(tb testing.TB) {
	tb.Helper()
	if err := Unavailable(); err != nil {
		testkit.Missing(tb, err.Error(), installHint)
	}
}
