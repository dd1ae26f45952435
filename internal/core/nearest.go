package core

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Nearest returns at most limit of the candidates that word may have meant,
// the likeliest first: those that contain it or are contained in it, and those
// within an edit distance of a third of its length (at least 1).
func Nearest(word string, candidates []string, limit int) []string {
	type hit struct {
		name string
		dist int
	}
	word = strings.ToLower(word)
	n := utf8.RuneCountInString(word)
	if n == 0 || n > 256 {
		return nil
	}
	reach := max(1, n/3)
	var hits []hit
	for _, c := range candidates {
		low := strings.ToLower(c)
		if len(low) > 1024 {
			continue
		}
		d := editDistance(word, low)
		switch {
		case d <= reach:
		case n >= 3 && strings.HasPrefix(low, word):
			d = reach
		case n >= 3 && (strings.Contains(low, word) || len(low) >= 3 && strings.Contains(word, low)):
			d = reach + 1
		default:
			continue
		}
		hits = append(hits, hit{c, d})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.dist - b.dist })
	var out []string
	for _, h := range hits {
		if len(out) == limit {
			break
		}
		if !slices.Contains(out, h.name) {
			out = append(out, h.name)
		}
	}
	return out
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	two, one, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(y)]
}
