package texttest_test

import (
	"bytes"
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/text/texttest"
)

func TestGateFindsWhatMustNotBeThere(t *testing.T) {
	bad := map[string]string{
		"title":              "a\x1b]0;title\x07b",
		"title with ST":      "a\x1b]2;title\x1b\\b",
		"clipboard":          "\x1b]52;c;aGk=\x07",
		"link":               "\x1b]8;;http://x\x1b\\x\x1b]8;;\x1b\\",
		"DCS":                "\x1bPq#0\x1b\\",
		"APC":                "\x1b_Ga=T;AAAA\x1b\\",
		"PM":                 "\x1b^x\x1b\\",
		"SOS":                "\x1bXx\x1b\\",
		"unterminated":       "\x1b]0;title",
		"broken off":         "\x1b]0;title\x1b[m",
		"cancelled":          "\x1b]0;title\x18",
		"unfinished CSI":     "\x1b[12",
		"CSI broken off":     "\x1b[12\n",
		"full reset":         "\x1bc",
		"charset":            "\x1b(0",
		"lone ESC":           "a\x1b",
		"double ESC":         "a\x1b\x1b[m",
		"bell":               "a\x07",
		"NUL":                "a\x00",
		"DEL":                "a\x7f",
		"raw C1":             "a\x9b31m",
		"C1 in UTF-8":        "a\u009b31m",
		"lead byte, ESC":     "\xd6\x1b[m",
		"cut rune":           "a\xe2\x82",
		"bad continuation":   "\xe2\x28\xa1",
		"bidi":               "a\u202eb",
		"tag":                "a\U000e0041",
		"joiner":             "a\u200db",
		"device attributes":  "\x1b[c",
		"cursor report":      "\x1b[6n",
		"window operation":   "\x1b[21t",
		"mode":               "\x1b[?5h",
		"one of many modes":  "\x1b[?25;9001h",
		"ANSI mode":          "\x1b[4h",
		"conceal":            "\x1b[8m",
		"blink":              "\x1b[1;5m",
		"conceal after RGB":  "\x1b[38;2;8;5;6;8m",
		"odd intermediate":   "\x1b[1!p",
		"mixed up parameter": "\x1b[1?2m",
	}
	for name, s := range bad {
		if got := texttest.Violations(s); len(got) == 0 {
			t.Errorf("%s: %q passed", name, s)
		}
	}
}

func TestGateIsTheSameForEveryChunk(t *testing.T) {
	s := "ok \x1b[38;5;8mx\x1b[0m é 日本 👩‍🚒 \x1b]0;no\x1b\\ \xd6\x1b[6n \u202e \x1b[?25l end\xe2"
	want := strings.Join(texttest.Violations(s), "\n")
	if strings.Count(want, "\n") != 4 {
		t.Fatalf("want 5 violations, got\n%s", want)
	}
	for cut := range len(s) {
		g := texttest.NewGate()
		_, _ = g.Write([]byte(s[:cut]))
		_, _ = g.Write([]byte(s[cut:]))
		if got := strings.Join(g.Close(), "\n"); got != want {
			t.Fatalf("cut at %d: got\n%s\nwant\n%s", cut, got, want)
		}
	}
}

func TestGateOptions(t *testing.T) {
	s := "\x1b]11;?\x07\x1b[c"
	if got := texttest.Violations(s, texttest.AllowOSC(11), texttest.AllowCSI("c")); got != nil {
		t.Errorf("allowed, yet %q", got)
	}
	if got := texttest.Violations(s, texttest.AllowOSC(1)); len(got) != 2 {
		t.Errorf("want 2 violations, got %q", got)
	}
}

// drawn is a program that draws two frames and leaves.
type drawn struct{ step int }

func (m drawn) Init() tea.Cmd { return nil }

func (m drawn) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(tea.WindowSizeMsg); ok {
		m.step++
	}
	if m.step > 1 {
		return m, tea.Quit
	}
	return m, func() tea.Msg { return tea.WindowSizeMsg{Width: 60, Height: 12} }
}

func (m drawn) View() tea.View {
	v := tea.NewView("frame \x1b[38;5;8mgrey\x1b[m 日本 ⚠️ é\n" + strings.Repeat("row\n", 3+m.step))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.ReportFocus = true
	v.Cursor = tea.NewCursor(2, 1)
	v.Cursor.Color = color.Black
	return v
}

// What Bubble Tea itself writes must pass, or the gate would be of no use.
func TestGatePassesBubbleTea(t *testing.T) {
	var out bytes.Buffer
	p := tea.NewProgram(drawn{}, tea.WithInput(nil), tea.WithOutput(&out), tea.WithWindowSize(80, 24),
		tea.WithEnvironment([]string{"TERM=xterm-256color", "COLORTERM=truecolor"}))
	if _, err := p.Run(); err != nil {
		t.Fatalf("running the program: %v", err)
	}
	if !strings.Contains(out.String(), "frame") {
		t.Fatalf("nothing was drawn: %q", out.String())
	}
	if got := texttest.Violations(out.String(), texttest.AllowOSC(12, 112)); got != nil {
		t.Errorf("in %q\nfound %q", out.String(), got)
	}
}
