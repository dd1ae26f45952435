package argocd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Source is one API server.
type Source struct {
	*sources.Inbox
	server  *server
	token   *credential.Token
	client  *rest.Client
	changed sources.Bell // a change was sent

	mu      sync.Mutex
	known   map[core.Ref]standing // by ref without UID
	rights  map[string]right      // by action and application
	commits map[string]argo.CommitInfo
}

// standing is what Disabled looks at.
type standing struct {
	project    string
	busy, auto bool
	ran        bool // an operation has been
	back       bool // there is a deployment to go back to
}

type right struct {
	ok bool
	at time.Time
}

func newSource(s *server, o sources.Options) (*Source, error) {
	base, err := url.Parse(s.url)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	conf := &tls.Config{InsecureSkipVerify: s.conf.Insecure} //nolint:gosec // the user says so
	ca, err := s.authority()
	if err != nil {
		return nil, err
	}
	if len(ca) > 0 {
		if conf.RootCAs, err = rest.Authorities(ca); err != nil {
			return nil, fmt.Errorf("the certificate authority: %w", err)
		}
	}
	if len(s.tls.cert) > 0 {
		pair, err := tls.X509KeyPair(s.tls.cert, s.tls.key)
		if err != nil {
			return nil, errors.New("the client certificate of the argocd command cannot be used")
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	src := &Source{
		Inbox:  sources.NewInbox(sources.Info{ID: ID, Scope: s.scope, Title: text.Lit(product), Kinds: kinds(), Default: []string{argo.KindApplication}}),
		server: s, token: credential.New(s.tokenOrigin()), changed: sources.NewBell(),
		known: map[core.Ref]standing{}, rights: map[string]right{}, commits: map[string]argo.CommitInfo{},
	}
	place := func(r *http.Request) core.Ref {
		return core.Ref{Source: ID, Scope: s.scope, Kind: argo.KindApplication, Namespace: r.URL.Query().Get("appNamespace")}
	}
	src.client, err = rest.New(rest.Options{
		Product: product, Base: base, AllowPlain: s.conf.PlainHTTP, UserAgent: "devops-tui", Header: http.Header{"Accept": {"application/json"}},
		Authorize: src.token.Bearer, Unauthorized: src.token.Refused, TLS: conf, Refusal: src.refusal,
		Gate: func(next http.RoundTripper) http.RoundTripper {
			return o.Ready().Gate.Transport(next, sources.Traffic{Place: place})
		},
		Rate:    rest.Rate{PerSecond: 20, Burst: 40, Concurrent: 4}, // it is the team's own server, and has no quota
		MaxBody: 256 << 20,                                          // one list is all applications, some 20 to 60 KB each
	})
	if err != nil {
		return nil, err
	}
	return src, nil
}

// Probe implements sources.Source with GET /api/version, which needs no token.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	// not the version, which it tells to strangers too: an expired token is to show
	var who struct {
		LoggedIn bool `json:"loggedIn"`
	}
	resp, err := s.client.JSON(ctx, rest.Request{Path: []string{"api", "v1", "session", "userinfo"}, Urgent: true, Fresh: true}, &who)
	if err != nil {
		return time.Time{}, err
	}
	if _, given, _ := s.server.tokenPlace(); given && !who.LoggedIn { // it answers those too whose token it does not take
		return time.Time{}, &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("Argo CD at %s does not accept the token: it is expired or revoked", s.server.scope), Hint: s.server.login()}
	}
	return resp.Date(), nil
}

// Problem implements sources.Source.
func (s *Source) Problem(err error) *core.Problem { return s.client.Problem(err) }

// refusal puts the server's answers into words.
func (s *Source) refusal(e *rest.Error) *core.Problem {
	switch e.Status {
	case http.StatusUnauthorized:
		p := &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("Argo CD at %s does not accept the token: %s", s.server.scope, e.Message), Hint: s.server.login(), Cause: e}
		if _, ok, _ := s.server.tokenPlace(); !ok {
			p.Summary = text.Sprintf("there is no token for Argo CD at %s", s.server.scope)
		}
		return p
	case http.StatusForbidden:
		return &core.Problem{Kind: core.Forbidden, Summary: text.Sprintf("Argo CD does not allow it: %s", e.Message), Hint: text.Lit("argocd account can-i sync applications 'PROJECT/APPLICATION'; the roles are in argocd-rbac-cm and in the project"), Cause: e}
	case http.StatusBadRequest: // a precondition of gRPC: the state, not the request, is wrong
		var code struct {
			Code int `json:"code"`
		}
		if decode(e.Body, &code) == nil && code.Code == failedPrecondition {
			return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("Argo CD: %s", e.Message), Cause: e}
		}
	}
	return nil
}

// failedPrecondition is gRPC's code for a state in which something cannot be done.
const failedPrecondition = 9

func (s *Source) ref(a *argo.Application) core.Ref {
	return core.Ref{Source: ID, Scope: s.server.scope, Kind: argo.KindApplication, Namespace: a.Meta.Namespace, Name: a.Meta.Name, UID: a.Meta.UID}
}

// row makes the row of an application and keeps what Disabled looks at.
func (s *Source) row(a *argo.Application) *core.Resource {
	ref := s.ref(a)
	r := argo.ApplicationRow(a, ref)
	if r.Facts != nil && r.Facts.URL == "" {
		r.Facts.URL = s.page(a)
	}
	key := ref
	key.UID = ""
	s.mu.Lock()
	s.known[key] = standing{project: a.Spec.Project, busy: a.Busy(), auto: a.AutoSync(), ran: a.Status.State != nil, back: len(a.Status.History) > 1}
	s.mu.Unlock()
	return r
}

// page is the application's page in Argo CD's own user interface.
func (s *Source) page(a *argo.Application) string {
	return s.client.Base().String() + "/applications/" + url.PathEscape(a.Meta.Namespace) + "/" + url.PathEscape(a.Meta.Name)
}

func (s *Source) standing(ref core.Ref) (standing, bool) {
	ref.UID = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.known[ref]
	return x, ok
}

func notFound(ref core.Ref) *core.Problem {
	return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("no such application: %s/%s", ref.Namespace, ref.Name)}
}

func wrongKind(ref core.Ref) error {
	if ref.Kind == argo.KindApplication {
		return nil
	}
	return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("Argo CD has no %s", ref.Kind), Cause: fmt.Errorf("%s", ref)}
}
