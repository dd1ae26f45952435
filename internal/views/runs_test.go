package views_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// run opens the page of the run that a filter finds.
func run(t viewstest.TB, w *viewstest.World, filter string, options ...func(*views.Options)) *viewstest.Session {
	t.Helper()
	s := viewstest.Open(t, w, options...)
	s.Type("2")
	find(s, filter, "enter")
	return s
}

// Sources that poll hear which rows are in sight, once for each change of that,
// and of no other rows.
func TestPolledRowsInSightAreTold(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		want := s.World.Backend.Wanted()
		if len(want.Shown) != 6 || slices.ContainsFunc(want.Shown, func(r core.Ref) bool { return r.Kind != "run" }) {
			t.Errorf("shown are %v", want.Shown)
		}
		s.Type("2")
		s.Frame(120, 12)
		if n := len(s.World.Backend.Wanted().Shown); n == 0 || n > 6 {
			t.Errorf("%d rows of a low screen", n)
		}
		find(s, "1839")
		if got := s.World.Backend.Wanted().Shown; len(got) != 1 || got[0].Name != "deploy/1839" {
			t.Errorf("shown are %v", got)
		}
		before := s.World.Backend.Wants()
		for range 20 {
			s.Send(views.FrameMsg{})
		}
		s.Pass(time.Second)
		if n := s.World.Backend.Wants(); n != before {
			t.Errorf("told %d times although nothing changed", n-before)
		}
		s.Type("enter", "]", "]")
		s.Type("3")
		if got := s.World.Backend.Wanted().Shown; len(got) != 0 {
			t.Errorf("shown are %v behind the workloads", got)
		}
	})
}

// What goes on is asked for every three seconds, what is done is not, and
// nothing is asked for behind another page.
func TestAnOutlineIsAskedForWhileItIsInSight(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		asked := func(s *viewstest.Session) int { return len(s.World.Backend.Outlines()) }
		s := run(t, viewstest.New(), "feature/cart")
		s.Shows("npm run build", "no live text")
		for range 30 {
			s.Pass(time.Second)
		}
		if n := asked(s); n < 9 || n > 12 {
			t.Errorf("asked %d times in 30 s", n)
		}
		n := asked(s)
		s.Type("]") // to another tab
		for range 30 {
			s.Pass(time.Second)
		}
		if asked(s) != n {
			t.Errorf("asked %d times behind another tab", asked(s)-n)
		}
		s.Type("[")
		if asked(s) != n+1 {
			t.Errorf("asked %d times on coming back", asked(s)-n)
		}
		s.Type("esc")
		n = asked(s)
		s.Pass(time.Minute)
		if asked(s) != n {
			t.Errorf("asked %d times after the page was left", asked(s)-n)
		}
		find(s, "1840", "enter")
		n = asked(s)
		s.Pass(time.Minute)
		if asked(s) != n {
			t.Errorf("asked %d times for what is done", asked(s)-n)
		}
		r := *s.World.Find(viewstest.GitHub, "run", "acme/billing", "ci/1840")
		r.Phase, r.Reason, r.Changed = core.Pending, text.Lit("in_progress"), time.Now().UnixNano()
		s.World.Apply(&r)
		s.Settle()
		s.Pass(2 * time.Second)
		if asked(s) == n {
			t.Error("not asked after the run began again")
		}
	})
}

// Why a run failed is asked once for each of its ends.
func TestAFailureIsExplainedOnce(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := run(t, viewstest.New(), "1842")
		s.Shows("why failed", "got 200, want 50", "last green", "bump pgx", "pool/pool_test.go:41")
		s.Type("esc", "enter", "]", "[")
		s.Pass(time.Minute)
		if n := len(s.World.Backend.Explains()); n != 1 {
			t.Errorf("asked %d times", n)
		}
		r := *s.World.Find(viewstest.GitHub, "run", "acme/api", "ci/1842")
		r.Phase, r.Reason, r.Changed = core.Pending, text.Lit("in_progress"), time.Now().UnixNano()
		s.World.Apply(&r)
		s.Settle()
		s.Hides("why failed")
		again := r
		again.Phase, again.Reason, again.Changed = core.Failed, text.Lit("failure"), time.Now().Add(time.Second).UnixNano()
		s.World.Apply(&again)
		s.Settle()
		s.Shows("why failed")
		if n := len(s.World.Backend.Explains()); n != 2 {
			t.Errorf("asked %d times for two ends", n)
		}
	})
}

// An answer that comes when the page was left is none.
func TestALateOutlineIsDropped(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		old := w.Backend.OutlineOf
		wait := make(chan struct{})
		w.Backend.OutlineOf = func(core.Ref) core.Outline {
			<-wait
			return core.Outline{Done: true, Nodes: []core.Node{{Title: text.Lit("too late"), Phase: core.Failed}}}
		}
		s := run(t, w, "feature/cart")
		s.Shows("loading")
		s.Type("esc")
		close(wait)
		s.Settle()
		w.Backend.OutlineOf = old
		s.Type("enter")
		s.Hides("too late")
		s.Shows("npm run build")
	})
}

// The verbs of a page are those of the line under the cursor: of a job that no
// list has, and of the run where the line is none.
func TestVerbsOfAnOutline(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := run(t, viewstest.New(), "1842")
		s.Type("C")
		s.Pass(time.Second)
		s.Shows("cancel run/acme/api/ci/1842")
		s.Type("esc", "n", "n") // to the group that failed, to the job in it
		s.Type("C")
		s.Pass(time.Second)
		s.Shows("cancel job/acme/api/ci/1842/test (1.26)")
		s.Type("y")
		if got := s.World.Cluster.Changed(); len(got) != 1 || got[0].Kind != "job" || got[0].Name != "ci/1842/test (1.26)" {
			t.Errorf("changed %v", got)
		}
		s.Type("esc", "enter")
		s.Shows("job/acme/api/ci/1842/test (1.26)", "Steps", "✗ failure")
		s.Type("R")
		s.Pass(time.Second)
		s.Shows("rerun job/")
		s.Type("esc", "l")
		if tails, _ := s.World.Backend.Tails(); tails[len(tails)-1].Ref.Kind != "job" {
			t.Errorf("opened the log of %v", tails[len(tails)-1].Ref)
		}
		s.Type("esc", "esc")
		s.Shows("Jobs", "test (1.26)")
	})
}

// The gate of a run is answered from its page, whatever line the cursor is on.
func TestAGateIsAnsweredFromItsPage(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("2", "]")
		s.Shows("[Waiting 2]", "checkout", "canary")
		s.Hides("billing ")
		find(s, "deploy", "enter")
		s.Shows("Waiting for you: approval for production", "A answers")
		s.Type("G") // the job that waits
		s.Type("A")
		s.Shows("approve", "reject")
		s.Type("enter")
		s.Pass(time.Second)
		s.Shows("approve run/acme/checkout/deploy/1839", "all that wait for you")
		s.Type("enter")
		s.Pass(time.Second)
		s.Type("y")
		if got := s.World.Cluster.Changed(); len(got) != 1 || got[0].Kind != "run" {
			t.Errorf("changed %v", got)
		}
	})
}

// What waits is counted where one looks for it, and only looked at anew when a
// list has changed.
func TestTheTabCountsWhatWaits(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("2")
		s.Shows("[Runs]", "Waiting 2")
		s.Type("[") // the last tab: what is counted is watched all the same
		if got := s.World.Backend.Wanted().Kinds; !slices.Contains(got, "run") || !slices.Contains(got, "rollout") {
			t.Errorf("wanted are %v", got)
		}
		s.Shows("Waiting 2")
		s.Type("]")
		r := *s.World.Find(viewstest.GitHub, "run", "acme/checkout", "deploy/1839")
		f := *r.Facts
		f.Waits, r.Facts = nil, &f
		s.World.Apply(&r)
		s.Settle()
		s.Shows("Waiting 1 ")
		s.World.Delete(r.Ref)
		c := s.World.Find(viewstest.Prod, "rollout", "shop", "web-canary")
		if c == nil {
			t.Fatal("no canary")
		}
		s.World.Delete(c.Ref)
		s.Settle()
		s.Hides("Waiting 1", "Waiting 0")
		s.Shows("Waiting")
	})
}

// A long explanation leaves room for the jobs; the rest is a key away.
func TestALongExplanationIsCutAtFirst(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Backend.ExplainOf = func(ref core.Ref) core.Explanation {
			x := core.Explanation{Summary: text.Lit("it failed"), MoreCommits: 7}
			for n := range 20 {
				x.Lines = append(x.Lines, text.Sprintf("error %d of many", n).Line())
				x.Commits = append(x.Commits, core.Commit{SHA: fmt.Sprintf("%040d", n), Title: text.Sprintf("commit %d", n)})
			}
			return x
		}
		s := run(t, w, "1842")
		s.Shows("error 7 of many", "and 12 more lines", "commit 3", "and 16 more commits", "Jobs", "test (1.26)")
		s.Hides("error 8 of many", "commit 4", "older")
		for !strings.Contains(s.Screen(), "▸            and 16 more") {
			s.Type("j")
		}
		s.Type("enter")
		s.Shows("commit 4")
		s.Type("G", "g", "ctrl+d", "ctrl+d", "ctrl+d")
		s.Shows("commit 19", "and 7 older commits")
		s.Type("o") // the page's, whatever line it is
		if len(s.Copied) != 1 {
			t.Errorf("copied %q", s.Copied)
		}
	})
}

// Groups fold and open; what the user folded stays so while the outline moves.
func TestFoldingAnOutline(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := run(t, viewstest.New(), "feature/cart")
		s.Type("j", "j")
		s.Shows("Set up job")
		s.Type("left")
		s.Hides("Set up job")
		for range 10 {
			s.Pass(time.Second)
		}
		s.Hides("Set up job")
		s.Type("right", "right", "j", "j", "left") // from a step to its job
		s.Shows("Set up job")
		s.Type("left")
		s.Hides("Set up job")
	})
}

// What is history is listed quietly, and counts as no trouble.
func TestPastFailuresAreNoTrouble(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("2")
		s.Shows("9 1✗ 1▲")
		s.Type("*")
		s.Shows("1842")
		s.Hides("1837")
		s.Type("*", "G")
		if got := s.M.View().Content; !strings.Contains(got, "1837") {
			t.Error("the past run is not the last of the list")
		}
		s.Type("g", "n", "n") // failed, degraded, and around
		s.Type("enter")
		s.Shows("run/acme/api/ci/1842")
	})
}

// Addresses go to the desktop and to the clipboard; only those of the web do.
func TestOpeningAddresses(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		var opened []string
		fail := error(nil)
		s := viewstest.Open(t, viewstest.New(), func(o *views.Options) {
			o.OpenURL = func(a string) error { opened = append(opened, a); return fail }
		})
		s.Type("2", "o")
		want := "https://github.com/acme/api/actions/runs/91842"
		if !slices.Equal(opened, []string{want}) || len(s.Copied) != 1 || !strings.Contains(s.Copied[0], want) {
			t.Errorf("opened %q, copied %q", opened, s.Copied)
		}
		s.Type("enter", "n", "n", "n", "o") // from a step: the job's
		if len(opened) != 2 || !strings.Contains(opened[1], "/job/") {
			t.Errorf("opened %q", opened)
		}
		fail = errors.New("no xdg-open")
		s.Type("o")
		s.Shows("no browser took it", "the address is copied")
		s.Type("esc", "3", "o")
		s.Shows("has no page of its own")
	})
	viewstest.Bubble(t, func(t *testing.T) {
		opened := 0
		for _, bad := range []string{
			"file:///etc/passwd", "javascript:alert(1)", "https://user:pw@host/", "ssh://host/", "//host/x", "https:host", "-https://x", "https://x/\x1b[31m", "https://x/ --version", "https://x/\n", "https://", "xdg:" + strings.Repeat("x", 3000),
			"https://x/" + strings.Repeat("y", 3000), "https://exämple.org/", "$(id)",
		} {
			w := viewstest.New()
			r := *w.Find(viewstest.GitHub, "run", "acme/api", "ci/1842")
			f := *r.Facts
			f.URL, r.Facts = bad, &f
			w.Apply(&r)
			w.Store.Publish()
			s := viewstest.Open(t, w, func(o *views.Options) { o.OpenURL = func(string) error { opened++; return nil } })
			s.Type("2", "o")
			if opened > 0 || len(s.Copied) > 0 {
				t.Errorf("opened or copied %q", bad)
			}
			s.Shows("no address of the web")
		}
	})
	viewstest.Bubble(t, func(t *testing.T) { // over SSH
		s := viewstest.Open(t, viewstest.New())
		s.Type("2", "o")
		s.Shows("copied address: https://github.com/acme/api")
	})
}

// A source that comes later brings its tab.
func TestTabsOfKindsThatComeLater(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.Empty()
		s := viewstest.Open(t, w)
		s.Type("2", "]")
		s.Shows("[Waiting]", "nothing waits for you")
		s.Hides("Workflows")
		w.Fill()
		s.Send(views.FrameMsg{})
		s.Shows("[Waiting 2]", "Workflows", "Environments", "Applications", "checkout")
	})
}

// The jobs of a pipeline are on no list: the Jobs of the workloads are the
// cluster's.
func TestJobsOfPipelinesAreOnNoList(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type(":")
		s.Write("jobs")
		s.Type("enter")
		s.Shows("migrate-42", "COMPLETIONS", "NAMESPACE")
		s.Hides("loading", "REPOSITORY")
	})
}

// Many fields of a form scroll; none is sent that was left empty, and names
// stand without their prefix.
func TestDispatchingWithManyInputs(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Frame(80, 24)
		s.Type("2", "[", "[", "D")
		s.Shows("environment", "dry_run", "reason is still needed", "more below")
		s.Hides("input.")
		s.Write("must go out")
		s.Pass(time.Second)
		for range 14 {
			s.Type("tab")
		}
		s.Shows("flag_13", "more above")
		s.Hides("1 to 50")
		s.Type("ctrl+u", "enter")
		s.Pass(time.Second)
		s.Pass(time.Second) // what is typed ahead confirms nothing
		s.Type("y")
		got := last(t, s)
		for _, want := range []string{"deploy ci", "ref:main", "input.reason:must go out", "input.dry_run:true", "input.replicas:3", "input.flag_12:value 12"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in %s", want, got)
			}
		}
		if strings.Contains(got, "flag_13") {
			t.Errorf("an empty input was sent: %s", got)
		}
		if n := len(s.World.Cluster.Changed()); n != 1 {
			t.Errorf("%d changes", n)
		}
	})
}

// The filter's words for runs hold whatever word a system has for it.
func TestFilterWordsForRuns(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("2")
		for _, c := range []struct {
			filter string
			of     int
		}{{"mine", 2}, {"!mine", 7}, {"failed", 2}, {"running", 1}, {"waiting", 2}, {"branch:release", 1}, {"repo:acme/search", 1}, {"failed mine", 1}, {"failed|waiting", 4}, {"mine|search", 4}, {"failed !mine", 1}, {"fail", 2}, {"commit:9f3c", 6}, {"duration>3m", 3}, {"phase:pending", 3}} {
			find(s, c.filter)
			if want := fmt.Sprintf("%d of 9", c.of); !strings.Contains(s.Screen(), want) {
				t.Errorf("%s: not %s:\n%s", c.filter, want, s.Screen())
			}
		}
	})
}
