package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Kind is what the archive's top entry has to be.
type Kind int

// The kinds of a top entry.
const (
	Any    Kind = iota
	File        // a folder is refused
	Folder      // a file is refused
)

// Target is what an archive is unpacked to: one file or folder of this machine.
type Target struct {
	Top  string // the name of the archive's top entry; all others are below it
	Dir  string // the local folder, which exists
	Name string // what the top entry is called in it
	Kind Kind
	// Replace says that the plan named what is there: a file may be replaced,
	// and a folder may be filled. Otherwise anything that is there is a Conflict.
	Replace bool
	// Links makes the symbolic links that stay within a folder; otherwise all
	// are left out.
	Links bool
	Out   core.Output // gets a line for each entry that is left out
	Moved Moved       // may be nil
}

// Received is what came.
type Received struct {
	Files   int
	Bytes   int64
	LeftOut int // entries: links, devices, pipes
}

// Unpack unpacks until the archive ends. Nothing is written outside of the
// target, also not through links. Links that lead out of it, devices and pipes
// are left out, and so are set-user-id and set-group-id bits; the umask holds.
// A Problem of kind Refused is an archive that no honest tar sends, one of kind
// Conflict something in the way that the plan did not name. What came before an
// error stays.
func Unpack(ctx context.Context, r io.Reader, to Target) (Received, error) {
	dir, err := os.OpenRoot(to.Dir)
	if err != nil {
		return Received{}, err
	}
	u := &unpacking{
		to: to, ctx: ctx, dir: dir,
		entries: maxEntries, bytes: maxBytes,
		folders: map[string]bool{}, files: map[string]bool{}, links: map[string]string{},
	}
	defer u.close()
	err = u.run(r)
	return u.got, err
}

type unpacking struct {
	to  Target
	ctx context.Context
	dir *os.Root // the target is in it
	top *os.Root // the target, once it is a folder

	entries int   // that may still come
	bytes   int64 // that may still come

	folders map[string]bool   // seen to be real folders, relative to top
	files   map[string]bool   // that came, relative to top
	links   map[string]string // to be made when everything else is there

	any bool
	got Received
}

func (u *unpacking) close() {
	if u.top != nil {
		_ = u.top.Close()
	}
	_ = u.dir.Close()
}

func (u *unpacking) run(r io.Reader) error {
	if u.to.Kind == Folder {
		if err := u.open(0o755); err != nil {
			return err
		}
	}
	t := tar.NewReader(&ending{u.ctx, r})
	for {
		h, err := t.Next()
		switch {
		case err == io.EOF && !u.any:
			return ErrEmpty
		case err == io.EOF:
			return u.link()
		case u.ctx.Err() != nil:
			return u.ctx.Err()
		case err != nil:
			return fmt.Errorf("read the archive: %w", err)
		}
		if err := u.entry(h, t); err != nil {
			return fmt.Errorf("%s: %w", text.Clean(h.Name), err)
		}
		u.any = true
	}
}

func (u *unpacking) entry(h *tar.Header, r io.Reader) error {
	if u.entries--; u.entries < 0 {
		return refuse(h.Name, text.Sprintf("after %d others: that is more than is unpacked", maxEntries))
	}
	if u.bytes -= h.Size; u.bytes < 0 {
		return refuse(h.Name, text.Lit("which makes it larger than is unpacked"))
	}
	name, err := place(h.Name, u.to.Top)
	if err != nil {
		return err
	}
	if name == "." {
		return u.first(h, r)
	}
	if u.top == nil {
		return refuse(h.Name, text.Lit("which comes without its folder"))
	}
	if err := u.parents(h, name); err != nil {
		return err
	}
	switch {
	case h.Typeflag == tar.TypeDir:
		delete(u.links, name)
		return u.folder(h, name)
	case isFile(h):
		delete(u.links, name)
		if err := u.file(u.top, name, h, r); err != nil {
			return err
		}
		u.files[name] = true
		return nil
	case h.Typeflag == tar.TypeLink:
		delete(u.links, name)
		return u.sameFile(h, name)
	case h.Typeflag == tar.TypeSymlink:
		u.symlink(h, name)
		return nil
	}
	u.leave(name, text.Lit("neither a file nor a folder"))
	return nil
}

// first takes the entry of the target itself.
func (u *unpacking) first(h *tar.Header, r io.Reader) error {
	switch {
	case h.Typeflag == tar.TypeDir && u.top != nil:
		return nil
	case u.any || u.top != nil:
		return refuse(h.Name, text.Lit("which is there twice"))
	case h.Typeflag == tar.TypeSymlink:
		return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s is a link to %s: copy that", u.to.Top, h.Linkname)}
	case h.Typeflag == tar.TypeDir && u.to.Kind != File:
		return u.open(h.FileInfo().Mode().Perm() | 0o700)
	case isFile(h) && u.to.Kind != Folder:
		return u.file(u.dir, u.to.Name, h, r)
	}
	return refuse(h.Name, text.Lit("which is not what was asked for"))
}

// open makes the target a folder, or takes the one that is there.
func (u *unpacking) open(mode fs.FileMode) error {
	err := u.dir.Mkdir(u.to.Name, mode)
	if errors.Is(err, fs.ErrExist) {
		i, e := u.dir.Lstat(u.to.Name)
		if !u.to.Replace || e != nil || !i.IsDir() {
			return clash(u.local("."))
		}
		err = nil
	}
	if err != nil {
		return err
	}
	u.top, err = u.dir.OpenRoot(u.to.Name)
	return err
}

// parents checks that the folder of an entry is one, and no link to one: neither
// the archive's links nor those that were there are ways to write through.
func (u *unpacking) parents(h *tar.Header, name string) error {
	dir := filepath.Dir(name)
	if dir == "." || u.folders[dir] {
		return nil
	}
	for i := 0; i <= len(dir); i++ {
		if i < len(dir) && !os.IsPathSeparator(dir[i]) {
			continue
		}
		st, err := u.top.Lstat(dir[:i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return refuse(h.Name, text.Lit("which comes without its folder"))
		case err != nil:
			return err
		case !st.IsDir():
			return clash(u.local(dir[:i]))
		}
	}
	u.folders[dir] = true
	return nil
}

func (u *unpacking) folder(h *tar.Header, name string) error {
	if u.folders[name] {
		return nil
	}
	err := u.top.Mkdir(name, h.FileInfo().Mode().Perm()|0o700) // what comes into it must be writable
	if errors.Is(err, fs.ErrExist) {
		i, e := u.top.Lstat(name)
		if !u.to.Replace || e != nil || !i.IsDir() {
			return clash(u.local(name))
		}
		err = nil
	}
	u.folders[name] = err == nil
	return err
}

// local is an entry's place as the user names it.
func (u *unpacking) local(name string) string {
	return filepath.Join(u.to.Dir, u.to.Name, name)
}

func (u *unpacking) leave(name string, why text.Safe) {
	u.got.LeftOut++
	u.to.Out.Line(text.Sprintf("left out %s: %s", filepath.Join(u.to.Name, name), why).Line())
}

func (u *unpacking) moved(n int, name string) {
	u.got.Bytes += int64(n)
	if u.to.Moved != nil {
		u.to.Moved(n, name)
	}
}

// isFile reports whether an entry is a plain file. A sparse one is not: its
// holes come for nothing and would fill the disk.
func isFile(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return false
		}
	}
	return h.Typeflag == tar.TypeReg
}
