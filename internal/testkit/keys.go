package testkit

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// plainKeys are keys by name as xterm sends them without modifiers.
var plainKeys = map[string]string{
	"enter": "\r", "esc": "\x1b", "tab": "\t", "space": " ", "backspace": "\x7f", "shift+tab": "\x1b[Z",
	"f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~", "f6": "\x1b[17~", "f7": "\x1b[18~",
	"f8": "\x1b[19~", "f9": "\x1b[20~", "f10": "\x1b[21~", "f11": "\x1b[23~", "f12": "\x1b[24~",
}

// cursorKeys end in this letter, numberedKeys have this number before a tilde;
// both take modifiers, see "PC-Style Function Keys" of xterm's ctlseqs.
var (
	cursorKeys   = map[string]string{"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
	numberedKeys = map[string]string{"insert": "2", "delete": "3", "pgup": "5", "pgdown": "6"}
)

// keyBytes returns what a terminal sends for a key of that name.
func keyBytes(name string) (string, error) {
	if s, ok := plainKeys[name]; ok {
		return s, nil
	}
	modifier, key := 1, name
	for {
		m, rest, found := strings.Cut(key, "+")
		if !found || rest == "" {
			break
		}
		switch m {
		case "shift":
			modifier++
		case "alt":
			modifier += 2
		case "ctrl":
			modifier += 4
		default:
			return "", fmt.Errorf("key %q: unknown modifier %q", name, m)
		}
		key = rest
	}
	if letter, ok := cursorKeys[key]; ok {
		if modifier == 1 {
			return "\x1b[" + letter, nil
		}
		return fmt.Sprintf("\x1b[1;%d%s", modifier, letter), nil
	}
	if number, ok := numberedKeys[key]; ok {
		if modifier == 1 {
			return "\x1b[" + number + "~", nil
		}
		return fmt.Sprintf("\x1b[%s;%d~", number, modifier), nil
	}
	prefix := ""
	if (modifier-1)&2 != 0 {
		prefix = "\x1b"
	}
	if s, ok := plainKeys[key]; ok && (modifier-1)&^2 == 0 {
		return prefix + s, nil
	}
	if utf8.RuneCountInString(key) != 1 {
		return "", fmt.Errorf("unknown key %q", name)
	}
	switch c := key[0]; {
	case (modifier-1)&4 == 0:
		return prefix + key, nil
	case c >= 'a' && c <= 'z':
		return prefix + string(rune(c-'a'+1)), nil
	case c >= '[' && c <= '_':
		return prefix + string(rune(c-'@')), nil
	}
	return "", fmt.Errorf("a terminal cannot send %q", name)
}
