package text

// Highlight overlays a style on byte ranges [from, to) of the text, as for
// search hits: colours the style names replace the line's, its attributes are
// added. Ranges may overlap and be in any order; they widen to whole
// grapheme clusters.
func (l Line) Highlight(ranges [][2]int, style Style) Line {
	if len(ranges) == 0 || style == (Style{}) {
		return l
	}
	marks := mergeRanges(l.text, ranges)
	if len(marks) == 0 {
		return l
	}
	out := make([]Span, 0, len(l.spans)+2*len(marks))
	add := func(from, to int, st Style) {
		if from >= to || st == (Style{}) {
			return
		}
		if n := len(out); n > 0 && int(out[n-1].End) == from && out[n-1].Style == st {
			out[n-1].End = int32(to)
			return
		}
		out = append(out, Span{int32(from), int32(to), st})
	}
	s := 0
	// base writes what the line has in [from, to), each part by paint.
	base := func(from, to int, paint func(Style) Style) {
		for from < to {
			for s < len(l.spans) && int(l.spans[s].End) <= from {
				s++
			}
			end, st := to, Style{}
			if s < len(l.spans) {
				if start := int(l.spans[s].Start); start > from {
					end = min(end, start)
				} else {
					end, st = min(end, int(l.spans[s].End)), l.spans[s].Style
				}
			}
			add(from, end, paint(st))
			from = end
		}
	}
	at := 0
	for _, m := range marks {
		base(at, m[0], func(st Style) Style { return st })
		base(m[0], m[1], style.over)
		at = m[1]
	}
	base(at, len(l.text), func(st Style) Style { return st })
	return Line{text: l.text, spans: out}
}

// over returns base with st on top.
func (st Style) over(base Style) Style {
	if st.FG.Kind != Default {
		base.FG = st.FG
	}
	if st.BG.Kind != Default {
		base.BG = st.BG
	}
	base.Attr |= st.Attr
	return base.visible()
}

// mergeRanges sorts and joins ranges, clips them to the text and widens them
// to whole grapheme clusters.
func mergeRanges(text string, ranges [][2]int) [][2]int {
	marks := make([][2]int, 0, len(ranges))
	for _, r := range ranges {
		from, to := max(r[0], 0), min(r[1], len(text))
		if from < to {
			marks = append(marks, [2]int{from, to})
		}
	}
	return joinMarks(text, marks)
}
