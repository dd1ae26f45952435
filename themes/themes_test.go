package themes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devops-tui/internal/text"
)

func TestBuiltinThemesAreReadable(t *testing.T) {
	s, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"colour-blind", "dark", "high-contrast", "light", "mono", "terminal"}
	if got := s.Names(); !slices.Equal(got, want) {
		t.Fatalf("themes %v, want %v", got, want)
	}
	for _, n := range s.Names() {
		th, _ := s.Get(n)
		for _, b := range Check(th) {
			t.Errorf("%s: %s", n, b)
		}
		if !th.Builtin || th.Title == "" || th.Name != n {
			t.Errorf("%s: %+v", n, th)
		}
	}
}

func TestThemesOfFixedColoursSayWhatTheyAreReadOn(t *testing.T) {
	for _, n := range Builtin().Names() {
		th, _ := Builtin().Get(n)
		fixed := false
		for _, st := range th.Styles {
			_, fg := rgb(st.FG)
			_, bg := rgb(st.BG)
			fixed = fixed || fg || bg
		}
		if fixed != (len(th.On) > 0) {
			t.Errorf("%s: fixed colours %v, backgrounds %v", n, fixed, th.On)
		}
		for tok, st := range th.Sixteen {
			for _, c := range []text.Color{st.FG, st.BG} {
				if c.Kind == text.RGB || c.Kind == text.Palette && c.Value > 15 {
					t.Errorf("%s: %s is not one of 16 colours: %+v", n, Token(tok), c)
				}
			}
		}
	}
	mono, _ := Builtin().Get("mono")
	for tok := range NumTokens {
		if mono.Styles[tok].FG != (text.Color{}) || mono.Styles[tok].BG != (text.Color{}) {
			t.Errorf("mono: %s has a colour", tok)
		}
		if mono.Styles[tok].Attr != mono.Attrs[tok] {
			t.Errorf("mono: %s is %b, under NO_COLOR %b", tok, mono.Styles[tok].Attr, mono.Attrs[tok])
		}
	}
}

// What must be told apart is told apart, in every theme and number of colours.
func TestStatesDiffer(t *testing.T) {
	for _, n := range Builtin().Names() {
		if n == "mono" { // there the glyph and the word say it
			continue
		}
		th, _ := Builtin().Get(n)
		for _, styles := range []*[NumTokens]text.Style{&th.Styles, &th.Sixteen} {
			for _, group := range [][]Token{{OK, Degraded, Failed, Unknown}, {Chart1, Chart2, Chart3, Chart4}, {EnvFree, EnvConfirm, EnvName, EnvDeny}, {Border, BorderFocus}, {Selection, SelectionBlur}, {Info, Warn, Error}} {
				for i, a := range group {
					for _, b := range group[i+1:] {
						if styles[a] == styles[b] {
							t.Errorf("%s: %s and %s look the same", n, a, b)
						}
					}
				}
			}
		}
	}
}

// Under the two common kinds of colour blindness good and bad differ in
// lightness or hue that is still seen (Viénot, Brettel and Mollon 1999).
func TestColourBlindThemeIsTold(t *testing.T) {
	th, _ := Builtin().Get("colour-blind")
	sim := map[string][3][3]float64{
		"protanopia":   {{0.11238, 0.88762, 0}, {0.11238, 0.88762, 0}, {0.00401, -0.00401, 1}},
		"deuteranopia": {{0.29275, 0.70725, 0}, {0.29275, 0.70725, 0}, {-0.02234, 0.02234, 1}},
	}
	for kind, m := range sim {
		see := func(tok Token) (out [3]float64) {
			v, _ := rgb(th.Styles[tok].FG)
			in := [3]float64{}
			for i := range in {
				in[i] = luminance(v>>(16-8*i)&0xff) / luminance(0xff) // linear light of the channel
			}
			for i := range out {
				for j := range in {
					out[i] += m[i][j] * in[j]
				}
			}
			return out
		}
		for _, pair := range [][2]Token{{OK, Failed}, {OK, Degraded}, {Degraded, Failed}, {Failed, Pending}} {
			a, b := see(pair[0]), see(pair[1])
			d := 0.0
			for i := range a {
				d += (a[i] - b[i]) * (a[i] - b[i])
			}
			if d < 0.04 {
				t.Errorf("%s: %s and %s are %.3f apart", kind, pair[0], pair[1], d)
			}
		}
	}
}

func TestContrastIsWCAGs(t *testing.T) {
	for _, c := range []struct {
		a, b uint32
		want float64
	}{{0, 0xffffff, 21}, {0x777777, 0xffffff, 4.48}, {0x123456, 0x123456, 1}} {
		if got := Contrast(c.a, c.b); got < c.want-0.005 || got > c.want+0.005 {
			t.Errorf("%06x on %06x: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestCheckFindsWhatCannotBeRead(t *testing.T) {
	dark, _ := Builtin().Get("dark")
	bad := *dark
	bad.Styles[Failed].FG = text.Color{Kind: text.RGB, Value: 0x333333}
	bad.Styles[Match] = text.Style{FG: text.Color{Kind: text.RGB, Value: 0xffffff}, BG: text.Color{Kind: text.RGB, Value: 0xffff00}}
	bad.Styles[Selection] = text.Style{}
	got := strings.Join(Check(&bad), "\n")
	for _, want := range []string{"failed: #333333 on the background #000000 has contrast 1.66, less than 4.5", "failed: #333333 on selection-blur", "match: #ffffff on its own background #ffff00", "selection: neither a background"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, s := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUserThemesInherit(t *testing.T) {
	dir := write(t, map[string]string{
		"mine.yaml":  "inherits: base\ntokens:\n  failed: \"#ff0000 bold\"\n",
		"base.yml":   "inherits: light\npalette: {sea: \"#005f87\"}\ntokens: {accent: sea underline}\n",
		"dark.yaml":  "inherits: dark\ntokens: {match: black on 226 bold, link: bright-blue}\n", // a change of the built-in one
		"README.txt": "not a theme",
	})
	s, err := LoadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	mine, ok := s.Get("mine")
	if !ok {
		t.Fatal("no theme mine")
	}
	light, _ := Builtin().Get("light")
	if mine.Styles[Failed] != (text.Style{FG: text.Color{Kind: text.RGB, Value: 0xff0000}, Attr: text.Bold}) {
		t.Errorf("own token: %+v", mine.Styles[Failed])
	}
	if mine.Styles[Accent] != (text.Style{FG: text.Color{Kind: text.RGB, Value: 0x005f87}, Attr: text.Underline}) {
		t.Errorf("inherited from the user's: %+v", mine.Styles[Accent])
	}
	if mine.Styles[FG] != light.Styles[FG] || mine.Appearance != Light || mine.Builtin {
		t.Errorf("inherited from light: %+v", mine)
	}
	if mine.Sixteen[Failed] != light.Sixteen[Failed] {
		t.Errorf("a colour that 16 do not have reached them: %+v", mine.Sixteen[Failed])
	}
	dark, _ := s.Get("dark")
	if want := (text.Style{FG: text.Color{Kind: text.Palette}, BG: text.Color{Kind: text.Palette, Value: 226}, Attr: text.Bold}); dark.Styles[Match] != want || dark.Builtin {
		t.Errorf("replaced: %+v", dark.Styles[Match])
	}
	if want := (text.Style{FG: text.Color{Kind: text.Palette, Value: 12}}); dark.Styles[Link] != want || dark.Sixteen[Link] != want {
		t.Errorf("one of 16 colours holds for 16 colours: %+v", dark.Sixteen[Link])
	}
	original, _ := Builtin().Get("dark")
	if original.Styles[Match] == dark.Styles[Match] || dark.Styles[FG] != original.Styles[FG] {
		t.Error("the built-in theme was written to, or not inherited")
	}
	for _, d := range []string{"", filepath.Join(dir, "none")} {
		if s, err := LoadDir(d); err != nil || len(s.Names()) != 6 {
			t.Errorf("no folder %q: %v", d, err)
		}
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"tokens:\n  fg: \"#fff\"\n", "x.yaml:2: tokens: fg: colour \"#fff\" is not #rrggbb"},
		{"tokens:\n  fg: red\n  fgg: red\n", "x.yaml:3: tokens: fgg: unknown token \"fgg\""},
		{"tokens:\n  fg: red\n  fg: blue\n", "x.yaml:3: tokens: fg is given twice"},
		{"tokens:\n  fg: bold red\n", "x.yaml:2: tokens: fg: style \"bold red\": the foreground comes first"},
		{"tokens:\n  fg: red on\n", "x.yaml:2: tokens: fg: style \"red on\": no colour after"},
		{"tokens:\n  fg: rot\n", "x.yaml:2: tokens: fg: unknown colour \"rot\""},
		{"tokens:\n  fg: [red]\n", "x.yaml:2: tokens: fg: want one line"},
		{"tokens:\n  fg: #ffffff\n", "x.yaml:2: tokens: fg: nothing given; a colour with # needs quotes"},
		{"tokens: red\n", "x.yaml:1: tokens: want a mapping"},
		{"palette:\n  a: \"#12345g\"\n", "x.yaml:2: palette: a: colour"},
		{"on: red\n", "x.yaml:1: on: want a list"},
		{"on:\n  - red\n", "x.yaml:2: on: \"red\" has no fixed value"},
		{"name: x\ntoken: {}\n", "line 2: field token not found"},
		{"name: x\n\tbad", "x.yaml: line 2"},
		{"appearance: dim\n", "x.yaml: appearance \"dim\""},
		{"inherits: nowhere\n", "x.yaml: inherits: no theme \"nowhere\""},
		{"inherits: x\n", "x.yaml: inherits: x.yaml: theme \"x\" inherits from itself"},
	} {
		s, err := LoadDir(write(t, map[string]string{"x.yaml": c.yaml, "good.yaml": "title: Good\n"}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.yaml, err, c.want)
		}
		if _, ok := s.Get("x"); ok {
			t.Errorf("%q: a broken theme can be chosen", c.yaml)
		}
		if _, ok := s.Get("good"); !ok {
			t.Errorf("%q: the other theme is gone", c.yaml)
		}
	}
}

func TestABrokenReplacementLeavesTheBuiltinTheme(t *testing.T) {
	s, err := LoadDir(write(t, map[string]string{"dark.yaml": "tokens: {fg: rot}\n"}))
	if err == nil {
		t.Fatal("no error")
	}
	if dark, ok := s.Get("dark"); !ok || !dark.Builtin {
		t.Fatal("the built-in theme is gone")
	}
}

func TestDetect(t *testing.T) {
	for isDark, want := range map[bool]string{true: "dark", false: "light"} {
		th, ok := Builtin().Get(Detect(isDark))
		if !ok || th.Name != want || th.Appearance == Any {
			t.Errorf("%v: %+v", isDark, th)
		}
	}
}

func TestTokenNames(t *testing.T) {
	for tok := range NumTokens {
		if got, ok := TokenOf(tok.String()); !ok || got != tok || tok.String() == "" {
			t.Errorf("%d is %q is %d", tok, tok, got)
		}
	}
	if _, ok := TokenOf("nothing"); ok {
		t.Error("a token without a name")
	}
}
