package jenkins

import (
	"context"
	"net/url"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/rest"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Registration adds this source to the table.
var Registration = sources.Registration{ID: ID, Discover: Discover, Section: func() any { return &Config{} }}

// Config is the section sources.jenkins.
type Config struct {
	Servers []ServerConfig `yaml:"servers" doc:"The controllers to watch, instead of the one that JENKINS_URL names."`
}

// ServerConfig is one controller of the configuration.
type ServerConfig struct {
	Name   string   `yaml:"name" doc:"The scope; by default the host."`
	URL    string   `yaml:"url" doc:"The controller's address, with the path that it is served below."`
	User   string   `yaml:"user" doc:"The user id, whose API token the token is; none: anonymous."`
	Jobs   []string `yaml:"jobs" doc:"Only these jobs, by their full names; * stands for any text: team/*."`
	Builds int      `yaml:"builds" doc:"How many builds of each job are listed; by default 10."`

	credential.Settings `yaml:",inline"`
}

// The bounds of ServerConfig.Builds.
const (
	defaultBuilds = 10
	mostBuilds    = 100
)

// server is one controller to connect to.
type server struct {
	scope  string
	base   *url.URL
	user   string
	token  credential.Origin // none: anonymous
	globs  []string
	builds int
	ca     string
	plain  bool
	origin string // who named it
	rate   rest.Rate
}

// Discover finds the controllers: those of the configuration, else the one that
// JENKINS_URL names.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	o = o.Ready()
	var config Config
	if err := o.Configure(ID, &config); err != nil {
		return sources.Found{}, err
	}
	d := discovery{o: o, scopes: map[string]bool{}}
	for _, c := range config.Servers {
		d.configured(c)
	}
	if len(config.Servers) == 0 {
		d.environment()
	}
	return d.found, nil
}

type discovery struct {
	o      sources.Options
	scopes map[string]bool
	found  sources.Found
}

func (d *discovery) finding(level core.FindingLevel, scope string, says, fix text.Safe) {
	d.found.Findings = append(d.found.Findings, core.Finding{Source: ID, Scope: scope, Level: level, Text: says, Fix: fix})
}

func first(getenv func(string) string, names ...string) (name, value string) {
	for _, n := range names {
		if v := getenv(n); v != "" {
			return n, v
		}
	}
	return "", ""
}

// environment takes what Jenkins' own command line takes.
func (d *discovery) environment() {
	raw := d.o.Getenv("JENKINS_URL")
	if raw == "" {
		d.finding(core.FindingMissing, "", text.Lit("no Jenkins: neither sources.jenkins.servers nor JENKINS_URL names one"),
			text.Lit("export JENKINS_URL=https://jenkins.example JENKINS_USER_ID=you JENKINS_API_TOKEN=…"))
		return
	}
	s := server{origin: "JENKINS_URL", builds: defaultBuilds}
	_, s.user = first(d.o.Getenv, "JENKINS_USER_ID", "JENKINS_USER")
	name, token := first(d.o.Getenv, "JENKINS_API_TOKEN", "JENKINS_TOKEN", "JENKINS_PASSWORD")
	if token != "" {
		s.token = credential.Value(text.Clean(name), token)
	}
	d.add(s, "", raw, text.Lit("export JENKINS_USER_ID=you JENKINS_API_TOKEN=…"))
}

func (d *discovery) configured(c ServerConfig) {
	c.Settings = c.Within(d.o.Home)
	s := server{
		origin: "sources.jenkins.servers", user: c.User, globs: c.Jobs, builds: c.Builds, ca: c.CAFile, plain: c.PlainHTTP,
	}
	if s.builds <= 0 {
		s.builds = defaultBuilds
	}
	s.builds = min(s.builds, mostBuilds)
	if c.Named() > 1 {
		d.finding(core.FindingProblem, c.Name, text.Sprintf("%s: only one of token_env, token_file and token_command can be given", c.URL), text.Safe{})
		return
	}
	s.token, _ = c.Origin(d.o.Getenv)
	if p := s.token.Look(); p != nil {
		d.finding(core.FindingProblem, c.Name, text.Sprintf("%s: %s", c.URL, p.Summary), p.Hint)
	}
	d.add(s, c.Name, c.URL, text.Lit("add user and token_command, token_file or token_env to its entry in sources.jenkins.servers"))
}

// add checks an address and makes its source.
func (d *discovery) add(s server, name, raw string, login text.Safe) {
	base, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		d.finding(core.FindingProblem, name, text.Sprintf("%s: no address of a Jenkins", s.origin), text.Lit("it begins with https://"))
		return
	}
	s.base = base
	if s.scope = name; s.scope == "" {
		s.scope = base.Host
		if p := strings.Trim(base.Path, "/"); p != "" && d.scopes[s.scope] {
			s.scope += "/" + p
		}
	}
	if d.scopes[s.scope] {
		d.finding(core.FindingProblem, s.scope, text.Sprintf("two controllers are called %s", s.scope), text.Lit("give each its own name in sources.jenkins.servers"))
		return
	}
	src, err := newSource(s, d.o)
	if err != nil {
		p := asProblem(err)
		d.finding(core.FindingProblem, s.scope, text.Sprintf("Jenkins: %s", p.Summary), p.Hint)
		return
	}
	d.scopes[s.scope] = true
	d.found.Sources = append(d.found.Sources, src)
	where := text.Clean(src.api.Base().Redacted())
	switch {
	case s.token.None() && s.user == "":
		d.finding(core.FindingInfo, s.scope, text.Sprintf("%s (%s): anonymous", where, s.origin), login)
	case s.token.None():
		d.finding(core.FindingMissing, s.scope, text.Sprintf("%s (%s): user %s, but no API token", where, s.origin, s.user),
			text.Sprintf("make one at %s/me/security and set JENKINS_API_TOKEN, or token_command in the configuration", where))
	case s.user == "":
		d.finding(core.FindingMissing, s.scope, text.Sprintf("%s (%s): a token from %s, but no user", where, s.origin, s.token.Where), text.Lit("export JENKINS_USER_ID=you, or user in the configuration"))
	default:
		d.finding(core.FindingOK, s.scope, text.Sprintf("%s (%s), user %s, token from %s", where, s.origin, s.user, s.token.Where), text.Safe{})
	}
}
