package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxRefusal is how much of the body of an answer of 400 and above is kept.
const maxRefusal = 64 << 10

// Do sends a request and returns the whole answer. An answer of 400 and above
// is an *Error; that there is none is a *Failure. What the server says has not
// changed comes from what is kept: Status and Body are as they were then. A
// read goes again a few times while the server is out of order; a change leaves
// once, and where nobody can tell whether it arrived the error is
// core.ErrOutcomeUnknown. A request that would have to wait long is a *Held at once.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	x, err := c.exchange(r)
	if err != nil {
		return nil, err
	}
	var key string
	var kept *entry
	if r.method() == http.MethodGet {
		if key, err = c.key(ctx, x); err != nil {
			return nil, c.lost(x, err)
		}
		if !r.Fresh {
			kept = c.cache.get(key)
		}
	}
	resp, err := c.deliver(ctx, x, kept)
	if err != nil {
		return nil, err
	}
	defer resp.done()
	if resp.StatusCode >= 300 && !(resp.StatusCode == http.StatusNotModified && kept != nil) {
		return nil, c.refused(x, resp.Response)
	}
	if resp.StatusCode == http.StatusNotModified {
		return &Response{Status: kept.status, Header: kept.refreshed(resp.Header), Body: kept.body, NotModified: true, At: c.o.Now()}, nil
	}
	body, err := readAll(resp.Body, c.o.MaxBody)
	if err != nil {
		return nil, c.lost(x, resp.late(err))
	}
	out := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, At: c.o.Now()}
	if key != "" && out.Status == http.StatusOK {
		c.cache.put(key, out)
	}
	return out, nil
}

// errTooLarge is an answer beyond the bound.
type errTooLarge struct{ limit int64 }

func (e errTooLarge) Error() string {
	return fmt.Sprintf("the answer is larger than %s: not read on", text.Bytes(float64(e.limit)))
}

// readAll reads at most limit bytes, counted after decompression.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, errTooLarge{limit}
	}
	return b, nil
}

// refused makes the error of an answer of 300 and above.
func (c *Client) refused(x *exchange, resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what there is of it is enough
	b = c.secrets.scrubBytes(b)
	e := &Error{
		Method: x.r.method(), Path: x.path, Status: resp.StatusCode, Header: resp.Header, Body: b,
		Message: text.CleanLong(c.secrets.scrub(message(resp.Header.Get("Content-Type"), b))),
		RetryAt: c.pace.retryAt(resp, c.o.Now()),
	}
	// A gateway says so also when the server behind it has done what was asked.
	if !x.r.reads() && (e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout) {
		return fmt.Errorf("%w: %w", core.ErrOutcomeUnknown, e)
	}
	return e
}

// Open sends a read and returns the body as a stream that the caller closes:
// logs, archives. Redirects to other servers are followed without the
// credential. Nothing is kept, and the caller bounds what it reads.
func (c *Client) Open(ctx context.Context, r Request) (io.ReadCloser, *Response, error) {
	if !r.reads() {
		return nil, nil, errors.New("a stream that changes something; this is a bug")
	}
	x, err := c.exchange(r)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.deliver(ctx, x, nil)
	if err != nil {
		return nil, nil, err
	}
	if a.StatusCode >= 300 {
		defer a.done()
		return nil, nil, c.refused(x, a.Response)
	}
	if !a.clock.Stop() && !r.Patient {
		defer a.done()
		return nil, nil, c.lost(x, errLate)
	}
	// A stream that is followed must not hold the slot that polls need, and may
	// take as long as it likes.
	a.release()
	return &stream{a.Body, a.cancel}, &Response{Status: a.StatusCode, Header: a.Header, At: c.o.Now()}, nil
}

type stream struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close ends the request too: what is left of a log is not read to its end.
func (s *stream) Close() error {
	s.cancel(nil)
	return s.ReadCloser.Close()
}

// Pages reads a list page by page, by the Link header's next, and gives each
// page to each until it returns false, limit pages are read (0: 100), or there
// are no more.
func (c *Client) Pages(ctx context.Context, r Request, limit int, each func(*Response) (more bool, err error)) error {
	if limit <= 0 {
		limit = 100
	}
	seen := map[string]bool{}
	for range limit {
		resp, err := c.Do(ctx, r)
		if err != nil {
			return err
		}
		more, err := each(resp)
		if err != nil || !more {
			return err
		}
		next := nextLink(resp.Header)
		if next == "" || seen[next] {
			return nil
		}
		seen[next] = true
		r.Path, r.Query, r.URL = nil, nil, next
	}
	return nil
}

// nextLink is the address that the Link header names as next; "" if it has none
// (RFC 8288).
func nextLink(h http.Header) string {
	for _, line := range h.Values("Link") {
		for line != "" {
			open, end := strings.IndexByte(line, '<'), strings.IndexByte(line, '>')
			if open < 0 || end < open {
				break
			}
			target, rest := line[open+1:end], line[end+1:]
			params, after, _ := strings.Cut(rest, ",")
			for p := range strings.SplitSeq(params, ";") {
				k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
				if strings.EqualFold(strings.TrimSpace(k), "rel") && strings.Trim(strings.TrimSpace(v), `"`) == "next" {
					return target
				}
			}
			line = after
		}
	}
	return ""
}
