package cluster

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

var shared struct {
	sync.Once
	cluster *Cluster
	err     error
}

// Shared returns the one cluster of this test process: three nodes, an audit
// log, started by the first call. The package needs
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// which stops it at the end. Use a [Cluster.Namespace] per test.
func Shared(tb testing.TB) *Cluster {
	tb.Helper()
	shared.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute) // a cold build
		defer cancel()
		if shared.cluster, shared.err = Start(ctx, Options{Nodes: 3, Audit: true, Log: os.Stderr}); shared.err == nil {
			testkit.AtExit(tb, shared.cluster.Stop)
		}
	})
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.cluster
}

// StartFor starts a cluster for one test, which may kill it; it is stopped with the test.
func StartFor(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	c, err := Start(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Stop)
	return c
}

// Main is testkit.Main, for packages that use nothing else of it.
func Main(m *testing.M) { testkit.Main(m) }
