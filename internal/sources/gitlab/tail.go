package gitlab

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	// followed are the jobs of a pipeline that are read at the same time.
	followed = 6
	// heavy is the size of a log from which it is asked for less often, where the
	// server sends it whole each time.
	heavy = 256 << 10
	// slowest is the longest time between two questions for a log that grows.
	slowest = 30 * time.Second
)

// Tail implements sources.Tailer for pipelines, job after job, and for jobs.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	var err error
	switch req.Ref.Kind {
	case ci.KindRun:
		err = s.tailRun(ctx, req, sink)
	case ci.KindJob:
		err = s.tailOne(ctx, req, sink)
	default:
		return unsupported(req.Ref.Kind, "read the log of")
	}
	if ctx.Err() != nil && req.Follow {
		return nil
	}
	return err
}

func (s *Source) tailOne(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	j, _, _, err := s.job(ctx, req.Ref)
	if err != nil {
		return err
	}
	ref := req.Ref
	if req.Previous {
		all, _, err := s.jobsOf(ctx, ref.Namespace, j.Pipeline.ID, true, true)
		if err != nil {
			return err
		}
		var before *attempted
		for _, a := range attempts(all) {
			if a.Name == j.Name && a.ID < j.ID {
				before = &a
			}
		}
		if before == nil {
			return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s was not retried: there is no log before this one", j.Name)}
		}
		j = before.apiJob
		ref = s.jobRef(ref.Namespace, j.Pipeline.ID, &j, before.attempt)
	}
	ref.UID = strconv.Itoa(j.ID)
	t := s.trace(ref, &j, req, sink)
	return t.read(ctx)
}

// tailRun reads the logs of a pipeline's jobs in their order; those that go on at
// the same time are followed together.
func (s *Source) tailRun(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	id, err := runID(req.Ref)
	if err != nil {
		return err
	}
	path := req.Ref.Namespace
	if _, err := s.fresh(ctx, path, id); err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, followed)
	begun := map[int]bool{}
	told := false
	for {
		jobs, _, err := s.jobsOf(ctx, path, id, false, true)
		if err != nil {
			return err
		}
		over := true
		if len(jobs) > 0 {
			over = isOver(jobs[0].Pipeline.Status) || jobs[0].Pipeline.Status == "manual"
		}
		for _, j := range jobs {
			if j.bridge || begun[j.ID] || j.Started.IsZero() {
				continue
			}
			begun[j.ID] = true
			t := s.trace(s.jobRef(path, id, &j, 0), &j, req, sink)
			if isOver(j.Status) || !req.Follow {
				if err := t.read(ctx); err != nil {
					return err
				}
				continue
			}
			wg.Add(1)
			core.Go("gitlab trace", func() {
				defer wg.Done()
				select {
				case slots <- struct{}{}:
					defer func() { <-slots }()
				case <-ctx.Done():
					return
				}
				if err := t.read(ctx); err != nil && ctx.Err() == nil {
					t.mark(text.Sprintf("the log of %s cannot be read: %s", t.job.Name, s.Problem(err).Summary))
				}
			})
		}
		if !req.Follow && len(begun) == 0 || req.Follow && len(begun) == 0 && over {
			t := s.trace(req.Ref, &apiJob{Name: req.Ref.Name}, req, sink)
			t.mark(text.Lit("no job has begun: there is no log yet"))
			told = true
		}
		if !req.Follow || over {
			return nil
		}
		if len(begun) == 0 && !told {
			told = true
			s.trace(req.Ref, &apiJob{Name: req.Ref.Name}, req, sink).mark(text.Lit("no job has begun: waiting for the first"))
		}
		if !pause(ctx, s.server.pace.trace) {
			return nil
		}
	}
}

// trace is the reading of one job's log.
type trace struct {
	s      *Source
	path   string
	job    apiJob
	req    core.LogRequest
	sink   core.LogSink
	reader *ci.LogReader
	origin *core.Origin

	offset int64  // bytes that were read
	whole  bool   // the server does not serve parts
	tag    string // of the last whole answer
	first  bool   // the first answer was read
	since  int64
	marks  uint64
}

func (s *Source) trace(ref core.Ref, j *apiJob, req core.LogRequest, sink core.LogSink) *trace {
	t := &trace{s: s, path: ref.Namespace, job: *j, req: req, sink: sink, reader: ci.NewLogReader(ci.GitLab)}
	t.origin = &core.Origin{Ref: ref, Container: j.Name, Label: text.Clean(j.Name)}
	t.reader.Origin = t.origin
	if !req.Since.IsZero() {
		t.since = req.Since.UnixNano()
	}
	return t
}

// mark tells something of our own.
func (t *trace) mark(says text.Safe) {
	t.marks++
	t.sink.Lines([]core.Line{{Time: t.s.now().UnixNano(), Seq: t.marks, Origin: t.origin, Text: says.Line(), Stream: core.Marker}})
}

// read reads the log to its end, or to where it is now without Follow.
func (t *trace) read(ctx context.Context) error {
	fails, silent := 0, false
	for {
		over := isOver(t.job.Status) // what is read after the end is all of it
		err := t.more(ctx)
		switch {
		case err == nil:
			fails = 0
		case ctx.Err() != nil:
			return nil
		case rest.StatusOf(err) == http.StatusNotFound && t.offset == 0:
			if (over || !t.req.Follow) && !silent {
				t.mark(text.Sprintf("%s has no log: it is %s", t.job.Name, t.job.Status))
			}
			silent = true
			err = nil
		case !t.req.Follow || !patient(err) || fails >= 10:
			return err
		default:
			fails++
		}
		if err == nil && (over || !t.req.Follow) {
			t.emit(t.reader.End())
			return nil
		}
		if !pause(ctx, t.wait()) {
			return nil
		}
		var j apiJob
		if _, err := t.s.get(ctx, rest.Request{Path: project(t.path, "jobs", strconv.Itoa(t.job.ID)), Urgent: true}, &j); err == nil {
			t.job = j
		} else if rest.StatusOf(err) == http.StatusNotFound {
			t.mark(text.Sprintf("%s was deleted", t.job.Name))
			return nil
		}
	}
}

// patient reports whether an error may pass by itself.
func patient(err error) bool {
	st := rest.StatusOf(err)
	return st == 0 && !errors.Is(err, context.Canceled) || st >= 500 || st == http.StatusTooManyRequests
}

// wait is the time until the log is asked for again: longer for large ones that
// come whole each time.
func (t *trace) wait() time.Duration {
	d := t.s.server.pace.trace
	if t.whole {
		d *= time.Duration(1 + t.offset/heavy)
	}
	return min(d, slowest)
}

// more reads what is new. The API has no offset: a part is asked for, and where the
// server sends the whole, what is known already is passed over.
// API: docs.gitlab.com/api/jobs "Get a log file"
func (t *trace) more(ctx context.Context) error {
	r := rest.Request{Path: project(t.path, "jobs", strconv.Itoa(t.job.ID), "trace"), Urgent: true, Header: http.Header{}}
	if t.offset > 0 && !t.whole {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(t.offset, 10)+"-")
	}
	if t.tag != "" && t.whole {
		r.Header.Set("If-None-Match", t.tag)
	}
	body, resp, err := t.s.client.Open(ctx, r)
	switch rest.StatusOf(err) {
	case http.StatusNotModified, http.StatusRequestedRangeNotSatisfiable:
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	t.s.seen.Store(t.s.now().UnixNano())
	t.tag = resp.Header.Get("ETag")
	if resp.Status == http.StatusOK && t.offset > 0 {
		t.whole = true
		n, err := io.CopyN(io.Discard, body, t.offset)
		if errors.Is(err, io.EOF) { // it is shorter than it was: another log
			t.emit(t.reader.End())
			t.mark(text.Sprintf("the log was shortened from %d to %d bytes: it begins again", t.offset, n))
			t.offset, t.tag = 0, ""
			return nil
		}
		if err != nil {
			return err
		}
	}
	return t.feed(body)
}

// feed hands what comes to the sink; of the first answer only the end, as asked.
func (t *trace) feed(body io.Reader) error {
	var held []core.Line
	cut := !t.first && t.req.Tail >= 0
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		t.offset += int64(n)
		lines := t.reader.Feed(buf[:n])
		if cut {
			held = t.last(append(held, lines...), 4*t.req.Tail+1024)
		} else {
			t.emit(lines)
		}
		if err != nil {
			t.first = true
			if cut {
				if isOver(t.job.Status) || !t.req.Follow { // the line without an end counts
					held = append(held, t.reader.End()...)
				}
				t.emit(balanced(t.last(held, t.req.Tail)))
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// last keeps the last n lines of text.
func (t *trace) last(lines []core.Line, n int) []core.Line {
	count := 0
	for i := len(lines) - 1; i >= 0; i-- {
		if lines[i].Group != core.GroupNone {
			continue
		}
		if count == n {
			return lines[i+1:]
		}
		count++
	}
	return lines
}

// balanced leaves out the ends of groups whose beginning was cut off.
func balanced(lines []core.Line) []core.Line {
	depth := 0
	return slices.DeleteFunc(lines, func(l core.Line) bool {
		switch l.Group {
		case core.GroupOpen:
			depth++
		case core.GroupClose:
			if depth == 0 {
				return true
			}
			depth--
		}
		return false
	})
}

func (t *trace) emit(lines []core.Line) {
	for i := range lines {
		if lines[i].Time == 0 && !t.job.Started.IsZero() { // the runner writes no times, and no section has begun
			lines[i].Time = t.job.Started.UnixNano()
		}
	}
	if t.since > 0 {
		lines = slices.DeleteFunc(lines, func(l core.Line) bool { return l.Time < t.since })
	}
	if len(lines) > 0 {
		t.sink.Lines(lines)
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
