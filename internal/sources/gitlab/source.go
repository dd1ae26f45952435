package gitlab

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

// Source is one GitLab server with the projects to watch.
type Source struct {
	*sources.Inbox
	server server
	client *rest.Client
	token  *credential.Token
	now    func() time.Time
	timer  func(time.Duration) *time.Timer

	nudges chan nudge   // runs and projects to look at, at once
	seen   atomic.Int64 // when the server answered last, Unix nanoseconds
	me     atomic.Pointer[apiUser]

	mu     sync.Mutex
	model  *model
	last   map[string]map[string]string // what was given to the last new pipeline of a project
	access map[string]int               // path → level of the user there
}

var (
	_ sources.Source    = (*Source)(nil)
	_ sources.Getter    = (*Source)(nil)
	_ sources.Finder    = (*Source)(nil)
	_ sources.Tailer    = (*Source)(nil)
	_ sources.Describer = (*Source)(nil)
	_ sources.Eventer   = (*Source)(nil)
	_ sources.Permitter = (*Source)(nil)
	_ sources.Outliner  = (*Source)(nil)
	_ sources.Explainer = (*Source)(nil)
	_ sources.Diagnoser = (*Source)(nil)
	_ sources.Former    = (*Source)(nil)
	_ sources.Rerunner  = (*Source)(nil)
	_ sources.Canceller = (*Source)(nil)
	_ sources.Approver  = (*Source)(nil)
	_ sources.Deployer  = (*Source)(nil)
	_ sources.Roller    = (*Source)(nil)
	_ sources.Deleter   = (*Source)(nil)
	_ sources.Historian = (*Source)(nil)
)

func newSource(s server, o sources.Options) (*Source, error) {
	return newSourceOver(s, o, nil)
}

// newSourceOver is newSource over a transport; nil: its own.
func newSourceOver(s server, o sources.Options, transport http.RoundTripper) (*Source, error) {
	o = o.Ready()
	conf, err := rest.AuthorityFile(s.caFile)
	if err != nil {
		return nil, err
	}
	x := &Source{
		Inbox:  sources.NewInbox(sources.Info{ID: ID, Scope: s.scope, Title: text.Lit("GitLab"), Kinds: ci.Kinds(verbs), Default: []string{ci.KindRun}}),
		server: s, token: credential.New(s.token), now: time.Now, timer: time.NewTimer, nudges: make(chan nudge, 64),
		last: map[string]map[string]string{}, access: map[string]int{},
	}
	base := *s.base
	base.Path += "/api/v4"
	x.client, err = rest.New(rest.Options{
		Product: "GitLab", Base: &base, AllowPlain: s.plain, UserAgent: "devops-tui", Authorize: x.authorize, Unauthorized: x.token.Refused, TLS: conf, Transport: transport,
		Gate: func(next http.RoundTripper) http.RoundTripper {
			return o.Gate.Transport(next, sources.Traffic{Place: x.place})
		},
		Rate: rest.Rate{PerSecond: 20, Burst: 200, Concurrent: 4}, ChangeEvery: 100 * time.Millisecond, Refusal: x.refusal,
	})
	if err != nil {
		return nil, err
	}
	x.model = newModel(x)
	return x, nil
}

// place says which project a request is for.
func (s *Source) place(r *http.Request) core.Ref {
	ref := core.Ref{Source: ID, Scope: s.server.scope}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), s.client.Base().EscapedPath()+"/projects/")
	if !ok {
		return ref
	}
	id, _, _ := strings.Cut(rest, "/")
	ref.Namespace, _ = url.PathUnescape(id)
	return ref
}

// nudge is something that has just been changed: it is looked at, at once.
type nudge struct {
	path string
	run  int // 0: only the project
}

func (s *Source) nudge(path string, run int) {
	select {
	case s.nudges <- nudge{path, run}:
	default: // so much is on its way that it comes along
	}
}

// Probe implements sources.Source: what was answered just now is a sign of life,
// else the version is asked for.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	if age := s.now().Sub(time.Unix(0, s.seen.Load())); age >= s.server.pace.alive {
		if _, err := s.do(ctx, rest.Request{Path: []string{"version"}}); err != nil {
			return time.Time{}, err
		}
	}
	return s.now().Add(s.client.Skew()), nil
}

// do sends a request and notes that the server is there.
func (s *Source) do(ctx context.Context, r rest.Request) (*rest.Response, error) {
	return s.get(ctx, r, nil)
}

func (s *Source) get(ctx context.Context, r rest.Request, out any) (*rest.Response, error) {
	resp, err := s.client.JSON(ctx, r, out)
	if err == nil {
		s.seen.Store(s.now().UnixNano())
		return resp, nil
	}
	var e *rest.Error
	if errors.As(err, &e) && e.Status == http.StatusUnauthorized {
		s.seen.Store(0)
	} else if !errors.As(err, &e) {
		s.seen.Store(0) // a probe looks again
	}
	return nil, err
}

// user is who the token belongs to, as far as it was told.
func (s *Source) user() apiUser {
	if u := s.me.Load(); u != nil {
		return *u
	}
	return apiUser{}
}

// ref makes a Ref of this server.
func (s *Source) ref(kind, path, name, uid string) core.Ref {
	return core.Ref{Source: ID, Scope: s.server.scope, Kind: kind, Namespace: path, Name: name, UID: uid}
}

// project is the beginning of the address of what belongs to a project.
func project(path string, more ...string) []string {
	return append([]string{"projects", path}, more...)
}

// repo is the repository as Facts have it.
func (s *Source) repo(path string) string { return s.server.host + "/" + path }
