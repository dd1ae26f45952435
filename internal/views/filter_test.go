package views_test

import (
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/views/viewstest"
)

func TestTheFilterFollowsEachKey(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		before := plain(frame(t, s, 160, 45))
		s.Type("/")
		for _, step := range []struct{ key, count string }{{"i", " of 48"}, {"n", " of 48"}, {"d", "2 of 48"}, {"e", "2 of 48"}} {
			s.Type(step.key)
			s.Shows(step.count)
		}
		s.Type("x", "x")
		s.Shows("nothing of 48 matches")
		s.Type("backspace", "backspace")
		s.Shows("2 of 48")
		s.Type("esc")                                                                  // takes it back
		words := func(s string) string { return strings.Join(strings.Fields(s), " ") } // columns keep the widths that they grew to
		if got := plain(frame(t, s, 160, 45)); words(got) != words(before) {
			t.Errorf("esc does not take the filter back:\n%s\n--- to\n%s", got, before)
		}
		s.Type("/")
		s.Write("inde")
		s.Type("enter", "j")
		s.Shows("2 of 48", "/inde")
		s.Type("/")
		s.Write("xers")
		s.Shows("nothing of 48")
		s.Type("esc") // back to the filter before
		s.Shows("2 of 48", "/inde")
		s.Type("esc")
		s.Hides(" of 48")
	})
}

func TestTypedFilters(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		for _, c := range []struct{ filter, count string }{
			{"ns:payments", "12 of 48"},
			{"!ns:payments", "36 of 48"},
			{"restarts>3", "3 of 48"},
			{"restarts>3 web", "nothing of 48"},
			{"status:CrashLoop", "1 of 48"},
			{"~^web-.*xk$", "14 of 48"},
			{"scope:staging", "11 of 48"},
			{"kind:container", "8 of 48"},
			{"age<10m", " of 48"},
			{"cpu>100m", " of 48"},
			{"mem>230Mi", " of 48"},
			{"name:ledger", "3 of 48"},
		} {
			find(s, c.filter)
			if !strings.Contains(s.Screen(), c.count) {
				t.Errorf("%s: not %q:\n%s", c.filter, c.count, s.Screen())
			}
		}
		s.Type("/", "ctrl+u")
		s.Write("restrats>3")
		s.Shows("restarts") // what may have been meant
		s.Type("enter")
		s.Shows("3 of 48") // the last one that could be read stays: name:ledger
	})
}

// What matches by a value that moves comes and goes with it.
func TestAFilterFollowsTheValues(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		find(s, "cpu>450m")
		s.Shows("nothing of 48")
		ref := s.World.Find(viewstest.Prod, "pod", "payments", "debug-shell").Ref
		u := core.NewUsage(ref, time.Now().UnixNano()+1)
		u.Values[core.CPUUsed] = 480
		s.World.Store.Sink(viewstest.Prod).Usage([]core.Usage{u})
		s.Settle()
		s.Shows("1 of 48", "debug-shell", "480m")
		find(s, "age<2m")
		s.Shows("1 of 48", "billing-mailer-1")
		s.Pass(3 * time.Minute)
		s.Shows("nothing of 48")
	})
}

func TestProblemsOnlyEverywhere(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("*", "z")
		s.Shows("problems only", "8 of 48", "CrashLoopBackOff")
		s.Hides("debug-shell")
		s.Type("alt+3")
		s.Shows("4 of 14")
		s.Type("alt+4")
		s.Shows("3 of 8")
		n := *s.World.Find(viewstest.Local, "container", "", "shop-db-1")
		n.Phase = core.Failed
		s.World.Apply(&n)
		s.Settle()
		s.Shows("4 of 8", "shop-db-1")
		s.Type("*")
		s.Hides("problems only", " of 8")
		s.Type("alt+1")
		s.Hides("problems only", " of 48")
	})
}

func TestTheScopeNarrowsEveryPane(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type(";")
		s.Write("staging")
		s.Type("enter", "z")
		s.Shows("Pods", "11 ")
		s.Hides("billing-mailer-1")
		s.Type(";")
		s.Write("payments")
		s.Type("enter")
		s.Shows("staging ▸ payments", "api-7d9f8c6b5")
		s.Hides("checkout-")
		if got := s.World.Backend.Wanted().Namespaces; len(got) != 1 || got[0] != "payments" {
			t.Errorf("the sources watch %v", got)
		}
		s.Type("alt+3")
		s.Shows("api")
		s.Hides("ledger-db", "checkout")
		s.Type(";", "enter")
		s.Shows("ledger-db")
		if got := s.World.Backend.Wanted().Namespaces; len(got) != 0 {
			t.Errorf("everything is shown, the sources watch %v", got)
		}
	})
}

// Sources watch what is on the screen, and measure the rows in sight.
func TestInterestIsWhatIsShown(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		has := func(kinds ...string) {
			t.Helper()
			got := strings.Join(s.World.Backend.Wanted().Kinds, " ")
			for _, k := range kinds {
				if !strings.Contains(" "+got+" ", " "+k+" ") {
					t.Errorf("%s is not wanted: %s", k, got)
				}
			}
		}
		has("pod", "container", "run")
		if n := len(s.World.Backend.Wanted().UsageOf); n == 0 || n > 45 {
			t.Errorf("usage of %d rows is wanted", n)
		}
		s.Type("alt+4", "]", "]")
		has("image")
		if k := s.World.Backend.Wanted().Kinds; strings.Contains(strings.Join(k, " "), "pod") {
			t.Errorf("images are shown, %v are watched", k)
		}
		s.Type("alt+1", "z", ">", ">", ">", ">", ">", ">", ">")
		find(s, "cpu>1m")
		if !s.World.Backend.Wanted().Usage {
			t.Error("a filter by cpu wants no usage")
		}
	})
}

// A search in a log follows each key, keeps its place and is found again.
func TestLogSearch(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("l", "/")
		s.Write("slow query")
		s.Type("enter", "x")
		s.Shows("only /slow query", "12 lines", "slow query")
		s.Hides("refused", "retrying")
		s.Type("+")
		s.Shows("refused")
		s.Type("x", "esc")
		s.Shows("60 lines")
		s.Type("n")
		s.Shows("no search")
		s.Type("v")
		s.Shows("patterns")
		s.Type("v", "3")
		all, open := s.World.Backend.Tails()
		if last := all[len(all)-1]; last.Since.IsZero() || time.Since(last.Since) != 5*time.Minute || last.Tail != -1 {
			t.Errorf("3 opens the log with %+v", last)
		}
		if open != 2 { // this view's and the cockpit's
			t.Errorf("%d logs are open", open)
		}
	})
}
