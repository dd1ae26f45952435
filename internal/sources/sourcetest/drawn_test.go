package sourcetest

import (
	"slices"
	"testing"

	"devops-tui/internal/text"
)

func TestDrawn(t *testing.T) {
	type inner struct {
		Word   text.Safe
		hidden text.Safe
	}
	type outer struct {
		inner
		One  *inner
		Any  any
		Many []text.Line
		By   map[string]inner
		Self *outer
		Raw  string
		None *inner
	}
	w := func(s string) inner { return inner{Word: text.Clean(s), hidden: text.Clean("hidden")} }
	v := &outer{inner: w("embedded"), One: ptr(w("one")), Any: w("any"), Many: []text.Line{text.CleanLine("many")}, By: map[string]inner{"k": w("by")}, Raw: "raw"}
	got := Drawn(v)
	slices.Sort(got)
	if want := []string{"any", "by", "embedded", "many", "one"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	v.Self = v
	if n := len(Drawn(v)); n <= len(got) || n > 100*len(got) {
		t.Errorf("%d texts of what refers to itself", n)
	}
}

func ptr[T any](v T) *T { return &v }
