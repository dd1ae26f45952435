package views_test

import (
	"image/color"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
	"devops-tui/themes"
)

// The theme follows the terminal's background unless one is chosen, and the
// palette changes it at once.
func TestThemesFollowTheBackground(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New(), func(o *views.Options) {
			o.Theme = nil
			o.Themes = func(dark bool) *themes.Theme { return viewstest.Theme(themes.Detect(dark)) }
			o.AllThemes = append(o.AllThemes, viewstest.Theme("high-contrast"))
		})
		dark := s.M.View().Content
		s.Send(tea.BackgroundColorMsg{Color: color.White})
		light := s.M.View().Content
		if light == dark || plain(light) != plain(dark) {
			t.Error("a white background does not change the colours alone")
		}
		s.Send(tea.BackgroundColorMsg{Color: color.Black})
		if s.M.View().Content != dark {
			t.Error("a black background does not bring the dark theme back")
		}
		s.Type(":")
		s.Write("theme high")
		s.Type("enter")
		chosen := s.M.View().Content
		if chosen == dark {
			t.Error("the palette does not change the theme")
		}
		s.Send(tea.BackgroundColorMsg{Color: color.White})
		if s.M.View().Content != chosen {
			t.Error("a chosen theme gives way to the background")
		}
	})
}

func TestRefreshResumeRedraw(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		before := s.M.View().Content
		s.Type("r")
		s.Shows("asked all sources afresh")
		s.Send(tea.ResumeMsg{})
		if n := s.World.Backend.Wakes(); n != 2 {
			t.Errorf("the sources were woken %d times", n)
		}
		s.Pass(10 * time.Second)
		if s.M.View().Content != before {
			t.Error("the message does not fade")
		}
		s.Type("ctrl+l")
		if !strings.Contains(strings.Join(s.Sent, " "), "clearScreen") {
			t.Errorf("redraw sends %v", s.Sent)
		}
		s.Type("ctrl+z")
		if s.Sent[len(s.Sent)-1] != "tea.SuspendMsg" {
			t.Errorf("suspend sends %v", s.Sent)
		}
	})
}

// Nothing changed: the very same string, so that the framework has no work.
func TestAFrameWithoutNewsIsTheSame(t *testing.T) {
	for _, name := range []string{"cockpit", "workloads", "logs", "metrics", "object-overview-parts", "object-manifest", "help"} {
		t.Run(name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, name)
				s := c.open(t, nil)
				s.Pass(8 * time.Second) // rates of lines settle
				s.Send(views.FrameMsg{})
				before := s.M.View().Content
				s.Send(views.FrameMsg{}, tea.FocusMsg{}, tea.BlurMsg{}, views.FrameMsg{})
				if after := s.M.View().Content; after != before {
					t.Error("the frame differs")
				}
			})
		})
	}
}

func TestTheMouseLooks(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New(), func(o *views.Options) { o.Mouse = true })
		if s.M.View().MouseMode != tea.MouseModeCellMotion {
			t.Error("the mouse is on, its mode is not asked for")
		}
		s.Type("3")
		click := func(x, y int) { t.Helper(); s.Send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }
		click(20, 6)
		if got := selected(t, s); !strings.Contains(got, "search indexer") {
			t.Errorf("a click on the third row selects %s", got)
		}
		frame(t, s, 160, 45)
		line := strings.Split(s.Screen(), "\n")[3]
		click(len([]rune(line[:strings.Index(line, "NAMESPACE")]))+2, 3)
		s.Shows("NAMESPACE↑")
		s.Send(tea.MouseWheelMsg{X: 20, Y: 10, Button: tea.MouseWheelDown})
		if got := selected(t, s); strings.Contains(got, "search indexer") {
			t.Errorf("the wheel does not move: %s", got)
		}
		s.Type("a")
		click(0, 30) // beside the menu
		s.Hides("Actions")
	})
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		if s.M.View().MouseMode != tea.MouseModeNone {
			t.Error("the mouse is off and asked for")
		}
		s.Frame(160, 45)
		s.Send(tea.MouseClickMsg{X: 20, Y: 35, Button: tea.MouseLeft}) // into the logs
		s.Type("w")
		s.Type("f")
		s.Hides("following")
	})
}

// An object that goes while its page is open says so and keeps what was known.
func TestAnObjectThatGoes(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		find(s, "debug-shell", "enter")
		ref := s.World.Find(viewstest.Prod, "pod", "payments", "debug-shell").Ref
		s.World.Delete(ref)
		s.Settle()
		s.Shows("gone", "debug-shell")
		s.Type("R")
		s.Pass(time.Second)
		if n := len(s.World.Cluster.Changed()); n > 0 {
			t.Error("a gone object was changed")
		}
	})
}

// The demo is offered where nothing is found, and opens at once.
func TestTheOffer(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		opened := 0
		s := viewstest.Open(t, viewstest.Empty(), func(o *views.Options) {
			o.Offer = text.Lit("Nothing was found to watch.")
			o.OpenDemo = func() { opened++ }
		})
		s.Shows("open the demo world")
		s.Type("enter")
		s.Shows("DEMO")
		s.Hides("Nothing was found")
		if opened != 1 {
			t.Errorf("the demo was opened %d times", opened)
		}
	})
}

// Everything that opens something ends it: after the cockpit is closed no log
// is open.
func TestCloseEndsAllLogs(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		for range 5 {
			s.Type("j", "enter", "]", "esc", "l", "esc")
		}
		if _, open := s.World.Backend.Tails(); open == 0 {
			t.Fatal("no log is open")
		}
		s.M.Close()
		s.Settle()
		if _, open := s.World.Backend.Tails(); open != 0 {
			t.Errorf("%d logs are open after the end", open)
		}
	})
}

// A source that is slow to answer a document does not hold the keys.
func TestDocumentsLoadBehindTheScreen(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.New()
		s := viewstest.Open(t, w)
		s.Rush(viewstest.Key("y"))
		s.Shows("loading")
		s.Rush(viewstest.Key("esc"), viewstest.Key("j"))
		s.Settle()
		s.Shows("Builds")
		w.Backend.Fail = &core.Problem{Summary: text.Lit("no answer in 20 s"), Hint: text.Lit("r asks again")}
		s.Type("y")
		s.Shows("no answer in 20 s", "r asks again")
		w.Backend.Fail = nil
		s.Type("r")
		s.Shows("apiVersion")
	})
}

// Pasted text goes into the prompt that is open, as one line, and nowhere else.
func TestPasteIntoPrompts(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		paste := func(p string) { t.Helper(); s.Send(tea.PasteMsg{Content: p}) }
		before := s.M.View().Content
		paste("jjjq")
		if s.M.View().Content != before {
			t.Error("pasted without a prompt it acts as keys")
		}
		s.Type("/")
		paste("led\nger\x1b[31m")
		s.Shows("/ led ger")
		s.Type("esc", "/")
		paste("ledger")
		s.Shows("3 of 48")
		s.Type("enter", "l", "/")
		paste("slow")
		s.Type("enter")
		s.Shows("/slow")
		s.Type("esc", "esc", "y", "/")
		paste("app-7")
		s.Type("enter")
		s.Shows("/app-7")
		s.Type("esc", "esc", ":")
		paste("networks")
		s.Type("enter")
		s.Shows("Networks")
	})
}

// A click chooses in a menu, and never more than a key of its row would.
func TestClicksInMenus(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Type("3")
		find(s, "scope:staging web", "a")
		frame(t, s, 120, 40)
		lines := strings.Split(s.Screen(), "\n")
		for y := range lines {
			if strings.Contains(lines[y], "restart") && strings.Contains(lines[y], "R") && !strings.Contains(lines[y], "?") {
				s.Send(tea.MouseClickMsg{X: 60, Y: y, Button: tea.MouseLeft})
				break
			}
		}
		s.Shows("y confirms")
		s.Pass(time.Second)
		if n := len(s.World.Cluster.Changed()); n > 0 {
			t.Errorf("a click changed %d objects", n)
		}
		s.Type("esc", "?")
		s.Send(tea.MouseClickMsg{X: 0, Y: 20, Button: tea.MouseLeft})
		s.Hides("Keys ·")
	})
}
