package views_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/viewstest"
)

// places are where a user may stand when a key is pressed: every kind of pane,
// tab and dialog.
var places = []string{
	"cockpit", "cockpit-logs-focused", "builds", "workloads", "containers", "logs", "metrics", "object-overview", "object-overview-parts",
	"object-logs", "object-events", "object-manifest", "object-metrics", "help", "palette", "scope-menu", "copy-menu", "filter-prompt", "marked",
}

// keyboard is all keys that pass the test.
func keyboard(passes func(rune) bool) []string {
	var out []string
	for r := '!'; r <= '~'; r++ {
		if passes(r) {
			out = append(out, string(r))
		}
	}
	return out
}

// counts are what reached the systems.
func counts(s *viewstest.Session) string {
	reads, plans, changes := s.World.Cluster.Counts()
	return fmt.Sprintf("%d reads, %d plans, %d changes", reads, plans, changes)
}

// Lower case looks: no lower-case key, digit, sign or ctrl key ever asks the
// engine for anything, anywhere.
func TestLowerCaseNeverReachesTheEngine(t *testing.T) {
	// s and f open a window onto an object, where policy leaves that free: a
	// test of their own says that they change nothing.
	sweep := keyboard(func(r rune) bool { return !unicode.IsUpper(r) && r != '!' && r != 's' && r != 'f' })
	sweep = append(sweep, "enter", "esc", "tab", "shift+tab", "up", "down", "left", "right", "pgup", "pgdown", "home", "end", "space", "backspace", "delete", "f5")
	for r := 'a'; r <= 'z'; r++ {
		if r != 'c' && r != 'z' {
			sweep = append(sweep, "ctrl+"+string(r))
		}
	}
	for _, name := range places {
		t.Run(name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, name)
				s := c.open(t, nil)
				for _, k := range sweep {
					s.Type(k)
					if counts(s) != "0 reads, 0 plans, 0 changes" {
						t.Fatalf("%s: %s", k, counts(s))
					}
					s.Pass(3 * time.Second)              // not twice q, not twice ctrl+c
					s.Type("esc", "esc", "esc", "alt+1") // home, and to the place again
					if c.play != nil {
						c.play(s)
					}
				}
			})
		})
	}
}

// UPPER CASE changes nothing without a plan that is confirmed: whatever
// capital is pressed anywhere, and esc after it, nothing is changed; a second
// capital in the dialog neither.
func TestUpperCaseOnlyPlans(t *testing.T) {
	capitals := keyboard(func(r rune) bool { return unicode.IsUpper(r) || r == '!' })
	planned := 0
	for _, name := range places {
		t.Run(name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, name)
				s := c.open(t, nil)
				for _, k := range capitals {
					s.Type(k)
					s.Pass(time.Second)
					s.Type("R", "Y", "N", k)
					s.Pass(time.Second)
					if n := len(s.World.Cluster.Changed()); n > 0 {
						t.Fatalf("%s changed %d objects", k, n)
					}
					s.Type("esc", "esc", "esc", "alt+1")
					if c.play != nil {
						c.play(s)
					}
				}
				_, plans, _ := s.World.Cluster.Counts()
				planned += plans
			})
		})
	}
	if planned < 5 {
		t.Errorf("%d plans were made: R does not work where it should", planned)
	}
}

// Of a plan nothing but the answer that its policy asks for confirms.
func TestOnlyTheAnswerConfirms(t *testing.T) {
	all := append(keyboard(func(r rune) bool { return r != 'y' && r != 'Y' }), "space", "tab", "up", "down", "pgdown", "backspace", "ctrl+y", "alt+y", "f1", "ctrl+m", "ctrl+j")
	for _, c := range []struct {
		scene string
		wrong []string
		right func(*viewstest.Session)
	}{
		{"plan-confirm", slices.Concat(all, []string{"enter"}), func(s *viewstest.Session) { s.Type("y") }},
		{"plan-free", slices.Concat(all, []string{"y"}), func(s *viewstest.Session) { s.Type("enter") }},
		{"plan-by-name", slices.Concat(all, []string{"enter", "y"}), func(s *viewstest.Session) { s.Write("shop/cart"); s.Type("enter") }},
	} {
		t.Run(c.scene, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				x := sceneNamed(t, c.scene)
				s := x.open(t, nil)
				for _, k := range c.wrong {
					s.Pass(time.Second)
					s.Type(k)
					s.Pass(time.Second)
					if n := len(s.World.Cluster.Changed()); n > 0 {
						t.Fatalf("%s confirms", k)
					}
					if !strings.Contains(s.Screen(), "esc cancels") { // it was closed: open it again
						s.Type("esc", "esc", "esc", "alt+1")
						x.play(s)
					}
				}
			})
			viewstest.Bubble(t, func(t *testing.T) {
				x := sceneNamed(t, c.scene)
				s := x.open(t, nil)
				s.Pass(time.Second)
				c.right(s)
				if got := s.World.Cluster.Changed(); len(got) != 1 {
					t.Errorf("the answer changes %v:\n%s", got, s.Screen())
				}
				c.right(s)
				s.Pass(time.Minute)
				if got := s.World.Cluster.Changed(); len(got) != 1 {
					t.Errorf("answered again it changes again: %v", got)
				}
			})
		})
	}
}

// What was typed before the plan could be read does not confirm it.
func TestKeysTypedAheadAreDropped(t *testing.T) {
	type step func(*viewstest.Session)
	for _, c := range []struct {
		name, scene string
		do          step
		changed     int
	}{
		{"y at once", "plan-confirm", func(s *viewstest.Session) { s.Type("y") }, 0},
		{"y after 200 ms", "plan-confirm", func(s *viewstest.Session) { s.Pass(200 * time.Millisecond); s.Type("y") }, 0},
		{"y after 400 ms", "plan-confirm", func(s *viewstest.Session) { s.Pass(400 * time.Millisecond); s.Type("y") }, 1},
		{"enter held for 5 s", "plan-free", func(s *viewstest.Session) {
			for range 150 {
				s.Type("enter")
				s.Pass(33 * time.Millisecond)
			}
		}, 0},
		{"a name typed at once", "plan-by-name", func(s *viewstest.Session) { s.Write("shop/cart"); s.Pass(time.Second); s.Type("enter") }, 0},
		{"a name half typed before", "plan-by-name", func(s *viewstest.Session) {
			s.Write("shop/")
			s.Pass(time.Second)
			s.Write("cart")
			s.Type("enter")
		}, 0},
		{"esc, then y", "plan-confirm", func(s *viewstest.Session) { s.Pass(time.Second); s.Type("esc", "y") }, 0},
		{"click", "plan-confirm", func(s *viewstest.Session) {
			s.Pass(time.Second)
			for y := range 40 {
				s.Send(tea.MouseClickMsg{X: 60, Y: y, Button: tea.MouseLeft}, tea.MouseReleaseMsg{X: 60, Y: y, Button: tea.MouseLeft})
			}
		}, 0},
		{"click where enter would do", "plan-free", func(s *viewstest.Session) {
			s.Pass(time.Second)
			for y := range 40 {
				s.Send(tea.MouseClickMsg{X: 60, Y: y, Button: tea.MouseLeft})
			}
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				x := sceneNamed(t, c.scene)
				s := x.open(t, nil)
				c.do(s)
				s.Pass(time.Second)
				if n := len(s.World.Cluster.Changed()); n != c.changed {
					t.Errorf("%d objects were changed, want %d:\n%s", n, c.changed, s.Screen())
				}
			})
		})
	}
}

// Keys typed while the plan is made, before there is anything to confirm.
func TestKeysBeforeThePlanIsThere(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3")
		find(s, "scope:staging web")
		s.Rush(viewstest.Key("R"), viewstest.Key("y"), viewstest.Key("y"), viewstest.Key("enter"))
		s.Settle()
		s.Pass(time.Second)
		if n := len(s.World.Cluster.Changed()); n > 0 {
			t.Errorf("%d objects were changed by keys older than the plan", n)
		}
	})
}

func TestPastedTextNeverConfirms(t *testing.T) {
	for _, scene := range []string{"plan-confirm", "plan-free", "plan-by-name"} {
		t.Run(scene, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, scene)
				s := c.open(t, nil)
				s.Pass(time.Second)
				for _, p := range []string{"y", "y\n", "\r", "shop/cart", "shop/cart\n"} {
					s.Send(tea.PasteMsg{Content: p})
				}
				if scene == "plan-by-name" {
					s.Shows("pasted text does not confirm")
					s.Type("enter")
				}
				if n := len(s.World.Cluster.Changed()); n > 0 {
					t.Errorf("paste changes %d objects", n)
				}
			})
		})
	}
}

// Read-only: no key changes anything, and each says why.
func TestReadOnlySaysWhy(t *testing.T) {
	for _, name := range places {
		t.Run(name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				w := viewstest.New()
				w.Cluster.Gate.SetReadOnly(true)
				c := sceneNamed(t, name)
				s := c.open(t, w)
				s.Shows("READ-ONLY")
				s.Type("R", "y", "enter")
				s.Pass(time.Second)
				s.Type("y", "enter")
				if _, plans, changes := w.Cluster.Counts(); plans+changes > 0 {
					t.Errorf("%d plans, %d changes", plans, changes)
				}
			})
		})
	}
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Cluster.Gate.SetReadOnly(true)
		s := viewstest.Open(t, w)
		s.Type("R")
		s.Shows("read-only mode")
		s.Type("a")
		s.Shows("restart", "read-only")
		s.Type("enter")
		s.Shows("Actions") // a greyed entry is not chosen
		s.Type("esc", "?")
		s.Shows("not now")
	})
}

// What cannot be done says why at the key, in the menu and in the help.
func TestReasonsAreNamed(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Cluster.Off = func(r *core.Resource) text.Safe {
			if r.Ref.Instance() == viewstest.Staging {
				return text.Lit("RBAC: cannot patch deployments")
			}
			return text.Safe{}
		}
		w.Cluster.Missing[viewstest.Local] = true
		s := viewstest.Open(t, w)
		for _, c := range []struct{ filter, why string }{
			{"scope:staging web", "RBAC: cannot patch deployments"}, {"shop-db", "not connected"},
		} {
			find(s, c.filter, "R")
			s.Shows(c.why)
			s.Pass(10 * time.Second)
			s.Hides(c.why)
			s.Type("a")
			s.Shows(strings.Fields(c.why)[0])
			s.Type("esc")
		}
		s.Type("b") // comes later
		s.Shows("not in this version")
		delete(w.Cluster.Missing, viewstest.Local)
		s.Type("4", "]", "]") // images have no restart
		s.Type("R")
		s.Shows("cannot restart")
	})
}

// You act on what you saw (promise 23): whatever happens behind the dialog, the
// change is about the object of the plan, or refused.
func TestThePlanIsAboutWhatWasSeen(t *testing.T) {
	const place = "scope:staging web"
	for _, c := range []struct {
		name     string
		meantime func(*viewstest.Session, *core.Resource)
		changed  int
	}{
		{"other rows come to the top", func(s *viewstest.Session, _ *core.Resource) {
			for _, x := range s.World.Rows(viewstest.Staging, "deployment") {
				n := *x.Resource
				if n.Ref.Name != "web" {
					n.Phase, n.Changed = core.Failed, time.Now().UnixNano()
					s.World.Apply(&n)
				}
			}
		}, 1},
		{"its source is stale", func(s *viewstest.Session, _ *core.Resource) { s.World.Stale(viewstest.Staging, core.Stale, nil) }, 1},
		{"another life took its place", func(s *viewstest.Session, r *core.Resource) {
			n := *r
			n.Ref.UID = "another"
			s.World.Delete(r.Ref)
			s.World.Apply(&n)
		}, 0},
		{"it is gone", func(s *viewstest.Session, r *core.Resource) { s.World.Delete(r.Ref) }, 0},
		{"read-only came", func(s *viewstest.Session, _ *core.Resource) { s.World.Cluster.Gate.SetReadOnly(true) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				s := viewstest.Open(t, viewstest.New())
				planOn(place)(s)
				seen := s.World.Find(viewstest.Staging, "deployment", "shop", "web")
				s.Pass(time.Second)
				c.meantime(s, seen)
				s.Settle()
				s.Type("y")
				s.Pass(time.Second)
				got := s.World.Cluster.Changed()
				if len(got) != c.changed || len(got) == 1 && got[0] != seen.Ref {
					t.Errorf("changed: %v", got)
				}
				frame(t, s, 120, 40)
			})
		})
	}
}

// A change goes on behind a closed dialog, and the header says so.
func TestAChangeGoesOnInTheBackground(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		w.Cluster.Hold()
		s := viewstest.Open(t, w)
		planOn("scope:staging web")(s)
		s.Pass(time.Second)
		s.Type("y")
		s.Shows("1 of 3 pods replaced", "goes on in the background")
		s.Type("esc")
		s.Shows("1 running")
		s.Hides("1 of 3 pods replaced")
		w.Cluster.Release()
		s.Settle()
		s.Hides("1 running")
		if n := len(w.Cluster.Changed()); n != 1 {
			t.Errorf("%d changes", n)
		}
	})
}
