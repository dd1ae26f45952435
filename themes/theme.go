// Package themes gives the semantic tokens of the screen their colours.
//
// A theme is a YAML file. Six are built in; a user's own lie in the themes
// folder of the configuration and may inherit from those. A style is written
// as git writes colours: foreground, "on" background, attributes:
//
//	failed: "#f7768e bold"
//	match:  "black on bright-yellow"
//	title:  "default bold"
package themes

import "devops-tui/internal/text"

// Appearance says on what kind of background a theme is meant to be read.
type Appearance uint8

// The appearances.
const (
	Any Appearance = iota
	Dark
	Light
)

// String is the appearance's name in theme files.
func (a Appearance) String() string { return [...]string{"any", "dark", "light"}[a] }

// Theme is a loaded theme; it is not written after loading.
type Theme struct {
	Name       string // in the configuration: "high-contrast"
	Title      string // one line for people
	Appearance Appearance
	// On are the backgrounds that the theme promises to be readable on,
	// 0xRRGGBB each: its own if it sets one, else those that terminals of its
	// appearance have. Empty if the colours are the terminal's own.
	On []uint32
	// Styles are the styles of the tokens for 256 colours and more.
	Styles [NumTokens]text.Style
	// Sixteen are the styles for terminals with 16 colours: the nearest of 16
	// to a chosen colour is mostly the wrong one, so they are chosen too.
	Sixteen [NumTokens]text.Style
	// Attrs are the attributes that stand for the tokens where there are no
	// colours at all (NO_COLOR, monochrome).
	Attrs [NumTokens]text.Attr
	// Builtin is false for a user's theme.
	Builtin bool
}

// Default is the name of the theme for an appearance that is not known.
const Default = "dark"

// Detect names the built-in theme for a terminal with that background.
func Detect(isDark bool) string {
	if isDark {
		return "dark"
	}
	return "light"
}
