package kube

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/archive"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// inContainer is a folder that the programs of the containers, which run on
// this machine as nobody, may write to.
func inContainer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; strings.Contains(d, t.Name()); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func planCopy(t *testing.T, s *Source, ns string, what core.Copy) *core.Operation {
	t.Helper()
	op, err := s.PlanCopy(t.Context(), s.ref("pod", ns, "two", ""), what)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func copyNow(t *testing.T, op *core.Operation, out core.Output) {
	t.Helper()
	if err := op.Execute(sources.Permit(t.Context()), out); err != nil {
		t.Fatal(err)
	}
	if o, err := op.Verify(t.Context(), func(core.Progress) {}); o != core.OutcomeHealthy || err != nil {
		t.Errorf("%v, %v", o, err)
	}
}

func TestCopyOut(t *testing.T) {
	_, s, ns := shellWorld(t)
	there, here := inContainer(t), t.TempDir()
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	write(t, there+"/logs/app.log", big, 0o640)
	write(t, there+"/logs/old/-odd name", "x", 0o755)
	if err := os.Chmod(there+"/logs/app.log", 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(there+"/logs/app.log", there+"/logs/same.log"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", there+"/logs/link"); err != nil {
		t.Fatal(err)
	}
	op := planCopy(t, s, ns, core.Copy{From: ":" + there + "/logs/app.log", To: here})
	if p := op.Plan; p.Danger != 0 || len(p.Warnings) != 0 || p.Changes[0].Field.String() != here+"/app.log" || p.UndoHint.Empty() {
		t.Errorf("%+v", p)
	}
	out := &overheard{}
	copyNow(t, op, out)
	if read(t, here+"/app.log") != big || len(out.texts) == 0 {
		t.Errorf("the file, or no progress: %q", out.texts)
	}
	// It is there now: the plan says so, and what it does not name is not replaced.
	again := planCopy(t, s, ns, core.Copy{From: ":" + there + "/logs/app.log", To: here})
	if p := again.Plan; p.Danger != 1 || len(p.Warnings) != 1 || p.Changes[0].Before.String() != "a file of 2.0 MiB" {
		t.Errorf("%+v", p)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("replaced unasked: %v", err)
	}
	write(t, there+"/logs/app.log", "new", 0o644)
	copyNow(t, again, sources.Quiet)
	if read(t, here+"/app.log") != "new" {
		t.Error("not replaced")
	}
	// A folder, under another name, by the older way.
	out = &overheard{}
	copyNow(t, planCopy(t, withoutWebSockets(s), ns, core.Copy{From: "main:" + there + "/logs", To: here + "/taken"}), out)
	if read(t, here+"/taken/app.log") != "new" || read(t, here+"/taken/same.log") != "new" || read(t, here+"/taken/old/-odd name") != "x" {
		t.Error("the folder")
	}
	if st, err := os.Stat(here + "/taken/old/-odd name"); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if _, err := os.Lstat(here + "/taken/link"); err == nil || len(out.lines) != 1 || !strings.Contains(out.lines[0], "link → /etc/passwd") {
		t.Errorf("a link: %v, %q", err, out.lines)
	}
	for from, want := range map[string]core.ProblemKind{
		":" + there + "/nothing":   core.NotFound,
		":" + there + "/logs/link": core.Refused,
		"distroless:/etc/hosts":    core.Unsupported,
	} {
		err := planCopy(t, s, ns, core.Copy{From: from, To: here + "/x"}).Execute(sources.Permit(t.Context()), sources.Quiet)
		if !isProblem(err, want) {
			t.Errorf("%s: %v", from, err)
		}
	}
	if left, _ := filepath.Glob(here + "/*part*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	noGoroutines(t, ofSessions...)
}

func TestCopyIn(t *testing.T) {
	c, s, ns := shellWorld(t)
	there, here := inContainer(t), t.TempDir()
	write(t, here+"/conf/app.yaml", strings.Repeat("a: b\n", 1<<16), 0o640)
	write(t, here+"/conf/bin/run", "#!/bin/sh\n", 0o755)
	op := planCopy(t, s, ns, core.Copy{From: here + "/conf/app.yaml", To: ":" + there + "/renamed.yaml"})
	if p := op.Plan; p.Danger != 1 || p.Changes[0].After.String() != "1 files, 320.0 KiB" {
		t.Errorf("%+v", p)
	}
	out := &overheard{}
	copyNow(t, op, out)
	if read(t, there+"/renamed.yaml") != read(t, here+"/conf/app.yaml") || len(out.texts) == 0 || !strings.Contains(out.texts[0], "of 320.0 KiB") {
		t.Errorf("the file, or no progress: %q", out.texts)
	}
	copyNow(t, planCopy(t, s, ns, core.Copy{From: here + "/conf", To: ":" + there}), sources.Quiet) // a folder there
	if read(t, there+"/conf/bin/run") != "#!/bin/sh\n" {
		t.Error("the folder")
	}
	if st, err := os.Stat(there + "/conf/bin/run"); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	line := planCopy(t, s, ns, core.Copy{From: here + "/conf/bin/run", To: ":" + there + "/pasted"}).Plan.Command.String()
	if msg, err := shellLine(t, c, line); err != nil || read(t, there+"/pasted") != "#!/bin/sh\n" {
		t.Errorf("%s: %s, %v", line, msg, err)
	}
	for to, want := range map[string]core.ProblemKind{
		":/no/such/folder/x": core.NotFound,
		":/root/x":           core.Forbidden,
		"distroless:/tmp/x":  core.Unsupported,
	} {
		err := planCopy(t, s, ns, core.Copy{From: here + "/conf/app.yaml", To: to}).Execute(sources.Permit(t.Context()), sources.Quiet)
		// A status that got lost is not taken for success.
		if !isProblem(err, want) && !isProblem(err, core.NotFound) && !errors.Is(err, core.ErrOutcomeUnknown) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := op.Execute(t.Context(), sources.Quiet); err == nil {
		t.Error("it left without a permit")
	}
	noGoroutines(t, ofSessions...)
}

// TestCopyOutTakesOnlyWhatWasAskedFor: what a copy promises holds for the
// archive that it is given, which no honest tar makes.
func TestCopyOutTakesOnlyWhatWasAskedFor(t *testing.T) {
	dir := t.TempDir()
	c := &copying{local: dir + "/in", there: "/srv/d", total: -1, out: &overheard{}}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "./d/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./d/link", Typeflag: tar.TypeSymlink, Linkname: "."},
		{Name: "./evil", Typeflag: tar.TypeReg},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := bytes.NewReader(b.Bytes())
	var p *core.Problem
	if _, err := archive.Unpack(t.Context(), &b, c.target()); !errors.As(err, &p) || p.Kind != core.Refused {
		t.Errorf("it ended with %v", err)
	}
	if _, err := archive.Unpack(t.Context(), again, c.target()); !errors.As(err, &p) || p.Kind != core.Conflict {
		t.Errorf("replaced unasked: %v", err)
	}
	outside, _ := os.ReadDir(dir)
	inside, _ := os.ReadDir(dir + "/in")
	if len(outside) != 1 || len(inside) != 0 {
		t.Errorf("there is %v, and in it %v", outside, inside)
	}
}

func TestCopyPlan(t *testing.T) {
	_, s, ns := shellWorld(t)
	pod := s.ref("pod", ns, "two", "")
	for what, want := range map[core.Copy]core.ProblemKind{
		{From: "/a", To: "/b"}:                     core.Invalid,
		{From: ":/a", To: ":/b"}:                   core.Invalid,
		{From: ":/", To: "."}:                      core.Invalid,
		{From: ":/etc/hosts", To: "/no/such/dir/"}: core.Invalid,
		{From: "/no/such/file", To: ":/tmp"}:       core.Invalid,
		{From: "prepare:/etc/hosts", To: "."}:      core.Refused,
	} {
		if _, err := s.PlanCopy(t.Context(), pod, what); !isProblem(err, want) {
			t.Errorf("%+v: %v", what, err)
		}
	}
	form, err := s.Form(t.Context(), core.VerbCopy, pod)
	if err != nil || len(form.Fields) != 3 || form.Fields[2].Name != "container" || form.Note == (text.Safe{}) {
		t.Errorf("%+v, %v", form, err)
	}
}
