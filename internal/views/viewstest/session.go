package viewstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/themes"
)

// Bubble runs f where time stands still until everything waits, at Start. All
// of a test goes in it; it cannot have subtests of its own.
func Bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(Start))
		t.Cleanup(func() { time.Sleep(time.Hour) }) // timers that nobody waits for run out
		f(t)
	})
}

// Elapse lets the bubble's time go by; it takes no time outside of it.
func Elapse(d time.Duration) { time.Sleep(d) }

// Theme returns a built-in theme.
func Theme(name string) *themes.Theme {
	t, ok := themes.Builtin().Get(name)
	if !ok {
		panic("no theme " + name)
	}
	return t
}

// Badge is the environment of an object as Policy has it.
func Badge(ref core.Ref) (text.Safe, themes.Token) {
	p := Policy(ref, core.VerbRestart, 1)
	return p.Environment, [...]themes.Token{themes.EnvFree, themes.EnvConfirm, themes.EnvName, themes.EnvDeny}[p.Level]
}

// TB is what a session needs of a test; *testing.T, *testing.B and *rapid.T have it.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(f func())
}

// Session is a cockpit with a user in front of it. Commands run at once, each
// on its own goroutine as the framework does; timers wait for Pass.
type Session struct {
	T      TB
	M      *views.Model
	World  *World
	Engine *actions.Engine
	Desk   *Desk
	Quit   bool     // the cockpit asked to end
	Sent   []string // other messages for the framework: "tea.clearScreenMsg"
	Copied []string // what went to the clipboard
	Raw    []string // what was written to the terminal as it is

	mu    sync.Mutex
	inbox []reply
	next  int
}

type reply struct {
	order int
	msg   tea.Msg
}

// Open starts a cockpit of 120 x 40 over the world. It ends with the test.
func Open(t TB, w *World, options ...func(*views.Options)) *Session {
	t.Helper()
	s := &Session{T: t, World: w, Engine: w.Cluster.Engine(), Desk: &Desk{}}
	o := views.Options{
		Store: w.Store, Backend: w.Backend, Engine: s.Engine, Theme: Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now,
		ReadOnly: w.Cluster.Gate.ReadOnly, Badge: Badge, Terminal: s.Desk.Terminal, Editor: s.Desk,
		Exec: func(c tea.ExecCommand, done tea.ExecCallback) tea.Cmd {
			return func() tea.Msg { return done(c.Run()) }
		},
		Audit: func() views.AuditTrail {
			return views.AuditTrail{OK: w.Cluster.Broken.Empty(), Records: len(w.Cluster.Records()), Says: w.Cluster.Broken}
		},
	}
	for _, f := range options {
		f(&o)
	}
	s.M = views.New(o)
	unsubscribe := s.Engine.Subscribe(w.Store.Touch)
	t.Cleanup(func() {
		w.Cluster.Release()
		s.M.Close()
		unsubscribe()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		s.Engine.Close(ctx)
	})
	s.run(s.M.Init())
	s.Send(tea.WindowSizeMsg{Width: 120, Height: 40})
	return s
}

// run starts a command and what it stands for.
func (s *Session) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	s.next++
	order := s.next
	core.Go("command", func() {
		msg := cmd()
		s.mu.Lock()
		s.inbox = append(s.inbox, reply{order, msg})
		s.mu.Unlock()
	})
}

// Send gives the cockpit messages and waits until nothing more comes of them.
func (s *Session) Send(msgs ...tea.Msg) {
	s.T.Helper()
	for _, m := range msgs {
		s.update(m)
		s.Settle()
	}
}

// Rush gives the cockpit messages one after another, without a pause in which
// a command could answer.
func (s *Session) Rush(msgs ...tea.Msg) {
	for _, m := range msgs {
		s.update(m)
	}
}

func (s *Session) update(m tea.Msg) {
	_, cmd := s.M.Update(m)
	s.run(cmd)
	s.M.View()
}

// Settle waits for all commands but timers, and shows what the store has new.
func (s *Session) Settle() {
	s.T.Helper()
	for round := 0; ; round++ {
		if round > 200 {
			s.T.Fatal("the cockpit does not come to rest: a command of each answer starts the next")
		}
		synctest.Wait()
		s.mu.Lock()
		inbox := s.inbox
		s.inbox = nil
		s.mu.Unlock()
		first := 0
		for i := range inbox { // the oldest command first: goroutines have no order
			if inbox[i].order < inbox[first].order {
				first = i
			}
		}
		switch {
		case len(inbox) > 0:
			s.mu.Lock()
			s.inbox = append(append(s.inbox, inbox[:first]...), inbox[first+1:]...)
			s.mu.Unlock()
			s.take(inbox[first].msg)
		case s.changed():
			s.World.Store.Publish()
			s.update(views.FrameMsg{})
		default:
			return
		}
	}
}

func (s *Session) changed() bool {
	select {
	case <-s.World.Store.Changed():
		return true
	default:
		return false
	}
}

// take does with a message what the framework does.
func (s *Session) take(msg tea.Msg) {
	switch m := msg.(type) {
	case nil:
		return
	case tea.BatchMsg:
		for _, c := range m {
			s.run(c)
		}
		return
	case tea.RawMsg:
		s.Raw = append(s.Raw, fmt.Sprint(m.Msg))
		return
	case tea.QuitMsg:
		s.Quit = true
		return
	}
	switch kind := fmt.Sprintf("%T", msg); kind {
	case "tea.setClipboardMsg":
		s.Copied = append(s.Copied, fmt.Sprint(msg))
	default:
		if strings.HasPrefix(kind, "tea.") {
			s.Sent = append(s.Sent, kind)
		}
		s.update(msg)
	}
}

// Type presses keys, each after the one before had its effect.
func (s *Session) Type(keys ...string) {
	s.T.Helper()
	Type(s, keys...)
}

// Type presses keys in a session.
func Type(s *Session, keys ...string) {
	s.T.Helper()
	for _, k := range keys {
		s.Send(Key(k))
	}
}

// Write types a text letter by letter.
func (s *Session) Write(text string) {
	s.T.Helper()
	for _, r := range text {
		s.Send(Key(string(r)))
	}
}

// Hold presses a key n times faster than anything can answer.
func (s *Session) Hold(key string, n int) {
	for range n {
		s.Rush(Key(key))
	}
}

// Pass lets time go by, in which timers fire; a new minute is told, as the
// app's pump does.
func (s *Session) Pass(d time.Duration) {
	s.T.Helper()
	minute := time.Now().Truncate(time.Minute)
	time.Sleep(d)
	s.Settle()
	if time.Since(minute) >= time.Minute {
		s.Send(views.TickMsg{})
	}
}

// Frame draws the cockpit at a size.
func (s *Session) Frame(w, h int) string {
	s.T.Helper()
	s.Send(tea.WindowSizeMsg{Width: w, Height: h})
	return s.M.View().Content
}

// Frame draws a cockpit at a size.
func Frame(m *views.Model, w, h int) string {
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return m.View().Content
}

// Screen is what is on the screen, without styles.
func (s *Session) Screen() string { return ansi.Strip(s.M.View().Content) }

// Shows fails unless all texts are on the screen.
func (s *Session) Shows(texts ...string) {
	s.T.Helper()
	for _, want := range texts {
		if !strings.Contains(s.Screen(), want) {
			s.T.Fatalf("%q is not on the screen:\n%s", want, s.Screen())
		}
	}
}

// Hides fails if one of the texts is on the screen.
func (s *Session) Hides(texts ...string) {
	s.T.Helper()
	for _, no := range texts {
		if strings.Contains(s.Screen(), no) {
			s.T.Fatalf("%q is on the screen:\n%s", no, s.Screen())
		}
	}
}

// Grid says what is wrong with a frame: it must be h lines of exactly w cells
// each, by clusters and by code points; "" if nothing.
func Grid(frame string, w, h int) string {
	if w <= 0 || h <= 0 {
		if frame != "" {
			return fmt.Sprintf("%dx%d: something is drawn", w, h)
		}
		return ""
	}
	lines := strings.Split(frame, "\n")
	if len(lines) != h {
		return fmt.Sprintf("%dx%d: %d lines", w, h, len(lines))
	}
	for y, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			return fmt.Sprintf("%dx%d: line %d is %d cells wide: %q", w, h, y+1, n, l)
		}
		if n := ansi.StringWidthWc(l); n != w {
			return fmt.Sprintf("%dx%d: line %d is %d cells wide by code points: %q", w, h, y+1, n, l)
		}
	}
	return ""
}
