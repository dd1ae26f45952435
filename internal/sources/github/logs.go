package github

import (
	"context"
	"errors"
	"io"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	// followEvery is how often a run is asked whether another job has ended.
	followEvery = 3 * time.Second
	// fromArchive is how many jobs a finished run has before their logs are read
	// as one archive instead of one by one.
	fromArchive = 6
	maxLog      = 64 << 20 // of one job
	logTries    = 4
)

// Tail implements sources.Tailer. GitHub serves the text of a job only after it
// has ended: until then a marker says so, then the whole log comes.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	t := &tail{s: s, req: req, sink: sink, done: map[int64]bool{}, told: map[int64]bool{}}
	var w workflowRun
	var err error
	switch req.Ref.Kind {
	case kindRun:
		w, err = s.runOf(ctx, req.Ref)
	case kindJob:
		var j ci.Job
		w, j, err = s.jobOf(ctx, req.Ref)
		t.only, t.attempt = number(j.Ref.UID), j.Attempt
	default:
		return unsupported(req.Ref.Kind, "log")
	}
	if err != nil {
		return gone(ctx, err)
	}
	if req.Previous {
		if w.RunAttempt < 2 {
			return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s has run once: there is no attempt before", w.name())}
		}
		t.attempt, t.req.Follow = w.RunAttempt-1, false
	} else if t.attempt == w.RunAttempt {
		t.attempt = 0
	}
	return gone(ctx, t.run(ctx, w))
}

// gone is nil where whoever read has gone.
func gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// tail is one reading of logs.
type tail struct {
	s       *Source
	req     core.LogRequest
	sink    core.LogSink
	only    int64          // a job; 0: all
	attempt int            // 0: the newest
	done    map[int64]bool // jobs whose log was read
	told    map[int64]bool // jobs whose waiting was said
	names   []string
}

func (t *tail) run(ctx context.Context, w workflowRun) error {
	repo := t.req.Ref.Namespace
	failures := 0
	for {
		list, err := t.s.jobsOf(ctx, repo, w.ID, t.attempt)
		if err == nil {
			err = t.logs(ctx, w, list)
		}
		switch {
		case err != nil && (!t.req.Follow || !passing(err) || failures >= 100):
			return err
		case err != nil:
			failures++ // what was read already is not read again
		case !t.req.Follow || t.over(list):
			return nil
		default:
			failures = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// passing reports whether an error may be over soon.
func passing(err error) bool {
	var refused *rest.Error
	if errors.As(err, &refused) {
		return refused.Status >= 500
	}
	var p *core.Problem
	return !errors.As(err, &p)
}

func (t *tail) wanted(j *workflowJob) bool { return t.only == 0 || j.ID == t.only }

func (t *tail) over(list []workflowJob) bool {
	for i := range list {
		if t.wanted(&list[i]) && !list[i].completed() {
			return false
		}
	}
	return true
}

// logs reads the logs of the jobs that have ended since, in their order.
func (t *tail) logs(ctx context.Context, w workflowRun, list []workflowJob) error {
	t.names = jobNames(w.name(), list)
	if err := t.archived(ctx, w, list); err != nil {
		return err
	}
	for i := range list {
		j := &list[i]
		switch {
		case !t.wanted(j) || t.done[j.ID]:
		case j.completed():
			if err := t.job(ctx, j, t.origin(i, j)); err != nil {
				return err
			}
			t.done[j.ID] = true
		case !t.told[j.ID] && (j.Status == "in_progress" || t.only != 0):
			t.told[j.ID] = true
			t.mark(t.origin(i, j), text.Sprintf("%s is %s: GitHub serves no live text, the log follows when the job ends", j.Name, j.Status))
		}
	}
	return nil
}

func (t *tail) origin(i int, j *workflowJob) *core.Origin {
	return &core.Origin{Ref: t.s.ref(kindJob, t.req.Ref.Namespace, t.names[i], id(j.ID)), Label: text.Clean(j.Name)}
}

func (t *tail) mark(o *core.Origin, what text.Safe) {
	t.sink.Lines([]core.Line{{Time: time.Now().UnixNano(), Origin: o, Text: what.Line(), Stream: core.Marker}})
}

// job reads the log of one job. When it breaks off it is read again, and what
// was given already is passed over.
func (t *tail) job(ctx context.Context, j *workflowJob, o *core.Origin) error {
	if j.Conclusion == "skipped" {
		return nil
	}
	out := &delivery{t: t}
	for try := 1; ; try++ {
		out.skip, out.seen = out.given, 0
		body, _, err := t.s.client.Open(ctx, rest.Request{Path: in(t.req.Ref.Namespace, "actions", "jobs", id(j.ID), "logs"), Urgent: true})
		if err == nil {
			err = out.read(body, o, maxLog)
			body.Close()
		}
		switch {
		case err == nil:
			out.flush()
			return nil
		case rest.StatusOf(err) == 404:
			t.mark(o, text.Sprintf("%s has no log", j.Name))
			return nil
		case try == logTries || ctx.Err() != nil || rest.StatusOf(err) != 0 && rest.StatusOf(err) < 500:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 250 * time.Millisecond):
		}
	}
}

// delivery gives the lines of one log to the sink, each once, from Since on and
// at most Tail of them.
type delivery struct {
	t           *tail
	seen, given int // lines read, and lines that were passed on or held
	skip        int
	held        []core.Line // the last ones, when only those are wanted
}

// read gives the lines of a log as they come.
func (d *delivery) read(body io.Reader, o *core.Origin, limit int64) error {
	r := ci.NewLogReader(ci.GitHub)
	r.Origin = o
	buf := make([]byte, 64<<10)
	left := limit
	for {
		n, err := body.Read(buf)
		if int64(n) > left {
			d.take(r.Feed(buf[:left]))
			d.take(r.End())
			d.t.mark(o, text.Sprintf("the log is longer than %s: not read on", text.Bytes(float64(limit))))
			return nil
		}
		left -= int64(n)
		d.take(r.Feed(buf[:n]))
		if err == io.EOF {
			d.take(r.End())
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (d *delivery) take(lines []core.Line) {
	fresh := lines[:0:0]
	since := int64(0)
	if !d.t.req.Since.IsZero() {
		since = d.t.req.Since.UnixNano()
	}
	for _, l := range lines {
		d.seen++
		if d.seen <= d.skip {
			continue
		}
		d.given++
		if l.Time >= since {
			fresh = append(fresh, l)
		}
	}
	if n := d.t.req.Tail; n >= 0 {
		d.held = append(d.held, fresh...)
		if over := len(d.held) - n; over > 0 {
			d.held = append(d.held[:0:0], d.held[over:]...)
		}
		return
	}
	if len(fresh) > 0 {
		d.t.sink.Lines(fresh)
	}
}

func (d *delivery) flush() {
	if len(d.held) > 0 {
		d.t.sink.Lines(d.held)
		d.held = nil
	}
}
