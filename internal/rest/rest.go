// Package rest talks to the HTTP APIs of other products politely and safely:
// one client per server, with a request budget, conditional requests, bounded
// bodies, and a credential that never leaves for another host.
package rest

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"time"

	"devops-tui/internal/core"
)

// Options describe one server and what it bears.
type Options struct {
	Product string   // "GitHub": in messages
	Base    *url.URL // "https://api.github.com", "https://ghe.example/api/v3"
	// AllowPlain lets http leave the loopback; without it that is an error of New.
	AllowPlain bool
	UserAgent  string      // "devops-tui/1.2"
	Header     http.Header // on every request: Accept, the API's version
	// Authorize adds the credential to a request for Base's host; requests to any
	// other host are never given to it. Its error keeps the request in.
	Authorize func(*http.Request) error
	// Unauthorized is called when Base's server has answered 401, from any
	// goroutine: what Authorize gave is not accepted. It must not block.
	Unauthorized func()
	// Gate wraps the transport: sources.Gate's.
	Gate func(http.RoundTripper) http.RoundTripper
	TLS  *tls.Config
	// Transport replaces the client's own below the gate; tests.
	Transport http.RoundTripper
	Rate      Rate
	// Limits reads the product's rate headers; nil: RateLimit-* and X-RateLimit-*.
	Limits func(http.Header, time.Time) (Limits, bool)
	// CacheBytes bounds what is kept for conditional requests; 0: 32 MiB.
	CacheBytes int64
	MaxBody    int64 // of one answer; 0: 16 MiB
	// ChangeEvery is the least time between two changing requests.
	ChangeEvery time.Duration
	// Refusal puts an answer of 400 and above into the product's words; nil, or a
	// nil result: the standard words.
	Refusal func(*Error) *core.Problem
	Now     func() time.Time
}

// Rate is how fast requests may leave.
type Rate struct {
	PerSecond  float64 // of the token bucket; 0: 5
	Burst      int     // 0: 10
	Concurrent int     // requests at once; 0: 1
}

// Limits is what a server said of its own budget.
type Limits struct {
	Limit, Remaining int
	Reset            time.Time
	Resource         string // "core": where a server has several budgets
}

// Request is one request.
type Request struct {
	Method string   // "": GET
	Path   []string // segments under Base; each is escaped as one, slashes and dots in it included
	Query  url.Values
	Header http.Header
	// Body is sent as JSON, url.Values as a form, []byte as it is; nil: none.
	Body any
	// URL is an absolute address that an answer gave, instead of Path and Query:
	// the next page. It must be under Base.
	URL string
	// Urgent goes before polls, and may use the last tenth of the budget: a user waits.
	Urgent bool
	// Fresh asks without the validators of what is kept.
	Fresh bool
	// Patient is for Open: the server begins to answer when there is something to
	// say, so the beginning is not timed, and no slot is held meanwhile.
	Patient bool
}

// Response is an answer below 300. Redirects are followed; what a change is
// answered with 300 and above is an *Error.
type Response struct {
	Status      int
	Header      http.Header
	Body        []byte // shared with the cache: never written
	NotModified bool   // the server said 304; Body is what it said before
	At          time.Time
}

// Budget is how a client stands; for doctor.
type Budget struct {
	Limits
	Known             bool      // the server has told Limits
	Sent, NotModified int64     // NotModified: the answers 304
	Held              time.Time // nothing leaves before; zero: nothing holds
}
