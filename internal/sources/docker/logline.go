package docker

import (
	"bytes"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxLine is what is kept of a line; the rest is counted and said.
const maxLine = 60 << 10

// chunk is what the engine makes at most of a line: longer ones come in pieces,
// each with the time stamp of the first.
const chunk = 16 << 10

// assembler makes lines of what the engine sends, one of each stream.
type assembler struct {
	stream  core.Stream
	stamp   []byte // raw time stamp of the line being read, with its space; empty between lines
	at      int64  // of that line, Unix nanoseconds; 0 unknown
	text    []byte
	dropped int // bytes beyond maxLine
	length  int // of the line so far, kept or not
	last    byte
	clock   stampParser
}

// feed takes a piece of the stream that begins where a message begins: a
// frame's payload. Complete lines go to emit.
func (a *assembler) feed(p []byte, emit func(at int64, raw []byte, dropped int)) {
	a.begin(&p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			a.keep(p)
			return
		}
		a.keep(p[:i])
		a.finish(emit)
		p = p[i+1:]
		a.begin(&p)
	}
}

// begin takes the time stamp off the front of p: the first one of a line gives
// its time, those of further pieces are repetitions.
func (a *assembler) begin(p *[]byte) {
	if len(*p) == 0 {
		return
	}
	if len(a.stamp) > 0 {
		*p = bytes.TrimPrefix(*p, a.stamp)
		return
	}
	i := bytes.IndexByte((*p)[:min(len(*p), 40)], ' ')
	if i < 0 {
		return
	}
	at, ok := a.clock.parse((*p)[:i])
	if !ok {
		return
	}
	a.at = at
	a.stamp = append(a.stamp[:0], (*p)[:i+1]...)
	*p = (*p)[i+1:]
}

// keep appends to the line. p may hold further pieces of a long line with their
// time stamps, if there were no frames to tell: they come at multiples of chunk.
func (a *assembler) keep(p []byte) {
	for len(p) > 0 {
		n := min(chunk-a.length%chunk, len(p))
		a.length += n
		a.last = p[n-1]
		room := min(max(maxLine-len(a.text), 0), n)
		a.text = append(a.text, p[:room]...)
		a.dropped += n - room
		p = p[n:]
		if len(p) > 0 && a.length%chunk == 0 && len(a.stamp) > 0 {
			p = bytes.TrimPrefix(p, a.stamp)
		}
	}
}

func (a *assembler) finish(emit func(at int64, raw []byte, dropped int)) {
	raw := a.text
	switch { // a terminal ends lines with \r\n
	case a.last != '\r':
	case a.dropped > 0:
		a.dropped--
	default:
		raw = bytes.TrimSuffix(raw, []byte{'\r'})
	}
	emit(a.at, raw, a.dropped)
	a.stamp, a.text, a.at, a.dropped, a.length, a.last = a.stamp[:0], a.text[:0], 0, 0, 0, 0
}

// flush emits a last line without an end, if there is one.
func (a *assembler) flush(emit func(at int64, raw []byte, dropped int)) {
	if len(a.stamp) > 0 || len(a.text) > 0 {
		a.finish(emit)
	}
}

// stampParser reads RFC 3339 times with nanoseconds. Lines come thousands a
// second, so the part up to the second is only parsed when it changes.
type stampParser struct {
	second [19]byte
	unix   int64
}

func (c *stampParser) parse(b []byte) (int64, bool) {
	const fixed = len("2006-01-02T15:04:05.000000000Z")
	if len(b) == fixed && b[fixed-1] == 'Z' && b[19] == '.' {
		if !bytes.Equal(c.second[:], b[:19]) {
			t, err := time.Parse("2006-01-02T15:04:05", string(b[:19]))
			if err != nil {
				return 0, false
			}
			copy(c.second[:], b)
			c.unix = t.Unix()
		}
		var n int64
		for _, d := range b[20 : fixed-1] {
			if d < '0' || d > '9' {
				return 0, false
			}
			n = n*10 + int64(d-'0')
		}
		return c.unix*int64(time.Second) + n, true
	}
	// Podman writes its own zone and drops trailing zeros.
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return 0, false
	}
	return t.UnixNano(), true
}

// cleanLine makes the text of a log line.
func cleanLine(raw []byte, dropped int) text.Line {
	if dropped == 0 {
		return text.CleanLineBytes(raw)
	}
	return text.CleanLine(string(raw) + text.Sprintf("… +%d bytes", dropped).String())
}

var levels = map[string]core.Level{
	"trace": core.LevelTrace, "debug": core.LevelDebug, "info": core.LevelInfo,
	"warn": core.LevelWarn, "error": core.LevelError, "fatal": core.LevelFatal,
}

// level guesses a line's level.
func level(l text.Line) core.Level { return levels[text.DetectLevel(l.String())] }
