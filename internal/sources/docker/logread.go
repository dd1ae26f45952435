package docker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// follower reads the log of one container, and knows where it is in it.
type follower struct {
	s      *Source
	id     string
	tty    bool
	origin *core.Origin
	req    core.LogRequest
	emit   func(l core.Line, more bool)

	seq     uint64
	passed  window // what was handed out last
	opened  time.Time
	started time.Time // of the life of the container that is being read
	told    time.Time // end of the life whose end was told
}

func (s *Source) newFollower(ref core.Ref, name string, req core.LogRequest) *follower {
	return &follower{
		s: s, id: ref.UID, req: req,
		origin: &core.Origin{Ref: ref, Container: name, Label: text.Clean(name)},
	}
}

// look reads what the follower must know of its container.
func (f *follower) look(ctx context.Context) error {
	c, err := f.s.inspect(ctx, f.id)
	if err != nil {
		return err
	}
	f.tty = c.Config != nil && c.Config.Tty
	if c.State != nil {
		f.started = parseTime(c.State.StartedAt)
	}
	return nil
}

// mark hands out a line of our own.
func (f *follower) mark(at time.Time, says text.Safe) {
	if at.IsZero() {
		at = f.s.now()
	}
	f.seq++
	f.emit(core.Line{Time: max(at.UnixNano(), f.passed.newest), Seq: f.seq, Origin: f.origin, Text: says.Line(), Stream: core.Marker}, false)
}

// options asks for the log from where the follower is.
func (f *follower) options(follow bool) client.ContainerLogsOptions {
	o := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow, Tail: "all"}
	since := f.req.Since
	switch {
	case f.passed.newest > 0:
		since = time.Unix(0, f.passed.from())
	case f.opened.IsZero():
		if f.req.Tail >= 0 {
			o.Tail = strconv.Itoa(f.req.Tail)
		}
	case f.req.Tail == 0:
		// Nothing was wanted but what is new, and nothing came yet.
		since = f.opened
	}
	if !since.IsZero() {
		o.Since = fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond())
	}
	return o
}

// read hands out the log until it ends. It begins a little before where the
// last read broke off and leaves out what was handed out already. nil is the
// proper end: of the log, or, when following, of the container.
func (f *follower) read(ctx context.Context, follow bool) error {
	api, err := f.s.client(ctx)
	if err != nil {
		return err
	}
	now := f.s.now()
	body, err := api.ContainerLogs(ctx, f.id, f.options(follow))
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { _ = body.Close() }()
	if f.opened.IsZero() {
		f.opened = now
	}
	last, from, again := f.passed.newest, f.passed.from(), f.passed.again()
	resumed := last > 0
	r := bufio.NewReaderSize(body, 64<<10)
	line := func(stream core.Stream, at int64, raw []byte, dropped int) {
		p := identify(stream, at, raw)
		if n := again[p]; n > 0 {
			again[p] = n - 1
			resumed = false
			return
		}
		if at > 0 && at < from {
			return // older than what was asked for
		}
		if resumed && at > last {
			// Not even the last line is there any more.
			f.mark(time.Unix(0, last), text.Sprintf("the log was cut: lines of %s may be missing here", time.Duration(at-last).Round(time.Millisecond)))
		}
		resumed = false
		f.line(p, stream, raw, dropped, r.Buffered() > 0)
	}
	if f.tty {
		return f.raw(r, line)
	}
	return f.frames(r, line)
}

// line hands out one line.
func (f *follower) line(p passed, stream core.Stream, raw []byte, dropped int, more bool) {
	if p.at > 0 { // else there is nothing to go by
		f.passed.add(p)
	}
	f.seq++
	l := core.Line{Time: p.at, Seq: f.seq, Origin: f.origin, Text: cleanLine(raw, dropped), Stream: stream}
	l.Level = level(l.Text)
	f.emit(l, more)
}

type lineFunc func(stream core.Stream, at int64, raw []byte, dropped int)

// frames reads a multiplexed stream.
func (f *follower) frames(r *bufio.Reader, line lineFunc) error {
	d := newDemux(r)
	streams := [2]assembler{{stream: core.Stdout}, {stream: core.Stderr}}
	out := func(at int64, raw []byte, dropped int) { line(core.Stdout, at, raw, dropped) }
	errs := func(at int64, raw []byte, dropped int) { line(core.Stderr, at, raw, dropped) }
	for {
		fd, payload, err := d.next()
		if err == io.EOF {
			streams[0].flush(out)
			streams[1].flush(errs)
			return nil
		}
		if err != nil {
			return broken(err)
		}
		switch fd {
		case fdSystem:
			return fmt.Errorf("%w: the engine says: %s", errEngineLog, payload)
		case fdStderr:
			streams[1].feed(payload, errs)
		default:
			streams[0].feed(payload, out)
		}
	}
}

// raw reads the stream of a container with a terminal: no frames, no stderr.
func (f *follower) raw(r *bufio.Reader, line lineFunc) error {
	a := assembler{stream: core.Stdout}
	out := func(at int64, raw []byte, dropped int) { line(core.Stdout, at, raw, dropped) }
	for {
		piece, err := r.ReadSlice('\n')
		a.feed(piece, out)
		switch {
		case err == nil, errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF:
			a.flush(out)
			return nil
		default:
			return broken(err)
		}
	}
}

// errEngineLog is an error that the engine wrote into the log stream.
var errEngineLog = errors.New("the log cannot be read on")

// errCut is a stream that broke off.
var errCut = errors.New("the log stream broke off")

func broken(err error) error {
	if errors.Is(err, errFrame) {
		return err
	}
	return fmt.Errorf("%w: %w", errCut, err)
}
