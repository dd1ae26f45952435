package views_test

import (
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/text/texttest"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// attacks are what an attacker who may name things or write logs would try.
var attacks = []string{
	"\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;ZXZpbA==\x07", "\x1b]8;;http://evil\x1b\\", "\x1b]0;no end", "\x1bP1$r", "\x1b[?1049l", "\x1b[?1000h",
	"\x9b2J", "\x9d0;x\x9c", "\xd6\x1b[31m", "\xff\xfe\xc0\x80", "\x00\x07\x08\x0b\x0c\x0e\x7f", "\r\n\r\noverwritten", "a\tb\tc", "\x1b[8mhidden\x1b[30;40m",
	"\u202e\u2066txt.exe", "\u200b\u200c\u200d\ufeff", "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301", "\U000e0041\U000e0042", "\u115f\u3164\uffa0", "👩‍👩‍👧‍👦🏴‍☠️", "中文字符很宽很宽", "\u2028\u2029",
	"%s%d%!x(MISSING)", strings.Repeat("W", 700), strings.Repeat("\u0300", 300), "\x1b[38;2;1;1;1mcoloured", "\x1b#8\x1bc\x1b(0", "\x1b_Gi=1\x1b\\", "\x18\x1a\x1b\x1b\x1b",
}

// attacked puts an attack behind every foreign text, another one in each round
// and field.
func attacked(round int) viewstest.Foreign {
	return func(field, value string) string {
		h := fnv.New32a()
		_, _ = fmt.Fprintf(h, "%d %s %s", round, field, value)
		return value + attacks[int(h.Sum32())%len(attacks)]
	}
}

// Promise 1, as far as the screen goes: no foreign text in any field breaks
// any screen or acts as a control sequence. Promise 30: what is for the log
// only is never drawn.
func TestPromise1HostileTextInEveryFieldOfEveryScreen(t *testing.T) {
	for _, c := range scenes {
		if c.empty {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			for round := range 2 {
				viewstest.Bubble(t, func(t *testing.T) {
					s := c.open(t, viewstest.Hostile(attacked(round)))
					for _, z := range sizes {
						if f := frame(t, s, z.w, z.h); strings.Contains(f, viewstest.Secret) {
							t.Error("the cause of a problem is drawn")
						}
					}
				})
			}
		})
	}
}

// Every attack at once, in the fields that stand in front: names, reasons, logs.
func TestPromise1EachAttackOnTheCockpit(t *testing.T) {
	for n, attack := range attacks {
		t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) {
			viewstest.Bubble(t, func(t *testing.T) {
				s := viewstest.Open(t, viewstest.Hostile(func(_, v string) string { return attack + v + attack }), func(o *views.Options) {
					o.Profile = []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ASCII}[n%2]
				})
				for _, ks := range [][]string{nil, {"enter"}, {"y"}, {"e"}, {"l", "p", "w"}, {"3"}, {"R"}, {"a"}, {"c"}, {":"}, {";"}} {
					s.Type(ks...)
					s.Pass(time.Second)
					frame(t, s, 100, 30)
					s.Type("esc", "esc", "alt+1")
				}
			})
		})
	}
}

// A cluster names its contexts, kinds and columns itself.
func TestPromise1HostileKindsAndScopes(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w := viewstest.Empty()
		for n, attack := range attacks {
			i := core.Instance{Source: "kube", Scope: fmt.Sprintf("ctx%d%s", n, attack)}
			kind := core.Kind{
				Name: "kind" + attack, Plural: "kinds" + attack, Aliases: []string{attack}, Title: text.Clean("Kinds" + attack), Namespaced: true, Verbs: []string{"restart"},
				Columns: []core.Column{{ID: "name", Title: text.Lit("NAME"), Type: core.Name}, {ID: attack, Title: text.Clean(attack), Type: core.Text}},
			}
			w.Connect(i, []core.Kind{kind})
			w.List(i, kind.Name, []core.Change{{Resource: &core.Resource{
				Ref: core.Ref{Source: i.Source, Scope: i.Scope, Kind: kind.Name, Namespace: attack, Name: attack, UID: "1"}, Phase: core.Failed, Cells: []core.Cell{{Text: text.Clean(attack)}, {Text: text.Clean(attack)}},
			}}})
		}
		w.Store.Publish()
		s := viewstest.Open(t, w)
		for _, z := range sizes {
			frame(t, s, z.w, z.h)
		}
		s.Type(":")
		for range 40 {
			frame(t, s, 120, 40)
			s.Type("pgdown")
		}
		for n := range attacks {
			s.Type(":")
			s.Write("kinds")
			for range n {
				s.Type("down")
			}
			s.Type("enter")
			frame(t, s, 120, 40)
			s.Type(">", "/")
			s.Write("a")
			frame(t, s, 90, 30)
			s.Type("esc", ";")
			frame(t, s, 120, 40)
			s.Type("esc", "enter")
			frame(t, s, 120, 40)
			s.Type("R")
			frame(t, s, 120, 40)
			s.Type("esc", "alt+1")
		}
	})
}

// What leaves the cockpit by the clipboard or a file is as clean as what is
// drawn.
func TestPromise1ClipboardAndFiles(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		for round := range len(attacks) {
			w := viewstest.Hostile(attacked(round))
			s := viewstest.Open(t, w)
			for item := range 6 {
				s.Type("c")
				for range item {
					s.Type("down")
				}
				s.Type("enter")
			}
			s.Type("l", "s", "c", "esc", "y", "s", "c")
			if len(s.Copied) < 6 || len(w.Backend.Saved()) < 2 {
				t.Fatalf("%d copies, %d files", len(s.Copied), len(w.Backend.Saved()))
			}
			for _, c := range s.Copied {
				if bad := texttest.Violations(c); len(bad) > 0 {
					t.Errorf("copied %q: %s", c, bad[0])
				}
			}
			for name, lines := range w.Backend.Saved() {
				for _, l := range lines {
					if bad := texttest.Violations(l); len(bad) > 0 || strings.Contains(l, "\n") || strings.Contains(l, viewstest.Secret) {
						t.Errorf("%s: saved %q: %v", name, l, bad)
					}
				}
			}
		}
	})
}
