package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Source is one kubeconfig context.
type Source struct {
	infoOnce sync.Once
	info     sources.Info

	scope     string
	home      string   // the context's own namespace, "default" if it has none
	pinned    []string // --namespace: nothing else is looked at
	client    *client
	plugin    *plugin // nil: no credential plugin
	bell      *bell
	interest  atomic.Pointer[core.Interest]
	wanted    chan struct{} // of size 1: the interest changed
	now       func() time.Time
	linger    time.Duration // how long what is no longer wanted is kept
	missed    atomic.Int32  // probes without an answer in a row
	permits   *permits
	kinds     kindTable
	witness   witness  // how revisions fared
	helm      helmTool // the user's Helm, and what is known of its releases
	conf      Config
	getenv    func(string) string
	unheard   time.Duration // how long a change waits for a controller that does not look at it
	evicting  time.Duration // how long an eviction that a budget refuses waits
	bare      sync.Map      // images that were found to have no shell
	sessionMu sync.Mutex
	current   *session // the running one, nil if Run is not running
}

var (
	_ sources.Source     = (*Source)(nil)
	_ sources.Getter     = (*Source)(nil)
	_ sources.Tailer     = (*Source)(nil)
	_ sources.Describer  = (*Source)(nil)
	_ sources.Manifester = (*Source)(nil)
	_ sources.Eventer    = (*Source)(nil)
	_ sources.Permitter  = (*Source)(nil)
	_ sources.Restarter  = (*Source)(nil)
	_ sources.Diagnoser  = (*Source)(nil)
)

func newSource(scope, namespace string, rc *rest.Config, o sources.Options) (*Source, error) {
	c, plug, err := newClient(scope, rc, o.Gate)
	if err != nil {
		return nil, err
	}
	s := &Source{
		scope: scope, home: namespace, client: c, plugin: plug, bell: newBell(),
		wanted: make(chan struct{}, 1), now: time.Now, linger: 20 * time.Second, getenv: o.Getenv, evicting: 5 * time.Second, unheard: unheard,
	}
	if s.getenv == nil {
		s.getenv = os.Getenv
	}
	if s.home == "" {
		s.home = "default"
	}
	if o.Namespace != "" && !o.AllNamespaces {
		s.pinned = []string{o.Namespace}
	}
	s.helm.init(o)
	s.kinds.init()
	s.permits = newPermits(s)
	s.interest.Store(&core.Interest{})
	return s, nil
}

// Info describes the context.
func (s *Source) Info() sources.Info {
	s.infoOnce.Do(func() { // asked for every row under the cursor
		kinds := make([]core.Kind, len(builtin))
		for i, k := range builtin {
			kinds[i] = k.Kind
		}
		s.info = sources.Info{ID: ID, Scope: s.scope, Title: text.Lit("Kubernetes"), Kinds: kinds, Default: slices.Clone(defaults), Open: true, Custom: []string{kindApplication}}
	})
	return s.info
}

// Want tells what is watched from now on.
func (s *Source) Want(i core.Interest) {
	s.interest.Store(&i)
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

// Wake retries at once what waits, also what was forbidden.
func (s *Source) Wake() {
	if s.plugin != nil {
		s.plugin.retry()
	}
	s.permits.forget()
	s.bell.ring()
}

// Probe asks for the server's version, which everybody may. Two answers
// missing in a row cut the connections, so that the next ones are new.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	began := time.Now()
	body, head, err := s.client.doHeader(ctx, request{path: []string{"version"}}, nil)
	if isStatus(err, http.StatusForbidden) {
		err = nil // it lives; it just does not tell strangers its version
	}
	if err != nil {
		if isTimeout(err) || ctx.Err() != nil {
			if s.missed.Add(1) >= 2 {
				s.client.conns.CloseAll()
			}
		}
		return time.Time{}, err
	}
	s.missed.Store(0)
	s.sawVersion(body)
	at, _ := http.ParseTime(head.Get("Date"))
	if !at.IsZero() {
		// The header was cut to whole seconds somewhere during the request.
		at = at.Add(500*time.Millisecond + time.Since(began)/2)
	}
	return at, nil
}

// serverVersion is the answer of /version.
type serverVersion struct {
	GitVersion string `json:"gitVersion"`
	Major      string `json:"major"`
	Minor      string `json:"minor"`
}

func (s *Source) sawVersion(body []byte) {
	var v serverVersion
	if json.Unmarshal(body, &v) != nil || v.GitVersion == "" {
		return
	}
	if run := s.running(); run != nil {
		run.version(v.GitVersion)
	}
}

func (s *Source) running() *session {
	s.sessionMu.Lock()
	defer s.sessionMu.Unlock()
	return s.current
}

// Run watches what Want asked for until ctx ends.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	run := newSession(s, sink)
	s.sessionMu.Lock()
	if s.current != nil {
		s.sessionMu.Unlock()
		return fmt.Errorf("run %s: it is running already", s.scope)
	}
	s.current = run
	s.sessionMu.Unlock()
	defer func() {
		s.sessionMu.Lock()
		s.current = nil
		s.sessionMu.Unlock()
	}()
	return run.run(ctx)
}

// ref fills in source and scope.
func (s *Source) ref(kind, namespace, name, uid string) core.Ref {
	return core.Ref{Source: ID, Scope: s.scope, Kind: kind, Namespace: namespace, Name: name, UID: uid}
}
