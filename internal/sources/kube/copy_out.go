package kube

import (
	"context"
	"errors"
	"io"
	"path"
	"path/filepath"
	"strings"

	"devops-tui/internal/archive"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// copyOut unpacks the stream of a tar in the container. Nothing that the stream
// says can write outside the target.
func (c *copying) copyOut(ctx context.Context, out core.Output) error {
	c.out = out
	if err := c.again(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	var got archive.Received
	unpacked := make(chan error, 1)
	core.Go("kube: unpack", func() {
		var err error
		got, err = archive.Unpack(ctx, r, c.target())
		unpacked <- err
		if err != nil && !errors.Is(err, archive.ErrEmpty) {
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
	case errors.Is(uerr, io.ErrUnexpectedEOF) && cutOff(err):
		return err
	case cutOff(uerr):
		return uerr
	case uerr == nil && err == nil:
		c.finish(got.Files)
		return nil
	case uerr == nil && strings.Contains(stderr.String(), "changed as we read it"):
		out.Line(text.CleanLine(strings.TrimSpace(stderr.String()))) // a log that grows: what was there came
		c.finish(got.Files)
		return nil
	case err != nil && (uerr == nil || errors.Is(uerr, archive.ErrEmpty) || errors.Is(uerr, io.ErrUnexpectedEOF)):
		return c.fault("from", err, stderr.String())
	}
	return &core.Problem{Kind: core.Invalid, Summary: text.Concat(text.Sprintf("cannot write %s: ", c.local), text.Error(uerr)), Cause: uerr}
}

func cutOff(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// target is where the archive's one file or folder goes.
func (c *copying) target() archive.Target {
	return archive.Target{
		Top: path.Base(c.there), Dir: filepath.Dir(c.local), Name: filepath.Base(c.local),
		Replace: c.replace, Out: c.out, Moved: c.moved,
	}
}
