package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"devops-tui/internal/core"
)

const (
	attempts    = 4
	firstWait   = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

// exchange is one request on its way.
type exchange struct {
	r       Request
	u       *url.URL
	body    []byte
	kind    string // Content-Type of body
	path    string // for messages
	written atomic.Bool
}

func (c *Client) exchange(r Request) (*exchange, error) {
	u, err := c.address(r)
	if err != nil {
		return nil, err
	}
	x := &exchange{r: r, u: u, path: c.shownPath(r)}
	switch b := r.Body.(type) {
	case nil:
	case []byte:
		x.body = b
	case url.Values:
		x.body, x.kind = []byte(b.Encode()), "application/x-www-form-urlencoded"
	default:
		if x.body, err = json.Marshal(b); err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		x.kind = "application/json"
	}
	return x, nil
}

// answer is what came for one attempt, with its body unread.
type answer struct {
	*http.Response
	ctx     context.Context // ends with the attempt
	clock   *time.Timer
	cancel  context.CancelCauseFunc
	release func()
}

// done ends an attempt and gives its slot back.
func (a *answer) done() {
	a.clock.Stop()
	if a.Response != nil {
		discard(a.Body)
	}
	a.cancel(nil)
	a.release()
}

// late is err, or that the server took too long, where that is why.
func (a *answer) late(err error) error {
	if err != nil && errors.Is(context.Cause(a.ctx), errLate) {
		return errLate
	}
	return err
}

var errLate = fmt.Errorf("no answer within %s: %w", answerLimit, context.DeadlineExceeded)

// deliver sends x when its turn has come. Reads are sent again while the server
// is out of order; a change is sent once. The slot stays taken until done.
func (c *Client) deliver(ctx context.Context, x *exchange, kept *entry) (*answer, error) {
	wait := firstWait
	for try := 1; ; try++ {
		if err := c.pace.acquire(ctx, x.r.Urgent, !x.r.reads()); err != nil {
			var held *Held
			if errors.As(err, &held) {
				return nil, err
			}
			return nil, c.lost(x, err)
		}
		a := &answer{release: c.pace.release}
		a.ctx, a.cancel = context.WithCancelCause(ctx)
		a.clock = time.AfterFunc(answerLimit, func() { a.cancel(errLate) })
		if x.r.Patient {
			a.clock.Stop()
			c.pace.release()
			a.release = func() {}
		}
		var err error
		a.Response, err = c.follow(a.ctx, x, kept)
		if !x.r.reads() || try == attempts || ctx.Err() != nil || !c.again(a, err) {
			if err != nil {
				err = c.lost(x, a.late(err))
				a.done()
				return nil, err
			}
			return a, nil
		}
		a.done()
		// Half of the wait is chance, so that clients that fell together do not come back together.
		if !pause(ctx, wait/2+rand.N(wait)) {
			return nil, c.lost(x, ctx.Err())
		}
		wait = min(2*wait, longestWait)
	}
}

// again reports whether what came looks like a server that is being restarted,
// and that may be asked again soon.
func (c *Client) again(a *answer, err error) bool {
	if err != nil {
		return isTransient(err)
	}
	switch a.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return c.pace.hold() <= longestHold
	}
	return false
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// isTransient reports whether a server that is being restarted answers so.
func isTransient(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// follow sends x, and reads again where it is redirected to: with the
// credential at the same server, without at any other.
func (c *Client) follow(ctx context.Context, x *exchange, kept *entry) (*http.Response, error) {
	u := x.u
	for hop := 0; ; hop++ {
		req, err := c.request(ctx, x, u, kept)
		if err != nil {
			return nil, err
		}
		c.sent.Add(1)
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, err
		}
		if sameServer(u, c.base) {
			c.clock(resp.Header)
			c.heed(resp)
			switch {
			case resp.StatusCode == http.StatusNotModified:
				c.same.Add(1)
			case resp.StatusCode == http.StatusUnauthorized && c.o.Unauthorized != nil:
				c.o.Unauthorized()
			}
		}
		location := resp.Header.Get("Location")
		if location == "" || !isRedirect(resp.StatusCode) || !x.r.reads() {
			return resp, nil
		}
		discard(resp.Body)
		next, err := url.Parse(location)
		if err != nil {
			return nil, errors.New("it redirects to an address that is none")
		}
		if next, err = c.hop(u, u.ResolveReference(next)); err != nil {
			return nil, err
		}
		if hop == maxHops {
			return nil, errors.New("it redirects in circles")
		}
		u, kept = next, nil
	}
}

// hop is where a redirect may lead.
func (c *Client) hop(from, to *url.URL) (*url.URL, error) {
	switch {
	case to.Host == "" || to.Scheme != "https" && to.Scheme != "http" || to.User != nil:
		return nil, errRedirect{to.Scheme + "://" + to.Host}
	case to.Scheme == "http" && from.Scheme == "https":
		return nil, errRedirect{"http://" + to.Host + ", where everybody on the way could read along"}
	case to.Scheme == "http" && !c.o.AllowPlain && !(isLoopback(to.Hostname()) && isLoopback(c.base.Hostname())):
		return nil, errRedirect{"http://" + to.Host}
	}
	return to, nil
}

type errRedirect struct{ to string }

func (e errRedirect) Error() string { return "it redirects to " + e.to + ": not followed" }

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// request makes the HTTP request for u. What identifies the user goes to Base's
// server only.
func (c *Client) request(ctx context.Context, x *exchange, u *url.URL, kept *entry) (*http.Request, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { x.written.Store(true) },
	})
	var body io.Reader
	if x.body != nil {
		body = bytes.NewReader(x.body)
	}
	req, err := http.NewRequestWithContext(ctx, x.r.method(), u.String(), body)
	if err != nil {
		return nil, errors.New("the address cannot be asked")
	}
	req.URL = u // as it is: parsing again would lose nothing, but nobody has to believe it
	if c.o.UserAgent != "" {
		req.Header.Set("User-Agent", c.o.UserAgent)
	}
	if !sameServer(u, c.base) {
		return req, nil
	}
	for _, h := range []http.Header{c.o.Header, x.r.Header} {
		for k, v := range h {
			req.Header[http.CanonicalHeaderKey(k)] = append([]string(nil), v...)
		}
	}
	if x.kind != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", x.kind)
	}
	if c.o.Authorize != nil {
		before := req.Header.Clone()
		if err := c.o.Authorize(req); err != nil {
			return nil, err
		}
		c.secrets.learn(before, req)
	}
	if kept != nil {
		kept.ask(req.Header)
	}
	return req, nil
}

// lost words an error that came instead of an answer. For a change that had
// been written it says that nobody knows.
func (c *Client) lost(x *exchange, err error) error {
	e := &Failure{Method: x.r.method(), Path: x.path, Cause: c.secrets.strip(err)}
	if !x.r.reads() && x.written.Load() {
		return fmt.Errorf("%w: %w", core.ErrOutcomeUnknown, e)
	}
	return e
}

// Failure is a request that got no answer.
type Failure struct {
	Method, Path string // Path is raw, without the query
	Cause        error
}

// Error names the request and why there is no answer.
func (f *Failure) Error() string {
	return f.Method + " " + cleanPath(f.Path) + ": " + f.Cause.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// clock learns the server's time.
func (c *Client) clock(h http.Header) {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		c.skew.Store(int64(t.Sub(c.o.Now()).Round(time.Second)))
	}
}

// discard reads the little that is left, so that the connection can be used again.
func discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 4<<10)
	body.Close()
}

func cleanPath(p string) string { return strings.TrimSpace(clean(p)) }
