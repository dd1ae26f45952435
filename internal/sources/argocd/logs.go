package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// resumeMost is the longest wait before a log that broke off is followed again.
const resumeMost = 15 * time.Second

// podLog is what was seen of one pod's log.
type podLog struct {
	origin *core.Origin
	seq    uint64
	last   int64 // the latest time, Unix nanoseconds
	at     int   // lines of that time
	skip   int   // of them, to pass over after a resumption
}

type tail struct {
	s     *Source
	req   core.LogRequest
	sink  core.LogSink
	pods  map[string]*podLog
	last  int64
	again bool // the stream was resumed
}

// Tail implements sources.Tailer with the logs of the application's pods, as
// the server merges them.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	if _, err := s.read(ctx, req.Ref); err != nil {
		return err
	}
	t := &tail{s: s, req: req, sink: sink, pods: map[string]*podLog{}}
	wait := time.Second
	for {
		before := t.last
		err := t.read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errLast), !req.Follow && errors.Is(err, io.EOF):
			return nil
		case !req.Follow:
			return err
		}
		var e *rest.Error
		if errors.As(err, &e) && e.Status < 500 {
			return err
		}
		if t.last > before {
			wait = time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		wait = min(2*wait, resumeMost)
		t.resume()
	}
}

// errLast is the mark with which the server ends a log that is not followed.
var errLast = errors.New("the log has ended")

// resume prepares for lines that were seen already.
func (t *tail) resume() {
	t.again = true
	for _, p := range t.pods {
		p.skip = p.at
	}
}

func (t *tail) read(ctx context.Context) error {
	r := t.s.of(t.req.Ref, "logs")
	r.Patient = true
	q := r.Query
	if t.req.Container != "" {
		q.Set("container", t.req.Container)
	}
	if t.req.Follow {
		q.Set("follow", "true")
	}
	if t.req.Previous {
		q.Set("previous", "true")
	}
	switch since := t.req.Since; {
	case t.last > 0: // to the second: what comes twice is passed over
		q.Set("sinceTime.seconds", strconv.FormatInt(t.last/int64(time.Second), 10))
	case !since.IsZero():
		q.Set("sinceTime.seconds", strconv.FormatInt(since.Unix(), 10))
	}
	if t.req.Tail >= 0 && !t.again {
		q.Set("tailLines", strconv.Itoa(max(1, t.req.Tail)))
	}
	return t.s.follow(ctx, r, func(raw json.RawMessage) error {
		var l struct {
			Content string `json:"content"`
			Pod     string `json:"podName"`
			Stamp   string `json:"timeStampStr"`
			Last    bool   `json:"last"`
		}
		if err := decode(raw, &l); err != nil {
			return err
		}
		if l.Last {
			return errLast
		}
		at, err := time.Parse(time.RFC3339Nano, l.Stamp)
		if err != nil {
			at = time.Time{}
		}
		t.line(l.Pod, at, l.Content)
		return nil
	})
}

func (t *tail) line(pod string, at time.Time, content string) {
	p := t.pods[pod]
	if p == nil {
		p = &podLog{origin: &core.Origin{Ref: t.req.Ref, Label: text.Clean(pod)}}
		if p.origin.Label.Empty() {
			p.origin.Label = text.Clean(t.req.Ref.Name)
		}
		t.pods[pod] = p
	}
	stamp := p.last
	if !at.IsZero() {
		stamp = at.UnixNano()
	}
	if t.again {
		switch {
		case stamp < p.last:
			return
		case stamp == p.last && p.skip > 0:
			p.skip--
			return
		}
	}
	if stamp > p.last {
		p.last, p.at = stamp, 0
	}
	p.at++
	t.last = max(t.last, stamp)
	p.seq++
	line := text.CleanLine(content)
	t.sink.Lines([]core.Line{{Time: stamp, Seq: p.seq, Origin: p.origin, Text: line, Level: level(line.String())}})
}

// level is a line's severity by its own words.
func level(line string) core.Level {
	switch text.DetectLevel(line) {
	case "trace":
		return core.LevelTrace
	case "debug":
		return core.LevelDebug
	case "info":
		return core.LevelInfo
	case "warn":
		return core.LevelWarn
	case "error":
		return core.LevelError
	case "fatal":
		return core.LevelFatal
	}
	return core.LevelNone
}

// sortEvents puts the newest first.
func sortEvents(all []core.Event) {
	slices.SortStableFunc(all, func(a, b core.Event) int {
		switch {
		case a.At > b.At:
			return -1
		case a.At < b.At:
			return 1
		}
		return 0
	})
}
