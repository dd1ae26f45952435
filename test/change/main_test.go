// Package change carries out every verb through the built program against real
// engines, from the command line and by keys in a pseudo-terminal, and asks
// kubectl and docker what came of it.
package change

import (
	"testing"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
