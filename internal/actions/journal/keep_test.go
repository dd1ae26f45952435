package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
)

// before is a journal that the version before undo by data wrote.
func before(t *testing.T) *Journal {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{FileName, headName} {
		b, err := os.ReadFile(filepath.Join("testdata", "before-undo", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestPromise29_AJournalOfTheVersionBeforeGoesOn(t *testing.T) {
	j := before(t)
	if r := verified(t, j); !r.OK() || r.Records != 5 || strings.Join(r.Open, " ") != "aa0002" {
		t.Fatalf("%+v", r)
	}
	r := full()
	if err := j.Append(r); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, j); !r.OK() || r.Records != 6 {
		t.Fatalf("%+v", r)
	}
	got, err := j.List(Filter{})
	if err != nil || len(got) != 6 || got[0].Plan.Inverse != nil || got[5].Plan.Inverse.Target != r.Plan.Inverse.Target || got[5].Glass.Reason != "INC-4711" {
		t.Fatal(got, err)
	}
	var raw, redacted bytes.Buffer
	if err := j.Export(&raw, false); err != nil {
		t.Fatal(err)
	}
	file, _ := os.ReadFile(j.Path())
	if !bytes.Equal(raw.Bytes(), file) {
		t.Fatal("an export must be the journal byte for byte")
	}
	if err := j.Export(&redacted, true); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"kim", "INC-4711", "replicas=2", `"inverse"`} {
		if strings.Contains(redacted.String(), s) {
			t.Errorf("%q is in the redacted export", s)
		}
	}
	if !strings.Contains(redacted.String(), `"undo_of":"aa0000"`) {
		t.Error("the redacted export does not tell what was undone")
	}
}

// full is a record with all that there can be in one.
func full() Record {
	r := record(1)
	r.UndoOf, r.From = "aa0000", "pod/payments/api-1"
	r.Glass = &Glass{Reason: "INC-4711", Until: time.Date(2026, 1, 2, 15, 19, 0, 0, time.UTC)}
	r.Plan.Inverse = &Inverse{
		Verb: "scale", Target: core.Ref{Source: "kube", Scope: "prod", Kind: "deployment", Namespace: "payments", Name: "api"},
		Params: map[string]string{"replicas": "replicas=2"}, Kept: digest(nil),
	}
	return r
}

func TestPromise29_TheNewFieldsAreInTheChain(t *testing.T) {
	for _, c := range [][2]string{{"aa0000", "aa0001"}, {"INC-4711", "INC-4712"}, {"replicas=2", "replicas=9"}, {digest(nil)[:20], digest([]byte("x"))[:20]}} {
		j := filled(t, 1)
		if err := j.Append(full()); err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(j.Path())
		if err := os.WriteFile(j.Path(), bytes.Replace(b, []byte(c[0]), []byte(c[1]), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := verified(t, j); r.OK() || r.Bad.Line != 2 {
			t.Errorf("%s became %s unnoticed: %+v", c[0], c[1], r)
		}
	}
}

func TestKeptFilesArePrivateAndBounded(t *testing.T) {
	j := filled(t, 0)
	first, err := j.Keep([]byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := j.Keep([]byte("first")); err != nil || again != first {
		t.Fatal(again, err)
	}
	dir := filepath.Join(j.dir, keepName)
	old := time.Now().Add(-keepTime - time.Hour)
	if err := os.Chtimes(filepath.Join(dir, first), old, old); err != nil {
		t.Fatal(err)
	}
	var hashes []string
	for i := range keepFiles + 5 {
		h, err := j.Keep([]byte(fmt.Sprintf("definition %d", i)))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
		at := time.Now().Add(time.Duration(i-1000) * time.Second)
		if err := os.Chtimes(filepath.Join(dir, h), at, at); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != keepFiles {
		t.Fatalf("%d files are kept: %v", len(files), err)
	}
	for _, h := range []string{first, hashes[0]} {
		if _, err := j.Kept(h); err == nil {
			t.Error("an old one is still there")
		}
	}
	last := hashes[len(hashes)-1]
	if b, err := j.Kept(last); err != nil || string(b) != fmt.Sprintf("definition %d", keepFiles+4) {
		t.Fatal(string(b), err)
	}
	if fi, _ := os.Stat(filepath.Join(dir, last)); fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", fi.Mode().Perm())
	}

	big := make([]byte, keepOne)
	for i := range 10 { // more than all may have together
		big[0] = byte(i)
		if _, err := j.Keep(big); err != nil {
			t.Fatal(err)
		}
	}
	if files, _ = os.ReadDir(dir); len(files) > 8 {
		t.Errorf("%d files of 8 MiB are kept", len(files))
	}
	if _, err := j.Keep(append(big, 0)); err == nil {
		t.Error("a file over the bound is kept")
	}

	// Nothing that is not ours is read, and nothing outside.
	for _, h := range []string{"", "../journal.jsonl", strings.Repeat("g", 64), digest([]byte("never kept"))} {
		if _, err := j.Kept(h); err == nil {
			t.Errorf("read %q", h)
		}
	}
	path := filepath.Join(dir, digest(big))
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Kept(digest(big)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("read what others can write: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(j.Path(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Kept(digest(big)); err == nil {
		t.Error("followed a link")
	}
	if _, err := j.Keep(big); err == nil {
		t.Error("replaced a link")
	}
	if r := verified(t, j); !r.OK() {
		t.Errorf("%+v", r)
	}
}

// Lines that are skipped unread are those that would not be taken.
func TestSinceSkipsNothingElse(t *testing.T) {
	j := before(t)
	all, err := j.List(Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range all {
		for _, d := range []time.Duration{-1, 0, 1} {
			got, err := j.List(Filter{Since: r.Time.Add(d).In(time.FixedZone("x", 3600))})
			want := len(all) - i
			if d > 0 {
				want--
			}
			if err != nil || len(got) != want {
				t.Errorf("since record %d%+d: %d records, want %d (%v)", i, d, len(got), want, err)
			}
		}
	}
}
