package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func record(i int) Record {
	return Record{
		Time: time.Date(2026, 1, 2, 15, 4, i%60, 0, time.UTC), ID: fmt.Sprintf("c%d", i), Event: Intent,
		User: "kim", Host: "desk", PID: 7, Instance: "kube:prod", Ref: "deployment/payments/api", UID: "u-1", Verb: "restart",
		Policy: Policy{Level: "name", Environment: "prod", Confirmed: "name"},
		Plan:   &Plan{Command: "kubectl -n payments rollout restart deployment/api", Changes: []Change{{"restartedAt", "never", "now"}}},
	}
}

// filled is a journal of n records.
func filled(t *testing.T, n int) *Journal {
	t.Helper()
	j, err := Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if err := j.Append(record(i)); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

func verified(t *testing.T, j *Journal) Report {
	t.Helper()
	r, err := j.Verify()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAppendListVerify(t *testing.T) {
	j := filled(t, 5)
	if err := j.Append(Record{ID: "c5", Event: Outcome, Result: &Result{Outcome: "healthy"}}); err != nil {
		t.Fatal(err)
	}
	r := verified(t, j)
	if !r.OK() || r.Records != 6 || len(r.Open) != 4 || r.Note != "" {
		t.Fatalf("%+v", r)
	}
	all, err := j.List(Filter{})
	if err != nil || len(all) != 6 || all[0].Seq != 1 || all[0].Prev != genesis || all[0].Plan.Changes[0].After != "now" {
		t.Fatalf("%v %+v", err, all)
	}
	last, _ := j.List(Filter{Last: 2, Event: Intent})
	if len(last) != 2 || last[1].ID != "c5" {
		t.Fatalf("%+v", last)
	}
	if got, _ := j.List(Filter{Ref: "payments/api", Verb: "restart", User: "kim", Instance: "kube:prod", Since: record(3).Time, Until: record(5).Time}); len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, name := range []string{FileName, headName, lockName} {
		fi, err := os.Stat(filepath.Join(j.dir, name))
		if err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, fi.Mode(), err)
		}
	}
	if fi, _ := os.Stat(j.dir); fi.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v", fi.Mode())
	}
}

func TestPromise29_TamperingIsNamedByLine(t *testing.T) {
	// Each case gets the seven lines of a good journal.
	cases := map[string]struct {
		change func(lines []string) []string
		line   int
	}{
		"nothing":                 {func(l []string) []string { return l }, 0},
		"edit a value":            {func(l []string) []string { l[2] = strings.Replace(l[2], "kim", "eve", 1); return l }, 3},
		"edit white space":        {func(l []string) []string { l[2] = strings.Replace(l[2], `,"`, `, "`, 1); return l }, 3},
		"edit the hash":           {func(l []string) []string { l[2] = l[2][:len(l[2])-4] + `0"}`; return l }, 3},
		"edit and hash again":     {func(l []string) []string { l[2] = rehash(t, l[2]); return l }, 4},
		"edit and hash the last":  {func(l []string) []string { l[6] = rehash(t, l[6]); return l }, 7},
		"delete the first":        {func(l []string) []string { return l[1:] }, 1},
		"delete one":              {func(l []string) []string { return append(l[:3], l[4:]...) }, 4},
		"delete the last":         {func(l []string) []string { return l[:6] }, 7},
		"delete the last three":   {func(l []string) []string { return l[:4] }, 5},
		"delete all":              {func([]string) []string { return nil }, 1},
		"swap two":                {func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }, 2},
		"double one":              {func(l []string) []string { return append(l[:3], l[2:]...) }, 4},
		"insert a foreign line":   {func(l []string) []string { return append(l[:1], append([]string{"{}"}, l[1:]...)...) }, 2},
		"cut the last line short": {func(l []string) []string { l[6] = l[6][:20]; return l }, 7},
		"append a second end":     {func(l []string) []string { return append(l, l[6]) }, 8},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			j := filled(t, 7)
			b, _ := os.ReadFile(j.Path())
			lines := c.change(strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"))
			out := ""
			if len(lines) > 0 {
				out = strings.Join(lines, "\n") + "\n"
			}
			if err := os.WriteFile(j.Path(), []byte(out), 0o600); err != nil {
				t.Fatal(err)
			}
			r := verified(t, j)
			if c.line == 0 {
				if !r.OK() {
					t.Fatalf("a good journal is bad: %s", r.Bad)
				}
				return
			}
			if r.OK() || r.Bad.Line != c.line {
				t.Fatalf("want line %d, got %+v (%v)", c.line, r, r.Bad)
			}
			if strings.Contains(name, "last") || strings.Contains(name, "all") || strings.Contains(name, "end") {
				// What is at the end is looked at before every record.
				if err := j.Append(record(8)); err == nil {
					t.Fatal("a change was recorded on top of a broken journal")
				} else if !strings.Contains(err.Error(), "mv ") {
					t.Fatalf("no fix in %q", err)
				}
			}
		})
	}
}

// rehash edits a line as somebody would who knows how it is made.
func rehash(t *testing.T, line string) string {
	var r Record
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	r.User = "eve"
	b, err := encode(&r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPromise29_TheAnchorCannotBeTakenAway(t *testing.T) {
	j := filled(t, 3)
	if err := os.Remove(j.headPath()); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, j); r.OK() {
		t.Fatal("a journal without its anchor verifies")
	}
	if err := j.Append(record(4)); err == nil {
		t.Fatal("appended without an anchor")
	}
	if err := os.WriteFile(j.headPath(), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, j); r.OK() {
		t.Fatal("a journal with an empty anchor verifies")
	}
}

func TestPromise29_AnUnfinishedLineIsNamedAndReplaced(t *testing.T) {
	for _, anchored := range []bool{true, false} {
		j := filled(t, 1)
		f, _ := os.OpenFile(j.Path(), os.O_WRONLY|os.O_APPEND, 0)
		_, _ = f.WriteString(`{"seq":2,"time":"2026-`)
		_ = f.Close()
		if !anchored { // died between the very first record and its anchor
			_ = os.Remove(j.headPath())
		}
		if r := verified(t, j); !r.OK() || r.Records != 1 || !strings.Contains(r.Note, "line 2") {
			t.Fatalf("%+v", r)
		}
		if err := j.Append(record(2)); err != nil {
			t.Fatal(err)
		}
		if r := verified(t, j); !r.OK() || r.Records != 3 || r.Note != "" {
			t.Fatalf("%+v", r)
		}
		got, _ := j.List(Filter{Event: Recovered})
		if len(got) != 1 || !strings.Contains(got[0].Result.Message, "22 bytes") {
			t.Fatalf("%+v", got)
		}
	}
}

func TestPromise29_UnsafeFilesAreRefusedWithTheFix(t *testing.T) {
	cases := map[string]struct {
		harm func(j *Journal) error
		fix  string
	}{
		"readable journal": {func(j *Journal) error { return os.Chmod(j.Path(), 0o644) }, "chmod 600 "},
		"readable head":    {func(j *Journal) error { return os.Chmod(j.headPath(), 0o640) }, "chmod 600 "},
		"open folder":      {func(j *Journal) error { return os.Chmod(j.dir, 0o755) }, "chmod 700 "},
		"linked journal": {func(j *Journal) error {
			if err := os.Rename(j.Path(), j.Path()+".x"); err != nil {
				return err
			}
			return os.Symlink(j.Path()+".x", j.Path())
		}, "rm "},
		"linked folder": {func(j *Journal) error {
			if err := os.Rename(j.dir, j.dir+".x"); err != nil {
				return err
			}
			return os.Symlink(j.dir+".x", j.dir)
		}, "mkdir -m 700 "},
		"a folder as journal": {func(j *Journal) error {
			if err := os.Remove(j.Path()); err != nil {
				return err
			}
			return os.Mkdir(j.Path(), 0o700)
		}, "mv "},
	}
	if os.Geteuid() == 0 { // only root can give a file away
		cases["foreign owner"] = struct {
			harm func(j *Journal) error
			fix  string
		}{func(j *Journal) error { return os.Chown(j.Path(), 65534, -1) }, "chown 0 "}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			j := filled(t, 1)
			if err := c.harm(j); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{"Ready": j.Ready(), "Append": j.Append(record(2))} {
				if err == nil || !strings.Contains(err.Error(), c.fix) {
					t.Errorf("%s: %v, want the fix %q", what, err, c.fix)
				}
			}
			again, err := Open(j.dir)
			if err == nil || again == nil {
				t.Fatal("Open must refuse, and return a journal to read from")
			}
		})
	}
}

func TestPromise29_RepairCountsAtOnce(t *testing.T) {
	j := filled(t, 1)
	if err := os.Chmod(j.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	if j.Append(record(2)) == nil {
		t.Fatal("appended to a readable journal")
	}
	if got, err := j.List(Filter{}); err != nil || len(got) != 1 {
		t.Fatalf("looking must work: %v %v", got, err)
	}
	if err := os.Chmod(j.Path(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(record(2)); err != nil {
		t.Fatal(err)
	}
}

func TestPromise30_SecretsNeverReachTheJournal(t *testing.T) {
	canaries := []string{
		"ghp_abcdefghijklmnopqrstuvwxyz012345", "glpat-AbCdEfGhIjKlMnOpQrSt", "AKIAABCDEFGHIJKLMNOP",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJraW0ifQ.c2lnbmF0dXJl", "hunter2hunter2", "s3cr3t-value-0123456789",
	}
	j := filled(t, 0)
	r := record(1)
	r.Plan = &Plan{
		Title:    "deploy with " + canaries[0],
		Params:   map[string]string{"token": canaries[5], "image": "https://kim:" + canaries[4] + "@registry.example/x"},
		Changes:  []Change{{"env DB_PASSWORD", canaries[4], canaries[5]}, {"annotation", "none", canaries[1]}},
		Diff:     []string{"-  value: " + canaries[3], `+  "api_key": "` + canaries[5] + `"`},
		Warnings: []string{"Authorization: Bearer " + canaries[5]},
		Command:  "curl -H 'Authorization: Bearer " + canaries[5] + "' --token=" + canaries[4] + " " + canaries[2],
	}
	r.Result = &Result{Outcome: "failed", Message: "password=" + canaries[4] + ": denied"}
	if err := j.Append(r); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(j.Path())
	for _, c := range canaries {
		if bytes.Contains(b, []byte(c)) {
			t.Errorf("%q is in the journal: %s", c, b)
		}
	}
	if r.Plan.Changes[0].Before != canaries[4] {
		t.Error("the caller's plan was written to")
	}
	for _, plain := range []string{
		"kubectl -n payments rollout restart deployment/api", "image api@sha256:9f3c2e1 → api@sha256:77aa",
		"6 pods, maxUnavailable 25%", "basic authentication is off", "https://registry.example:5000/x",
	} {
		if got := Scrub(plain); got != plain {
			t.Errorf("%q became %q", plain, got)
		}
	}
	if value("automountServiceAccountToken", "true") != "true" {
		t.Error("a switch is no secret")
	}
}

func TestExport(t *testing.T) {
	j := filled(t, 3)
	raw, _ := os.ReadFile(j.Path())
	var b bytes.Buffer
	if err := j.Export(&b, false); err != nil || !bytes.Equal(b.Bytes(), raw) {
		t.Fatalf("an export must be the journal byte for byte: %v", err)
	}
	b.Reset()
	if err := j.Export(&b, true); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"kim", "desk", "kubectl", `"never"`} {
		if strings.Contains(b.String(), s) {
			t.Errorf("%q is in the redacted export", s)
		}
	}
	all, _ := j.List(Filter{})
	for _, r := range all {
		if !strings.Contains(b.String(), r.Hash) {
			t.Error("a redacted line must name its original")
		}
	}
}

func TestLongPlansAreCut(t *testing.T) {
	j := filled(t, 0)
	r := record(1)
	for range 10_000 {
		r.Plan.Diff = append(r.Plan.Diff, "+ x")
	}
	r.Plan.Warnings = []string{strings.Repeat("ä", 100_000)}
	if err := j.Append(r); err != nil {
		t.Fatal(err)
	}
	if fi, _ := os.Stat(j.Path()); fi.Size() > 16<<10 {
		t.Fatalf("%d bytes", fi.Size())
	}
	if !verified(t, j).OK() || len(r.Plan.Diff) != 10_000 {
		t.Fatal("the caller's plan must stay as it is")
	}
}

func BenchmarkAppend(b *testing.B) {
	j, err := Open(filepath.Join(b.TempDir(), "state"))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := j.Append(record(i)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPromise29_ARecordThatCannotBeAnchoredIsNotKept(t *testing.T) {
	j := filled(t, 2)
	blocker := j.headPath() + ".new"
	if err := os.MkdirAll(filepath.Join(blocker, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(record(3)); err == nil {
		t.Fatal("appended without an anchor")
	}
	if r := verified(t, j); !r.OK() || r.Records != 2 || r.Note != "" {
		t.Fatalf("%+v", r)
	}
	if err := os.RemoveAll(blocker); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(record(3)); err != nil {
		t.Fatal(err)
	}
}
