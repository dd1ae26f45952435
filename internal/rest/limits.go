package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ReadLimits reads RateLimit-* (GitLab, the IETF's draft) and X-RateLimit-*
// (GitHub).
func ReadLimits(h http.Header, now time.Time) (Limits, bool) {
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-"} {
		remaining, err := strconv.Atoi(strings.TrimSpace(h.Get(prefix + "Remaining")))
		if err != nil {
			continue
		}
		l := Limits{Remaining: remaining, Resource: h.Get(prefix + "Resource")}
		l.Limit, _ = strconv.Atoi(strings.TrimSpace(h.Get(prefix + "Limit"))) // 0: not said
		if n, err := strconv.ParseInt(strings.TrimSpace(h.Get(prefix+"Reset")), 10, 64); err == nil && n >= 0 {
			if n > 1e8 { // an instant by the server's clock; less is a number of seconds from now
				from := now
				if date, err := http.ParseTime(h.Get("Date")); err == nil {
					from = date
				}
				n -= from.Unix()
			}
			l.Reset = now.Add(time.Duration(min(n, int64(longestRetry/time.Second))) * time.Second)
		}
		return l, true
	}
	return Limits{}, false
}

// longestRetry bounds what a server can ask for: beyond it the header is wrong.
const longestRetry = 24 * time.Hour

// retryAfter reads Retry-After: seconds or a date. A date counts by the
// server's own clock where it tells.
func retryAfter(h http.Header, now time.Time) (time.Time, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return time.Time{}, false
	}
	var wait time.Duration
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
		wait = longestRetry
		if n < int64(longestRetry/time.Second) {
			wait = time.Duration(n) * time.Second
		}
	} else if at, err := http.ParseTime(v); err == nil {
		from := now
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			from = date
		}
		wait = min(longestRetry, max(0, at.Sub(from)))
	} else {
		return time.Time{}, false
	}
	return now.Add(wait), true
}

var secondary = regexp.MustCompile(`(?i)rate limit|abuse detection|too many requests|throttl`)

// isSecondary reports whether a 403 means later, not never. It looks into the
// body and leaves it to be read again.
func isSecondary(resp *http.Response) bool {
	b, err := io.ReadAll(io.LimitReader(resp.Body, 8<<10))
	resp.Body = &rejoined{io.MultiReader(bytes.NewReader(b), broken{err}, resp.Body), resp.Body}
	return secondary.Match(b)
}

type rejoined struct {
	io.Reader
	io.Closer
}

// broken gives an error again that was met before.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return 0, io.EOF
}

// RetryAt is when a request that failed may be tried again, if its error says;
// else zero.
func RetryAt(err error) time.Time {
	var e *Error
	var h *Held
	switch {
	case errors.As(err, &h):
		return h.Until
	case errors.As(err, &e):
		return e.RetryAt
	}
	return time.Time{}
}
