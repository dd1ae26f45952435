package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// untar unpacks what a container sends. The container is not trusted: it may
// send any archive. Nothing is written outside of root, which for a folder is
// that folder alone; links that lead out of it, devices, pipes and set-user-id
// bits are left out.
type untar struct {
	root  *os.Root
	base  string // the first element of every name in the archive
	as    string // what it becomes; "": root itself stands for it
	total int64  // bytes expected; 0: not known
	out   core.Output

	files int
	bytes int64
	left  []text.Safe // what was left out, and why
	told  time.Time
}

// errHostile is an archive that names what it must not.
var errHostile = errors.New("the archive is not what was asked for")

// run unpacks until the archive ends.
func (u *untar) run(ctx context.Context, r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("read the archive: %w", err)
		}
		name, err := u.place(h.Name)
		if err == nil {
			err = u.entry(ctx, t, h, name)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", text.Clean(h.Name), err)
		}
	}
}

// place is where an entry goes in root.
func (u *untar) place(raw string) (string, error) {
	if strings.Contains(raw, `\`) || path.IsAbs(raw) {
		return "", errHostile
	}
	name := path.Clean(raw)
	rest, ok := strings.CutPrefix(name, u.base)
	if !ok || rest != "" && rest[0] != '/' {
		return "", errHostile
	}
	name = path.Join(u.as, strings.TrimPrefix(rest, "/"))
	if name == "" {
		name = "."
	}
	if name = filepath.FromSlash(name); !filepath.IsLocal(name) {
		return "", errHostile
	}
	return name, nil
}

func (u *untar) entry(ctx context.Context, t *tar.Reader, h *tar.Header, name string) error {
	mode := h.FileInfo().Mode().Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		if name == "." {
			return nil
		}
		err := u.root.Mkdir(name, mode|0o700) // what comes into it must be writable
		if errors.Is(err, fs.ErrExist) {
			if i, e := u.root.Stat(name); e == nil && i.IsDir() {
				err = nil
			}
		}
		return err
	case tar.TypeReg, tar.TypeGNUSparse:
		return u.file(ctx, t, h, name, mode)
	case tar.TypeSymlink:
		to := filepath.FromSlash(h.Linkname)
		if filepath.IsAbs(to) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), to)) || u.as != "" {
			u.leave(h, text.Sprintf("it leads out to %s", h.Linkname))
			return nil
		}
		if err := u.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return u.root.Symlink(to, name)
	case tar.TypeLink:
		old, err := u.place(h.Linkname)
		if err != nil {
			u.leave(h, text.Sprintf("it leads out to %s", h.Linkname))
			return nil
		}
		if err := u.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return u.root.Link(old, name)
	}
	u.leave(h, text.Lit("it is a device or a pipe"))
	return nil
}

// file writes beside and renames, so that what was there is whole until what
// comes is.
func (u *untar) file(ctx context.Context, r io.Reader, h *tar.Header, name string, mode fs.FileMode) error {
	if i, err := u.root.Lstat(name); err == nil && i.IsDir() {
		return errors.New("a folder is in its place")
	}
	part := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d.part", filepath.Base(name), os.Getpid()))
	f, err := u.root.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, &counted{r: r, ctx: ctx, add: u.count})
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = u.root.Chmod(part, mode)
	}
	if err == nil {
		_ = u.root.Chtimes(part, time.Now(), h.ModTime) // a file system may not have times
		err = u.root.Rename(part, name)
	}
	if err != nil {
		_ = u.root.Remove(part)
		return err
	}
	u.files++
	return nil
}

func (u *untar) leave(h *tar.Header, why text.Safe) {
	says := text.Sprintf("left out %s: %s", h.Name, why)
	u.left = append(u.left, says)
	u.out.Line(says.Line())
}

// count tells the progress, not more often than can be seen.
func (u *untar) count(n int) {
	u.bytes += int64(n)
	if time.Since(u.told) > 100*time.Millisecond {
		u.told = time.Now()
		u.out.Progress(copied(u.bytes, u.total))
	}
}

// copied is the progress in bytes.
func copied(n, total int64) core.Progress {
	if total <= 0 {
		return core.Progress{Text: text.Sprintf("%s copied", text.Bytes(float64(n)))}
	}
	return core.Progress{Done: int(n), Total: int(total), Text: text.Sprintf("%s of %s", text.Bytes(float64(n)), text.Bytes(float64(total)))}
}

// counted counts what is read, and ends with its context.
type counted struct {
	r   io.Reader
	ctx context.Context
	add func(int)
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.add(n)
	return n, err
}
