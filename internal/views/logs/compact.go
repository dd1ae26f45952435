package logs

import (
	"slices"
	"strings"

	"devops-tui/internal/text"
)

// The field names that structured loggers use for what the log view shows in
// columns of its own, and for the message.
var (
	shownKeys   = []string{"time", "ts", "timestamp", "@timestamp", "t", "level", "lvl", "severity", "log.level", "l"}
	messageKeys = []string{"msg", "message", "event", "log"}
)

// compact writes a JSON line as its message and the other fields behind it:
// what a reader looks for first. Lines that are not JSON objects, or have no
// message, stay as they are.
func compact(l text.Line) text.Line {
	s := l.String()
	if len(s) < 2 || s[0] != '{' {
		return l
	}
	fields, ok := text.Fields(s)
	if !ok {
		return l
	}
	message := -1
	for i, f := range fields {
		if slices.Contains(messageKeys, f.Key) {
			message = i
			break
		}
	}
	if message < 0 {
		return l
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(fields[message].Value)
	for i, f := range fields {
		if i == message || slices.Contains(shownKeys, strings.ToLower(f.Key)) {
			continue
		}
		b.WriteString("  " + f.Key + "=" + f.Value)
	}
	return text.CleanLine(b.String())
}
