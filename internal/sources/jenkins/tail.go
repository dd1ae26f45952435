package jenkins

import (
	"context"
	"html"
	"net/http"
	"strconv"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Tail implements sources.Tailer: the console of a build, or what of it a stage
// has written.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	t, ok := parse(req.Ref)
	if !ok || req.Ref.Kind == ci.KindWorkflow {
		return notFound(req.Ref)
	}
	var err error
	switch {
	case t.queue > 0:
		if t, err = s.awaitBuild(ctx, req, t, sink); err != nil || t.number == 0 {
			return ended(ctx, err)
		}
	case t.stage != "":
		return ended(ctx, s.tailStage(ctx, req, t, sink))
	}
	return ended(ctx, s.tailConsole(ctx, req, t, sink, nil))
}

// ended is nil when it was the end of ctx that ended the log.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func marker(origin *core.Origin, says text.Safe) []core.Line {
	return []core.Line{{Origin: origin, Stream: core.Marker, Text: text.CleanLine(says.String())}}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// awaitBuild says what a queue item waits for, until it is a build.
func (s *Source) awaitBuild(ctx context.Context, req core.LogRequest, t target, sink core.LogSink) (target, error) {
	origin := &core.Origin{Ref: req.Ref, Label: text.Clean(req.Ref.Name)}
	var said text.Safe
	for {
		var q apiQueueItem
		_, err := s.get(urgently(ctx), []string{"queue", "item", strconv.FormatInt(t.queue, 10)}, "why,cancelled,task[name,url],executable[number]", &q)
		if err != nil {
			return t, missing(req.Ref, err)
		}
		switch why := text.Clean(q.Why); {
		case q.Executable != nil:
			t.number = q.Executable.Number
			return t, nil
		case q.Cancelled:
			sink.Lines(marker(origin, text.Lit("it was taken out of the queue")))
			return t, nil
		case why != said:
			said = why
			sink.Lines(marker(origin, text.Sprintf("it waits in the queue: %s", why)))
		}
		if !req.Follow || !sleep(ctx, followFirst) {
			return t, nil
		}
	}
}

// tailConsole reads the console and follows it. keep, where it is given, says
// which lines are wanted.
func (s *Source) tailConsole(ctx context.Context, req core.LogRequest, t target, sink core.LogSink, keep *cutter) error {
	j, b, err := s.readBuild(urgently(ctx), core.Ref{Kind: "", Namespace: req.Ref.Namespace, Name: req.Ref.Name}, t)
	if err != nil {
		return missing(req.Ref, err)
	}
	if req.Ref.Kind == ci.KindRun && req.Ref.UID != "" && t.queue == 0 && b.uid() != req.Ref.UID {
		return replaced(req.Ref)
	}
	label := text.Sprintf("%s #%d", j.display, t.number)
	if t.stage != "" {
		label = text.Clean(t.stage)
	}
	origin := &core.Origin{Ref: req.Ref, Label: label}
	p, err := s.console(ctx, t.full, t.number, consoleWhole, consoleTail)
	if err != nil {
		return missing(req.Ref, err)
	}
	reader := ci.NewLogReader(ci.Jenkins)
	reader.Origin = origin
	give := func(lines []core.Line) {
		if keep != nil {
			lines = keep.lines(lines)
		}
		if lines = since(lines, req.Since); len(lines) > 0 {
			sink.Lines(lines)
		}
	}
	lines := reader.Feed(p.data)
	if !p.more {
		lines = append(lines, reader.End()...)
	}
	if keep != nil {
		lines = keep.lines(lines)
	}
	if p.skipped > 0 && (req.Tail < 0 || req.Tail > len(lines)) {
		sink.Lines(marker(origin, text.Sprintf("the first %s are not read: the console is long", text.Bytes(float64(p.skipped)))))
	}
	lines = last(since(lines, req.Since), req.Tail)
	if len(lines) > 0 {
		sink.Lines(lines)
	}
	wait := followFirst
	for req.Follow && p.more && (keep == nil || !keep.closed) {
		if !sleep(ctx, wait) {
			return nil
		}
		next, err := s.progressive(ctx, t.full, t.number, p.next, consoleMost)
		switch {
		case rest.StatusOf(err) == http.StatusNotFound:
			sink.Lines(marker(origin, text.Lit("the build was deleted")))
			return nil
		case err != nil:
			if k := s.Problem(err).Kind; k != core.Unreachable && k != core.Throttled && k != core.Internal {
				return err
			}
			wait = followMost // it goes on where it was: nothing is lost
			continue
		}
		if next.from < p.next {
			sink.Lines(marker(origin, text.Lit("the log begins anew: it was replaced")))
			reader = ci.NewLogReader(ci.Jenkins)
			reader.Origin = origin
		}
		wait = min(wait+time.Second, followMost)
		if len(next.data) > 0 {
			wait = followFirst
		}
		give(reader.Feed(next.data))
		if next.lost > 0 {
			give(reader.End())
			sink.Lines(marker(origin, text.Sprintf("dropped %s: more came than is read", text.Bytes(float64(next.lost)))))
		}
		if p = next; !p.more {
			give(reader.End())
		}
	}
	return nil
}

func since(lines []core.Line, at time.Time) []core.Line {
	if at.IsZero() {
		return lines
	}
	out := lines[:0]
	for _, l := range lines {
		if l.Time == 0 || l.Time >= at.UnixNano() {
			out = append(out, l)
		}
	}
	return out
}

// last are the last n lines; n < 0: all.
func last(lines []core.Line, n int) []core.Line {
	if n < 0 || n >= len(lines) {
		return lines
	}
	return lines[len(lines)-n:]
}

// cutter keeps the lines of one stage: those inside of the nth group of its name.
type cutter struct {
	title  string
	nth    int
	depth  int
	open   bool
	closed bool
	seen   int
}

func (c *cutter) lines(in []core.Line) []core.Line {
	var out []core.Line
	for _, l := range in {
		switch {
		case c.closed:
		case !c.open:
			if l.Group == core.GroupOpen && l.Text.String() == c.title {
				c.seen++
				c.open = c.seen == c.nth
			}
		case l.Group == core.GroupClose && c.depth == 0:
			c.closed, c.open = true, false
		default:
			switch l.Group {
			case core.GroupOpen:
				c.depth++
			case core.GroupClose:
				c.depth--
			}
			out = append(out, l)
		}
	}
	return out
}

// tailStage gives what a stage has written: cut out of the console, which is
// whole, live and stamped; of stages that ran beside each other, whose lines are
// mixed there, what the plugin has of their steps.
func (s *Source) tailStage(ctx context.Context, req core.LogRequest, t target, sink core.LogSink) error {
	d, err := s.describe(urgently(ctx), t)
	switch {
	case rest.StatusOf(err) == http.StatusNotFound: // no plugin: by the console's own marks
		title, nth := stageTitle(t.stage, nil)
		return s.tailConsole(ctx, req, t, sink, &cutter{title: title, nth: nth})
	case err != nil:
		return missing(req.Ref, err)
	}
	at := -1
	for i, name := range stageNames(d.Stages) {
		if name == t.stage {
			at = i
		}
	}
	if at < 0 || req.Ref.UID != "" && d.Stages[at].ID != req.Ref.UID {
		return notFound(req.Ref)
	}
	x := &d.Stages[at]
	beside := false
	for i := range d.Stages {
		o := &d.Stages[i]
		beside = beside || i != at && x.Start > 0 && o.Start > 0 && x.Start < o.Start+o.Duration && o.Start < x.Start+x.Duration && x.Duration > 0 && o.Duration > 0
	}
	if beside && x.Status != "IN_PROGRESS" {
		return s.tailSteps(ctx, req, t, x, sink)
	}
	title, nth := stageTitle(t.stage, d.Stages)
	return s.tailConsole(ctx, req, t, sink, &cutter{title: title, nth: nth})
}

// tailSteps gives the logs of a stage's steps, of which the plugin serves the
// last 10 KiB each.
func (s *Source) tailSteps(ctx context.Context, req core.LogRequest, t target, x *apiStage, sink core.LogSink) error {
	origin := &core.Origin{Ref: req.Ref, Label: text.Clean(t.stage)}
	var stage apiStage
	node := func(id, what string) []string {
		return below(t.full, strconv.Itoa(t.number), "execution", "node", id, "wfapi", what)
	}
	if _, err := s.getJSON(urgently(ctx), node(x.ID, "describe"), nil, &stage); err != nil {
		return missing(req.Ref, err)
	}
	var lines []core.Line
	for i := range stage.Steps {
		step := &stage.Steps[i]
		var out struct {
			Text string `json:"text"`
			More bool   `json:"hasMore"`
		}
		if _, err := s.getJSON(urgently(ctx), node(step.ID, "log"), nil, &out); err != nil {
			if rest.StatusOf(err) == http.StatusNotFound {
				continue
			}
			return err
		}
		if out.More {
			lines = append(lines, marker(origin, text.Sprintf("%s: Jenkins serves only the end of it; the whole is in the log of the run", step.Name))...)
		}
		reader := ci.NewLogReader(ci.Jenkins)
		reader.Origin = origin
		lines = append(lines, reader.Feed([]byte(html.UnescapeString(tags.ReplaceAllString(out.Text, ""))))...)
		lines = append(lines, reader.End()...)
	}
	for i := range lines {
		lines[i].Seq = uint64(i + 1)
	}
	if lines = last(since(lines, req.Since), req.Tail); len(lines) > 0 {
		sink.Lines(lines)
	}
	return nil
}
