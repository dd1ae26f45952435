package kube

import (
	"archive/tar"
	"bytes"
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
	stderr, names := &capped{limit: 4 << 10}, &lineCount{}
	command := []string{"tar", "-xmvf", "-", "-C", dashed(dir)} // v: the names are the receipt
	err = c.s.client.run(ctx, remote{pod: c.pod, container: c.name, command: command, in: r, out: names, err: stderr})
	_ = r.Close()
	perr := <-packed
	switch {
	case err == nil && perr == nil && names.n >= c.entries:
		c.finish()
		return nil
	case err == nil && stderr.Len() > 0:
		return c.fault("to", &core.ExitError{Code: 2}, stderr.String())
	case err == nil:
		// The status of a program that ends before it has read everything gets
		// lost now and then between node and API server, and reads as success.
		return fmt.Errorf("copy into %s: %d of %d names were confirmed: %w", c.there, names.n, c.entries, core.ErrOutcomeUnknown)
	case perr != nil && !errors.Is(perr, io.ErrClosedPipe):
		return &core.Problem{Kind: core.Invalid, Summary: text.Concat(text.Lit("cut off: "), text.Error(perr)), Cause: perr}
	case errors.Is(err, errLost), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("copy into %s: %w (%w)", c.there, core.ErrOutcomeUnknown, err)
	}
	return c.fault("to", err, stderr.String())
}

// lineCount counts lines. It is written to by one goroutine and read after it.
type lineCount struct{ n int }

func (l *lineCount) Write(b []byte) (int, error) {
	l.n += bytes.Count(b, []byte{'\n'})
	return len(b), nil
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
			return c.head(tw, h)
		case info.Mode()&fs.ModeSymlink != 0:
			h.Typeflag = tar.TypeSymlink
			if h.Linkname, err = os.Readlink(p); err != nil {
				return err
			}
			return c.head(tw, h)
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

func (c *copying) head(tw *tar.Writer, h *tar.Header) error {
	c.entries++
	return tw.WriteHeader(h)
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
	if err := c.head(tw, h); err != nil {
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
