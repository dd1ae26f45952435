package ci

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/core"
)

// Logs of the tools that fail most often, each with the lines that a reader
// would look for. The dialect follows from how the log looks.
func TestFirstErrorsOfRealTools(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.log")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d logs, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".log"), func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			d := GitLab
			switch {
			case strings.Contains(string(raw), "##["):
				d = GitHub
			case strings.Contains(string(raw), "Finished: "):
				d = Jenkins
			}
			at, lines := FirstErrors(read(d, string(raw)), 8)
			got := fmt.Sprintf("at %d\n", at)
			for _, l := range lines {
				got += l.String() + "\n"
			}
			golden(t, strings.TrimSuffix(f, ".log")+".golden", got)
		})
	}
}

func TestFirstErrorsKeepsItsBound(t *testing.T) {
	raw := strings.Repeat("error: one more\n", 100)
	at, lines := FirstErrors(read(Plain, "fine\n"+raw), 20)
	if at != 1 || len(lines) != 20 {
		t.Errorf("%d lines from %d", len(lines), at)
	}
	if at, lines = FirstErrors(nil, 20); at != -1 || lines != nil {
		t.Errorf("of nothing: %d, %v", at, lines)
	}
	if at, lines = FirstErrors(read(Plain, raw), 0); at != -1 || lines != nil {
		t.Errorf("none asked: %d, %v", at, lines)
	}
	marker := []core.Line{{Stream: core.Marker, Text: read(Plain, "error: GitHub is away\n")[0].Text}}
	if at, _ = FirstErrors(marker, 20); at != -1 {
		t.Error("our own marker counts as an error of the log")
	}
}

func BenchmarkFirstErrors(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"of a long log", "2026-03-02T09:14:07.1234567Z " + strings.Repeat("compiling module and things ", 4)},
		{"of lines that mention errors", "2026-03-02T09:14:07.1234567Z " + strings.Repeat("compiling error-free things ", 4)},
		{"of errors", "2026-03-02T09:14:07.1234567Z error: " + strings.Repeat("compiling things ", 4)},
	} {
		lines := read(GitHub, strings.Repeat(c.line+"\n", 1000))
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				FirstErrors(lines, 20)
			}
		})
	}
}

func BenchmarkLogReader(b *testing.B) {
	block := []byte(strings.Repeat("2026-03-02T09:14:07.1234567Z compiling module number one\n", 1000))
	b.SetBytes(int64(len(block)))
	r := NewLogReader(GitHub)
	for b.Loop() {
		r.Feed(block)
	}
}
