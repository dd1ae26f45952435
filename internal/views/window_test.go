package views_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// s opens a shell with the real terminal where policy leaves that free, and asks
// where it does not.
func TestShell(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		s.Desk.Types = "exit 3\n"
		find(s, "scope:staging seed-0", "s") // one container: nothing to choose
		s.Shows("the shell in pod/shop/seed-0 ended with exit code 3")
		if got := s.World.Cluster.Typed(); len(got) != 1 || got[0] != "exit 3\n" {
			t.Errorf("typed %q", got)
		}
		if shown := s.Desk.Shown.String(); !strings.Contains(shown, "$ ") || !strings.Contains(shown, "exit returns") {
			t.Errorf("shown %q", shown)
		}
		find(s, "scope:staging api-7d9f8c6b5-a", "s") // two: it asks which
		s.Shows("container", "sidecar", "enter opens it")
		s.Type("right")
		s.Pass(time.Second)
		s.Type("enter")
		if got := last(t, s); !strings.Contains(got, "container:sidecar") {
			t.Error(got)
		}
		find(s, "scope:prod ledger-db-1", "s") // prod asks for the name
		s.Pass(time.Second)
		s.Shows("type payments/ledger-db-1")
		s.Write("payments/ledger-db-1")
		s.Type("enter")
		if got := s.World.Cluster.Typed(); len(got) != 3 {
			t.Errorf("%d sessions", len(got))
		}
		s.Type("2", "s")
		s.Shows("cannot")
	})
}

// f forwards a port in the background; the page of changes lists and ends it.
func TestPortForward(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("f")
		s.Shows("metrics", "enter opens it")
		s.Type("enter")
		s.Shows("127.0.0.1:8080 → web:80", "1 running")
		s.Hides("enter opens it")
		s.Type("u")
		s.Shows("RUNNING", "port-forward deployment/shop/web")
		s.Type("enter")
		s.Shows("serving")
		s.Type("esc", "x")
		s.Shows("ended")
		s.Hides("RUNNING", "1 running")
		if len(s.Raw) > 0 {
			t.Errorf("a forward that the user ended rings: %q", s.Raw)
		}
	})
}

// E: editor, plan, confirmation; the file is gone afterwards.
func TestEdit(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Type("E")
		s.Shows("nothing was changed")
		s.Desk.Edit = func(x string) string { return strings.Replace(x, "replicas: 3", "replicas: broken", 1) }
		s.Type("E")
		s.Shows("Invalid value", "e edits again")
		s.Desk.Edit = func(x string) string { return strings.Replace(x, "replicas: broken", "replicas: 5", 1) }
		s.Type("e")
		opened := s.Desk.Opened()
		if got := opened[len(opened)-1]; !strings.HasPrefix(got, "# devops-tui: ") || !strings.Contains(got, "Invalid value") || !strings.Contains(got, "replicas: broken") {
			t.Errorf("the editor was opened with %q", got)
		}
		s.Pass(time.Second)
		s.Shows("-  replicas: 3", "+  replicas: 5", "y confirms")
		if n := len(s.Desk.Files()); n != 1 {
			t.Errorf("%d files while the plan stands", n)
		}
		s.Type("y")
		s.Pass(time.Second)
		s.Type("enter")
		if files := s.Desk.Files(); len(files) > 0 {
			t.Errorf("left behind: %v", files)
		}
		if got := s.World.Cluster.Changed(); len(got) != 1 {
			t.Errorf("changed %v", got)
		}
	})
}

// Leaving with unsaved changes keeps the text and tells where.
func TestEditLeftKeepsTheText(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := on(t, viewstest.New())
		s.Desk.Edit = func(x string) string { return strings.Replace(x, "3", "9", 1) }
		s.Type("E")
		s.Pass(time.Second)
		s.Type("esc")
		s.Shows("your text is kept: /home/kim/.local/state/devops-tui/edits/deployment-web.yaml")
		for _, x := range s.Desk.Files() {
			if !strings.Contains(x, "replicas: 9") {
				t.Errorf("kept %q", x)
			}
		}
		s.Type("E") // ctrl+c is a way to leave, too
		s.Pass(time.Second)
		s.Type("ctrl+c")
		s.Shows("your text is kept")
		s.Pass(5 * time.Second)
		s.Desk.Edit, s.Desk.Fails = nil, errors.New("exit status 1")
		find(s, "scope:staging api", "E")
		s.Shows("exit status 1", "nothing is planned")
		if n := len(s.Desk.Files()); n != 1 {
			t.Errorf("%d files", n)
		}
	})
}

// Broken glass stands on every screen, whatever esc does, and ends by itself.
func TestBreakGlass(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		planOn("node-agent")(s)
		s.Pass(time.Second)
		s.Shows("policy denies", "b breaks the glass")
		s.Type("y", "enter", "esc")
		planOn("node-agent")(s)
		s.Type("b", "enter")
		s.Shows("needs a reason")
		s.Write("INC-77 agents hang")
		s.Type("enter")
		s.Pass(time.Second)
		s.Shows("BREAK-GLASS · 15 min left · INC-77 agents hang", "type kube-system/node-agent to confirm")
		s.Write("kube-system/node-agent")
		s.Type("enter")
		s.Pass(time.Second)
		if n := len(s.World.Cluster.Changed()); n != 1 {
			t.Errorf("%d changes", n)
		}
		s.Type("esc", "esc", "esc", "alt+1", "esc")
		s.Shows("BREAK-GLASS")
		s.Type("u")
		s.Shows("⚑")
		s.Pass(9 * time.Minute)
		s.Shows("BREAK-GLASS · 6 min left")
		s.Pass(6*time.Minute + time.Second)
		s.Hides("BREAK-GLASS")
		s.Type(":")
		s.Write("break glass")
		s.Type("enter")
		s.Write("once more, please")
		s.Type("enter")
		s.Shows("BREAK-GLASS · 15 min left")
		s.Type(":")
		s.Write("end break glass")
		s.Type("enter")
		s.Hides("BREAK-GLASS")
	})
}

// A background change that ended rings, with words only where the terminal is
// known to take them, and never with a foreign sequence.
func TestTheEndOfABackgroundChangeRings(t *testing.T) {
	for bell, want := range map[views.Bell]string{views.BellOnly: "\a", views.BellOSC9: "\a\x1b]9;devops-tui, ", views.BellOSC777: "\a\x1b]777;notify;devops-tui;"} {
		viewstest.Bubble(t, func(t *testing.T) {
			w := viewstest.Hostile(func(field, v string) string {
				if field == "name" || field == "summary" {
					return v + ";\x1b]52;c;ZXZpbA==\a\u202e"
				}
				return v
			})
			w.Cluster.Hold()
			w.Cluster.Fail = w.Problem(core.Internal, "not ready", "")
			s := on(t, w, func(o *views.Options) { o.Bell = bell })
			s.Type("R")
			s.Pass(time.Second)
			s.Type("y")
			if len(s.Raw) > 0 {
				t.Fatalf("it rings too early: %q", s.Raw)
			}
			s.Type("esc")
			s.Shows("goes on in the background")
			w.Cluster.Release()
			s.Settle()
			s.Shows("not ready")
			if len(s.Raw) != 1 || !strings.HasPrefix(s.Raw[0], want) {
				t.Fatalf("%q, want %q", s.Raw, want)
			}
			words := strings.TrimSuffix(strings.TrimPrefix(s.Raw[0], want), "\x1b\\")
			if strings.ContainsAny(words, ";\a\x1b\u202e") || len([]rune(words)) > 130 {
				t.Errorf("it says %q", words)
			}
		})
	}
	// Who looks at it needs no bell, unless the terminal is not in front.
	for _, blurred := range []bool{false, true} {
		viewstest.Bubble(t, func(t *testing.T) {
			w := viewstest.New()
			w.Cluster.Hold()
			s := on(t, w)
			s.Type("R")
			s.Pass(time.Second)
			s.Type("y")
			if blurred {
				s.Send(tea.BlurMsg{})
			}
			w.Cluster.Release()
			s.Settle()
			if got := len(s.Raw); (got == 1) != blurred {
				t.Errorf("blurred %v: %d bells", blurred, got)
			}
		})
	}
}

func TestBellFor(t *testing.T) {
	for env, want := range map[string]views.Bell{
		"": views.BellOnly, "TERM=xterm-256color": views.BellOnly, "TERM_PROGRAM=iTerm.app": views.BellOSC9, "TERM_PROGRAM=WezTerm": views.BellOSC777,
		"TERM=xterm-kitty": views.BellOSC9, "TERM=foot": views.BellOSC777, "TERM=rxvt-unicode-256color": views.BellOSC777, "TERM=xterm-ghostty": views.BellOSC777,
		"TERM=tmux-256color TERM_PROGRAM=WezTerm": views.BellOnly, "TERM=xterm-kitty TMUX=/tmp/x": views.BellOnly, "TERM=screen STY=1": views.BellOnly, "TERM_PROGRAM=Apple_Terminal": views.BellOnly,
	} {
		got := views.BellFor(func(name string) string {
			for _, kv := range strings.Fields(env) {
				if v, ok := strings.CutPrefix(kv, name+"="); ok {
					return v
				}
			}
			return ""
		})
		if got != want {
			t.Errorf("%s: %v", env, got)
		}
	}
}

// s and f change nothing, whatever follows them: at most a window is opened.
func TestOpeningKeysChangeNothing(t *testing.T) {
	for _, name := range places {
		t.Run(name, func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, name)
				s := c.open(t, nil)
				for _, k := range []string{"s", "f"} {
					s.Type(k)
					s.Pass(time.Second)
					s.Type("enter", "y", "enter")
					s.Pass(time.Second)
					s.Type("esc", "esc", "esc", "alt+1")
				}
				if n := len(s.World.Cluster.Changed()); n > 0 {
					t.Errorf("%d changes", n)
				}
			})
		})
	}
}
