package views_test

import (
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/viewstest"
)

// The last run that went well is a key away, also when no list has it any more.
func TestFromAFailureToTheLastGreenRun(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := run(t, viewstest.New(), "1842")
		for !strings.Contains(s.Screen(), "▸last green") {
			s.Type("j")
		}
		s.Type("enter")
		s.Shows("run/acme/api/ci/1840", "✓ success  3 of 3", "#1840", "read the pool size", "✓ test (1.26)")
		s.Hides("why failed", "is on no list", "gone")
		s.Type("C")
		s.Pass(time.Second)
		s.Shows("cancel run/acme/api/ci/1840")
		s.Type("esc", "esc")
		s.Shows("▸last green")
		s.Type("k", "enter") // the annotation: the log of the job that made it
		s.Shows("[Logs]", "--- FAIL: TestPoolSize")
	})
}

// What no list has (any more) its system tells: asked once, again when it was
// changed from here or the user says so, and not while a list has it.
func TestARunThatIsOnNoList(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		s := run(t, w, "1842")
		if n := len(w.Backend.Gets()); n != 0 {
			t.Errorf("asked %d times for what is listed", n)
		}
		ref := w.Find(viewstest.GitHub, "run", "acme/api", "ci/1842").Ref
		row := *w.Find(viewstest.GitHub, "run", "acme/api", "ci/1842")
		w.Backend.GetOf = func(core.Ref) (*core.Resource, error) { r := row; return &r, nil }
		w.Delete(ref) // newer ones took its place
		s.Settle()
		s.Shows("✗ failure", "pool size 200")
		s.Hides("gone", "is on no list")
		s.Pass(time.Minute)
		if got := w.Backend.Gets(); len(got) != 1 || got[0] != ref {
			t.Errorf("asked for %v", got)
		}
		row.Phase, row.Reason, row.Changed = core.Succeeded, text.Lit("success"), time.Now().UnixNano()
		s.Type("r")
		s.Settle()
		s.Shows("✓ success")
		s.Hides("why failed")
		s.Type("R")
		s.Pass(time.Second)
		s.Shows("rerun run/acme/api/ci/1842")
		s.Type("enter")
		s.Pass(time.Second)
		n := len(w.Backend.Gets())
		s.Type("y")
		s.Pass(time.Minute)
		if got := len(w.Backend.Gets()); got <= n || got > n+2 {
			t.Errorf("asked %d times after it was changed", got-n)
		}
	})
	viewstest.Bubble(t, func(t *testing.T) { // that nobody has
		w := viewstest.New()
		s := run(t, w, "1842")
		w.Backend.GetOf = func(core.Ref) (*core.Resource, error) {
			return nil, &core.Problem{Kind: core.NotFound, Summary: text.Lit("no such run")}
		}
		w.Delete(w.Find(viewstest.GitHub, "run", "acme/api", "ci/1842").Ref)
		s.Settle()
		s.Shows("✗ failure", "gone")
	})
	viewstest.Bubble(t, func(t *testing.T) { // an answer that comes late, or never
		w := viewstest.New()
		s := run(t, w, "1842")
		wait := make(chan struct{})
		w.Backend.GetOf = func(core.Ref) (*core.Resource, error) {
			<-wait
			return nil, &core.Problem{Kind: core.Unreachable, Summary: text.Lit("github.com does not answer")}
		}
		for !strings.Contains(s.Screen(), "▸last green") {
			s.Type("j")
		}
		s.Type("enter")
		s.Shows("run/acme/api/ci/1840 is on no list")
		s.Type("C")
		s.Shows("its system has not told of it yet; r asks again")
		close(wait)
		s.Settle()
		s.Shows("is on no list: github.com does not answer")
		w.Backend.GetOf = nil
		s.Type("r")
		s.Settle()
		s.Shows("✓ success")
	})
}
