package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Sent is what was packed.
type Sent struct {
	Entries int // of the archive: files, folders and links
	Files   int
}

// Pack writes the load as an archive with as for the name of its top entry.
// Files belong to root there, without set-user-id bits. out gets a line for each
// entry that is left out; moved may be nil. It ends when w does.
func (l *Load) Pack(w io.Writer, as string, out core.Output, moved Moved) (Sent, error) {
	if moved == nil {
		moved = func(int, string) {}
	}
	p := &packing{t: tar.NewWriter(w), moved: moved}
	err := p.load(l, as, out)
	if err == nil {
		err = p.t.Close()
	}
	return p.sent, err
}

type packing struct {
	t     *tar.Writer
	moved Moved
	sent  Sent
}

func (p *packing) load(l *Load, as string, out core.Output) error {
	if !l.Info.IsDir() {
		root, err := os.OpenRoot(l.Dir)
		if err != nil {
			return err
		}
		defer func() { _ = root.Close() }()
		return p.file(root, l.Name, as)
	}
	return l.walk(func(root *os.Root, name string, i fs.FileInfo) error {
		link, err := sent(root, name, i)
		in := path.Join(as, filepath.ToSlash(name))
		switch {
		case errors.Is(err, errOmitted):
			out.Line(text.Sprintf("left out %s: %s", in, text.Error(err)).Line())
			return nil
		case err != nil:
			return err
		case i.Mode().IsRegular():
			return p.file(root, name, in)
		case i.IsDir():
			return p.head(&tar.Header{Typeflag: tar.TypeDir, Name: in + "/"}, i)
		}
		return p.head(&tar.Header{Typeflag: tar.TypeSymlink, Name: in, Linkname: link}, i)
	})
}

func (p *packing) head(h *tar.Header, i fs.FileInfo) error {
	h.Mode = int64(i.Mode().Perm())
	h.ModTime = i.ModTime().Truncate(time.Second) // else it is rounded, and is not the one that was here
	if err := p.t.WriteHeader(h); err != nil {
		return err
	}
	p.sent.Entries++
	return nil
}

func (p *packing) file(root *os.Root, name, as string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	i, err := f.Stat() // the one that is read
	if err != nil {
		return err
	}
	if !i.Mode().IsRegular() {
		return fmt.Errorf("%s has become something else", name)
	}
	if err := p.head(&tar.Header{Typeflag: tar.TypeReg, Name: as, Size: i.Size()}, i); err != nil {
		return err
	}
	n, err := io.Copy(p.t, &metered{r: io.LimitReader(f, i.Size()), name: as, moved: p.moved})
	switch {
	case err != nil:
		return err
	case n < i.Size():
		return fmt.Errorf("%s became shorter while it was read", name)
	}
	p.sent.Files++
	return nil
}
