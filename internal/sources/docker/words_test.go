package docker

import (
	"strings"

	"devops-tui/internal/text"
)

// linesOf joins what a plan says.
func linesOf(says []text.Safe) string {
	var out []string
	for _, x := range says {
		out = append(out, x.String())
	}
	return strings.Join(out, "\n")
}
