package views_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// on opens the cockpit with one workload of staging selected.
func on(t viewstest.TB, w *viewstest.World, options ...func(*views.Options)) *viewstest.Session {
	t.Helper()
	s := viewstest.Open(t, w, options...)
	s.Type("3")
	find(s, "scope:staging web")
	return s
}

func last(t viewstest.TB, s *viewstest.Session) string {
	t.Helper()
	asked := s.World.Cluster.Asked()
	if len(asked) == 0 {
		t.Fatal("nothing was planned")
	}
	return asked[len(asked)-1]
}

// The form is planned as it stands, once it rests; what is confirmed is the
// plan of what is shown.
func TestTheFormIsPlannedAsItStands(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("S")
		s.Shows("replicas", "3", "0 to 1000", "enter goes on to confirm")
		s.Hides("y confirms · ")
		s.Type("1", "2")
		s.Shows("planning anew")
		if n := len(s.World.Cluster.Asked()); n != 1 {
			t.Errorf("%d plans while typing", n)
		}
		s.Pass(200 * time.Millisecond)
		s.Shows("3 → 12")
		if n := len(s.World.Cluster.Asked()); n != 2 {
			t.Errorf("%d plans for one change of the form", n)
		}
		s.Type("+", "+", "-")
		s.Pass(time.Second)
		s.Shows("3 → 13")
		s.Type("y") // nothing that is typed into the form confirms
		s.Type("enter")
		s.Shows("y confirms", "back to the form")
		s.Pass(time.Second)
		s.Type("y")
		if got := s.World.Cluster.Changed(); len(got) != 1 || last(t, s) != "scale web map[replicas:13]" {
			t.Errorf("changed %v after %s", got, last(t, s))
		}
		s.Shows("healthy: verified", "U undoes it")
	})
}

// Enter right after typing waits for the plan of what was typed; it never goes
// on with the plan before it.
func TestEnterWaitsForThePlanOfTheForm(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("S", "7", "enter")
		s.Shows("goes on when the plan is there")
		s.Pass(time.Second)
		s.Shows("3 → 7", "y confirms")
		s.Type("esc")
		s.Shows("enter goes on to confirm")
		s.Type("8", "enter", "9") // a key after enter takes it back
		s.Pass(time.Second)
		s.Shows("enter goes on to confirm", "3 → 789")
		s.Type("esc")
		s.Hides("replicas")
		if n := len(s.World.Cluster.Changed()); n > 0 {
			t.Errorf("%d changes", n)
		}
	})
}

// Back from the question to the form and on again: the plan is a new one, armed
// anew, so that a held enter does not run through.
func TestAHeldEnterDoesNotRunThroughTheForm(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Cluster.Dress = func(p *core.Plan) { p.Preview = text.Safe{} }
		s := viewstest.Open(t, w)
		s.Type("4")
		find(s, "shop-db", "D", "tab", "down") // local: enter confirms
		s.Pass(time.Second)
		for range 5 {
			for range 100 {
				s.Rush(viewstest.Key("enter"))
				s.Settle()
				viewstest.Elapse(30 * time.Millisecond)
			}
			s.Type("esc")
		}
		if n := len(w.Cluster.Changed()); n > 0 {
			t.Errorf("a held enter changes %d objects", n)
		}
	})
}

// What is wrong in a field stands beside it, is not planned, and loses nothing.
func TestErrorsOfAFieldStandBesideIt(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("S", "9", "9", "9", "9")
		s.Pass(time.Second)
		s.Shows("at most 1000", "replicas is not right yet", "9999")
		s.Type("enter")
		s.Shows("at most 1000", "enter goes on")
		if got := s.World.Cluster.Asked(); len(got) != 1 {
			t.Errorf("planned %v", got)
		}
		s.Type("backspace")
		s.Pass(time.Second)
		s.Shows("3 → 999")
		s.Type("ctrl+u")
		s.Pass(time.Second)
		s.Shows("is needed")
		s.Send(tea.PasteMsg{Content: " 42\n"})
		s.Pass(time.Second)
		s.Shows("3 → 42")
	})
}

// A table of choices: what cannot be chosen is passed over and says why; a
// click chooses and confirms nothing.
func TestChoices(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		s := viewstest.Open(t, w)
		s.Type("3")
		find(s, "scope:prod api", "B")
		s.Pass(time.Second)
		s.Shows("CHANGE CAUSE", "now", "its image is gone")
		if !strings.Contains(last(t, s), "to:41") {
			t.Error(last(t, s))
		}
		s.Type("j")
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "to:40") {
			t.Error(last(t, s))
		}
		s.Type("down") // 39 cannot be chosen: to the next field
		s.Type("right")
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "to:40") || !strings.Contains(last(t, s), "via:helm") {
			t.Error(last(t, s))
		}
		click := func(words string) {
			for y, l := range strings.Split(s.Screen(), "\n") {
				if x := strings.Index(l, words); x >= 0 {
					s.Send(tea.MouseClickMsg{X: len([]rune(l[:x])), Y: y, Button: tea.MouseLeft})
					return
				}
			}
			t.Fatalf("%q is not on the screen", words)
		}
		click("pool size 200")
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "to:41") {
			t.Error(last(t, s))
		}
		click("its image is gone")
		s.Shows("its image is gone")
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "to:41") {
			t.Error("what cannot be chosen was")
		}
		if n := len(w.Cluster.Changed()); n > 0 {
			t.Errorf("%d changes", n)
		}
	})
}

// A field that is open takes what is typed; paste is allowed there, and nowhere
// where a name confirms.
func TestOpenChoiceTakesTypedAndPastedText(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("D", "tab")
		s.Write("registry/web:9")
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "image:registry/web:9") {
			t.Error(last(t, s))
		}
		s.Type("ctrl+u")
		s.Send(tea.PasteMsg{Content: "registry/web@sha256:abc\n"})
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "image:registry/web@sha256:abc") {
			t.Error(last(t, s))
		}
		s.Type("up")
		s.Pass(time.Second)
		if !strings.Contains(last(t, s), "image:registry/web:2.13") {
			t.Error(last(t, s))
		}
	})
}

// One key for several verbs: none possible says why, one is planned at once,
// several open a menu.
func TestOneKeyForSeveralVerbs(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		s := viewstest.Open(t, w)
		s.Type("4")
		find(s, "shop-db", "S")
		s.Shows("stop", "start", "kill")
		s.Type("down", "down", "enter")
		s.Pass(time.Second)
		s.Shows("signal", "[KILL]")
		s.Type("esc", "esc", "esc", "esc", "alt+3")
		find(s, "scope:staging web", "S")
		s.Shows("replicas") // only one verb of the key: at once
		s.Type("esc")
		s.Type("2", "S")
		s.Shows("cannot scale")
		w.Cluster.Off = func(*core.Resource) text.Safe { return text.Lit("RBAC: cannot patch deployments/scale") }
		s.Type("3")
		find(s, "scope:staging web", "S")
		s.Shows("RBAC: cannot patch deployments/scale")
	})
}

// Marks: one plan for many objects, with what is left out.
func TestMarksMakeOnePlan(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3")
		find(s, "scope:staging", "j", "space", "space", "S", "6")
		s.Pass(time.Second)
		s.Type("enter")
		s.Pass(time.Second)
		s.Shows("scale 2 objects", "objects ")
		s.Type("y")
		if got := s.World.Cluster.Changed(); len(got) != 2 {
			t.Errorf("changed %v", got)
		}
	})
}

// U undoes the last change as a plan like any other; from the page of changes
// the one that is selected.
func TestUndo(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("U")
		s.Shows("undo the last change")
		s.Type("esc")
		for _, n := range []string{"5", "6"} {
			s.Type("S", n, "enter")
			s.Pass(200 * time.Millisecond)
			s.Pass(time.Second)
			s.Type("y")
			s.Pass(time.Second)
			s.Type("enter")
		}
		s.Type("U")
		s.Pass(time.Second)
		if last(t, s) != "scale web map[replicas:3]" {
			t.Error(last(t, s))
		}
		s.Shows("y confirms")
		s.Type("y")
		s.Pass(time.Second)
		s.Type("enter", "u")
		s.Shows("chain verified", "scale", "healthy")
		s.Type("j", "j", "U") // the first of the three
		s.Pass(time.Second)
		s.Shows("3 →")
		if n := len(s.World.Cluster.Changed()); n != 3 {
			t.Errorf("%d changes", n)
		}
	})
}

// A conflict plans again, as the object is now.
func TestAConflictPlansAgain(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("R")
		s.Pass(time.Second)
		seen := s.World.Find(viewstest.Staging, "deployment", "shop", "web")
		n := *seen
		n.Ref.UID = "another"
		s.World.Delete(seen.Ref)
		s.World.Apply(&n)
		s.Settle()
		s.Type("y")
		s.Pass(time.Second)
		s.Shows("was replaced", "r plans again")
		s.Type("r")
		s.Pass(time.Second)
		s.Shows("y confirms")
		s.Type("y")
		if got := s.World.Cluster.Changed(); len(got) != 1 || got[0].UID != "another" {
			t.Errorf("changed %v", got)
		}
	})
}

// Read-only: nothing of what opens or changes is reached, by any key, and the
// menu greys all of it.
func TestReadOnlyReachesNothing(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Cluster.Gate.SetReadOnly(true)
		s := on(t, w)
		for _, k := range []string{"R", "B", "D", "S", "P", "E", "X", "U", "s", "f"} {
			s.Type(k)
			s.Pass(time.Second)
			s.Type("enter", "y", "esc")
		}
		if _, plans, changes := w.Cluster.Counts(); plans+changes+w.Cluster.Opens() > 0 {
			t.Errorf("%d plans, %d changes, %d windows", plans, changes, w.Cluster.Opens())
		}
		s.Type(":")
		s.Write("break glass")
		s.Type("enter")
		s.Write("I have a good reason")
		s.Type("enter")
		s.Shows("does not lift read-only")
	})
}

// The diff of two marked objects; of others it says how.
func TestDiffOfTwoMarkedObjects(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3", "=")
		s.Shows("mark two objects with space first")
		find(s, "shop cart", "space")
		find(s, "payments worker", "space")
		s.Type("/", "ctrl+u", "enter", "=")
		s.Shows("--- kube:prod/deployment/payments/worker", "+++ kube:prod/deployment/shop/cart", "-   name: worker", "+   name: cart")
		s.Type("esc")
		s.Shows("Workloads")
	})
}

// The page of changes: filter, record, copy.
func TestPageOfChanges(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		for _, k := range []string{"5", "6", "7"} {
			s.Type("S", k, "enter")
			s.Pass(200 * time.Millisecond)
			s.Pass(time.Second)
			s.Type("y")
			s.Pass(time.Second)
			s.Type("enter")
		}
		s.Type("R")
		s.Pass(time.Second)
		s.Type("y")
		s.Pass(time.Second)
		s.Type("enter", "u")
		s.Shows("JOURNAL", "restart", "scale", "kim", "staging", "1/4")
		s.Type("/")
		s.Write("restart")
		s.Type("enter")
		s.Shows("1/1")
		s.Hides("scale")
		s.Type("enter")
		s.Shows("Record", "confirmed by y", "kubectl --context staging", "healthy", "cannot be undone")
		s.Type("esc", "c")
		if n := len(s.Copied); n != 1 || !strings.Contains(s.Copied[0], "rollout restart") {
			t.Errorf("copied %v", s.Copied)
		}
		s.Type("esc")
		s.Shows("1/4")
		s.Type("esc")
		s.Shows("Workloads")
	})
}

// What a program says stands in a pane of its own: it follows the end until
// one scrolls, by key or wheel.
func TestTheOutputOfAProgramScrolls(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Cluster.Hold()
		s := viewstest.Open(t, w)
		s.Frame(80, 20)
		s.Type("4", "]")
		find(s, "shop", "D", "enter")
		s.Pass(time.Second)
		s.Type("y")
		s.Shows("output", "Container shop-web-1  Started", "esc it goes on in the background")
		s.Hides("Network shop_default")
		s.Type("g")
		s.Shows("Network shop_default")
		s.Pass(6 * time.Second)
		s.Shows("Network shop_default", "under way for 5s")
		s.Type("G")
		s.Hides("Network shop_default")
		s.Send(tea.MouseWheelMsg{X: 40, Y: 10, Button: tea.MouseWheelUp}, tea.MouseWheelMsg{X: 40, Y: 10, Button: tea.MouseWheelUp})
		s.Shows("Network shop_default")
		w.Cluster.Release()
		s.Settle()
		s.Shows("healthy: verified", "enter closes")
	})
}
