package docker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"devops-tui/internal/core"
)

func frame(fd byte, payload string) []byte {
	b := make([]byte, frameHead, frameHead+len(payload))
	b[0] = fd
	binary.BigEndian.PutUint32(b[4:], uint32(len(payload)))
	return append(b, payload...)
}

func FuzzDemux(f *testing.F) {
	f.Add(append(frame(1, "2026-11-22T08:20:31.384520418Z hello\n"), frame(2, "2026-11-22T08:20:31.384520419Z oh\n")...), 1)
	f.Add(frame(1, strings.Repeat("x", chunk+31)), 7)
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x'}, 3)
	f.Add([]byte{9, 0, 0, 0, 0, 0, 0, 1, 'x'}, 3)
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 9, 'x'}, 3)
	f.Add([]byte{3, 0, 0, 0, 0, 0, 0, 2, 'n', 'o'}, 2)
	f.Add([]byte{1, 0, 0}, 1)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		read := func(r io.Reader) (payloads []byte, frames int, err error) {
			d := newDemux(bufio.NewReaderSize(r, 16))
			for {
				fd, p, err := d.next()
				if err != nil {
					return payloads, frames, err
				}
				if len(p) > maxFrame || cap(d.buf) > 2*maxFrame {
					t.Fatalf("a buffer of %d bytes", cap(d.buf))
				}
				if fd > fdSystem {
					t.Fatalf("stream %d", fd)
				}
				frames++
				payloads = append(payloads, p...)
			}
		}
		whole, n, err := read(bytes.NewReader(stream))
		if len(whole)+n*frameHead > len(stream) {
			t.Fatalf("%d bytes in %d frames from a stream of %d", len(whole), n, len(stream))
		}
		if err == io.EOF && len(whole)+n*frameHead != len(stream) {
			t.Fatal("a clean end, but bytes were left out")
		}
		// However the network cuts the stream, the frames are the same.
		pieces, m, err2 := read(&chopped{stream, max(cut%64, 1)})
		if !bytes.Equal(whole, pieces) || n != m || err.Error() != err2.Error() {
			t.Fatalf("cut at %d: %d frames, %v; whole: %d frames, %v", cut, m, err2, n, err)
		}
		// What the lines are made of is bounded too, as frames and raw.
		s := &Source{}
		count := 0
		fo := s.newFollower(core.Ref{Kind: kindContainer, Name: "x", UID: "x"}, "x", core.LogRequest{})
		fo.emit = func(core.Line, bool) { count++ }
		line := func(stream core.Stream, at int64, raw []byte, dropped int) {
			if len(raw) > maxLine || dropped < 0 {
				t.Fatalf("a line of %d bytes, %d dropped", len(raw), dropped)
			}
			fo.line(identify(stream, at, raw), stream, raw, dropped, false)
		}
		_ = fo.frames(bufio.NewReader(bytes.NewReader(stream)), line)
		_ = fo.raw(bufio.NewReaderSize(bytes.NewReader(stream), 16), line)
		if count > len(stream)+2 {
			t.Fatalf("%d lines from %d bytes", count, len(stream))
		}
	})
}

// chopped gives n bytes at a time.
type chopped struct {
	b []byte
	n int
}

func (c *chopped) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.n)], c.b)
	c.b = c.b[n:]
	return n, nil
}

func TestADamagedFrameIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"huge size":  {[]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, errFrame},
		"just over":  {[]byte{1, 0, 0, 0, 0, 0x10, 0, 1}, errFrame},
		"bad stream": {[]byte{4, 0, 0, 0, 0, 0, 0, 1, 'x'}, errFrame},
		"bad zeroes": {[]byte{1, 0, 7, 0, 0, 0, 0, 1, 'x'}, errFrame},
		"cut head":   {[]byte{1, 0, 0}, io.ErrUnexpectedEOF},
		"cut body":   {[]byte{1, 0, 0, 0, 0, 0, 0, 9, 'x'}, io.ErrUnexpectedEOF},
		"no body":    {[]byte{1, 0, 0, 0, 0, 0, 0, 9}, io.ErrUnexpectedEOF},
		"end":        {nil, io.EOF},
	} {
		d := newDemux(bufio.NewReader(bytes.NewReader(c.in)))
		if _, _, err := d.next(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if cap(d.buf) > 128<<10 {
			t.Errorf("%s: a buffer of %d bytes for %d that came", name, cap(d.buf), len(c.in))
		}
	}
}

func TestStamps(t *testing.T) {
	var p stampParser
	for _, in := range []string{"2026-11-22T08:20:31.384520418Z", "2026-11-22T08:20:31.384520418Z", "2026-11-22T10:20:31.38452+02:00", "2026-11-22T08:20:31Z"} {
		got, ok := p.parse([]byte(in))
		if want := parseTime(in).UnixNano(); !ok || got != want {
			t.Errorf("%s: %d, want %d", in, got, want)
		}
	}
	for _, in := range []string{"", "hello", "2026-11-22T08:20:31.38452041xZ", "2026-13-22T08:20:31.384520418Z"} {
		if _, ok := p.parse([]byte(in)); ok {
			t.Errorf("%q is taken for a time", in)
		}
	}
}
