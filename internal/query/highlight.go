package query

import "slices"

// Highlights returns the parts of s, as byte ranges, that the terms without a
// field match: ordered, not overlapping. Inverted terms highlight nothing.
func (q Query) Highlights(s string) [][2]int { return q.AppendHighlights(nil, s) }

// AppendHighlights is Highlights into dst[:0], which it may reuse.
func (q Query) AppendHighlights(dst [][2]int, s string) [][2]int {
	dst = dst[:0]
	for _, all := range q.any {
		for i := range all {
			if t := &all[i]; !t.not && t.field == fieldAny {
				for j := range t.pats {
					dst = t.pats[j].append(dst, s)
				}
			}
		}
	}
	if len(dst) < 2 {
		return dst
	}
	slices.SortFunc(dst, func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return a[1] - b[1]
	})
	n := 0
	for _, h := range dst[1:] {
		if h[0] <= dst[n][1] {
			dst[n][1] = max(dst[n][1], h[1])
			continue
		}
		n++
		dst[n] = h
	}
	return dst[:n+1]
}

// append adds the places of the pattern in s.
func (p *pattern) append(dst [][2]int, s string) [][2]int {
	switch p.how {
	case regex:
		for _, m := range p.re.FindAllStringIndex(s, -1) {
			if m[1] > m[0] {
				dst = append(dst, [2]int(m))
			}
		}
	case contains, equal:
		if p.text == "" {
			return dst
		}
		for from := 0; from < len(s); {
			start, end := p.index(s, from)
			if start < 0 {
				break
			}
			dst = append(dst, [2]int{start, end})
			from = end
		}
	}
	return dst
}
