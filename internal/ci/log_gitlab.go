package ci

import (
	"bytes"
	"strconv"
	"time"

	"devops-tui/internal/core"
)

// The head of a line of a runner that writes times (FF_TIMESTAMPS): the time with
// microseconds, a space, two digits of the stream's number, O or E, and "+" where
// the line goes on with the one before.
const (
	stampLength = len("2006-01-02T15:04:05.000000Z")
	headLength  = stampLength + len(" 00O ")
)

// gitlabLine is the state of the line of a GitLab log that is being read.
type gitlabLine struct {
	headed  bool // it began with a time
	stream  core.Stream
	opening []string // the sections that it opens
	marked  bool     // it has a mark of a section
}

// held is a line that ended in a carriage return: a runner that writes times cuts
// there, and the next line may go on with it.
type held struct {
	is       bool
	segments segments
	line     gitlabLine
}

// gitlabPart takes the mark of a section out of a part of a line, and does what it
// says.
func (r *LogReader) gitlabPart(raw []byte) []byte {
	n := sequences(raw)
	verb, rest, ok := bytes.Cut(raw[n:], []byte(":"))
	if !ok || string(verb) != "section_start" && string(verb) != "section_end" {
		return raw
	}
	seconds, name, ok := bytes.Cut(rest, []byte(":"))
	at, err := strconv.ParseInt(string(seconds), 10, 64)
	if !ok || err != nil || len(name) == 0 {
		return raw
	}
	r.gitlab.marked = true
	end := wordEnd(name)
	label, _, _ := bytes.Cut(name[:end], []byte("[")) // [collapsed=true]
	if !r.gitlab.headed && at > 0 && at < 1<<33 {
		r.time = at * int64(time.Second)
	}
	if string(verb) == "section_start" {
		if len(r.gitlab.opening) == mostGroups {
			r.openSections(nil)
		}
		r.gitlab.opening = append(r.gitlab.opening, string(label))
	} else {
		r.openSections(nil) // one that the same line opened is shown before
		r.close(string(label))
	}
	// What stands behind the mark without a carriage return between is text.
	return join(raw[:n], "", name[end:])
}

// wordEnd is where a section's name ends, with its options.
func wordEnd(name []byte) int {
	for i, b := range name {
		if b <= ' ' || b == 0x1b {
			return i
		}
	}
	return len(name)
}

// openSections opens the sections of the line being read; the last one has the
// line's text as its title, if there is any.
func (r *LogReader) openSections(title []byte) {
	for i, name := range r.gitlab.opening {
		if i == len(r.gitlab.opening)-1 && shows(title) {
			r.open(name, title)
		} else {
			r.open(name, []byte(name))
		}
	}
	r.gitlab.opening = nil
}

// gitlabHead takes the head with the time off a line. A line that goes on with
// the one before takes its place.
func (r *LogReader) gitlabHead(raw []byte) []byte {
	if len(raw) < headLength || raw[stampLength-1] != 'Z' {
		r.release()
		return raw
	}
	at, _, ok := stamped(raw[:stampLength])
	h := raw[stampLength:headLength]
	if !ok || h[0] != ' ' || !hexDigit(h[1]) || !hexDigit(h[2]) || h[3] != 'O' && h[3] != 'E' || h[4] != ' ' && h[4] != '+' {
		r.release()
		return raw
	}
	switch {
	case h[4] == '+' && r.held.is:
		r.gitlab, r.segments, r.held = r.held.line, r.held.segments, held{}
	case h[4] == '+':
	default:
		r.release()
	}
	r.time = at
	r.gitlab.headed, r.gitlab.stream = true, core.Stdout
	if h[3] == 'E' {
		r.gitlab.stream = core.Stderr
	}
	return raw[headLength:]
}

func hexDigit(b byte) bool { return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' }

// gitlabFinish ends a line of a GitLab log. cr says that it ended in a carriage
// return.
func (r *LogReader) gitlabFinish(cr bool) {
	if cr && r.gitlab.headed {
		r.held = held{is: true, segments: r.segments, line: r.gitlab}
		r.segments = segments{}
	} else {
		r.gitlabSay()
	}
	r.gitlab = gitlabLine{}
}

func (r *LogReader) gitlabSay() {
	switch {
	case len(r.gitlab.opening) > 0:
		r.openSections(r.segments.seen)
	case r.gitlab.marked && !shows(r.segments.seen): // nothing but the end of a section
	default:
		r.say(r.segments.seen, r.segments.dropped, core.LevelNone, r.gitlab.stream)
	}
}

// release emits the line that was held back: nothing goes on with it.
func (r *LogReader) release() {
	if !r.held.is {
		return
	}
	line, parts := r.gitlab, r.segments
	r.gitlab, r.segments, r.held = r.held.line, r.held.segments, held{}
	r.gitlabSay()
	r.gitlab, r.segments = line, parts
}
