package rest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"devops-tui/internal/text"
)

const (
	defaultCache = 32 << 20
	defaultBody  = 16 << 20
	// answerLimit is how long one attempt of Do may take, and how long Open waits
	// for an answer to begin.
	answerLimit = 30 * time.Second
	maxHops     = 5
)

// Client talks to one server. It is safe for use by several goroutines.
type Client struct {
	o       Options
	base    *url.URL
	http    *http.Client
	idle    func()
	pace    *pace
	cache   *cache
	secrets *secrets
	skew    atomic.Int64 // server's clock minus ours, nanoseconds; whole seconds are what is known
	sent    atomic.Int64
	same    atomic.Int64 // answers 304
}

// New makes the client of a server; it sends nothing. An address that would
// send the credential in the clear is an error.
func New(o Options) (*Client, error) {
	if o.Base == nil || o.Base.Host == "" {
		return nil, errors.New("there is no address")
	}
	base := *o.Base
	switch {
	case base.User != nil:
		return nil, fmt.Errorf("the address of %s holds a user or a password: take it out, and use a token", text.Clean(base.Host))
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("%s is no address for an HTTP API: it begins with https://", text.Clean(base.Redacted()))
	case base.Scheme == "http" && !o.AllowPlain && !isLoopback(base.Hostname()):
		return nil, fmt.Errorf("http://%s would send the token in the clear: use https://, or allow it with plain_http: true", text.Clean(base.Host))
	}
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), strings.TrimRight(base.RawPath, "/")
	base.RawQuery, base.Fragment, base.ForceQuery = "", "", false
	if o.Product == "" {
		o.Product = base.Host
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = defaultCache
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultBody
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == nil {
		o.Limits = ReadLimits
	}
	c := &Client{o: o, base: &base, pace: newPace(o), cache: newCache(o.CacheBytes), secrets: new(secrets), idle: func() {}}
	next := o.Transport
	if next == nil {
		own := newTransport(o.TLS)
		next, c.idle = own, own.CloseIdleConnections
	}
	if o.Gate != nil {
		next = o.Gate(next)
	}
	// Redirects are followed by follow, which decides what goes along.
	c.http = &http.Client{Transport: next, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

func newTransport(custom *tls.Config) *http.Transport {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if custom != nil {
		conf = custom.Clone()
		conf.MinVersion = max(conf.MinVersion, tls.VersionTLS12)
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// Base is the server's address. It is not to be written.
func (c *Client) Base() *url.URL { return c.base }

// Close lets the idle connections go. The client can still be used.
func (c *Client) Close() { c.idle() }

// Skew is the server's clock minus ours, by its last Date header; known to the
// second.
func (c *Client) Skew() time.Duration { return time.Duration(c.skew.Load()) }

// Budget is how the client stands with the server.
func (c *Client) Budget() Budget {
	b := c.pace.budget()
	b.Sent, b.NotModified = c.sent.Load(), c.same.Load()
	return b
}

// JSON is Do, and decodes the answer into out. An empty answer leaves out as it is.
func (c *Client) JSON(ctx context.Context, r Request, out any) (*Response, error) {
	resp, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if out == nil || len(resp.Body) == 0 {
		return resp, nil
	}
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return nil, &badAnswer{r.method(), c.shownPath(r), err}
	}
	return resp, nil
}

// badAnswer is an answer that is not what the API promises.
type badAnswer struct {
	method, path string
	cause        error
}

func (b *badAnswer) Error() string {
	return fmt.Sprintf("%s %s: the answer cannot be read: %v", b.method, text.Clean(b.path), b.cause)
}

func (b *badAnswer) Unwrap() error { return b.cause }

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// reads reports whether the request changes nothing, and can be sent again.
func (r Request) reads() bool {
	m := r.method()
	return m == http.MethodGet || m == http.MethodHead || m == http.MethodOptions
}

// Date is the server's clock when it answered; zero: it did not say.
func (r *Response) Date() time.Time {
	t, _ := http.ParseTime(r.Header.Get("Date"))
	return t
}
