package app

import (
	"os"
	"testing"

	"devops-tui/internal/config"
)

// TestConfigDocument fails when docs/config.md is stale: the reference is made
// of the types, the sources' own sections included. UPDATE_DOCS=1 writes it.
func TestConfigDocument(t *testing.T) {
	const file = "../../docs/config.md"
	want := config.Reference(sections())
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("docs/config.md is stale (%v); UPDATE_DOCS=1 go test ./internal/app -run TestConfigDocument writes it", err)
	}
}
