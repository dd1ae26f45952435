package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/archive"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// copyOut is a planned copy out of a container.
type copyOut struct {
	s       *Source
	m       *life
	src     *pathStat
	dir, as string // local folder, and the name in it
	before  fs.FileInfo
	done    *archive.Received
	broke   bool // the archive did not come whole
}

func (s *Source) planCopyOut(ctx context.Context, c *container.InspectResponse, from, to string) (*core.Operation, error) {
	from, err := insidePath(from)
	if err != nil {
		return nil, err
	}
	m := &life{id: c.ID, name: c.Name[min(1, len(c.Name)):]}
	src, err := s.statInside(ctx, m.id, from)
	switch {
	case err != nil:
		return nil, err
	case src == nil:
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s has no %s", m.name, from)}
	case path.Clean(src.path) == "/":
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("the whole container is not copied"), Hint: text.Lit("name a folder in it, or use docker export")}
	case !src.Mode.IsDir() && !src.Mode.IsRegular():
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is neither a file nor a folder", from)}
	}
	x := &copyOut{s: s, m: m, src: src}
	if err := x.aim(to, path.Base(path.Clean(from))); err != nil {
		return nil, localProblem(err)
	}
	target := filepath.Join(x.dir, x.as)
	p := core.Plan{
		Verb: core.VerbCopy, Target: s.ref(kindContainer, m.name, m.id), Rev: m.id,
		Title:    text.Sprintf("Copy %s out of %s", from, m.name),
		Preview:  text.Lit("the container is only read"),
		UndoHint: text.Sprintf("not undone here: remove %s", target),
		Command:  text.Sprintf("docker %scp -L %s %s", s.hostFlag(), quoteArg(m.name+":"+from), quoteArg(target)),
	}
	size := text.Bytes(float64(src.Size))
	if src.Mode.IsDir() {
		size = text.Lit("a folder, its size is not known before")
		p.Impact = append(p.Impact, text.Lit("links that lead out of it, devices and pipes are left out"))
		// docker cp would put a folder into one that is there already.
		p.Command = text.Sprintf("docker %scp -L %s %s", s.hostFlag(), quoteArg(m.name+":"+path.Clean(from)+"/."), quoteArg(target))
	}
	change := core.FieldChange{Field: text.CleanLong(target), Before: text.Lit("not there"), After: text.Sprintf("%s, of %s", size, stamp(src.Mtime))}
	switch {
	case x.before == nil:
	case x.before.IsDir():
		p.Danger = 2
		change.Before = text.Lit("a folder")
		p.Warnings = append(p.Warnings, text.Lit("files of the same name in it are overwritten"))
		p.UndoHint = text.Lit("cannot be undone: what is overwritten is lost")
	default:
		p.Danger = 2
		change.Before = text.Sprintf("%s, of %s", text.Bytes(float64(x.before.Size())), stamp(x.before.ModTime()))
		p.Warnings = append(p.Warnings, text.Sprintf("%s is overwritten", target))
		p.UndoHint = text.Lit("cannot be undone: what is overwritten is lost")
	}
	p.Changes = []core.FieldChange{change}
	return &core.Operation{Plan: p, Execute: x.execute, Verify: x.verify, SendLimit: copyLimit}, nil
}

// aim finds where the copy goes: into a folder that is there, or to a new name.
func (x *copyOut) aim(to, base string) error {
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	x.dir, x.as = filepath.Dir(to), filepath.Base(to)
	if i, err := os.Stat(to); err == nil && i.IsDir() {
		x.dir, x.as = to, base
	}
	if i, err := os.Stat(x.dir); err != nil {
		return err
	} else if !i.IsDir() {
		return fmt.Errorf("%s is no folder", x.dir)
	}
	x.before, err = os.Lstat(filepath.Join(x.dir, x.as))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.before = nil
	case err != nil:
		return err
	case x.before.IsDir() != x.src.Mode.IsDir() || !x.before.IsDir() && !x.before.Mode().IsRegular():
		return fmt.Errorf("%s is there already and is something else", filepath.Join(x.dir, x.as))
	}
	return nil
}

func (x *copyOut) execute(ctx context.Context, out core.Output) error {
	if err := x.s.gate.CheckAt(ctx, x.s.ref(kindContainer, x.m.name, x.m.id), "copy out of "+x.m.name); err != nil {
		return err
	}
	now, err := os.Lstat(filepath.Join(x.dir, x.as))
	if (err == nil) != (x.before != nil) || err == nil && (now.Size() != x.before.Size() || !now.ModTime().Equal(x.before.ModTime())) {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s has changed since the plan was made", filepath.Join(x.dir, x.as)), Hint: text.Lit("look again and plan anew")}
	}
	api, err := x.s.client(ctx)
	if err != nil {
		return err
	}
	r, err := api.CopyFromContainer(ctx, x.m.id, client.CopyFromContainerOptions{SourcePath: path.Clean(x.src.path)})
	if err != nil {
		return fmt.Errorf("read %s: %w", x.src.path, err)
	}
	defer func() { _ = r.Content.Close() }()
	to := archive.Target{
		Top: path.Base(path.Clean(x.src.path)), Dir: x.dir, Name: x.as,
		Kind: archive.File, Replace: x.before != nil, Links: true, Out: out,
	}
	moving := &transfer{total: x.src.Size, out: out}
	if x.src.Mode.IsDir() {
		to.Kind, moving.total = archive.Folder, 0
	}
	to.Moved = moving.moved
	got, err := archive.Unpack(ctx, r.Content, to)
	x.done, x.broke = &got, err != nil
	return localProblem(err)
}

// verify tells what has come; the files are there, or Execute failed.
func (x *copyOut) verify(_ context.Context, report func(core.Progress)) (core.Outcome, error) {
	if x.done == nil {
		return core.OutcomeRefused, &core.Problem{Kind: core.Conflict, Summary: text.Lit("nothing was copied")}
	}
	if x.broke {
		return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the copy broke off after %d files", x.done.Files)}
	}
	if _, err := os.Lstat(filepath.Join(x.dir, x.as)); err != nil {
		return core.OutcomeFailed, localProblem(err)
	}
	says := text.Sprintf("%d files, %s", x.done.Files, text.Bytes(float64(x.done.Bytes)))
	if n := x.done.LeftOut; n > 0 {
		says = text.Sprintf("%s; %d left out", says, n)
	}
	report(core.Progress{Done: 1, Total: 1, Text: says})
	return core.OutcomeHealthy, nil
}
