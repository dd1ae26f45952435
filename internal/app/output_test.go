package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

// JSON keeps every name as it is, and no terminal obeys it.
func TestJSONIsSafeToLookAt(t *testing.T) {
	name := "a\x1b[2J\u009b31mb\u202ec\u200bd\U000e0041e\x7f"
	var b bytes.Buffer
	if err := writeJSON(&b, map[string]string{"name": name}, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.String() {
		if c != '\n' && (c < 0x20 || c > 0x7e) {
			t.Errorf("%U is written as it is: %q", c, b.String())
		}
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["name"] != name {
		t.Errorf("reads back as %q, %v", back["name"], err)
	}
}

func TestPrintTableAligns(t *testing.T) {
	var b bytes.Buffer
	painter{}.printTable(&b, [][]field{
		{plainField(text.Lit("NAME")), {text: text.Lit("N"), tok: themes.Header, right: true}, plainField(text.Lit("LAST"))},
		{plainField(text.Lit("日本")), {text: text.Lit("100"), right: true}, plainField(text.Lit("x"))},
	})
	if want := "NAME    N  LAST\n日本  100  x\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestSaveNeverOverwritesNorEscapes(t *testing.T) {
	home := t.TempDir()
	r := &run{env: []string{"HOME=" + home}}
	seen := map[string]bool{}
	for _, name := range []string{"api-1/app", "../../etc/passwd", "", "...", "a\nb\x1b", strings.Repeat("x", 500), "api-1/app"} {
		path, err := r.save(name, []string{"one", "two"})
		if err != nil {
			t.Fatalf("save %q: %v", name, err)
		}
		if seen[path] || filepath.Dir(path) != filepath.Join(r.stateDir(), "saves") {
			t.Errorf("save %q went to %s", name, path)
		}
		seen[path] = true
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		if b, _ := os.ReadFile(path); string(b) != "one\ntwo\n" {
			t.Errorf("%s holds %q", path, b)
		}
	}
}
