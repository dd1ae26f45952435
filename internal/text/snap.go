package text

// snap moves the edges of spans to the edges of grapheme clusters: colours
// that change inside one would make the renderer measure its parts alone, and
// the row would get another width than ours. A cluster takes the style of its
// first byte.
func snap(text string, spans []Span) []Span {
	w := widener{text: text}
	sure := true
	for _, s := range spans {
		sure = sure && w.sure(int(s.Start)) && w.sure(int(s.End))
	}
	if sure {
		return spans
	}
	out := spans[:0]
	for _, s := range spans {
		s.Start, s.End = int32(w.ceil(int(s.Start))), int32(w.ceil(int(s.End)))
		if s.Start < s.End {
			out = append(out, s)
		}
	}
	return out
}
