package kube

import (
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"
)

// endings tells an end from a broken connection, which look the same to SPDY's
// reader: every end is said with a status.
type endings struct {
	httpstream.UpgradeRoundTripper
	mu   sync.Mutex
	done bool
}

func (e *endings) said() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.done
}

// NewConnection watches the stream on which the end is said.
func (e *endings) NewConnection(resp *http.Response) (httpstream.Connection, error) {
	c, err := e.UpgradeRoundTripper.NewConnection(resp)
	if err != nil {
		return nil, err
	}
	return &endingConn{c, e}, nil
}

type endingConn struct {
	httpstream.Connection
	e *endings
}

func (c *endingConn) CreateStream(headers http.Header) (httpstream.Stream, error) {
	s, err := c.Connection.CreateStream(headers)
	if err != nil || headers.Get(corev1.StreamType) != corev1.StreamTypeError {
		return s, err
	}
	return &endingStream{s, c.e}, nil
}

type endingStream struct {
	httpstream.Stream
	e *endings
}

func (s *endingStream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	if n > 0 {
		s.e.mu.Lock()
		s.e.done = true
		s.e.mu.Unlock()
	}
	return n, err
}
