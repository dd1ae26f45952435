package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are how a server answers.
type Options struct {
	TLS   bool
	Delay time.Duration // before each answer
	Addr  string        // "127.0.0.1:8080"; "": any free port of the loopback
}

// Server is a simulator that listens. Its methods are safe for use by several
// goroutines.
type Server struct {
	URL string // without a slash at its end; stays the same over Stop and Again

	o       Options
	handler http.Handler
	addr    string

	mu       sync.Mutex
	http     *http.Server
	running  chan struct{} // closed by Stop
	requests []Request
	faults   []*fault
	cert     *tls.Certificate
	root     *x509.Certificate
}

// Request is one request that was asked.
type Request struct {
	Method string
	Path   string // as it was sent, escapes included
	Query  string
	Header http.Header
	Body   []byte // the first MiB
	Status int    // of the answer; 0: the request was not answered
	At     time.Time
}

// maxRequests bounds what a server remembers: the oldest go first.
const maxRequests = 100_000

// Start serves h on the loopback until the test ends.
func Start(tb testing.TB, h http.Handler, o Options) *Server {
	tb.Helper()
	s, err := Serve(h, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	return s
}

// Serve serves h on the loopback until Stop.
func Serve(h http.Handler, o Options) (*Server, error) {
	s := &Server{o: o, handler: h, addr: o.Addr}
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	if host, _, err := net.SplitHostPort(s.addr); err != nil {
		return nil, fmt.Errorf("serve a simulator: %w", err)
	} else if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("serve a simulator at %s: only on the loopback", s.addr)
	}
	if err := s.Again(); err != nil {
		return nil, err
	}
	return s, nil
}

// Again listens once more, at the same address, after Stop.
func (s *Server) Again() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return errors.New("the simulator is running")
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("serve a simulator: %w", err)
	}
	s.addr = l.Addr().String()
	s.URL = "http://" + s.addr
	s.running = make(chan struct{})
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 10 * time.Second}
	if s.o.TLS {
		s.URL = "https://" + s.addr
		if s.cert == nil {
			s.borrowCertificate()
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*s.cert}})
	}
	go func(h *http.Server) { _ = h.Serve(l) }(s.http)
	return nil
}

// borrowCertificate takes the certificate that the standard library has for
// 127.0.0.1.
func (s *Server) borrowCertificate() {
	t := httptest.NewUnstartedServer(nil)
	t.StartTLS()
	defer t.Close()
	s.cert, s.root = &t.TLS.Certificates[0], t.Certificate()
}

// Stop closes the listener and all connections at once, as a server that dies.
func (s *Server) Stop() {
	s.mu.Lock()
	h := s.http
	if h != nil {
		s.http = nil
		close(s.running)
	}
	s.mu.Unlock()
	if h != nil {
		h.Close()
	}
}

// Certificate is the root that a client must trust; nil without TLS.
func (s *Server) Certificate() *x509.Certificate { return s.root }

// CAFile writes the root to a file, for a program: SSL_CERT_FILE.
func (s *Server) CAFile(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.root.Raw}), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Requests are what was asked since the last Reset, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Count is how many requests had the method ("": any) and a path with the prefix.
func (s *Server) Count(method, pathPrefix string) int {
	n := 0
	for _, r := range s.Requests() {
		if (method == "" || r.Method == method) && strings.HasPrefix(r.Path, pathPrefix) {
			n++
		}
	}
	return n
}

// Mutations are the requests whose method changes something.
func (s *Server) Mutations() []Request {
	var out []Request
	for _, r := range s.Requests() {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
		default:
			out = append(out, r)
		}
	}
	return out
}

// Reset forgets the requests and the faults.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.faults = nil, nil
}

const maxBody = 1 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(string(body)), r.Body), r.Body}
	s.mu.Lock()
	if len(s.requests) >= maxRequests {
		s.requests = slices.Delete(s.requests, 0, maxRequests/10)
	}
	s.requests = append(s.requests, Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Header: r.Header.Clone(), Body: body, At: time.Now(),
	})
	at, running := len(s.requests)-1, s.running
	s.mu.Unlock()
	status := func(code int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if at < len(s.requests) {
			s.requests[at].Status = code
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	go func() { // what follows a log ends with the server
		select {
		case <-running:
			cancel()
		case <-ctx.Done():
		}
	}()
	if s.o.Delay > 0 {
		wait(ctx, s.o.Delay)
	}
	if f := s.fault(r); f != nil {
		f.serve(w, r, s.handler, status)
		return
	}
	rec := &recorder{ResponseWriter: w, note: status}
	s.handler.ServeHTTP(rec, r)
	if !rec.wrote {
		status(http.StatusOK)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	note  func(int)
	wrote bool
}

func (r *recorder) WriteHeader(code int) {
	if !r.wrote && code >= 200 {
		r.wrote = true
		r.note(code)
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(b)
}

// Flush sends what was written so far.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
