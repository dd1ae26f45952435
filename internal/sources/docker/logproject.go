package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// tailProject reads the logs of all containers of a project: what is there
// merged by time, then what comes, also from containers that come later.
func (s *Source) tailProject(ctx context.Context, req core.LogRequest, out *batcher) error {
	list, err := s.members(ctx, req.Ref.Name)
	if err != nil {
		return err
	}
	p := &projectTail{s: s, req: req, out: out, known: map[string]bool{}}
	var fs []*follower
	for i := range list {
		if f := p.take(&list[i], req); f != nil {
			fs = append(fs, f)
		}
	}
	if req.Container != "" && len(fs) == 0 {
		return notFound(kindContainer, req.Container)
	}
	if err := p.merge(ctx, fs); err != nil || !req.Follow {
		return err
	}
	defer p.wg.Wait()
	for _, f := range fs {
		p.start(ctx, f)
	}
	return p.newcomers(ctx)
}

type projectTail struct {
	s     *Source
	req   core.LogRequest
	out   *batcher
	wg    sync.WaitGroup
	known map[string]bool // container ids
}

// take makes a follower of a container that is not followed yet and is meant:
// by its name or by its service's.
func (p *projectTail) take(c *container.Summary, req core.LogRequest) *follower {
	name := containerName(c)
	if p.known[c.ID] || p.req.Container != "" && p.req.Container != name && p.req.Container != c.Labels[labelService] {
		return nil
	}
	p.known[c.ID] = true
	return p.s.newFollower(p.s.ref(kindContainer, name, c.ID), name, req)
}

// merge reads what is there and hands it out by time. Each log is in order, so
// it is enough to hold one line of each.
func (p *projectTail) merge(ctx context.Context, fs []*follower) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer func() {
		cancel()
		wg.Wait()
		for _, f := range fs {
			f.emit = p.out.add
		}
	}()
	lines := make([]chan core.Line, len(fs))
	errs := make([]error, len(fs))
	for i, f := range fs {
		ch := make(chan core.Line, 256)
		lines[i] = ch
		f.emit = func(l core.Line, _ bool) {
			select {
			case ch <- l:
			case <-ctx.Done():
			}
		}
		wg.Add(1)
		core.Go("docker log "+f.s.host.scope, func() {
			defer wg.Done()
			defer close(ch)
			if errs[i] = f.look(ctx); errs[i] == nil {
				errs[i] = f.read(ctx, false)
			}
			if errs[i] != nil && ctx.Err() == nil {
				f.mark(time.Time{}, p.s.Problem(errs[i]).Summary)
			}
		})
	}
	heads := make([]*core.Line, len(fs))
	for {
		first := -1
		for i, ch := range lines {
			if heads[i] == nil && ch != nil {
				if l, ok := <-ch; ok {
					heads[i] = &l
				} else {
					lines[i] = nil
				}
			}
			if heads[i] != nil && (first < 0 || heads[i].Time < heads[first].Time) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		p.out.add(*heads[first], true)
		heads[first] = nil
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := errors.Join(errs...); err != nil && !slices.Contains(errs, nil) {
		return cmp.Or(errs...)
	}
	return nil
}

// start follows one container.
func (p *projectTail) start(ctx context.Context, f *follower) {
	p.wg.Add(1)
	core.Go("docker log "+p.s.host.scope, func() {
		defer p.wg.Done()
		f.emit = p.out.add
		if err := f.follow(ctx); err != nil && ctx.Err() == nil {
			f.mark(time.Time{}, p.s.Problem(err).Summary)
		}
	})
}

// newcomers follows the containers that the project gets while it is watched.
func (p *projectTail) newcomers(ctx context.Context) error {
	pause := follower{}
	for n := 1; ctx.Err() == nil; n++ {
		err := p.watch(ctx, func() { n = 1 })
		if ctx.Err() != nil {
			return nil
		}
		if !p.s.passing(err) {
			return err
		}
		pause.pause(ctx, n)
	}
	return nil
}

// watch attaches what is new until its event stream ends.
func (p *projectTail) watch(ctx context.Context, works func()) error {
	api, err := p.s.client(ctx)
	if err != nil {
		return err
	}
	ctx2, cancel := context.WithCancel(ctx)
	defer cancel()
	filter := client.Filters{}.Add("label", labelProject+"="+p.req.Ref.Name).Add("type", "container").Add("event", "start")
	stream := api.Events(ctx2, client.EventsListOptions{Filters: filter})
	for {
		list, err := p.s.summaries(ctx2, client.Filters{}.Add("label", labelProject+"="+p.req.Ref.Name))
		if err != nil {
			return err
		}
		works()
		for i := range list {
			req := p.req
			req.Since, req.Tail = time.Time{}, -1 // all of it is new
			f := p.take(&list[i], req)
			if f == nil {
				continue
			}
			if err := f.look(ctx2); err != nil {
				delete(p.known, f.id)
				continue
			}
			f.emit = p.out.add
			f.mark(f.started, text.Lit("the container joined the project"))
			p.start(ctx, f)
		}
		select {
		case <-stream.Messages:
		case err := <-stream.Err:
			return fmt.Errorf("%w: %w", errCut, streamEnd(err))
		}
	}
}
