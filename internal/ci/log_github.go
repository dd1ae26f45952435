package ci

import (
	"bytes"
	"time"

	"devops-tui/internal/core"
)

// stamped takes an RFC 3339 time and the space behind it off a line.
func stamped(raw []byte) (at int64, rest []byte, ok bool) {
	i := bytes.IndexByte(raw[:min(len(raw), 40)], ' ')
	if i < 0 {
		i = len(raw)
	}
	if i < len("2006-01-02T15:04:05Z") || i > 36 || raw[4] != '-' || raw[10] != 'T' {
		return 0, raw, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(raw[:i]))
	if err != nil {
		return 0, raw, false
	}
	return t.UnixNano(), raw[min(i+1, len(raw)):], true
}

// githubFinish reads what a line of a GitHub log has behind its time: a mark or text. Workflow
// commands that no runner has translated are read too: servers that run GitHub's
// workflows keep them as they are.
func (r *LogReader) githubFinish(raw []byte, dropped int) {
	mark, colour, rest := command(raw)
	switch mark {
	case "group":
		r.close("group") // groups do not nest there
		r.open("group", rest)
	case "endgroup":
		r.close("group")
	case "error":
		r.say(join(colour, "Error: ", rest), dropped, core.LevelError, core.Stdout)
	case "warning":
		r.say(join(colour, "Warning: ", rest), dropped, core.LevelWarn, core.Stdout)
	case "notice":
		r.say(join(colour, "Notice: ", rest), dropped, core.LevelInfo, core.Stdout)
	case "debug":
		r.say(join(colour, "", rest), dropped, core.LevelDebug, core.Stdout)
	case "command":
		r.say(join([]byte("\x1b[36m"), "", rest), dropped, core.LevelNone, core.Stdout)
	case "section":
		r.say(join([]byte("\x1b[32m"), "", rest), dropped, core.LevelNone, core.Stdout)
	default:
		r.say(raw, dropped, core.LevelNone, core.Stdout)
	}
}

func join(colour []byte, word string, rest []byte) []byte {
	out := make([]byte, 0, len(colour)+len(word)+len(rest))
	return append(append(append(out, colour...), word...), rest...)
}

var commands = []string{"group", "endgroup", "error", "warning", "notice", "debug", "command", "section"}

// command takes ##[mark] or ::mark parameters:: off a line; colour is what
// stood before it.
func command(raw []byte) (mark string, colour, rest []byte) {
	n := sequences(raw)
	colour, rest = raw[:n], raw[n:]
	if body, ok := bytes.CutPrefix(rest, []byte("##[")); ok {
		for _, c := range commands {
			if after, ok := bytes.CutPrefix(body, []byte(c)); ok && len(after) > 0 && after[0] == ']' {
				return c, colour, after[1:]
			}
		}
		return "", nil, raw
	}
	if body, ok := bytes.CutPrefix(rest, []byte("::")); ok {
		head, after, ok := bytes.Cut(body, []byte("::"))
		name, _, _ := bytes.Cut(head, []byte(" "))
		if ok {
			for _, c := range commands[:6] {
				if string(name) == c {
					return c, colour, after
				}
			}
		}
	}
	return "", nil, raw
}
