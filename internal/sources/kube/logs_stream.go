package kube

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	logBatch = 512 // lines
	logFlush = 20 * time.Millisecond
	maxLine  = 60 << 10 // bytes kept of one line; what is longer is counted
)

// stream is the log of one container.
type stream struct {
	t                   *tail
	key                 string
	namespace, pod, uid string
	origin              *core.Origin
	seq                 uint64
	last                int64 // the youngest line's time; 0: none yet
	same                int   // lines delivered with exactly that time
	restarts            int   // of the instance that is read
	began               bool  // something was asked for before: resume
	fresh               bool  // of a pod that joined: read from its beginning
	born                int64 // when the pod was created
	waiting             string
	cancel              context.CancelFunc // of its follow; set before that starts
	left                atomic.Bool        // the pod was deleted while its log did not end
}

// reading is one request for a log.
type reading struct {
	follow, previous bool
	resume           bool // from the last line on
	tail             int  // <0: all
	since            time.Time
	emit             func([]core.Line, []int64)
}

// read sends one request and delivers its lines until it ends. A regular end
// is nil.
func (st *stream) read(ctx context.Context, r reading) error {
	q := url.Values{"container": {st.origin.Container}, "timestamps": {"true"}}
	if r.follow {
		q.Set("follow", "true")
	}
	if r.previous {
		q.Set("previous", "true")
	}
	skipBefore, skipSame := int64(0), 0
	switch {
	case r.resume && st.last != 0:
		// The server knows whole seconds only.
		q.Set("sinceTime", time.Unix(0, st.last).UTC().Truncate(time.Second).Format(time.RFC3339))
		skipBefore, skipSame = st.last, st.same
	default:
		if r.tail >= 0 {
			q.Set("tailLines", strconv.Itoa(r.tail))
		}
		if !r.since.IsZero() {
			q.Set("sinceTime", r.since.UTC().Truncate(time.Second).Format(time.RFC3339))
			skipBefore = r.since.UnixNano()
		}
	}
	resp, err := st.t.s.client.open(ctx, request{path: builtinByName["pod"].object(st.origin.Ref, "log"), query: q, accept: "*/*"})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	st.waiting = ""
	lines := newLineReader(resp.Body)
	batch, keys := make([]core.Line, 0, 64), make([]int64, 0, 64)
	flush := func() {
		if len(batch) > 0 {
			r.emit(batch, keys)
			batch, keys = make([]core.Line, 0, min(2*len(batch), logBatch)), make([]int64, 0, min(2*len(keys), logBatch))
		}
	}
	for {
		raw, err := lines.next()
		if len(raw) > 0 {
			if line, ok := st.parse(raw, skipBefore, &skipSame); ok {
				batch, keys = append(batch, line), append(keys, st.last)
			}
		}
		if len(batch) >= logBatch || !lines.more() {
			flush() // the merger gathers; nothing may wait here while the read blocks
		}
		if err == io.EOF {
			flush()
			return nil
		}
		if err != nil {
			flush()
			return err
		}
	}
}

// parse makes a line of "2026-11-22T08:00:00.000000000Z text"; not ok if it
// was delivered before.
func (st *stream) parse(raw []byte, skipBefore int64, skipSame *int) (core.Line, bool) {
	stamp, body, _ := bytes.Cut(raw, []byte{' '})
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		// The kubelet speaks, not the container ("unable to retrieve …").
		return core.Line{Time: st.last, Seq: st.next(), Origin: st.origin, Text: text.CleanLineBytes(raw), Stream: core.Marker}, true
	}
	ns := at.UnixNano()
	if ns < skipBefore {
		return core.Line{}, false
	}
	if ns == skipBefore && *skipSame > 0 {
		*skipSame--
		return core.Line{}, false
	}
	switch {
	case ns > st.last:
		st.last, st.same = ns, 1
	case ns == st.last:
		st.same++
	}
	l := core.Line{Time: ns, Seq: st.next(), Origin: st.origin, Text: text.CleanLineBytes(body)}
	l.Level = levels[text.DetectLevel(l.Text.String())]
	return l, true
}

var levels = map[string]core.Level{
	"trace": core.LevelTrace, "debug": core.LevelDebug, "info": core.LevelInfo, "warn": core.LevelWarn, "error": core.LevelError, "fatal": core.LevelFatal,
}

func (st *stream) next() uint64 { st.seq++; return st.seq }

// marker says something about the stream, in its order.
func (st *stream) marker(format string, args ...any) {
	at := st.last
	if at == 0 {
		at = st.born
	}
	st.t.out.add([]core.Line{{Time: at, Seq: st.next(), Origin: st.origin, Text: text.CleanLine(fmt.Sprintf(format, args...)), Stream: core.Marker}}, []int64{at})
}

// follow delivers the log as it grows until ctx ends or the container has
// ended for good. pod is the pod as it was seen last.
func (st *stream) follow(ctx context.Context, pod *corev1.Pod) {
	if st.began && !st.fresh && ended(pod, st.origin.Container) != nil {
		return // its history is all there is
	}
	var wait backoff
	for {
		rung := st.t.s.bell.wait()
		before := st.seq
		r := reading{follow: true, resume: st.began, tail: st.t.req.Tail, since: st.t.req.Since, emit: st.t.out.add}
		if st.began && st.last == 0 {
			r.tail = -1 // nothing was there: all of it is new
		}
		err := st.read(ctx, r)
		if ctx.Err() != nil {
			return
		}
		st.began = st.began || st.seq > before || !isRefusal(err)
		d := wait.next(err)
		switch {
		case st.seq > before:
			wait.reset()
			d = firstDelay / 4
		case isStatus(err, http.StatusBadRequest):
			d = min(d, 5*time.Second) // it waits to start
		case err == nil:
			d = min(d, 2*time.Second) // it waits to be started again
		case isStatus(err, http.StatusForbidden): // rights change seldom: said at once, asked again seldom
			st.say(st.t.s.problem(text.Lit("cannot read the log"), err).Error())
			d = forbiddenDelay
		}
		pause(ctx, d, rung)
		// Looked at right before reading on, so that no new instance is taken
		// for the former one.
		if ctx.Err() != nil || st.check(ctx, err) {
			return
		}
	}
}

// isRefusal reports that the server gave an answer, but no log.
func isRefusal(err error) bool {
	var s *statusError
	return errors.As(err, &s)
}

// ended returns how a container ended that will not run again; nil if it may.
func ended(p *corev1.Pod, name string) *corev1.ContainerStateTerminated {
	c := statusOfContainer(p, name)
	if c == nil || c.State.Terminated == nil {
		return nil
	}
	t := c.State.Terminated
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed || p.DeletionTimestamp != nil {
		return t
	}
	for i := range p.Spec.EphemeralContainers {
		if p.Spec.EphemeralContainers[i].Name == name {
			return t
		}
	}
	for i := range p.Spec.InitContainers {
		if p.Spec.InitContainers[i].Name == name {
			if t.ExitCode == 0 {
				return t
			}
			return nil
		}
	}
	if p.Spec.RestartPolicy == corev1.RestartPolicyNever || p.Spec.RestartPolicy == corev1.RestartPolicyOnFailure && t.ExitCode == 0 {
		return t
	}
	return nil
}

// check finds out why a reading ended and reports whether nothing more can
// come.
func (st *stream) check(ctx context.Context, cause error) (done bool) {
	pod, err := st.t.s.pod(ctx, st.namespace, st.pod)
	switch {
	case ctx.Err() != nil:
		return true
	case isStatus(err, http.StatusNotFound) || err == nil && string(pod.UID) != st.uid:
		st.marker("pod %s is gone", st.pod)
		return true
	case isStatus(cause, http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound):
		st.say(st.t.s.problem(text.Lit("cannot read the log"), cause).Error())
		return false
	case isStatus(cause, http.StatusBadRequest):
		st.say(cause.Error())
	}
	if err != nil {
		return false // one may read logs without seeing pods
	}
	c := statusOfContainer(pod, st.origin.Container)
	if c == nil {
		return false
	}
	if n := int(c.RestartCount); n > st.restarts {
		st.restarted(ctx, n, c)
		return false
	}
	if t := ended(pod, st.origin.Container); t != nil && cause == nil { // else the rest is still to be read
		st.marker("container %s: %s", st.origin.Container, endText(t))
		return true
	}
	return false
}

// say writes a marker unless it was the last one.
func (st *stream) say(msg string) {
	if st.waiting != msg {
		st.waiting = msg
		st.marker("%s", msg)
	}
}

// restarted goes over to a new instance: the rest of the former one first.
func (st *stream) restarted(ctx context.Context, n int, c *corev1.ContainerStatus) {
	lost := n - st.restarts - 1
	from := st.last
	if st.last != 0 { // something of the former one was shown: its end belongs there, too
		err := st.read(ctx, reading{previous: true, resume: true, tail: -1, emit: st.t.out.add})
		if err != nil && previousGone(err) {
			lost++
		}
	}
	st.restarts = n
	how := ""
	if t := c.LastTerminationState.Terminated; t != nil {
		how = " (" + endText(t) + ")"
	}
	st.marker("container %s was restarted%s", st.origin.Container, how)
	if run := c.State.Running; run != nil && from > run.StartedAt.Add(time.Second).UnixNano() {
		st.marker("gap: the end of the former instance may be missing")
	}
	if lost > 0 && from != 0 {
		gap := ""
		if run := c.State.Running; run != nil {
			gap = " of " + run.StartedAt.Sub(time.Unix(0, from)).Round(time.Second).String()
		}
		st.marker("gap%s: the logs of %d former instances are gone", gap, lost)
	}
}

// lineReader splits a stream into lines of bounded length.
type lineReader struct {
	r    *bufio.Reader
	line []byte
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 64<<10)} }

// more reports whether a whole line may be had without blocking.
func (l *lineReader) more() bool {
	n := l.r.Buffered()
	if n == 0 {
		return false
	}
	b, _ := l.r.Peek(n)
	return bytes.IndexByte(b, '\n') >= 0
}

// next returns the next line without its end; it is valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	dropped := 0
	for {
		part, err := l.r.ReadSlice('\n')
		if room := maxLine - len(l.line); len(part) > room {
			dropped += len(part) - room
			part = part[:room]
		}
		l.line = append(l.line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		line := l.line
		if dropped > 0 {
			if err == nil {
				dropped-- // the line end
			}
			line = fmt.Appendf(line, " … +%d bytes", dropped)
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		if err != nil && len(line) > 0 && err != io.EOF {
			return nil, err // half a line: the resumed stream has it whole
		}
		return bytes.TrimSuffix(line, []byte("\r")), err
	}
}
