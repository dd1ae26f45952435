package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// pluginTimeout is how long a credential plugin may take.
const pluginTimeout = 15 * time.Second

// plugin runs the credential plugin of a kubeconfig user
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
//
// client-go's own runner gives the plugin the terminal's stdin and stderr, has
// no time limit and leaves its children behind; under a cockpit that would
// freeze, print and type. This one never does.
type plugin struct {
	conf    *clientcmdapi.ExecConfig
	info    string // KUBERNETES_EXEC_INFO
	environ func() []string
	now     func() time.Time
	limit   time.Duration
	rotated func() // connections made with an older client certificate must go

	mu      sync.Mutex
	token   string
	cert    *tls.Certificate
	expires time.Time
	have    bool
	failed  error // the last failure, told again until retryAt: no storm of processes
	retryAt time.Time
	running chan struct{} // closed when the run under way ends; nil: none
}

// pluginError says what went wrong with a plugin, with what it printed.
type pluginError struct {
	Command string
	Stderr  string
	Install string
	Err     error
}

func (e *pluginError) Error() string {
	msg := fmt.Sprintf("credential plugin %s: %v", e.Command, e.Err)
	if e.Stderr != "" {
		msg += ": " + e.Stderr
	}
	return msg
}

func (e *pluginError) Unwrap() error { return e.Err }

func (e *pluginError) hint() text.Safe {
	if errors.Is(e.Err, exec.ErrNotFound) && e.Install != "" {
		line, _, _ := strings.Cut(strings.TrimSpace(e.Install), "\n")
		return text.Clean(line)
	}
	return text.Lit("log in in another terminal (kubectl get ns), then press r")
}

func newPlugin(c *rest.Config) (*plugin, error) {
	conf := c.ExecProvider
	switch conf.APIVersion {
	case "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1":
	default:
		return nil, fmt.Errorf("credential plugin %s: apiVersion %q is not supported", conf.Command, conf.APIVersion)
	}
	type cluster struct {
		Server   string          `json:"server"`
		TLSName  string          `json:"tls-server-name,omitempty"`
		Insecure bool            `json:"insecure-skip-tls-verify,omitempty"`
		CA       []byte          `json:"certificate-authority-data,omitempty"`
		Config   json.RawMessage `json:"config,omitempty"`
	}
	type spec struct {
		Cluster     *cluster `json:"cluster,omitempty"`
		Interactive bool     `json:"interactive"`
	}
	var s spec
	if conf.ProvideClusterInfo {
		ca := c.CAData
		if len(ca) == 0 && c.CAFile != "" {
			ca, _ = os.ReadFile(c.CAFile)
		}
		s.Cluster = &cluster{Server: c.Host, TLSName: c.ServerName, Insecure: c.Insecure, CA: ca}
		if conf.Config != nil {
			if b, err := json.Marshal(conf.Config); err == nil {
				s.Cluster.Config = b
			}
		}
	}
	info, err := json.Marshal(map[string]any{"apiVersion": conf.APIVersion, "kind": "ExecCredential", "spec": s})
	if err != nil {
		return nil, fmt.Errorf("credential plugin %s: %w", conf.Command, err)
	}
	return &plugin{conf: conf, info: string(info), environ: os.Environ, now: time.Now, limit: pluginTimeout}, nil
}

// wrap adds the token to requests and renews it when the server refuses it.
func (p *plugin) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		token, err := p.credentials(r.Context())
		if err != nil {
			return nil, err
		}
		if token != "" {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := next.RoundTrip(r)
		if err == nil && resp.StatusCode == http.StatusUnauthorized {
			p.refuse(token)
		}
		return resp, err
	})
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// certificate is the TLS callback.
func (p *plugin) certificate() (*tls.Certificate, error) {
	if _, err := p.credentials(context.Background()); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cert, nil
}

// refuse forgets a token that the server did not accept.
func (p *plugin) refuse(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.have && p.token == token {
		p.have = false
		p.retryAt = p.now().Add(5 * time.Second)
		p.failed = nil
	}
}

// retry lets the plugin run again at once.
func (p *plugin) retry() {
	p.mu.Lock()
	p.retryAt = time.Time{}
	p.mu.Unlock()
}

// credentials returns the bearer token, running the plugin if need be. Only
// one runs at a time; who waits gets its result, or leaves when ctx ends.
func (p *plugin) credentials(ctx context.Context) (string, error) {
	for {
		p.mu.Lock()
		now := p.now()
		switch {
		case p.have && (p.expires.IsZero() || now.Before(p.expires)):
			defer p.mu.Unlock()
			return p.token, nil
		case p.running == nil && now.Before(p.retryAt):
			defer p.mu.Unlock()
			return p.token, p.failed // refused a moment ago: let the server say it again
		case p.running == nil:
			p.running = make(chan struct{})
			core.Go("kube: credential plugin", p.renew)
		}
		running := p.running
		p.mu.Unlock()
		select {
		case <-running:
		case <-ctx.Done():
			return "", &pluginError{Command: p.conf.Command, Err: fmt.Errorf("it has not answered yet: %w", ctx.Err())}
		}
	}
}

// renew runs the plugin and keeps what it says.
func (p *plugin) renew() {
	got, err := p.run()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { close(p.running); p.running = nil }()
	if err != nil {
		p.failed = &pluginError{Command: p.conf.Command, Stderr: err.stderr, Install: p.conf.InstallHint, Err: err.err}
		p.retryAt = p.now().Add(10 * time.Second)
		p.token = ""
		return
	}
	changed := p.cert != nil && (got.cert == nil || !bytes.Equal(p.cert.Certificate[0], got.cert.Certificate[0]))
	p.token, p.cert, p.expires, p.have, p.failed, p.retryAt = got.token, got.cert, got.expires, true, nil, time.Time{}
	if changed && p.rotated != nil {
		p.rotated()
	}
}

// issued is what a plugin gave.
type issued struct {
	token   string
	cert    *tls.Certificate
	expires time.Time // zero: never
}

type runError struct {
	err    error
	stderr string
}

func (p *plugin) run() (issued, *runError) {
	if p.conf.InteractiveMode == clientcmdapi.AlwaysExecInteractiveMode {
		return issued{}, &runError{err: errors.New("it insists on a terminal of its own (interactiveMode: Always)")}
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.conf.Command, p.conf.Args...)
	var out, errs capped
	out.limit, errs.limit = 1<<20, 4<<10
	cmd.Stdin = nil // the null device
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(p.environ(), "KUBERNETES_EXEC_INFO="+p.info)
	for _, e := range p.conf.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
	}
	ownGroup(cmd) // Cancel kills the plugin with all of its children
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	said := text.CleanLong(strings.TrimSpace(errs.String())).Truncate(300).String()
	if ctx.Err() != nil {
		return issued{}, &runError{fmt.Errorf("no answer within %s", p.limit), said}
	}
	if err != nil {
		return issued{}, &runError{err, said}
	}
	var cred struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Status     *struct {
			Token   string     `json:"token"`
			Cert    string     `json:"clientCertificateData"`
			Key     string     `json:"clientKeyData"`
			Expires *time.Time `json:"expirationTimestamp"`
		} `json:"status"`
	}
	// The decoder's error could quote the output, which may hold the token.
	if json.Unmarshal(out.Bytes(), &cred) != nil || cred.Kind != "ExecCredential" {
		return issued{}, &runError{errors.New("it did not print an ExecCredential"), said}
	}
	if cred.APIVersion != p.conf.APIVersion {
		return issued{}, &runError{errors.New("it answered in another apiVersion than configured"), said}
	}
	st := cred.Status
	if st == nil || st.Token == "" && st.Cert == "" {
		return issued{}, &runError{errors.New("it printed neither a token nor a certificate"), said}
	}
	if st.Expires != nil && !p.now().Before(*st.Expires) {
		return issued{}, &runError{errors.New("it returned a credential that has expired already"), said}
	}
	if strings.ContainsAny(st.Token, "\r\n") {
		return issued{}, &runError{errors.New("it returned a malformed token"), said}
	}
	var cert *tls.Certificate
	if st.Cert != "" {
		c, err := tls.X509KeyPair([]byte(st.Cert), []byte(st.Key))
		if err != nil {
			return issued{}, &runError{errors.New("its certificate and key do not fit"), said}
		}
		cert = &c
	}
	got := issued{token: st.Token, cert: cert}
	if st.Expires != nil {
		got.expires = *st.Expires
	}
	return got, nil
}

// capped keeps the first limit bytes and swallows the rest.
type capped struct {
	bytes.Buffer
	limit int
}

func (c *capped) Write(b []byte) (int, error) {
	if room := c.limit - c.Len(); room > 0 {
		c.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
