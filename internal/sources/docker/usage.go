package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Streams cost the engine 0.2 % of a core each, so there are only so many;
// what is beyond is asked in turn.
const (
	maxStreams  = 30
	pollers     = 4
	pollsSecond = 25 // polls a second at most
	pollEvery   = 2 * time.Second
	sumEvery    = time.Second // projects are summed up
)

// target is a running container whose usage is wanted.
type target struct {
	ref                core.Ref
	project            string
	inSight            bool // asked for by name: gets a stream before others
	cpuLimit, memLimit float64
}

// meter is a target with what is known of it.
type meter struct {
	target
	before totals
	latest core.Usage
	empty  int                // answers without a sample, in a row
	stop   context.CancelFunc // of its stream; nil: it is polled
}

// emptyTold is how many answers without a sample in a row mean that the engine
// has none; one or two come when a container is being stopped.
const emptyTold = 3

// usage runs the stats of what is wanted.
type usage struct {
	s    *Source
	sink sources.Sink

	mu       sync.Mutex
	meters   map[string]*meter // by container id
	projects map[string]bool   // whose sums are wanted
	next     map[string]target
	wanted   map[string]bool
	change   sources.Bell
	told     bool // UsageState said that all is well
}

func newUsage(s *Source, sink sources.Sink) *usage {
	return &usage{s: s, sink: sink, meters: map[string]*meter{}, change: sources.NewBell()}
}

// want decides what is measured: what is in sight, and all running containers
// if the whole list is wanted.
func (u *usage) want(i core.Interest, items map[string]*item) {
	byUID, byName, projects := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, ref := range i.UsageOf {
		switch {
		case ref.Source != ID || ref.Scope != u.s.host.scope:
		case ref.Kind == kindProject:
			projects[ref.Name] = true
		case ref.Kind == kindContainer && ref.UID != "":
			byUID[ref.UID] = true
		case ref.Kind == kindContainer:
			byName[ref.Name] = true
		}
	}
	all := false
	if i.Usage {
		for _, k := range i.Kinds {
			all = all || k == kindContainer || k == kindProject
		}
	}
	next := map[string]target{}
	for id, it := range items {
		if it.sum.State != container.StateRunning || it.row == nil {
			continue
		}
		t := target{ref: it.row.Ref, project: it.sum.Labels[labelProject]}
		t.inSight = byUID[id] || byName[t.ref.Name]
		if !t.inSight && !projects[t.project] && !all {
			continue
		}
		if all && t.project != "" {
			projects[t.project] = true
		}
		if it.detail != nil {
			t.cpuLimit, t.memLimit = it.detail.cpuLimit, it.detail.memLimit
		}
		next[id] = t
	}
	delete(projects, "")
	u.mu.Lock()
	u.next, u.wanted = next, projects
	u.mu.Unlock()
	u.change.Ring()
}

// run blocks until ctx ends.
func (u *usage) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	gate := make(chan struct{}, pollers)
	sums := time.NewTicker(sumEvery)
	defer sums.Stop()
	poll := time.NewTimer(time.Hour)
	defer poll.Stop()
	var turn []string // who is to be polled in this round
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.change:
			if u.follow(ctx, &wg) {
				poll.Reset(0)
			}
		case <-sums.C:
			u.sum()
		case <-poll.C:
			if len(turn) == 0 {
				turn = u.polled()
			}
			if len(turn) == 0 {
				continue // until there is a change
			}
			id := turn[0]
			turn = turn[1:]
			pause := time.Second / pollsSecond
			if len(turn) == 0 {
				pause = pollEvery
			}
			select {
			case gate <- struct{}{}:
				wg.Add(1)
				core.Go("docker stats poll "+u.s.host.scope, func() {
					defer wg.Done()
					defer func() { <-gate }()
					u.once(ctx, id)
				})
			default: // the engine is slow: leave this one out
			}
			poll.Reset(pause)
		}
	}
}

// follow starts and stops streams so that they fit the targets. more tells
// that there are new ones to be polled.
func (u *usage) follow(ctx context.Context, wg *sync.WaitGroup) (more bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.projects = u.wanted
	streams := 0
	for id, m := range u.meters {
		t, ok := u.next[id]
		if !ok {
			if m.stop != nil {
				m.stop()
			}
			delete(u.meters, id)
			continue
		}
		m.target = t
		if m.stop != nil {
			streams++
		}
	}
	for id, t := range u.next {
		if u.meters[id] == nil {
			u.meters[id] = &meter{target: t}
			more = true
		}
	}
	limit := maxStreams
	if u.s.host.proto == "ssh" {
		limit = 0 // a stream would be a process
	}
	if len(u.meters) > limit { // room for what is in sight
		for _, m := range u.meters {
			if m.stop != nil && !m.inSight {
				m.stop()
				m.stop = nil
				streams--
				more = true
			}
		}
	}
	for _, inSight := range [...]bool{true, false} {
		for id, m := range u.meters {
			if m.stop != nil || streams >= limit || m.inSight != inSight || !inSight && len(u.meters) > limit {
				continue
			}
			streams++
			sctx, stop := context.WithCancel(ctx)
			m.stop = stop
			wg.Add(1)
			core.Go("docker stats "+u.s.host.scope, func() {
				defer wg.Done()
				defer stop()
				u.stream(sctx, id)
			})
		}
	}
	return more
}

// polled are the targets without a stream.
func (u *usage) polled() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var ids []string
	for id, m := range u.meters {
		if m.stop == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// stream follows the stats of one container, and opens them again when they
// end while they are still wanted.
func (u *usage) stream(ctx context.Context, id string) {
	wait := time.Second
	for ctx.Err() == nil {
		began := time.Now()
		err := u.read(ctx, id, true)
		if ctx.Err() != nil {
			return
		}
		u.failed(err)
		if time.Since(began) > 10*time.Second {
			wait = time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, 10*time.Second)
	}
}

// once asks for one sample.
func (u *usage) once(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := u.read(ctx, id, false); err != nil {
		u.failed(err)
	}
}

// failed reports why there is no usage, unless the container or the engine is
// merely gone, which others report.
func (u *usage) failed(err error) {
	if err == nil || err == io.EOF {
		return
	}
	p := u.s.Problem(err)
	switch p.Kind {
	case core.Unreachable, core.NotFound, core.Conflict:
		return
	}
	u.mu.Lock()
	u.told = false
	u.mu.Unlock()
	u.sink.UsageState(p)
}

// read reads one sample, or samples until the stream ends.
func (u *usage) read(ctx context.Context, id string, stream bool) error {
	api, err := u.s.client(ctx)
	if err != nil {
		return err
	}
	resp, err := api.ContainerStats(ctx, id, client.ContainerStatsOptions{Stream: stream})
	if err != nil {
		return fmt.Errorf("read stats: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	decoder := json.NewDecoder(resp.Body)
	for {
		var x stats
		if err := decoder.Decode(&x); err != nil {
			if err == io.EOF {
				return io.EOF
			}
			return fmt.Errorf("read stats: %w", err)
		}
		u.take(ctx, id, &x)
		if !stream {
			return nil
		}
	}
}

// take reports a sample.
func (u *usage) take(ctx context.Context, id string, x *stats) {
	u.mu.Lock()
	m := u.meters[id]
	if m == nil || ctx.Err() != nil {
		u.mu.Unlock()
		return
	}
	if x.Read.Year() <= 1 {
		m.empty++
		tell := m.empty == emptyTold && !u.told
		u.mu.Unlock()
		if tell {
			u.sink.UsageState(&core.Problem{
				Kind: core.Unsupported, Summary: text.Lit("no metrics: the engine reports none for running containers"),
				Hint: text.Lit("its control groups are not readable: journalctl -u docker | grep cgroup"),
			})
		}
		return
	}
	m.empty = 0
	sample, now := x.sample(m.ref, m.before, m.cpuLimit, m.memLimit)
	m.before, m.latest = now, sample
	told := u.told
	u.told = true
	u.mu.Unlock()
	if !told {
		u.sink.UsageState(nil)
	}
	u.sink.Usage([]core.Usage{sample})
	if alive := u.s.alive.Load(); alive != nil {
		(*alive)()
	}
}

// sum reports the projects' usage: the sum of their containers'.
func (u *usage) sum() {
	u.mu.Lock()
	sums := map[string]*core.Usage{}
	for _, m := range u.meters {
		if !u.projects[m.project] || m.latest.At == 0 {
			continue
		}
		t := sums[m.project]
		if t == nil {
			n := core.NewUsage(u.s.ref(kindProject, m.project, m.project), m.latest.At)
			t = &n
			sums[m.project] = t
		}
		t.At = max(t.At, m.latest.At)
		for i, v := range m.latest.Values {
			switch {
			case core.Measure(i) == core.CPULimit, core.Measure(i) == core.MemLimit:
				// The sum would only be a limit if all had one.
			case math.IsNaN(v):
			case math.IsNaN(t.Values[i]):
				t.Values[i] = v
			default:
				t.Values[i] += v
			}
		}
	}
	u.mu.Unlock()
	if len(sums) == 0 {
		return
	}
	out := make([]core.Usage, 0, len(sums))
	for _, t := range sums {
		out = append(out, *t)
	}
	u.sink.Usage(out)
}
