package program

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// Screen is the cockpit in a terminal, on one list.
type Screen struct {
	*testkit.Term
	T *testing.T
	P *Program
}

// Cockpit opens the cockpit on a view and selects one row by a filter.
func (p *Program) Cockpit(cols, rows int, live, key, title, filter, row string) *Screen {
	p.T.Helper()
	s := &Screen{p.Open(cols, rows, nil, live), p.T, p}
	s.Send(key)
	s.WaitText(Patience, "╭ "+title)
	if key == "3" || key == "4" {
		s.Find(filter)
	}
	s.WaitText(Patience, row)
	return s
}

// Find narrows the list on screen.
func (s *Screen) Find(filter string) {
	s.T.Helper()
	s.Send("/")
	s.WaitFor(func(v string) bool { return strings.Contains(lastLines(v, 4), " / ") }, Patience)
	s.Send("ctrl+u")
	s.Type(filter)
	s.WaitFor(func(v string) bool { return strings.Contains(lastLines(v, 4), " / "+filter) }, Patience)
	s.Send("enter")
	s.WaitFor(func(v string) bool { return !strings.Contains(lastLines(v, 4), " / "+filter) }, Patience)
}

// GoTo opens a kind's list by its name in the palette.
func (s *Screen) GoTo(name, shows string) {
	s.T.Helper()
	s.Send(":")
	s.WaitText(Patience, "Go to")
	s.Type(name)
	s.WaitText(Patience, name)
	s.Send("enter")
	s.WaitText(Patience, shows)
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}

const (
	Question = " confirms · " // y or enter, and what else can be done
	GoesOn   = "enter goes on to confirm"
	Finished = "enter closes"
)

// Plan opens a verb's dialog and waits until it shows all of texts.
func (s *Screen) Plan(key string, texts ...string) string {
	s.T.Helper()
	s.Send(key)
	return s.WaitText(Patience, texts...)
}

// Proceed goes from the form to the question.
func (s *Screen) Proceed() {
	s.T.Helper()
	s.WaitText(Patience, GoesOn)
	s.Again(GoesOn, "enter")
	s.WaitText(Patience, Question)
}

// Yes answers the question as soon as the dialog takes it.
func (s *Screen) Yes() {
	s.T.Helper()
	key := "y"
	if strings.Contains(s.WaitText(Patience, Question), "enter confirms") {
		key = "enter"
	}
	s.WaitIdle(400*time.Millisecond, Patience) // a dialog takes nothing in its first moments
	s.Again(Question, key)
}

// Through goes through the form, if the verb asks something here, and says yes.
func (s *Screen) Through() {
	s.T.Helper()
	v := s.WaitFor(func(v string) bool { return strings.Contains(v, GoesOn) || strings.Contains(v, Question) }, Patience)
	if strings.Contains(v, GoesOn) {
		s.Proceed()
	}
	s.Yes()
}

var errStillThere = errors.New("it is still there")

// Again sends key until text is gone. It is patient: a key too many would be
// meant for what comes after.
func (s *Screen) Again(text, key string) {
	s.T.Helper()
	testkit.Poll(s.T, Patience, func() error {
		s.Send(key)
		if s.Seen(5*time.Second, func(v string) bool { return !strings.Contains(v, text) }) {
			return nil
		}
		return errStillThere
	})
}

// Healthy waits for the verified end and closes the dialog.
func (s *Screen) Healthy() {
	s.T.Helper()
	s.Ended("healthy")
}

// Ended waits for the end of the change, checks its outcome and closes the
// dialog.
func (s *Screen) Ended(outcome string) {
	s.T.Helper()
	if v := s.WaitText(Patience, Finished); !strings.Contains(v, outcome) {
		s.T.Errorf("not %s:\n%s", outcome, v)
	}
	s.Again(Finished, "enter")
}

// Editor is a program for $EDITOR that edits with sed.
func (p *Program) Editor(script string) string {
	p.T.Helper()
	path := filepath.Join(p.Home, "editor")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec sed -i '"+script+"' \"$1\"\n"), 0o700); err != nil {
		p.T.Fatal(err)
	}
	return path
}

// Choose opens the menu of all actions and chooses one by what it is called.
func (s *Screen) Choose(title string) {
	s.T.Helper()
	s.Send("a")
	s.WaitText(Patience, "Actions · ", title)
	s.Pick(title)
}

// Menu opens the menu of a key with several verbs. A key that came to nothing,
// because the list was just being made, is pressed once more.
func (s *Screen) Menu(key string, texts ...string) {
	s.T.Helper()
	for try := range 3 {
		s.Send(key)
		if s.Seen(10*time.Second, func(v string) bool {
			return !slices.ContainsFunc(texts, func(x string) bool { return !strings.Contains(v, x) })
		}) {
			return
		}
		s.T.Logf("%s opened nothing at try %d:\n%s", key, try+1, s.Screen())
	}
	s.T.Fatalf("%s opens no menu", key)
}

// Pick moves the menu's cursor to a line and takes it.
func (s *Screen) Pick(title string) {
	s.T.Helper()
	for range 12 {
		at := cursor(s.Screen())
		if strings.Contains(at, title) {
			s.Send("enter")
			return
		}
		s.Send("down")
		s.WaitFor(func(v string) bool { return cursor(v) != at }, 10*time.Second)
	}
	s.T.Fatalf("no line %q in the menu:\n%s", title, s.Screen())
}

// cursor is the line of the menu that the cursor stands on: the last one with
// its sign, for the list behind the menu has one too.
func cursor(screen string) (line string) {
	for l := range strings.Lines(screen) {
		if at := strings.LastIndex(l, "▸"); at >= 0 && strings.Count(l[:at], "│") > 1 {
			line = strings.TrimSpace(l[at:])
		}
	}
	return line
}
