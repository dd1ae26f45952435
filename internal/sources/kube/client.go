package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What is asked of the server. Errors may come as JSON whatever was asked.
const (
	acceptProto = "application/vnd.kubernetes.protobuf, application/json;q=0.5"
	acceptWatch = "application/vnd.kubernetes.protobuf;stream=watch"
	acceptJSON  = "application/json"
	acceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io"
)

// maxBody bounds one answer (a page of 500 big objects is a few MiB).
const maxBody = 256 << 20

// client sends requests to one API server. It follows no redirect, so that
// credentials go to the server of the kubeconfig and nowhere else.
type client struct {
	base    *url.URL
	http    *http.Client
	conns   *connTracker
	timeout time.Duration // of one request that is not a stream
	upgrade *upgrader
}

// request is one call.
type request struct {
	method      string // "" is GET
	path        []string
	query       url.Values
	accept      string
	contentType string
	body        []byte
}

// statusError is an answer that says no.
type statusError struct {
	Code       int
	Reason     string // metav1.StatusReason
	Message    string
	RetryAfter time.Duration // 0: the server did not say
	Proceed    string        // continue token of an expired list
}

func (e *statusError) Error() string {
	if e.Message != "" {
		return e.Message
	}
	return fmt.Sprintf("HTTP %d %s", e.Code, http.StatusText(e.Code))
}

// isStatus reports whether err is an answer with one of the codes.
func isStatus(err error, codes ...int) bool {
	var s *statusError
	if errors.As(err, &s) {
		for _, c := range codes {
			if s.Code == c {
				return true
			}
		}
	}
	return false
}

// url builds the request's address. Segments are checked and escaped, so that
// no name can reach another path.
func (c *client) url(r request) (*url.URL, error) {
	u := *c.base
	var raw, plain strings.Builder
	raw.WriteString(strings.TrimSuffix(u.EscapedPath(), "/"))
	plain.WriteString(strings.TrimSuffix(u.Path, "/"))
	for _, s := range r.path {
		if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/%\x00\r\n") {
			return nil, fmt.Errorf("%q cannot be part of an address: %w", s, errBadName)
		}
		raw.WriteString("/" + url.PathEscape(s))
		plain.WriteString("/" + s)
	}
	u.Path, u.RawPath = plain.String(), raw.String()
	u.RawQuery = r.query.Encode()
	return &u, nil
}

var errBadName = errors.New("invalid name")

// open sends r and returns the answer if its code is 2xx. The caller closes
// the body.
func (c *client) open(ctx context.Context, r request) (*http.Response, error) {
	u, err := c.url(r)
	if err != nil {
		return nil, err
	}
	if r.method == "" {
		r.method = http.MethodGet
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if r.method != http.MethodGet {
		// Without GetBody the transport cannot send a change a second time.
		req.GetBody = nil
	}
	if r.accept == "" {
		r.accept = acceptJSON
	}
	req.Header.Set("Accept", r.accept)
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, statusOf(resp)
}

// do sends r and appends the body to buf[:0].
func (c *client) do(ctx context.Context, r request, buf []byte) ([]byte, error) {
	b, _, err := c.doHeader(ctx, r, buf)
	return b, err
}

func (c *client) doHeader(ctx context.Context, r request, buf []byte) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.open(ctx, r)
	if err != nil {
		return buf, nil, err
	}
	defer resp.Body.Close()
	buf, err = readAll(resp.Body, buf[:0])
	return buf, resp.Header, err
}

// readAll is io.ReadAll into a buffer that is used again, with a bound.
func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), max(2*cap(buf), 32<<10))
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
		if len(buf) > maxBody {
			return buf, fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)
		}
	}
}

// json sends r and decodes the answer into v.
func (c *client) json(ctx context.Context, r request, v any) error {
	b, err := c.do(ctx, r, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", strings.Join(r.path, "/"), err)
	}
	return nil
}

// statusOf reads an error answer: a metav1.Status, or whatever a proxy says.
func statusOf(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	e := &statusError{Code: resp.StatusCode, RetryAfter: retryAfter(resp.Header)}
	var s metav1.Status
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case bytes.HasPrefix(body, magic):
		if k, raw, err := unwrap(body); err == nil && k == "Status" && s.Unmarshal(raw) == nil {
			e.take(&s)
		}
	case kind == "application/json" && json.Unmarshal(body, &s) == nil && s.Kind == "Status":
		e.take(&s)
	default:
		line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
		if len(line) > 200 || strings.HasPrefix(line, "<") {
			line = ""
		}
		e.Message = line
	}
	return e
}

func (e *statusError) take(s *metav1.Status) {
	e.Reason, e.Message, e.Proceed = string(s.Reason), s.Message, s.Continue
	if e.Code == 0 {
		e.Code = int(s.Code)
	}
	if s.Details != nil && s.Details.RetryAfterSeconds > 0 && e.RetryAfter == 0 {
		e.RetryAfter = time.Duration(s.Details.RetryAfterSeconds) * time.Second
	}
}

// retryAfter reads the header in both of its forms (RFC 9110 §10.2.3).
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		now, err := http.ParseTime(h.Get("Date")) // the same clock
		if err != nil {
			now = time.Now()
		}
		return max(at.Sub(now), 0)
	}
	return 0
}
