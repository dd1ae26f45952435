package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"devops-tui/internal/core"
)

// stranger is another server that wants to see the credential.
func stranger(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for k, v := range r.Header {
			if strings.Contains(strings.Join(v, " "), canary) {
				t.Errorf("header %s of the credential went to another server", k)
			}
			if k == "X-Api" || k == "Referer" || k == "Cookie" {
				t.Errorf("header %s went to another server: %s", k, v)
			}
		}
		if strings.Contains(r.URL.String(), canary) {
			t.Errorf("the credential is in the address %s", r.URL)
		}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestPromise31ARedirectTakesNoCredentialAlong(t *testing.T) {
	other := stranger(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the log") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/here":
				if r.Header.Get("Authorization") == "" {
					t.Error("a redirect at the same server lost the credential")
				}
				http.Redirect(w, r, "/there", status)
			default:
				http.Redirect(w, r, other.URL+"/logs?sig=abc", status)
			}
		}))
		body, _, err := c.Open(t.Context(), Request{Path: []string{"here"}})
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(body); string(b) != "the log" {
			t.Errorf("%d: %q", status, b)
		}
		body.Close()
		if r, err := c.Do(t.Context(), Request{Path: []string{"here"}}); err != nil || string(r.Body) != "the log" {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestPromise31AChangeIsNeverRedirected(t *testing.T) {
	other := stranger(t, func(http.ResponseWriter, *http.Request) { t.Error("the change went to another server") })
	sent := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent++
		http.Redirect(w, r, other.URL+"/x", http.StatusTemporaryRedirect)
	}))
	_, err := c.Do(t.Context(), Request{Method: "POST", Path: []string{"x"}})
	var e *Error
	if !errors.As(err, &e) || e.Status != 307 || sent != 1 {
		t.Errorf("%d sent, %v", sent, err)
	}
	if p := c.Problem(err); p.Kind != core.Unsupported || errors.Is(err, core.ErrOutcomeUnknown) {
		t.Errorf("problem %v", p)
	}
}

func TestPromise31NoWayDownFromTLS(t *testing.T) {
	plain := stranger(t, func(http.ResponseWriter, *http.Request) { t.Error("a request went out in the clear") })
	target := plain.URL + "/x"
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) }))
	defer srv.Close()
	c := clientAt(t, srv.URL, func(o *Options) {
		o.TLS = srv.Client().Transport.(*http.Transport).TLSClientConfig
		o.AllowPlain = true
	})
	for _, to := range []string{plain.URL + "/x", strings.Replace(srv.URL, "https", "http", 1) + "/x", "ftp://x/", "file:///etc/passwd", "https://user:pw@127.0.0.1/"} {
		target = to
		_, err := c.Do(t.Context(), get)
		if p := c.Problem(err); p == nil || p.Kind != core.Refused || strings.Contains(p.Error(), "pw") {
			t.Errorf("%s: %v, %v", to, err, p)
		}
	}
	// From a server elsewhere nothing leads to this machine's own services.
	away := (&server{answer: func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) }}).client(t)
	if _, err := away.Do(t.Context(), get); err == nil {
		t.Error("followed to the loopback")
	}
}

func TestPromise31RedirectsInCirclesEnd(t *testing.T) {
	s := &server{answer: func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }}
	if _, err := s.client(t).Do(t.Context(), get); err == nil || s.count() != maxHops+1 {
		t.Errorf("%d requests, %v", s.count(), err)
	}
}

func TestPromise31PagesStayAtTheServer(t *testing.T) {
	other := stranger(t, func(http.ResponseWriter, *http.Request) { t.Error("a page was asked elsewhere") })
	var base string
	links := map[string]string{}
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l := links[r.URL.Path+"?"+r.URL.RawQuery]; l != "" {
			w.Header().Set("Link", `<https://x/first>; rel="first", <`+l+`>; rel="next"`)
		}
		_, _ = io.WriteString(w, r.URL.RawQuery)
	}))
	base = c.Base().String()
	pages := func(limit int) (got []string, err error) {
		err = c.Pages(context.Background(), Request{Path: []string{"api", "runs"}}, limit, func(r *Response) (bool, error) {
			got = append(got, string(r.Body))
			return true, nil
		})
		return got, err
	}
	links["/api/runs?"] = base + "/api/runs?page=2"
	links["/api/runs?page=2"] = "/api/runs?page=3"
	if got, err := pages(0); err != nil || strings.Join(got, ",") != ",page=2,page=3" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := pages(2); err != nil || len(got) != 2 {
		t.Errorf("%q, %v", got, err)
	}
	links["/api/runs?page=3"] = base + "/api/runs?page=2"
	if got, err := pages(0); err != nil || len(got) > 4 {
		t.Errorf("pages in a circle: %d, %v", len(got), err)
	}
	for _, l := range []string{other.URL + "/api/runs", "//evil.example/x", strings.Replace(base, "http://", "http://user:pw@", 1) + "/x", base + "/%2e%2e/x", "::", "http://[bad"} {
		links["/api/runs?page=2"] = l
		if got, err := pages(0); err == nil || len(got) != 2 || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %d pages, %v", l, len(got), err)
		}
	}
	below := clientAt(t, "https://ghe.example/api/v3")
	for l, ok := range map[string]bool{
		"https://ghe.example/api/v3/x?page=2": true, "https://GHE.example:443/api/v3/x": true, "http://ghe.example/api/v3/x": true,
		"https://ghe.example/api/v30/x": false, "https://ghe.example/x": false, "https://ghe.example:8443/api/v3/x": false,
	} {
		u, err := below.pin(l)
		if (err == nil) != ok || ok && (u.Scheme != "https" || u.Host != "ghe.example") {
			t.Errorf("%s: %v, %v", l, u, err)
		}
	}
}

func TestPromise30NoMessageShowsACredential(t *testing.T) {
	for _, status := range []int{200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503} {
		c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://evil.example/?access_token="+canary)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"message":"bad token `+canary+` in http://user:`+canary+`@host/?private_token=other-secret&x=1"}`)
		}), func(o *Options) {
			o.Authorize = func(r *http.Request) error {
				r.SetBasicAuth("kim", canary)
				return nil
			}
		})
		r := Request{Path: []string{"x"}, Query: url.Values{"access_token": {canary}}}
		_, err := c.Do(t.Context(), r)
		_, err2 := c.JSON(t.Context(), r, new([]int))
		for _, err := range []error{err, err2} {
			if err == nil {
				continue
			}
			shown := err.Error() + c.Problem(err).Error()
			var e *Error
			if errors.As(err, &e) {
				shown += e.Message.String() + string(e.Body)
			}
			if strings.Contains(shown, canary) || strings.Contains(shown, "other-secret") {
				t.Errorf("%d: %s", status, shown)
			}
		}
	}
	c := clientAt(t, "http://127.0.0.1:1")
	_, err := c.Do(t.Context(), Request{Method: "POST", Path: []string{"x"}, Query: url.Values{"access_token": {canary}}})
	if err == nil || strings.Contains(err.Error(), canary) || strings.Contains(c.Problem(err).Error(), canary) {
		t.Error(err)
	}
}
