package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// EnvUpdateGolden makes [Golden] write the files instead of comparing. An
// environment variable, since a golden package of ours that owned a flag would
// clash with those of our dependencies.
const EnvUpdateGolden = "UPDATE_GOLDEN"

// Golden compares got with testdata/golden/NAME.golden of the package under
// test. The name may contain slashes.
func Golden(tb testing.TB, name, got string) {
	tb.Helper()
	path := filepath.Join("testdata", "golden", filepath.FromSlash(name)+".golden")
	if os.Getenv(EnvUpdateGolden) == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		tb.Fatalf("no %s: look at the new one and keep it with %s=1\n%s", path, EnvUpdateGolden, got)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if string(want) != got {
		tb.Errorf("differs from %s (%s=1 rewrites it):\n%s", path, EnvUpdateGolden, lineDiff(string(want), got))
	}
}

// lineDiff shows the lines that differ, place by place; both sides quoted,
// since colours and trailing spaces count.
func lineDiff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out strings.Builder
	shown := 0
	for i := range max(len(a), len(b)) {
		at := func(s []string) string {
			if i < len(s) {
				return fmt.Sprintf("%q", s[i])
			}
			return "(no such line)"
		}
		if x, y := at(a), at(b); x != y {
			if shown++; shown > 20 {
				out.WriteString("… more lines differ\n")
				break
			}
			_, _ = fmt.Fprintf(&out, "line %d\n  want %s\n  got  %s\n", i+1, x, y)
		}
	}
	return out.String()
}
