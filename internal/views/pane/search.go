package pane

import (
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/query"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/themes"
)

// Search is a search in text with its prompt: of a log, of a document.
type Search struct {
	Query query.Query
	bad   text.Safe
	input *kit.Input
}

// Open opens the prompt with what was searched for last.
func (s *Search) Open(placeholder text.Safe) {
	s.input = &kit.Input{Prompt: text.Lit(" / "), Placeholder: placeholder}
	s.input.SetValue(s.Query.String())
}

// Typing reports an open prompt.
func (s *Search) Typing() bool { return s.input != nil }

// Set replaces the search; what cannot be parsed is told and not applied.
// It reports whether the search changed.
func (s *Search) Set(words string) bool {
	q, err := query.ParseText(words)
	s.bad = text.Safe{}
	if err != nil {
		s.bad = text.Error(err)
		return false
	}
	s.Query = q
	return true
}

// Key edits the open prompt. changed: the search is another one; done: the
// prompt was closed by enter.
func (s *Search) Key(k tea.KeyPressMsg) (changed, done bool) {
	switch k.String() {
	case "esc", "ctrl+c":
		s.input = nil
		return s.Set(""), false
	case "enter":
		s.input = nil
		return false, true
	}
	return s.input.Key(k) && s.Set(s.input.Value()), false
}

// Paste goes into the open prompt; it reports whether the search changed.
func (s *Search) Paste(words string) bool {
	return s.input != nil && s.input.Paste(words) && s.Set(s.input.Value())
}

// Finder finds what is searched for, for highlighting; nil: nothing.
func (s *Search) Finder() kit.Finder {
	q := s.Query
	if q.Empty() {
		return nil
	}
	return func(line string, dst [][2]int) [][2]int { return q.AppendHighlights(dst, line) }
}

// Draw returns the rows of the open prompt; none while it is closed.
func (s *Search) Draw(e *Env, w int) kit.Block {
	if s.input == nil {
		return nil
	}
	var out kit.Block
	if !s.bad.Empty() {
		out = append(out, kit.NewBuilder(e.Styles, w).Text(themes.Warn, s.bad).Line())
	}
	line, _ := s.input.Draw(e.Styles, w)
	return append(out, line)
}

// Tag says what is searched for while the prompt is closed.
func (s *Search) Tag() (text.Safe, bool) {
	if s.Query.Empty() || s.input != nil {
		return text.Safe{}, false
	}
	return text.Sprintf("/%s", s.Query.String()), true
}
