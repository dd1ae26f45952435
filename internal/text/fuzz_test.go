package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"devops-tui/internal/text/texttest"
)

// nasties are raw texts that broke, or could break, a terminal.
var nasties = []string{
	"", " ", "plain", "\x1b", "\x1b[", "\x1b]", "\x1b[31mred\x1b[0m", "\xd6\x1b[2J", "\xd6\x1b]0;x\x07",
	"a\x1b]0;title\x07b", "a\x1b]0;never ends", "a\x1b]52;c;aGk=\x1b\\b", "\x1b]8;;http://x\x07link\x1b]8;;\x07",
	"\x1bP1$r0m\x1b\\", "\x1b_Gi=1\x1b\\", "\x1b^pm\x18", "\x1bXsos\x1a", "\x1b]0;a\nb\x07c", "\x1b]a\x1b]b\x1b]c\x07",
	"\u009b31mred", "\u009d0;x\u009cafter", "\u0090q\u009c", "\u0085next", "\x9b31m", "\x9d0;x\x9c",
	"\x1b(0lqk\x1b(B", "\x1bc", "\x1b7\x1b8", "\x1b[?1049h\x1b[2J\x1b[H", "\x1b[6n", "\x1b[c", "\x1b[21t",
	"\x1b[38;2;1;2;3;48;5;7mx", "\x1b[38:2::1:2:3mx", "\x1b[38:5:9mx", "\x1b[4:3mx\x1b[4:0my", "\x1b[38mx", "\x1b[;;;mx",
	"\x1b[8mhidden\x1b[28m", "\x1b[5mblink", "\x1b[31;41msame", "\x1b[30;38;5;0;48;5;16mx", "\x1b[9999999999999999999mx",
	"\x1b[8mha:////4AAAAA==\x1b[0mNote", "\x1b[8mha:!\x1b[0m",
	"10%\r50%\r100%\r\n", "line\r\n", "a\nb", "a\tb\t\tc", "日本\tx", "\x00\x01\x7f\b\a",
	"admin\u202egnp.exe", "\u2066a\u2069", "zero\u200bwidth", "\ufeffbom", "soft\u00adhyphen", "\u2028\u2029",
	"\u115f\u1160\u3164\uffa0", "\U000e0041\U000e007f", "\ufdd0\uffff\U0010ffff", "\ufff9x\ufffa", "\u034f\u17b4\u180e",
	"👩‍🚒 ❤️ 1️⃣ 🏳️‍🌈 👍🏽", "a\u200db", "\u200d", "❤\ufe0f\ufe0f", "👩\u200d", "👩\u200d\x1b[m👩", "👩\x1b[1m\u200d👩",
	"e\x1b[31m\u0301x", "🇩\x1b[32m🇪🇫", "\u1100\x1b[1m\u1161", "é日本語", "\xff\xfe\x80", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80",
	"\xe2\x82", strings.Repeat("\u0301", 40),
	strings.Repeat("x", 511) + "é", strings.Repeat("é", 400), strings.Repeat("\x1b[31mab", 200), strings.Repeat("\x1b]", 300),
	strings.Repeat("👩‍", 100), strings.Repeat("<", 480) + "\u202e\u202e\u202e\u202e", strings.Repeat("a", 600) + "\x1b]0;",
}

// checkSafe reports everything that must not be in cleaned text.
func checkSafe(t *testing.T, what, raw, s string, emoji bool) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("%s(%q) = %q is not valid UTF-8", what, raw, s)
	}
	prev := rune(0)
	for _, r := range s {
		joiner := emoji && (r == zwj || r == vs16)
		switch {
		case joiner && prev != 0 && (takesVS16(prev) || prev == vs16 && r == zwj):
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Variation_Selector,
			unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point):
			t.Fatalf("%s(%q) = %q holds U+%04X", what, raw, s, r)
		}
		prev = r
	}
	if got := ansi.Strip(s); got != s { // another parser's opinion
		t.Fatalf("%s(%q) = %q has sequences: without them %q", what, raw, s, got)
	}
	if v := texttest.Violations(s); v != nil {
		t.Fatalf("%s(%q) = %q: %q", what, raw, s, v)
	}
}

// checkLine reports what is wrong with a Line's spans.
func checkLine(t *testing.T, raw string, l Line) {
	t.Helper()
	edges := map[int]bool{len(l.text): true}
	for at := 0; at < len(l.text); {
		edges[at] = true
		n, _ := nextGrapheme(l.text[at:])
		at += n
	}
	last := 0
	for _, s := range l.spans {
		if int(s.Start) < last || s.End <= s.Start || int(s.End) > len(l.text) {
			t.Fatalf("%q: spans %v out of order in %q", raw, l.spans, l.text)
		}
		if !edges[int(s.Start)] || !edges[int(s.End)] {
			t.Fatalf("%q: span %v splits a grapheme of %q", raw, s, l.text)
		}
		if s.Style == (Style{}) || s.Style.FG.Kind != Default && s.Style.FG == s.Style.BG {
			t.Fatalf("%q: useless or hiding style %v", raw, s)
		}
		last = int(s.End)
	}
}

// drawnRunes are the runes of s that show something.
func drawnRunes(s string) []rune {
	var out []rune
	for _, r := range s {
		if r >= 0x20 && r != utf8.RuneError && !isHidden(r) {
			out = append(out, r)
		}
	}
	return out
}

// isSubsequence reports whether all of want stands in s, in order.
func isSubsequence(want []rune, s string) bool {
	i := 0
	for _, r := range s {
		if i < len(want) && want[i] == r {
			i++
		}
	}
	return i == len(want)
}

func checkAll(t *testing.T, raw string) {
	t.Helper()
	for _, c := range []struct {
		what  string
		clean func(string) string
		limit int
		emoji bool
	}{
		{"Clean", func(s string) string { return Clean(s).s }, maxCell, false},
		{"CleanLong", func(s string) string { return CleanLong(s).s }, maxLine, false},
		{"CleanLine", func(s string) string { return CleanLine(s).text }, maxLine, true},
		{"Sprintf", func(s string) string { return Sprintf("%v", s).s }, maxLine, false},
	} {
		s := c.clean(raw)
		checkSafe(t, c.what, raw, s, c.emoji)
		if len(s) > c.limit {
			t.Fatalf("%s(%q) is %d bytes long", c.what, raw, len(s))
		}
		if again := c.clean(s); again != s {
			t.Fatalf("%s(%q) = %q, and again %q", c.what, raw, s, again)
		}
		if len(s) < c.limit/2 && !strings.Contains(raw, "\x1b") && !strings.Contains(raw, "\xc2") {
			// Nothing is a sequence and nothing is cut: all must be there.
			if !isSubsequence(drawnRunes(raw), s) {
				t.Fatalf("%s(%q) = %q lost text", c.what, raw, s)
			}
		}
	}
	if a, b := Clean(raw), CleanBytes([]byte(raw)); a != b {
		t.Fatalf("%q: Clean %q, CleanBytes %q", raw, a, b)
	}
	l, m := CleanLine(raw), CleanLineBytes([]byte(raw))
	if l.text != m.text {
		t.Fatalf("%q: CleanLine %q, CleanLineBytes %q", raw, l, m)
	}
	checkLine(t, raw, l)
	checkCuts(t, l)
	for _, d := range Document(raw) {
		checkSafe(t, "Document", raw, d.text, true)
		checkLine(t, raw, d)
	}
	for _, p := range Pretty(l) {
		checkSafe(t, "Pretty", raw, p.text, true)
	}
	Fields(raw)
	DetectLevel(raw)
}

// checkCuts tries the cutting functions on a line.
func checkCuts(t *testing.T, l Line) {
	t.Helper()
	if len(l.text) > 300 {
		l = l.Cut(0, 100)
	}
	w := l.Width()
	for left := 0; left <= min(w, 9); left++ {
		for right := left; right <= min(w, left+9); right++ {
			c := l.Cut(left, right)
			if got := c.Width(); got != right-left {
				t.Fatalf("%q.Cut(%d, %d) = %q is %d wide", l.text, left, right, c.text, got)
			}
			checkLine(t, l.text, c)
		}
		if got := l.Safe().Truncate(left); got.Width() > left {
			t.Fatalf("%q.Truncate(%d) = %q is too wide", l.text, left, got)
		}
		if left < 2 {
			continue
		}
		joined := ""
		for _, row := range l.Wrap(left) {
			if row.Width() > left {
				t.Fatalf("%q.Wrap(%d): %q is too wide", l.text, left, row.text)
			}
			checkLine(t, l.text, row)
			joined += row.text
		}
		if joined != l.text {
			t.Fatalf("%q.Wrap(%d) gives %q", l.text, left, joined)
		}
	}
	if n := len(l.text); n > 0 {
		h := l.Highlight([][2]int{{n / 2, n}, {0, n / 3}, {n / 4, n / 2}, {-1, n + 9}}[:1+n%4], Style{Attr: Reverse})
		if h.text != l.text {
			t.Fatalf("Highlight changed %q to %q", l.text, h.text)
		}
		checkLine(t, l.text, h)
	}
}

func TestNasties(t *testing.T) {
	for _, s := range nasties {
		checkAll(t, s)
		checkAll(t, "x"+s+"y")
		checkAll(t, s+s)
	}
}

// FuzzSafe proves that no bytes at all get through as a control sequence, and
// that cleaning is idempotent and keeps the text. Run it with
// -fuzzminimizetime 10x: else Go spends its time on making inputs shorter.
func FuzzSafe(f *testing.F) {
	for _, s := range nasties {
		f.Add(s)
	}
	f.Fuzz(checkAll)
}

// Every nasty, cut at every byte: what a stream read in pieces hands over.
func TestNastiesCutAnywhere(t *testing.T) {
	for _, s := range nasties {
		for i := range len(s) {
			checkSafe(t, "CleanLine", s, CleanLine(s[:i]).text+CleanLine(s[i:]).text, true)
		}
	}
}
