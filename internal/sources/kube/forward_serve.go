package kube

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// forwarding is one port-forward, planned or running.
type forwarding struct {
	goal
	s     *Source
	hosts []string
	local int

	out            core.Output
	wg             sync.WaitGroup
	received, sent atomic.Int64  // bytes from the pod and to it
	kick           chan struct{} // of size 1: there is something to report

	mu     sync.Mutex
	way    *way // of new connections; nil: there is none now
	ways   map[*way]struct{}
	change chan struct{} // closed when way changes
	open   map[net.Conn]struct{}
	state  text.Safe // why there is no way
	fault  string    // the last one that was said
}

// way is a tunnel to one pod.
type way struct {
	*tunnel
	pod   *corev1.Pod
	port  int
	conns int  // that go through it
	over  bool // no new ones
}

const (
	// connectionWait is how long a connection waits for a way.
	connectionWait = 10 * time.Second
	// forwardRetry is the longest wait between two tries to find a way.
	forwardRetry = 5 * time.Second
)

// best is the pod for new connections; current is the name of the one in use.
func (f goal) best(pods []*corev1.Pod, current string) (*corev1.Pod, error) {
	if f.ref.Kind == "pod" {
		p := pods[0]
		if p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning {
			phase := string(p.Status.Phase)
			if p.DeletionTimestamp != nil {
				phase = "Terminating"
			}
			return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("pod %s is %s", p.Name, phase)}
		}
		return p, nil
	}
	var ready *corev1.Pod
	for _, p := range pods {
		if isReady(p) && (ready == nil || p.Name == current) {
			ready = p
		}
	}
	if ready == nil {
		return nil, &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("%s %s has no ready pod", f.ref.Kind, f.ref.Name)}
	}
	return ready, nil
}

// serve listens until ctx ends, or until there can be no way any more.
func (f *forwarding) serve(ctx context.Context, out core.Output) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.out, f.kick, f.change = out, make(chan struct{}, 1), make(chan struct{})
	f.open, f.ways = map[net.Conn]struct{}{}, map[*way]struct{}{}
	f.state = text.Lit("connects")
	listeners, err := f.listen()
	if err != nil {
		return err
	}
	for _, l := range listeners {
		f.goOn("kube: forward: accept", func() { f.accept(ctx, l) })
	}
	f.goOn("kube: forward: report", func() { f.report(ctx) })
	err = f.keep(ctx)
	cancel()
	for _, l := range listeners {
		_ = l.Close()
	}
	f.mu.Lock()
	for c := range f.open {
		_ = c.Close()
	}
	for w := range f.ways {
		w.close()
	}
	f.mu.Unlock()
	f.wg.Wait()
	return err
}

func (f *forwarding) goOn(name string, do func()) {
	f.wg.Add(1)
	core.Go(name, func() {
		defer f.wg.Done()
		do()
	})
}

func (f *forwarding) listen() ([]net.Listener, error) {
	var all []net.Listener
	for i, h := range f.hosts {
		l, err := net.Listen("tcp", net.JoinHostPort(h, strconv.Itoa(f.local)))
		if err != nil {
			if i > 0 {
				continue // a machine without IPv6
			}
			return nil, busy(h, f.local, err)
		}
		f.local = l.Addr().(*net.TCPAddr).Port
		all = append(all, l)
	}
	return all, nil
}

// keep sees that there is a way as long as there can be one.
func (f *forwarding) keep(ctx context.Context) error {
	var wait backoff
	current := ""
	for ctx.Err() == nil {
		rung := f.s.bell.wait()
		w, err := f.find(ctx, current)
		switch {
		case ctx.Err() != nil:
			return nil
		case f.hopeless(err):
			return f.s.problem(text.Sprintf("port %d of %s %s", f.local, f.ref.Kind, f.ref.Name), err)
		case err != nil:
			f.set(nil, f.s.problem(text.Safe{}, err).Summary)
			pause(ctx, min(wait.next(err), forwardRetry), rung)
			continue
		}
		current = w.pod.Name
		f.set(w, text.Safe{})
		began := time.Now()
		f.watch(ctx, w)
		f.retire(w)
		if time.Since(began) > forwardRetry {
			wait.reset()
		} else if ctx.Err() == nil {
			pause(ctx, min(wait.next(nil), forwardRetry), rung)
		}
	}
	return nil
}

// hopeless tells what does not get better by waiting: what may not be done,
// and an object that went.
func (f *forwarding) hopeless(err error) bool {
	if err == nil || isLost(err) {
		return false
	}
	switch f.s.problem(text.Safe{}, err).Kind {
	case core.Forbidden, core.Unsupported, core.Invalid, core.Conflict, core.NotFound, core.Refused,
		core.Internal: // a bug of ours, such as a missing permit
		return true
	}
	return false
}

// find opens a tunnel to a pod.
func (f *forwarding) find(ctx context.Context, current string) (*way, error) {
	ask, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	pods, err := f.s.podsBehind(ask, f.ref)
	if err != nil {
		return nil, err
	}
	pod, err := f.best(pods, current)
	if err != nil {
		return nil, err
	}
	_, port, err := f.portOf(pod)
	if err != nil {
		return nil, err
	}
	t, err := f.s.client.tunnel(ask, f.s.podRef(pod))
	if err != nil {
		return nil, err
	}
	return &way{tunnel: t, pod: pod, port: port}, nil
}

// set makes w the way of new connections and wakes those that wait for one.
func (f *forwarding) set(w *way, why text.Safe) {
	f.mu.Lock()
	f.way, f.state = w, why
	if w != nil {
		f.ways[w] = struct{}{}
	}
	close(f.change)
	f.change = make(chan struct{})
	f.mu.Unlock()
	f.touch()
}

// retire keeps new connections off a way, and closes it when those that go
// through it have ended.
func (f *forwarding) retire(w *way) {
	f.mu.Lock()
	w.over = true
	f.way, f.state = nil, text.Lit("looks for a ready pod")
	f.drop(w)
	f.mu.Unlock()
	f.touch()
}

// drop closes a way that nobody needs; it needs the lock.
func (f *forwarding) drop(w *way) {
	if w.over && w.conns == 0 {
		delete(f.ways, w)
		w.close()
	}
}

// watch returns when the tunnel breaks or its pod is no longer for new
// connections.
func (f *forwarding) watch(ctx context.Context, w *way) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	left := make(chan struct{})
	f.goOn("kube: forward: watch the pod", func() {
		defer close(left)
		f.s.untilLeaving(ctx, w.pod)
	})
	select {
	case <-w.closed():
	case <-left:
	case <-ctx.Done():
	}
}

func (f *forwarding) accept(ctx context.Context, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			pause(ctx, 100*time.Millisecond, nil) // out of descriptors, perhaps
			continue
		}
		f.mu.Lock()
		f.open[c] = struct{}{}
		f.mu.Unlock()
		f.goOn("kube: forward: connection", func() {
			f.serveConn(ctx, c)
			f.mu.Lock()
			delete(f.open, c)
			f.mu.Unlock()
			f.touch()
		})
	}
}

func (f *forwarding) serveConn(ctx context.Context, c net.Conn) {
	defer c.Close()
	w := f.take(ctx)
	if w == nil {
		return
	}
	f.touch()
	msg, err := w.carry(c, w.port, &f.received, &f.sent)
	f.mu.Lock()
	w.conns--
	if err != nil {
		msg = err.Error()
		w.close() // it takes no more streams: another is needed
	}
	f.drop(w)
	news := msg != "" && msg != f.fault && ctx.Err() == nil
	f.fault = msg
	f.mu.Unlock()
	if news {
		f.out.Line(text.CleanLine(msg))
	}
}

// take waits for a way; nil: there is none in time.
func (f *forwarding) take(ctx context.Context) *way {
	late := time.NewTimer(connectionWait)
	defer late.Stop()
	for {
		f.mu.Lock()
		w, change := f.way, f.change
		if w != nil {
			w.conns++
		}
		f.mu.Unlock()
		if w != nil {
			return w
		}
		select {
		case <-change:
		case <-late.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (f *forwarding) touch() {
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// report tells how it goes, at most once a second and only what is new.
func (f *forwarding) report(ctx context.Context) {
	var told text.Safe
	tick := time.NewTimer(time.Hour)
	defer tick.Stop()
	for {
		msg, busy := f.text()
		if msg != told {
			told = msg
			f.out.Progress(core.Progress{Text: msg})
		}
		pause(ctx, time.Second, nil)
		if ctx.Err() != nil {
			return
		}
		if busy { // bytes do not announce themselves
			tick.Reset(0)
		} else {
			tick.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-f.kick:
		case <-tick.C:
		}
	}
}

// text says how it goes, and whether there are connections.
func (f *forwarding) text() (text.Safe, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := net.JoinHostPort(f.hosts[0], strconv.Itoa(f.local))
	if f.way == nil {
		return text.Sprintf("%s · %s", from, f.state), false
	}
	word := "connections"
	if len(f.open) == 1 {
		word = "connection"
	}
	return text.Sprintf("%s → %s:%d · %d %s · %s in / %s out", from, f.way.pod.Name, f.way.port, len(f.open), word,
		byteSize(int(f.received.Load())), byteSize(int(f.sent.Load()))), len(f.open) > 0
}

// untilLeaving returns when a pod ends or is about to, or when ctx ends. Where
// it may not be watched it is read from time to time.
func (s *Source) untilLeaving(ctx context.Context, p *corev1.Pod) {
	leaving := func(p *corev1.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	}
	rev := p.ResourceVersion
	for ctx.Err() == nil {
		err := s.followPod(ctx, p, rev, leaving)
		if err == nil || ctx.Err() != nil {
			return
		}
		pause(ctx, forwardRetry, s.bell.wait())
		now, err := s.pod(ctx, p.Namespace, p.Name)
		switch {
		case isStatus(err, http.StatusNotFound):
			return
		case err != nil:
			continue
		case now.UID != p.UID || leaving(now):
			return
		}
		rev = now.ResourceVersion
	}
}

// followPod watches a pod from rev on; nil: it is leaving.
func (s *Source) followPod(ctx context.Context, p *corev1.Pod, rev string, leaving func(*corev1.Pod) bool) error {
	resp, err := s.client.open(ctx, request{path: builtinByName["pod"].path(p.Namespace), accept: acceptWatch, query: url.Values{
		"watch": {"1"}, "fieldSelector": {"metadata.name=" + p.Name}, "resourceVersion": {rev}, "timeoutSeconds": {"600"},
	}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	var buf []byte
	for {
		if buf, err = readFrame(r, buf); err != nil {
			return err
		}
		typ, object, err := splitEvent(buf)
		if err != nil {
			return err
		}
		_, raw, err := unwrap(object)
		if err != nil {
			return err
		}
		now := &corev1.Pod{}
		switch typ {
		case evDeleted:
			return nil
		case evAdded, evModified:
			if err := now.Unmarshal(raw); err != nil {
				return errWire
			}
			if now.UID != p.UID || leaving(now) {
				return nil
			}
		case evError:
			return errWire // the revision is too old: read it again
		}
	}
}
