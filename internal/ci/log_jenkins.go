package ci

import (
	"bytes"

	"devops-tui/internal/core"
)

// withoutNotes takes the console notes out of a part of a Jenkins log: links and
// colours for a browser, as "ESC[8mha:…ESC[0m".
func withoutNotes(raw []byte) []byte {
	start, end := []byte("\x1b[8mha:"), []byte("\x1b[0m")
	i := bytes.Index(raw, start)
	if i < 0 {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i >= 0 {
		out = append(out, raw[:i]...)
		raw = raw[i+len(start):]
		n := bytes.Index(raw, end)
		if n < 0 { // cut off
			return out
		}
		raw = raw[n+len(end):]
		i = bytes.Index(raw, start)
	}
	return append(out, raw...)
}

// jenkinsTime takes the time that the Timestamper plugin writes off a line:
// [2024-05-22T12:43:46.962Z]
func (r *LogReader) jenkinsTime(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '[' {
		return raw
	}
	i := bytes.IndexByte(raw[:min(len(raw), 40)], ']')
	if i < 0 {
		return raw
	}
	at, _, ok := stamped(raw[1:i])
	if !ok {
		return raw
	}
	r.time = at
	return bytes.TrimPrefix(raw[i+1:], []byte(" "))
}

// mostBlocks bounds how many blocks of a pipeline are counted.
const mostBlocks = 1000

// jenkinsFinish reads what a line of a Jenkins log has: a mark of a pipeline or
// text. A stage, and a branch of a
// parallel step, is a group; other blocks are none.
func (r *LogReader) jenkinsFinish(raw []byte, dropped int) {
	mark, ok := bytes.CutPrefix(raw, []byte("[Pipeline] "))
	switch {
	case !ok:
		r.say(raw, dropped, core.LevelNone, core.Stdout)
	case len(mark) > 4 && bytes.HasPrefix(mark, []byte("{ (")) && mark[len(mark)-1] == ')':
		if len(r.braces) == mostBlocks {
			r.mark(raw)
			return
		}
		title := bytes.TrimPrefix(mark[3:len(mark)-1], []byte("Branch: "))
		r.braces = append(r.braces, len(r.groups) < mostGroups)
		r.open("", title)
	case string(mark) == "{":
		if len(r.braces) < mostBlocks {
			r.braces = append(r.braces, false)
		}
		r.mark(raw)
	case string(mark) == "}":
		n := len(r.braces)
		if n > 0 && r.braces[n-1] {
			r.close("")
		} else {
			r.mark(raw)
		}
		r.braces = r.braces[:max(n-1, 0)]
	default:
		r.mark(raw)
	}
}

// mark shows a mark that is no group, faintly.
func (r *LogReader) mark(raw []byte) {
	r.say(join([]byte("\x1b[2m"), "", raw), 0, core.LevelNone, core.Stdout)
}
