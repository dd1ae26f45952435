package ci

import (
	"bytes"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Dialect is how a system writes its logs.
type Dialect uint8

// The dialects.
const (
	Plain   Dialect = iota // lines, nothing more
	GitHub                 // a time before each line, ##[group], ##[error] and their like
	GitLab                 // section_start and section_end, with times before the lines where the runner writes them
	Jenkins                // console notes, [Pipeline] marks, times where the Timestamper plugin writes them
)

// maxLine is what is kept of a line, in bytes; the rest is counted and said.
const maxLine = 60 << 10

// LogReader makes log lines of the bytes of a log. However the bytes are cut
// into pieces, the lines are the same. Groups balance: each GroupClose closes a
// group that is open, and End closes those that are left.
//
// A line's Time is the system's stamp, which is taken out of the text; a line
// without one has that of the line before. Times never go back: a stamp that is
// before that of an earlier line (section marks have whole seconds) counts as
// that one, so that sorting by time keeps the order of the log. Where a line was overwritten by
// carriage returns, it is what a terminal would have shown at the end.
type LogReader struct {
	// Origin is given to every line; set it before the first Feed.
	Origin *core.Origin

	dialect  Dialect
	seq      uint64
	out      []core.Line
	raw      []byte // of the line being read, as far as it is kept
	dropped  int    // bytes of it that are not
	cr       bool   // the last byte was a carriage return: an overwriting, or the end of the line
	inside   bool   // a part of the line has been read: what stands before a line is behind us
	any      bool   // the line has bytes, though raw may be empty
	segments segments
	time     int64
	latest   int64    // of the times that lines were given
	groups   []string // names of the groups that are open, "" for those that have none
	gitlab   gitlabLine
	held     held   // of GitLab: a line that the next one may go on with
	braces   []bool // of Jenkins: whether each block that is open is a group
}

// segments is what the carriage returns of a line leave to be seen.
type segments struct {
	seen    []byte // the last part that shows anything
	dropped int
}

// NewLogReader makes a reader of logs in a dialect.
func NewLogReader(d Dialect) *LogReader { return &LogReader{dialect: d} }

// Feed takes the next bytes of the log and returns the lines that they
// complete; the slice is the caller's. p is not kept.
func (r *LogReader) Feed(p []byte) []core.Line {
	for len(p) > 0 {
		if r.cr {
			if p[0] != '\n' { // else it is the line's end
				r.cr = false
				r.segment()
			}
		}
		i := bytes.IndexAny(p, "\r\n")
		if i < 0 {
			r.keep(p)
			break
		}
		r.keep(p[:i])
		if p[i] == '\r' {
			r.cr, r.any = true, true
		} else {
			r.line(r.cr)
		}
		p = p[i+1:]
	}
	return r.take()
}

// End returns what is left: a last line without an end, and the ends of the
// groups that are open. The reader can read another log of the same origin then.
func (r *LogReader) End() []core.Line {
	if r.any {
		r.line(false)
	}
	r.release()
	for range r.groups {
		r.emit(text.Line{}, core.GroupClose, core.LevelNone, core.Stdout)
	}
	r.groups, r.braces = nil, nil
	return r.take()
}

func (r *LogReader) take() []core.Line {
	out := r.out
	r.out = nil
	return out
}

// keep appends to the part of the line that is being read.
func (r *LogReader) keep(p []byte) {
	if len(p) == 0 {
		return
	}
	r.any = true
	room := min(maxLine-len(r.raw), len(p))
	r.raw = append(r.raw, p[:room]...)
	r.dropped += len(p) - room
}

// segment ends a part of the line at a carriage return.
func (r *LogReader) segment() {
	raw := r.part()
	if shows(raw) {
		r.segments.seen = append(r.segments.seen[:0], raw...)
		r.segments.dropped = r.dropped
	}
	r.raw, r.dropped = r.raw[:0], 0
}

// line ends a line; cr says that a carriage return stood before its end.
func (r *LogReader) line(cr bool) {
	r.segment()
	r.finish(cr)
	r.segments.seen, r.segments.dropped = r.segments.seen[:0], 0
	r.any, r.cr, r.inside = false, false, false
	if cap(r.raw) > 4<<10 {
		r.raw = nil
	}
	if cap(r.segments.seen) > 4<<10 {
		r.segments.seen = nil
	}
}

// part takes the marks of the dialect out of a part of a line.
func (r *LogReader) part() []byte {
	raw, first := r.raw, !r.inside
	r.inside = true
	if first { // a log, and each part that it was put together of, may begin with one
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	switch r.dialect {
	case GitHub:
		if at, rest, ok := stamped(raw); ok && first {
			r.time, raw = at, bytes.TrimPrefix(rest, []byte("\ufeff"))
		}
	case GitLab:
		if first {
			raw = r.gitlabHead(raw)
		}
		return r.gitlabPart(raw)
	case Jenkins:
		raw = withoutNotes(raw)
		if first {
			raw = r.jenkinsTime(raw)
		}
	}
	return raw
}

// finish makes a line of what is seen of it.
func (r *LogReader) finish(cr bool) {
	raw, dropped := r.segments.seen, r.segments.dropped
	switch r.dialect {
	case GitHub:
		r.githubFinish(raw, dropped)
	case GitLab:
		r.gitlabFinish(cr)
	case Jenkins:
		r.jenkinsFinish(raw, dropped)
	default:
		r.say(raw, dropped, core.LevelNone, core.Stdout)
	}
}

// say emits a line of text; a level of LevelNone is looked for in it.
func (r *LogReader) say(raw []byte, dropped int, level core.Level, stream core.Stream) {
	var l text.Line
	if dropped == 0 {
		l = text.CleanLineBytes(raw)
	} else {
		l = text.CleanLine(string(raw) + text.Sprintf("… +%d bytes", dropped).String())
	}
	if level == core.LevelNone {
		level = LevelOf(l.String())
	}
	r.emit(l, core.GroupNone, level, stream)
}

func (r *LogReader) emit(l text.Line, g core.Group, level core.Level, stream core.Stream) {
	r.seq++
	r.latest = max(r.latest, r.time)
	r.out = append(r.out, core.Line{Time: r.latest, Seq: r.seq, Origin: r.Origin, Text: l, Stream: stream, Level: level, Group: g})
}

// mostGroups bounds how deep groups lie in each other; deeper ones are text.
const mostGroups = 64

// open begins a group.
func (r *LogReader) open(name string, title []byte) {
	if len(r.groups) == mostGroups {
		r.say(title, 0, core.LevelNone, core.Stdout)
		return
	}
	r.groups = append(r.groups, name)
	l := text.CleanLineBytes(title)
	r.emit(l, core.GroupOpen, core.LevelNone, core.Stdout)
}

// close ends the group of that name and those in it; a name that is not open
// ends nothing.
func (r *LogReader) close(name string) {
	for i := len(r.groups) - 1; i >= 0; i-- {
		if r.groups[i] != name {
			continue
		}
		for range len(r.groups) - i {
			r.emit(text.Line{}, core.GroupClose, core.LevelNone, core.Stdout)
		}
		r.groups = r.groups[:i]
		return
	}
}

// sequences returns how many bytes of colours, and of erasing the line, raw begins
// with.
func sequences(raw []byte) int {
	n := 0
	for n+2 < len(raw) && raw[n] == 0x1b && raw[n+1] == '[' {
		end := n + 2
		for end < len(raw) && (raw[end] >= '0' && raw[end] <= '9' || raw[end] == ';' || raw[end] == ':') {
			end++
		}
		if end == len(raw) || raw[end] != 'm' && raw[end] != 'K' {
			break
		}
		n = end + 1
	}
	return n
}

// shows reports whether anything of raw is seen on a terminal.
func shows(raw []byte) bool {
	for len(raw) > 0 {
		if n := sequences(raw); n > 0 {
			raw = raw[n:]
			continue
		}
		if raw[0] != ' ' && raw[0] != '\t' {
			return true
		}
		raw = raw[1:]
	}
	return false
}
