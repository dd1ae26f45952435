// Package kube watches Kubernetes clusters: one source per kubeconfig context.
//
// It has its own data path instead of client-go's informers: lists in pages
// of 500 as protobuf, taken apart and reduced to compact rows object by
// object, then a watch. No full object is kept. 10,000 pods cost about a
// tenth of what an informer needs.
package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/transport"
	"k8s.io/klog/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// ID is the source id.
const ID = "kube"

// Registration is the line of package all.
var Registration = sources.Registration{ID: ID, Discover: Discover, Section: func() any { c := defaultConfig(); return &c }}

// Config is the section sources.kube.
type Config struct {
	DebugImage string `yaml:"debug_image" doc:"The image of debug containers, offered where a container has no shell."`
}

func defaultConfig() Config { return Config{DebugImage: "busybox"} }

// quiet keeps what client-go would log off the screen.
var quiet = sync.OnceFunc(func() {
	klog.SetLogger(logr.Discard())
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
})

// Discover makes a source for every context asked for (the current one by
// default). It reads the files of KUBECONFIG, else ~/.kube/config, else the
// service account of the pod it runs in; it sends nothing.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	quiet()
	var found sources.Found
	note := func(scope string, level core.FindingLevel, what, fix text.Safe) {
		found.Findings = append(found.Findings, core.Finding{Source: ID, Scope: scope, Level: level, Text: what, Fix: fix})
	}
	settings := defaultConfig()
	if o.Section != nil {
		if err := o.Section(ID, &settings); err != nil {
			return sources.Found{}, fmt.Errorf("configuration sources.kube: %w", err)
		}
	}
	defer func() {
		for _, s := range found.Sources {
			s.(*Source).conf = settings
		}
	}()
	conf, files, err := loadConfig(o)
	if err != nil {
		note("", core.FindingProblem, text.Sprintf("cannot read the kubeconfig: %v", err), text.Lit("kubectl config view"))
		return found, nil
	}
	wanted := o.Contexts
	if len(wanted) == 0 && conf.CurrentContext != "" {
		wanted = []string{conf.CurrentContext}
	}
	if len(conf.Contexts) == 0 {
		if s, err := inCluster(o); err == nil {
			found.Sources = append(found.Sources, s)
			note(s.scope, core.FindingOK, text.Lit("in-cluster service account"), text.Safe{})
		} else {
			note("", core.FindingMissing, text.Lit("no kubeconfig with a context was found"), text.Lit("set KUBECONFIG, or put the file at ~/.kube/config"))
		}
		if len(wanted) == 0 {
			return found, nil
		}
	} else if len(wanted) == 0 {
		note("", core.FindingMissing, text.Lit("the kubeconfig has no current context"), text.Lit("kubectl config use-context NAME, or --context NAME"))
	}
	var live []string
	for _, name := range wanted {
		if slices.Contains(live, name) {
			continue
		}
		live = append(live, name)
		s, err := fromContext(conf, name, o)
		if err != nil {
			note(name, core.FindingProblem, text.Sprintf("context %s: %v", name, err), text.Lit("kubectl config get-contexts"))
			continue
		}
		found.Sources = append(found.Sources, s)
		note(name, core.FindingOK, text.Sprintf("context %s: %s", name, s.client.base.Host), text.Safe{})
	}
	names := make([]string, 0, len(conf.Contexts))
	for name := range conf.Contexts {
		if !slices.Contains(live, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		note(name, core.FindingInfo, text.Sprintf("context %s is available on demand", name), text.Sprintf("devops-tui --context %s", name))
	}
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && st.Mode().Perm()&0o022 != 0 {
			note("", core.FindingProblem, text.Sprintf("%s can be written by others, who could make it run commands", f), text.Sprintf("chmod 600 %s", f))
		}
	}
	return found, nil
}

func loadConfig(o sources.Options) (*clientcmdapi.Config, []string, error) {
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	var files []string
	if list := getenv("KUBECONFIG"); list != "" {
		for _, f := range filepath.SplitList(list) {
			if f != "" {
				files = append(files, f)
			}
		}
	} else if o.Home != "" {
		files = []string{filepath.Join(o.Home, ".kube", "config")}
	}
	if len(files) == 0 {
		return clientcmdapi.NewConfig(), nil, nil
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: files}
	conf, err := rules.Load()
	return conf, files, err
}

func fromContext(conf *clientcmdapi.Config, name string, o sources.Options) (*Source, error) {
	kc, ok := conf.Contexts[name]
	if !ok {
		return nil, errors.New("no such context in the kubeconfig")
	}
	if user := conf.AuthInfos[kc.AuthInfo]; user != nil && user.AuthProvider != nil {
		return nil, fmt.Errorf("auth-provider %q was removed from Kubernetes' clients: use a credential plugin (exec)", user.AuthProvider.Name)
	}
	if user := conf.AuthInfos[kc.AuthInfo]; user != nil && user.Exec != nil {
		if err := trusted(user.LocationOfOrigin); err != nil {
			return nil, err
		}
	}
	rc, err := clientcmd.NewNonInteractiveClientConfig(*conf, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	return newSource(name, kc.Namespace, rc, o)
}

func inCluster(o sources.Options) (*Source, error) {
	if o.Getenv != nil && o.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return nil, rest.ErrNotInCluster
	}
	rc, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	ns, _ := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
	s, err := newSource("in-cluster", strings.TrimSpace(string(ns)), rc, o)
	if err == nil {
		s.helm.kubeconfig = "" // helm finds the service account by itself
	}
	return s, err
}

// newClient makes the transport: TLS and credentials by client-go's rules,
// the gate innermost (it sees what really leaves), connections that can be cut.
func newClient(scope string, rc *rest.Config, gate *sources.Gate) (*client, *plugin, error) {
	rc = rest.CopyConfig(rc)
	conns := newConnTracker(rc.Dial)
	rc.Dial = conns.DialContext
	if rc.UserAgent == "" {
		rc.UserAgent = "devops-tui"
	}
	base, _, err := rest.DefaultServerUrlFor(rc)
	if err != nil {
		return nil, nil, fmt.Errorf("server address: %w", err)
	}
	base.RawQuery, base.Fragment = "", ""
	secret := rc.ExecProvider != nil || rc.BearerToken != "" || rc.BearerTokenFile != "" || rc.Password != ""
	if base.Scheme == "http" && secret && !loopback(base) {
		return nil, nil, fmt.Errorf("%s is not https: credentials are not sent there", base.Host)
	}
	var plug *plugin
	if rc.ExecProvider != nil {
		if plug, err = newPlugin(rc); err != nil {
			return nil, nil, err
		}
		plug.rotated = conns.CloseAll
		rc.ExecProvider = nil
	}
	tc, err := rc.TransportConfig()
	if err != nil {
		return nil, nil, err
	}
	if gate != nil {
		tc.Wrap(func(rt http.RoundTripper) http.RoundTripper { return gate.Transport(rt, traffic(scope, base.Path)) })
	}
	if plug != nil {
		tc.TLS.GetCertHolder = &transport.GetCertHolder{GetCert: plug.certificate}
		tc.Wrap(plug.wrap)
	}
	upgrades := *tc // New loads files into it
	rt, err := transport.New(tc)
	if err != nil {
		return nil, nil, err
	}
	return &client{
		base: base, conns: conns, timeout: 60 * time.Second, upgrade: &upgrader{&upgrades},
		http: &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, plug, nil
}

// harmless names the POSTs that change nothing: asking what one may do.
func harmless(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	p := r.URL.Path
	return strings.HasSuffix(p, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews") ||
		strings.HasSuffix(p, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") ||
		strings.HasSuffix(p, "/apis/authentication.k8s.io/v1/selfsubjectreviews")
}

// dryRun reports whether the server only tries the request.
func dryRun(r *http.Request) bool { return slices.Equal(r.URL.Query()["dryRun"], []string{"All"}) }

func loopback(u *url.URL) bool {
	h := u.Hostname()
	ip := net.ParseIP(h)
	return h == "localhost" || ip != nil && ip.IsLoopback()
}
