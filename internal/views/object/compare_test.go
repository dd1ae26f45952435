package object

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"devops-tui/internal/text"
)

func texts(s []string) []text.Line {
	out := make([]text.Line, len(s))
	for i, x := range s {
		out[i] = text.Clean(x).Line()
	}
	return out
}

// What is kept and removed is the first text, what is kept and added the
// second, whatever both are; and no more is changed than a naive table finds.
func TestScriptLeadsFromOneTextToTheOther(t *testing.T) {
	line := rapid.SampledFrom([]string{"a", "b", "c", "d: 1", ""})
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(line, 0, 20).Draw(t, "a"), rapid.SliceOfN(line, 0, 20).Draw(t, "b")
		var gotA, gotB []string
		changed := 0
		for _, e := range script(texts(a), texts(b)) {
			if e.sign != '+' {
				gotA = append(gotA, e.line.String())
			}
			if e.sign != '-' {
				gotB = append(gotB, e.line.String())
			}
			if e.sign != ' ' {
				changed++
			}
		}
		if strings.Join(gotA, "\n") != strings.Join(a, "\n") || len(gotA) != len(a) || strings.Join(gotB, "\n") != strings.Join(b, "\n") || len(gotB) != len(b) {
			t.Fatalf("%q and %q become %q and %q", a, b, gotA, gotB)
		}
		if want := len(a) + len(b) - 2*common(a, b); changed != want {
			t.Fatalf("%d lines are changed, %d would do: %q, %q", changed, want, a, b)
		}
	})
}

// common is the length of the longest common subsequence.
func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		last := 0
		for j, y := range b {
			keep := row[j+1]
			if x == y {
				row[j+1] = last + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			last = keep
		}
	}
	return row[len(b)]
}

// Texts with nothing in common cost no table of all pairs.
func TestScriptOfStrangersIsOneAfterTheOther(t *testing.T) {
	a, b := make([]string, 3000), make([]string, 3000)
	for i := range a {
		a[i], b[i] = "a"+strings.Repeat("x", i%7), "b"+strings.Repeat("y", i%5)
	}
	if n := len(script(texts(a), texts(b))); n != 6000 {
		t.Errorf("%d lines", n)
	}
}
