package jenkins

import (
	"context"
	"net/http"
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

// Source is one controller.
type Source struct {
	*sources.Inbox
	server server
	token  *credential.Token // an API token or a password; none: anonymous
	api    *rest.Client
	gate   *sources.Gate
	now    func() time.Time
	pace   time.Duration // between two looks of a verification

	mu      sync.Mutex // guards what follows
	jobs    map[string]*job
	queue   map[int64]*queued
	asked   map[string]time.Time
	hot     map[string]time.Time // jobs that were changed from here, until when they are watched closely
	stages  plugin               // Pipeline: REST API
	stops   map[string]int       // by UID of the run: which of stop, term, kill were sent
	marks   map[string]*marks    // of consoles that are read for their stages
	quiet   bool                 // the controller is about to shut down
	version atomic.Pointer[string]
}

// plugin is what is known of a plugin.
type plugin struct {
	absent bool
	at     time.Time // when that was seen
}

var (
	_ sources.Source    = (*Source)(nil)
	_ sources.Getter    = (*Source)(nil)
	_ sources.Tailer    = (*Source)(nil)
	_ sources.Describer = (*Source)(nil)
	_ sources.Eventer   = (*Source)(nil)
	_ sources.Permitter = (*Source)(nil)
	_ sources.Former    = (*Source)(nil)
	_ sources.Deployer  = (*Source)(nil)
	_ sources.Rerunner  = (*Source)(nil)
	_ sources.Canceller = (*Source)(nil)
	_ sources.Approver  = (*Source)(nil)
	_ sources.Roller    = (*Source)(nil)
	_ sources.Outliner  = (*Source)(nil)
	_ sources.Explainer = (*Source)(nil)
	_ sources.Historian = (*Source)(nil)
	_ sources.Finder    = (*Source)(nil)
	_ sources.Diagnoser = (*Source)(nil)
)

// The pace at which a controller is asked: one request at a time, so that the
// bucket only bounds bursts.
var rate = rest.Rate{PerSecond: 10, Burst: 40, Concurrent: 1}

func newSource(sv server, o sources.Options) (*Source, error) {
	return newSourceOver(sv, o, nil)
}

// newSourceOver is newSource with another transport; nil: the real one.
func newSourceOver(sv server, o sources.Options, transport http.RoundTripper) (*Source, error) {
	s := &Source{
		Inbox:  sources.NewInbox(sources.Info{ID: ID, Scope: sv.scope, Title: text.Lit("Jenkins"), Kinds: kinds(), Default: []string{ci.KindRun}}),
		server: sv, gate: o.Ready().Gate, now: time.Now, pace: 2 * time.Second,
		jobs: map[string]*job{}, queue: map[int64]*queued{}, asked: map[string]time.Time{}, hot: map[string]time.Time{}, stops: map[string]int{}, marks: map[string]*marks{},
	}
	s.server.token.Password = true // a password is accepted as well
	s.token = credential.New(s.server.token)
	if sv.rate == (rest.Rate{}) {
		sv.rate = rate
	}
	conf, err := rest.AuthorityFile(sv.ca)
	if err != nil {
		return nil, err
	}
	s.api, err = rest.New(rest.Options{
		Product: "Jenkins", Base: sv.base, AllowPlain: sv.plain, UserAgent: "devops-tui", Header: http.Header{"Accept": {"application/json, text/plain, */*"}},
		Authorize: s.authorize, Unauthorized: func() { s.token.Refused() }, TLS: conf, Transport: transport, Rate: sv.rate, ChangeEvery: time.Second, Refusal: s.refusal,
		CacheBytes: 1 << 20, // the API has no validators: what is kept helps nobody
		Gate: func(next http.RoundTripper) http.RoundTripper {
			return s.gate.Transport(next, sources.Traffic{Place: s.place})
		},
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// kinds are what a controller has: it knows no environments.
func kinds() []core.Kind {
	var out []core.Kind
	for _, k := range ci.Kinds(ci.Verbs{
		Run:      []string{core.VerbRollback, core.VerbCancel, core.VerbRerun, core.VerbApprove, core.VerbReject},
		Workflow: []string{core.VerbRollback, core.VerbDeploy},
	}) {
		switch k.Name {
		case ci.KindEnvironment:
			continue
		case ci.KindWorkflow:
			k.History = true
		}
		k.Place = text.Lit("FOLDER")
		out = append(out, k)
	}
	return out
}

// Probe implements sources.Source.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	var out struct {
		Quiet bool `json:"quietingDown"`
	}
	resp, err := s.get(ctx, nil, "quietingDown", &out)
	if err != nil {
		return time.Time{}, err
	}
	s.mu.Lock()
	s.quiet = out.Quiet
	s.mu.Unlock()
	return resp.Date(), nil
}

// serverTime is the controller's clock, as well as it is known.
func (s *Source) serverTime() time.Time { return s.now().Add(s.api.Skew()) }

func (s *Source) ref(kind, namespace, name, uid string) core.Ref {
	return core.Ref{Source: ID, Scope: s.server.scope, Kind: kind, Namespace: namespace, Name: name, UID: uid}
}
