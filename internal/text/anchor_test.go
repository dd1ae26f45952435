package text

import (
	"testing"
	"unicode/utf8"
)

// The rule must agree with the renderer's segmentation, rune by rune.
func TestJoiningRunesAreAllKnown(t *testing.T) {
	for r := rune(0x80); r <= utf8.MaxRune; r++ {
		if isHidden(r) || r >= 0xd800 && r < 0xe000 {
			continue
		}
		s := string(r)
		if n, _ := nextGrapheme(" " + s); n > 1 && !joinsPrevious(r) {
			t.Errorf("U+%04X joins the one before, and we do not know", r)
		}
		if n, _ := nextGrapheme(s + " "); n > len(s) != joinsNext(r) {
			t.Errorf("U+%04X: joins the next: %v, expected %v", r, n > len(s), joinsNext(r))
		}
	}
}

func TestMarksWithoutALetterAreAnchored(t *testing.T) {
	for raw, want := range map[string]string{
		"\u0301x":           "◌\u0301x",
		"\x1b[1m\u0301x":    "◌\u0301x",
		"e\u0301":           "e\u0301",
		"\u0e33":            "◌\u0e33",
		"x\u0d4e":           "x\u0d4e◌",
		"\U0001f3fb":        "◌\U0001f3fb",
		"50%\r\u0301":       "50%␍\u0301",
		"日本":                "日本",
		"\U0001fae9 is new": "\U0001fae9 is new",
	} {
		got := CleanLine(raw)
		if got.text != want {
			t.Errorf("%q gives %q, want %q", raw, got.text, want)
		}
		if a, b := Width("|"+got.text+"|"), got.Width()+2; a != b {
			t.Errorf("%q is %d wide between borders, want %d", got.text, a, b)
		}
	}
	if got := CleanLine("50%\r\x1b[1m\u0301x").LastSegment(); got.text != "◌\u0301x" || got.spans[0].Start != 3 && got.spans[0].Start != 5 {
		t.Errorf("last segment %q %v", got.text, got.spans)
	}
}
