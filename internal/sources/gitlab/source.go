package gitlab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Source is one GitLab server with the projects to watch.
type Source struct {
	server server
	info   sources.Info
	client *rest.Client
	keys   *keyring
	now    func() time.Time
	timer  func(time.Duration) *time.Timer

	interest atomic.Pointer[core.Interest]
	want     chan struct{} // capacity 1
	wake     chan struct{} // capacity 1
	nudges   chan nudge    // runs and projects to look at, at once
	seen     atomic.Int64  // when the server answered last, Unix nanoseconds
	me       atomic.Pointer[apiUser]

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
	if o.Gate == nil {
		o.Gate = new(sources.Gate)
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	conf, err := authority(s.caFile)
	if err != nil {
		return nil, err
	}
	x := &Source{
		server: s, keys: &keyring{from: s.token, getenv: o.Getenv}, now: time.Now, timer: time.NewTimer,
		want: make(chan struct{}, 1), wake: make(chan struct{}, 1), nudges: make(chan nudge, 64),
		last: map[string]map[string]string{}, access: map[string]int{},
	}
	base := *s.base
	base.Path += "/api/v4"
	x.client, err = rest.New(rest.Options{
		Product: "GitLab", Base: &base, AllowPlain: s.plain, UserAgent: "devops-tui", Authorize: x.keys.authorize, TLS: conf, Transport: transport,
		Gate: func(next http.RoundTripper) http.RoundTripper {
			return o.Gate.Transport(next, sources.Traffic{Place: x.place})
		},
		Rate: rest.Rate{PerSecond: 20, Burst: 200, Concurrent: 4}, ChangeEvery: 100 * time.Millisecond, Refusal: x.refusal,
	})
	if err != nil {
		return nil, err
	}
	x.info = sources.Info{ID: ID, Scope: s.scope, Title: text.Lit("GitLab"), Kinds: ci.Kinds(verbs), Default: []string{ci.KindRun}}
	x.model = newModel(x)
	return x, nil
}

// authority reads the certificates of a private authority, besides the system's.
func authority(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s holds no certificate in PEM", text.Clean(file))
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
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

// Info implements sources.Source.
func (s *Source) Info() sources.Info { return s.info }

// Want implements sources.Source.
func (s *Source) Want(i core.Interest) {
	s.interest.Store(&i)
	signal(s.want)
}

// Wake implements sources.Source.
func (s *Source) Wake() { signal(s.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
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

// wanted is the last Want, with the defaults filled in.
func (s *Source) wanted() core.Interest {
	i := core.Interest{}
	if p := s.interest.Load(); p != nil {
		i = *p
	}
	if i.Kinds == nil {
		i.Kinds = s.info.Default
	}
	return i
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

// do sends a request and notes that the server is there. A token that a program
// or a file gave is read again where it was refused.
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
		s.keys.forget()
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
