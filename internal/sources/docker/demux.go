package docker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Multiplexed streams are frames of an 8-byte head and a payload
// (docs.docker.com/reference/api/engine, ContainerAttach, "Stream format").
const (
	frameHead = 8
	// maxFrame is what a frame may hold. The engine cuts log lines at 16 KiB,
	// other logging drivers stay below this too.
	maxFrame = 1 << 20
)

// Where a frame comes from.
const (
	fdStdin = iota // written like stdout
	fdStdout
	fdStderr
	fdSystem // an error of the engine itself
)

// errFrame is a stream that is not what it says it is.
var errFrame = errors.New("the log stream is damaged")

// demux reads frames. It is total: whatever comes, it returns frames of at most
// maxFrame bytes, then an error.
type demux struct {
	r    *bufio.Reader
	head [frameHead]byte
	buf  []byte
}

func newDemux(r *bufio.Reader) *demux { return &demux{r: r} }

// next returns the next frame; payload is valid until the call after. At the
// proper end of the stream it returns io.EOF, in the middle of a frame
// io.ErrUnexpectedEOF.
func (d *demux) next() (fd int, payload []byte, err error) {
	if _, err := io.ReadFull(d.r, d.head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(d.head[4:])
	switch {
	case d.head[0] > fdSystem || d.head[1] != 0 || d.head[2] != 0 || d.head[3] != 0:
		return 0, nil, fmt.Errorf("%w: bad frame head % x", errFrame, d.head)
	case size > maxFrame:
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errFrame, size)
	}
	if cap(d.buf) < int(size) {
		// Grow with what arrives, not with what is announced.
		d.buf = d.buf[:0]
		for len(d.buf) < int(size) {
			n := min(int(size)-len(d.buf), 64<<10)
			at := len(d.buf)
			d.buf = append(d.buf, make([]byte, n)...)
			if _, err := io.ReadFull(d.r, d.buf[at:]); err != nil {
				return 0, nil, unexpected(err)
			}
		}
	} else {
		d.buf = d.buf[:size]
		if _, err := io.ReadFull(d.r, d.buf); err != nil {
			return 0, nil, unexpected(err)
		}
	}
	return int(d.head[0]), d.buf, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
