package text

import (
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"
)

// cases is how many random texts each property is tried with.
const cases = 100_000

// sample is a random raw text together with what must be seen of it, put
// together from parts whose look is known.
type sample struct{ raw, shown string }

// parts pairs raw bytes with what is shown of them in a line. None of them
// begins or ends in a way that changes its neighbours.
var parts = []sample{
	{"\x1b[31m", ""},
	{"\x1b[0m", ""},
	{"\x1b[1;38;5;200m", ""},
	{"\x1b[38:2::9:9:9m", ""},
	{"\x1b[m", ""},
	{"\x1b[2J", ""},
	{"\x1b[?1049h", ""},
	{"\x1b[10;10H", ""},
	{"\x1b[6n", ""},
	{"\x1b[0K", ""},
	{"\x1b]0;title\x07", ""},
	{"\x1b]52;c;aGk=\x1b\\", ""},
	{"\x1b]8;;http://x\x1b\\", ""},
	{"\x1bP1$r\x1b\\", ""},
	{"\x1b_Gi=1\x1b\\", ""},
	{"\x1b^pm\x18", ""},
	{"\x1bXsos\x1a", ""},
	{"\x1b(B", ""},
	{"\x1bc", ""},
	{"\u009b31m", ""},
	{"\u009d0;x\u009c", ""},
	{"\x1b[8mha:////4AB==\x1b[0m", ""},
	{"\u0085", "<U+0085>"},
	{"\x00", "␀"},
	{"\a", "␇"},
	{"\b", "␈"},
	{"\x7f", "␡"},
	{"\x1b]never\n", "␛]never␊"},
	{"\x1b\xff", "␛<FF>"},
	{"\x1b\x1b[m", "␛"},
	{"\x1b[1\x00", "␛[1␀"},
	{"\xd6\x1b[m", "<D6>"},
	{"\x9b", "<9B>"},
	{"\xed\xa0\x80", "<ED><A0><80>"},
	{"\xc0\x80", "<C0><80>"},
	{"\u202e", "<U+202E>"},
	{"\u2066", "<U+2066>"},
	{"\ufeff", "<U+FEFF>"},
	{"\u200b", "<U+200B>"},
	{"\u00ad", "<U+00AD>"},
	{"\u2028", "<U+2028>"},
	{"\u3164", "<U+3164>"},
	{"\U000e0041", "<U+E0041>"},
	{"\uffff", "<U+FFFF>"},
	{"\U0010ffff", "<U+10FFFF>"},
	{"x\u200d", "x<U+200D>"},
	{"x\ufe0f", "x<U+FE0F>"},
	{"👩‍🚒", "👩‍🚒"},
	{"❤️", "❤️"},
	{"🏳️‍🌈", "🏳️‍🌈"},
	{"🇩🇪", "🇩🇪"},
	{"e\u0301", "e\u0301"},
	{"日本語", "日本語"},
	{"Ünï", "Ünï"},
	{"\ue0b0", "\ue0b0"},
	{"plain text ", "plain text "},
	{"<F0>", "<F0>"},
	{"{\"a\":1}", "{\"a\":1}"},
	{"\u00a0", "\u00a0"},
	{"\ufffd", "\ufffd"},
}

// Generate implements quick.Generator.
func (sample) Generate(r *rand.Rand, size int) reflect.Value {
	var raw, shown strings.Builder
	for range 1 + r.Intn(12) {
		p := parts[r.Intn(len(parts))]
		if r.Intn(4) == 0 { // one random rune that is drawn
			c := rune(r.Intn(utf8.MaxRune + 1))
			if r.Intn(2) == 0 {
				c = rune(0x20 + r.Intn(0x500))
			}
			if s := string(c); c >= 0xa0 && c != utf8.RuneError && !isHidden(c) {
				p = sample{s, s}
			}
		}
		raw.WriteString(p.raw)
		shown.WriteString(p.shown)
	}
	if first, _ := utf8.DecodeRuneInString(shown.String()); joinsPrevious(first) {
		return reflect.ValueOf(sample{raw.String() + ".", anchor + shown.String() + "."})
	}
	// A line end in the end would be dropped, so end in something else.
	return reflect.ValueOf(sample{raw.String() + ".", shown.String() + "."})
}

func check(t *testing.T, property any) {
	t.Helper()
	if err := quick.Check(property, &quick.Config{MaxCount: cases, Rand: rand.New(rand.NewSource(1))}); err != nil {
		t.Error(err)
	}
}

// Nothing visible is lost, nothing is made up, and the second time changes
// nothing.
func TestCleanLineShowsExactlyTheVisible(t *testing.T) {
	check(t, func(s sample) bool {
		l := CleanLine(s.raw)
		again := CleanLine(l.text)
		if l.text != s.shown || again.text != l.text || again.spans != nil {
			t.Logf("raw   %q\ngot   %q\nwant  %q\nagain %q", s.raw, l.text, s.shown, again.text)
			return false
		}
		return true
	})
}

// An identifier shows the same, but no joiner stays.
func TestCleanShowsExactlyTheVisible(t *testing.T) {
	spell := strings.NewReplacer("\u200d", "<U+200D>", "\ufe0f", "<U+FE0F>")
	check(t, func(s sample) bool {
		want := spell.Replace(s.shown)
		got := Clean(s.raw)
		if got.s != want || Clean(got.s) != got {
			t.Logf("raw  %q\ngot  %q\nwant %q", s.raw, got, want)
			return false
		}
		return true
	})
}

// Widths of cut lines are exact, and the parts make the whole.
func TestCutKeepsColumns(t *testing.T) {
	check(t, func(s sample, a, b uint8) bool {
		l := CleanLine(s.raw)
		w := l.Width()
		left, right := int(a)%(w+1), int(b)%(w+1)
		if left > right {
			left, right = right, left
		}
		c := l.Cut(left, right)
		return c.Width() == right-left &&
			l.Cut(0, left).Width()+c.Width()+l.Cut(right, w+5).Width() == w
	})
}

// Truncated and padded cells fit their column.
func TestTruncatePadFits(t *testing.T) {
	check(t, func(s sample, n uint8) bool {
		w := int(n) % 40
		c := Clean(s.raw).Truncate(w)
		return c.Width() <= w && c.Pad(w).Width() == w && c.PadLeft(w).Width() == w
	})
}
