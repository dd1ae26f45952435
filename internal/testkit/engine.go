package testkit

import (
	"os"
	"testing"
)

// EnvRequireEngines makes a missing engine a failure, as CI=true does.
const EnvRequireEngines = "DEVOPS_TUI_REQUIRE_ENGINES"

// Missing ends a test whose real engine is not there: on CI with a failure, on
// a contributor's machine with a skip. Both say the reason and what to install.
func Missing(tb testing.TB, reason, hint string) {
	tb.Helper()
	if enginesRequired() {
		tb.Fatalf("%s (%s)", reason, hint)
	}
	tb.Skipf("%s (%s)", reason, hint)
}

func enginesRequired() bool {
	return os.Getenv("CI") == "true" || os.Getenv(EnvRequireEngines) == "1"
}
