package text

import "strings"

// slice returns bytes [from, to) with their spans. The spans are shared with l
// only if nothing is cut off.
func (l Line) slice(from, to int) Line {
	if from == 0 && to == len(l.text) {
		return l
	}
	out := Line{text: l.text[from:to]}
	first := 0
	for first < len(l.spans) && int(l.spans[first].End) <= from {
		first++
	}
	last := first
	for last < len(l.spans) && int(l.spans[last].Start) < to {
		last++
	}
	if first == last || from == to {
		return out
	}
	out.spans = make([]Span, 0, last-first)
	for _, s := range l.spans[first:last] {
		a, b := max(int(s.Start), from), min(int(s.End), to)
		out.spans = append(out.spans, Span{int32(a - from), int32(b - from), s.Style})
	}
	return out
}

// Cut returns the cells [left, right) with their colours. A wide character
// that lies across an edge becomes spaces, so that the columns stay.
func (l Line) Cut(left, right int) Line {
	left = max(left, 0)
	if right <= left || l.text == "" {
		return Line{}
	}
	from, at := cellOffset(l.text, left)
	head, tail := 0, 0
	if at < left && from < len(l.text) { // a wide one across the left edge
		n, w := nextGrapheme(l.text[from:])
		from += n
		head = min(at+w, right) - left
		at += w
	}
	n, w := cellOffset(l.text[from:], right-max(at, left))
	to := from + n
	if to < len(l.text) && head < right-left {
		tail = right - max(at, left) - w
	}
	out := l.slice(from, to)
	if head <= 0 && tail <= 0 {
		return out
	}
	out.text = spaces(head) + out.text + spaces(tail)
	if head <= 0 {
		return out
	}
	for i := range out.spans { // something was cut off, so they are not l's
		out.spans[i].Start += int32(head)
		out.spans[i].End += int32(head)
	}
	return out
}

// Wrap breaks the line into rows of at most w cells, at a space where one is
// near enough. It returns at least one row.
func (l Line) Wrap(w int) []Line {
	if w <= 0 || len(l.text) <= w {
		return []Line{l}
	}
	var rows []Line
	for from := 0; from < len(l.text); {
		n, _ := cellOffset(l.text[from:], w)
		if n == 0 { // one character wider than the row
			n, _ = nextGrapheme(l.text[from:])
			rows = append(rows, Line{text: spaces(w)})
			from += n
			continue
		}
		if from+n < len(l.text) && l.text[from+n] != ' ' {
			// Text comes before looks: break at a space only in the last
			// half of the row.
			if i := strings.LastIndexByte(l.text[from:from+n], ' '); i >= n/2 {
				n = i + 1
			}
		}
		rows = append(rows, l.slice(from, from+n))
		from += n
	}
	if rows == nil {
		rows = []Line{l}
	}
	return rows
}
