package github

import (
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
)

// ID is the source id.
const ID = "github"

// Registration is the line of package all.
var Registration = sources.Registration{ID: ID, Discover: Discover, Section: func() any { c := defaultConfig(); return &c }}

// Config is the section sources.github.
type Config struct {
	Hosts    []HostConfig `yaml:"hosts" doc:"The GitHub hosts and their repositories, instead of those that the working directory's remotes name."`
	Runs     int          `yaml:"runs" doc:"How many of the newest runs of each repository are kept." min:"5" max:"100" example:"50"`
	MaxRepos int          `yaml:"max_repos" doc:"How many repositories a pattern may stand for." min:"1" max:"1000" example:"100"`
}

// HostConfig is one host of the configuration.
type HostConfig struct {
	Host  string   `yaml:"host" doc:"github.com, or the name of a GitHub Enterprise server."`
	API   string   `yaml:"api" doc:"The address of its API, where it is not the usual one."`
	Repos []string `yaml:"repos" doc:"OWNER/NAME or OWNER/*; by default what the working directory's remotes name on this host."`

	credential.Settings `yaml:",inline"`
}

func defaultConfig() Config { return Config{Runs: 50, MaxRepos: 100} }

// apiOf is the usual address of a host's API.
func apiOf(host string) string {
	switch {
	case host == githubCom:
		return "https://api.github.com"
	case strings.HasSuffix(host, ".ghe.com"):
		return "https://api." + host
	}
	return "https://" + host + "/api/v3"
}

const githubCom = "github.com"

// isCloud reports whether a host is GitHub's own service, not a server of its
// customer.
func isCloud(host string) bool { return host == githubCom || strings.HasSuffix(host, ".ghe.com") }

// The kinds that are watched when nobody says which.
var defaultKinds = []string{kindRun}

var (
	_ sources.Source    = (*Source)(nil)
	_ sources.Getter    = (*Source)(nil)
	_ sources.Tailer    = (*Source)(nil)
	_ sources.Describer = (*Source)(nil)
	_ sources.Eventer   = (*Source)(nil)
	_ sources.Permitter = (*Source)(nil)
	_ sources.Former    = (*Source)(nil)
	_ sources.Deployer  = (*Source)(nil)
	_ sources.Roller    = (*Source)(nil)
	_ sources.Rerunner  = (*Source)(nil)
	_ sources.Canceller = (*Source)(nil)
	_ sources.Approver  = (*Source)(nil)
	_ sources.Outliner  = (*Source)(nil)
	_ sources.Explainer = (*Source)(nil)
	_ sources.Historian = (*Source)(nil)
	_ sources.Finder    = (*Source)(nil)
	_ sources.Diagnoser = (*Source)(nil)
)

// place is the ref of a repository of this host, for the write gate.
func (s *Source) place(path string) core.Ref {
	return core.Ref{Source: ID, Scope: s.host.name, Namespace: path}
}
