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

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// measure counts the files of a path and their bytes.
func measure(local string) (files int, total int64, err error) {
	root, err := filepath.EvalSymlinks(local) // what the user names may be a link
	if err != nil {
		return 0, 0, err
	}
	err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files++
			total += info.Size()
		}
		return err
	})
	return files, total, err
}

// copyIn sends a tar stream to a tar in the container.
func (c *copying) copyIn(ctx context.Context, out core.Output) error {
	c.out = out
	if err := c.again(ctx); err != nil {
		return err
	}
	dir, base := path.Dir(c.there), path.Base(c.there)
	folder, err := c.isFolder(ctx)
	if err != nil {
		return err
	}
	if folder {
		dir, base = c.there, filepath.Base(c.local)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	defer r.Close()
	packed := make(chan error, 1)
	core.Go("kube: pack", func() {
		err := c.pack(w, base)
		packed <- err
		_ = w.CloseWithError(err)
		if err != nil {
			cancel() // half an archive is not for unpacking to the end
		}
	})
	stderr := &capped{limit: 4 << 10}
	err = c.s.client.run(ctx, remote{pod: c.pod, container: c.name, command: []string{"tar", "-xmf", "-", "-C", dashed(dir)}, in: r, out: io.Discard, err: stderr})
	_ = r.Close()
	var exit *core.ExitError
	perr := <-packed
	switch {
	case err == nil:
		c.finish()
		return nil
	case perr != nil && !errors.Is(perr, io.ErrClosedPipe):
		return &core.Problem{Kind: core.Invalid, Summary: text.Concat(text.Lit("cut off: "), text.Error(perr)), Cause: perr}
	case errors.Is(err, errLost), ctx.Err() != nil && !errors.As(err, &exit):
		return fmt.Errorf("copy into %s: %w (%w)", c.there, core.ErrOutcomeUnknown, err)
	}
	return c.fault("to", err, stderr.String())
}

// isFolder asks whether the target is a folder there.
func (c *copying) isFolder(ctx context.Context) (bool, error) {
	err := c.s.client.run(ctx, remote{pod: c.pod, container: c.name, command: []string{"test", "-d", dashed(c.there)}, out: io.Discard, err: io.Discard})
	var exit *core.ExitError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &exit), noProgram(err, ""):
		return false, nil
	}
	return false, c.fault("to", err, "")
}

// dashed keeps a path from being read as an option.
func dashed(p string) string {
	if path.IsAbs(p) {
		return p
	}
	return "./" + p
}

// pack writes the local file or folder as a tar archive, with base as its name.
// The names of users of this machine stay here.
func (c *copying) pack(w io.Writer, base string) error {
	top, err := filepath.EvalSymlinks(c.local)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(w)
	err = filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		h := &tar.Header{Name: path.Join(base, filepath.ToSlash(rel)), Mode: int64(info.Mode().Perm()), ModTime: info.ModTime()}
		switch {
		case d.IsDir():
			h.Typeflag = tar.TypeDir
			h.Name += "/"
			return tw.WriteHeader(h)
		case info.Mode()&fs.ModeSymlink != 0:
			h.Typeflag = tar.TypeSymlink
			if h.Linkname, err = os.Readlink(p); err != nil {
				return err
			}
			return tw.WriteHeader(h)
		case !info.Mode().IsRegular():
			c.out.Line(text.CleanLine("left out, neither a file nor a folder: " + h.Name))
			return nil
		}
		return c.packFile(tw, h, p)
	})
	if err != nil {
		return err
	}
	return tw.Close()
}

func (c *copying) packFile(tw *tar.Writer, h *tar.Header, p string) error {
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	if _, err := io.CopyN(moving{tw, c, h.Name}, f, h.Size); err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s became shorter while it was read", p)
		}
		return err
	}
	c.file()
	return nil
}

// moving reports what is written through it.
type moving struct {
	io.Writer
	c    *copying
	name string
}

func (m moving) Write(b []byte) (int, error) {
	n, err := m.Writer.Write(b)
	m.c.moved(n, m.name)
	return n, err
}
