package archive

import (
	"archive/tar"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// file writes beside and renames, so that what was there is whole until what
// comes is.
func (u *unpacking) file(root *os.Root, name string, h *tar.Header, r io.Reader) error {
	says := filepath.Join(u.to.Name, name)
	if root == u.dir { // it is the target itself
		says = name
	}
	if err := u.vacant(root, name, says, false); err != nil {
		return err
	}
	part := partOf(name)
	mode := h.FileInfo().Mode().Perm() // no set-user-id, no set-group-id
	f, err := root.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, &metered{r: r, name: says, moved: u.moved})
	if err == nil {
		err = narrow(f, mode)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		_ = root.Chtimes(part, h.ModTime, h.ModTime) // a file system may not have times
		err = root.Rename(part, name)
	}
	if err != nil {
		_ = root.Remove(part)
		return err
	}
	u.got.Files++
	return nil
}

// narrow takes from a new file what was only given to write it. What the umask
// took stays taken.
func narrow(f *os.File, mode fs.FileMode) error {
	i, err := f.Stat()
	if err != nil || i.Mode().Perm()&mode == i.Mode().Perm() {
		return err
	}
	return f.Chmod(i.Mode().Perm() & mode)
}

// vacant checks that a file may take the name. A link there may be replaced by
// a link only.
func (u *unpacking) vacant(root *os.Root, name, says string, link bool) error {
	i, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case u.to.Replace && (i.Mode().IsRegular() || link && i.Mode()&fs.ModeSymlink != 0):
		return nil
	}
	return clash(filepath.Join(u.to.Dir, says))
}

// partOf names the part of a file beside it. It has nothing of the file's name,
// which may be as long as a name can be.
func partOf(name string) string {
	return filepath.Join(filepath.Dir(name), ".devops-tui-"+rand.Text()[:10]+".part")
}
