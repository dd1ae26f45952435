package kit

import (
	"image/color"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

func TestProfilesUseWhatTheyHave(t *testing.T) {
	rgb, indexed := regexp.MustCompile(`[;\[][34]8;2;`), regexp.MustCompile(`[;\[][34]8;5;`)
	color := regexp.MustCompile(`;(3[0-8]|4[0-8]|9[0-7]|10[0-7])\b`)
	for _, name := range themes.Builtin().Names() {
		for tok := range themes.NumTokens {
			for surface := range numSurfaces {
				for p, bad := range map[colorprofile.Profile]*regexp.Regexp{colorprofile.ANSI256: rgb, colorprofile.ASCII: color} {
					if s := styles(t, name, p, Unicode).On(surface, tok); bad.MatchString(s) || !strings.HasPrefix(s, "\x1b[") {
						t.Errorf("%s %s in profile %s: %q", name, tok, p, s)
					}
				}
				s := styles(t, name, colorprofile.ANSI, Unicode).On(surface, tok)
				if rgb.MatchString(s) || indexed.MatchString(s) {
					t.Errorf("%s %s with 16 colours: %q", name, tok, s)
				}
				if s := styles(t, name, colorprofile.NoTTY, Unicode).On(surface, tok); s != "" {
					t.Errorf("%s %s without a terminal: %q", name, tok, s)
				}
			}
		}
	}
}

func TestSelectionShowsInEveryProfile(t *testing.T) {
	for _, name := range themes.Builtin().Names() {
		for _, p := range []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ANSI256, colorprofile.ANSI, colorprofile.ASCII} {
			st := styles(t, name, p, Unicode)
			for _, tok := range []themes.Token{themes.FG, themes.Muted, themes.Failed} {
				if g, s := st.On(Ground, tok), st.On(Selected, tok); g == s {
					t.Errorf("%s in %s: a selected %s looks like any other: %q", name, p, tok, s)
				}
			}
		}
	}
}

func TestColoursOfForeignLinesAreContained(t *testing.T) {
	l := text.CleanLine("\x1b[38;2;255;0;0mred\x1b[1m bold")
	for _, c := range []struct {
		p    colorprofile.Profile
		want []string
	}{
		{colorprofile.TrueColor, []string{"\x1b[;38;2;255;0;0mred", "\x1b[;1;38;2;255;0;0m bold"}},
		{colorprofile.ANSI256, []string{"\x1b[;38;5;196mred"}},
		{colorprofile.ANSI, []string{"\x1b[;91mred"}},
		{colorprofile.ASCII, []string{"\x1b[mred", "\x1b[;1m bold"}},
	} {
		st := styles(t, "dark", c.p, Unicode)
		// Without the theme's own foreground the sequences are the line's.
		st.tokens[Ground][themes.FG] = text.Style{}
		st.sgr[Ground][themes.FG] = st.encode(text.Style{})
		p := painter{st: st}
		p.cut(themes.FG, l, nil)
		got := string(p.paint(nil, l.String(), 0, len(l.String()), 10, 0, reset))
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q has no %q", c.p, got, w)
			}
		}
	}
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	for i := range 3 * maxStyles { // a log with ever new colours
		st.span(Ground, themes.FG, text.Style{FG: text.Color{Kind: text.RGB, Value: uint32(i)}})
	}
	if n := len(st.spans); n > maxStyles {
		t.Errorf("%d styles are kept", n)
	}
}

func TestHighlightsKeepTheTextWhole(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, Unicode)
	p := painter{st: st}
	l := text.CleanLine("e\u0301te\u0301 中文 x")
	p.cut(themes.FG, l, [][2]int{{0, 1}, {4, 5}, {9, 12}})
	match := st.SGR(themes.Match)
	got := string(p.paint(nil, l.String(), 0, len(l.String()), 12, 0, reset))
	for _, w := range []string{match + "e\u0301", match + "中"} {
		if !strings.Contains(got, w) {
			t.Errorf("%q has no %q", got, w)
		}
	}
}

// What is readable in full colour stays so on a terminal with 256.
func TestThemesAreReadableIn256Colours(t *testing.T) {
	to256 := func(c text.Color) text.Color {
		if c.Kind != text.RGB {
			return c
		}
		i := colorprofile.ANSI256.Convert(color.RGBA{uint8(c.Value >> 16), uint8(c.Value >> 8), uint8(c.Value), 0xff}).(ansi.IndexedColor)
		return text.Color{Kind: text.Palette, Value: uint32(i)}
	}
	for _, n := range themes.Builtin().Names() {
		th, _ := themes.Builtin().Get(n)
		less := *th
		for tok := range less.Styles {
			less.Styles[tok].FG, less.Styles[tok].BG = to256(less.Styles[tok].FG), to256(less.Styles[tok].BG)
		}
		for _, b := range themes.Check(&less) {
			t.Errorf("%s: %s", n, b)
		}
	}
}
