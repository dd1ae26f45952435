package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"devops-tui/internal/text"
)

const (
	// maxLine bounds one line of output, in bytes; the rest is counted.
	maxLine = 16 << 10
	// progressEvery is the shortest time between two states of a line that
	// overwrites itself: 20 a second.
	progressEvery = 50 * time.Millisecond
)

// splitter makes lines of a program's output. A line that overwrites itself by
// carriage returns (a progress bar) is told at most every progressEvery while
// it goes on, and once as it ends.
type splitter struct {
	emit func(text.Line)
	now  func() time.Time

	line     []byte // since the last line feed or carriage return
	cut      int    // bytes that did not fit into line
	progress []byte // the last state that was overwritten and not told
	rewrites bool   // the line has overwritten itself
	told     time.Time
	last     text.Line // what was told of this line
}

// write takes a piece of output.
func (s *splitter) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			s.add(b)
			return
		}
		s.add(b[:i])
		if b[i] == '\n' {
			s.end()
		} else {
			s.overwrite()
		}
		b = b[i+1:]
	}
}

func (s *splitter) add(b []byte) {
	n := min(len(b), maxLine-len(s.line))
	s.line = append(s.line, b[:n]...)
	s.cut += len(b) - n
}

// overwrite takes a carriage return. It may be the first half of a line end,
// so the state is kept until something follows.
func (s *splitter) overwrite() {
	if len(s.line) > 0 {
		s.progress = append(s.progress[:0], s.line...)
	}
	s.line, s.cut, s.rewrites = s.line[:0], 0, true
	s.tick()
}

// tick tells the state of a line that overwrites itself, if it is time.
func (s *splitter) tick() {
	if !s.rewrites || s.now().Sub(s.told) < progressEvery {
		return
	}
	state := s.progress
	if len(s.line) > 0 {
		state = s.line
	}
	if len(state) == 0 {
		return
	}
	if l := text.CleanLineBytes(state); l.String() != s.last.String() {
		s.emit(l)
		s.last, s.told = l, s.now()
	}
	s.progress = s.progress[:0]
}

// end takes a line feed, or the end of the output after an open line.
func (s *splitter) end() {
	state := s.line
	if s.rewrites && len(state) == 0 {
		state = s.progress
	}
	l := text.CleanLineBytes(state)
	if s.cut > 0 {
		l = text.CleanLine(l.String() + fmt.Sprintf(" … %d bytes more", s.cut))
	}
	if !s.rewrites || l.String() != "" && l.String() != s.last.String() {
		s.emit(l)
	}
	s.line, s.progress, s.cut, s.rewrites, s.last = s.line[:0], s.progress[:0], 0, false, text.Line{}
}

// read splits what comes from r until its end.
func (s *splitter) read(r *os.File) {
	b := make([]byte, 32<<10)
	for {
		if s.rewrites { // wake up to tell the state even if nothing more comes
			_ = r.SetReadDeadline(time.Now().Add(progressEvery))
		} else {
			_ = r.SetReadDeadline(time.Time{})
		}
		n, err := r.Read(b)
		s.write(b[:n])
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			s.tick()
			continue
		}
		if len(s.line) > 0 || len(s.progress) > 0 {
			s.end()
		}
		return
	}
}

// tail keeps the last lines, for an error.
type tail struct{ lines []text.Safe }

func (t *tail) add(l text.Line) {
	if l.Empty() {
		return
	}
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, l.Safe().Truncate(tailWidth))
}

const (
	tailLines = 20
	tailWidth = 300
)

// copyAll hands raw output on; it keeps reading when out fails, so that the
// program does not hang.
func copyAll(out io.Writer, r io.Reader) {
	if _, err := io.Copy(out, r); err != nil {
		_, _ = io.Copy(io.Discard, r)
	}
}
