package actions_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Secrets through every way into the journal: none arrives, and undo works all
// the same.
func TestPromise30_NoSecretReachesTheJournal(t *testing.T) {
	const plain = "correct-horse-battery" // nothing tells that it is one
	shaped := "ghp_" + strings.Repeat("a1B2", 9)
	j, dir := realJournal(t)
	w := newWorld("a", "web")
	b := setUpOn(t, j, w)
	line := text.CleanLine(`+  password: "` + plain + `"`)
	w.plan = core.Plan{
		Danger: 1, Title: text.Clean("deploy " + shaped), Diff: []text.Line{line}, Command: text.Clean("tool --token=" + plain),
		Impact: []text.Safe{text.Clean("api_key: " + plain)}, Warnings: []text.Safe{text.Clean("Bearer " + shaped)},
		Changes: []core.FieldChange{{Field: text.Lit("env DB_PASSWORD"), Before: text.Clean(plain), After: text.Clean(plain + "2")}},
	}
	w.talk = func(out core.Output) {
		out.Line(text.CleanLine("log in with " + plain))
		out.Progress(core.Progress{Text: text.Clean(plain)})
	}
	w.state["web"] = plain
	run := func(verb string, params actions.Params) actions.Task {
		t.Helper()
		p, err := b.Plan(t.Context(), verb, []core.Ref{w.ref("web")}, params)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Accept()
		return b.execute(p)
	}
	run(core.VerbDeploy, actions.Params{"image": "https://kim:" + plain + "@reg.example/app", "input.password": plain, "input.x": shaped})
	edited := run(core.VerbEdit, actions.Params{"before": plain, "after": plain + "-after"})
	if _, err := b.Definition(t.Context(), w.ref("web")); err != nil {
		t.Fatal(err)
	}
	b.undo(edited.ID) // by what was kept beside the journal
	wantString(t, w.now("web"), plain)
	gone := run(core.VerbDelete, nil)
	b.undo(gone.ID)
	wantString(t, w.now("web"), plain)
	if _, err := b.BreakGlass("INC-1: the token=" + plain + " leaked"); err != nil {
		t.Fatal(err)
	}
	w.secretly = actions.Params{"image": "app:1", "input.token": plain}
	run(core.VerbDeploy, actions.Params{"image": "app:2"})
	b.undo("")
	if !strings.Contains(w.last, plain) {
		t.Fatalf("undo lost a parameter that the journal must not hold: %s", w.last)
	}

	file, err := os.ReadFile(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{plain, shaped} {
		if i := bytes.Index(file, []byte(secret)); i >= 0 {
			t.Errorf("the journal has a secret: …%s…", file[max(0, i-200):i+50])
		}
	}
	found := 0
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if fi, e := os.Stat(path); err != nil || e != nil || fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: others can use it", path)
		}
		if d.IsDir() && d.Name() == "undo" {
			kept, _ := os.ReadDir(path)
			found = len(kept)
		}
		return nil
	})
	if found == 0 {
		t.Error("nothing was kept: the test proves nothing")
	}
	if r, err := j.Verify(); err != nil || !r.OK() {
		t.Fatal(r, err)
	}
}
