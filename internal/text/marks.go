package text

import (
	"cmp"
	"slices"
)

// joinMarks sorts ranges, widens them to whole grapheme clusters and joins
// those that touch.
func joinMarks(text string, marks [][2]int) [][2]int {
	slices.SortFunc(marks, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	from, to := widener{text: text}, widener{text: text}
	out := marks[:0]
	for _, m := range marks {
		m[0], m[1] = from.floor(m[0]), to.ceil(m[1])
		if n := len(out); n > 0 && m[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], m[1])
			continue
		}
		out = append(out, m)
	}
	return out
}

// widener finds the edges of grapheme clusters around byte offsets. Asked in
// ascending order it walks the text once.
type widener struct {
	text     string
	from, to int // the cluster found last
}

// sure reports whether i must be an edge, by the bytes next to it.
func (w *widener) sure(i int) bool {
	return i <= 0 || i >= len(w.text) || w.text[i] < 0x80 && w.text[i-1] < 0x80
}

// around returns the grapheme cluster [from, to) that i lies in.
func (w *widener) around(i int) (from, to int) {
	if w.from <= i && i < w.to {
		return w.from, w.to
	}
	from = i
	for !w.sure(from) && from != w.to {
		from--
	}
	for {
		n, _ := nextGrapheme(w.text[from:])
		if from+n > i {
			w.from, w.to = from, from+n
			return from, from + n
		}
		from += n
	}
}

// floor returns the last edge at or before i.
func (w *widener) floor(i int) int {
	if w.sure(i) {
		return i
	}
	from, _ := w.around(i)
	return from
}

// ceil returns the first edge at or after i.
func (w *widener) ceil(i int) int {
	if w.sure(i) {
		return i
	}
	from, to := w.around(i)
	if from == i {
		return i
	}
	return to
}
