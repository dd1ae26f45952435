package gitlab

import (
	"net/url"
	"time"

	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
)

// ID is the source id.
const ID = "gitlab"

// Registration adds this source to the table.
var Registration = sources.Registration{ID: ID, Discover: Discover, Section: func() any { return &Config{} }}

// Config is the section sources.gitlab.
type Config struct {
	Hosts []HostConfig `yaml:"hosts" doc:"The GitLab servers to watch, and their projects."`
}

// HostConfig is one server of the configuration.
type HostConfig struct {
	Name     string   `yaml:"name" doc:"The scope; by default the host."`
	Host     string   `yaml:"host" doc:"gitlab.com, or the host of your own server."`
	URL      string   `yaml:"url" doc:"Instead of a host, where the server has a path or another port: https://example.com/gitlab."`
	Projects []string `yaml:"projects" doc:"What to watch: group/app, group/* for all below a group, or * for those you are a member of."`
	Runs     int      `yaml:"runs" doc:"How many pipelines of a project are kept; by default 40."`

	credential.Settings `yaml:",inline"`
}

// server is one GitLab to connect to.
type server struct {
	scope    string
	host     string // as remotes and glab name it
	base     *url.URL
	projects []string // paths, and patterns that end in "/*"; "*"
	token    credential.Origin
	oauth    bool // the token is a bearer
	caFile   string
	plain    bool
	keep     int // pipelines of a project
	origin   string
	pace     pace
}

// pace is how often things are asked.
type pace struct {
	watched  time.Duration // what is in sight and goes on
	wanted   time.Duration // what a list shows
	idle     time.Duration // what nobody looks at; doubles up to idleMost
	idleMost time.Duration
	full     time.Duration // a whole list instead of what has changed
	groups   time.Duration // which projects there are
	verify   time.Duration // a change is read back
	trace    time.Duration // a log that grows
	alive    time.Duration // an answer as young needs no probe
}

var defaultPace = pace{
	watched: 4 * time.Second, wanted: 20 * time.Second, idle: time.Minute, idleMost: 5 * time.Minute, full: 10 * time.Minute,
	groups: 10 * time.Minute, verify: 2 * time.Second, trace: 3 * time.Second, alive: 4 * time.Second,
}

// keepRuns is how many pipelines of a project are kept unless configured.
const keepRuns = 40
