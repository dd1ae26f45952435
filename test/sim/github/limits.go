package github

import (
	"net/http"
	"strconv"
	"time"
)

// window is one window of a rate limit.
type window struct {
	used  int
	reset time.Time
}

type hold struct {
	status  int
	message string
	header  http.Header
	left    int
}

// Secondary makes the next n requests answer as the secondary limit does.
// retry is the Retry-After; 0: GitHub says none.
func (w *World) Secondary(n int, retry time.Duration) {
	h := http.Header{}
	if retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(retry/time.Second)))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holds = append(w.holds, hold{http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", h, n})
}

// Exhaust uses the primary limit of a token ("": without one) up but for left
// requests, until reset.
func (w *World) Exhaust(secret string, left int, reset time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.windows[secret] = &window{used: w.limit(secret) - left, reset: w.now().Add(reset)}
}

func (w *World) limit(secret string) int {
	if secret == "" {
		return w.o.AnonymousLimit
	}
	return w.o.Limit
}

func (w *World) window(in map[string]*window, key string, length time.Duration) *window {
	x := in[key]
	if now := w.now(); x == nil || !now.Before(x.reset) {
		x = &window{reset: now.Add(length)}
		in[key] = x
	}
	return x
}

// limited refuses a request over a limit.
func (c *call) limited(change bool) (answer, bool) {
	w := c.w
	if c.r.URL.Path == "/rate_limit" {
		return answer{}, false
	}
	if len(w.holds) > 0 {
		h := &w.holds[0]
		a := refused(h.status, h.message)
		a.header = h.header
		if h.left--; h.left <= 0 {
			w.holds = w.holds[1:]
		}
		return a, true
	}
	points := 1
	if change {
		points = 5
	}
	minute := w.window(w.minutes, c.secret, time.Minute)
	if minute.used += points; minute.used > w.o.PointsPerMinute {
		a := refused(http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
		a.header = http.Header{"Retry-After": {"60"}}
		return a, true
	}
	if x := w.window(w.windows, c.secret, time.Hour); x.used >= w.limit(c.secret) {
		c.limitHeaders()
		who := "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)"
		if c.token != nil {
			who = "API rate limit exceeded for user ID 1."
		}
		return refused(http.StatusForbidden, who), true
	}
	return answer{}, false
}

func (c *call) spend() {
	c.w.window(c.w.windows, c.secret, time.Hour).used++
	c.w.counts.Charged++
}

func (c *call) limitHeaders() {
	x := c.w.window(c.w.windows, c.secret, time.Hour)
	limit := c.w.limit(c.secret)
	h := c.out.Header()
	h.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	h.Set("X-Ratelimit-Used", strconv.Itoa(x.used))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(limit-x.used, 0)))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(x.reset.Unix(), 10))
	h.Set("X-Ratelimit-Resource", "core")
}

func (c *call) rateLimit() answer {
	x := c.w.window(c.w.windows, c.secret, time.Hour)
	limit := c.w.limit(c.secret)
	core := map[string]any{"limit": limit, "used": x.used, "remaining": max(limit-x.used, 0), "reset": x.reset.Unix()}
	search := map[string]any{"limit": 30, "used": 0, "remaining": 30, "reset": x.reset.Unix()}
	return ok(map[string]any{"resources": map[string]any{"core": core, "search": search}, "rate": core})
}
