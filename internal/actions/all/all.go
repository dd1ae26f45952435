// Package all is the table of the verbs: one line each.
package all

import (
	"devops-tui/internal/actions"
	"devops-tui/internal/actions/restart"
)

// Verbs are all verbs, in the order of menus.
func Verbs() []actions.Verb {
	return []actions.Verb{
		restart.Verb(),
	}
}
