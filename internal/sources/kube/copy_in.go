package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"devops-tui/internal/archive"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

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
	var sent archive.Sent
	packed := make(chan error, 1)
	core.Go("kube: pack", func() {
		var err error
		sent, err = c.load.Pack(w, base, out, c.moved)
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
	case err == nil && perr == nil && names.n >= sent.Entries:
		c.finish(sent.Files)
		return nil
	case err == nil && stderr.Len() > 0:
		return c.fault("to", &core.ExitError{Code: 2}, stderr.String())
	case err == nil:
		// The status of a program that ends before it has read everything gets
		// lost now and then between node and API server, and reads as success.
		return fmt.Errorf("copy into %s: %d of %d names were confirmed: %w", c.there, names.n, sent.Entries, core.ErrOutcomeUnknown)
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
