package views_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// anyKey is every key that a keyboard sends, those that mean something more often.
func anyKey() *rapid.Generator[string] {
	all := []string{"enter", "esc", "tab", "shift+tab", "up", "down", "left", "right", "pgup", "pgdown", "home", "end", "space", "backspace", "delete", "f1", "f5"}
	for r := '!'; r <= '~'; r++ {
		all = append(all, string(r))
	}
	for r := 'a'; r <= 'z'; r++ {
		all = append(all, "ctrl+"+string(r), "alt+"+string(r))
	}
	all = append(all, "alt+left", "alt+right", "alt+1", "alt+2", "alt+3", "alt+4", "alt+5", "alt+6", "é", "中", "👍")
	often := []string{"enter", "esc", "esc", "tab", "tab", "j", "k", "G", "g", "/", ":", ";", "?", "a", "c", "R", "R", "B", "D", "S", "X", "P", "E", "U", "A", "C", "n", "o", "=", "{", "}", "left", "right", "2", "s", "f", "u", "y", "z", "[", "]", "1", "2", "3", "4", "alt+1", "alt+5", "alt+6", "l", "d", "m", "e", "space", "v", "*", "w", ">", ".", "+", "-", "down", "pgdown"}
	return rapid.OneOf(rapid.SampledFrom(often), rapid.SampledFrom(all))
}

// act does one random thing to a session and says what.
func act(t *rapid.T, s *viewstest.Session, size *size) string {
	switch n := rapid.IntRange(0, 19).Draw(t, "what"); {
	case n < 11:
		k := anyKey().Draw(t, "key")
		if s.Quit { // a real one would be gone
			s.Quit = false
		}
		s.Type(k)
		return "key " + k
	case n < 13:
		if rapid.Bool().Draw(t, "tiny") {
			size.w, size.h = rapid.IntRange(0, 60).Draw(t, "w"), rapid.IntRange(0, 14).Draw(t, "h")
		} else {
			size.w, size.h = rapid.IntRange(38, 220).Draw(t, "w"), rapid.IntRange(9, 70).Draw(t, "h")
		}
		s.Send(tea.WindowSizeMsg{Width: size.w, Height: size.h})
		return fmt.Sprintf("resize %dx%d", size.w, size.h)
	case n < 16:
		return mutate(t, s)
	case n < 18:
		at := tea.Mouse{X: rapid.IntRange(-1, size.w+1).Draw(t, "x"), Y: rapid.IntRange(-1, size.h+1).Draw(t, "y"), Button: tea.MouseLeft}
		if rapid.Bool().Draw(t, "wheel") {
			at.Button = rapid.SampledFrom([]tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown}).Draw(t, "direction")
			s.Send(tea.MouseWheelMsg(at))
		} else {
			s.Send(tea.MouseClickMsg(at))
		}
		return fmt.Sprintf("mouse %v", at)
	case n < 19:
		d := time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ms")) * time.Millisecond
		s.Pass(d)
		return "pass " + d.String()
	default:
		s.Send(tea.PasteMsg{Content: rapid.SampledFrom([]string{"y", "shop/cart", "api\n\x1b[31m", "", "cpu>"}).Draw(t, "paste")})
		return "paste"
	}
}

// mutate changes the world behind the screen.
func mutate(t *rapid.T, s *viewstest.Session) string {
	w := s.World
	i := rapid.SampledFrom([]core.Instance{viewstest.Prod, viewstest.Staging, viewstest.Local, viewstest.GitHub}).Draw(t, "instance")
	kind := "pod"
	switch i {
	case viewstest.Local:
		kind = "container"
	case viewstest.GitHub:
		kind = "run"
	}
	rows := w.Rows(i, kind)
	row := rows[rapid.IntRange(0, len(rows)-1).Draw(t, "row")].Resource
	switch rapid.IntRange(0, 7).Draw(t, "change") {
	case 0:
		w.Vanish(i, kind)
	case 1:
		w.Return(i, kind)
	case 2:
		w.Delete(row.Ref)
	case 3: // another life at the same place
		n := *row
		n.Ref.UID += "'"
		w.Delete(row.Ref)
		w.Apply(&n)
	case 4:
		w.Stale(i, rapid.SampledFrom([]core.State{core.Live, core.Stale, core.Down}).Draw(t, "state"), w.Problem(core.Unreachable, "no answer", "look at it"))
	case 5:
		u := core.NewUsage(row.Ref, time.Now().UnixNano())
		u.Values[core.CPUUsed] = rapid.SampledFrom([]float64{0, 1, 499, 1e9, -1, math.Inf(1), math.NaN()}).Draw(t, "cpu")
		w.Store.Sink(i).Usage([]core.Usage{u})
	case 6:
		w.Store.Sink(i).State(kind, w.Problem(core.Forbidden, "forbidden", "ask"))
	default:
		n := *row
		n.Phase = core.Phase(rapid.IntRange(0, 5).Draw(t, "phase"))
		n.Reason = text.Clean(rapid.String().Draw(t, "reason"))
		n.Changed = time.Now().UnixNano()
		n.Past = rapid.Bool().Draw(t, "past")
		if kind == "run" {
			f := *n.Facts
			f.Waits = nil
			if rapid.Bool().Draw(t, "waits") {
				f.Waits = []text.Safe{text.Clean(rapid.String().Draw(t, "gate"))}
			}
			n.Facts, n.Cells = &f, append([]core.Cell(nil), n.Cells...)
			n.Cells[5] = core.Cell{Text: text.Clean(rapid.String().Draw(t, "stage")), Num: rapid.SampledFrom([]float64{0, 1, 3003, 999999, -5, 40012, 1e300, math.NaN(), math.Inf(1)}).Draw(t, "stages")}
			n.Cells[7].Num = rapid.SampledFrom([]float64{0, -1, 1e9, math.NaN()}).Draw(t, "took")
		}
		w.Apply(&n)
	}
	s.Settle()
	return "the world changes"
}

// Promise 5: whatever is pressed, resized, clicked and changed behind the
// screen, each frame is exactly as large as the terminal, with its header and
// its footer.
func TestPromise5AnySessionKeepsTheGrid(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no deadline to ask for
			w := viewstest.New()
			if rapid.Bool().Draw(t, "hostile") {
				w = viewstest.Hostile(attacked(rapid.IntRange(0, 20).Draw(t, "round")))
			}
			s := viewstest.Open(t, w, func(o *views.Options) { o.AllThemes = append(o.AllThemes, viewstest.Theme("light")) })
			size := size{120, 40}
			var done []string
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("after %s", strings.Join(done, " · "))
				}
			})
			for range rapid.IntRange(1, 60).Draw(t, "steps") {
				done = append(done, act(t, s, &size))
				check(t, s.M.View().Content, size.w, size.h)
			}
		})
	})
}

// Promise 8: any size works, with each dialog open.
func TestPromise8ResizeStorm(t *testing.T) {
	storm := []size{{0, 0}, {1, 1}, {2, 2}, {3, 1}, {1, 50}, {39, 9}, {40, 10}, {41, 11}, {50, 12}, {60, 10}, {79, 21}, {80, 22}, {80, 24}, {119, 27}, {120, 28}, {121, 29}, {150, 30}, {500, 200}, {40, 200}, {500, 10}, {7, 3}, {120, 40}}
	for _, name := range []string{"cockpit", "help", "palette", "scope-menu", "action-menu", "filter-prompt", "filter-broken", "plan-by-name-typed", "plan-of-many", "plan-executing", "plan-refused", "plan-rollback-form", "plan-deploy-form", "plan-scale-wrong", "plan-of-ten", "plan-compose-running", "plan-failed", "glass-asked", "tasks", "tasks-record", "verb-menu", "edit-refused", "quit-while-running", "object-overview-parts", "object-manifest", "logs-searched", "metrics", "stale-and-down", "no-sources-offer", "builds", "run-failed", "run-failed-step", "run-running", "run-logs", "job", "plan-dispatch-form-end"} {
		t.Run(name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, name)
				s := c.open(t, nil)
				before := plain(frame(t, s, 120, 40))
				for range 3 {
					for _, z := range storm {
						frame(t, s, z.w, z.h)
					}
				}
				if after := plain(frame(t, s, 120, 40)); after != before && !strings.Contains(name, "logs") {
					t.Errorf("after the storm something else is on the screen:\n%s\n--- before\n%s", after, before)
				}
			})
		})
	}
}

// Promise 8: what cannot be seen cannot be confirmed.
func TestPromise8AClippedPlanIsNotConfirmed(t *testing.T) {
	for _, c := range []struct {
		scene string
		yes   func(*viewstest.Session)
	}{
		{"plan-confirm", func(s *viewstest.Session) { s.Type("y", "enter") }},
		{"plan-free", func(s *viewstest.Session) { s.Type("enter", "y") }},
		{"plan-by-name", func(s *viewstest.Session) { s.Write("shop/cart"); s.Type("enter") }},
		{"plan-scale", func(s *viewstest.Session) { s.Type("y", "enter") }},
		{"plan-scale-form", func(s *viewstest.Session) { s.Type("enter"); s.Pass(time.Second); s.Type("y") }},
	} {
		t.Run(c.scene, func(t *testing.T) {
			confirmed := 0
			for _, z := range []size{{0, 0}, {1, 1}, {30, 8}, {39, 40}, {40, 10}, {44, 30}, {49, 24}, {51, 11}, {80, 10}, {80, 11}, {80, 12}, {80, 24}, {500, 200}} {
				viewstest.Bubble(t, func(t *testing.T) {
					x := sceneNamed(t, c.scene)
					s := x.open(t, nil)
					s.Frame(z.w, z.h)
					s.Pass(time.Second)
					screen := ansi.Strip(frame(t, s, z.w, z.h))
					c.yes(s)
					_, _, changes := s.World.Cluster.Counts()
					confirmed += changes
					named := strings.Contains(screen, "shop/cart") || strings.Contains(screen, "deployment/shop/web") || strings.Contains(screen, "container/shop-db-1")
					if changes > 0 && !named {
						t.Errorf("confirmed at %dx%d although the target is not on the screen:\n%s", z.w, z.h, screen)
					}
				})
			}
			if confirmed < 2 {
				t.Errorf("confirmed %d times: not even where there is room", confirmed)
			}
		})
	}
}

// A list that followed every change shows what one that was opened just now
// does: carrying differences over equals sorting afresh.
func TestAListThatFollowedEqualsAFreshOne(t *testing.T) {
	words := func(s *viewstest.Session) string {
		s.Type("g")
		lines := strings.Split(plain(s.Frame(200, 60)), "\n")
		return strings.Join(strings.Fields(strings.Join(lines[1:], "\n")), " ")
	}
	viewstest.Bubble(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) {
			w := viewstest.New()
			s := viewstest.Open(t, w)
			s.Type("z")
			order := rapid.SampledFrom([][]string{nil, {">"}, {">", ">", ">"}, {">", ">", ">", ">", ","}, {"*"}}).Draw(t, "order")
			filter := rapid.SampledFrom([]string{"", "web", "!ns:shop", "restarts>1", "cpu>100m", "age<1h"}).Draw(t, "filter")
			set := func(s *viewstest.Session) {
				s.Type(order...)
				if filter != "" {
					find(s, filter)
				}
				s.Pass(20 * time.Second) // messages fade
			}
			set(s)
			for range rapid.IntRange(1, 25).Draw(t, "changes") {
				mutate(t, s)
				if rapid.IntRange(0, 9).Draw(t, "pause") == 0 {
					s.Pass(time.Minute)
				}
			}
			fresh := viewstest.Open(t, w)
			fresh.Type("z")
			set(fresh)
			s.Pass(time.Minute) // ages are those of the last minute that began
			fresh.Settle()
			fresh.Send(views.TickMsg{})
			if a, b := words(s), words(fresh); a != b {
				t.Fatalf("followed:\n%s\nfresh:\n%s", plain(s.M.View().Content), plain(fresh.M.View().Content))
			}
		})
	})
}
