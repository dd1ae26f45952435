package docker

import (
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// actCommand is the command line of the cockpit for a change that no docker
// command makes.
func (s *Source) actCommand(verb string, ref core.Ref, set ...string) text.Safe {
	words := []string{"devops-tui"}
	if s.host.scope != "local" {
		words = append(words, "--docker-host", quoteArg(s.host.url))
	}
	ref.Scope = ""
	words = append(words, "act", verb, quoteArg(ref.String()))
	for _, p := range set {
		words = append(words, "--set", quoteArg(p))
	}
	return text.CleanLong(strings.Join(append(words, "--yes"), " "))
}
