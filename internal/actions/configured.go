package actions

import (
	"devops-tui/internal/config"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Environments finds where an object belongs; *config.Config is one.
type Environments interface {
	Environment(ref core.Ref) config.Environment
}

// FromConfig is the policies of the user's configuration. A level that this
// package does not know denies.
func FromConfig(c Environments) Policies {
	return PolicyFunc(func(ref core.Ref, verb string, danger int) Policy {
		env := c.Environment(ref)
		level, err := ParseLevel(env.Policy(verb, danger).String())
		p := Policy{
			Level: level, Environment: text.Clean(env.Name), Color: env.Color,
			MaxBulk: env.MaxBulk, ReadOnly: env.ReadOnly, NoGlass: env.NoGlass,
		}
		if err != nil {
			p.Why = text.Error(err)
		}
		return p
	})
}
