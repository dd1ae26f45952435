package pipeline

import (
	"strings"
	"time"

	"devops-tui/test/program"
)

// byName answers a question that asks for the object's name. Nothing is sent
// before the last key.
func byName(s *program.Screen, phrase string) {
	s.T.Helper()
	prompt := "type " + phrase + " to confirm: "
	s.WaitText(program.Patience, prompt)
	s.WaitIdle(400*time.Millisecond, program.Patience) // a dialog takes nothing in its first moments
	s.Type(phrase)
	s.WaitText(program.Patience, prompt+phrase)
	s.Again(prompt, "enter")
}

// tabTo opens a tab of a page: the title is marked, and then all of texts are
// there.
func tabTo(s *program.Screen, texts ...string) string {
	s.T.Helper()
	for range 12 {
		s.Send("]")
		if s.Seen(3*time.Second, func(v string) bool {
			for _, x := range texts {
				if !strings.Contains(v, x) {
					return false
				}
			}
			return true
		}) {
			return s.Screen()
		}
	}
	s.T.Fatalf("no tab has %q:\n%s", texts, s.Screen())
	return ""
}
