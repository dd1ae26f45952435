package change

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// screen is the cockpit in a terminal, on one list.
type screen struct {
	*testkit.Term
	t *testing.T
	p *program
}

// cockpit opens the cockpit on a view and selects one row by a filter.
func (p *program) cockpit(cols, rows int, live, key, title, filter, row string) *screen {
	p.t.Helper()
	s := &screen{p.open(cols, rows, nil, live), p.t, p}
	s.Send(key)
	s.WaitText(patience, "╭ "+title)
	if key == "3" || key == "4" {
		s.find(filter)
	}
	s.WaitText(patience, row)
	return s
}

// find narrows the list on screen.
func (s *screen) find(filter string) {
	s.t.Helper()
	s.Send("/")
	s.WaitFor(func(v string) bool { return strings.Contains(lastLines(v, 4), " / ") }, patience)
	s.Send("ctrl+u")
	s.Type(filter)
	s.WaitFor(func(v string) bool { return strings.Contains(lastLines(v, 4), " / "+filter) }, patience)
	s.Send("enter")
	s.WaitFor(func(v string) bool { return !strings.Contains(lastLines(v, 4), " / "+filter) }, patience)
}

// goTo opens a kind's list by its name in the palette.
func (s *screen) goTo(name, shows string) {
	s.t.Helper()
	s.Send(":")
	s.WaitText(patience, "Go to")
	s.Type(name)
	s.WaitText(patience, name)
	s.Send("enter")
	s.WaitText(patience, shows)
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}

const (
	question = " confirms · " // y or enter, and what else can be done
	goesOn   = "enter goes on to confirm"
	finished = "enter closes"
)

// plan opens a verb's dialog and waits until it shows all of texts.
func (s *screen) plan(key string, texts ...string) string {
	s.t.Helper()
	s.Send(key)
	return s.WaitText(patience, texts...)
}

// proceed goes from the form to the question.
func (s *screen) proceed() {
	s.t.Helper()
	s.WaitText(patience, goesOn)
	s.again(goesOn, "enter")
	s.WaitText(patience, question)
}

// yes answers the question as soon as the dialog takes it.
func (s *screen) yes() {
	s.t.Helper()
	key := "y"
	if strings.Contains(s.WaitText(patience, question), "enter confirms") {
		key = "enter"
	}
	s.WaitIdle(400*time.Millisecond, patience) // a dialog takes nothing in its first moments
	s.again(question, key)
}

// through goes through the form, if the verb asks something here, and says yes.
func (s *screen) through() {
	s.t.Helper()
	v := s.WaitFor(func(v string) bool { return strings.Contains(v, goesOn) || strings.Contains(v, question) }, patience)
	if strings.Contains(v, goesOn) {
		s.proceed()
	}
	s.yes()
}

var errStillThere = errors.New("it is still there")

// again sends key until text is gone. It is patient: a key too many would be
// meant for what comes after.
func (s *screen) again(text, key string) {
	s.t.Helper()
	testkit.Poll(s.t, patience, func() error {
		s.Send(key)
		if s.Seen(5*time.Second, func(v string) bool { return !strings.Contains(v, text) }) {
			return nil
		}
		return errStillThere
	})
}

// healthy waits for the verified end and closes the dialog.
func (s *screen) healthy() {
	s.t.Helper()
	s.ended("healthy")
}

func (s *screen) ended(outcome string) {
	s.t.Helper()
	if v := s.WaitText(patience, finished); !strings.Contains(v, outcome) {
		s.t.Errorf("not %s:\n%s", outcome, v)
	}
	s.again(finished, "enter")
}

// editor is a program for $EDITOR that edits with sed.
func (p *program) editor(script string) string {
	p.t.Helper()
	path := filepath.Join(p.home, "editor")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec sed -i '"+script+"' \"$1\"\n"), 0o700); err != nil {
		p.t.Fatal(err)
	}
	return path
}
