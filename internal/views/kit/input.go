package kit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

const maxInput = 4096 // bytes

// Input is an editor of one line: filter, palette, confirmation by name. Its
// value holds printable characters only.
type Input struct {
	Prompt      text.Safe
	Placeholder text.Safe
	NoPaste     bool // a name that confirms a change is typed, not pasted

	value  string
	cursor int // byte offset, on a cluster's edge
}

// Value returns what is typed. It is raw text: for comparing and querying.
func (in *Input) Value() string { return in.value }

// SetValue replaces the text; the cursor goes to its end.
func (in *Input) SetValue(s string) {
	in.value, in.cursor = "", 0
	in.insert(s)
}

// Clear empties the input.
func (in *Input) Clear() { in.value, in.cursor = "", 0 }

// Paste inserts pasted text as one line; it is ignored if NoPaste is set.
func (in *Input) Paste(s string) bool {
	if in.NoPaste {
		return false
	}
	return in.insert(strings.Join(strings.Fields(s), " "))
}

// insert puts what is printable of s at the cursor.
func (in *Input) insert(s string) bool {
	clean := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if room := maxInput - len(in.value); len(clean) > room {
		for room > 0 && !utf8.RuneStart(clean[room]) {
			room--
		}
		clean = clean[:max(room, 0)]
	}
	in.value = in.value[:in.cursor] + clean + in.value[in.cursor:]
	in.cursor += len(clean)
	return clean != ""
}

// Key edits by a key press and reports whether the key was for the input.
// Enter, escape, tab and the vertical arrows are the caller's.
func (in *Input) Key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left", "ctrl+b":
		in.cursor = in.before()
	case "right", "ctrl+f":
		in.cursor = in.after()
	case "home", "ctrl+a":
		in.cursor = 0
	case "end", "ctrl+e":
		in.cursor = len(in.value)
	case "alt+left", "ctrl+left", "alt+b":
		in.cursor = in.wordStart()
	case "alt+right", "ctrl+right", "alt+f":
		in.cursor = in.wordEnd()
	case "backspace", "ctrl+h", "shift+backspace":
		in.cut(in.before(), in.cursor)
	case "delete", "ctrl+d":
		in.cut(in.cursor, in.after())
	case "ctrl+w", "alt+backspace":
		in.cut(in.wordStart(), in.cursor)
	case "alt+d":
		in.cut(in.cursor, in.wordEnd())
	case "ctrl+u":
		in.cut(0, in.cursor)
	case "ctrl+k":
		in.cut(in.cursor, len(in.value))
	case "space":
		return in.insert(" ")
	default:
		if k.Text == "" || k.Mod&^tea.ModShift != 0 {
			return false
		}
		return in.insert(k.Text)
	}
	return true
}

func (in *Input) cut(from, to int) {
	in.value = in.value[:from] + in.value[to:]
	in.cursor = from
}

// before returns the start of the cluster before the cursor.
func (in *Input) before() int {
	at := 0
	for at < in.cursor {
		c, _ := ansi.FirstGraphemeCluster(in.value[at:], ansi.GraphemeWidth)
		if at+len(c) >= in.cursor || c == "" {
			break
		}
		at += len(c)
	}
	return at
}

func (in *Input) after() int {
	if in.cursor >= len(in.value) {
		return len(in.value)
	}
	c, _ := ansi.FirstGraphemeCluster(in.value[in.cursor:], ansi.GraphemeWidth)
	return in.cursor + len(c)
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (in *Input) wordStart() int {
	head := strings.TrimRightFunc(in.value[:in.cursor], func(r rune) bool { return !wordRune(r) })
	return len(strings.TrimRightFunc(head, wordRune))
}

func (in *Input) wordEnd() int {
	tail := strings.TrimLeftFunc(in.value[in.cursor:], func(r rune) bool { return !wordRune(r) })
	tail = strings.TrimLeftFunc(tail, wordRune)
	return len(in.value) - len(tail)
}

// Draw returns the input as one line of w cells and the cell of the cursor.
// The text scrolls so that the cursor stays in sight.
func (in *Input) Draw(st *Styles, w int) (line string, cursorX int) {
	if w <= 0 {
		return "", 0
	}
	b := NewBuilder(st, w)
	b.Text(themes.Accent, in.Prompt)
	if in.value == "" {
		x := min(b.Used(), w-1)
		b.caret(st, " ")
		return b.Text(themes.Muted, in.Placeholder).Line(), x
	}
	room := b.Left()
	at := " "
	if in.cursor < len(in.value) {
		at = in.value[in.cursor:in.after()]
	}
	head := in.value[:in.cursor]
	if over := width(head) + width(at) - room; over > 0 {
		head, _ = cutLeft(head, over)
	}
	b.raw(themes.FG, head)
	x := min(b.Used(), w-1)
	b.caret(st, at)
	if in.cursor < len(in.value) {
		b.raw(themes.FG, in.value[in.after():])
	}
	return b.Line(), x
}

// caret draws the cell that the cursor is on. It does not blink, so an open
// prompt writes nothing to the terminal.
func (l *Builder) caret(st *Styles, s string) {
	if l.Left() < width(s) {
		return
	}
	sel := st.tokens[Ground][themes.FG]
	sel.Attr |= text.Reverse
	l.b = append(l.b, st.encode(sel)...)
	n := width(s)
	l.b = fit(l.b, s, n, false, "")
	l.foreign(n)
}

// Input appends an input of n cells, prompt included.
func (l *Builder) Input(in *Input, n int) *Builder {
	if n = min(n, l.Left()); n <= 0 {
		return l
	}
	line, _ := in.Draw(l.st, n)
	l.b = append(l.b, line...)
	l.foreign(n)
	return l
}
