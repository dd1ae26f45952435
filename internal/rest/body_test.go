package rest

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
)

func TestAnswersAreBounded(t *testing.T) {
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 64 {
				_, _ = z.Write(zeros)
			}
			z.Close()
			return
		}
		if r.URL.Path == "/refusal" {
			w.WriteHeader(500)
		}
		_, _ = w.Write([]byte(strings.Repeat("x", 2<<20)))
	}), func(o *Options) { o.MaxBody = 1 << 20 })
	for _, path := range []string{"bomb", "large"} {
		_, err := c.Do(t.Context(), Request{Path: []string{path}})
		if p := c.Problem(err); p == nil || p.Kind != core.Unsupported || p.Summary.String() != "GitHub: the answer is larger than 1Mi: not read on" {
			t.Errorf("%s: %v", path, p)
		}
	}
	_, err := c.Do(t.Context(), Request{Path: []string{"refusal"}})
	if e, ok := err.(*Error); !ok || len(e.Body) != maxRefusal || len(e.Message.String()) > 600 {
		t.Errorf("%T", err)
	}
}

func TestAStreamHoldsNoSlotAndEndsWithClose(t *testing.T) {
	gone := make(chan struct{})
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stream" {
			return
		}
		_, _ = io.WriteString(w, "line\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}), func(o *Options) { o.Rate.Concurrent = 1 })
	body, resp, err := c.Open(t.Context(), Request{Path: []string{"stream"}})
	if err != nil || resp.Status != 200 {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(body, b); err != nil || string(b) != "line\n" {
		t.Errorf("%q, %v", b, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := c.Do(ctx, get); err != nil {
		t.Errorf("polls wait for the stream: %v", err)
	}
	body.Close()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the server was never told that nobody reads")
	}
	if _, _, err := c.Open(t.Context(), change); err == nil {
		t.Error("a stream changed something")
	}
}

func TestTheServersWordsAreFound(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"message":"Not Found","documentation_url":"x"}`, "Not Found"},
		{`{"message":"Validation Failed","errors":[{"message":"No ref found for: x"}]}`, "Validation Failed: No ref found for: x"},
		{`{"message":"Unexpected inputs provided: [\"a\"]"}`, `Unexpected inputs provided: ["a"]`},
		{`{"message":{"base":["Reference not found"]}}`, "base Reference not found"},
		{`{"error":"invalid_token","error_description":"Token was revoked."}`, "Token was revoked."},
		{`{"error":{"message":"boom"}}`, "boom"},
		{`{"error":"permission denied","code":7,"message":"permission denied"}`, "permission denied"},
		{`{"errors":["a","b"]}`, "a; b"},
		{`"plain"`, "plain"},
		{`{}`, ""},
		{"<html><head><title>Error 403 No valid crumb &amp; so</title></head><body>long", "Error 403 No valid crumb & so"},
	} {
		kind := "application/json"
		if strings.HasPrefix(c.body, "<") {
			kind = "text/html;charset=utf-8"
		}
		if got := message(kind, []byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", c.body, got, c.want)
		}
	}
	if got := message("text/plain", []byte("first line\nsecond")); got != "first line" {
		t.Errorf("%q", got)
	}
}

func TestTheServersClockIsKnown(t *testing.T) {
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
	}))
	resp, err := c.Do(t.Context(), get)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Skew(); s > -9*time.Minute || s < -11*time.Minute {
		t.Errorf("skew %s", s)
	}
	if d := time.Since(resp.Date()); d < 9*time.Minute || d > 11*time.Minute {
		t.Errorf("date %s", resp.Date())
	}
}

func TestAPatientStreamHoldsNothingUntilItBegins(t *testing.T) {
	begin := make(chan struct{})
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			<-begin
			_, _ = io.WriteString(w, "now")
		}
	}), func(o *Options) { o.Rate.Concurrent = 1 })
	got := make(chan string)
	go func() {
		body, _, err := c.Open(t.Context(), Request{Path: []string{"stream"}, Patient: true})
		if err != nil {
			got <- err.Error()
			return
		}
		defer body.Close()
		b, _ := io.ReadAll(body)
		got <- string(b)
	}()
	for range 3 {
		if _, err := c.Do(t.Context(), get); err != nil {
			t.Error(err)
		}
	}
	close(begin)
	if s := <-got; s != "now" {
		t.Error(s)
	}
	if c.pace.running != 0 {
		t.Errorf("%d slots are held", c.pace.running)
	}
}
