package kube

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

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// copyOut unpacks the stream of a tar in the container. Nothing that the stream
// says can write outside the target: it is unpacked within an os.Root.
func (c *copying) copyOut(ctx context.Context, out core.Output) error {
	c.out = out
	if err := c.again(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	unpacked := make(chan error, 1)
	core.Go("kube: unpack", func() {
		err := c.unpack(r)
		unpacked <- err
		if err != nil && !errors.Is(err, errNothing) {
			cancel() // the rest would only be thrown away
		}
		_, _ = io.Copy(io.Discard, r) // the padding
	})
	stderr := &capped{limit: 4 << 10}
	command := []string{"tar", "-cf", "-", "-C", dashed(path.Dir(c.there)), "./" + path.Base(c.there)}
	err := c.s.client.run(ctx, remote{pod: c.pod, container: c.name, command: command, out: w, err: stderr})
	_ = w.CloseWithError(io.ErrUnexpectedEOF)
	uerr := <-unpacked
	_ = r.Close()
	var problem *core.Problem
	switch {
	case errors.As(uerr, &problem):
		return problem
	case errors.Is(uerr, io.ErrUnexpectedEOF) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return err
	case uerr == nil && err == nil:
		c.finish()
		return nil
	case uerr == nil && strings.Contains(stderr.String(), "changed as we read it"):
		out.Line(text.CleanLine(strings.TrimSpace(stderr.String()))) // a log that grows: what was there came
		c.finish()
		return nil
	case err != nil && (uerr == nil || errors.Is(uerr, errNothing) || errors.Is(uerr, io.ErrUnexpectedEOF)):
		return c.fault("from", err, stderr.String())
	}
	return &core.Problem{Kind: core.Invalid, Summary: text.Concat(text.Sprintf("cannot write %s: ", c.local), text.Error(uerr)), Cause: uerr}
}

var errNothing = errors.New("nothing came")

// unpack writes the archive's one file or folder to its local name.
func (c *copying) unpack(r io.Reader) error {
	dir, err := os.OpenRoot(filepath.Dir(c.local))
	if err != nil {
		return err
	}
	defer dir.Close()
	u := &unpacking{c: c, dir: dir, from: path.Base(c.there), to: filepath.Base(c.local)}
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			if !u.any {
				return errNothing
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := u.entry(h, tr); err != nil {
			return err
		}
		u.any = true
	}
}

type unpacking struct {
	c        *copying
	dir      *os.Root
	from, to string // the name of the top entry, there and here
	any      bool
}

// hostile is an archive that no honest tar makes.
func hostile(name string) error {
	return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("refused: the container's archive has the entry %q, which would be outside of what was asked for", name)}
}

// local is where an entry belongs; an error where that is outside.
func (u *unpacking) local(name string) (string, error) {
	clean := path.Clean(strings.TrimPrefix(name, "./"))
	rest, ok := strings.CutPrefix(clean, u.from)
	if !ok || rest != "" && rest[0] != '/' || strings.Contains("/"+name+"/", "/../") {
		return "", hostile(name)
	}
	local := filepath.Join(u.to, filepath.FromSlash(rest))
	if !filepath.IsLocal(local) {
		return "", hostile(name)
	}
	return local, nil
}

func (u *unpacking) entry(h *tar.Header, r io.Reader) error {
	local, err := u.local(h.Name)
	if err != nil {
		return err
	}
	mode := fs.FileMode(h.Mode) & 0o777 // no setuid, no setgid
	switch h.Typeflag {
	case tar.TypeDir:
		if st, err := u.dir.Lstat(local); err == nil && st.IsDir() && u.c.replace {
			return nil
		}
		if err := u.dir.Mkdir(local, mode|0o700); err != nil {
			return u.clash(err, local)
		}
		return nil
	case tar.TypeReg:
		return u.file(local, mode, h, r)
	case tar.TypeLink:
		old, err := u.local(h.Linkname)
		if err != nil {
			return err
		}
		if u.c.replace {
			_ = u.dir.Remove(local)
		}
		if err := u.dir.Link(old, local); err != nil {
			return u.clash(err, local)
		}
		u.c.file()
		return nil
	case tar.TypeSymlink:
		if local == u.to {
			return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s is a link to %s: copy that", u.c.there, h.Linkname)}
		}
		u.c.out.Line(text.CleanLine(fmt.Sprintf("left out, a link: %s → %s", local, h.Linkname)))
		return nil
	}
	u.c.out.Line(text.CleanLine("left out, neither a file nor a folder: " + local))
	return nil
}

// file writes one file beside its name and then gives it its name, so that
// no half of a file has it.
func (u *unpacking) file(local string, mode fs.FileMode, h *tar.Header, r io.Reader) error {
	if st, err := u.dir.Lstat(local); err == nil && !(u.c.replace && st.Mode().IsRegular()) {
		return u.clash(fs.ErrExist, local)
	}
	part := local + ".part-" + suffix()
	f, err := u.dir.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return u.clash(err, local)
	}
	_, err = io.Copy(moving{f, u.c, local}, r)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = u.dir.Rename(part, local)
	}
	if err != nil {
		_ = u.dir.Remove(part)
		return err
	}
	_ = u.dir.Chtimes(local, h.ModTime, h.ModTime) // nice to have
	u.c.file()
	return nil
}

// clash says that something is there that the plan did not speak of.
func (u *unpacking) clash(err error, local string) error {
	if errors.Is(err, fs.ErrExist) {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is there already: nothing is replaced that the plan did not name", filepath.Join(filepath.Dir(u.c.local), local)), Cause: err}
	}
	return err
}
