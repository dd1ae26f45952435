package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
)

// TestThereAndBack packs a folder and unpacks it under another name.
func TestThereAndBack(t *testing.T) {
	dir := t.TempDir()
	old := time.Date(2026, 11, 1, 8, 0, 0, 700e6, time.UTC)
	save(t, dir+"/site/index.html", "hello", 0o640)
	save(t, dir+"/site/deep/run", "#!", 0o755)
	save(t, dir+"/site/deep/fixed", "", 0o444)
	err := errors.Join(
		os.Chmod(dir+"/site/deep/run", 0o755|fs.ModeSetuid),
		os.Chtimes(dir+"/site/index.html", old, old),
		os.Symlink("deep/run", dir+"/site/link"),
		os.Symlink("../beside", dir+"/site/up"),
		os.Symlink("../../further", dir+"/site/out"),
		os.Symlink("site", dir+"/named"),
	)
	if err != nil {
		t.Fatal(err)
	}
	load, err := Measure(dir + "/named")
	if err != nil || load.Name != "site" || load.Files != 3 || load.Bytes != 7 || strings.Join(load.Omitted, " ") != "out" {
		t.Fatalf("%+v, %v", load, err)
	}
	var b bytes.Buffer
	out, moved := &heard{}, 0
	sent, err := load.Pack(&b, "www", out, func(n int, _ string) { moved += n })
	if err != nil || sent != (Sent{Entries: 7, Files: 3}) || moved != 7 || len(out.lines) != 1 || !strings.Contains(out.lines[0], "www/out") {
		t.Errorf("%+v, %v, %d bytes, %q", sent, err, moved, out.lines)
	}
	for r := tar.NewReader(bytes.NewReader(b.Bytes())); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil || h.Mode&^0o777 != 0 || h.Uid != 0 || h.Uname != "" {
			t.Fatalf("%+v, %v", h, err)
		}
	}
	to := Target{Top: "www", Dir: dir, Name: "back", Links: true, Out: out}
	got, err := Unpack(t.Context(), bytes.NewReader(b.Bytes()), to)
	if err != nil || got != (Received{Files: 3, Bytes: 7, LeftOut: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, mode := range map[string]fs.FileMode{"index.html": 0o640, "deep/run": 0o755, "deep/fixed": 0o444} {
		if i, err := os.Stat(filepath.Join(dir, "back", name)); err != nil || i.Mode() != mode {
			t.Errorf("%s: %v, %v", name, i.Mode(), err)
		}
	}
	if i, err := os.Stat(dir + "/back/index.html"); err != nil || !i.ModTime().Equal(old.Truncate(time.Second)) || holds(t, dir+"/back/link") != "#!" {
		t.Errorf("%v, %v", i.ModTime(), err)
	}
	// What is there is replaced only if the plan said so; then all of it again.
	if _, err := Unpack(t.Context(), bytes.NewReader(b.Bytes()), to); !isProblem(err, core.Conflict) {
		t.Errorf("unasked: %v", err)
	}
	to.Replace, to.Links = true, false
	if got, err = Unpack(t.Context(), bytes.NewReader(b.Bytes()), to); err != nil || got.LeftOut != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	to.Links = true
	if _, err = Unpack(t.Context(), bytes.NewReader(b.Bytes()), to); err != nil {
		t.Error(err)
	}
}

// TestAFileIsWholeOrNotThere: an archive that ends early changes no file.
func TestAFileIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	save(t, dir+"/f", "before", 0o600)
	to := Target{Top: "d", Dir: dir, Name: "f", Kind: File, Replace: true, Out: &heard{}}
	big := entry{tar.Header{Name: "d", Typeflag: tar.TypeReg, Mode: 0o600, Size: 4 << 10}, strings.Repeat("x", 4<<10)}
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"cut":   {io.LimitReader(stream(t, big), 2<<10), io.ErrUnexpectedEOF},
		"empty": {stream(t), ErrEmpty},
	} {
		if _, err := Unpack(t.Context(), c.r, to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	to.Moved = func(int, string) { cancel() }
	if _, err := Unpack(ctx, io.MultiReader(io.LimitReader(stream(t, big), 1<<10), stream(t)), to); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || holds(t, dir+"/f") != "before" {
		t.Errorf("there is %v", left)
	}
}

func TestHardLinksAndLongNames(t *testing.T) {
	dir, long := t.TempDir(), strings.Repeat("n", 255)
	same := link(tar.TypeLink, "d/same", "./d/"+long)
	archive := func() io.Reader { // at the second link both names are one file already
		return stream(t, folder("d"), file("d/"+long), same, same)
	}
	to := Target{Top: "d", Dir: dir, Name: "d", Kind: Folder, Replace: true, Out: &heard{}}
	for range 2 {
		if got, err := Unpack(t.Context(), archive(), to); err != nil || got.Files != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	a, aerr := os.Stat(dir + "/d/" + long)
	b, berr := os.Stat(dir + "/d/same")
	if aerr != nil || berr != nil || !os.SameFile(a, b) {
		t.Errorf("%v, %v", aerr, berr)
	}
	if names, _ := os.ReadDir(dir + "/d"); len(names) != 2 {
		t.Errorf("there is %v", names)
	}
}

// TestBounds: an archive of too many entries or bytes ends before they are there.
func TestBounds(t *testing.T) {
	for name, b := range map[string]struct {
		entries int
		bytes   int64
	}{"entries": {2, 1 << 10}, "bytes": {10, 1}} {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		u := &unpacking{
			to: Target{Top: "d", Dir: root.Name(), Name: "d", Out: &heard{}}, ctx: t.Context(), dir: root,
			entries: b.entries, bytes: b.bytes,
			folders: map[string]bool{}, files: map[string]bool{}, links: map[string]string{},
		}
		if err := u.run(stream(t, folder("d"), file("d/a"), file("d/b"))); !isProblem(err, core.Refused) || u.got.Files != 1 {
			t.Errorf("%s: %v, %+v", name, err, u.got)
		}
		u.close()
	}
	huge := entry{tar.Header{Name: "d", Typeflag: tar.TypeReg, Size: 1<<40 + 1}, ""}
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&huge.h); err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(t.Context(), &b, Target{Top: "d", Dir: t.TempDir(), Name: "d", Out: &heard{}}); !isProblem(err, core.Refused) {
		t.Errorf("a huge file: %v", err)
	}
}

// TestSparseFilesAreLeftOut: a file of a few bytes does not become a full disk.
func TestSparseFilesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeGNUSparse},
		{Typeflag: tar.TypeReg, PAXRecords: map[string]string{"GNU.sparse.size": "1099511627776"}},
	} {
		if isFile(&h) {
			t.Errorf("%+v is taken for a plain file", h)
		}
	}
	if _, err := Measure(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := Measure("/dev/null"); err == nil {
		t.Error("a device is measured")
	}
}
