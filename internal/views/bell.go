package views

import (
	"strings"

	"devops-tui/internal/text"
)

// Bell is how a terminal tells its user that something ended.
type Bell uint8

// The ways. Every terminal has the bell; the others show words too.
const (
	BellOnly   Bell = iota
	BellOSC9        // iTerm2 and who follows it
	BellOSC777      // urxvt and who follows it
)

// bellWords bounds what a notification says, in cells.
const bellWords = 120

// BellFor finds out what the terminal takes, by its own word. Inside of a
// multiplexer only the bell is sure to arrive.
func BellFor(getenv func(string) string) Bell {
	term := getenv("TERM")
	if getenv("TMUX") != "" || getenv("STY") != "" || strings.HasPrefix(term, "screen") || strings.HasPrefix(term, "tmux") {
		return BellOnly
	}
	switch getenv("TERM_PROGRAM") {
	case "iTerm.app":
		return BellOSC9
	case "WezTerm", "ghostty":
		return BellOSC777
	}
	switch {
	case term == "xterm-kitty":
		return BellOSC9
	case term == "xterm-ghostty", term == "wezterm", strings.HasPrefix(term, "foot"), strings.HasPrefix(term, "rxvt-unicode"):
		return BellOSC777
	}
	return BellOnly
}

// Sequence is what is written to the terminal. The words are safe to draw, and
// of those only what cannot be mistaken for an end or a separator is left.
func (b Bell) Sequence(words text.Safe) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == ';' || r == ':':
			return ','
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return -1
		}
		return r
	}, words.Truncate(bellWords).String())
	switch b {
	case BellOSC9:
		return "\a\x1b]9;devops-tui, " + plain + "\x1b\\"
	case BellOSC777:
		return "\a\x1b]777;notify;devops-tui;" + plain + "\x1b\\"
	default:
		return "\a"
	}
}
