package keys

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// modifiers, in the order in which Bubble Tea spells them.
var modifiers = []string{"ctrl", "alt", "shift", "meta", "hyper", "super"}

// named keys as Bubble Tea spells them.
var named = []string{
	"enter", "esc", "tab", "space", "backspace", "delete", "insert", "up", "down", "left", "right", "home", "end", "pgup", "pgdown",
	"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
}

// spellings of other tools, and ours.
var spellings = map[string]string{
	"return": "enter", "escape": "esc", "del": "delete", "ins": "insert", "pgdn": "pgdown", "pagedown": "pgdown", "page-down": "pgdown",
	"pageup": "pgup", "page-up": "pgup", "spc": "space", "bs": "backspace", "c": "ctrl", "control": "ctrl", "a": "alt", "option": "alt",
	"opt": "alt", "s": "shift", "cmd": "super", "win": "super",
}

// unusable keys cannot be told from another key on most terminals.
var unusable = map[string]string{"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+j": "enter", "ctrl+h": "backspace", "ctrl+[": "esc", "ctrl+@": "ctrl+space"}

// reserved keys belong to what the cockpit runs in; they are never bound by default.
var reserved = map[string]string{
	"ctrl+a": "GNU screen's prefix", "ctrl+b": "tmux's prefix", "ctrl+space": "many input methods'",
	"ctrl+\\": "the terminal's quit key", "ctrl+q": "the terminal's flow control", "ctrl+s": "the terminal's flow control",
}

const maxSequence = 3

// Normalize brings a key, or a sequence with spaces between, to the spelling
// of Bubble Tea's KeyPressMsg.String(). The error says what is wrong with it.
func Normalize(raw string) (string, error) {
	if raw == " " {
		return "space", nil
	}
	parts := strings.Fields(raw)
	switch {
	case len(parts) == 0:
		return "", fmt.Errorf("a key is empty; write space for the space bar")
	case len(parts) > maxSequence:
		return "", fmt.Errorf("%q has more than %d keys", raw, maxSequence)
	}
	for i, p := range parts {
		k, err := normalizeKey(p)
		if err != nil {
			return "", err
		}
		parts[i] = k
	}
	return strings.Join(parts, " "), nil
}

func normalizeKey(raw string) (string, error) {
	bad := func() error {
		base := raw[strings.LastIndexByte(raw, '+')+1:]
		return fmt.Errorf("no key %q%s", raw, didYouMean(base, slices.Concat(named, modifiers)))
	}
	if !utf8.ValidString(raw) || len(raw) > 64 {
		return "", fmt.Errorf("no key %q", raw)
	}
	s := raw
	if len(s) > 2 && s[0] == '<' && s[len(s)-1] == '>' { // vim's <c-x>
		s = s[1 : len(s)-1]
	}
	if len(s) > 1 && s[0] == '^' {
		s = "ctrl+" + strings.ToLower(s[1:])
	}
	if i := strings.IndexByte(s, '-'); i > 0 && i < len(s)-1 && !strings.Contains(s, "+") && spellings[strings.ToLower(s)] == "" {
		s = strings.ReplaceAll(s, "-", "+")
	}
	base := s
	mods := map[string]bool{}
	for {
		i := strings.IndexByte(base, '+')
		if i <= 0 || i == len(base)-1 {
			break
		}
		mod := strings.ToLower(base[:i])
		if full, ok := spellings[mod]; ok {
			mod = full
		}
		if !slices.Contains(modifiers, mod) {
			return "", bad()
		}
		mods[mod] = true
		base = base[i+1:]
	}
	if utf8.RuneCountInString(base) == 1 {
		r, _ := utf8.DecodeRuneInString(base)
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return "", bad()
		}
		switch {
		case len(mods) == 1 && mods["shift"] && unicode.IsLetter(r): // a terminal sends R, not shift+r
			return string(unicode.ToUpper(r)), nil
		case len(mods) > 0 && unicode.IsUpper(r):
			mods["shift"] = true
			base = string(unicode.ToLower(r))
		}
	} else {
		low := strings.ToLower(base)
		if full, ok := spellings[low]; ok {
			low = full
		}
		if !slices.Contains(named, low) {
			return "", bad()
		}
		base = low
	}
	var b strings.Builder
	for _, m := range modifiers {
		if mods[m] {
			b.WriteString(m + "+")
		}
	}
	b.WriteString(base)
	return b.String(), nil
}

// checkKey says whether raw may be a key of c.
func checkKey(c Command, raw string) (key, warning, problem string) {
	key, err := Normalize(raw)
	if err != nil {
		return "", "", err.Error()
	}
	if c.Changes && !ChangeKey(key) {
		return "", "", fmt.Sprintf("%s changes the outside world, so its key must be UPPER CASE or !, not %q", c.ID, key)
	}
	for _, k := range strings.Split(key, " ") {
		if same, ok := unusable[k]; ok {
			return "", "", fmt.Sprintf("%s cannot be told from %s on most terminals", k, same)
		}
		if whose, ok := reserved[k]; ok {
			warning = fmt.Sprintf("%s is %s: it may never arrive here", k, whose)
		}
	}
	if typed := c.In(Palette) || c.In(Prompt); typed && utf8.RuneCountInString(key) == 1 {
		return "", "", fmt.Sprintf("%q is typed text there; use a key with ctrl or alt", key)
	}
	return key, warning, ""
}

// ChangeKey reports whether key may change the outside world: its last stroke
// is an upper-case letter or "!".
func ChangeKey(key string) bool {
	last := key[strings.LastIndexByte(key, ' ')+1:]
	if utf8.RuneCountInString(last) != 1 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(last)
	return r == '!' || unicode.IsUpper(r)
}
