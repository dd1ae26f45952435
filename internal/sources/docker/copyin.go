package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"devops-tui/internal/archive"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// copyLimit is how long a copy may take.
const copyLimit = time.Hour

// copyIn is a planned copy into a container.
type copyIn struct {
	s      *Source
	m      *life
	load   *archive.Load
	dir    string    // folder inside that it goes into
	as     string    // its name there
	before *pathStat // what is in its place; nil: nothing
	sent   bool
}

func (s *Source) planCopyIn(ctx context.Context, c *container.InspectResponse, from, to string) (*core.Operation, error) {
	to, err := insidePath(to)
	if err != nil {
		return nil, err
	}
	load, err := archive.Measure(from)
	if err != nil {
		return nil, localProblem(err)
	}
	m := &life{id: c.ID, name: c.Name[min(1, len(c.Name)):]}
	x := &copyIn{s: s, m: m, load: load}
	if err := x.aim(ctx, to); err != nil {
		return nil, err
	}
	target := path.Join(x.dir, x.as)
	p := core.Plan{
		Verb: core.VerbCopy, Target: s.ref(kindContainer, m.name, m.id), Rev: m.id, Danger: 1,
		Title:    text.Sprintf("Copy %s into %s", filepath.Base(from), m.name),
		Impact:   []text.Safe{text.Sprintf("%d files, %s; they belong to root there", load.Files, text.Bytes(float64(load.Bytes)))},
		Preview:  text.Lit("Docker cannot try a copy without doing it"),
		UndoHint: text.Sprintf("not undone here: docker %sexec %s rm -r %s", s.hostFlag(), quoteArg(m.name), quoteArg(target)),
		Command:  text.Sprintf("docker %scp %s %s", s.hostFlag(), quoteArg(filepath.Join(load.Dir, load.Name)), quoteArg(m.name+":"+target)),
	}
	change := core.FieldChange{Field: text.CleanLong(target), Before: text.Lit("not there"), After: text.Sprintf("%s, of %s", text.Bytes(float64(load.Bytes)), stamp(load.Info.ModTime()))}
	if x.before != nil {
		p.Danger = 2
		p.UndoHint = text.Lit("cannot be undone: what is overwritten is lost; copy it out first")
		if x.before.Mode.IsDir() {
			change.Before = text.Lit("a folder")
			p.Warnings = append(p.Warnings, text.Lit("files of the same name in it are overwritten"))
			p.Command = text.Sprintf("docker %scp %s %s", s.hostFlag(), quoteArg(filepath.Join(load.Dir, load.Name)+"/."), quoteArg(m.name+":"+target))
		} else {
			change.Before = text.Sprintf("%s, of %s", text.Bytes(float64(x.before.Size)), stamp(x.before.Mtime))
			p.Warnings = append(p.Warnings, text.Sprintf("%s is overwritten", target))
		}
	}
	p.Changes = []core.FieldChange{change}
	if len(load.Omitted) > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("left out, for they are no files or lead out of the folder: %s", names(load.Omitted)))
	}
	for _, mnt := range c.Mounts {
		if within(target, mnt.Destination) && mnt.Type == mount.TypeTmpfs {
			p.Warnings = append(p.Warnings, text.Sprintf("%s is in memory: the engine copies beneath it, and the program does not see it", mnt.Destination))
		} else if within(target, mnt.Destination) {
			p.Impact = append(p.Impact, text.Sprintf("it goes into %s, which outlives the container", mnt.Destination))
		}
	}
	if c.HostConfig != nil {
		for at := range c.HostConfig.Tmpfs {
			if within(target, at) {
				p.Warnings = append(p.Warnings, text.Sprintf("%s is in memory: the engine copies beneath it, and the program does not see it", at))
			}
		}
	}
	return &core.Operation{Plan: p, Execute: x.execute, Verify: x.verify, SendLimit: copyLimit}, nil
}

// within reports whether name is dir or below.
func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// aim finds where the copy goes: into a folder that is there, or to a new name
// in one.
func (x *copyIn) aim(ctx context.Context, to string) error {
	at, err := x.s.statInside(ctx, x.m.id, path.Clean(to))
	if err != nil {
		return err
	}
	if at != nil && at.Mode.IsDir() {
		x.dir, x.as = path.Clean(at.path), x.load.Name
		if x.before, err = x.s.statInside(ctx, x.m.id, path.Join(x.dir, x.as)); err != nil {
			return err
		}
	} else {
		if strings.HasSuffix(to, "/") && at == nil {
			return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s has no folder %s", x.m.name, to)}
		}
		x.before = at
		place := path.Clean(to)
		if at != nil {
			place = path.Clean(at.path)
		}
		x.dir, x.as = path.Dir(place), path.Base(place)
		up, err := x.s.statInside(ctx, x.m.id, x.dir)
		if err != nil {
			return err
		}
		if up == nil || !up.Mode.IsDir() {
			return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s has no folder %s", x.m.name, x.dir)}
		}
	}
	if x.before != nil && (x.before.Mode.IsDir() != x.load.Info.IsDir()) {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is there already and is something else", path.Join(x.dir, x.as))}
	}
	return nil
}

func (x *copyIn) execute(ctx context.Context, out core.Output) error {
	if _, err := x.s.resolve(ctx, x.s.ref(kindContainer, x.m.name, x.m.id)); err != nil {
		return err
	}
	target := path.Join(x.dir, x.as)
	now, err := x.s.statInside(ctx, x.m.id, target)
	switch {
	case err != nil:
		return err
	case (now == nil) != (x.before == nil), now != nil && (now.Size != x.before.Size || !now.Mtime.Equal(x.before.Mtime)):
		return changedMeanwhile("file", target)
	}
	moving := &transfer{total: x.load.Bytes, out: out}
	r, w := io.Pipe()
	packed := make(chan error, 1)
	core.Go("docker copy", func() {
		_, err := x.load.Pack(w, x.as, out, moving.moved)
		_ = w.CloseWithError(err)
		packed <- err
	})
	x.sent, err = x.s.once(ctx, "copy into "+x.m.name, func(ctx context.Context, api *client.Client) error {
		_, err := api.CopyToContainer(ctx, x.m.id, client.CopyToContainerOptions{DestinationPath: x.dir, Content: r})
		return err
	})
	_ = r.Close()
	if local := <-packed; local != nil && !errors.Is(local, io.ErrClosedPipe) {
		return fmt.Errorf("%w: %w", localProblem(local), core.ErrOutcomeUnknown) // a part may have arrived
	}
	return err
}

// verify looks whether the file is there as it was here.
func (x *copyIn) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	target := path.Join(x.dir, x.as)
	now, err := x.s.statInside(ctx, x.m.id, target)
	switch {
	case ctx.Err() != nil:
		return core.OutcomeUnknown, ctx.Err()
	case err != nil:
		return core.OutcomeUnknown, err
	case now == nil:
		return core.OutcomeRefused, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is not there: the copy did not arrive", target)}
	case x.load.Info.IsDir():
		if !x.sent {
			return core.OutcomeRefused, &core.Problem{Kind: core.Conflict, Summary: text.Lit("nothing was copied")}
		}
	case now.Size != x.load.Info.Size() || now.Mtime.Unix() != x.load.Info.ModTime().Unix():
		return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is not what was sent: %s, of %s", target, text.Bytes(float64(now.Size)), stamp(now.Mtime))}
	}
	report(core.Progress{Done: 1, Total: 1, Text: text.Sprintf("%d files, %s", x.load.Files, text.Bytes(float64(x.load.Bytes)))})
	return core.OutcomeHealthy, nil
}
