package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCleanIdentifiers(t *testing.T) {
	for raw, want := range map[string]string{
		"api-7c9d":                       "api-7c9d",
		"日本":                             "日本",
		"a\tb\nc\r":                      "a␉b␊c␍",
		"\x1b[31mred\x1b[0m":             "red",
		"\xf0api":                        "<F0>api",
		"\xd6\x1b[2Jx":                   "<D6>x",
		"admin\u202egnp.exe":             "admin<U+202E>gnp.exe",
		"👩\u200d🚒":                       "👩<U+200D>🚒",
		"❤\ufe0f":                        "❤<U+FE0F>",
		"a\x1b]0;pwned":                  "a␛]0;pwned",
		"a\x1b]0;pwned\x07b":             "ab",
		"x\u009b31my":                    "xy",
		"\U000e0041":                     "<U+E0041>",
		"\x1b]0;" + "a\x1b[31mb":         "␛]0;ab",
		"\x1bP" + strings.Repeat("q", 9): "␛Pqqqqqqqqq",
	} {
		if got := Clean(raw).String(); got != want {
			t.Errorf("Clean(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestCapsSayWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		what       string
		got        string
		limit, raw int
	}{
		{"Clean", Clean(strings.Repeat("x", 1000)).s, maxCell, 1000},
		{"CleanBytes", CleanBytes([]byte(strings.Repeat("x", 100_000))).s, maxCell, 100_000},
		{"Clean é", Clean(strings.Repeat("é", 1000)).s, maxCell, 2000},
		{"CleanLong", CleanLong(strings.Repeat("x", 70_000)).s, maxLine, 70_000},
		{"CleanLine", CleanLine(strings.Repeat("日", 70_000)).text, maxLine, 210_000},
		{"CleanLineBytes", CleanLineBytes([]byte(strings.Repeat("x", 10<<20))).text, maxLine, 10 << 20},
	} {
		head, tail, ok := strings.Cut(c.got, "… +")
		var missing int
		if _, err := fmt.Sscanf(tail, "%d bytes", &missing); !ok || err != nil {
			t.Errorf("%s: ends in %q", c.what, c.got[max(0, len(c.got)-40):])
			continue
		}
		if len(c.got) > c.limit || len(c.got) < c.limit-reserve || len(head)+missing != c.raw {
			t.Errorf("%s: %d bytes, %d shown and %d missing of %d", c.what, len(c.got), len(head), missing, c.raw)
		}
	}
	for _, n := range []int{511, 512} {
		if s := strings.Repeat("x", n); Clean(s).s != s {
			t.Errorf("%d bytes were cut", n)
		}
	}
	// Sequences that show nothing are not read without end.
	if got := CleanLine(strings.Repeat("\x1b[m", 1<<20)).text; got != "… +2883585 bytes" {
		t.Errorf("invisible megabytes give %q", got)
	}
	l := CleanLine(strings.Repeat("\x1b[31mred\x1b[m.", 20_000))
	checkLine(t, "long and coloured", l)
	if !strings.HasSuffix(l.text, " bytes") || len(l.spans) < 1000 {
		t.Errorf("a long coloured line ends in %q with %d spans", l.text[len(l.text)-30:], len(l.spans))
	}
}

func TestSequenceLongerThanTheLimitIsShown(t *testing.T) {
	long := strings.Repeat("a", maxSequence)
	if got := CleanLine("\x1b]0;" + long + "\x07b").text; got != "␛]0;"+long+"␇b" {
		t.Errorf("an OSC over 4 KiB gives %.40q", got)
	}
}

func TestSprintfCleansEachArgument(t *testing.T) {
	var none error
	for _, c := range []struct{ got, want Safe }{
		{Sprintf("%s in %s", "\x1b]0;", "x\a"), Lit("␛]0; in x␇")},
		{Sprintf("%s|%v", Clean("a\nb"), CleanLine("c\x1b[1md")), Lit("a␊b|cd")},
		{Sprintf("%d of %5.1f%%", 3, 12.345), Lit("3 of  12.3%")},
		{Sprintf("%*d|%-4s|%q", 4, 7, "a", "b\x1b"), Lit(`   7|a   |"b\x1b"`)},
		{Sprintf("%c", 0x1b), Lit("␛")},
		{Sprintf("%v", errors.New("boom\x1b[2J")), Lit("boom")},
		{Sprintf("%v", []string{"\u202e", "x"}), Lit("[<U+202E> x]")},
		{Error(none), Safe{}},
		{Error(errors.New("a\nb\t.\n")), Lit("a␊b     .")},
		{Int(-12), Lit("-12")},
		{Join(Lit(", "), Lit("a"), Safe{}, Lit("b")), Lit("a, , b")},
		{Concat(Lit("a"), Lit("b")), Lit("ab")},
		{Join(Lit(",")), Safe{}},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if b, err := json.Marshal(map[string]Safe{"name": Clean("a\x1b")}); err != nil || string(b) != `{"name":"a␛"}` {
		t.Errorf("JSON gives %s, %v", b, err)
	}
}

func TestDocumentLines(t *testing.T) {
	got := Document("a\r\n\x1b[31mb\n\tc\n\n")
	want := []string{"a", "«fg=1|b»", "        c", ""}
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d", len(got), len(want))
	}
	for i := range got {
		if describe(got[i]) != want[i] {
			t.Errorf("line %d: %q, want %q", i, describe(got[i]), want[i])
		}
	}
}

func TestColoursNeverCrossALine(t *testing.T) {
	if got := describe(CleanLine("\x1b[31ma\nb")); got != "«fg=1|a␊»b" {
		t.Errorf("got %q", got)
	}
}
