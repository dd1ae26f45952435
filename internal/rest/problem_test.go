package rest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func TestEveryRefusalHasWordsAndAWayOn(t *testing.T) {
	c := clientAt(t, "https://api.example")
	for _, x := range []struct {
		status  int
		message string
		retry   time.Duration
		kind    core.ProblemKind
		words   string
	}{
		{401, "Bad credentials", 0, core.Unauthorized, "GitHub does not accept the token: Bad credentials (it is wrong, expired or revoked"},
		{403, "Resource not accessible", 0, core.Forbidden, "GitHub does not allow POST /x: Resource not accessible (the token"},
		{403, "secondary rate limit", time.Minute, core.Throttled, "GitHub wants fewer requests: secondary rate limit (it goes on at "},
		{404, "Not Found", 0, core.NotFound, "GitHub has no /x, or this user may not see it"},
		{409, "Cannot cancel a workflow run that is completed", 0, core.Conflict, "GitHub: Cannot cancel"},
		{422, "No ref found for: x", 0, core.Invalid, "GitHub refuses POST /x: No ref found for: x"},
		{400, "", 0, core.Invalid, "Bad Request"},
		{405, "", 0, core.Unsupported, "GitHub cannot do POST /x"},
		{407, "", 0, core.Unauthorized, "HTTPS_PROXY"},
		{429, "", time.Minute, core.Throttled, "it goes on at"},
		{500, "boom", 0, core.Unreachable, "GitHub is out of order: 500 boom"},
		{503, "", 0, core.Unreachable, "out of order"},
		{301, "", 0, core.Unsupported, "has moved (use its new name)"},
		{418, "I am a teapot", 0, core.Invalid, "I am a teapot"},
	} {
		e := &Error{Method: "POST", Path: "/x", Status: x.status, Message: text.Clean(x.message)}
		if x.retry > 0 {
			e.RetryAt = time.Now().Add(x.retry)
		}
		if p := c.Problem(fmt.Errorf("dispatch: %w", e)); p.Kind != x.kind || !strings.Contains(p.Error(), x.words) {
			t.Errorf("%d: %s: %v, want %s: %s", x.status, p.Kind, p, x.kind, x.words)
		}
	}
	if c.Problem(nil) != nil {
		t.Error("a problem without an error")
	}
	if p := c.Problem(&Failure{Method: "GET", Path: "/x", Cause: &net.DNSError{Err: "no such host", Name: "api.example"}}); p.Kind != core.Unreachable || p.Summary.String() != "no such host: api.example" {
		t.Errorf("%v", p)
	}
	own := &core.Problem{Kind: core.Internal}
	if c.Problem(fmt.Errorf("x: %w", own)) != own {
		t.Error("a problem was made of a problem")
	}
	mine := clientAt(t, "https://api.example", func(o *Options) {
		o.Refusal = func(e *Error) *core.Problem {
			if e.Status == 401 {
				return own
			}
			return nil
		}
	})
	if mine.Problem(&Error{Status: 401}) != own || mine.Problem(&Error{Status: 404}).Kind != core.NotFound {
		t.Error("the product's own words")
	}
	if p := c.Problem(fmt.Errorf("POST /x: %w", core.ErrReadOnly)); p.Kind != core.Refused || !errors.Is(p, core.ErrReadOnly) {
		t.Errorf("the gate's error: %v", p)
	}
}

func TestConnectionsThatFailAreTold(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	}))
	defer srv.Close()
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	defer secure.Close()
	trusted := func(o *Options) { o.TLS = secure.Client().Transport.(*http.Transport).TLSClientConfig }
	for name, x := range map[string]struct {
		address string
		more    func(*Options)
		kind    core.ProblemKind
		words   string
	}{
		"nobody listens":       {"http://127.0.0.1:1", nil, core.Unreachable, "cannot reach GitHub at 127.0.0.1:1: connection refused"},
		"it hangs up":          {srv.URL, nil, core.Unreachable, "broke"},
		"it does not want TLS": {strings.Replace(srv.URL, "http:", "https:", 1), nil, core.Unreachable, ""},
		"an unknown authority": {secure.URL, nil, core.Unauthorized, "is not trusted"},
		"another host's certificate": {secure.URL, func(o *Options) {
			trusted(o)
			o.TLS = o.TLS.Clone()
			o.TLS.ServerName = "other.invalid"
		}, core.Unauthorized, "is not its own"},
		"old TLS": {secure.URL, func(o *Options) {
			trusted(o)
			o.TLS = o.TLS.Clone()
			o.TLS.MaxVersion = tls.VersionTLS11
		}, core.Unreachable, "cannot reach"},
	} {
		t.Run(name, func(t *testing.T) {
			more := x.more
			if more == nil {
				more = func(*Options) {}
			}
			c := clientAt(t, x.address, more)
			_, err := c.Do(t.Context(), get)
			if p := c.Problem(err); p == nil || p.Kind != x.kind || !strings.Contains(p.Error(), x.words) {
				t.Errorf("%v (%v), want %s: %s", p, err, x.kind, x.words)
			}
		})
	}
}
