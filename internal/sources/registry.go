package sources

import (
	"context"

	"devops-tui/internal/core"
)

// Options is what discovery may use: the flags, the environment, the
// configuration of the user.
type Options struct {
	Contexts      []string // --context: kubeconfig contexts; empty: the current one
	Namespace     string   // --namespace: "" the context's own or all
	AllNamespaces bool     // --all-namespaces
	Repos         []string // --repo: OWNER/NAME, or HOST/OWNER/NAME; empty: the configuration's and the working directory's
	DockerHosts   []string // --docker-host: empty: what the environment and the Docker contexts say
	Getenv        func(string) string
	Home          string // the user's home folder
	WorkDir       string
	StateDir      string // folder for what a source remembers, made at the first write; "": it remembers nothing
	Gate          *Gate  // every request that leaves passes it
	// Section decodes the configuration section sources.<id> strictly into v;
	// no section leaves v as it is.
	Section func(id string, v any) error
}

// Found is the result of a discovery.
type Found struct {
	Sources  []Source
	Findings []core.Finding // what was found, missed, and the command that fixes it
}

// Registration is one line of package all.
type Registration struct {
	ID string
	// Discover finds the instances. It is quick and local: it reads files and
	// the environment and sends nothing.
	Discover func(ctx context.Context, o Options) (Found, error)
	// Section returns a pointer to the source's configuration section with its
	// defaults, for the schema and the reference; nil: it has none.
	Section func() any
}
