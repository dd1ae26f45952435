package archive

import (
	"archive/tar"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"devops-tui/internal/text"
)

// sameFile makes another name of a file that came before. Another one may be
// none of the container's: what is done to the one would be done to the other.
func (u *unpacking) sameFile(h *tar.Header, name string) error {
	old, err := place(h.Linkname, u.to.Top)
	if err != nil || old == name || !u.files[old] {
		return refuse(h.Name, text.Sprintf("which is to be %q, a file that did not come", h.Linkname))
	}
	err = u.beside(name, false, func(part string) error { return u.top.Link(old, part) })
	if err != nil {
		return err
	}
	u.got.Files++
	u.files[name] = true
	return nil
}

// symlink notes a link to be made, or leaves it out.
func (u *unpacking) symlink(h *tar.Header, name string) {
	switch {
	case !u.to.Links:
		u.leave(name, text.Sprintf("a link → %s", h.Linkname))
	case !within(filepath.ToSlash(filepath.Dir(name)), h.Linkname):
		u.leave(name, text.Sprintf("it leads out, a link → %s", h.Linkname))
	default:
		u.links[name] = filepath.FromSlash(h.Linkname)
	}
}

// link makes the links when all else is there, so that no entry goes through
// one, and where they lead can be told from their words.
func (u *unpacking) link() error {
	for _, name := range slices.Sorted(maps.Keys(u.links)) {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		err := u.beside(name, true, func(part string) error { return u.top.Symlink(u.links[name], part) })
		if err != nil {
			return fmt.Errorf("make the link %s: %w", text.Clean(name), err)
		}
	}
	return nil
}

// beside makes a link under another name and then gives it its own.
func (u *unpacking) beside(name string, link bool, made func(part string) error) error {
	if err := u.vacant(u.top, name, filepath.Join(u.to.Name, name), link); err != nil {
		return err
	}
	part := partOf(name)
	if err := made(part); err != nil {
		return err
	}
	err := u.top.Rename(part, name)
	_ = u.top.Remove(part) // also where both were names of one file, which a rename leaves
	return err
}
