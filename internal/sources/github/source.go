package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Source is one GitHub host.
type Source struct {
	*sources.Inbox
	host   *host
	client *rest.Client
	token  *credential.Token
	urgent chan string // repositories that were changed: asked for at once

	me        atomic.Pointer[identity]
	last      lastInputs
	noDetails atomic.Bool // the server knows no return_run_details
	rows      rows
	polls     pollCounts
	scopesOf  atomic.Pointer[http.Header] // of the last answer: what the token may
}

// identity is who looks.
type identity struct{ login string }

// newSource makes the source of a host; it sends nothing.
func newSource(h *host, gate *sources.Gate) (*Source, error) { return newSourceOver(h, gate, nil) }

// newSourceOver is newSource with another transport, for tests.
func newSourceOver(h *host, gate *sources.Gate, transport http.RoundTripper) (*Source, error) {
	o := sources.Options{Gate: gate, Getenv: h.getenv}.Ready()
	h.getenv = o.Getenv
	base, err := url.Parse(h.api)
	if err != nil {
		return nil, errors.New("the address of the API cannot be read")
	}
	conf, err := rest.AuthorityFile(h.conf.CAFile)
	if err != nil {
		return nil, err
	}
	s := &Source{
		Inbox: sources.NewInbox(sources.Info{ID: ID, Scope: h.name, Title: text.Lit("GitHub"), Kinds: ci.Kinds(verbs()), Default: defaultKinds}),
		host:  h, token: credential.New(h.tokenOrigin()), urgent: make(chan string, 64),
	}
	s.rows.init()
	s.client, err = rest.New(rest.Options{
		Product: "GitHub", Base: base, AllowPlain: h.conf.PlainHTTP, UserAgent: "devops-tui",
		Header:    http.Header{"Accept": {"application/vnd.github+json"}, "X-GitHub-Api-Version": {"2022-11-28"}},
		Authorize: s.token.Bearer, Unauthorized: s.token.Refused,
		Gate: func(next http.RoundTripper) http.RoundTripper {
			return o.Gate.Transport(next, sources.Traffic{Place: func(r *http.Request) core.Ref { return s.place(repoIn(base, r.URL)) }})
		},
		TLS: conf, Transport: transport, Refusal: s.refusal,
		Rate:       rest.Rate{PerSecond: 10, Burst: 60, Concurrent: workers},
		CacheBytes: 12 << 20, ChangeEvery: time.Second,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// repoIn is the repository that the address of a request names; "" if none.
func repoIn(base, u *url.URL) string {
	rest, ok := strings.CutPrefix(u.Path, strings.TrimRight(base.Path, "/")+"/repos/")
	if !ok {
		return ""
	}
	owner, rest, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(rest, "/")
	return owner + "/" + name
}

// changed asks for a repository at once: something of it was changed by us.
func (s *Source) changed(path string) {
	select {
	case s.urgent <- path:
	default: // a full list is as good as a wake
		s.Wake()
	}
}

// Probe implements sources.Source with the request that costs nothing: GET
// /rate_limit.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	resp, err := s.client.Do(ctx, rest.Request{Path: []string{"rate_limit"}, Fresh: true, Urgent: true})
	var refused *rest.Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return stampOf(refused.Header), nil // an Enterprise server without limits says so
	}
	if err != nil {
		return time.Time{}, err
	}
	s.noteScopes(resp.Header)
	return resp.Date(), nil
}

func stampOf(h http.Header) time.Time {
	t, _ := http.ParseTime(h.Get("Date"))
	return t
}

// noteScopes keeps what an answer tells of the token's rights.
func (s *Source) noteScopes(h http.Header) {
	if _, told := h["X-Oauth-Scopes"]; told {
		keep := http.Header{"X-Oauth-Scopes": h["X-Oauth-Scopes"]}
		s.scopesOf.Store(&keep)
	}
}

// scopes are the scopes of a classic token; told is false for other tokens, and
// while nothing was asked yet.
func (s *Source) scopes() (list []string, told bool) {
	h := s.scopesOf.Load()
	if h == nil {
		return nil, false
	}
	for w := range strings.SplitSeq(strings.Join((*h)["X-Oauth-Scopes"], ","), ",") {
		if w = strings.TrimSpace(w); w != "" {
			list = append(list, w)
		}
	}
	return list, true
}

// login is the user behind the token; "" while that is not known.
func (s *Source) login() string {
	if me := s.me.Load(); me != nil {
		return me.login
	}
	return ""
}

// whoAmI asks for the user once.
func (s *Source) whoAmI(ctx context.Context) (string, error) {
	if me := s.me.Load(); me != nil {
		return me.login, nil
	}
	if s.token.None() {
		return "", nil
	}
	var u user
	resp, err := s.client.JSON(ctx, rest.Request{Path: []string{"user"}, Urgent: waited(ctx)}, &u)
	if rest.StatusOf(err) == http.StatusForbidden && rest.RetryAt(err).IsZero() {
		s.me.Store(&identity{}) // a token of an app or a pipeline is nobody's
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s.noteScopes(resp.Header)
	s.me.Store(&identity{u.Login})
	return u.Login, nil
}

// lastInputs are the inputs that were used last of each workflow, for this
// process.
type lastInputs struct {
	mu sync.Mutex
	of map[string]map[string]string
}

func (l *lastInputs) get(key string) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[key]
}

func (l *lastInputs) put(key string, v map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]map[string]string{}
	}
	l.of[key] = v
}
