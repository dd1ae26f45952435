package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Load is a local file or folder that is to be sent.
type Load struct {
	Dir     string      // local folder that it is in, with links followed
	Name    string      // its name there
	Info    fs.FileInfo // of the file or folder
	Files   int
	Bytes   int64
	Omitted []string // names in the folder that are not sent: no files, or links that lead out
}

// Measure looks what there is to send. What the user names may be a link.
func Measure(local string) (*Load, error) {
	local, err := filepath.Abs(local)
	if err != nil {
		return nil, err
	}
	if local, err = filepath.EvalSymlinks(local); err != nil {
		return nil, err
	}
	l := &Load{Dir: filepath.Dir(local), Name: filepath.Base(local)}
	if l.Info, err = os.Stat(local); err != nil {
		return nil, err
	}
	if l.Info.Mode().IsRegular() {
		l.Files, l.Bytes = 1, l.Info.Size()
		return l, nil
	}
	if !l.Info.IsDir() {
		return nil, fmt.Errorf("%s is neither a file nor a folder", local)
	}
	err = l.walk(func(root *os.Root, name string, i fs.FileInfo) error {
		_, err := sent(root, name, i)
		switch {
		case errors.Is(err, errOmitted):
			l.Omitted = append(l.Omitted, name)
			return nil
		case err == nil && i.Mode().IsRegular():
			l.Files++
			l.Bytes += i.Size()
		}
		return err
	})
	return l, err
}

// errOmitted is what is not sent.
var errOmitted = errors.New("neither a file nor a folder, or a link that leads out")

// sent says whether an entry of a folder is sent, and where it leads to if it is
// a link. It may lead to what is beside the folder, and to an absolute place,
// which is one of the container; a relative one that leads further is refused by
// container engines together with all the rest.
func sent(root *os.Root, name string, i fs.FileInfo) (link string, err error) {
	switch {
	case i.IsDir(), i.Mode().IsRegular():
		return "", nil
	case i.Mode()&fs.ModeSymlink == 0:
		return "", errOmitted
	}
	if link, err = root.Readlink(name); err != nil {
		return "", err
	}
	link = filepath.ToSlash(link)
	if !path.IsAbs(link) && !filepath.IsLocal(path.Join("x", path.Dir(filepath.ToSlash(name)), link)) {
		return "", errOmitted
	}
	return link, nil
}

// walk visits the folder, itself first; names are relative to it.
func (l *Load) walk(visit func(root *os.Root, name string, i fs.FileInfo) error) error {
	root, err := os.OpenRoot(filepath.Join(l.Dir, l.Name))
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	n := 0
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if n++; n > maxEntries {
			return fmt.Errorf("%s holds more than %d entries: pack it first", root.Name(), maxEntries)
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		return visit(root, name, i)
	})
}
