// Package diff compares texts line by line, for people to read.
package diff

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"devops-tui/internal/text"
)

// Lines is what differs between two texts, with n lines of context around each
// difference: "- " went, "+ " came, "  " stayed, "@@ … @@" where lines are left
// out between differences. Equal texts have none.
func Lines(before, after []string, n int) []text.Line {
	old, now := join(before), join(after)
	u, err := udiff.ToUnifiedDiff("", "", old, udiff.Lines(old, now), n)
	if err != nil { // the edits are of that very text
		return nil
	}
	var out []text.Line
	for i, h := range u.Hunks {
		if i > 0 {
			out = append(out, text.Sprintf("@@ line %d @@", h.ToLine).Line())
		}
		for _, l := range h.Lines {
			sign := "  "
			switch l.Kind {
			case udiff.Delete:
				sign = "- "
			case udiff.Insert:
				sign = "+ "
			}
			out = append(out, text.CleanLine(sign+strings.TrimSuffix(l.Content, "\n")))
		}
	}
	return out
}

func join(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
