package sources

import (
	"context"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Hub owns the running sources and finds the one that answers for an object.
// Its methods may be called from any goroutine.
type Hub struct {
	sinkFor func(Source) Sink
	report  func(core.Health)

	mu      sync.Mutex
	sources map[core.Instance]*supervisor
	order   []core.Instance
	want    core.Interest
	wanted  bool
	run     func(*supervisor)
	wg      sync.WaitGroup
}

// NewHub makes a hub without sources. sinkFor gives each source its sink;
// report is called when a source's health changes, from any goroutine.
func NewHub(sinkFor func(Source) Sink, report func(core.Health)) *Hub {
	return &Hub{sinkFor: sinkFor, report: report, sources: map[core.Instance]*supervisor{}}
}

// Add takes a source; it runs as soon as Run was called. A second source of
// the same instance is ignored.
func (h *Hub) Add(src Source) {
	i := src.Info().Instance()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sources[i] != nil {
		return
	}
	s := newSupervisor(src, h.sinkFor(src), h.report)
	h.sources[i] = s
	h.order = append(h.order, i)
	if h.wanted {
		src.Want(h.want)
	}
	if h.run != nil {
		h.run(s)
	}
}

// Run starts the sources and blocks until ctx ends and all of them stopped.
func (h *Hub) Run(ctx context.Context) {
	h.mu.Lock()
	h.run = func(s *supervisor) {
		h.wg.Add(1)
		core.Go("source "+s.health.Instance.String(), func() {
			defer h.wg.Done()
			s.run(ctx)
		})
	}
	for _, i := range h.order {
		h.run(h.sources[i])
	}
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	h.run = nil
	h.mu.Unlock()
	h.wg.Wait()
}

// Want tells every source what the screen needs.
func (h *Hub) Want(i core.Interest) {
	h.mu.Lock()
	h.want, h.wanted = i, true
	all := h.all()
	h.mu.Unlock()
	for _, s := range all {
		s.src.Want(i)
	}
}

// Wake makes every source retry now and list afresh.
func (h *Hub) Wake() {
	h.mu.Lock()
	all := h.all()
	h.mu.Unlock()
	for _, s := range all {
		s.wake()
	}
}

func (h *Hub) all() []*supervisor {
	out := make([]*supervisor, 0, len(h.order))
	for _, i := range h.order {
		out = append(out, h.sources[i])
	}
	return out
}

// Infos lists the sources in the order they were added.
func (h *Hub) Infos() []Info {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Info
	for _, s := range h.all() {
		out = append(out, s.src.Info())
	}
	return out
}

// Source returns the source of an instance, or nil.
func (h *Hub) Source(i core.Instance) Source {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sources[i]; s != nil {
		return s.src
	}
	return nil
}

// Health returns the present health of an instance.
func (h *Hub) Health(i core.Instance) core.Health {
	h.mu.Lock()
	s := h.sources[i]
	h.mu.Unlock()
	if s == nil {
		return core.Health{Instance: i, State: core.Down}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

// Abilities returns what the source of ref offers.
func (h *Hub) Abilities(ref core.Ref) core.Abilities {
	src := h.Source(ref.Instance())
	_, tail := src.(Tailer)
	_, events := src.(Eventer)
	_, manifest := src.(Manifester)
	_, describe := src.(Describer)
	_, series := src.(Meter)
	_, outline := src.(Outliner)
	_, explain := src.(Explainer)
	_, history := src.(Historian)
	_, diff := src.(Differ)
	return core.Abilities{
		Logs: tail, Events: events, Manifest: manifest, Describe: describe, Series: series,
		Outline: outline, Explain: explain, History: history, Diff: diff,
	}
}

// call finds the capability C of the source of ref and calls f with it.
func call[C, R any](h *Hub, ref core.Ref, what string, f func(C) (R, error)) (R, error) {
	var none R
	src := h.Source(ref.Instance())
	if src == nil {
		return none, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("no source %s", ref.Instance().String())}
	}
	c, ok := src.(C)
	if !ok {
		return none, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s has no %s", src.Info().Title, what)}
	}
	r, err := f(c)
	if err != nil {
		return r, AsProblem(src, err)
	}
	return r, nil
}

// Get reads one object afresh.
func (h *Hub) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	return call(h, ref, "single objects", func(c Getter) (*core.Resource, error) { return c.Get(ctx, ref) })
}

// Tail reads and follows logs; see Tailer.
func (h *Hub) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	_, err := call(h, req.Ref, "logs", func(c Tailer) (struct{}, error) { return struct{}{}, c.Tail(ctx, req, sink) })
	return err
}

// Describe tells what a human wants to know of an object.
func (h *Hub) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	return call(h, ref, "descriptions", func(c Describer) (core.Document, error) { return c.Describe(ctx, ref) })
}

// Manifest returns an object's definition.
func (h *Hub) Manifest(ctx context.Context, ref core.Ref) (core.Document, error) {
	return call(h, ref, "manifests", func(c Manifester) (core.Document, error) { return c.Manifest(ctx, ref) })
}

// Outline tells what an object is made of.
func (h *Hub) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	return call(h, ref, "outlines", func(c Outliner) (core.Outline, error) { return c.Outline(ctx, ref) })
}

// Explain tells why an object failed.
func (h *Hub) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	return call(h, ref, "explanations", func(c Explainer) (core.Explanation, error) { return c.Explain(ctx, ref) })
}

// History tells what an object has been before.
func (h *Hub) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	return call(h, ref, "histories", func(c Historian) (core.Document, error) { return c.History(ctx, ref) })
}

// Diff compares an object with what it should be.
func (h *Hub) Diff(ctx context.Context, ref core.Ref) (core.Document, error) {
	return call(h, ref, "comparisons", func(c Differ) (core.Document, error) { return c.Diff(ctx, ref) })
}

// Series returns what a system kept of an object's usage since an instant.
func (h *Hub) Series(ctx context.Context, ref core.Ref, since time.Time) ([]core.Series, error) {
	return call(h, ref, "history", func(c Meter) ([]core.Series, error) { return c.Series(ctx, ref, since) })
}

// Events returns what happened to an object, newest first.
func (h *Hub) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	return call(h, ref, "events", func(c Eventer) ([]core.Event, error) { return c.Events(ctx, ref) })
}
