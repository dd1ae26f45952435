package docker

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// tarEntries bounds what is copied at once.
const tarEntries = 200_000

// tarball is a local file or folder that is to be sent.
type tarball struct {
	dir  string // local folder that it is in
	name string // its name there
	as   string // its name in the container

	info    fs.FileInfo
	files   int
	bytes   int64
	omitted []string // names in the folder that are not sent: no files, or links that lead out
}

// measure looks what there is to send.
func measure(local string) (*tarball, error) {
	local, err := filepath.Abs(local)
	if err != nil {
		return nil, err
	}
	if local, err = filepath.EvalSymlinks(local); err != nil {
		return nil, err
	}
	b := &tarball{dir: filepath.Dir(local), name: filepath.Base(local)}
	if b.info, err = os.Stat(local); err != nil {
		return nil, err
	}
	if b.info.Mode().IsRegular() {
		b.files, b.bytes = 1, b.info.Size()
		return b, nil
	}
	if !b.info.IsDir() {
		return nil, fmt.Errorf("%s is neither a file nor a folder", local)
	}
	n := 0
	err = b.walk(func(name string, i fs.FileInfo) error {
		if n++; n > tarEntries {
			return fmt.Errorf("%s holds more than %d entries: pack it first", local, tarEntries)
		}
		switch {
		case i.Mode().IsRegular():
			b.files++
			b.bytes += i.Size()
		case i.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(filepath.Join(local, name))
			if err != nil {
				return err
			}
			// The engine refuses the whole for a link that leads out of where it
			// goes.
			if to = filepath.ToSlash(to); !path.IsAbs(to) && !filepath.IsLocal(path.Join("x", path.Dir(filepath.ToSlash(name)), to)) {
				b.omitted = append(b.omitted, name)
			}
		case !i.IsDir():
			b.omitted = append(b.omitted, name)
		}
		return nil
	})
	return b, err
}

// walk visits the folder, itself first; names are relative to it.
func (b *tarball) walk(visit func(name string, i fs.FileInfo) error) error {
	root, err := os.OpenRoot(filepath.Join(b.dir, b.name))
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		return visit(name, i)
	})
}

// write sends it. Files belong to root there, as with `docker cp`.
func (b *tarball) write(w io.Writer) error {
	t := tar.NewWriter(w)
	if !b.info.IsDir() {
		root, err := os.OpenRoot(b.dir)
		if err != nil {
			return err
		}
		defer func() { _ = root.Close() }()
		if err := b.add(t, root, b.name, b.as, b.info); err != nil {
			return err
		}
		return t.Close()
	}
	root, err := os.OpenRoot(filepath.Join(b.dir, b.name))
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	err = b.walk(func(name string, i fs.FileInfo) error {
		if slices.Contains(b.omitted, name) {
			return nil
		}
		return b.add(t, root, name, path.Join(b.as, filepath.ToSlash(name)), i)
	})
	if err != nil {
		return err
	}
	return t.Close()
}

func (b *tarball) add(t *tar.Writer, root *os.Root, name, as string, i fs.FileInfo) error {
	link := ""
	switch {
	case i.Mode()&fs.ModeSymlink != 0:
		var err error
		if link, err = root.Readlink(name); err != nil {
			return err
		}
	case !i.IsDir() && !i.Mode().IsRegular():
		return nil
	}
	var f *os.File
	if i.Mode().IsRegular() {
		var err error
		if f, err = root.Open(name); err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if i, err = f.Stat(); err != nil { // the one that is read
			return err
		}
	}
	h, err := tar.FileInfoHeader(i, link)
	if err != nil {
		return err
	}
	h.Name, h.Uid, h.Gid, h.Uname, h.Gname = as, 0, 0, "", ""
	h.ModTime = h.ModTime.Truncate(time.Second) // else it is rounded, and is not the one that was here
	if i.IsDir() {
		h.Name += "/"
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	if f == nil {
		return nil
	}
	if n, err := io.Copy(t, io.LimitReader(f, i.Size())); err != nil {
		return err
	} else if n < i.Size() {
		return fmt.Errorf("%s has become shorter while it was read", name)
	}
	return nil
}
