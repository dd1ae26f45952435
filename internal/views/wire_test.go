package views_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/text/texttest"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// logOnly is a backend that keeps the newest log buffer at hand.
type logOnly struct {
	*viewstest.Backend
	w *viewstest.World
}

var lastLog *store.Log

func (l logOnly) NewLog() *store.Log {
	lastLog = l.w.Store.NewLog(0, 0)
	return lastLog
}

// wire is the terminal's end: it keeps what is written.
type wire struct {
	mu  sync.Mutex
	out strings.Builder
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

func (w *wire) from(at int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.String()[at:]
}

// terminal runs the real framework over a cockpit of 160 x 45 in a bubble: its
// frames come when the bubble's time passes.
func terminal(t *testing.T, m *views.Model, f func(send func(...tea.Msg), written func() string)) {
	t.Helper()
	out := &wire{}
	p := tea.NewProgram(m, tea.WithOutput(out), tea.WithInput(nil), tea.WithWindowSize(160, 45), tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithEnvironment([]string{"TERM=xterm-256color", "COLORTERM=truecolor"}))
	done := make(chan error, 1)
	core.Go("program", func() { _, err := p.Run(); done <- err })
	at := 0
	written := func() string {
		viewstest.Elapse(time.Second)
		s := out.from(at)
		at += len(s)
		return s
	}
	written()
	f(func(msgs ...tea.Msg) {
		for _, msg := range msgs {
			p.Send(msg)
		}
	}, written)
	p.Quit()
	if err := <-done; err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	m.Close()
}

// What goes over the wire to the terminal, in bytes (performance.md): nothing
// while nothing changes, little for a key.
func TestBytesOnTheWire(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w, rows := crowd(10_000)
		engine := w.Cluster.Engine()
		m := views.New(views.Options{Store: w.Store, Backend: w.Backend, Engine: engine, Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now, Badge: viewstest.Badge})
		terminal(t, m, func(send func(...tea.Msg), written func() string) {
			key := func(k string) tea.Msg { return viewstest.Key(k) }
			send(key("z"))
			written()
			// the notice and the settling of the first rows are over
			written()
			written()
			for _, c := range []struct {
				what string
				most int
				do   func()
			}{
				{"idle for 10 s", 0, func() { viewstest.Elapse(10 * time.Second) }},
				{"a frame without news", 0, func() { send(views.FrameMsg{}, views.FrameMsg{}, views.FrameMsg{}) }},
				{"a change out of sight", 400, func() {
					n := *rows[7]
					n.Rev = "2"
					w.Apply(&n)
					w.Store.Publish()
					send(views.FrameMsg{})
				}},
				// rows in trouble carry more colour than the others
				{"cursor down among failed rows", 420, func() { send(key("j")) }},
				{"cursor up among failed rows", 420, func() { send(key("k")) }},
				{"page down among failed rows", 5800, func() { send(key("pgdown")) }},
				{"all rows change, to the end", 6500, func() { send(key("G"), key("k"), key("k"), key("k")) }},
				{"cursor down", 350, func() { send(key("j")) }},
				{"cursor up", 350, func() { send(key("k")) }},
				{"page up", 5000, func() { send(key("pgup")) }},
				{"page up again", 5000, func() { send(key("pgup")) }},
				{"50 changes of 10,000 rows", 2500, func() { churn(w, rows, rand.New(rand.NewPCG(1, 2)), 50); send(views.FrameMsg{}) }},
			} {
				c.do()
				got := written()
				t.Logf("%s: %d bytes", c.what, len(got))
				if len(got) > c.most {
					t.Errorf("%s writes %d bytes, more than %d: %.400q", c.what, len(got), c.most, got)
				}
			}
		})
	})
}

// The whole stream that a terminal gets, hostile world and all, passes the gate.
func TestPromise1TheStreamToTheTerminal(t *testing.T) {
	for round := range 3 {
		viewstest.Bubble(t, func(t *testing.T) {
			w := viewstest.Hostile(attacked(round))
			m := views.New(views.Options{Store: w.Store, Backend: w.Backend, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now, Badge: viewstest.Badge})
			var stream strings.Builder
			terminal(t, m, func(send func(...tea.Msg), written func() string) {
				for _, k := range []string{"j", "enter", "]", "]", "]", "esc", "3", "/", "a", "esc", "R", "esc", "l", "w", "esc", ":", "d", "enter", "esc", "z", "?", "esc"} {
					send(viewstest.Key(k))
					stream.WriteString(written())
				}
			})
			gate := texttest.NewGate(texttest.AllowOSC(2), texttest.AllowCSI("c", ">q", "n", "?u", ">u", "?$p"))
			for _, b := range []byte(stream.String()) { // byte by byte: no chunk edge hides anything
				_, _ = gate.Write([]byte{b})
			}
			if bad := gate.Close(); len(bad) > 0 {
				t.Errorf("%d bytes: %s", stream.Len(), strings.Join(bad[:min(len(bad), 5)], "\n"))
			}
			if stream.Len() < 20_000 {
				t.Errorf("the stream has %d bytes only", stream.Len())
			}
		})
	}
}

// A log that runs at 20,000 lines a second is drawn 20 times a second; what
// each frame writes is bounded by the screen, not by the log.
func TestBytesOfALog(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		w, _ := crowd(100)
		m := views.New(views.Options{Store: w.Store, Backend: logOnly{w.Backend, w}, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now})
		terminal(t, m, func(send func(...tea.Msg), written func() string) {
			send(viewstest.Key("l"))
			written()
			log, origin, seq := lastLog, &core.Origin{Label: text.Lit("api/app")}, 0
			frames := func(n, lines int) (bytes int) {
				for range n {
					batch := make([]core.Line, lines)
					for i := range batch {
						seq++
						batch[i] = core.Line{Time: time.Now().UnixNano() + int64(i), Seq: uint64(seq), Origin: origin, Level: core.LevelInfo, Text: text.CleanLine(fmt.Sprintf(`level=info msg="request served" path=/v1/pay/%d status=200 ms=%d`, seq%64, seq%977))}
					}
					log.Lines(batch)
					w.Store.Publish()
					send(views.FrameMsg{})
					bytes += len(written())
				}
				return bytes / n
			}
			frames(3, 1000)
			for _, c := range []struct {
				what        string
				lines, most int
			}{{"20,000 lines/s", 1000, 5800}, {"100 lines/s", 5, 1600}} {
				n := frames(10, c.lines)
				t.Logf("%s: %d bytes a frame, %d/s at 20 frames/s", c.what, n, 20*n)
				if n > c.most {
					t.Errorf("%s: %d bytes a frame, more than %d", c.what, n, c.most)
				}
			}
		})
	})
}
