// Package blackbox measures the built cockpit from outside: it starts it, and
// the floor program next to it, in a pseudo-terminal of 160x45 against real
// engines and prints how they compare. "make bench" runs it.
package blackbox

import (
	"flag"
	"testing"

	"devops-tui/internal/testkit"
)

var (
	pods       = flag.Int("pods", 1000, "pods in the cluster")
	containers = flag.Int("containers", 20, "containers in the engine")
	quick      = flag.Bool("quick", false, "shorter phases")
)

func TestMain(m *testing.M) {
	flag.Parse()
	testkit.Main(m)
}
