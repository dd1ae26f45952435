package e2e

import (
	"testing"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
