package gitlab

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Discover finds the servers and projects: those of --repo; else those of the
// configuration; else what the working directory's remotes name. Tokens come
// from the configuration, GITLAB_TOKEN, and what glab has kept.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	o = o.Ready()
	d := &discovery{o: o}
	if err := o.Configure(ID, &d.config); err != nil {
		return sources.Found{}, err
	}
	d.readGlab()
	switch {
	case len(o.Repos) > 0:
		d.repos()
	case len(d.config.Hosts) > 0:
		for _, h := range d.config.Hosts {
			d.configured(h)
		}
	default:
		d.remotes()
	}
	for _, s := range d.servers {
		src, err := newSource(*s, o)
		if err != nil {
			d.finding(core.FindingProblem, s.scope, text.Error(err), text.Lit("correct it in sources.gitlab.hosts"))
			continue
		}
		d.found.Sources = append(d.found.Sources, src)
	}
	return d.found, nil
}

type discovery struct {
	o       sources.Options
	config  Config
	glab    glabConfig
	glabErr error
	servers []*server
	found   sources.Found
}

func (d *discovery) finding(level core.FindingLevel, scope string, says, fix text.Safe) {
	d.found.Findings = append(d.found.Findings, core.Finding{Source: ID, Scope: scope, Level: level, Text: says, Fix: fix})
}

func (d *discovery) readGlab() {
	d.glab, d.glabErr = readGlab(d.o.Getenv, d.o.Home)
	if d.glabErr != nil && !errors.Is(d.glabErr, fs.ErrNotExist) {
		fix := text.Sprintf("chmod 600 %s", d.glab.path)
		d.finding(core.FindingProblem, "", text.Sprintf("glab's configuration is not used: %s", d.glabErr.Error()), fix)
	}
}

// envHost is the server that the environment names; "" none.
func (d *discovery) envHost() string {
	for _, name := range []string{"GITLAB_HOST", "GL_HOST"} {
		if h := d.o.Getenv(name); h != "" {
			return h
		}
	}
	return ""
}

// defaultHost is the server of a repository without one.
func (d *discovery) defaultHost() string {
	if h := d.envHost(); h != "" {
		return h
	}
	if len(d.config.Hosts) > 0 {
		return orElse(d.config.Hosts[0].URL, d.config.Hosts[0].Host)
	}
	return orElse(d.glab.Host, "gitlab.com")
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// repos takes those of --repo that are GitLab's: with a host that is known as
// one, or without one where the user uses GitLab rather than GitHub.
func (d *discovery) repos() {
	for _, raw := range d.o.Repos {
		host, path := "", strings.Trim(raw, "/")
		if first, rest, ok := strings.Cut(path, "/"); ok && strings.ContainsAny(first, ".:") && strings.Contains(rest, "/") {
			host, path = first, rest
		}
		switch {
		case host != "" && !d.known(host):
			continue // another system's
		case host == "" && strings.Count(path, "/") == 1 && !d.prefers():
			continue
		}
		if !strings.Contains(path, "/") {
			continue
		}
		d.add(orElse(host, d.defaultHost()), path, "--repo", true)
	}
}

// prefers reports whether OWNER/NAME alone means a project of GitLab.
func (d *discovery) prefers() bool {
	for _, name := range []string{"GH_TOKEN", "GITHUB_TOKEN", "GH_HOST"} {
		if d.o.Getenv(name) != "" && d.envHost() == "" {
			return false
		}
	}
	return d.envHost() != "" || d.envToken() != "" || len(d.config.Hosts) > 0
}

// known reports whether a host is a GitLab as far as can be told without asking.
func (d *discovery) known(host string) bool {
	if host == "gitlab.com" || strings.HasPrefix(host, "gitlab.") || sameHost(d.envHost(), host) {
		return true
	}
	if _, ok := d.glab.Hosts[host]; ok {
		return true
	}
	return slices.ContainsFunc(d.config.Hosts, func(h HostConfig) bool { return sameHost(orElse(h.URL, h.Host), host) })
}

// sameHost compares an address, or a host, with a host.
func sameHost(address, host string) bool {
	if address == "" {
		return false
	}
	u, err := parseBase(address)
	return err == nil && strings.EqualFold(u.Host, host)
}

// remotes takes the projects of the working directory.
func (d *discovery) remotes() {
	all, err := ci.Remotes(d.o.WorkDir, ci.UserConfigs(d.o.Home, d.o.Getenv)...)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.finding(core.FindingProblem, "", text.Sprintf("the repository's remotes cannot be read: %s", err.Error()), text.Safe{})
	}
	any := false
	for _, r := range all {
		if !d.known(r.Host) {
			continue
		}
		any = true
		if from, _ := d.tokenFor(r.Host, HostConfig{}); from.None() {
			p := noToken(r.Host, from)
			d.finding(core.FindingMissing, r.Host, text.Sprintf("%s is a project of %s, but there is no token", r.Path, r.Host), p.Hint)
			continue
		}
		d.add(r.Host, r.Path, "remote "+r.Name, false)
	}
	if !any && d.envToken() != "" {
		d.finding(core.FindingInfo, "", text.Lit("there is a GitLab token, but no project to watch"), text.Lit("name them in sources.gitlab.hosts, give --repo, or start in a clone"))
	}
	if !any && d.envToken() == "" {
		d.finding(core.FindingMissing, "", text.Lit("no GitLab: no project in the configuration, none of the working directory's remotes"),
			text.Lit("sources.gitlab.hosts with projects, or --repo HOST/GROUP/NAME, and GITLAB_TOKEN"))
	}
}

// add watches one project of a host.
func (d *discovery) add(host, path, origin string, explicit bool) {
	for _, h := range d.config.Hosts { // what is configured holds for it too
		if sameHost(orElse(h.URL, h.Host), host) || orElse(h.URL, h.Host) == host {
			h.Projects = []string{path}
			d.merge(h, origin)
			return
		}
	}
	d.merge(HostConfig{Host: host, Projects: []string{path}}, origin)
}

func (d *discovery) merge(h HostConfig, origin string) {
	for _, s := range d.servers {
		if u, err := parseBase(orElse(h.URL, h.Host)); err == nil && s.base.Host == u.Host && s.origin == origin {
			if !slices.Contains(s.projects, h.Projects[0]) {
				s.projects = append(s.projects, h.Projects[0])
				d.finding(core.FindingOK, s.scope, text.Sprintf("project %s (%s)", h.Projects[0], origin), text.Safe{})
			}
			return
		}
	}
	d.server(h, origin)
}

func (d *discovery) configured(h HostConfig) { d.server(h, "sources.gitlab.hosts") }

// server adds a server with what is known of its host.
func (d *discovery) server(h HostConfig, origin string) {
	raw := orElse(orElse(h.URL, h.Host), d.defaultHost())
	base, err := parseBase(raw)
	if err != nil {
		d.finding(core.FindingProblem, h.Name, text.Sprintf("%s: %s is no address of a GitLab: %s", origin, withoutUser(raw), err.Error()), text.Lit("url: https://gitlab.example.com"))
		return
	}
	host := base.Host
	glab := d.glab.Hosts[host]
	if h.URL == "" && !strings.Contains(raw, "://") {
		if glab.APIHost != "" && glab.APIHost != host {
			base.Host = glab.APIHost
		}
		if glab.Protocol == "http" {
			base.Scheme = "http"
		}
		if glab.Subfolder != "" && base.Path == "" {
			base.Path = "/" + strings.Trim(glab.Subfolder, "/")
		}
	}
	h.CAFile = orElse(h.CAFile, glab.CACert)
	h.Settings = h.Within(d.o.Home)
	s := &server{
		scope: orElse(h.Name, host), host: host, base: base, projects: h.Projects, plain: h.PlainHTTP, keep: h.Runs,
		caFile: h.CAFile, origin: origin, pace: defaultPace,
	}
	s.token, s.oauth = d.tokenFor(host, h)
	if s.keep <= 0 {
		s.keep = keepRuns
	}
	for n := 2; slices.ContainsFunc(d.servers, func(o *server) bool { return o.scope == s.scope }); n++ {
		s.scope = orElse(h.Name, host) + "-" + strconv.Itoa(n)
	}
	if len(s.projects) == 0 {
		d.finding(core.FindingProblem, s.scope, text.Sprintf("%s: no projects are named for %s", origin, host), text.Lit("projects: [group/app, group/*]"))
		return
	}
	d.servers = append(d.servers, s)
	if s.token.None() || s.token.Look() != nil {
		p := noToken(host, s.token)
		d.finding(core.FindingMissing, s.scope, p.Summary, p.Hint)
		return
	}
	d.finding(core.FindingOK, s.scope, text.Sprintf("GitLab %s: %s (%s), token from %s", withoutUser(base.String()), strings.Join(s.projects, ", "), origin, s.token.Where), text.Safe{})
}

func (d *discovery) envToken() string {
	for _, name := range []string{"GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "OAUTH_TOKEN"} {
		if d.o.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// tokenFor finds the token of a host. The environment's is for one host only:
// it is never given to another.
func (d *discovery) tokenFor(host string, h HostConfig) (from credential.Origin, oauth bool) {
	if from, ok := h.Origin(d.o.Getenv); ok {
		return from, false
	}
	if name := d.envToken(); name != "" && (sameHost(d.envHost(), host) || d.envHost() == "" && host == "gitlab.com") {
		return credential.Env(d.o.Getenv, name), name == "OAUTH_TOKEN"
	}
	if g := d.glab.Hosts[host]; g.Token != "" {
		return credential.Value(text.Clean(d.glab.path), g.Token), g.OAuth == "true"
	}
	return credential.Origin{}, false
}

// parseBase reads a host or an address.
func parseBase(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("it cannot be read") // the cause quotes it
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it needs https:// and a host")
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = strings.TrimRight(u.Path, "/"), "", "", ""
	return u, nil
}

// withoutUser takes what could be a password out of an address that is to be shown.
func withoutUser(raw string) string {
	before, rest, ok := strings.Cut(raw, "://")
	if !ok {
		before, rest = "", raw
	} else {
		before += "://"
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		rest = rest[i+1:]
	}
	return before + rest
}
