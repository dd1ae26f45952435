package kube

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

// TestCopyRefusesHostileArchives: whatever entries a container's tar makes,
// nothing outside of the target changes.
func TestCopyRefusesHostileArchives(t *testing.T) {
	for name, entries := range map[string][]tar.Header{
		"parent":        {{Name: "./../evil", Typeflag: tar.TypeReg, Size: 1}},
		"inner parent":  {{Name: "./d/../../evil", Typeflag: tar.TypeReg, Size: 1}},
		"absolute":      {{Name: "/evil", Typeflag: tar.TypeReg, Size: 1}},
		"sibling":       {{Name: "./dd/evil", Typeflag: tar.TypeReg, Size: 1}},
		"other":         {{Name: "./evil", Typeflag: tar.TypeReg, Size: 1}},
		"hard link out": {{Name: "./d/", Typeflag: tar.TypeDir}, {Name: "./d/l", Typeflag: tar.TypeLink, Linkname: "../secret"}},
		"link, then through it": {
			{Name: "./d/", Typeflag: tar.TypeDir},
			{Name: "./d/l", Typeflag: tar.TypeSymlink, Linkname: ".."},
			{Name: "./d/l/evil", Typeflag: tar.TypeReg, Size: 1},
		},
		"the top is a link":   {{Name: "./d", Typeflag: tar.TypeSymlink, Linkname: "/etc"}},
		"over a link of ours": {{Name: "./d/", Typeflag: tar.TypeDir}, {Name: "./d/ours/evil", Typeflag: tar.TypeReg, Size: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			write(t, base+"/secret", "s", 0o600)
			target := base + "/in"
			c := &copying{local: target + "/d", there: "/d", total: -1, out: sources.Quiet}
			if err := os.Mkdir(target, 0o755); err != nil {
				t.Fatal(err)
			}
			if name == "over a link of ours" {
				c.replace = true
				if err := errors.Join(os.Mkdir(target+"/d", 0o755), os.Symlink(base, target+"/d/ours")); err != nil {
					t.Fatal(err)
				}
			}
			err := c.unpack(archive(t, entries))
			if err == nil {
				t.Error("it was taken")
			}
			outside, _ := os.ReadDir(base)
			if len(outside) != 2 || read(t, base+"/secret") != "s" {
				t.Errorf("outside there is %v", outside)
			}
			_ = filepath.WalkDir(base, func(p string, d fs.DirEntry, err error) error {
				if d.Name() == "evil" || d.Type()&fs.ModeSymlink != 0 && d.Name() != "ours" {
					t.Errorf("made %s", p)
				}
				return err
			})
		})
	}
}

func archive(t testing.TB, entries []tar.Header) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range entries {
		h := entries[i]
		h.Mode = 0o6777
		if err := w.WriteHeader(&h); err != nil {
			continue // no tar can say that
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// TestCopyStaysInside: random archives change nothing outside of the target.
func TestCopyStaysInside(t *testing.T) {
	part := rapid.SampledFrom([]string{".", "..", "d", "e", "l", "", "/"})
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(base, "x")
		if err != nil {
			rt.Fatal(err)
		}
		if err := os.Mkdir(root+"/in", 0o755); err != nil {
			rt.Fatal(err)
		}
		var entries []tar.Header
		for range rapid.IntRange(1, 6).Draw(rt, "entries") {
			name := "./d/" + strings.Join(rapid.SliceOfN(part, 0, 4).Draw(rt, "name"), "/")
			kind := rapid.SampledFrom([]byte{tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink, tar.TypeFifo}).Draw(rt, "type")
			entries = append(entries, tar.Header{Name: name, Typeflag: kind, Linkname: strings.Join(rapid.SliceOfN(part, 0, 4).Draw(rt, "link"), "/")})
		}
		c := &copying{local: root + "/in/d", there: "/d", total: -1, out: sources.Quiet, replace: rapid.Bool().Draw(rt, "replace")}
		_ = c.unpack(archive(t, entries))
		for _, dir := range []string{root, root + "/in"} {
			if names, _ := os.ReadDir(dir); len(names) > 1 || len(names) == 1 && names[0].Name() != "in" && names[0].Name() != "d" {
				rt.Fatalf("%s has %v", dir, names)
			}
		}
		_ = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if d.Type()&fs.ModeSymlink != 0 {
				rt.Fatalf("made the link %s", p)
			}
			if info, err := d.Info(); err == nil && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
				rt.Fatalf("%s is %v", p, info.Mode())
			}
			return err
		})
	})
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
