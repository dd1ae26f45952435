package archive

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
	"devops-tui/internal/text"
)

// heard is what an Output was told.
type heard struct{ lines []string }

func (*heard) Progress(core.Progress) {}
func (h *heard) Line(l text.Line)     { h.lines = append(h.lines, l.String()) }

type entry struct {
	h    tar.Header
	data string
}

func file(name string) entry {
	return entry{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o6755, Size: 1}, "x"}
}

func folder(name string) entry {
	return entry{tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o6755}, ""}
}

func link(kind byte, name, to string) entry {
	return entry{tar.Header{Name: name, Linkname: to, Typeflag: kind, Mode: 0o777}, ""}
}

func stream(t testing.TB, entries ...entry) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range entries {
		if err := w.WriteHeader(&entries[i].h); err != nil {
			continue // no tar can say that
		}
		if _, err := io.WriteString(w, entries[i].data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func isProblem(err error, kind core.ProblemKind) bool {
	var p *core.Problem
	return errors.As(err, &p) && p.Kind == kind
}

func save(t testing.TB, name, data string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(data), mode)); err != nil {
		t.Fatal(err)
	}
}

func holds(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHostileArchives: whatever entries an archive has, nothing outside of the
// target changes.
func TestHostileArchives(t *testing.T) {
	const taken = core.Internal
	const sym, hard = tar.TypeSymlink, tar.TypeLink
	top, ok := folder("./d/"), file("./d/ok")
	for name, c := range map[string]struct {
		kind    Kind
		entries []entry
		refused core.ProblemKind // or taken
		leftOut int
	}{
		"parent":                 {Any, []entry{file("./../evil")}, core.Refused, 0},
		"parent of the top":      {Folder, []entry{file("../evil")}, core.Refused, 0},
		"inner parent":           {Any, []entry{top, file("./d/../../evil")}, core.Refused, 0},
		"parent and back":        {Any, []entry{top, file("./d/../d/evil")}, core.Refused, 0},
		"absolute":               {Any, []entry{top, file("/evil")}, core.Refused, 0},
		"absolute, as the top":   {Any, []entry{top, file("/d/evil")}, core.Refused, 0},
		"another name":           {Any, []entry{top, file("./evil")}, core.Refused, 0},
		"a name that begins":     {Any, []entry{top, file("./dd/evil")}, core.Refused, 0},
		"through a link up":      {Any, []entry{top, link(sym, "./d/l", ".."), file("./d/l/evil")}, core.Refused, 1},
		"through a link within":  {Any, []entry{top, link(sym, "./d/l", "."), file("./d/l/evil")}, core.Refused, 0},
		"link in a link":         {Any, []entry{top, link(sym, "./d/l", "."), link(sym, "./d/l/evil", "..")}, core.Refused, 0},
		"hard link through one":  {Any, []entry{top, ok, link(sym, "./d/l", "."), link(hard, "./d/evil", "./d/l/ok")}, core.Refused, 0},
		"hard link to a link":    {Any, []entry{top, folder("d/a"), link(sym, "d/a/l", ".."), link(hard, "d/evil", "d/a/l")}, core.Refused, 0},
		"hard link out":          {Any, []entry{top, link(hard, "./d/evil", "../secret")}, core.Refused, 0},
		"hard link beside":       {Any, []entry{top, link(hard, "./d/evil", "secret")}, core.Refused, 0},
		"hard link to ours":      {Any, []entry{top, link(hard, "./d/evil", "./d/mine")}, core.Refused, 0},
		"over a link of ours":    {Any, []entry{top, file("./d/ours/evil")}, core.Conflict, 0},
		"over one within":        {Any, []entry{top, file("./d/inner/evil")}, core.Conflict, 0},
		"instead of a link":      {Any, []entry{top, file("./d/ours")}, core.Conflict, 0},
		"file for a folder":      {Any, []entry{top, folder("./d/f"), file("./d/f")}, core.Conflict, 0},
		"folder for a file":      {Any, []entry{top, ok, folder("./d/ok")}, core.Conflict, 0},
		"link for a folder":      {Any, []entry{top, folder("./d/f"), link(sym, "./d/f", ".")}, core.Conflict, 0},
		"below a file":           {Any, []entry{top, ok, file("./d/ok/evil")}, core.Conflict, 0},
		"without its folder":     {Any, []entry{top, file("./d/no/evil")}, core.Refused, 0},
		"without the top":        {Any, []entry{file("./d/evil")}, core.Refused, 0},
		"the top is a link":      {Any, []entry{link(sym, "./d", "/etc")}, core.Refused, 0},
		"the top is a hard link": {Any, []entry{link(hard, "./d", "secret")}, core.Refused, 0},
		"the top is a pipe":      {Any, []entry{{tar.Header{Name: "d", Typeflag: tar.TypeFifo}, ""}}, core.Refused, 0},
		"the top again":          {Any, []entry{top, file("./d")}, core.Refused, 0},
		"no folder":              {Folder, []entry{file("./d")}, core.Refused, 0},
		"no file":                {File, []entry{top, ok}, core.Refused, 0},
		"links that lead out": {Any, []entry{
			top, ok, link(sym, "./d/l", ".."), link(sym, "./d/m", "/"), link(sym, "./d/n", "x/../.."), link(sym, "./d/o", ".../.."), link(sym, "./d/p", ""),
		}, taken, 5},
		"links that lead out together": {Any, []entry{
			top, ok, folder("d/a"), folder("d/a/b"), link(sym, "d/a/b/l", "../.."), link(sym, "d/evil", "a/b/l/.."),
		}, taken, 1},
		"devices": {Any, []entry{top, ok, {tar.Header{Name: "d/dev", Typeflag: tar.TypeBlock, Mode: 0o666}, ""}, {tar.Header{Name: "d/pipe", Typeflag: tar.TypeFifo}, ""}}, taken, 2},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			save(t, base+"/secret", "s", 0o600)
			save(t, base+"/in/secret", "s", 0o600)
			replace := c.kind != File
			if replace {
				save(t, base+"/in/d/mine", "m", 0o600)
				if err := errors.Join(os.Mkdir(base+"/in/d/sub", 0o755), os.Symlink("sub", base+"/in/d/inner"), os.Symlink(base, base+"/in/d/ours")); err != nil {
					t.Fatal(err)
				}
			}
			if strings.HasPrefix(name, "the top is") {
				if err := os.RemoveAll(base + "/in/d"); err != nil {
					t.Fatal(err)
				}
			}
			out := &heard{}
			got, err := Unpack(t.Context(), stream(t, c.entries...), Target{
				Top: "d", Dir: base + "/in", Name: "d", Kind: c.kind, Replace: replace, Links: true, Out: out,
			})
			if c.refused == taken && err != nil || c.refused != taken && !isProblem(err, c.refused) {
				t.Errorf("it ended with %v", err)
			}
			if c.refused == taken && holds(t, base+"/in/d/ok") != "x" {
				t.Error("the good file did not come")
			}
			if got.LeftOut != c.leftOut || len(out.lines) != c.leftOut {
				t.Errorf("left out %d: %q", got.LeftOut, out.lines)
			}
			if holds(t, base+"/secret") != "s" || holds(t, base+"/in/secret") != "s" {
				t.Error("a secret has changed")
			}
			contained(t, base)
		})
	}
}

// contained checks that of all that is in base only base/in/d was written to,
// and that no link and no mode of it is of use to a stranger.
func contained(t interface{ Errorf(string, ...any) }, base string) {
	inside, err := os.OpenRoot(base + "/in/d")
	if err == nil {
		defer func() { _ = inside.Close() }()
	}
	_ = filepath.WalkDir(base, func(p string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(p, base)
		within := rel == "/in/d" || strings.HasPrefix(rel, "/in/d/")
		switch {
		case err != nil:
			return err
		case d.Name() == "evil", strings.HasSuffix(d.Name(), ".part"), !within && rel != "" && rel != "/in" && d.Name() != "secret":
			t.Errorf("made %s", rel)
		case d.Type()&fs.ModeSymlink != 0 && inside != nil && d.Name() != "ours":
			if _, err := inside.Stat(strings.TrimPrefix(rel, "/in/d/")); err != nil && strings.Contains(err.Error(), "escapes") {
				t.Errorf("%s leads out: %v", rel, err)
			}
		case d.Type()&fs.ModeSymlink == 0 && d.Type()&^fs.ModeDir != 0:
			t.Errorf("%s is %v", rel, d.Type())
		}
		if i, err := d.Info(); err == nil && i.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
			t.Errorf("%s is %v", rel, i.Mode())
		}
		return nil
	})
}

// TestRandomArchives: random archives change nothing outside of the target, and
// no link of theirs leads out of it.
func TestRandomArchives(t *testing.T) {
	tame := []string{".", "d", "e", "l", ""}
	wild := append([]string{"..", "/", "..."}, tame...)
	kinds := []byte{tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink, tar.TypeFifo}
	tops := []string{"./d/", "./d/d/", "./d/d/e/"}
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(base, "x")
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(root) }()
		if err := os.Mkdir(root+"/in", 0o755); err != nil {
			rt.Fatal(err)
		}
		parts := rapid.SampledFrom([][]string{tame, wild}).Draw(rt, "names")
		name := rapid.SliceOfN(rapid.SampledFrom(parts), 0, 4)
		to := rapid.SliceOfN(rapid.SampledFrom(wild), 0, 5)
		var entries []entry
		for _, n := range tops[:rapid.IntRange(0, len(tops)).Draw(rt, "folders")] {
			entries = append(entries, folder(n))
		}
		for range rapid.IntRange(1, 6).Draw(rt, "entries") {
			e := file("./d/" + strings.Join(name.Draw(rt, "name"), "/"))
			if e.h.Typeflag = rapid.SampledFrom(kinds).Draw(rt, "type"); e.h.Typeflag != tar.TypeReg {
				e.data, e.h.Size = "", 0
			}
			if e.h.Typeflag == tar.TypeLink || e.h.Typeflag == tar.TypeSymlink {
				e.h.Linkname = strings.Join(to.Draw(rt, "to"), "/")
			}
			if e.h.Typeflag == tar.TypeLink && rapid.Bool().Draw(rt, "from the top") {
				e.h.Linkname = "d/" + e.h.Linkname
			}
			entries = append(entries, e)
		}
		_, _ = Unpack(t.Context(), stream(t, entries...), Target{
			Top: "d", Dir: root + "/in", Name: "d", Out: &heard{},
			Kind:    Kind(rapid.IntRange(int(Any), int(Folder)).Draw(rt, "kind")),
			Replace: rapid.Bool().Draw(rt, "replace"), Links: rapid.Bool().Draw(rt, "links"),
		})
		contained(rt, root)
	})
}
