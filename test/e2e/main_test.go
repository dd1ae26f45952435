// Package e2e plays the built cockpit in a pseudo-terminal against real
// engines, and compares what it shows with what they say.
package e2e

import (
	"testing"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
