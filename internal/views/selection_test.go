package views_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// selected is the text of the selected row of the focused list, without what
// stands around it.
func selected(t viewstest.TB, s *viewstest.Session) string {
	t.Helper()
	for _, l := range strings.Split(plain(frame(t, s, 160, 45)), "\n") {
		for _, cell := range strings.Split(l, "│") {
			if strings.HasPrefix(cell, "▸") {
				if f := strings.Fields(strings.Trim(cell, "▸◆✗▲◐●✓? ")); len(f) > 0 {
					return strings.Join(f, " ")
				}
			}
		}
	}
	t.Fatalf("nothing is selected:\n%s", s.Screen())
	return ""
}

// in runs a test in a bubble with the world and a cockpit whose pods are zoomed,
// so that only one list is on the screen.
func in(t *testing.T, f func(t *testing.T, s *viewstest.Session)) {
	t.Helper()
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("z")
		f(t, s)
	})
}

// stays fails if the selection is another row afterwards.
func stays(t *testing.T, s *viewstest.Session, name, what string, do func()) {
	t.Helper()
	do()
	if got := selected(t, s); !strings.Contains(got, name) {
		t.Fatalf("%s: the selection went from %s to %q", what, name, got)
	}
}

func TestTheSelectionIsAnObject(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		w := s.World
		find(s, "cart-7d9f8c6b5-b")
		s.Type("esc") // the filter goes, the selection stays
		const name = "cart-7d9f8c6b5-b1xk"
		check := func(what string, do func()) { t.Helper(); stays(t, s, name, what, do) }
		check("the filter is cleared", func() {})
		check("other rows change", func() {
			for _, c := range w.Rows(viewstest.Prod, "pod")[:20] {
				if n := *c.Resource; n.Ref.Name != name {
					n.Phase, n.Changed = core.Failed, time.Now().UnixNano()
					w.Apply(&n)
				}
			}
			s.Settle()
		})
		check("it changes itself and moves", func() {
			n := *w.Find(viewstest.Prod, "pod", "shop", name)
			n.Phase, n.Changed = core.Failed, time.Now().UnixNano()
			w.Apply(&n)
			s.Settle()
		})
		for _, k := range []string{">", ">", ">", ",", "<", "0", "w", "w"} {
			check("sorted by "+k, func() { s.Type(k) })
		}
		check("rows go", func() {
			for _, c := range w.Rows(viewstest.Prod, "pod") {
				if strings.HasPrefix(c.Ref.Name, "web") {
					w.Delete(c.Ref)
				}
			}
			s.Settle()
		})
		check("the source lists afresh", func() { w.Return(viewstest.Prod, "pod"); s.Settle() })
		check("the source is stale", func() { w.Stale(viewstest.Prod, core.Stale, nil); s.Settle() })
		check("another source goes", func() { w.Vanish(viewstest.Local, "container"); s.Settle() })
		check("the sources reconnect", func() {
			w.Vanish(viewstest.Prod, "pod")
			w.Vanish(viewstest.Staging, "pod")
			s.Settle()
			s.Shows("nothing runs here")
			w.Return(viewstest.Staging, "pod")
			w.Return(viewstest.Prod, "pod")
			w.Return(viewstest.Local, "container")
			s.Settle()
		})
		check("the scope is narrowed to where it is", func() { s.Type(";"); s.Write("shop"); s.Type("enter") })
		check("the scope is everything again", func() { s.Type(";", "enter") })
		check("another life at its place", func() {
			n := *w.Find(viewstest.Prod, "pod", "shop", name)
			w.Delete(n.Ref)
			n.Ref.UID = "uid-of-another-life"
			w.Apply(&n)
			s.Settle()
		})
		check("another page and back", func() { s.Type("3", "esc") })
		check("another size", func() { frame(t, s, 80, 24); frame(t, s, 30, 5) })
	})
}

// When the source of the selected row goes and comes back alone, the selection
// must not have gone to a stranger meanwhile.
func TestTheSelectionComesBackWithItsSource(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		find(s, "cart-7d9f8c6b5-b")
		s.Type("esc")
		stays(t, s, "cart-7d9f8c6b5-b1xk", "prod reconnects", func() {
			s.World.Vanish(viewstest.Prod, "pod")
			s.Settle()
			s.World.Return(viewstest.Prod, "pod")
			s.Settle()
		})
	})
}

func TestMarksStayWithTheirObjects(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		w := s.World
		s.Type("/")
		s.Write("scope:prod ns:shop")
		s.Type("enter", "g", "space", "space", "space")
		marked := func(want int) {
			t.Helper()
			n := strings.Count(plain(frame(t, s, 160, 45)), "◆")
			if n != want || want > 0 && !strings.Contains(s.Screen(), fmt.Sprintf("%d marked", want)) {
				t.Fatalf("%d rows are marked, want %d:\n%s", n, want, s.Screen())
			}
		}
		marked(3)
		for _, c := range w.Rows(viewstest.Prod, "pod") {
			n := *c.Resource
			n.Changed = time.Now().UnixNano()
			w.Apply(&n)
		}
		s.Settle()
		marked(3)
		s.Type(">", ">", ",")
		marked(3)
		w.Return(viewstest.Prod, "pod")
		s.Settle()
		marked(3)
		s.Type("3", "esc")
		marked(3)
		s.Type("g", "v") // the range from the last mark
		if !strings.Contains(s.Screen(), "marked") {
			t.Error("a range marks nothing")
		}
		s.Type("esc")
		marked(0)
		s.Shows("/scope:prod ns:shop") // esc takes back one thing at a time
	})
}

// A mark on an object that is gone is gone; one of a source that reconnects is not.
func TestMarksOfGoneObjects(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		find(s, "debug-shell", "space")
		s.Shows("1 marked")
		s.World.Vanish(viewstest.Prod, "pod")
		s.Settle()
		s.World.Return(viewstest.Prod, "pod")
		s.Settle()
		s.Shows("1 marked")
		s.World.Delete(s.World.Find(viewstest.Prod, "pod", "payments", "debug-shell").Ref)
		s.Settle()
		s.Hides("marked")
	})
}

// Targets of a change are the marked objects, whatever the filter hides now.
func TestAChangeIsAboutTheMarks(t *testing.T) {
	in(t, func(t *testing.T, s *viewstest.Session) {
		find(s, "scope:staging web", "space", "space")
		s.Type("esc") // marks
		find(s, "scope:staging web", "space", "space", "R")
		s.Shows("restart 2 objects")
		s.Type("esc")
		find(s, "debug-shell", "R") // all marks are out of sight: nothing is guessed
		s.Shows("the filter hides all 2 marked rows")
		if _, plans, _ := s.World.Cluster.Counts(); plans != 2 {
			t.Errorf("%d plans", plans)
		}
	})
	viewstest.Bubble(t, func(t *testing.T) { // the parts of an object are marked like any rows
		s := viewstest.Open(t, viewstest.New())
		s.Type("3")
		find(s, "scope:staging web", "enter", "space", "space", "space", "R")
		s.Shows("restart 3 objects")
	})
}

func TestHoldingDownOpensOneLog(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		all, open := s.World.Backend.Tails()
		if len(all) != 1 || open != 1 {
			t.Fatalf("at the start %d logs were opened, %d are open", len(all), open)
		}
		for range 40 {
			s.Type("j")
			s.Pass(30 * time.Millisecond) // as fast as a held key repeats
		}
		s.Pass(time.Second)
		all, open = s.World.Backend.Tails()
		if len(all) != 2 || open != 1 {
			t.Errorf("holding j opened %d logs, %d are open", len(all)-1, open)
		}
		last := all[len(all)-1].Ref.Name
		s.Shows("Logs  "+last, "Metrics  "+last)
		s.Type("z")
		if row := selected(t, s); !strings.Contains(row, last) {
			t.Errorf("the log of %s follows, the selection is %s", last, row)
		}
	})
}

func TestPinKeepsTheFollowers(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		all, _ := s.World.Backend.Tails()
		first := all[0].Ref.Name
		s.Type(".", "j", "j", "j")
		s.Pass(time.Second)
		if all, _ = s.World.Backend.Tails(); len(all) != 1 {
			t.Errorf("pinned, and %d logs were opened", len(all))
		}
		s.Shows("pinned", "Logs  "+first)
		s.Type(".")
		s.Pass(time.Second)
		s.Type("j")
		s.Pass(time.Second)
		s.Hides("pinned")
		if all, _ = s.World.Backend.Tails(); len(all) != 3 { // the one at once, and the next
			t.Errorf("unpinned, and %d logs were opened", len(all))
		}
	})
}

// Unpinned, the followers turn to what is selected without another key.
func TestUnpinFollowsAtOnce(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type(".", "j", "j")
		s.Pass(time.Second)
		s.Type(".")
		s.Pass(time.Second)
		all, _ := s.World.Backend.Tails()
		s.Type("z")
		if got := selected(t, s); len(all) != 2 || !strings.Contains(got, all[1].Ref.Name) {
			t.Errorf("%d logs, the selection is %s", len(all), got)
		}
	})
}

func TestEscLeadsBackToExactlyWhereOneWas(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3")
		find(s, "web")
		s.Type(">", ">", "G")
		list := plain(frame(t, s, 120, 40))
		s.Type("enter")
		page := plain(frame(t, s, 120, 40))
		s.Type("]", "]", "]", "pgdown", "j")
		deep := plain(frame(t, s, 120, 40))
		s.Type("l") // to the logs view
		s.Shows("Logs")
		s.Type("esc")
		if got := plain(frame(t, s, 120, 40)); got != deep {
			t.Errorf("not back in the document:\n%s\n--- but\n%s", deep, got)
		}
		s.Type("[", "[", "[")
		if got := plain(frame(t, s, 120, 40)); got != page {
			t.Errorf("not back in the overview:\n%s\n--- but\n%s", page, got)
		}
		s.Type("esc")
		if got := plain(frame(t, s, 120, 40)); got != list {
			t.Errorf("not back in the list:\n%s\n--- but\n%s", list, got)
		}
		s.Type("alt+right")
		if got := plain(frame(t, s, 120, 40)); got != page {
			t.Errorf("forward leads elsewhere:\n%s", got)
		}
		s.Type("ctrl+o")
		if got := plain(frame(t, s, 120, 40)); got != list {
			t.Errorf("back in history leads elsewhere:\n%s", got)
		}
		s.Type("alt+left", "alt+left", "alt+left")
		s.Shows("Metrics", "Builds")
		if s.Quit {
			t.Error("history ends the cockpit")
		}
	})
}

// Many object pages are forgotten, not those that lead back.
func TestObjectPagesAreForgotten(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		for n := range 80 {
			s.Type("j", "enter", "]")
			if n%7 == 0 {
				s.Type("l", "esc")
			}
			s.Type("esc")
		}
		_, open := s.World.Backend.Tails()
		if open > 2 { // the cockpit's own and the logs view's
			t.Errorf("%d logs are still open", open)
		}
	})
}

// The log of an object's page ends with the page, and is there again when one
// comes back to it.
func TestALogEndsWithItsPage(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3", "]")
		_, before := s.World.Backend.Tails()
		s.Type("enter", "]")
		if _, open := s.World.Backend.Tails(); open != before+1 {
			t.Fatalf("%d logs open with a log tab, %d before", open, before)
		}
		s.Shows("[Logs]", "following")
		s.Type("esc")
		if _, open := s.World.Backend.Tails(); open != before {
			t.Errorf("%d logs open after the page was left, %d before", open, before)
		}
		s.Type("alt+right")
		s.Shows("[Logs]", "following")
		if _, open := s.World.Backend.Tails(); open != before+1 {
			t.Errorf("%d logs open back on the page, want %d", open, before+1)
		}
	})
}

func TestQuitting(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3", "enter", "q", "q", "q")
		s.Shows("q again quits")
		if s.Quit {
			t.Fatal("one q too many quit")
		}
		s.Pass(3 * time.Second)
		s.Type("q")
		if s.Quit {
			t.Fatal("two slow q quit")
		}
		s.Type("q")
		if !s.Quit {
			t.Error("qq at the root does not quit")
		}
	})
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("/")
		s.Write("api")
		s.Type("ctrl+c")
		s.Hides("/api ─")
		s.Type("ctrl+c")
		if !s.Quit {
			t.Error("ctrl+c twice does not quit")
		}
	})
	viewstest.Bubble(t, func(t *testing.T) { // with a change under way it asks
		w := viewstest.New()
		w.Cluster.Hold()
		s := viewstest.Open(t, w)
		planOn("scope:staging web")(s)
		s.Pass(time.Second)
		s.Type("y", "esc", "esc", "q", "q", "q")
		if s.Quit {
			t.Fatal("it quits over a change")
		}
		s.Shows("is still running")
		s.Type("j", "enter")
		if !s.Quit {
			t.Error("told to quit it stays")
		}
	})
}

// The settled first row is the worst one, and stays so until all is listed.
func TestTheWorstIsSelectedFirst(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.Empty()
		kinds := w.Cluster.Source(viewstest.Prod).Info().Kinds
		w.Connect(viewstest.Prod, kinds)
		sink := w.Store.Sink(viewstest.Prod)
		sink.Begin("pod", "")
		s := viewstest.Open(t, w, func(o *views.Options) { o.Start = "cockpit" })
		s.Type("z")
		add := func(name string, p core.Phase) {
			sink.Apply("pod", []core.Change{{Resource: &core.Resource{
				Ref: core.Ref{Source: "kube", Scope: "prod", Kind: "pod", Namespace: "a", Name: name, UID: name}, Phase: p,
				Cells: []core.Cell{{Text: text.Clean(name)}},
			}}})
			s.Settle()
		}
		add("fine", core.Running)
		add("half", core.Degraded)
		add("broken", core.Failed)
		sink.End("pod", "")
		s.Settle()
		if got := selected(t, s); !strings.HasPrefix(got, "a broken") && !strings.HasPrefix(got, "broken") {
			t.Errorf("selected: %s", got)
		}
		s.Type("j")
		stays(t, s, "half", "worse comes", func() { add("worse", core.Failed) })
	})
}

// The selection settles while another page is on screen: that page's panes are
// left alone, and the cockpit's followers are right on return.
func TestSettlingWhileAnotherPageIsOpen(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("j")
		s.Pass(time.Second)
		s.Type("j", "enter") // before it settles
		s.Pass(time.Second)
		s.Type("esc")
		s.Pass(time.Second)
		all, _ := s.World.Backend.Tails()
		last := all[len(all)-1].Ref.Name
		s.Shows("Logs  "+last, "Metrics  "+last)
		s.Type("z")
		if got := selected(t, s); !strings.Contains(got, last) {
			t.Errorf("the cockpit shows the log of %s, selected is %s", last, got)
		}
	})
	viewstest.Bubble(t, func(t *testing.T) { // the log of a workload stays the workload's
		s := viewstest.Open(t, viewstest.New())
		open := func() {
			s.Type(":")
			s.Write("deployment/shop/cart")
			s.Type("enter")
		}
		open()
		s.Type("]")
		s.Shows("[Logs]", "cart/sidecar")
		s.Type("[", "esc")
		s.Pass(time.Second)
		before, _ := s.World.Backend.Tails()
		s.Type("j")
		open()
		s.Type("j") // another pod of it
		s.Pass(time.Second)
		s.Type("]")
		s.Shows("[Logs]", "cart/sidecar")
		all, _ := s.World.Backend.Tails()
		for _, r := range all[len(before):] {
			if r.Ref.Kind == "pod" && r.Ref.Namespace == "shop" && strings.HasPrefix(r.Ref.Name, "cart") {
				t.Errorf("the log of %s was opened behind the page of its workload", r.Ref.Name)
			}
		}
	})
}

// Going into the log that follows a build does not turn it to the pods.
func TestFollowersStayWithTheListThatLeads(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("shift+tab") // to the builds
		s.Pass(time.Second)
		s.Shows("Logs  ci/1842")
		for _, ks := range [][]string{{"shift+tab"}, {"shift+tab"}, {"tab"}, {"tab"}} { // metrics, logs, metrics, builds
			s.Type(ks...)
			s.Pass(time.Second)
			s.Shows("Logs  ci/1842")
		}
		s.Send(tea.MouseClickMsg{X: 20, Y: 30, Button: tea.MouseLeft}) // into the log
		s.Pass(time.Second)
		s.Shows("Logs  ci/1842")
		s.Type("shift+tab") // to the pods: they lead now
		s.Pass(time.Second)
		s.Shows("Logs  billing-mailer-1")
	})
}
