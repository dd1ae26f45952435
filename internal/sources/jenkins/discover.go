package jenkins

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"devops-tui/internal/core"
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
	Name         string   `yaml:"name" doc:"The scope; by default the host."`
	URL          string   `yaml:"url" doc:"The controller's address, with the path that it is served below."`
	User         string   `yaml:"user" doc:"The user id; none: anonymous."`
	TokenEnv     string   `yaml:"token_env" doc:"The environment variable that holds the user's API token."`
	TokenFile    string   `yaml:"token_file" doc:"The file that holds the user's API token; nobody else may read it."`
	TokenCommand []string `yaml:"token_command" doc:"The command that prints the user's API token: the program and its arguments."`
	Jobs         []string `yaml:"jobs" doc:"Only these jobs, by their full names; * stands for any text: team/*."`
	Builds       int      `yaml:"builds" doc:"How many builds of each job are listed; by default 10."`
	CAFile       string   `yaml:"ca_file" doc:"File of the certificate authority, PEM, besides the system's."`
	PlainHTTP    bool     `yaml:"plain_http" doc:"Allow http:// to another machine: everybody on the way can read the token."`
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
	secret *secret // nil: anonymous
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
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	var config Config
	if o.Section != nil {
		if err := o.Section(ID, &config); err != nil {
			return sources.Found{}, fmt.Errorf("configuration sources.jenkins: %w", err)
		}
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
		s.secret = &secret{from: name, read: constant(token)}
	}
	d.add(s, "", raw, text.Lit("export JENKINS_USER_ID=you JENKINS_API_TOKEN=…"))
}

func (d *discovery) configured(c ServerConfig) {
	s := server{
		origin: "sources.jenkins.servers", user: c.User, globs: c.Jobs, builds: c.Builds, ca: d.path(c.CAFile), plain: c.PlainHTTP,
	}
	if s.builds <= 0 {
		s.builds = defaultBuilds
	}
	s.builds = min(s.builds, mostBuilds)
	given := 0
	if c.TokenEnv != "" {
		given++
		if v := d.o.Getenv(c.TokenEnv); v != "" {
			s.secret = &secret{from: c.TokenEnv, read: constant(v)}
		} else {
			d.finding(core.FindingProblem, c.Name, text.Sprintf("%s is not set: it should hold the API token of %s", c.TokenEnv, c.URL), text.Sprintf("export %s=…", c.TokenEnv))
		}
	}
	if c.TokenFile != "" {
		given++
		file := d.path(c.TokenFile)
		s.secret = &secret{from: file, read: func(context.Context) (string, error) { return rest.ReadSecretFile(file) }}
		if _, err := rest.ReadSecretFile(file); err != nil {
			p := asProblem(err)
			d.finding(core.FindingProblem, c.Name, p.Summary, p.Hint)
		}
	}
	if len(c.TokenCommand) > 0 {
		given++
		s.secret = &secret{from: "token_command", read: command(c.TokenCommand)}
	}
	if given > 1 {
		d.finding(core.FindingProblem, c.Name, text.Sprintf("%s: only one of token_env, token_file and token_command can be given", c.URL), text.Safe{})
		return
	}
	d.add(s, c.Name, c.URL, text.Lit("add user and token_command, token_file or token_env to its entry in sources.jenkins.servers"))
}

// path is a file of the configuration; relative ones are below the home folder.
func (d *discovery) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(d.o.Home, strings.TrimPrefix(p, "~/"))
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
	case s.secret == nil && s.user == "":
		d.finding(core.FindingInfo, s.scope, text.Sprintf("%s (%s): anonymous", where, s.origin), login)
	case s.secret == nil:
		d.finding(core.FindingMissing, s.scope, text.Sprintf("%s (%s): user %s, but no API token", where, s.origin, s.user),
			text.Sprintf("make one at %s/me/security and set JENKINS_API_TOKEN, or token_command in the configuration", where))
	case s.user == "":
		d.finding(core.FindingMissing, s.scope, text.Sprintf("%s (%s): a token from %s, but no user", where, s.origin, s.secret.from), text.Lit("export JENKINS_USER_ID=you, or user in the configuration"))
	default:
		d.finding(core.FindingOK, s.scope, text.Sprintf("%s (%s), user %s, token from %s", where, s.origin, s.user, s.secret.from), text.Safe{})
	}
}
