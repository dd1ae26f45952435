package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
)

var quiet = log.New(io.Discard, "", 0)

var change = Request{Method: "POST", Path: []string{"runs", "1", "cancel"}, Body: map[string]string{"why": "test"}}

func TestAChangeWhoseAnswerIsLostIsUnknownAndSentOnce(t *testing.T) {
	for name, lose := range map[string]func(http.ResponseWriter){
		"the connection is closed": func(w http.ResponseWriter) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		},
		"the connection is reset": func(w http.ResponseWriter) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		},
		"the answer is cut": func(w http.ResponseWriter) {
			conn, b, _ := w.(http.Hijacker).Hijack()
			_, _ = b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":")
			_ = b.Flush()
			conn.Close()
		},
		"a gateway gives up": func(w http.ResponseWriter) { w.WriteHeader(504) },
	} {
		t.Run(name, func(t *testing.T) {
			var got atomic.Int32
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				got.Add(1)
				lose(w)
			}))
			if _, err := c.Do(t.Context(), get); err != nil { // the next one goes over a connection that was used
				t.Fatal(err)
			}
			_, err := c.Do(t.Context(), change)
			if !errors.Is(err, core.ErrOutcomeUnknown) || got.Load() != 1 {
				t.Errorf("sent %d times: %v", got.Load(), err)
			}
			if p := c.Problem(err); p.Kind != core.Unreachable || !strings.Contains(p.Summary.String(), "outcome unknown") {
				t.Errorf("problem %v", p)
			}
		})
	}
}

func TestAChangeThatTheUserGivesUpIsUnknown(t *testing.T) {
	arrived := make(chan struct{})
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Do(ctx, change)
		done <- err
	}()
	<-arrived
	cancel()
	if err := <-done; !errors.Is(err, core.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAChangeThatNeverLeftIsNotUnknown(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, err := range map[string]func() error{
		"nobody listens": func() error {
			_, err := clientAt(t, dead.URL).Do(t.Context(), change)
			return err
		},
		"the gate is closed": func() error {
			_, err := clientAt(t, dead.URL, func(o *Options) {
				o.Gate = func(http.RoundTripper) http.RoundTripper { return closed{} }
			}).Do(t.Context(), change)
			if !errors.Is(err, core.ErrReadOnly) {
				t.Errorf("the gate's error is lost: %v", err)
			}
			return err
		},
		"there is no token": func() error {
			_, err := clientAt(t, dead.URL, func(o *Options) {
				o.Authorize = func(*http.Request) error {
					return &core.Problem{Kind: core.Unauthorized}
				}
			}).Do(t.Context(), change)
			return err
		},
		"its turn never came": func() error {
			c := clientAt(t, dead.URL)
			c.pace.mu.Lock()
			c.pace.running = 4
			c.pace.mu.Unlock()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			_, err := c.Do(ctx, change)
			return err
		},
		"the handshake fails": func() error {
			srv := httptest.NewUnstartedServer(nil)
			srv.Config.ErrorLog = quiet
			srv.StartTLS()
			defer srv.Close()
			c := clientAt(t, srv.URL)
			_, err := c.Do(t.Context(), change)
			if p := c.Problem(err); p.Kind != core.Unauthorized || !strings.Contains(p.Hint.String(), "SSL_CERT_FILE") {
				t.Errorf("problem %v", p)
			}
			return err
		},
	} {
		if err := err(); err == nil || errors.Is(err, core.ErrOutcomeUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type closed struct{}

func (closed) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%s: %w", r.Method, core.ErrReadOnly)
}
