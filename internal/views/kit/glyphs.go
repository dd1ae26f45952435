package kit

import (
	"fmt"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// GlyphMode says which characters the terminal's font is trusted with.
type GlyphMode uint8

// The glyph modes. Nerd differs from Unicode in a few icons only.
const (
	Unicode GlyphMode = iota
	ASCII
	Nerd
)

// ParseGlyphMode reads the configuration's word.
func ParseGlyphMode(s string) (GlyphMode, error) {
	switch s {
	case "", "unicode":
		return Unicode, nil
	case "ascii":
		return ASCII, nil
	case "nerd":
		return Nerd, nil
	}
	return Unicode, fmt.Errorf("glyphs: %q: want ascii, unicode or nerd", s)
}

// String is the mode's word in the configuration.
func (m GlyphMode) String() string { return [...]string{"unicode", "ascii", "nerd"}[m] }

// Glyph is one cell that kit draws of its own accord. Views get glyphs from
// Glyphs and cannot make others.
type Glyph struct{ s string }

// String returns the character.
func (g Glyph) String() string { return g.s }

// Safe returns the character as text, for a Span.
func (g Glyph) Safe() text.Safe { return text.Clean(g.s) }

// Glyphs is a set of characters, each exactly one cell wide.
type Glyphs struct {
	Mode GlyphMode

	Phase [6]Glyph // by core.Phase
	State [4]Glyph // by core.State

	Dot, Cursor, Mark, Ellipsis, Times, Restarts Glyph
	ArrowUp, ArrowDown                           Glyph // sort order, change
	MoreLeft, MoreRight                          Glyph // more columns on that side
	Separator, Crumb, Warning, Locked            Glyph
	Horizontal, Vertical                         Glyph
	TopLeft, TopRight, BottomLeft, BottomRight   Glyph
	BarFull, BarEmpty, StageDone, StageTodo      Glyph
	AxisV, AxisH, AxisCorner, AxisTick, GuideH   Glyph
	Deploy, Gap, Selected, Disabled              Glyph
	Folded, Unfolded                             Glyph // a group of lines
	Becomes, Checked, Unchecked, Flag            Glyph // before → after; a switch; what stands out in a journal

	Levels  []Glyph // rising bars, first is the lowest that is not empty
	Heat    []Glyph // rising shades, first is "nothing"
	Braille bool    // line charts in braille dots; else one character per point
}

func glyphs(s ...string) []Glyph {
	g := make([]Glyph, len(s))
	for i := range s {
		g[i] = Glyph{s[i]}
	}
	return g
}

func g(s string) Glyph { return Glyph{s} }

var asciiGlyphs = Glyphs{
	Mode:  ASCII,
	Phase: [6]Glyph{core.Unknown: g("?"), core.Pending: g("o"), core.Running: g("+"), core.Succeeded: g("="), core.Degraded: g("!"), core.Failed: g("x")},
	State: [4]Glyph{core.Connecting: g("o"), core.Live: g("+"), core.Stale: g("~"), core.Down: g("x")},
	Dot:   g("-"), Cursor: g(">"), Mark: g("*"), Ellipsis: g("~"), Times: g("x"), Restarts: g("r"),
	ArrowUp: g("^"), ArrowDown: g("v"), MoreLeft: g("<"), MoreRight: g(">"),
	Separator: g("|"), Crumb: g(">"), Warning: g("!"), Locked: g("#"),
	Horizontal: g("-"), Vertical: g("|"), TopLeft: g("+"), TopRight: g("+"), BottomLeft: g("+"), BottomRight: g("+"),
	BarFull: g("#"), BarEmpty: g("."), StageDone: g("#"), StageTodo: g("."),
	AxisV: g("|"), AxisH: g("-"), AxisCorner: g("+"), AxisTick: g("+"), GuideH: g("-"),
	Deploy: g(":"), Gap: g("~"), Selected: g(">"), Disabled: g("-"), Becomes: g(">"), Checked: g("x"), Unchecked: g(" "), Flag: g("!"), Folded: g(">"), Unfolded: g("v"),
	Levels: glyphs("_", ".", "-", "=", "+", "*", "#", "@"), Heat: glyphs(".", "-", "+", "#", "@"),
}

var unicodeGlyphs = Glyphs{
	Mode:  Unicode,
	Phase: [6]Glyph{core.Unknown: g("?"), core.Pending: g("◐"), core.Running: g("●"), core.Succeeded: g("✓"), core.Degraded: g("▲"), core.Failed: g("✗")},
	State: [4]Glyph{core.Connecting: g("○"), core.Live: g("●"), core.Stale: g("◐"), core.Down: g("✗")},
	Dot:   g("·"), Cursor: g("▸"), Mark: g("◆"), Ellipsis: g("…"), Times: g("×"), Restarts: g("↻"),
	ArrowUp: g("↑"), ArrowDown: g("↓"), MoreLeft: g("‹"), MoreRight: g("›"),
	Separator: g("│"), Crumb: g("▸"), Warning: g("▲"), Locked: g("⊘"),
	Horizontal: g("─"), Vertical: g("│"), TopLeft: g("╭"), TopRight: g("╮"), BottomLeft: g("╰"), BottomRight: g("╯"),
	BarFull: g("█"), BarEmpty: g("░"), StageDone: g("▰"), StageTodo: g("▱"),
	AxisV: g("│"), AxisH: g("─"), AxisCorner: g("└"), AxisTick: g("┤"), GuideH: g("╌"),
	Deploy: g("┊"), Gap: g("╌"), Selected: g("▸"), Disabled: g("⊘"), Becomes: g("→"), Checked: g("x"), Unchecked: g(" "), Flag: g("⚑"), Folded: g("▸"), Unfolded: g("▾"),
	Levels: glyphs("▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"), Heat: glyphs("·", "░", "▒", "▓", "█"),
	Braille: true,
}

var nerdGlyphs = func() Glyphs {
	n := unicodeGlyphs
	n.Mode = Nerd
	n.Locked = g("\uf023")
	n.Warning = g("\uf071")
	n.Deploy = g("┊")
	return n
}()

// GlyphsFor returns the set of a mode. It is shared: not to be written.
func GlyphsFor(m GlyphMode) *Glyphs {
	if !narrow { // the others would be two cells wide
		m = ASCII
	}
	switch m {
	case ASCII:
		return &asciiGlyphs
	case Nerd:
		return &nerdGlyphs
	default:
		return &unicodeGlyphs
	}
}

// PhaseGlyph returns the glyph of a phase; PhaseToken is its style.
func (s *Styles) PhaseGlyph(p core.Phase) Glyph {
	if int(p) < len(s.Glyphs.Phase) {
		return s.Glyphs.Phase[p]
	}
	return s.Glyphs.Phase[core.Unknown]
}
