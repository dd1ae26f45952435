// Package kit draws: tables, log views, documents, charts, boxes, inputs,
// menus and dialogs. It knows no store and no source, and it draws only
// text.Safe, text.Line and its own literals.
//
// Everything it returns is a Block: lines that are exactly as wide as asked
// and end in a reset. Components are plain structs that belong to one
// goroutine, the one of the tea.Model.
package kit

import (
	"image/color"
	"strconv"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Surface is what a cell lies on.
type Surface uint8

// The surfaces.
const (
	Ground   Surface = iota
	Selected         // the selected row of the focused pane
	Blurred          // the selected row of another pane
	numSurfaces
)

const reset = "\x1b[m"

// maxStyles bounds the cache of the styles that foreign logs bring along.
const maxStyles = 4096

// Styles is a theme compiled for a terminal: an SGR prefix per token and
// surface. A prefix sets everything (it begins with a reset), so prefixes can
// follow each other in any order and no style leaks into the next cell.
//
// The prefixes are in the terminal's own colour profile, although the
// renderer would downsample: so that 16 colours and none are the theme's
// choice and not the nearest match, and so that the renderer has fewer bytes
// to parse and nothing to convert on each frame. Converting again what is
// converted changes nothing.
type Styles struct {
	Theme   *themes.Theme
	Profile colorprofile.Profile
	Glyphs  *Glyphs

	tokens [numSurfaces][themes.NumTokens]text.Style
	sgr    [numSurfaces][themes.NumTokens]string
	blank  [numSurfaces]string                 // for empty cells: a background at most, which the renderer can erase in one go
	quiet  [numSurfaces][themes.NumTokens]bool // a space in that style looks like an empty cell
	spans  map[spanKey]string
}

type spanKey struct {
	surface Surface
	base    themes.Token
	style   text.Style
}

// NewStyles compiles a theme for a colour profile and a glyph set.
func NewStyles(t *themes.Theme, p colorprofile.Profile, mode GlyphMode) *Styles {
	if p == colorprofile.Unknown {
		p = colorprofile.TrueColor
	}
	s := &Styles{Theme: t, Profile: p, Glyphs: GlyphsFor(mode), spans: map[spanKey]string{}}
	own := &t.Styles
	if p == colorprofile.ANSI {
		own = &t.Sixteen
	}
	var styles [themes.NumTokens]text.Style
	for tok, st := range own {
		if p <= colorprofile.ASCII {
			st = text.Style{Attr: t.Attrs[tok]}
		}
		styles[tok] = st
	}
	ground := styles[themes.BG]
	for tok, st := range styles {
		s.tokens[Ground][tok] = over(st, ground)
	}
	for surface, sel := range map[Surface]themes.Token{Selected: themes.Selection, Blurred: themes.SelectionBlur} {
		bar := over(styles[sel], ground)
		for tok, st := range styles {
			s.tokens[surface][tok] = onBar(st, bar)
		}
		// Secondary text is not secondary where one looks.
		s.tokens[surface][themes.Muted] = s.tokens[surface][themes.FG]
	}
	for surface := range s.sgr {
		empty := s.tokens[surface][themes.FG]
		if empty.Attr&text.Reverse == 0 {
			empty.FG = text.Color{}
		}
		empty.Attr &= onSpaces
		s.blank[surface] = s.encode(empty)
		for tok, st := range s.tokens[surface] {
			s.sgr[surface][tok] = s.encode(st)
			s.quiet[surface][tok] = st.BG == empty.BG && st.Attr&onSpaces == empty.Attr && empty.Attr&text.Reverse == 0
		}
	}
	return s
}

// onSpaces are the attributes that show where there is no text.
const onSpaces = text.Reverse | text.Underline | text.Strike

// over fills what a style leaves to the default.
func over(st, ground text.Style) text.Style {
	if st.FG == (text.Color{}) && st.Attr&text.Reverse == 0 {
		st.FG = ground.FG
	}
	if st.BG == (text.Color{}) && st.Attr&text.Reverse == 0 {
		st.BG = ground.BG
	}
	return st
}

// onBar puts a style on the bar of a selected row: it keeps its colour if the
// bar is a background colour. On a reversed bar it would turn into a
// background and stripe the row, so there only its attributes stay.
func onBar(st, bar text.Style) text.Style {
	if st.BG != (text.Color{}) { // badges and search matches bring their own
		return st
	}
	if bar.Attr&text.Reverse != 0 {
		return text.Style{FG: bar.FG, BG: bar.BG, Attr: bar.Attr | st.Attr&^text.Faint}
	}
	if st.FG == (text.Color{}) {
		st.FG = bar.FG
	}
	st.BG = bar.BG
	st.Attr |= bar.Attr
	if bar.BG != (text.Color{}) {
		st.Attr &^= text.Faint // faint text on a coloured bar is lost
	}
	return st
}

// On returns the SGR prefix of a token on a surface.
func (s *Styles) On(surface Surface, tok themes.Token) string { return s.sgr[surface][tok] }

// SGR returns the SGR prefix of a token on the ground.
func (s *Styles) SGR(tok themes.Token) string { return s.sgr[Ground][tok] }

// span returns the prefix of a piece of foreign text with colours of its own,
// over the style that the text around it has.
func (s *Styles) span(surface Surface, base themes.Token, st text.Style) string {
	key := spanKey{surface, base, st}
	if p, ok := s.spans[key]; ok {
		return p
	}
	if len(s.spans) >= maxStyles { // a hostile log can send any number of colours
		clear(s.spans)
	}
	under := s.tokens[surface][base]
	if s.Profile <= colorprofile.ASCII {
		st.FG, st.BG = text.Color{}, text.Color{}
	}
	if st.FG == (text.Color{}) {
		st.FG = under.FG
	}
	if st.BG == (text.Color{}) || surface != Ground {
		st.BG = under.BG
	}
	st.Attr |= under.Attr
	p := s.encode(st)
	s.spans[key] = p
	return p
}

// encode writes a style as one SGR sequence that begins with a reset.
func (s *Styles) encode(st text.Style) string {
	if s.Profile == colorprofile.NoTTY {
		return ""
	}
	b := append(make([]byte, 0, 48), "\x1b["...)
	for i, code := range [...]byte{'1', '2', '3', '4', '7', '9'} {
		if st.Attr&(1<<i) != 0 {
			b = append(b, ';', code)
		}
	}
	b = s.appendColor(b, st.FG, 30)
	b = s.appendColor(b, st.BG, 40)
	return string(append(b, 'm'))
}

// color converts a colour for the terminal's profile; nil: the default colour.
func (s *Styles) color(c text.Color) color.Color {
	switch {
	case c.Kind == text.Default || s.Profile <= colorprofile.ASCII:
		return nil
	case c.Kind == text.Palette && c.Value < 16:
		return s.Profile.Convert(ansi.BasicColor(c.Value))
	case c.Kind == text.Palette:
		return s.Profile.Convert(ansi.IndexedColor(c.Value))
	default:
		return s.Profile.Convert(color.RGBA{uint8(c.Value >> 16), uint8(c.Value >> 8), uint8(c.Value), 0xff})
	}
}

// appendColor appends the SGR parameters of a colour; base is 30 or 40.
func (s *Styles) appendColor(b []byte, c text.Color, base int) []byte {
	num := func(n int) { b = strconv.AppendInt(append(b, ';'), int64(n), 10) }
	switch c := s.color(c).(type) {
	case ansi.BasicColor:
		if c < 8 {
			num(base + int(c))
		} else {
			num(base + 60 + int(c) - 8)
		}
	case ansi.IndexedColor:
		num(base + 8)
		num(5)
		num(int(c))
	case color.RGBA:
		num(base + 8)
		num(2)
		num(int(c.R))
		num(int(c.G))
		num(int(c.B))
	}
	return b
}

// Lip returns a token as a Lip Gloss style, for what is printed once: reports,
// previews. Rows of the cockpit use SGR prefixes, which cost a hundredth.
func (s *Styles) Lip(tok themes.Token) lipgloss.Style {
	t := s.tokens[Ground][tok]
	l := lipgloss.NewStyle().Inline(true).
		Bold(t.Attr&text.Bold != 0).Faint(t.Attr&text.Faint != 0).Italic(t.Attr&text.Italic != 0).
		Underline(t.Attr&text.Underline != 0).UnderlineSpaces(t.Attr&text.Underline != 0).Reverse(t.Attr&text.Reverse != 0).Strikethrough(t.Attr&text.Strike != 0).StrikethroughSpaces(t.Attr&text.Strike != 0)
	if c := s.color(t.FG); c != nil {
		l = l.Foreground(c)
	}
	if c := s.color(t.BG); c != nil {
		l = l.Background(c)
	}
	return l
}

// end is what a line ends with.
func (s *Styles) end() string {
	if s.Profile == colorprofile.NoTTY {
		return ""
	}
	return reset
}

// PhaseToken is the token of a phase.
func PhaseToken(p core.Phase) themes.Token {
	switch p {
	case core.Pending:
		return themes.Pending
	case core.Running, core.Succeeded:
		return themes.OK
	case core.Degraded:
		return themes.Degraded
	case core.Failed:
		return themes.Failed
	default:
		return themes.Unknown
	}
}

// RowToken is the token of an object's glyph: of its phase, and muted when
// what it says is history, or that it was left out.
func RowToken(r *core.Resource) themes.Token {
	if r.Past || LeftOut(r.Phase, r.Reason) {
		return themes.Muted
	}
	return PhaseToken(r.Phase)
}

// RowGlyph is an object's glyph.
func (s *Styles) RowGlyph(r *core.Resource) Glyph {
	if LeftOut(r.Phase, r.Reason) {
		return s.Glyphs.Dot
	}
	return s.PhaseGlyph(r.Phase)
}

// LeftOut reports whether something ended without having been carried out: it
// is no trouble, and no mark of success is due to it.
func LeftOut(p core.Phase, reason text.Safe) bool {
	if p != core.Succeeded {
		return false
	}
	switch reason.String() {
	case "skipped", "cancelled", "canceled", "neutral", "aborted", "ABORTED", "not_built", "NOT_BUILT", "NOT_EXECUTED", "stale":
		return true
	}
	return false
}

// OutcomeLook is the glyph and the style of how a change ended.
func OutcomeLook(o core.Outcome) (core.Phase, themes.Token) {
	switch o {
	case core.OutcomeHealthy:
		return core.Succeeded, themes.OK
	case core.OutcomeUnknown:
		return core.Unknown, themes.Warn
	case core.OutcomeRefused:
		return core.Failed, themes.Degraded
	default:
		return core.Failed, themes.Failed
	}
}

// WordToken is the token of a phase's word in a row, next to its glyph: what
// is well is plain text, so that trouble stands out and a row that is well
// costs fewer bytes.
func WordToken(p core.Phase) themes.Token {
	if tok := PhaseToken(p); tok != themes.OK {
		return tok
	}
	return themes.FG
}

// LevelToken is the token of a log level.
func LevelToken(l core.Level) themes.Token {
	switch l {
	case core.LevelTrace, core.LevelDebug:
		return themes.Debug
	case core.LevelInfo:
		return themes.Info
	case core.LevelWarn:
		return themes.Warn
	case core.LevelError, core.LevelFatal:
		return themes.Error
	default:
		return themes.FG
	}
}

// StateToken is the token of a source's state.
func StateToken(s core.State) themes.Token {
	switch s {
	case core.Live:
		return themes.OK
	case core.Stale:
		return themes.Degraded
	case core.Down:
		return themes.Failed
	default:
		return themes.Pending
	}
}
