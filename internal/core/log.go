package core

import (
	"time"

	"devops-tui/internal/text"
)

// Stream is where a log line was written.
type Stream uint8

// The streams. Marker lines are the cockpit's own: a gap, a restart, an end.
const (
	Stdout Stream = iota
	Stderr
	Marker
)

// String is the stream's name in JSON.
func (s Stream) String() string { return [...]string{"stdout", "stderr", "marker"}[s] }

// Level is a log line's severity, parsed from the line; LevelNone if it says none.
type Level uint8

// The levels.
const (
	LevelNone Level = iota
	LevelTrace
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
	LevelFatal
)

// String is the level's name in JSON; "" for none.
func (l Level) String() string {
	return [...]string{"", "trace", "debug", "info", "warn", "error", "fatal"}[l]
}

// Origin is where log lines come from; one per stream, shared by its lines.
type Origin struct {
	Ref       Ref
	Container string    // raw
	Label     text.Safe // what the log view shows: "api-7d9f-x2x/app"
}

// Line is one log line. Order and identity are (Time, Origin, Seq), never the
// time alone.
type Line struct {
	Time   int64 // Unix nanoseconds as the system stamped it; 0 unknown
	Seq    uint64
	Origin *Origin
	Text   text.Line
	Stream Stream
	Level  Level
	Group  Group
}

// Group says what a line is to the groups that CI systems fold their logs by.
type Group uint8

// The places of a line.
const (
	GroupNone  Group = iota
	GroupOpen        // Text is the title of the group that begins
	GroupClose       // the group ends; Text is empty, and the line is not drawn
)

// LogRequest asks for the logs of an object: a pod, a container, or a workload
// (then the logs of all of its pods, merged by time).
type LogRequest struct {
	Ref       Ref
	Container string    // "": all (default); init and ephemeral ones by their plain name
	Previous  bool      // the logs of the previous instance of the container
	Since     time.Time // zero: no bound
	Tail      int       // lines back from the end at the start, per stream; <0: all
	Follow    bool
}

// LogSink takes log lines. Lines never blocks and may be called from several
// goroutines; the slice is the callee's from then on. Lines of one origin
// arrive in order.
type LogSink interface {
	Lines(lines []Line)
}
