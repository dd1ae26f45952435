package docker

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Source is one Docker host.
type Source struct {
	*sources.Inbox
	host   host
	gate   *sources.Gate
	getenv func(string) string

	mu      sync.Mutex // guards the connection below
	http    *http.Client
	base    *http.Transport
	api     *client.Client
	version string // of the API that api speaks

	skew  atomic.Int64 // engine's clock minus ours, nanoseconds; whole seconds are what is known
	stamp atomic.Int64 // the last Date header, Unix seconds
	alive atomic.Pointer[func()]

	compose  composeFinder
	pace     swapPace
	memory   *memory  // of the images that were seen to run
	measured measured // what takes the disk
	phases   sync.Map // container id -> lifeState, for Disabled: no request
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
	_ sources.Runner     = (*Source)(nil)
	_ sources.Killer     = (*Source)(nil)
	_ sources.Pauser     = (*Source)(nil)
	_ sources.Former     = (*Source)(nil)
	_ sources.Roller     = (*Source)(nil)
	_ sources.Deployer   = (*Source)(nil)
	_ sources.Deleter    = (*Source)(nil)
	_ sources.Diagnoser  = (*Source)(nil)
)

func newSource(h host, o sources.Options) *Source {
	s := &Source{
		host: h, gate: o.Gate, getenv: o.Getenv, memory: memoryAt(o.StateDir), pace: defaultPace,
		Inbox: sources.NewInbox(sources.Info{ID: ID, Scope: h.scope, Title: text.Lit("Docker"), Kinds: kinds(), Default: defaultKinds()}),
	}
	s.measured.begin()
	if s.gate == nil {
		s.gate = new(sources.Gate)
	}
	if s.getenv == nil {
		s.getenv = func(string) string { return "" }
	}
	return s
}

// Probe implements sources.Source with HEAD /_ping.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	api, err := s.client(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if _, err := api.Ping(ctx, client.PingOptions{}); err != nil {
		return time.Time{}, fmt.Errorf("ping: %w", err)
	}
	if sec := s.stamp.Load(); sec > 0 {
		return time.Unix(sec, 0), nil
	}
	return time.Time{}, nil
}

// now is the engine's clock, as well as it is known.
func (s *Source) now() time.Time { return time.Now().Add(time.Duration(s.skew.Load())) }

// ref makes a Ref of this host.
func (s *Source) ref(kind, name, uid string) core.Ref {
	return core.Ref{Source: ID, Scope: s.host.scope, Kind: kind, Name: name, UID: uid}
}
