package dialog

import (
	"github.com/sahilm/fuzzy"

	"devops-tui/internal/views/pane"
)

type titles []pane.Item

func (t titles) String(i int) string { return t[i].Title.String() + " " + t[i].Search }
func (t titles) Len() int            { return len(t) }

// Fuzzy orders items by how well they match; matched are byte ranges of the
// titles. Without a query all items stay in order.
func Fuzzy(query string, items []pane.Item) (order []int, matched [][][2]int) {
	if query == "" {
		for i := range items {
			order = append(order, i)
		}
		return order, nil
	}
	for _, m := range fuzzy.FindFrom(query, titles(items)) {
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
