package dialog_test

import (
	"testing"

	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/pane"
)

// What is typed whole comes first, whatever else has its letters.
func TestFuzzyPrefersWords(t *testing.T) {
	items := []pane.Item{
		{Title: text.Lit("pod/billing/web-1-spqhw"), Search: "prod"},
		{Title: text.Lit("previous pods")},
		{Title: text.Lit("podtemplates"), Search: "podtemplate"},
		{Title: text.Lit("pods"), Search: "pod po"},
	}
	for query, want := range map[string]int{"pods": 3, "po": 3, "podt": 2, "previous": 1, "w1sp": 0} {
		if order, _ := dialog.Fuzzy(query, items); len(order) == 0 || order[0] != want {
			t.Errorf("%q: %v, want %d first", query, order, want)
		}
	}
	if order, _ := dialog.Fuzzy("xyz", items); len(order) != 0 {
		t.Errorf("xyz: %v", order)
	}
}
