package github

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/process"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// host is one GitHub to connect to.
type host struct {
	name     string // the scope
	api      string
	patterns []string // acme/shop, acme/*
	origin   string   // who named the repositories
	conf     HostConfig
	login    ghLogin       // of gh's own configuration
	problem  *core.Problem // why gh's configuration is not used
	gh       string        // path of the gh command; "": none
	getenv   func(string) string
	runs     int
	maxRepos int
}

// ghLogin is what gh's hosts.yml has for a host.
type ghLogin struct {
	token, user string
	known       bool // the host is there: gh has signed in
}

type discovery struct {
	o     sources.Options
	conf  Config
	gh    map[string]ghLogin
	ghBad *core.Problem
	found sources.Found
	hosts []*host
}

// Discover makes a source for each host with repositories: those of --repo; else
// those of the configuration; else those that the remotes of the working
// directory name. It reads files and the environment and sends nothing.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	o = o.Ready()
	d := &discovery{o: o, conf: defaultConfig()}
	if err := o.Configure(ID, &d.conf); err != nil {
		return sources.Found{}, err
	}
	d.readGH()
	for _, h := range d.conf.Hosts {
		d.configured(h)
	}
	switch {
	case len(o.Repos) > 0:
		for _, h := range d.hosts {
			h.patterns = nil
		}
		for _, raw := range o.Repos {
			d.flag(raw)
		}
	case len(d.conf.Hosts) == 0 || slices.ContainsFunc(d.hosts, func(h *host) bool { return len(h.patterns) == 0 }):
		d.remotes()
	}
	for _, h := range d.hosts {
		d.add(h)
	}
	if len(d.hosts) == 0 && len(o.Repos) == 0 {
		d.note("", core.FindingMissing, text.Lit("no repository: the working directory has no remote on GitHub, and the configuration names none"),
			text.Lit("devops-tui --repo OWNER/NAME, or name them at sources.github.hosts"))
	}
	if d.ghBad != nil {
		d.note("", core.FindingProblem, d.ghBad.Summary, d.ghBad.Hint)
	}
	return d.found, nil
}

func (d *discovery) note(scope string, level core.FindingLevel, what, fix text.Safe) {
	d.found.Findings = append(d.found.Findings, core.Finding{Source: ID, Scope: scope, Level: level, Text: what, Fix: fix})
}

// host returns the host of that name, made if it is new.
func (d *discovery) host(name, origin string) *host {
	name = strings.ToLower(name)
	for _, h := range d.hosts {
		if h.name == name {
			return h
		}
	}
	h := &host{name: name, api: apiOf(name), origin: origin, getenv: d.o.Getenv, runs: d.conf.Runs, maxRepos: d.conf.MaxRepos}
	h.login, h.problem = d.gh[name], d.ghBad
	if gh, err := process.Look("gh", d.o.Getenv); err == nil {
		h.gh = gh
	}
	d.hosts = append(d.hosts, h)
	return h
}

func (d *discovery) configured(c HostConfig) {
	if c.Host == "" {
		c.Host = githubCom
	}
	if strings.ContainsAny(c.Host, "/ \t@") {
		d.note("", core.FindingProblem, text.Sprintf("sources.github: %q is no host", c.Host), text.Lit("host: github.com"))
		return
	}
	h := d.host(c.Host, "the configuration")
	h.conf = c
	h.conf.Settings = c.Within(d.o.Home)
	if c.API != "" {
		h.api = c.API
	}
	for _, p := range c.Repos {
		if !isPattern(p) {
			d.note(h.name, core.FindingProblem, text.Sprintf("sources.github: %q is no repository", p), text.Lit("OWNER/NAME or OWNER/*"))
			continue
		}
		h.add(p)
	}
}

// isPattern reports whether p is OWNER/NAME, where NAME may have asterisks.
func isPattern(p string) bool {
	owner, name, ok := strings.Cut(p, "/")
	return ok && isName(owner) && name != "" && isName(strings.ReplaceAll(name, "*", "x"))
}

func isName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func (h *host) add(pattern string) {
	if !slices.ContainsFunc(h.patterns, func(p string) bool { return strings.EqualFold(p, pattern) }) {
		h.patterns = append(h.patterns, pattern)
	}
}

// defaultHost is the host of a repository that is named without one.
func (d *discovery) defaultHost() string {
	if h := d.o.Getenv("GH_HOST"); h != "" {
		return h
	}
	return githubCom
}

// flag takes a repository of --repo. Other systems take theirs from the same
// flag: a host that is none of GitHub's is passed over.
func (d *discovery) flag(raw string) {
	name, path := d.defaultHost(), raw
	if first, rest, ok := strings.Cut(raw, "/"); ok && strings.Contains(rest, "/") {
		if name = strings.ToLower(first); !d.ours(name) {
			return
		}
		path = rest
	}
	if !isPattern(path) {
		return
	}
	d.host(name, "--repo").add(path)
}

// ours reports whether a host is one of GitHub's: its own service, or one that
// gh, GH_HOST or the configuration knows.
func (d *discovery) ours(name string) bool {
	_, known := d.gh[name]
	return isCloud(name) || known || strings.EqualFold(name, d.o.Getenv("GH_HOST")) ||
		slices.ContainsFunc(d.hosts, func(h *host) bool { return h.name == name })
}

// remotes takes the repositories of the working directory for hosts that name
// none themselves.
func (d *discovery) remotes() {
	if d.o.WorkDir == "" {
		return
	}
	remotes, err := ci.Remotes(d.o.WorkDir, ci.UserConfigs(d.o.Home, d.o.Getenv)...)
	if err != nil {
		d.note("", core.FindingProblem, text.Sprintf("the remotes of the working directory: %s", err.Error()), text.Lit("git remote -v"))
		return
	}
	named := map[string]bool{}
	for _, h := range d.hosts {
		named[h.name] = len(h.patterns) > 0
	}
	for _, r := range remotes {
		if d.ours(r.Host) && !named[r.Host] && isPattern(r.Path) && !strings.Contains(r.Path, "*") {
			d.host(r.Host, "remote "+r.Name).add(r.Path)
		}
	}
}

// readGH reads the hosts that the gh command knows.
func (d *discovery) readGH() {
	d.gh = map[string]ghLogin{}
	folder := d.o.Getenv("GH_CONFIG_DIR")
	switch {
	case folder != "":
	case d.o.Getenv("XDG_CONFIG_HOME") != "":
		folder = filepath.Join(d.o.Getenv("XDG_CONFIG_HOME"), "gh")
	case d.o.Home != "":
		folder = filepath.Join(d.o.Home, ".config", "gh")
	default:
		return
	}
	raw, err := credential.ReadFile(filepath.Join(folder, "hosts.yml"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		if !errors.As(err, &d.ghBad) {
			d.ghBad = &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("gh's hosts.yml: %s", err.Error()), Hint: text.Lit("gh auth login")}
		}
		return
	}
	var hosts map[string]struct {
		Token string `yaml:"oauth_token"`
		User  string `yaml:"user"`
		Users map[string]struct {
			Token string `yaml:"oauth_token"`
		} `yaml:"users"`
	}
	if err := yaml.Unmarshal([]byte(raw), &hosts); err != nil {
		// The message of the parser may quote the file, which has tokens.
		d.ghBad = &core.Problem{Kind: core.Invalid, Summary: text.Lit("gh's hosts.yml cannot be read"), Hint: text.Lit("gh auth login")}
		return
	}
	for name, h := range hosts {
		l := ghLogin{token: h.Token, user: h.User, known: true}
		if l.token == "" && h.User != "" {
			l.token = h.Users[h.User].Token
		}
		d.gh[strings.ToLower(name)] = l
	}
}

// add makes the source of a host.
func (d *discovery) add(h *host) {
	if len(h.patterns) == 0 {
		d.note(h.name, core.FindingMissing, text.Sprintf("%s: no repository is named", h.name), text.Lit("devops-tui --repo OWNER/NAME, or repos at sources.github.hosts"))
		return
	}
	s, err := newSource(h, d.o.Gate)
	if err != nil {
		d.note(h.name, core.FindingProblem, text.Sprintf("%s: %s", h.name, err.Error()), text.Lit("check sources.github.hosts"))
		return
	}
	d.found.Sources = append(d.found.Sources, s)
	d.note(h.name, core.FindingOK, text.Sprintf("%s: %s (%s), API at %s", h.name, h.repos(), h.origin, apiShown(h.api)), text.Safe{})
	where, ok, fix := h.tokenPlace()
	level := core.FindingOK
	if !ok {
		level = core.FindingMissing
	}
	d.note(h.name, level, text.Sprintf("%s: %s", h.name, where), fix)
}

// repos names the repositories, the first few of them.
func (h *host) repos() text.Safe {
	if len(h.patterns) > 3 {
		return text.Sprintf("%s and %d more", strings.Join(h.patterns[:3], ", "), len(h.patterns)-3)
	}
	return text.Clean(strings.Join(h.patterns, ", "))
}

// apiShown is an address without what could be a secret in it.
func apiShown(api string) string {
	u, err := url.Parse(api)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Scheme + "://" + u.Host + u.Path
}
