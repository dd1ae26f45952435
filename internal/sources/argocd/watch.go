package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	kind       = argo.KindApplication
	rightsLast = 5 * time.Minute
	// settle is when the list is read again after a stream began, for what
	// happened in between.
	settle = 3 * time.Second
	// every is how often it is read again while a stream runs, for events that
	// the server left out; polled is how often without one.
	every  = 2 * time.Minute
	polled = 15 * time.Second
	// hardAgain is how soon Argo CD is asked again to read Git for an application.
	hardAgain = 30 * time.Second
	maxHard   = 10
	maxAsked  = 20 // rows in sight whose rights are asked
)

func (s *Source) now() time.Time { return time.Now() }

type event struct {
	kind string
	app  *argo.Application
}

// watcher is one Run.
type watcher struct {
	s       *Source
	sink    sources.Sink
	seen    map[core.Ref]int // the version of each row, by ref without UID
	listed  bool
	events  chan event
	ended   chan error // the stream has ended
	started chan struct{}
	stop    context.CancelFunc // of the stream; nil: none runs
	backoff time.Duration
	hard    map[core.Ref]time.Time
}

// Run implements sources.Source.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	w := &watcher{s: s, sink: sink, seen: map[core.Ref]int{}, hard: map[core.Ref]time.Time{}}
	defer w.end()
	var version struct{ Version string }
	if _, err := s.client.JSON(ctx, rest.Request{Path: []string{"api", "version"}}, &version); err != nil {
		return err
	}
	sink.Alive()
	sink.Version(text.Sprintf("Argo CD %s", version.Version))
	list := time.NewTimer(0)
	defer list.Stop()
	reopen := time.NewTimer(0)
	defer reopen.Stop()
	settled := time.NewTimer(settle)
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.Wants:
			switch on := w.on(); {
			case on && !w.listed:
				list.Reset(0)
				reopen.Reset(0)
			case !on:
				w.drop()
			}
		case <-s.Wakes:
			if w.on() {
				w.refresh(ctx)
				list.Reset(0)
			}
		case <-s.changed:
			if w.on() {
				list.Reset(0)
			}
		case <-list.C:
			if !w.on() {
				continue
			}
			if err := w.list(ctx); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			if w.stop != nil {
				list.Reset(every)
			} else {
				list.Reset(polled)
			}
			w.ask(ctx)
		case <-reopen.C:
			if w.on() && w.stop == nil {
				w.open(ctx)
				list.Reset(0)
				settled.Reset(settle)
			}
		case <-settled.C:
			if w.listed {
				list.Reset(0)
			}
		case <-w.started:
			w.started = nil
			w.backoff = 0
			sink.Alive()
		case e := <-w.events:
			w.apply(e)
		case err := <-w.ended:
			w.end()
			if ctx.Err() != nil {
				return nil
			}
			if !errors.Is(err, io.EOF) {
				w.backoff = min(30*time.Second, max(time.Second, 2*w.backoff))
			}
			reopen.Reset(w.backoff/2 + rand.N(w.backoff+time.Second))
			list.Reset(polled)
		}
	}
}

func (w *watcher) on() bool { return slices.Contains(w.s.Wanted().Kinds, kind) }

func (w *watcher) drop() {
	w.end()
	if w.listed {
		w.sink.Drop(kind)
	}
	w.listed = false
	clear(w.seen)
}

// end closes the stream.
func (w *watcher) end() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.events, w.ended, w.started = nil, nil, nil
}

// list reads all applications.
func (w *watcher) list(ctx context.Context) error {
	apps, err := w.s.applications(ctx, false)
	if err != nil {
		return err
	}
	w.sink.Alive()
	w.sink.Begin(kind, "")
	changes := make([]core.Change, 0, len(apps))
	clear(w.seen)
	w.s.mu.Lock()
	clear(w.s.known)
	w.s.mu.Unlock()
	for _, a := range apps {
		r := w.s.row(a)
		w.seen[place(r.Ref)] = version(a)
		changes = append(changes, core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r})
	}
	w.sink.Apply(kind, changes)
	w.sink.End(kind, "")
	w.sink.State(kind, nil)
	w.listed = true
	return nil
}

func place(r core.Ref) core.Ref {
	r.UID = ""
	return r
}

func version(a *argo.Application) int {
	n, _ := strconv.Atoi(a.Meta.ResourceVersion)
	return n
}

// apply takes one event, and those that wait behind it.
func (w *watcher) apply(first event) {
	w.sink.Alive()
	if !w.listed {
		return // the list has it
	}
	changes := []core.Change{}
	for e, ok := first, true; ok; {
		at := place(w.s.ref(e.app))
		switch {
		case e.kind == "DELETED":
			delete(w.seen, at)
			changes = append(changes, core.Change{Op: core.Delete, Ref: w.s.ref(e.app)})
		case version(e.app) >= w.seen[at]: // the list may know more than what was under way
			r := w.s.row(e.app)
			w.seen[at] = version(e.app)
			changes = append(changes, core.Change{Op: core.Upsert, Ref: r.Ref, Resource: r})
		}
		select {
		case e = <-w.events:
		default:
			ok = false
		}
	}
	if len(changes) > 0 {
		w.sink.Apply(kind, changes)
	}
}

// open starts the stream of changes.
func (w *watcher) open(ctx context.Context) {
	ctx, w.stop = context.WithCancel(ctx)
	events, ended, started := make(chan event, 256), make(chan error, 1), make(chan struct{})
	w.events, w.ended, w.started = events, ended, started
	core.Go("argocd stream", func() {
		ended <- w.s.follow(ctx, rest.Request{Path: []string{"api", "v1", "stream", "applications"}, Query: w.s.listQuery(), Patient: true}, func(raw json.RawMessage) error {
			var e struct {
				Type string            `json:"type"`
				App  *argo.Application `json:"application"`
			}
			if err := decode(raw, &e); err != nil || e.App == nil {
				return err
			}
			if started != nil {
				close(started)
				started = nil
			}
			select {
			case events <- event{e.Type, e.App}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
}

// follow reads a stream of {"result": …} until it ends.
func (s *Source) follow(ctx context.Context, r rest.Request, each func(json.RawMessage) error) error {
	body, _, err := s.client.Open(ctx, r)
	if err != nil {
		return err
	}
	defer body.Close()
	b := &bounded{r: body}
	d := json.NewDecoder(b)
	for {
		b.left = maxEvent
		var m struct {
			Result json.RawMessage `json:"result"`
			Error  *struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := d.Decode(&m); err != nil {
			return err
		}
		if m.Error != nil {
			return &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("Argo CD: %s", m.Error.Message)}
		}
		if len(m.Result) == 0 {
			continue
		}
		if err := each(m.Result); err != nil {
			return err
		}
	}
}

// maxEvent bounds one value of a stream, in bytes.
const maxEvent = 32 << 20

// bounded is a stream whose values end sometime.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("an event of the stream is too large")
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// refresh asks Argo CD to read Git anew for what is in sight.
func (w *watcher) refresh(ctx context.Context) {
	n := 0
	for _, ref := range w.s.Wanted().Shown {
		if ref.Instance() != w.s.Info().Instance() || ref.Kind != kind || n == maxHard || w.s.now().Sub(w.hard[place(ref)]) < hardAgain {
			continue
		}
		n++
		w.hard[place(ref)] = w.s.now()
		core.Go("argocd refresh", func() {
			_, _, _ = w.s.raw(ctx, ref, "hard") // what it finds comes by the stream
		})
	}
	if len(w.hard) > 1000 {
		clear(w.hard)
	}
}

// ask learns what the user may do with what is in sight.
func (w *watcher) ask(ctx context.Context) {
	n := 0
	for _, ref := range w.s.Wanted().Shown {
		x, ok := w.s.standing(ref)
		if !ok || ref.Instance() != w.s.Info().Instance() || n == maxAsked {
			continue
		}
		n++
		core.Go("argocd rights", func() { w.s.may(ctx, "sync", ref, x.project) })
	}
}
