package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func fetch(t *testing.T, address string, header ...string) (int, http.Header, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b), err
}

func TestAServerCountsAndFailsAsTold(t *testing.T) {
	var done atomic.Int32
	s := Start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		done.Add(1)
		_, _ = io.WriteString(w, "0123456789")
	}), Options{})
	s.Fail(On("GET", "/x"), Fault{Status: 503, Header: http.Header{"retry-after": {"7"}}, Body: "later"}, 1)
	s.Fail(On("GET", "/x"), Fault{Drop: true}, 1)
	s.Fail(On("GET", "/x"), Fault{CutBody: 4}, 1)
	s.Fail(On("GET", "/x"), Fault{Redirect: "http://127.0.0.1/y"}, 1)
	if code, _, body, err := fetch(t, s.URL+"/other"); code != 200 || body != "0123456789" || err != nil {
		t.Error(code, body, err)
	}
	if code, h, body, _ := fetch(t, s.URL+"/x"); code != 503 || h.Get("Retry-After") != "7" || body != "later" || done.Load() != 1 {
		t.Error(code, h, body, done.Load())
	}
	if _, _, _, err := fetch(t, s.URL+"/x"); err == nil || done.Load() != 2 {
		t.Error("dropped", err, done.Load())
	}
	if _, _, body, err := fetch(t, s.URL+"/x"); err == nil || body != "0123" {
		t.Error("cut", body, err)
	}
	if code, h, _, _ := fetch(t, s.URL+"/x"); code != 302 || h.Get("Location") != "http://127.0.0.1/y" {
		t.Error(code, h)
	}
	if code, _, _, err := fetch(t, s.URL+"/x"); code != 200 || err != nil {
		t.Error("healed", code, err)
	}
	if s.Count("GET", "/x") != 5 || s.Count("", "/") != 6 || len(s.Mutations()) != 0 {
		t.Error(s.Requests())
	}
	if got := s.Requests()[1]; got.Status != 503 || got.Path != "/x" {
		t.Errorf("%+v", got)
	}
	s.Fail(nil, Fault{Hang: true}, -1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	if _, err := http.DefaultClient.Do(req); err == nil {
		t.Error("a server that hangs has answered")
	}
	s.Reset()
	s.Stop()
	if _, _, _, err := fetch(t, s.URL); err == nil {
		t.Error("a stopped server answers")
	}
	if err := s.Again(); err != nil {
		t.Fatal(err)
	}
	if code, _, _, err := fetch(t, s.URL); code != 200 || err != nil {
		t.Error(code, err)
	}
	if _, err := Serve(nil, Options{Addr: "0.0.0.0:0"}); err == nil {
		t.Error("listens beyond the loopback")
	}
}

func TestTLS(t *testing.T) {
	s := Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, Base(r)) }), Options{TLS: true})
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	resp, err := c.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != s.URL {
		t.Errorf("%s", b)
	}
}

func TestETagsAndPages(t *testing.T) {
	items := make([]int, 45)
	for i := range items {
		items[i] = i
	}
	s := Start(t, ETags(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		JSON(w, 200, Page(w, r, items))
	})), Options{})
	next, pages := s.URL+"/list?state=all", 0
	for next != "" {
		code, h, body, err := fetch(t, next)
		if code != 200 || err != nil || !strings.Contains(body, fmt.Sprint(20*pages)) {
			t.Fatal(code, body, err)
		}
		if code, again, body, _ := fetch(t, next, "If-None-Match", h.Get("ETag")); code != 304 || body != "" || again.Get("Link") != h.Get("Link") {
			t.Error(code, again, body)
		}
		pages++
		next = ""
		for l := range strings.SplitSeq(h.Get("Link"), ", ") {
			if strings.HasSuffix(l, `rel="next"`) {
				next = l[1:strings.IndexByte(l, '>')]
			}
		}
		if next != "" && !strings.Contains(next, "state=all") {
			t.Error(next)
		}
	}
	if pages != 3 {
		t.Errorf("%d pages", pages)
	}
}
