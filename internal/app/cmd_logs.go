package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

func logsCommand() *command {
	return &command{
		name: "logs", args: "REF…", short: "print or follow the logs of objects",
		long: "A workload's logs are those of all its pods, a project's those of all its containers, merged by time.",
		flags: func(fs *pflag.FlagSet) {
			outputFlag(fs, "text", "json")
			fs.BoolP("follow", "f", false, "go on with new lines")
			fs.Duration("since", 0, "only what is younger than `DURATION`")
			fs.Int("tail", -1, "`N` lines back from the end, per stream (default all; with -f 500)")
			fs.String("grep", "", "only lines that match the regular expression `RE`")
			fs.StringP("container", "c", "", "only the container `NAME`")
			fs.BoolP("previous", "p", false, "of the container's previous life")
			fs.BoolP("timestamps", "t", false, "the time in front of each line")
			fs.Duration("wait", defaultWait, "wait at most `DURATION` for the object")
		},
		run: runLogs,
	}
}

func runLogs(ctx context.Context, r *run, args []string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	out, req, err := r.logRequest()
	if err != nil {
		return r.usage(err)
	}
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	defer w.close()
	wait, _ := r.flags.GetDuration("wait")
	refs, err := r.resolve(ctx, w, args, func(k core.Kind) bool { return k.Logs }, wait)
	if err != nil {
		return r.unresolved(ctx, w, err)
	}
	if tail, _ := r.flags.GetInt("tail"); r.flags.Changed("tail") {
		req.Tail = tail
	} else if req.Follow {
		req.Tail = w.cfg.Log.Tail
	}
	out.paint = r.painter(w.cfg)
	out.hold = !req.Follow && len(refs) > 1
	out.label = len(refs) > 1
	return r.tail(ctx, w, refs, req, out)
}

// logRequest reads the flags.
func (r *run) logRequest() (*logWriter, core.LogRequest, error) {
	var req core.LogRequest
	format, err := r.output("text", "json")
	if err != nil {
		return nil, req, err
	}
	out := &logWriter{w: bufio.NewWriterSize(r.stdout, 64<<10), notes: r.stderr, json: format == "json"}
	if re, _ := r.flags.GetString("grep"); re != "" {
		if out.grep, err = regexp.Compile(re); err != nil {
			return nil, req, &usageError{fmt.Sprintf("--grep: %v", err)}
		}
	}
	out.times, _ = r.flags.GetBool("timestamps")
	req.Follow, _ = r.flags.GetBool("follow")
	req.Previous, _ = r.flags.GetBool("previous")
	req.Container, _ = r.flags.GetString("container")
	req.Tail = -1
	if since, _ := r.flags.GetDuration("since"); since > 0 {
		req.Since = time.Now().Add(-since)
	} else if since < 0 {
		return nil, req, &usageError{"--since: a duration back from now, such as 15m"}
	}
	return out, req, nil
}

// tail reads all logs at the same time until they end.
func (r *run) tail(ctx context.Context, w *world, refs []core.Ref, req core.LogRequest, out *logWriter) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out.stop = cancel
	errs := make([]error, len(refs))
	var wg sync.WaitGroup
	for i, ref := range refs {
		wg.Add(1)
		core.Go("logs of "+ref.String(), func() {
			defer wg.Done()
			req := req
			req.Ref = ref
			errs[i] = w.hub.Tail(ctx, req, out)
		})
	}
	wg.Wait()
	out.finish()
	code := exitOK
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			r.complain(err)
			code = exitFailed
		}
	}
	switch {
	case out.broken:
		return exitOK // whoever read has seen enough
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return code
}

// logWriter prints lines as they come. It is a core.LogSink.
type logWriter struct {
	w     *bufio.Writer
	notes io.Writer // takes what is not a line of the log: gaps, restarts
	json  bool
	times bool
	label bool // more than one origin is expected
	hold  bool // gather everything, then print in order of time
	grep  *regexp.Regexp
	paint painter
	stop  context.CancelFunc

	mu     sync.Mutex
	held   []core.Line
	first  *core.Origin
	broken bool // nobody reads any more
}

// Lines takes a batch.
func (l *logWriter) Lines(lines []core.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hold {
		l.held = append(l.held, lines...)
		return
	}
	l.print(lines)
}

func (l *logWriter) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(l.held, func(a, b core.Line) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	l.print(l.held)
	l.held = nil
}

func (l *logWriter) print(lines []core.Line) {
	for i := range lines {
		line := &lines[i]
		if line.Stream == core.Marker && !l.json {
			_ = l.w.Flush()
			fmt.Fprintln(l.notes, "── "+line.Text.String())
			continue
		}
		if l.grep != nil && line.Stream != core.Marker && !l.grep.MatchString(line.Text.String()) {
			continue
		}
		if l.json {
			_ = writeJSON(l.w, logJSON(line), false)
			continue
		}
		l.text(line)
	}
	if l.w.Flush() != nil && !l.broken {
		l.broken = true
		l.stop()
	}
}

// text prints one line: the origin where there is more than one, the time if
// it was asked for, the line.
func (l *logWriter) text(line *core.Line) {
	if l.first == nil {
		l.first = line.Origin
	}
	if line.Origin != l.first {
		l.label = true
	}
	if l.label && line.Origin != nil {
		_, _ = l.w.WriteString(l.paint.paint(themes.Muted, line.Origin.Label.String()) + " ")
	}
	if l.times && line.Time != 0 {
		_, _ = l.w.WriteString(l.paint.paint(themes.Muted, time.Unix(0, line.Time).Format("2006-01-02T15:04:05.000Z07:00")) + " ")
	}
	_, _ = l.w.WriteString(line.Text.String())
	_ = l.w.WriteByte('\n')
}

// lineJSON is one object a line.
type lineJSON struct {
	Time      *time.Time           `json:"time"`
	Ref       *core.Ref            `json:"ref"`
	Container string               `json:"container,omitempty"`
	Stream    string               `json:"stream"`
	Level     string               `json:"level"`
	Text      text.Safe            `json:"text"`
	Fields    map[string]text.Safe `json:"fields"`
}

func logJSON(l *core.Line) lineJSON {
	out := lineJSON{Time: instant(l.Time), Stream: l.Stream.String(), Level: l.Level.String(), Text: l.Text.Safe(), Fields: map[string]text.Safe{}}
	if l.Origin != nil {
		out.Ref, out.Container = &l.Origin.Ref, l.Origin.Container
	}
	if kv, ok := text.Fields(l.Text.String()); ok {
		for _, f := range kv {
			out.Fields[text.Clean(f.Key).String()] = text.CleanLong(f.Value)
		}
	}
	return out
}
