package docker

import (
	"context"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
)

// inspectors bounds the inspects at one time, inspectPause their rate: two
// workers ask at most 200 times a second, whatever happens at the engine.
const (
	inspectors   = 2
	inspectPause = 10 * time.Millisecond
)

// inspection is the answer of one inspect.
type inspection struct {
	id      string
	image   bool
	digests []string
	state   container.ContainerState
	detail  *detail // nil: the container is gone, or the engine did not say
}

// inspector asks for what lists do not tell, one thing once at a time.
type inspector struct {
	s       *Source
	wg      *sync.WaitGroup
	results chan inspection

	mu      sync.Mutex
	queue   []inspection // id and image only
	queued  map[string]bool
	workers int
	ctx     context.Context // of the session
}

// newInspector makes the inspector of one session; its workers end with ctx.
func newInspector(ctx context.Context, s *Source, wg *sync.WaitGroup) *inspector {
	return &inspector{ctx: ctx, s: s, wg: wg, results: make(chan inspection, 64), queued: map[string]bool{}}
}

func (n *inspector) container(id string) { n.add(inspection{id: id}) }
func (n *inspector) image(id string)     { n.add(inspection{id: id, image: true}) }

func (n *inspector) add(q inspection) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.queued[q.id] {
		return
	}
	n.queued[q.id] = true
	n.queue = append(n.queue, q)
	if n.workers < inspectors {
		n.workers++
		n.wg.Add(1)
		core.Go("docker inspect "+n.s.host.scope, func() {
			defer n.wg.Done()
			n.work(n.ctx)
		})
	}
}

// next takes the oldest question; without one the worker ends.
func (n *inspector) next(ctx context.Context) (inspection, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queue) == 0 || ctx.Err() != nil {
		n.workers--
		return inspection{}, false
	}
	q := n.queue[0]
	n.queue = n.queue[1:]
	// A question that comes while this one is being answered is asked again.
	delete(n.queued, q.id)
	return q, true
}

func (n *inspector) work(ctx context.Context) {
	for {
		q, ok := n.next(ctx)
		if !ok {
			return
		}
		began := time.Now()
		n.ask(ctx, &q)
		select {
		case n.results <- q:
		case <-ctx.Done():
		}
		if pause := inspectPause - time.Since(began); pause > 0 {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
	}
}

func (n *inspector) ask(ctx context.Context, q *inspection) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	api, err := n.s.client(ctx)
	if err != nil {
		return
	}
	if q.image {
		if x, err := api.ImageInspect(ctx, q.id); err == nil {
			q.digests = digests(x.RepoDigests)
		}
		return
	}
	if c, err := n.s.inspect(ctx, q.id); err == nil && c.State != nil {
		q.state, q.detail = c.State.Status, detailOf(&c)
	}
}

// detailOf takes what a row needs from an inspect.
func detailOf(c *container.InspectResponse) *detail {
	d := &detail{restarts: c.RestartCount}
	if st := c.State; st != nil {
		d.oom, d.exit, d.err = st.OOMKilled, st.ExitCode, st.Error
		d.started, d.finished = parseTime(st.StartedAt), parseTime(st.FinishedAt)
	}
	if h := c.HostConfig; h != nil {
		d.memLimit = float64(h.Memory)
		switch {
		case h.NanoCPUs > 0:
			d.cpuLimit = float64(h.NanoCPUs) / 1e6
		case h.CPUQuota > 0 && h.CPUPeriod > 0:
			d.cpuLimit = float64(h.CPUQuota) / float64(h.CPUPeriod) * 1000
		case h.CPUQuota > 0:
			d.cpuLimit = float64(h.CPUQuota) / 100_000 * 1000
		}
	}
	return d
}

// parseTime reads the engine's times; what is not one is zero.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}
