// Package archive packs local files into tar streams and unpacks the tar
// streams of containers into local folders.
//
// A container is not trusted: it may send any archive. Unpack writes within one
// file or folder only, refuses what no honest tar sends there, and leaves what
// is there whole until what comes is. Pack sends no user names of this machine
// and no set-user-id bits.
package archive

import (
	"context"
	"io"
)

// Bounds of one archive.
const (
	maxEntries = 200_000
	maxBytes   = 1 << 40
)

// Moved hears of n bytes of the file called name that were copied. It is called
// often.
type Moved func(n int, name string)

// metered tells what is read through it.
type metered struct {
	r     io.Reader
	name  string
	moved Moved
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.moved(n, m.name)
	return n, err
}

// ending is a stream that ends with its context.
type ending struct {
	ctx context.Context
	r   io.Reader
}

func (e *ending) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}
