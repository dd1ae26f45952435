package kit

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

func TestBoxPicture(t *testing.T) {
	uni, asc := styles(t, "mono", colorprofile.ASCII, Unicode), styles(t, "mono", colorprofile.ASCII, ASCII)
	b := Box{Title: text.Lit("Pods"), Info: []Span{{themes.Muted, text.Lit("212")}}, Right: []Span{{themes.OK, text.Lit("live")}}, Bottom: []Span{{themes.Muted, text.Lit("12/212")}}}
	same(t, "rounded", b.Draw(uni, 30, 3, nil), `
╭ Pods  212 ────────── live ─╮
│                            │
╰─────────────────── 12/212 ─╯`)
	same(t, "ascii", b.Draw(asc, 30, 3, nil), `
+ Pods  212 ---------- live -+
|                            |
+------------------- 12/212 -+`)
	b.Tabs, b.Tab, b.Info = []text.Safe{text.Lit("Logs"), text.Lit("Events")}, 1, nil
	same(t, "tabs", b.Draw(uni, 34, 2, nil), `
╭ Pods  Logs [Events] ──── live ─╮
╰─────────────────────── 12/212 ─╯`)
	same(t, "narrow", b.Draw(uni, 12, 2, nil), `
╭ … [Events╮
╰─ 12/212 ─╯`)
	b.Tabs = append(b.Tabs, text.Lit("Manifest"), text.Lit("Describe"))
	b.Title, b.Right, b.Tab = text.Lit("application/argocd/payments"), nil, 0
	same(t, "the title gives way to tabs", b.Draw(uni, 52, 2, nil), `
╭ application/ar…  [Logs] Events Manifest Describe ╮
╰───────────────────────────────────────── 12/212 ─╯`)
	b.Tab = 3
	same(t, "the chosen tab is in sight", b.Draw(uni, 40, 2, nil), `
╭ application…  … Manifest [Describe] ─╮
╰───────────────────────────── 12/212 ─╯`)
}

func TestFocusIsAColourAndNothingElse(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	b := Box{Title: text.Lit("Pods")}
	off := b.Draw(st, 20, 3, nil)
	b.Focused = true
	on := b.Draw(st, 20, 3, nil)
	if strings.Join(plain(on), "\n") != strings.Join(plain(off), "\n") || on[1] == off[1] {
		t.Errorf("focused %q, not focused %q", on, off)
	}
}

func press(s string) tea.KeyPressMsg {
	switch s {
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	case "right":
		return tea.KeyPressMsg{Code: tea.KeyRight}
	case "home":
		return tea.KeyPressMsg{Code: tea.KeyHome}
	case "end":
		return tea.KeyPressMsg{Code: tea.KeyEnd}
	case "backspace":
		return tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "delete":
		return tea.KeyPressMsg{Code: tea.KeyDelete}
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	}
	if c, ok := strings.CutPrefix(s, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(c[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(s)[0], Text: s}
}

func TestInputEdits(t *testing.T) {
	for _, c := range []struct {
		keys string
		want string
	}{
		{"a b c", "abc"},
		{"a space b", "a b"},
		{"a b left x", "axb"},
		{"a b home x end y", "xaby"},
		{"a b backspace", "a"},
		{"a b home delete", "b"},
		{"a b space c d ctrl+w", "ab "},
		{"a b ctrl+u c", "c"},
		{"a b home ctrl+k", ""},
		{"é 👍🏽 中 backspace backspace", "é"},
		{"backspace left delete", ""},
		{"a left left left right right b", "ab"},
	} {
		var in Input
		for _, k := range strings.Fields(c.keys) {
			if !in.Key(press(k)) {
				t.Errorf("%s: %s was not for the input", c.keys, k)
			}
		}
		if in.Value() != c.want {
			t.Errorf("%s: %q, want %q", c.keys, in.Value(), c.want)
		}
	}
	var in Input
	for _, k := range []string{"enter", "esc", "tab", "ctrl+p"} {
		if in.Key(press(k)) {
			t.Errorf("%s is the caller's", k)
		}
	}
}

func TestInputTakesPrintableTextOnly(t *testing.T) {
	var in Input
	in.Paste("ab\x1b[31m\n c\u202ed\x00")
	if got := in.Value(); got != "ab[31m cd" {
		t.Errorf("pasted %q", got)
	}
	in = Input{NoPaste: true}
	if in.Paste("prod") || in.Value() != "" {
		t.Error("a confirmation was pasted")
	}
	in.SetValue(strings.Repeat("é", 10_000))
	if n := len(in.Value()); n > maxInput {
		t.Errorf("holds %d bytes", n)
	}
}

func TestInputKeepsItsCursorInSight(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, Unicode)
	in := Input{Prompt: text.Lit("/")}
	in.SetValue("abcdefghijklmnop")
	line, x := in.Draw(st, 8)
	if got := plain(Block{line})[0]; got != "/klmnop" || x != 7 {
		t.Errorf("%q, cursor at %d", got, x)
	}
	in.Key(press("home"))
	line, x = in.Draw(st, 8)
	if got := plain(Block{line})[0]; got != "/abcdef…" || x != 1 {
		t.Errorf("%q, cursor at %d", got, x)
	}
	if !strings.Contains(line, "\x1b[;7ma") {
		t.Errorf("the cursor is not on the first letter: %q", line)
	}
}

func TestMenuShowsWhatIsNotPossibleAndWhy(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	var m Menu
	m.SetItems([]MenuItem{
		{Key: text.Lit("R"), Title: text.Lit("restart")},
		{Key: text.Lit("B"), Title: text.Lit("roll back"), Disabled: text.Lit("no earlier revision")},
		{Key: text.Lit("X"), Title: text.Lit("delete"), Detail: text.Lit("asks for the name")},
	})
	m.Move(1)
	same(t, "menu", m.Draw(st, 44, 3), `
  R  restart
>-B  roll back          no earlier revision
  X  delete               asks for the name`)
	if it, ok := m.Current(); !ok || it.Disabled.Empty() {
		t.Error("the selected item is not the second")
	}
	m.Move(-9)
	if m.Selected != 0 {
		t.Error("moved beyond the first")
	}
	m.Move(9)
	m.Draw(st, 44, 2)
	if m.At(1) != 2 || m.At(0) != 1 || m.At(2) != -1 {
		t.Errorf("rows show items %d, %d", m.At(0), m.At(1))
	}
	empty := Menu{}
	if _, ok := empty.Current(); ok || len(empty.Draw(st, 5, 2)) != 2 {
		t.Error("an empty menu")
	}
}

func TestDialogLiesOverADimmedBody(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	line := NewBuilder(st, 20).Text(themes.Failed, text.Lit("failed 中文 中文 中文!")).Line()
	body := Block{line, line, line, line, line}
	d := Dialog{Box: Box{Title: text.Lit("Sure?")}, W: 11, H: 3}
	out := d.Draw(st, body, 20, 5, func(w, h int) Block {
		if w != 9 || h != 1 {
			t.Errorf("inside is %dx%d", w, h)
		}
		return Block{NewBuilder(st, w).Text(themes.FG, text.Lit("yes")).Line()}
	})
	same(t, "dialog", out, `
failed 中文 中文 中…
fail╭ Sure? ──╮  中…
fail│yes      │  中…
fail╰─────────╯  中…
failed 中文 中文 中…`)
	if strings.Contains(strings.Join(out, ""), st.SGR(themes.Failed)) {
		t.Error("the body kept its colours")
	}
	if !strings.HasPrefix(out[0], st.SGR(themes.Faint)) {
		t.Error("the body is not faint")
	}
	if _, clipped := d.Place(20, 5); clipped {
		t.Error("a dialog that fits is said to be clipped")
	}
	if _, clipped := d.Place(10, 5); !clipped {
		t.Error("a dialog that does not fit can be confirmed")
	}
}

func TestKeyHintsKeepHelpAndOrder(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, Unicode)
	hints := []Hint{
		{Key: text.Lit("enter"), Label: text.Lit("open")},
		{Key: text.Lit("R"), Label: text.Lit("restart"), Change: true},
		{Key: text.Lit("l"), Label: text.Lit("logs")},
		{Key: text.Lit("D"), Label: text.Lit("deploy"), Change: true, Disabled: true},
		{Key: text.Lit("?"), Label: text.Lit("help")},
	}
	for _, c := range []struct {
		w    int
		want string
	}{
		{80, " enter open  l logs  │  R restart  D deploy  ? help"},
		{45, " enter open  l logs  │  R restart  ? help"},
		{24, " enter open  ? help"},
		{8, " ? help"},
	} {
		if got := plain(Block{KeyHints(st, c.w, hints)})[0]; got != c.want {
			t.Errorf("%d: %q, want %q", c.w, got, c.want)
		}
	}
}

func TestDocFindsAndColours(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	var lines []text.Line
	for range 50 {
		lines = append(lines, text.CleanLine("filler: yes"))
	}
	lines[30] = text.CleanLine("  - image: \"api:1\" # pinned")
	lines[40] = text.CleanLine("replicas: 3")
	d := NewDoc()
	d.Set("yaml", lines)
	d.SetFinder(func(s string, dst [][2]int) [][2]int {
		if i := strings.Index(s, "image"); i >= 0 {
			dst = append(dst, [2]int{i, i + 5})
		}
		return dst
	})
	d.Draw(st, 40, 9)
	if !d.Next(1) {
		t.Fatal("not found")
	}
	out := strings.Join(d.Draw(st, 40, 9), "\n")
	if !strings.Contains(out, st.On(Blurred, themes.Match)+"image") {
		t.Errorf("the hit is not highlighted in sight: %q", out)
	}
	d.SetFinder(nil)
	d.Home()
	d.Scroll(32)
	out = strings.Join(d.Draw(st, 40, 9), "\n")
	for _, want := range []string{st.SGR(themes.Accent) + "replicas", st.SGR(themes.Muted) + ":", st.SGR(themes.Chart2) + " 3"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
	d.End()
	if got := d.Position().String(); got != "42/50" {
		t.Errorf("at the end: %s", got)
	}
	d.Set("diff", []text.Line{text.CleanLine("- a"), text.CleanLine("+ b")})
	out = strings.Join(d.Draw(st, 10, 2), "")
	if !strings.Contains(out, st.SGR(themes.Failed)+"- a") || !strings.Contains(out, st.SGR(themes.OK)+"+ b") {
		t.Errorf("diff: %q", out)
	}
}

func TestYAMLKeys(t *testing.T) {
	for s, want := range map[string]int{
		"name: api": 4, "name:": 4, "http://x": 0, `"a b": 1`: 5, "- x": 0, "a.b/c: d": 5, `"open`: 0, "time 12:30": 0, "": 0, `""`: 0,
	} {
		if got := keyEnd(s); got != want {
			t.Errorf("%q: key ends at %d, want %d", s, got, want)
		}
	}
}

// Every glyph is one cell under both measures, is
// not drawn as an emoji, and ASCII glyphs are ASCII.
func TestGlyphsAreOneCell(t *testing.T) {
	for _, mode := range []GlyphMode{Unicode, ASCII, Nerd} {
		g := GlyphsFor(mode)
		all := append([]Glyph{
			g.Dot, g.Cursor, g.Mark, g.Ellipsis, g.Times, g.Restarts, g.ArrowUp, g.ArrowDown, g.MoreLeft, g.MoreRight,
			g.Separator, g.Crumb, g.Warning, g.Locked, g.Horizontal, g.Vertical, g.TopLeft, g.TopRight, g.BottomLeft, g.BottomRight,
			g.BarFull, g.BarEmpty, g.StageDone, g.StageTodo, g.Folded, g.Unfolded, g.AxisV, g.AxisH, g.AxisCorner, g.AxisTick, g.GuideH, g.Deploy, g.Gap, g.Selected, g.Disabled,
		}, g.Levels...)
		all = append(append(append(all, g.Heat...), g.Phase[:]...), g.State[:]...)
		for i, x := range all {
			if ansi.StringWidth(x.s) != 1 || ansi.StringWidthWc(x.s) != 1 || len([]rune(x.s)) != 1 {
				t.Errorf("%s: glyph %d %q is not one cell", mode, i, x.s)
			}
			if x.Safe().String() != x.s {
				t.Errorf("%s: glyph %q as text is %q", mode, x.s, x.Safe())
			}
			if mode == ASCII && x.s[0] >= 0x80 {
				t.Errorf("glyph %d %q is not ASCII", i, x.s)
			}
		}
		seen := map[string]core.Phase{}
		for p, x := range g.Phase {
			if q, twice := seen[x.s]; twice {
				t.Errorf("%s: %s and %s look the same without colour", mode, core.Phase(p), q)
			}
			seen[x.s] = core.Phase(p)
		}
	}
	for s, want := range map[string]GlyphMode{"": Unicode, "unicode": Unicode, "ascii": ASCII, "nerd": Nerd} {
		if got, err := ParseGlyphMode(s); err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	if _, err := ParseGlyphMode("emoji"); err == nil {
		t.Error("an unknown mode was taken")
	}
}

// Any cut of a line is as wide as asked, and the parts make the whole.
func TestCellsCutAnywhere(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	line := NewBuilder(st, 24).Text(themes.Failed, text.Lit("a中")).Text(themes.OK, text.Lit("文é b国")).Line()
	for from := range 25 {
		for to := range 25 {
			got := string(cells(nil, st, line, from, to))
			if n := ansi.StringWidth(got); n != max(to-from, 0) {
				t.Fatalf("cells %d to %d are %d wide: %q", from, to, n, got)
			}
		}
	}
	if got := string(cells(nil, st, line, 2, 7)); got != st.SGR(themes.Failed)+" "+st.SGR(themes.OK)+"文é "+reset {
		t.Errorf("%q", got)
	}
}
