package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// The clock of the watch.
const (
	gather      = 100 * time.Millisecond // after a change was shown at once, the next ones wait for each other
	listTimeout = 30 * time.Second
	openTimeout = 10 * time.Second
	retryFirst  = 100 * time.Millisecond
	retryCap    = time.Second
	// steady is how long a session must last for the next pause to be short
	// again: an engine that ends every stream at once is not asked all the time.
	steady = 5 * time.Second
	// giveUp is how long Run tries by itself to get back to an engine that was
	// there before: a restart takes less. Then the supervisor takes over.
	giveUp = 10 * time.Second
)

// errAgain ends a session to begin a new one at once.
var errAgain = errors.New("list again")

// Run implements sources.Source.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{
		s: s, sink: sink, dirty: newDirty(), items: map[string]*item{}, projects: map[string]*core.Resource{},
		objects: map[string]map[core.Ref]*core.Resource{}, shown: map[string]bool{}, images: map[string][]string{},
	}
	w.usage = newUsage(s, sink)
	w.wg.Add(1)
	core.Go("docker usage "+s.host.scope, func() {
		defer w.wg.Done()
		w.usage.run(ctx)
	})
	var alive sync.Mutex // no sign of life after Run has returned
	over := false
	beat := func() {
		alive.Lock()
		defer alive.Unlock()
		if !over {
			sink.Alive()
		}
	}
	s.alive.Store(&beat)
	defer func() {
		cancel()
		w.wg.Wait()
		alive.Lock()
		over = true
		alive.Unlock()
		s.alive.CompareAndSwap(&beat, nil)
		s.closeIdle()
	}()
	return w.run(ctx)
}

// watch is the state of one Run. Its own goroutine alone reports rows.
type watch struct {
	s       *Source
	sink    sources.Sink
	dirty   *dirty
	usage   *usage
	inspect *inspector
	wg      sync.WaitGroup

	items    map[string]*item // by container id
	projects map[string]*core.Resource
	objects  map[string]map[core.Ref]*core.Resource // by kind
	images   map[string][]string                    // image id -> registry digests
	host     hostView
	shown    map[string]bool // kinds that are reported
	version  text.Safe
	settle   time.Time // when a container will have settled
	last     time.Time // of the last flush
	lived    bool      // the present session listed
}

func (w *watch) run(ctx context.Context) error {
	var since time.Time // of the first failure in a row
	wait := retryFirst
	first := true
	for {
		w.lived = false
		began := time.Now()
		err := w.session(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errAgain):
			continue
		}
		w.s.closeIdle()
		if w.lived {
			first, since = false, time.Time{}
			if time.Since(began) > steady {
				wait = retryFirst
			}
		}
		if since.IsZero() {
			since = time.Now()
		}
		if first || time.Since(since) > giveUp {
			return err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-w.s.Wakes:
			timer.Stop()
		case <-timer.C:
		}
		wait = min(2*wait, retryCap)
	}
}

// session connects, opens the event stream, lists, and follows until the
// stream ends. The stream is open before the list begins, and begins a little
// before that: nothing falls between them.
func (w *watch) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var pump sync.WaitGroup
	defer func() {
		cancel()
		pump.Wait()
	}()
	api, err := w.s.connect(ctx)
	if err != nil {
		return err
	}
	if err := w.tellVersion(ctx, api); err != nil {
		return err
	}
	stream, err := w.open(ctx, api)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	pump.Add(1)
	core.Go("docker events "+w.s.host.scope, func() {
		defer pump.Done()
		ended <- w.pump(stream)
	})
	w.inspect = newInspector(ctx, w.s, &w.wg)
	if err := w.listAll(ctx, api); err != nil {
		return err
	}
	w.lived = true
	return w.follow(ctx, api, ended)
}

// open subscribes to the events since the newest one that is known, or since
// the engine's present second.
func (w *watch) open(ctx context.Context, api *client.Client) (client.EventsResult, error) {
	from := w.s.stamp.Load() * int64(time.Second)
	if from == 0 {
		from = time.Now().Add(-time.Second).UnixNano()
	}
	if last := w.dirty.newest(); last > 0 {
		from = min(from, last) // the engine's clock may have been set back
	}
	octx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(openTimeout, cancel)
	stream := api.Events(octx, client.EventsListOptions{Since: fmt.Sprintf("%d.%09d", from/1e9, from%1e9)})
	if !timer.Stop() {
		cancel()
		return stream, fmt.Errorf("open the event stream: %w", context.DeadlineExceeded)
	}
	select {
	case err := <-stream.Err:
		cancel()
		return stream, fmt.Errorf("open the event stream: %w", streamEnd(err))
	default:
	}
	context.AfterFunc(ctx, cancel)
	return stream, nil
}

// streamEnd names the end of a stream; the SDK may give no error at all.
func streamEnd(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// pump takes events until the stream ends.
func (w *watch) pump(stream client.EventsResult) error {
	for {
		select {
		case m := <-stream.Messages:
			if alive := w.s.alive.Load(); alive != nil {
				(*alive)()
			}
			w.dirty.note(m)
		case err := <-stream.Err:
			return fmt.Errorf("event stream: %w", streamEnd(err))
		}
	}
}

// tellVersion reports the engine's product and version.
func (w *watch) tellVersion(ctx context.Context, api *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	v, err := api.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	w.version = productVersion(v)
	w.sink.Version(w.version)
	return nil
}

// productVersion tells Podman from Docker.
func productVersion(v client.ServerVersionResult) text.Safe {
	for _, c := range v.Components {
		if strings.Contains(c.Name, "Podman") {
			return text.Sprintf("Podman %s", c.Version)
		}
	}
	return text.Sprintf("Docker %s", v.Version)
}

// follow applies changes until the stream ends.
func (w *watch) follow(ctx context.Context, api *client.Client, ended <-chan error) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var due time.Time // when the gathered changes are to be applied; zero: there are none
	for {
		next := due
		if !w.settle.IsZero() && (next.IsZero() || w.settle.Before(next)) {
			next = w.settle
		}
		timer.Reset(time.Hour)
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case <-w.s.Wakes:
			return errAgain
		case <-w.s.Wants:
			if err := w.reconcile(ctx, api); err != nil {
				return err
			}
		case <-w.s.measured.news:
			if w.shown[kindHost] {
				if err := w.listObjects(ctx, api, kindHost, false); err != nil {
					return err
				}
			}
		case <-w.dirty.signal:
			if due.IsZero() {
				due = w.last.Add(gather)
			}
		case done := <-w.inspect.results:
			w.inspected(done)
		case now := <-timer.C:
			if !w.settle.IsZero() && !now.Before(w.settle) {
				w.settle = time.Time{}
				w.settled()
			}
			if due.IsZero() || now.Before(due) {
				continue
			}
			due, w.last = time.Time{}, now
			if err := w.apply(ctx, api); err != nil {
				return err
			}
		}
	}
}

// reconcile follows a new Want.
func (w *watch) reconcile(ctx context.Context, api *client.Client) error {
	want := w.s.Wanted()
	wanted := map[string]bool{}
	for _, k := range want.Kinds {
		wanted[k] = true
	}
	for kind := range w.shown {
		if !wanted[kind] {
			delete(w.shown, kind)
			delete(w.objects, kind)
			w.sink.Drop(kind)
		}
	}
	for _, k := range kinds() {
		if wanted[k.Name] && !w.shown[k.Name] {
			w.shown[k.Name] = true
			if err := w.show(ctx, api, k.Name); err != nil {
				return err
			}
		}
	}
	w.usage.want(want, w.items)
	return nil
}

// show reports the full list of a kind.
func (w *watch) show(ctx context.Context, api *client.Client, kind string) error {
	switch kind {
	case kindContainer:
		rows := make([]*core.Resource, 0, len(w.items))
		for _, it := range w.items {
			rows = append(rows, it.row)
		}
		w.publish(kind, rows)
	case kindProject:
		rows := make([]*core.Resource, 0, len(w.projects))
		for _, r := range w.projects {
			rows = append(rows, r)
		}
		w.publish(kind, rows)
	default:
		return w.listObjects(ctx, api, kind, true)
	}
	return nil
}

// page is how many rows go to the sink at once.
const page = 500

func (w *watch) publish(kind string, rows []*core.Resource) {
	w.sink.Begin(kind, "")
	for len(rows) > 0 {
		n := min(page, len(rows))
		changes := make([]core.Change, n)
		for i, r := range rows[:n] {
			changes[i] = core.Change{Ref: r.Ref, Resource: r}
		}
		w.sink.Apply(kind, changes)
		rows = rows[n:]
	}
	w.sink.End(kind, "")
	w.sink.State(kind, nil)
}

// listObjects lists images, volumes or networks; as a full list or as the
// difference to the last one. An error that is about this kind alone does not
// end the session.
func (w *watch) listObjects(ctx context.Context, api *client.Client, kind string, full bool) error {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	var rows []*core.Resource
	var err error
	if kind == kindHost {
		rows, err = w.hostRows(ctx, api, full)
	} else {
		rows, err = w.s.objects(ctx, api, kind, usersOf(w.items))
	}
	if err != nil {
		p := w.s.Problem(err)
		if p.Kind == core.Unreachable {
			return err
		}
		w.sink.State(kind, p)
		return nil
	}
	now := make(map[core.Ref]*core.Resource, len(rows))
	var changes []core.Change
	before := w.objects[kind]
	for _, r := range rows {
		now[r.Ref] = r
		if !sameRow(before[r.Ref], r) {
			changes = append(changes, core.Change{Ref: r.Ref, Resource: r})
		}
	}
	w.objects[kind] = now
	if full {
		w.publish(kind, rows)
		return nil
	}
	for ref := range before {
		if now[ref] == nil {
			changes = append(changes, core.Change{Op: core.Delete, Ref: ref})
		}
	}
	if len(changes) > 0 {
		w.sink.Apply(kind, changes)
	}
	return nil
}
