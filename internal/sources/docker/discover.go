package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Registration adds this source to the table.
var Registration = sources.Registration{ID: ID, Discover: Discover, Section: func() any { return &Config{} }}

// Config is the section sources.docker.
type Config struct {
	Hosts []HostConfig `yaml:"hosts" doc:"The engines to watch, instead of those that are found."`
}

// HostConfig is one host of the configuration.
type HostConfig struct {
	Name    string    `yaml:"name" doc:"The scope; by default made of the URL or the context."`
	URL     string    `yaml:"url" doc:"unix://, tcp:// or ssh://."`
	Context string    `yaml:"context" doc:"Instead of a URL: a context of the docker command."`
	TLS     TLSConfig `yaml:"tls" doc:"How a tcp:// host is authenticated."`
}

// TLSConfig says how a tcp:// host is authenticated. Relative paths are below
// the user's home folder.
type TLSConfig struct {
	CA         string `yaml:"ca" doc:"File of the certificate authority, PEM."`
	Cert       string `yaml:"cert" doc:"File of the client's certificate, PEM."`
	Key        string `yaml:"key" doc:"File of the client's key, PEM."`
	ServerName string `yaml:"server_name" doc:"The name that the server's certificate must have; by default the host."`
}

// host is one engine to connect to.
type host struct {
	scope  string
	url    string // as given
	origin string // who gave it
	proto  string // unix, tcp, ssh
	addr   string // path or host:port
	ssh    sshTarget
	tls    *tlsFiles
}

// Discover finds the hosts: those of --docker-host; else those of the
// configuration; else what DOCKER_HOST, DOCKER_CONTEXT or the docker command's
// current context name; else every socket that is there.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	d := discovery{o: o, folder: o.Getenv("DOCKER_CONFIG")}
	if d.folder == "" {
		d.folder = filepath.Join(o.Home, ".docker")
	}
	var config Config
	if o.Section != nil {
		if err := o.Section(ID, &config); err != nil {
			return sources.Found{}, fmt.Errorf("configuration sources.docker: %w", err)
		}
	}
	switch {
	case len(o.DockerHosts) > 0:
		for _, raw := range o.DockerHosts {
			d.named(raw, "--docker-host")
		}
	case len(config.Hosts) > 0:
		for _, h := range config.Hosts {
			d.configured(h)
		}
	case o.Getenv("DOCKER_HOST") != "":
		d.url("", o.Getenv("DOCKER_HOST"), "DOCKER_HOST", d.envTLS())
	case o.Getenv("DOCKER_CONTEXT") != "" && o.Getenv("DOCKER_CONTEXT") != "default":
		d.context(o.Getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT")
	case d.currentContext() != "":
		d.context(d.currentContext(), "the docker command's current context")
	default:
		d.sockets()
	}
	for _, h := range d.hosts {
		d.found.Sources = append(d.found.Sources, newSource(h, o))
	}
	return d.found, nil
}

type discovery struct {
	o      sources.Options
	folder string // of the docker command's configuration
	hosts  []host
	found  sources.Found
}

func (d *discovery) finding(level core.FindingLevel, scope string, says, fix text.Safe) {
	d.found.Findings = append(d.found.Findings, core.Finding{Source: ID, Scope: scope, Level: level, Text: says, Fix: fix})
}

// named takes a URL or the name of a context.
func (d *discovery) named(raw, origin string) {
	if strings.Contains(raw, "://") {
		d.url("", raw, origin, d.envTLS())
		return
	}
	d.context(raw, origin)
}

func (d *discovery) configured(h HostConfig) {
	const origin = "sources.docker.hosts"
	if h.Context != "" {
		d.context(h.Context, origin)
		if n := len(d.hosts); n > 0 && h.Name != "" && d.hosts[n-1].scope == h.Context {
			d.hosts[n-1].scope = h.Name
		}
		return
	}
	var files *tlsFiles
	if h.TLS != (TLSConfig{}) {
		at := func(p string) string {
			if p == "" || filepath.IsAbs(p) {
				return p
			}
			return filepath.Join(d.o.Home, strings.TrimPrefix(p, "~/"))
		}
		files = &tlsFiles{ca: at(h.TLS.CA), cert: at(h.TLS.Cert), key: at(h.TLS.Key), serverName: h.TLS.ServerName}
	}
	d.url(h.Name, h.URL, origin, files)
}

// url adds a host by its URL.
func (d *discovery) url(scope, raw, origin string, files *tlsFiles) {
	proto, addr, ssh, err := parseHost(raw)
	if err != nil {
		d.finding(core.FindingProblem, scope, text.Sprintf("%s: %s is not a Docker host: %s", origin, withoutUser(raw), err.Error()),
			text.Lit("use unix:///path, tcp://host:port or ssh://user@host"))
		return
	}
	if proto != "tcp" {
		files = nil
	} else if strings.HasPrefix(raw, "https://") && files == nil {
		files = &tlsFiles{}
	}
	if scope == "" {
		scope = d.shortName(proto, addr, ssh)
	}
	d.add(host{scope: scope, url: raw, origin: origin, proto: proto, addr: addr, ssh: ssh, tls: files})
}

// withoutUser takes what could be a password out of a URL that is to be shown.
func withoutUser(raw string) string {
	before, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return raw
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		rest = rest[i+1:]
	}
	return before + "://" + rest
}

// shortName is the scope of a host that nobody named.
func (d *discovery) shortName(proto, addr string, ssh sshTarget) string {
	switch proto {
	case "ssh":
		return ssh.host
	case "tcp":
		if name, _, err := net.SplitHostPort(addr); err == nil {
			return name
		}
		return addr
	}
	for _, c := range d.candidates() {
		if c.path == addr {
			return c.scope
		}
	}
	// …/docker.sock says nothing; its folder does.
	name := strings.TrimSuffix(filepath.Base(addr), ".sock")
	if name == "docker" || name == "podman" {
		name = filepath.Base(filepath.Dir(addr))
	}
	return name
}

// add makes the scope unique and reports the host.
func (d *discovery) add(h host) {
	base := h.scope
	for n := 2; d.has(h.scope); n++ {
		h.scope = base + "-" + strconv.Itoa(n)
	}
	d.hosts = append(d.hosts, h)
	d.finding(core.FindingOK, h.scope, text.Sprintf("Docker host %s (%s)", withoutUser(h.url), h.origin), text.Safe{})
	if h.proto != "tcp" {
		return
	}
	name, _, _ := net.SplitHostPort(h.addr)
	ip := net.ParseIP(name)
	switch {
	case h.tls == nil && name != "localhost" && (ip == nil || !ip.IsLoopback()):
		d.finding(core.FindingProblem, h.scope, text.Sprintf("%s is not encrypted: whoever reaches it is root there", withoutUser(h.url)),
			text.Lit("protect it with TLS (docs.docker.com/engine/security/protect-access) or use ssh://"))
	case h.tls != nil && h.tls.skipVerify:
		d.finding(core.FindingProblem, h.scope, text.Lit("the server's certificate is not verified"), text.Lit("set DOCKER_TLS_VERIFY=1, or SkipTLSVerify=false in the context"))
	}
}

func (d *discovery) has(scope string) bool {
	for _, h := range d.hosts {
		if h.scope == scope {
			return true
		}
	}
	return false
}

// envTLS is what DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH say.
func (d *discovery) envTLS() *tlsFiles {
	verify, plain, folder := d.o.Getenv("DOCKER_TLS_VERIFY"), d.o.Getenv("DOCKER_TLS"), d.o.Getenv("DOCKER_CERT_PATH")
	if verify == "" && plain == "" && folder == "" {
		return nil
	}
	if folder == "" {
		folder = d.folder
	}
	f := certFiles(folder)
	f.skipVerify = verify == "" && plain != "" // as the docker command does with --tls
	return f
}

// certFiles takes the certificate files that are there.
func certFiles(folder string) *tlsFiles {
	at := func(name string) string {
		p := filepath.Join(folder, name)
		if _, err := os.Stat(p); err != nil {
			return ""
		}
		return p
	}
	return &tlsFiles{ca: at("ca.pem"), cert: at("cert.pem"), key: at("key.pem")}
}

// currentContext reads the docker command's configuration; "" is the default.
func (d *discovery) currentContext() string {
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	path := filepath.Join(d.folder, "config.json")
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &config)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && d.o.Home != "" {
		d.finding(core.FindingProblem, "", text.Sprintf("cannot read %s: %s", path, err.Error()), text.Lit("docker context ls"))
	}
	if config.CurrentContext == "default" {
		return ""
	}
	return config.CurrentContext
}

// context adds the host of a context of the docker command
// (docs.docker.com/engine/manage-resources/contexts).
func (d *discovery) context(name, origin string) {
	if name == "default" {
		d.sockets()
		return
	}
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	b, err := os.ReadFile(filepath.Join(d.folder, "contexts", "meta", id, "meta.json"))
	if err == nil {
		err = json.Unmarshal(b, &meta)
	}
	endpoint := meta.Endpoints["docker"]
	if err == nil && endpoint.Host == "" {
		err = errors.New("it has no docker endpoint")
	}
	if err != nil {
		says := text.Sprintf("there is no Docker context %q (%s)", name, origin)
		if !errors.Is(err, fs.ErrNotExist) {
			says = text.Sprintf("cannot read the Docker context %q (%s): %s", name, origin, err.Error())
		}
		d.finding(core.FindingProblem, name, says, text.Lit("docker context ls, then docker context use NAME"))
		return
	}
	var files *tlsFiles
	folder := filepath.Join(d.folder, "contexts", "tls", id, "docker")
	if _, err := os.Stat(folder); err == nil {
		files = certFiles(folder)
	}
	if endpoint.SkipTLSVerify {
		if files == nil {
			files = &tlsFiles{}
		}
		files.skipVerify = true
	}
	d.url(name, endpoint.Host, "context "+name+", "+origin, files)
}

type candidate struct{ scope, path, origin string }

// candidates are the places where engines put their sockets.
func (d *discovery) candidates() []candidate {
	c := []candidate{{"local", "/var/run/docker.sock", "default socket"}}
	run := d.o.Getenv("XDG_RUNTIME_DIR")
	if run != "" {
		c = append(c, candidate{"rootless", filepath.Join(run, "docker.sock"), "rootless socket"})
	}
	if d.o.Home != "" {
		c = append(c, candidate{"desktop", filepath.Join(d.o.Home, ".docker", "run", "docker.sock"), "Docker Desktop's socket"})
	}
	if run != "" {
		c = append(c, candidate{"podman", filepath.Join(run, "podman", "podman.sock"), "Podman's socket"})
	}
	return append(c, candidate{"podman-root", "/run/podman/podman.sock", "Podman's system socket"})
}

// sockets adds every socket that is there, once.
func (d *discovery) sockets() {
	seen := map[string]bool{}
	for _, c := range d.candidates() {
		real, err := filepath.EvalSymlinks(c.path)
		if err != nil || seen[real] {
			continue
		}
		if info, err := os.Stat(real); err != nil || info.Mode()&fs.ModeSocket == 0 {
			continue
		}
		seen[real] = true
		d.add(host{scope: c.scope, url: "unix://" + c.path, origin: c.origin, proto: "unix", addr: c.path})
	}
	if len(seen) == 0 {
		d.finding(core.FindingMissing, "", text.Lit("no Docker engine: no context, no DOCKER_HOST, no socket of Docker or Podman"),
			text.Lit("systemctl start docker, or --docker-host unix://, tcp:// or ssh://"))
	}
}
