package docker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// badReads is how often a damaged stream is opened again without getting on.
const badReads = 3

// Tail implements sources.Tailer for containers and projects.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	out := newBatcher(sink)
	defer out.close()
	var err error
	switch {
	case req.Previous:
		return &core.Problem{
			Kind: core.Unsupported, Summary: text.Lit("Docker keeps one log over all lives of a container: there is no previous one"),
			Hint: text.Lit("scroll back: the line of the restart is marked"),
		}
	case req.Ref.Kind == kindContainer:
		err = s.tailContainer(ctx, req, out)
	case req.Ref.Kind == kindProject:
		err = s.tailProject(ctx, req, out)
	default:
		return unsupported(req.Ref.Kind, "logs")
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return s.Problem(err)
	}
	return nil
}

func (s *Source) tailContainer(ctx context.Context, req core.LogRequest, out *batcher) error {
	c, err := s.resolve(ctx, req.Ref)
	if err != nil {
		return err
	}
	ref := req.Ref
	ref.UID = c.ID
	f := s.newFollower(ref, ref.Name, req)
	f.emit = out.add
	f.tty = c.Config != nil && c.Config.Tty
	if c.State != nil {
		f.started = parseTime(c.State.StartedAt)
	}
	if !req.Follow {
		return f.read(ctx, false)
	}
	return f.follow(ctx)
}

// follow reads on over cut streams, restarts of the container and of the
// engine, until ctx ends or the container is removed.
func (f *follower) follow(ctx context.Context) error {
	bad, failed := 0, 0
	for ctx.Err() == nil {
		before := f.seq
		err := f.read(ctx, true)
		if ctx.Err() != nil {
			return nil
		}
		if f.seq > before {
			bad, failed = 0, 0
		}
		switch {
		case err == nil:
			if err = f.revive(ctx); errors.Is(err, errGone) {
				return nil
			}
		case errors.Is(err, errFrame), errors.Is(err, errEngineLog):
			if bad++; bad > badReads {
				return &core.Problem{Kind: core.Unsupported, Summary: text.Error(err), Hint: text.Lit("look at it with: docker logs"), Cause: err}
			}
			f.mark(time.Time{}, text.Sprintf("%s; opened again", err.Error()))
			f.pause(ctx, bad)
			continue
		}
		switch {
		case err == nil:
		case errdefs.IsNotFound(err):
			f.mark(time.Time{}, text.Lit("the container was removed"))
			return nil
		case f.s.passing(err):
			failed++
			f.pause(ctx, failed)
		default:
			return err
		}
	}
	return nil
}

// errGone ends a follow: the container will not come back.
var errGone = errors.New("the container was removed")

// passing tells errors that may be gone when the engine is back from those
// that stay.
func (s *Source) passing(err error) bool {
	return errors.Is(err, errCut) || s.Problem(err).Kind == core.Unreachable
}

// pause waits before the n-th attempt: 0.1 s, doubling up to 2 s, jittered.
func (f *follower) pause(ctx context.Context, n int) {
	wait := min(100*time.Millisecond<<min(n-1, 8), 2*time.Second)
	timer := time.NewTimer(wait/2 + rand.N(wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// revive is called when the engine has ended the stream: it tells why, and
// returns when the container runs again.
func (f *follower) revive(ctx context.Context) error {
	for n := 1; ctx.Err() == nil; n++ {
		c, err := f.s.inspect(ctx, f.id)
		switch {
		case errdefs.IsNotFound(err):
			f.mark(time.Time{}, text.Lit("the container was removed"))
			return errGone
		case err != nil:
			return err
		case c.State == nil:
			return errGone
		}
		if c.State.Running && !c.State.Restarting {
			if started := parseTime(c.State.StartedAt); !started.Equal(f.started) {
				f.mark(started, text.Lit("the container was started again"))
				f.started = started
			} else {
				f.pause(ctx, 1) // the same life: the stream ended too early
			}
			return nil
		}
		if err := f.waitStart(ctx, &c); err != nil {
			if !f.s.passing(err) {
				return err
			}
			f.pause(ctx, n)
		}
	}
	return nil
}

// waitStart tells the end of a life and waits for the next one, without
// asking again and again.
func (f *follower) waitStart(ctx context.Context, c *container.InspectResponse) error {
	if end := parseTime(c.State.FinishedAt); !end.Equal(f.told) {
		f.told = end
		says := text.Sprintf("the container exited (%d)", c.State.ExitCode)
		if c.State.OOMKilled {
			says = text.Sprintf("the container was OOMKilled (%d)", c.State.ExitCode)
		}
		f.mark(end, says)
	}
	api, err := f.s.client(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := api.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.Add("container", f.id)})
	// It may have been started before the stream was open.
	now, err := f.s.inspect(ctx, f.id)
	if err != nil || now.State == nil || now.State.Running {
		return err
	}
	for {
		select {
		case m := <-stream.Messages:
			switch m.Action {
			case events.ActionStart, events.ActionRestart, events.ActionDestroy, events.ActionRemove:
				return nil
			}
		case err := <-stream.Err:
			return fmt.Errorf("%w: %w", errCut, streamEnd(err))
		}
	}
}
