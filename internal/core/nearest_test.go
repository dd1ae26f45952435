package core

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"theme", "glyphs", "keymap", "namespaces", "mouse", "restart"}
	for _, c := range []struct {
		word string
		want []string
	}{
		{"thme", []string{"theme"}},
		{"namespace", []string{"namespaces"}},
		{"mosue", []string{"mouse"}},
		{"key", []string{"keymap"}},
		{"zzzz", nil},
		{"", nil},
	} {
		if got := Nearest(c.word, names, 3); !slices.Equal(got, c.want) {
			t.Errorf("Nearest(%q) = %v, want %v", c.word, got, c.want)
		}
	}
	if got := Nearest("aaa", []string{"aab", "aac", "aad"}, 2); len(got) != 2 {
		t.Errorf("the limit is not kept: %v", got)
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"größe", "grösse", 2}, {"abc", "abc", 0}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := editDistance(c.b, c.a); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestVerbs(t *testing.T) {
	if !IsVerb("restart") || IsVerb("restrat") || IsVerb("") {
		t.Error("IsVerb is wrong")
	}
	Verbs()[0] = "x"
	if !IsVerb("restart") {
		t.Error("Verbs hands out its own slice")
	}
}
