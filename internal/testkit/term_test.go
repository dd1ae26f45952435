package testkit

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/hinshun/vt10x"
)

// TestMain lets the test binary play a Bubble Tea program.
func TestMain(m *testing.M) {
	if os.Getenv("TESTKIT_PROGRAM") == "1" {
		if _, err := tea.NewProgram(program{}).Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	Main(m)
}

// program shows its size, the last key, text of every width, and as many marks as keys were pressed.
type program struct {
	size tea.WindowSizeMsg
	key  string
	n    int
}

func (p program) Init() tea.Cmd { return nil }

func (p program) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.size = msg
	case tea.KeyPressMsg:
		if p.key, p.n = msg.String(), p.n+1; p.key == "q" {
			return p, tea.Quit
		}
	case tea.PasteMsg:
		p.key = "pasted " + msg.Content
	}
	return p, nil
}

func (p program) View() tea.View {
	var b strings.Builder
	fmt.Fprintf(&b, "size %dx%d\nkey %s.\n", p.size.Width, p.size.Height, p.key)
	fmt.Fprintf(&b, "日本語 é 👩‍👩‍👧 end\n\x1b[4:3mcurly\x1b[0m %s|", strings.Repeat("x", p.n))
	for i := range max(p.size.Height-5, 0) {
		fmt.Fprintf(&b, "\nrow %d", i+p.n)
	}
	v := tea.NewView(b.String())
	v.AltScreen, v.MouseMode = true, tea.MouseModeCellMotion
	return v
}

func TestABubbleTeaProgramInATerminal(t *testing.T) {
	term := StartTerm(t, TermOptions{Cols: 60, Rows: 12, Env: []string{"TESTKIT_PROGRAM=1"}, KeepRaw: true}, os.Args[0])
	s := term.WaitText(10*time.Second, "size 60x12", "row 6")
	if !strings.Contains(s, "日本語 é 👩‍👩‍👧 end\n") {
		t.Errorf("wide characters and clusters are not as written:\n%s", s)
	}
	for _, mode := range []int{1049, 1002, 1006, 2004} {
		if !term.Mode(mode) {
			t.Errorf("mode %d is not set", mode)
		}
	}
	if cooked, err := term.Cooked(); err != nil || cooked {
		t.Errorf("the terminal is cooked (%v) under a running program", err)
	}
	for i, key := range []string{"a", "enter", "tab", "shift+tab", "ctrl+c", "up", "ctrl+left", "shift+end", "pgdown", "delete", "f1", "f12", "alt+x", "backspace"} {
		term.Send(key)
		s := term.WaitText(5*time.Second, "key "+key+".", fmt.Sprintf("curly %s|\nrow %d\n", strings.Repeat("x", i+1), i+1))
		if rows := strings.Split(s, "\n"); len(rows) != 12 || rows[10] != fmt.Sprintf("row %d", i+7) {
			t.Fatalf("after %s the rows are out of step:\n%s", key, s)
		}
	}
	term.Paste("one\ntwo")
	term.WaitText(5*time.Second, "pasted one")
	term.Resize(100, 20)
	term.WaitText(5*time.Second, "size 100x20", "row 28")
	if n := term.Bytes(); n == 0 || n != int64(len(term.Raw())) {
		t.Errorf("%d bytes counted, %d kept", n, len(term.Raw()))
	}
	before := term.Bytes()
	term.WaitIdle(100*time.Millisecond, 5*time.Second)
	if term.Bytes()-before > 4096 {
		t.Errorf("%d bytes after the last change", term.Bytes()-before)
	}
	term.Send("q")
	if code := term.WaitExit(5 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if term.Mode(1049) || term.Mode(1002) || term.Mode(2004) || !term.Mode(25) {
		t.Error("the terminal's modes were not restored")
	}
	if cooked, err := term.Cooked(); err != nil || !cooked {
		t.Errorf("the terminal is not cooked (%v) after the end", err)
	}
}

func TestCloseEndsTheWholeGroup(t *testing.T) {
	term := StartTerm(t, TermOptions{}, "sh", "-c", "trap '' TERM HUP; sleep 300 & echo child $!; wait; wait")
	var pid int
	term.WaitFor(func(s string) bool { n, _ := fmt.Sscanf(s, "child %d", &pid); return n == 1 }, 5*time.Second)
	term.Close()
	PollTrue(t, 5*time.Second, "the child is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestAWaitOnAnEndedProgramFailsAtOnce(t *testing.T) {
	term := StartTerm(t, TermOptions{}, "sh", "-c", "echo bye; exit 7")
	start := time.Now()
	s, err := term.waitFor(func(s string) bool { return strings.Contains(s, "never") }, time.Minute)
	if err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("error %v after %v", err, time.Since(start))
	}
	if !strings.Contains(s, "bye") || term.WaitExit(time.Second) != 7 {
		t.Errorf("screen %q, exit code %d", s, term.WaitExit(time.Second))
	}
}

// However the output is cut into writes, the screen is the same.
func TestTheFilterIsTheSameForEveryCut(t *testing.T) {
	out := "a\x1b[2;3Hdon't\x1b[>4;1m\x1b[?u\x1b[=1;1u\x1b]0;title\x07\x1b[?2026h日本\x1b[38;5;1mred\x1b[0m\x1b[?2026$p\x1b]11;?\x1b\\\x1b[ctail é\r\nend"
	draw := func(cut int) (string, string, map[int]bool) {
		var answers bytes.Buffer
		f := newFilter(&answers, true)
		screen := vt10x.New(vt10x.WithSize(40, 4))
		for _, part := range []string{out[:cut], out[cut:]} {
			_, _ = screen.Write(f.pass([]byte(part)))
		}
		term := &Term{screen: screen, filter: f}
		return term.text(), answers.String(), f.modes
	}
	want, wantAnswers, modes := draw(0)
	if first := "a\n  don't日本redtail é\nend\n"; want != first {
		t.Fatalf("drawn %q, want %q", want, first)
	}
	if wantAnswers != "\x1b[?2026;2$y\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c" {
		t.Errorf("answers %q", wantAnswers)
	}
	if !modes[2026] {
		t.Error("mode 2026 was not seen")
	}
	for cut := range len(out) {
		if got, answers, _ := draw(cut); got != want || answers != wantAnswers {
			t.Errorf("cut at %d: drawn %q, answers %q", cut, got, answers)
		}
	}
}
