package kit

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/text"
	"devops-tui/themes"
)

func styles(t testing.TB, name string, p colorprofile.Profile, m GlyphMode) *Styles {
	t.Helper()
	th, ok := themes.Builtin().Get(name)
	if !ok {
		t.Fatalf("no theme %q", name)
	}
	return NewStyles(th, p, m)
}

// every combination that a user can meet.
func allStyles(t testing.TB) []*Styles {
	var out []*Styles
	for _, n := range []string{"dark", "high-contrast", "terminal", "mono"} {
		for _, p := range []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ANSI256, colorprofile.ANSI, colorprofile.ASCII} {
			for _, m := range []GlyphMode{Unicode, ASCII, Nerd} {
				out = append(out, styles(t, n, p, m))
			}
		}
	}
	return out
}

// grid fails unless a block is exactly w x h under both ways to measure, and
// no style reaches beyond a line.
func grid(t testing.TB, what string, st *Styles, b Block, w, h int) {
	t.Helper()
	if len(b) != max(h, 0) && w > 0 {
		t.Fatalf("%s %dx%d: %d lines", what, w, h, len(b))
	}
	for y, l := range b {
		oneLine(t, what, st, l, w)
		_ = y
	}
}

func oneLine(t testing.TB, what string, st *Styles, l string, w int) {
	t.Helper()
	if w <= 0 {
		if ansi.Strip(l) != "" {
			t.Fatalf("%s: %q drawn in %d cells", what, l, w)
		}
		return
	}
	if n := ansi.StringWidth(l); n != w {
		t.Fatalf("%s: width %d, want %d: %q", what, n, w, l)
	}
	if n := ansi.StringWidthWc(l); n != w {
		t.Fatalf("%s: width by code points %d, want %d: %q", what, n, w, l)
	}
	if strings.ContainsAny(l, "\n\r\t") {
		t.Fatalf("%s: control character in %q", what, l)
	}
	if st.Profile == colorprofile.NoTTY {
		if strings.Contains(l, "\x1b") {
			t.Fatalf("%s: escape without a terminal: %q", what, l)
		}
	} else if !strings.HasSuffix(l, reset) {
		t.Fatalf("%s: no reset at the end of %q", what, l)
	}
}

var alphabet = []string{
	"a", "b", "Z", "0", "9", " ", "-", ":", "/", ".", "é", "ß", "ñ", "…", "●", "✗", "▲", "⣿", "│", "中", "国", "の", "한", "글",
	"e\u0301", "a\u0300\u0301\u0302", "\u0301", "\u200d", "\ufe0f", "❤️", "👍", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "🇩", "1️⃣", "☁️", "⚠️", "⚠", "🏳️‍🌈",
	"क्षि", "น้ำ", "\u0d4e", "\u0600", "ﷺ", "\U0001f9d1\u200d\U0001f4bb", "ᄀ", "ᅡ", "ᆨ", "が", "ｶﾞ", "Ａ", "\u3000", "🫠", "𝒳", "\U00020000", "©", "™", "↔", "▶", "☺",
}

// anyText is text as hostile as package text lets it be, and now and then
// any runes at all, passed as Safe by way of a Line.
func anyText(r *rand.Rand, n int) text.Safe {
	var b strings.Builder
	for range r.IntN(n + 1) {
		switch r.IntN(10) {
		case 0:
			b.WriteRune(rune(r.IntN(0x2ffff)))
		case 1, 2, 3:
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		default:
			b.WriteByte(byte(' ' + r.IntN(95)))
		}
	}
	if r.IntN(2) == 0 {
		return text.Clean(b.String())
	}
	return text.CleanLine(b.String()).Safe() // log bodies keep emoji joiners
}
