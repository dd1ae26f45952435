package argocd

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

type discovery struct {
	o     sources.Options
	found sources.Found
	all   []*server
}

// Discover finds the API servers: those of the configuration; else the one of
// ARGOCD_SERVER and ARGOCD_OPTS; else that of the argocd command's current context. It
// reads files and the environment and sends nothing.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	o = o.Ready()
	d := &discovery{o: o}
	var conf Config
	if err := o.Configure(ID, &conf); err != nil {
		return sources.Found{}, err
	}
	opts := flags(o.Getenv("ARGOCD_OPTS"))
	switch {
	case len(conf.Servers) > 0:
		for _, c := range conf.Servers {
			d.add(&server{scope: c.Name, url: c.URL, origin: "the configuration", conf: c})
		}
	case o.Getenv("ARGOCD_SERVER") != "" || opts["server"] != "":
		d.environment(opts)
	default:
		d.command(opts)
	}
	for _, s := range d.all {
		src, err := newSource(s, o)
		if err != nil {
			d.note(s.scope, core.FindingProblem, text.Sprintf("Argo CD at %s: %s", s.scope, err.Error()), text.Lit("check sources.argocd"))
			continue
		}
		d.found.Sources = append(d.found.Sources, src)
		where, ok, fix := s.tokenPlace()
		level := core.FindingOK
		if !ok {
			level = core.FindingMissing
		}
		d.note(s.scope, level, text.Sprintf("Argo CD at %s by %s; %s", s.url, s.origin, where), fix)
	}
	return d.found, nil
}

func (d *discovery) note(scope string, level core.FindingLevel, what, fix text.Safe) {
	d.found.Findings = append(d.found.Findings, core.Finding{Source: ID, Scope: scope, Level: level, Text: what, Fix: fix})
}

// add keeps a server under a scope of its own.
func (d *discovery) add(s *server) {
	s.getenv = d.o.Getenv
	s.conf.Settings = s.conf.Within(d.o.Home)
	u, err := url.Parse(s.url)
	if err != nil || u.Host == "" {
		d.note(s.scope, core.FindingProblem, text.Sprintf("sources.argocd: %q is no address", s.url), text.Lit("url: https://argocd.example.com"))
		return
	}
	if s.scope == "" {
		s.scope = u.Host
	}
	base := s.scope
	for n := 2; d.has(s.scope); n++ {
		s.scope = base + "-" + strconv.Itoa(n)
	}
	d.all = append(d.all, s)
}

func (d *discovery) has(scope string) bool {
	for _, s := range d.all {
		if s.scope == scope {
			return true
		}
	}
	return false
}

func (d *discovery) environment(opts map[string]string) {
	host, origin := d.o.Getenv("ARGOCD_SERVER"), "ARGOCD_SERVER"
	if host == "" {
		host, origin = opts["server"], "ARGOCD_OPTS"
	}
	plain := opts["plaintext"] == "true"
	s := &server{url: address(host, opts["grpc-web-root-path"], plain), origin: origin, token: d.o.Getenv("ARGOCD_AUTH_TOKEN")}
	s.conf.PlainHTTP, s.conf.Insecure, s.conf.CAFile = plain, opts["insecure"] == "true", opts["server-crt"]
	if s.token == "" {
		s.token = opts["auth-token"]
	}
	// Whoever has logged in to the same server may leave the token to the command.
	if c, err := readCLI(cliPath(d.o.Getenv, d.o.Home)); s.token == "" && err == nil && c != nil {
		for _, x := range c.Contexts {
			if x.Server == host {
				d.attach(s, c, x.Name)
				break
			}
		}
	}
	d.add(s)
}

// attach takes token and TLS of a context of the argocd command.
func (d *discovery) attach(s *server, c *cliConfig, name string) {
	user, _, cli, _ := c.context(name)
	s.context, s.user, s.cliFile, s.tls = name, user, cliPath(d.o.Getenv, d.o.Home), cli.files()
	s.conf.Insecure = s.conf.Insecure || cli.Insecure
}

// command takes the current context of the argocd command.
func (d *discovery) command(opts map[string]string) {
	path := cliPath(d.o.Getenv, d.o.Home)
	c, err := readCLI(path)
	if err != nil {
		p, ok := err.(*core.Problem)
		if !ok {
			p = &core.Problem{Summary: text.Error(err)}
		}
		d.note("", core.FindingProblem, p.Summary, p.Hint)
		return
	}
	missing := func(why text.Safe) {
		d.note("", core.FindingMissing, why, text.Lit("argocd login SERVER, or set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN; without a server, applications are read from the cluster"))
	}
	if c == nil {
		missing(text.Lit("no Argo CD server: neither the configuration, nor ARGOCD_SERVER, nor the argocd command names one"))
		return
	}
	name := opts["argocd-context"]
	if name == "" {
		name = c.Current
	}
	_, _, cli, ok := c.context(name)
	switch {
	case !ok:
		missing(text.Sprintf("the argocd command has no context %s", name))
		return
	case cli.Core || opts["core"] == "true" || cli.Server == "kubernetes":
		d.note("", core.FindingInfo, text.Sprintf("the argocd command's context %s is core mode: its applications are read from the cluster", name), text.Safe{})
		return
	}
	s := &server{scope: name, url: address(cli.Server, cli.RootPath, cli.PlainText), origin: "the argocd command's context " + name}
	s.conf.PlainHTTP = cli.PlainText
	d.attach(s, c, name)
	d.add(s)
	var others []string
	for _, x := range c.Contexts {
		if x.Name != name {
			others = append(others, x.Name)
		}
	}
	if len(others) > 0 {
		d.note(name, core.FindingInfo, text.Sprintf("further contexts that are not watched: %s", strings.Join(others, ", ")), text.Lit("name their servers at sources.argocd.servers"))
	}
}

// authority reads the certificate authority.
func (s *server) authority() ([]byte, error) {
	if s.conf.CAFile == "" {
		return s.tls.ca, nil
	}
	b, err := os.ReadFile(s.conf.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	return b, nil
}

// tokenPlace says where the token comes from, without asking for it; ok is
// false when there is none, and fix is the step that gives one.
func (s *server) tokenPlace() (where text.Safe, ok bool, fix text.Safe) {
	o := s.tokenOrigin()
	switch p := o.Look(); {
	case !o.None() && p == nil:
		return text.Sprintf("token from %s", o.Where), true, text.Safe{}
	case p != nil && s.conf.Named() > 0:
		return p.Summary, false, p.Hint
	}
	return text.Lit("no token"), false, s.login()
}

// login is the step that gives a new token.
func (s *server) login() text.Safe {
	if s.context != "" {
		return text.Sprintf("argocd relogin --argocd-context %s", s.context)
	}
	if o, ok := s.conf.Origin(s.getenv); ok {
		return text.Sprintf("make a new one (argocd account generate-token) for %s", o.Where)
	}
	return text.Sprintf("argocd login %s, or set ARGOCD_AUTH_TOKEN", strings.TrimPrefix(strings.TrimPrefix(s.url, "https://"), "http://"))
}
