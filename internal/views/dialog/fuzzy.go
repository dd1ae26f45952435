package dialog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"

	"devops-tui/internal/views/pane"
)

type titles []pane.Item

func (t titles) String(i int) string { return t[i].Title.String() + " " + t[i].Search }
func (t titles) Len() int            { return len(t) }

// distance is how far an item is from being what was typed: its title, another
// word for it, the beginning of either, or letters somewhere in it.
func distance(it pane.Item, word string) int {
	title := strings.ToLower(it.Title.String())
	others := strings.Fields(strings.ToLower(it.Search))
	switch {
	case title == word:
		return 0
	case slices.Contains(others, word):
		return 1
	case strings.HasPrefix(title, word):
		return 2
	case slices.ContainsFunc(others, func(s string) bool { return strings.HasPrefix(s, word) }):
		return 3
	default:
		return 4
	}
}

// Fuzzy orders items by how well they match; matched are byte ranges of the
// titles. Without a query all items stay in order.
func Fuzzy(query string, items []pane.Item) (order []int, matched [][][2]int) {
	if query == "" {
		for i := range items {
			order = append(order, i)
		}
		return order, nil
	}
	found := fuzzy.FindFrom(query, titles(items))
	word := strings.ToLower(query)
	slices.SortStableFunc(found, func(a, b fuzzy.Match) int {
		return cmp.Compare(distance(items[a.Index], word), distance(items[b.Index], word))
	})
	for _, m := range found {
		order = append(order, m.Index)
		var ranges [][2]int
		size := len(items[m.Index].Title.String())
		for _, at := range m.MatchedIndexes {
			if at >= size {
				break
			}
			if n := len(ranges); n > 0 && ranges[n-1][1] == at {
				ranges[n-1][1]++
			} else {
				ranges = append(ranges, [2]int{at, at + 1})
			}
		}
		matched = append(matched, ranges)
	}
	return order, matched
}
