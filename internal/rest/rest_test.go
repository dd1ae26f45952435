package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
)

const canary = "ghp_CANARYcanaryCANARYcanary12345678"

// client is a client of h with a canary as credential.
func client(tb testing.TB, h http.Handler, more ...func(*Options)) *Client {
	tb.Helper()
	srv := httptest.NewServer(h)
	tb.Cleanup(srv.Close)
	return clientAt(tb, srv.URL, more...)
}

func clientAt(tb testing.TB, address string, more ...func(*Options)) *Client {
	tb.Helper()
	base, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	o := Options{
		Product: "GitHub", Base: base, UserAgent: "devops-tui/test", Header: http.Header{"X-Api": {"1"}, "X-Key": {"key-" + canary}}, Rate: Rate{PerSecond: 1000, Burst: 1000, Concurrent: 4},
		Authorize: func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+canary)
			r.Header.Set("Private-Token", canary)
			return nil
		},
	}
	for _, f := range more {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

func TestNewRefusesToSendTheTokenInTheClear(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://api.github.com": true, "http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost:1": true,
		"http://api.github.com": false, "http://127.0.0.1.evil.example": false, "ftp://x": false, "https://user:secret@x": false, "/path": false,
	} {
		base, _ := url.Parse(address)
		_, err := New(Options{Base: base})
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows the password: %v", address, err)
		}
	}
	base, _ := url.Parse("http://jenkins.example")
	if _, err := New(Options{Base: base, AllowPlain: true}); err != nil {
		t.Error(err)
	}
}

func TestNamesStayOneSegment(t *testing.T) {
	c := clientAt(t, "https://ghe.example/api/v3")
	nasty := rapid.OneOf(
		rapid.SampledFrom([]string{"../", "..", ".", "", "?", "#", "%2f", "%2e%2e", "\r\nHost: evil", "a/b", "//evil.example", "\\", "a b", ";x=1", "\x00", "ü", "\xff", "+", "&", "@", ":"}),
		rapid.String(), rapid.StringMatching(`[./%?#\\\r\n]{1,6}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(nasty, 1, 4).Draw(t, "names")
		u, err := c.address(Request{Path: names, Query: url.Values{"ref": {names[0]}}})
		for _, n := range names {
			if n == "" || n == "." || n == ".." {
				var bad *badName
				if !errors.As(err, &bad) {
					t.Fatalf("%q: no address can hold that, and none is refused: %v", n, err)
				}
				return
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		// What leaves is the request line: read it as a server does.
		req, err := http.NewRequest("GET", "https://x", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL = u
		line := req.URL.RequestURI()
		if strings.ContainsAny(line, " \r\n\x00#\\") || u.Host != "ghe.example" {
			t.Fatalf("request line %q to %q", line, u.Host)
		}
		path, query, _ := strings.Cut(line, "?")
		parts := strings.Split(strings.TrimPrefix(path, "/api/v3/"), "/")
		if len(parts) != len(names) {
			t.Fatalf("%q are %d segments of %q", names, len(parts), path)
		}
		for i, p := range parts {
			if got, err := url.PathUnescape(p); err != nil || got != names[i] {
				t.Fatalf("segment %q is %q for the server, want %q (%v)", p, got, names[i], err)
			}
		}
		if v, err := url.ParseQuery(query); err != nil || len(v) != 1 || v.Get("ref") != names[0] {
			t.Fatalf("query %q: %v", query, err)
		}
	})
}

func TestJSONReadsAndSends(t *testing.T) {
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canary || r.Header.Get("X-Api") != "1" || r.Header.Get("User-Agent") != "devops-tui/test" {
			t.Errorf("headers %v", r.Header)
		}
		b, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]string{"path": r.URL.EscapedPath(), "body": string(b), "type": r.Header.Get("Content-Type"), "q": r.URL.RawQuery})
	}))
	var got map[string]string
	_, err := c.JSON(context.Background(), Request{Path: []string{"repos", "a/b"}, Query: url.Values{"x": {"1"}}}, &got)
	if err != nil || got["path"] != "/repos/a%2Fb" || got["q"] != "x=1" || got["body"] != "" {
		t.Errorf("%v, %v", got, err)
	}
	_, err = c.JSON(context.Background(), Request{Method: "POST", Path: []string{"x"}, Body: map[string]int{"n": 1}}, &got)
	if err != nil || got["body"] != `{"n":1}` || got["type"] != "application/json" {
		t.Errorf("%v, %v", got, err)
	}
	_, err = c.JSON(context.Background(), Request{Method: "POST", Path: []string{"x"}, Body: url.Values{"n": {"1 2"}}}, &got)
	if err != nil || got["body"] != "n=1+2" || got["type"] != "application/x-www-form-urlencoded" {
		t.Errorf("%v, %v", got, err)
	}
	_, err = c.JSON(context.Background(), Request{Path: []string{"x"}}, &[]int{})
	if p := c.Problem(err); p == nil || p.Kind != core.Unsupported {
		t.Errorf("an answer of another shape: %v, %v", err, p)
	}
}
