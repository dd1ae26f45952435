package kit

import (
	"io"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

// wire counts what a program writes to its terminal.
type wire struct{ n atomic.Int64 }

func (w *wire) Write(b []byte) (int, error) { w.n.Add(int64(len(b))); return len(b), nil }

type doMsg func()

// screen is the least program around a table.
type screen struct {
	st    *Styles
	table *Table[int]
}

func (s *screen) Init() tea.Cmd { return nil }
func (s *screen) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	if f, ok := m.(doMsg); ok {
		f()
	}
	return s, nil
}

func (s *screen) View() tea.View {
	x := Box{Title: text.Lit("Pods"), Focused: true, Bottom: []Span{{themes.Muted, s.table.Position()}}}
	v := tea.NewView(x.Draw(s.st, 160, 45, s.table.Draw(s.st, 158, 43)).String())
	v.AltScreen = true
	return v
}

// bytesOf runs a program, does something to it, and returns what that wrote.
func bytesOf(t testing.TB, s *screen, do func()) int64 {
	t.Helper()
	out := &wire{}
	p := tea.NewProgram(s, tea.WithOutput(out), tea.WithInput(nil), tea.WithWindowSize(160, 45), tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithEnvironment([]string{"TERM=xterm-256color", "COLORTERM=truecolor"}))
	done := make(chan error, 1)
	go func() { _, err := p.Run(); done <- err }()
	p.Send(doMsg(func() {}))
	before := settled(out)
	p.Send(doMsg(do))
	n := settled(out) - before
	p.Quit()
	if err := <-done; err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return n
}

// settled waits until nothing was written for some frames.
func settled(w *wire) int64 {
	last, quiet := int64(-1), 0
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if n := w.n.Load(); n == last && n > 0 {
			if quiet++; quiet >= 15 {
				break
			}
		} else {
			last, quiet = n, 0
		}
	}
	return last
}

func TestBytesOnTheWire(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	for _, c := range []struct {
		what string
		most int64
		do   func(*Table[int])
	}{
		{"nothing changed", 0, func(t *Table[int]) { t.Invalidate() }},
		{"cursor down", 350, func(t *Table[int]) { t.MoveBy(1) }},
		{"page down", 5000, func(t *Table[int]) { t.Page(1) }},
	} {
		table := podTable()
		table.Draw(st, 158, 43)
		table.MoveTo(20)
		n := bytesOf(t, &screen{st, table}, func() { c.do(table) })
		t.Logf("%s: %d bytes", c.what, n)
		if n > c.most {
			t.Errorf("%s writes %d bytes, more than %d", c.what, n, c.most)
		}
	}
}
