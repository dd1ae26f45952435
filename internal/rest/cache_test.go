package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestPromise15WhatIsKeptIsAskedForConditionally(t *testing.T) {
	s := &server{answer: func(_ int, w http.ResponseWriter, r *http.Request) {
		who := r.Header.Get("Authorization")
		tag := `W/"` + who + r.URL.RawQuery + `"`
		w.Header().Set("ETag", tag)
		w.Header().Set("X-Asked", r.Header.Get("If-None-Match"))
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(304)
			return
		}
		fmt.Fprintf(w, `{"for":%q}`, who)
	}}
	who := "Bearer first"
	c := s.client(t, func(o *Options) {
		o.Authorize = func(r *http.Request) error { r.Header.Set("Authorization", who); return nil }
	})
	do := func(r Request) *Response {
		t.Helper()
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	first := do(get)
	again := do(get)
	if first.NotModified || !again.NotModified || string(again.Body) != string(first.Body) || again.Status != 200 {
		t.Errorf("%+v, then %+v", first, again)
	}
	if r := do(Request{Path: get.Path, Fresh: true}); r.NotModified || r.Header.Get("X-Asked") != "" {
		t.Error("fresh was asked conditionally")
	}
	if r := do(Request{Path: get.Path, Query: map[string][]string{"page": {"2"}}}); r.NotModified || r.Header.Get("X-Asked") != "" {
		t.Error("another page was asked with the tag of the first")
	}
	who = "Bearer second"
	if r := do(get); r.NotModified || r.Header.Get("X-Asked") != "" || !strings.Contains(string(r.Body), "second") {
		t.Errorf("another user was given what the first had seen: %s", r.Body)
	}
	// A stream that its caller asked for conditionally counts as well.
	if _, _, err := c.Open(t.Context(), Request{Path: get.Path, Header: http.Header{"If-None-Match": {`W/"Bearer second"`}}}); !strings.Contains(fmt.Sprint(err), "304") {
		t.Errorf("a stream that has not changed: %v", err)
	}
	if b := c.Budget(); b.NotModified != 2 || b.Sent != 6 {
		t.Errorf("budget %+v", b)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	s := &server{answer: func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", "Sat, 14 Mar 2026 15:09:26 GMT")
		if r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(304)
			return
		}
		if r.URL.Path == "/secret" {
			w.Header().Set("Cache-Control", "private, no-store")
		}
		size := 10 << 10
		if r.URL.Path == "/large" {
			size = 60 << 10
		}
		_, _ = w.Write(make([]byte, size))
	}}
	c := s.client(t, func(o *Options) { o.CacheBytes = 100 << 10 })
	ask := func(name string) bool {
		t.Helper()
		r, err := c.Do(t.Context(), Request{Path: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		return r.NotModified
	}
	for i := range 50 {
		ask("first")
		ask(fmt.Sprint(i))
		if c.cache.size > 100<<10 {
			t.Fatalf("%d bytes kept", c.cache.size)
		}
	}
	if !ask("first") || !ask("49") || ask("0") {
		t.Error("not the least recently used went first")
	}
	ask("large")
	ask("secret")
	if ask("large") || ask("secret") {
		t.Error("kept what must not be kept")
	}
}

func TestA304ThatNobodyAskedForIsRefused(t *testing.T) {
	s := &server{answer: func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }}
	if r, err := s.client(t).Do(t.Context(), get); err == nil {
		t.Errorf("answer %+v", r)
	}
}
