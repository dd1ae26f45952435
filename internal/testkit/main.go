// Package testkit holds what the tests of several packages share: the life of
// expensive worlds, bounded waits, a terminal with an emulated screen, and goldens.
package testkit

import (
	"os"
	"slices"
	"sync"
	"testing"
)

var exits struct {
	sync.Mutex
	running bool
	run     []func()
}

// Main runs the tests and then, last registered first, what was given to
// [AtExit]. It does not return.
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
func Main(m *testing.M) {
	exits.Lock()
	exits.running = true
	exits.Unlock()
	os.Exit(runMain(m))
}

func runMain(m *testing.M) int {
	defer func() { // also when a test panics
		exits.Lock()
		run := exits.run
		exits.run = nil
		exits.Unlock()
		for _, f := range slices.Backward(run) {
			f()
		}
	}()
	return m.Run()
}

// AtExit runs f when all tests of this process are done. It fails the test if
// the package has no [Main]: f would never run.
func AtExit(tb testing.TB, f func()) {
	tb.Helper()
	exits.Lock()
	running := exits.running
	if running {
		exits.run = append(exits.run, f)
	}
	exits.Unlock()
	if !running {
		f()
		tb.Fatal("this package needs: func TestMain(m *testing.M) { testkit.Main(m) }")
	}
}
