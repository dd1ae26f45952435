package text

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// Our width is the renderer's, for everything that cleaning lets through.
func TestWidthIsTheRenderers(t *testing.T) {
	for _, raw := range append([]string{asciiLine, plainUTF8, "👩‍🚒x❤️1️⃣🇩🇪", "a日b", "é", "e\u0301", "⚠️ ⚠ ✓ │ ␍ …"}, nasties...) {
		s := CleanLine(raw).text
		want := ansi.StringWidth(s)
		sum := 0
		for at := 0; at < len(s); {
			n, w := nextGrapheme(s[at:])
			at, sum = at+n, sum+w
		}
		if Width(s) != want || sum != want {
			t.Errorf("%q: Width %d, sum of graphemes %d, renderer %d", s, Width(s), sum, want)
		}
	}
}

func TestTruncateAndPad(t *testing.T) {
	for _, c := range []struct{ got, want Safe }{
		{Lit("abcdef").Truncate(6), Lit("abcdef")},
		{Lit("abcdef").Truncate(5), Lit("abcd…")},
		{Lit("abcdef").Truncate(1), Lit("…")},
		{Lit("abcdef").Truncate(0), Safe{}},
		{Lit("日本語").Truncate(5), Lit("日本…")},
		{Lit("日本語").Truncate(4), Lit("日…")},
		{Lit("e\u0301e\u0301e\u0301").Truncate(2), Lit("e\u0301…")},
		{Lit("日").Pad(4), Lit("日  ")},
		{Lit("日").PadLeft(4), Lit("  日")},
		{Lit("abc").Pad(2), Lit("abc")},
		{Safe{}.Pad(100), Safe{strings.Repeat(" ", 100)}},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	l := CleanLine("ab\x1b[31m日本\x1b[mcd")
	for _, c := range []struct {
		left, right int
		want        string
	}{
		{0, 8, "ab«fg=1|日本»cd"},
		{-3, 99, "ab«fg=1|日本»cd"},
		{2, 6, "«fg=1|日本»"},
		{3, 6, " «fg=1|本»"},
		{2, 5, "«fg=1|日» "},
		{3, 5, "  "},
		{3, 4, " "},
		{1, 3, "b "},
		{7, 8, "d"},
		{8, 20, ""},
		{5, 5, ""},
		{5, 2, ""},
	} {
		if got := describe(l.Cut(c.left, c.right)); got != c.want {
			t.Errorf("Cut(%d, %d) = %q, want %q", c.left, c.right, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	rows := func(ls []Line) string {
		var s []string
		for _, l := range ls {
			s = append(s, describe(l))
		}
		return strings.Join(s, "/")
	}
	for _, c := range []struct {
		raw  string
		w    int
		want string
	}{
		{"one two three", 80, "one two three"},
		{"one two three", 8, "one two /three"},
		{"one two three", 7, "one two/ three"},
		{"abcdefghij", 4, "abcd/efgh/ij"},
		{"a bcdefghij", 6, "a bcde/fghij"},
		{"\x1b[31mone two\x1b[m three", 5, "«fg=1|one »/«fg=1|two» /three"},
		{"日本語", 4, "日本/語"},
		{"日本", 1, " / "},
		{"", 5, ""},
		{"abc", 0, "abc"},
	} {
		if got := rows(CleanLine(c.raw).Wrap(c.w)); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.raw, c.w, got, c.want)
		}
	}
}

func TestHighlight(t *testing.T) {
	mark := Style{BG: Color{Palette, 3}, Attr: Bold}
	l := CleanLine("ab\x1b[31mcd\x1b[mef")
	for _, c := range []struct {
		ranges [][2]int
		want   string
	}{
		{nil, "ab«fg=1|cd»ef"},
		{[][2]int{{0, 1}}, "«bold bg=3|a»b«fg=1|cd»ef"},
		{[][2]int{{1, 3}}, "a«bold bg=3|b»«bold fg=1 bg=3|c»«fg=1|d»ef"},
		{[][2]int{{3, 9}, {-2, 1}}, "«bold bg=3|a»b«fg=1|c»«bold fg=1 bg=3|d»«bold bg=3|ef»"},
		{[][2]int{{0, 2}, {1, 3}, {0, 1}}, "«bold bg=3|ab»«bold fg=1 bg=3|c»«fg=1|d»ef"},
		{[][2]int{{3, 3}, {5, 4}}, "ab«fg=1|cd»ef"},
	} {
		if got := describe(l.Highlight(c.ranges, mark)); got != c.want {
			t.Errorf("%v: %q, want %q", c.ranges, got, c.want)
		}
	}
	if got := describe(CleanLine("xe\u0301y").Highlight([][2]int{{2, 3}}, mark)); got != "x«bold bg=3|e\u0301»y" {
		t.Errorf("inside a grapheme: %q", got)
	}
	if got := describe(Lit("ab").Styled(mark).Highlight([][2]int{{1, 2}}, Style{FG: Color{Palette, 3}})); got != "«bold bg=3|a»«bold|b»" {
		t.Errorf("a colour on itself: %q", got)
	}
}
