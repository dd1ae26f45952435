package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// dialTimeout bounds every connection attempt, including what ssh needs to
// log in.
const dialTimeout = 15 * time.Second

// client returns the API client, made and its version agreed at first use.
func (s *Source) client(ctx context.Context) (*client.Client, error) {
	s.mu.Lock()
	api := s.api
	s.mu.Unlock()
	if api != nil {
		return api, nil
	}
	return s.connect(ctx)
}

// connect asks the engine which API it speaks and makes a client for exactly
// that. It runs again after an engine restart, which may have been an upgrade:
// the SDK's own negotiation happens once only, and only ever downwards.
func (s *Source) connect(ctx context.Context) (*client.Client, error) {
	hc, err := s.httpClient()
	if err != nil {
		return nil, err
	}
	fixed := s.getenv(client.EnvOverrideAPIVersion)
	api, err := s.newClient(hc, fixed)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ping, err := api.Ping(ctx, client.PingOptions{})
	if err != nil {
		return nil, fmt.Errorf("ping: %w", err)
	}
	version := fixed
	if version == "" {
		version = ping.APIVersion
		if version == "" || versions.GreaterThan(version, client.MaxAPIVersion) {
			version = client.MaxAPIVersion
		}
		if versions.LessThan(version, client.MinAPIVersion) {
			return nil, errOldEngine{version}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.api != nil && s.version == version {
		return s.api, nil
	}
	if api, err = s.newClient(hc, version); err != nil {
		return nil, err
	}
	s.api, s.version = api, version
	return api, nil
}

// newClient makes a client that never negotiates by itself.
func (s *Source) newClient(hc *http.Client, version string) (*client.Client, error) {
	if version == "" {
		version = client.MinAPIVersion
	}
	address, scheme := s.host.address()
	api, err := client.New(
		client.WithHost(address), client.WithHTTPClient(hc), client.WithScheme(scheme), client.WithAPIVersion(version),
		client.WithUserAgent("devops-tui"),
		// The SDK traces every request with whatever tracer the process has;
		// ours are nobody's business.
		client.WithTraceProvider(tracenoop.NewTracerProvider()),
		client.WithTraceOptions(otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator())),
	)
	if err != nil {
		return nil, fmt.Errorf("docker host %s: %w", s.host.url, err)
	}
	return api, nil
}

// httpClient makes the transport: gate outermost, then what marks a request
// as sent, then the connection to this one host.
func (s *Source) httpClient() (*http.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return s.http, nil
	}
	base := &http.Transport{
		MaxIdleConns: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second,
		DisableCompression: true, TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: 256 << 10,
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	switch s.host.proto {
	case "unix":
		base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", s.host.addr)
		}
	case "ssh":
		base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSSH(ctx, s.host.ssh) }
	default:
		base.DialContext = dialer.DialContext
		base.Proxy = http.ProxyFromEnvironment
		if s.host.tls != nil {
			config, err := s.host.tls.load()
			if err != nil {
				return nil, err
			}
			base.TLSClientConfig = config
		}
	}
	s.base = base
	s.http = &http.Client{
		Transport: s.gate.Transport(&transport{next: base, source: s}, s.traffic()),
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			return fmt.Errorf("%w to %s", errRedirect, r.URL.Host)
		},
	}
	return s.http, nil
}

// traffic tells the gate where requests go: all to this one engine. What else
// there is to know of an object is not in its URL.
func (s *Source) traffic() sources.Traffic {
	return sources.Traffic{Place: func(*http.Request) core.Ref { return core.Ref{Source: ID, Scope: s.host.scope} }}
}

// closeIdle forgets connections that may be dead.
func (s *Source) closeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base != nil {
		s.base.CloseIdleConnections()
	}
}

var errRedirect = errors.New("the answer is a redirect, which is not followed,")

type errOldEngine struct{ version string }

func (e errOldEngine) Error() string {
	return "the engine speaks API " + e.version + ", at least " + client.MinAPIVersion + " is needed"
}

// connError is an error of the connection. It hides its cause from errors.Is
// and from its text on purpose: the SDK looks for what it knows there and
// replaces the error by a text of its own.
type connError struct {
	cause error
	sent  bool // the request may have arrived
}

func (e *connError) Error() string { return "no connection to the engine" }

type sentKey struct{}

// watchSent returns a context whose requests set the flag once their head has
// been written.
func watchSent(ctx context.Context) (context.Context, *atomic.Bool) {
	flag := new(atomic.Bool)
	return context.WithValue(ctx, sentKey{}, flag), flag
}

// transport keeps the cause of connection errors, reads the engine's clock and
// knows whether a request left.
type transport struct {
	next   http.RoundTripper
	source *Source
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, _ := r.Context().Value(sentKey{}).(*atomic.Bool)
	if sent != nil {
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}))
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		if r.Context().Err() != nil && !errors.As(err, new(*sshError)) {
			return nil, err
		}
		return nil, &connError{cause: err, sent: sent != nil && sent.Load()}
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		t.source.stamp.Store(date.Unix())
		// The header is cut to the second, so less than that is not skew.
		skew := time.Until(date)
		if skew > -2*time.Second && skew < 2*time.Second {
			skew = 0
		}
		t.source.skew.Store(int64(skew))
	}
	if alive := t.source.alive.Load(); alive != nil {
		(*alive)()
	}
	return resp, nil
}

// tlsFiles says how a tcp:// host is authenticated.
type tlsFiles struct {
	ca, cert, key string // paths; "" none
	skipVerify    bool
	serverName    string
}

// load reads the files.
func (f *tlsFiles) load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.skipVerify, ServerName: f.serverName} //nolint:gosec // only when the user's own context says so; doctor names it
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("read the CA certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the CA certificate: %s holds no PEM certificate", f.ca)
		}
	}
	if f.cert != "" || f.key != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("read the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// address is what the SDK is told: it builds URLs with it, our transport dials.
func (h host) address() (address, scheme string) {
	switch {
	case h.proto == "unix":
		return h.url, "http"
	case h.proto == "ssh":
		return "tcp://" + client.DummyHost, "http"
	case h.tls != nil:
		return "tcp://" + h.addr, "https"
	}
	return "tcp://" + h.addr, "http"
}

// parseHost splits a host's URL.
func parseHost(raw string) (proto, addr string, ssh sshTarget, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats the URL, which may hold a password.
		return "", "", ssh, errors.New("not a URL")
	}
	switch u.Scheme {
	case "unix":
		if u.Path == "" {
			return "", "", ssh, errors.New("unix:// needs a path: unix:///var/run/docker.sock")
		}
		return "unix", u.Path, ssh, nil
	case "tcp", "http", "https":
		if u.Host == "" {
			return "", "", ssh, fmt.Errorf("%s:// needs a host and a port", u.Scheme)
		}
		addr = u.Host
		if u.Port() == "" {
			port := "2375"
			if u.Scheme == "https" {
				port = "2376"
			}
			addr = net.JoinHostPort(u.Hostname(), port)
		}
		return "tcp", addr, ssh, nil
	case "ssh":
		ssh, err = parseSSH(u)
		return "ssh", "", ssh, err
	case "npipe":
		return "", "", ssh, errors.New("npipe:// is not supported; use tcp:// or ssh://")
	}
	return "", "", ssh, fmt.Errorf("unknown scheme %q; use unix://, tcp:// or ssh://", u.Scheme)
}
