package app

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

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

// TestExamplesOfTheDocuments fails when a configuration that a document shows is not
// one that the program takes, or when the document of pipelines leaves the section of
// a source out.
func TestExamplesOfTheDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 4 {
		t.Fatalf("the documents are %v (%v)", files, err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
	shown := map[string]bool{}
	for _, file := range append(files, "../../README.md") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range blocks.FindAllSubmatch(b, -1) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, m[1], 0o600); err != nil {
				t.Fatal(err)
			}
			if got := commandLine(t, environment(t), "config", "check", "--config", path); got.code != exitOK || got.stderr != "" {
				t.Errorf("%s shows what is not right (exit code %d):\n%s%s", filepath.Base(file), got.code, got.stderr, m[1])
			}
			var x struct {
				Sources map[string]any `yaml:"sources"`
			}
			if err := yaml.Unmarshal(m[1], &x); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			for id := range x.Sources {
				shown[filepath.Base(file)+" "+id] = true
			}
		}
	}
	doc, err := os.ReadFile("../../docs/pipelines.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range slices.Sorted(maps.Keys(sections())) {
		if !shown["pipelines.md "+id] && !strings.Contains(string(doc), "`sources."+id+"`") {
			t.Errorf("docs/pipelines.md says nothing of sources.%s", id)
		}
	}
}
