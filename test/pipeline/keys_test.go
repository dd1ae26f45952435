package pipeline

import (
	"regexp"
	"strings"
	"time"

	"devops-tui/test/program"
)

var nameAsked = regexp.MustCompile(`type (\S+) to confirm: `)

// byName answers a question that asks for the object's name, which ends with
// name. Nothing is sent before the last key.
func byName(s *program.Screen, name string) {
	s.T.Helper()
	v := s.WaitFor(func(v string) bool { return nameAsked.MatchString(v) }, program.Patience)
	phrase := nameAsked.FindStringSubmatch(v)[1]
	if !strings.HasSuffix(phrase, name) {
		s.T.Errorf("the name to type is %s, not that of %s", phrase, name)
	}
	s.WaitIdle(400*time.Millisecond, program.Patience) // a dialog takes nothing in its first moments
	s.Type(phrase)
	s.WaitText(program.Patience, "to confirm: "+phrase)
	s.Again("to confirm: ", "enter")
}

// noWayBack presses U after a change that cannot be taken back: the program says
// so, and sends nothing.
func noWayBack(s *program.Screen, p *tap) {
	s.T.Helper()
	s.Send("U")
	s.WaitText(program.Patience, "nothing to undo")
	p.none(s.T)
	s.Again("nothing to undo", "esc")
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
