package keys

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"devops-tui/internal/core"
)

// looksUpper are the upper-case keys that look all the same: vim's and the
// incident view, as the design has them.
var looksUpper = []string{"G", "N", "I"}

// TestLowerCaseLooksUpperCaseChanges holds every preset to the one rule that
// makes a guess from another tool harmless.
func TestLowerCaseLooksUpperCaseChanges(t *testing.T) {
	for _, preset := range Presets() {
		m, problems := New(preset, nil)
		if len(problems) > 0 {
			t.Fatal(preset, problems)
		}
		for _, c := range m.All() {
			if (c.Group == Changes) != c.Changes || c.Changes && !core.IsVerb(c.Verb) {
				t.Errorf("%s/%s: group %q, Changes %v, verb %q do not agree", preset, c.ID, c.Group.Title(), c.Changes, c.Verb)
			}
			for _, k := range c.Keys {
				switch {
				case c.Changes && !ChangeKey(k):
					t.Errorf("%s/%s changes the world with the key %s", preset, c.ID, k)
				case !c.Changes && ChangeKey(k) && !slices.Contains(looksUpper, k):
					t.Errorf("%s/%s only looks, with the key %s of a change", preset, c.ID, k)
				}
			}
		}
	}
}

func TestChangeKey(t *testing.T) {
	for _, k := range []string{"R", "!", "g R", "É"} {
		if !ChangeKey(k) {
			t.Errorf("%s is no key for a change", k)
		}
	}
	for _, k := range []string{"r", "1", "ctrl+r", "alt+R", "R r", "enter", "f5", "space", "?", ""} {
		if ChangeKey(k) {
			t.Errorf("%s is a key for a change", k)
		}
	}
}

// TestReservedKeysAreFree: what belongs to tmux, screen, the terminal or is
// another key on the wire is bound by no preset.
func TestReservedKeysAreFree(t *testing.T) {
	never := []string{"ctrl+a", "ctrl+b", "ctrl+space", "ctrl+@", "ctrl+\\", "ctrl+q", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s"}
	for _, preset := range Presets() {
		m, _ := New(preset, nil)
		for _, c := range m.All() {
			for _, k := range c.Keys {
				for _, stroke := range strings.Split(k, " ") {
					if slices.Contains(never, stroke) {
						t.Errorf("%s binds %s to %s", preset, k, c.ID)
					}
				}
			}
		}
	}
}

// TestTable: IDs are unique, every key is spelled as Bubble Tea spells it, no
// key means two things in one context, and each command says what it is.
func TestTable(t *testing.T) {
	for _, preset := range Presets() {
		m, _ := New(preset, nil)
		ids := map[string]bool{}
		taken := map[string]string{}
		for _, c := range m.All() {
			if ids[c.ID] {
				t.Errorf("%s: two commands %s", preset, c.ID)
			}
			ids[c.ID] = true
			if c.Title.Empty() || c.Help.Empty() || len(c.Contexts) == 0 || !strings.HasSuffix(c.Help.String(), ".") {
				t.Errorf("%s: %s lacks a title, a sentence or a context", preset, c.ID)
			}
			if !c.Exists() && c.Hint != 0 {
				t.Errorf("%s: %s is planned and in the footer", preset, c.ID)
			}
			for _, k := range c.Keys {
				if n, err := Normalize(k); err != nil || n != k {
					t.Errorf("%s: %s has the key %q, spelled %q (%v)", preset, c.ID, k, n, err)
				}
				for _, ctx := range c.Contexts {
					at := ctx.String() + " " + k
					if other, dup := taken[at]; dup {
						t.Errorf("%s: %s is %s and %s", preset, at, other, c.ID)
					}
					taken[at] = c.ID
				}
			}
		}
		for id := range presets[preset] {
			if !ids[id] {
				t.Errorf("%s moves %s, which is no command", preset, id)
			}
		}
	}
}

// TestMapOfTheDesign holds the default map to the design's table of keys.
func TestMapOfTheDesign(t *testing.T) {
	m := Default()
	list, log := []Context{List, Global}, []Context{Logs, Global}
	for _, c := range []struct {
		ctxs []Context
		key  string
		id   string
	}{
		{list, "j", Down},
		{list, "k", Up},
		{list, "down", Down},
		{list, "up", Up},
		{list, "g", Top},
		{list, "G", Bottom},
		{list, "ctrl+d", HalfDown},
		{list, "ctrl+u", HalfUp},
		{list, "pgdown", PageDown},
		{list, "pgup", PageUp},
		{list, "enter", Open},
		{list, "esc", Back},
		{list, "q", Back},
		{list, "tab", FocusNext},
		{list, "shift+tab", FocusPrev},
		{list, "1", "view-cockpit"},
		{list, "5", "view-logs"},
		{list, "9", "view-improve"},
		{list, "[", TabPrev},
		{list, "]", TabNext},
		{list, "z", Zoom},
		{list, "/", Filter},
		{list, "n", MatchNext},
		{list, "N", MatchPrev},
		{list, ":", OpenPalette},
		{list, "ctrl+p", OpenPalette},
		{list, ";", Scope},
		{list, "*", Problems},
		{list, "l", ViewLogs},
		{list, "p", ViewPrevious},
		{list, "d", Describe},
		{list, "y", Manifest},
		{list, "e", Events},
		{list, "x", Explain},
		{list, "b", Chain},
		{list, "t", Timeline},
		{list, "m", Metrics},
		{list, "=", Diff},
		{list, "s", Shell},
		{list, "f", PortForward},
		{list, "c", Copy},
		{list, "o", OpenURL},
		{list, "w", Wide},
		{list, "space", Mark},
		{list, "v", MarkRange},
		{list, "i", IncidentPin},
		{list, "I", Incident},
		{list, "r", Refresh},
		{list, "ctrl+l", Redraw},
		{list, "ctrl+z", Suspend},
		{list, "?", Help},
		{list, "R", Restart},
		{list, "B", Rollback},
		{list, "D", Deploy},
		{list, "S", Scale},
		{list, "C", Cancel},
		{list, "A", Approve},
		{list, "P", Pause},
		{list, "E", Edit},
		{list, "X", Remove},
		{list, "U", Undo},
		{list, "!", Silence},
		{list, "a", Actions},
		{list, "u", Tasks},
		{[]Context{TaskList, Global}, "x", TaskStop},
		{[]Context{TaskList, Global}, "U", Undo},
		{[]Context{TaskList, Global}, "enter", Open},
		{[]Context{Outline, Object, Global}, "enter", Open},
		{[]Context{Outline, Object, Global}, "left", Left},
		{[]Context{Outline, Object, Global}, "R", Restart},
		{[]Context{Outline, Object, Global}, "A", Approve},
		{[]Context{List, Global}, "C", Cancel},
		{[]Context{List, Global}, "o", OpenURL},
		{[]Context{Logs, Global}, "o", FoldGroup},
		{[]Context{Logs, Global}, "=", FoldAll},
		{list, "ctrl+c", Interrupt},
		{log, "f", Follow},
		{log, "w", Wrap},
		{log, "t", Timestamps},
		{log, "p", Pretty},
		{log, "v", Patterns},
		{log, "x", MatchesOnly},
		{log, "+", MoreContext},
		{log, "-", LessContext},
		{log, "m", MarkLine},
		{log, "s", Save},
		{log, "0", "since-tail"},
		{log, "9", "since-24h"},
		{log, "alt+1", "view-cockpit"},
		{log, "/", Filter},
		{log, "G", Bottom},
		{log, "R", Restart},
		{log, "d", Describe},
		{log, "a", Actions},
		{[]Context{Chart, Global}, "+", ZoomIn},
		{[]Context{Chart, Global}, "5", "view-logs"},
		{[]Context{Dialog}, "enter", Accept},
		{[]Context{Dialog}, "y", Yes},
		{[]Context{Dialog}, "esc", Dismiss},
		{[]Context{Dialog}, "j", Down},
		{[]Context{Palette}, "ctrl+n", ItemDown},
		{[]Context{Prompt}, "esc", InputClose},
	} {
		got, ok := m.Lookup(c.ctxs, c.key)
		if !ok || got.ID != c.id {
			t.Errorf("%s in %v is %q, not %s", c.key, c.ctxs, got.ID, c.id)
		}
	}
	for _, k := range []string{"j", "R", "q"} {
		if c, ok := m.Lookup([]Context{Prompt}, k); ok {
			t.Errorf("while typing, %s is %s", k, c.ID)
		}
	}
	if _, ok := m.Lookup([]Context{Dialog}, "R"); ok {
		t.Error("R reaches through a dialog")
	}
}

func TestPlannedCommandsAnswer(t *testing.T) {
	c, ok := Default().Lookup([]Context{List, Global}, "b")
	if !ok || c.Exists() {
		t.Fatal("b does not answer")
	}
	if got := c.Notice().String(); got != "chain: not in this version, it comes with the chain from commit to alert" {
		t.Error(got)
	}
	if c, _ := Default().Command(Restart); !c.Exists() || !c.Notice().Empty() {
		t.Error("restart does not exist")
	}
}

func TestHintsAreLooksThenChanges(t *testing.T) {
	m := Default()
	hints := m.Hints([]Context{List, Global})
	changes := false
	for _, h := range hints {
		if changes && !h.Changes {
			t.Errorf("%s stands behind a change", h.ID)
		}
		changes = h.Changes
		if !h.Exists() {
			t.Errorf("%s does not exist", h.ID)
		}
	}
	if !changes || hints[0].ID != Open {
		t.Errorf("the footer begins with %s and has a change: %v", hints[0].ID, changes)
	}
	for _, h := range m.Hints([]Context{Logs, Global}) {
		if h.ID == ViewLogs {
			t.Error("the footer of a log offers logs")
		}
	}
}

func TestValidDropsShadowedKeys(t *testing.T) {
	for _, c := range Default().Valid([]Context{Logs, Global}, true) {
		if c.ID == "view-cockpit" && !slices.Equal(c.Keys, []string{"alt+1"}) {
			t.Errorf("in logs the cockpit is said to be at %v", c.Keys)
		}
	}
}

func TestPaletteEntries(t *testing.T) {
	entries := Default().PaletteEntries()
	planned := false
	for _, c := range entries {
		if c.Hidden {
			t.Errorf("%s is hidden", c.ID)
		}
		if planned && c.Exists() {
			t.Errorf("%s stands behind what is planned", c.ID)
		}
		planned = planned || !c.Exists()
	}
	if !slices.ContainsFunc(entries, func(c Command) bool { return c.ID == Quit }) {
		t.Error("the palette cannot quit")
	}
}

func TestRemap(t *testing.T) {
	list := []Context{List, Global}
	m, problems := New("default", []Remap{
		{Command: Describe, Keys: []string{"f2", "return"}, Line: 3, Column: 3}, // enter is taken
		{Command: Events, Keys: []string{"shift+k"}, Line: 4},
		{Command: Manifest, Keys: []string{"C-x y"}, Line: 5},
		{Command: Zoom, Keys: nil, Line: 6},
		{Command: Pin, Keys: []string{"x"}, Line: 7}, // a planned command gives way; in logs x is matches only, in tasks it stops waiting
	})
	if len(problems) != 3 || problems[1].Line != 7 || !problems[1].Warning || !problems[2].Warning || problems[0].Line != 3 || !strings.Contains(problems[0].Text, "already belongs to open") {
		t.Fatal(problems)
	}
	for key, id := range map[string]string{"d": Describe, "K": Events, "ctrl+x y": Manifest, "x": Pin} {
		if c, _ := m.Lookup(list, key); c.ID != id {
			t.Errorf("%s is %q, not %s", key, c.ID, id)
		}
	}
	if c, ok := m.Lookup(list, "z"); ok {
		t.Errorf("z is still %s", c.ID)
	}
	if !m.Prefix(list, "ctrl+x") || m.Prefix(list, "x") {
		t.Error("the beginning of a sequence is not known")
	}
	if _, ok := m.Lookup(list, "y"); ok {
		t.Error("the old key of manifest is still there")
	}
}

func TestRemapProblems(t *testing.T) {
	for _, c := range []struct {
		remap Remap
		want  string
		warns bool
	}{
		{Remap{Command: "restrat", Keys: []string{"R"}}, "did you mean restart?", false},
		{Remap{Command: Restart, Keys: []string{"r"}}, "must be UPPER CASE", false},
		{Remap{Command: Restart, Keys: []string{"ctrl+r"}}, "must be UPPER CASE", false},
		{Remap{Command: Restart, Keys: []string{"5"}}, "must be UPPER CASE", false},
		{Remap{Command: Describe, Keys: []string{"ctrl+i"}}, "cannot be told from tab", false},
		{Remap{Command: Describe, Keys: []string{"ctrl+a"}}, "GNU screen", true},
		{Remap{Command: Describe, Keys: []string{"entre"}}, "did you mean enter?", false},
		{Remap{Command: Describe, Keys: []string{"hyperctrl+x"}}, "no key", false},
		{Remap{Command: Describe, Keys: []string{""}}, "empty", false},
		{Remap{Command: Describe, Keys: []string{"a b c d"}}, "more than 3", false},
		{Remap{Command: Describe, Keys: []string{"j"}}, "already belongs to down", false},
		{Remap{Command: Describe, Keys: []string{"j j"}}, "already belongs to down", false},
		{Remap{Command: Interrupt, Keys: []string{"f4"}}, "ctrl+c always belongs", false},
		{Remap{Command: Dismiss}, "must have a key", false},
		{Remap{Command: ItemUp, Keys: []string{"u"}}, "typed text", false},
		{Remap{Command: Describe, Keys: []string{"\x1b[A"}}, "no key", false},
	} {
		c.remap.Line, c.remap.Column = 7, 3
		m, problems := New("", []Remap{c.remap})
		if len(problems) != 1 || !strings.Contains(problems[0].Text, c.want) || problems[0].Warning != c.warns {
			t.Errorf("%v: %v, want %q", c.remap, problems, c.want)
			continue
		}
		if !strings.HasPrefix(problems[0].Error(), "7:3: ") {
			t.Errorf("no place in %q", problems[0].Error())
		}
		before, _ := Default().Command(c.remap.Command)
		if after, _ := m.Command(c.remap.Command); !c.warns && !slices.Equal(before.Keys, after.Keys) {
			t.Errorf("%v is in force all the same", c.remap)
		}
	}
	if _, problems := New("emacs", nil); len(problems) != 1 || !strings.Contains(problems[0].Text, "default, k9s, lazy") {
		t.Error(problems)
	}
	if _, problems := New("", []Remap{{Command: Zoom, Keys: []string{"f3"}}, {Command: Zoom, Keys: []string{"f4"}}}); len(problems) != 1 {
		t.Error("twice the same command:", problems)
	}
}

// TestRemapSwap: two commands can change places, and two that want the same
// key are told.
func TestRemapSwap(t *testing.T) {
	m, problems := New("", []Remap{{Command: Describe, Keys: []string{"y"}}, {Command: Manifest, Keys: []string{"d"}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c, _ := m.Lookup([]Context{List}, "y"); c.ID != Describe {
		t.Errorf("y is %s", c.ID)
	}
	m, problems = New("", []Remap{{Command: Describe, Keys: []string{"f5"}}, {Command: Manifest, Keys: []string{"f5"}}})
	if len(problems) == 0 {
		t.Fatal("two commands on one key pass")
	}
	seen := map[string]int{}
	for _, c := range m.For(List) {
		if c.Exists() {
			for _, k := range c.Keys {
				if seen[k]++; seen[k] > 1 {
					t.Errorf("%s means two things", k)
				}
			}
		}
	}
}

func TestRemapWarnsOfShadows(t *testing.T) {
	m, problems := New("", []Remap{{Command: Describe, Keys: []string{"z"}, Line: 2}})
	if len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Text, "is describe in context list and zoom elsewhere") {
		t.Fatal(problems)
	}
	if c, _ := m.Lookup([]Context{List, Global}, "z"); c.ID != Describe {
		t.Errorf("z is %s in a list", c.ID)
	}
	if _, problems := New("", []Remap{{Command: Zoom, Keys: []string{"j"}}}); len(problems) == 0 || !problems[0].Warning {
		t.Errorf("a global key that lists hide: %v", problems)
	}
}

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "R": "R", "shift+r": "R", "ctrl+R": "ctrl+shift+r", "Ctrl+d": "ctrl+d", "C-d": "ctrl+d", "<c-d>": "ctrl+d", "^d": "ctrl+d", "^": "^", "-": "-",
		"alt+ctrl+x": "ctrl+alt+x", "return": "enter", "Escape": "esc", "pgdn": "pgdown", "page-down": "pgdown", " ": "space", "shift+tab": "shift+tab",
		"+": "+", "ctrl++": "ctrl++", "g  g": "g g", "ü": "ü", "F5": "f5", "<": "<", "alt+left": "alt+left", "alt+-": "alt+-",
	} {
		if got, err := Normalize(in); err != nil || got != want {
			t.Errorf("Normalize(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "ctrl+", "foo", "ctrl+foo", "x+y", "\x00", "\xff", "ab"} {
		if got, err := Normalize(in); err == nil {
			t.Errorf("Normalize(%q) = %q", in, got)
		}
	}
}

// FuzzNormalize: whatever a file holds, what comes out is printable, and
// spelling it again changes nothing.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"a", "ctrl+x", "<c-x>", "g g", "^d", "shift+ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := Normalize(s)
		if err != nil {
			return
		}
		if again, err := Normalize(k); err != nil || again != k {
			t.Errorf("%q -> %q -> %q, %v", s, k, again, err)
		}
		if strings.IndexFunc(k, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsGraphic(r) }) >= 0 {
			t.Errorf("%q is not printable", k)
		}
	})
}

// TestKeysDocument fails when docs/keys.md is stale. UPDATE_DOCS=1 writes it.
func TestKeysDocument(t *testing.T) {
	const file = "../../docs/keys.md"
	want := Default().Markdown()
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("docs/keys.md is stale (%v); UPDATE_DOCS=1 go test ./internal/keys writes it", err)
	}
	for _, c := range Default().All() {
		if !strings.Contains(want, "| "+c.ID+" |") {
			t.Errorf("%s is not documented", c.ID)
		}
	}
	if text := Default().Text(); !strings.Contains(text, "Restart a workload") || strings.Contains(text, "\x1b") {
		t.Error("the text table is wrong")
	}
}

func BenchmarkLookup(b *testing.B) {
	m, ctxs := Default(), []Context{Logs, Object, Global}
	b.ReportAllocs()
	for b.Loop() {
		m.Lookup(ctxs, "ctrl+l")
	}
}
