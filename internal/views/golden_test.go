package views_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/testkit"
	"devops-tui/internal/text/texttest"
	"devops-tui/internal/views"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/viewstest"
)

type size struct{ w, h int }

// sizes are those that every screen is looked at.
var sizes = []size{{80, 24}, {120, 40}, {200, 60}}

// planSizes are those that the plan of a change is looked at.
var planSizes = []size{{80, 24}, {120, 40}, {160, 45}, {200, 60}}

// look is how a terminal shows a screen.
type look struct {
	name    string
	theme   string
	profile colorprofile.Profile
}

var looks = []look{
	{"dark", "dark", colorprofile.TrueColor},
	{"light", "light", colorprofile.TrueColor},
	{"high-contrast", "high-contrast", colorprofile.ANSI256},
	{"colour-blind", "colour-blind", colorprofile.ANSI256},
	{"terminal", "terminal", colorprofile.ANSI},
	{"no-color", "mono", colorprofile.ASCII},
}

func (l look) options(o *views.Options) {
	o.Theme, o.Profile = viewstest.Theme(l.theme), l.profile
}

// frame checks a frame of a session for what must hold of every frame, and
// returns it.
func frame(t viewstest.TB, s *viewstest.Session, w, h int) string {
	t.Helper()
	f := s.Frame(w, h)
	check(t, f, w, h)
	return f
}

// check is promises 1 and 5 for one frame: the grid, header and footer, no
// control sequence of another's.
func check(t viewstest.TB, f string, w, h int) {
	t.Helper()
	if bad := viewstest.Grid(f, w, h); bad != "" {
		t.Fatal(bad)
	}
	if bad := texttest.Violations(f); len(bad) > 0 {
		t.Fatalf("%dx%d: the gate found:\n%s", w, h, strings.Join(bad, "\n"))
	}
	if w < 40 || h < 10 {
		return
	}
	lines := strings.Split(ansi.Strip(f), "\n")
	if strings.TrimSpace(lines[0]) == "" || w >= 80 && !strings.Contains(lines[0], time.Now().Format("15:04")) {
		t.Fatalf("%dx%d: no header: %q", w, h, lines[0])
	}
	if !strings.Contains(lines[h-1], "? help") {
		t.Fatalf("%dx%d: no footer: %q", w, h, lines[h-1])
	}
}

// plain is a frame as text, without the blanks at the ends of its lines.
func plain(f string) string {
	lines := strings.Split(ansi.Strip(f), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return ids.ReplaceAllString(strings.Join(lines, "\n"), "0123456789ab")
}

// ids are those of changes: random.
var ids = regexp.MustCompile(`\b[0-9a-f]{12}\b`)

func TestEveryScreen(t *testing.T) {
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			viewstest.Bubble(t, func(t *testing.T) {
				s := c.open(t, nil, looks[0].options)
				at := sizes
				if strings.HasPrefix(c.name, "plan-") {
					at = planSizes
				}
				for _, z := range at {
					_, _ = fmt.Fprintf(&out, "=== %d x %d\n%s\n", z.w, z.h, plain(frame(t, s, z.w, z.h)))
				}
			})
			testkit.Golden(t, "screen/"+c.name, out.String())
		})
	}
}

// Meaning is never colour alone: whatever the theme and the terminal, the same
// words and glyphs stand at the same places.
func TestEveryLookSaysTheSame(t *testing.T) {
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			var want [3]string
			for n, l := range []look{looks[0], looks[1], looks[2], looks[5]} {
				viewstest.Bubble(t, func(t *testing.T) {
					s := c.open(t, nil, l.options)
					for i, z := range sizes {
						f := frame(t, s, z.w, z.h)
						if n == 0 {
							want[i] = plain(f)
						} else if got := plain(f); got != want[i] {
							t.Errorf("%s at %dx%d differs from %s:\n%s\n--- instead of\n%s", l.name, z.w, z.h, looks[0].name, got, want[i])
						}
						if l.profile == colorprofile.ASCII && (strings.Contains(f, "[38;") || strings.Contains(f, "[48;") || strings.Contains(f, ";31")) {
							t.Errorf("colour although the terminal has none")
						}
					}
				})
			}
		})
	}
}

// The styles of a few screens, byte by byte.
func TestStyles(t *testing.T) {
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			var out strings.Builder
			for _, x := range []struct {
				scene string
				sizes []size
			}{{"cockpit", sizes}, {"object-overview-parts", sizes[:1]}, {"plan-by-name", sizes[:1]}, {"logs-searched", sizes[:1]}, {"builds", sizes[1:]}, {"run-failed", sizes[:1]}, {"run-logs", sizes[:1]}} {
				viewstest.Bubble(t, func(t *testing.T) {
					c := sceneNamed(t, x.scene)
					s := c.open(t, nil, l.options)
					for _, z := range x.sizes {
						_, _ = fmt.Fprintf(&out, "=== %s %d x %d\n%s\n", x.scene, z.w, z.h, strings.ReplaceAll(frame(t, s, z.w, z.h), "\x1b", "␛"))
					}
				})
			}
			testkit.Golden(t, "style/"+l.name, out.String())
		})
	}
}

// A terminal whose font has nothing beyond ASCII.
func TestScreensInASCII(t *testing.T) {
	for _, name := range []string{"cockpit", "object-metrics", "plan-executing", "marked", "builds", "run-failed", "run-logs"} {
		t.Run(name, func(t *testing.T) {
			var got string
			viewstest.Bubble(t, func(t *testing.T) {
				c := sceneNamed(t, name)
				s := c.open(t, nil, func(o *views.Options) { o.Glyphs = kit.ASCII })
				got = plain(frame(t, s, 120, 40))
			})
			testkit.Golden(t, "ascii/"+name, got+"\n")
		})
	}
}

// A screen too small for panes says so, and what is broken.
func TestTinyScreens(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.New())
		var out strings.Builder
		for _, z := range []size{{39, 9}, {39, 24}, {80, 9}, {20, 5}, {10, 2}, {1, 1}} {
			_, _ = fmt.Fprintf(&out, "=== %d x %d\n%s\n", z.w, z.h, plain(frame(t, s, z.w, z.h)))
		}
		testkit.Golden(t, "tiny", out.String())
	})
}
