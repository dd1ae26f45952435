package text

import "strings"

// CarriageReturn stands in a Line where the raw line had a carriage return
// that was not its end: a progress bar overwriting itself.
const CarriageReturn = "␍"

// CleanLine makes a Line of one raw log line, without or with its line end.
// It does what Clean does, but colours and attributes become spans, tabs
// expand to columns of 8, emoji keep their joiners, and the cap is 64 KiB.
// Conceal and blink are ignored, and a foreground equal to its background is
// dropped, so nothing can hide. No state crosses a line.
//
// A line that is clean already costs no allocation and shares raw's memory.
func CleanLine(raw string) Line {
	text, spans := clean(raw, 0, lineRules)
	return Line{text, spans}
}

// CleanLineBytes is CleanLine for bytes, which are copied.
func CleanLineBytes(raw []byte) Line {
	head, rest := clip(raw, lineRules.limit)
	text, spans := clean(string(head), rest, lineRules)
	return Line{text, spans}
}

// Document splits a text into lines and cleans each of them. A final line end
// does not make an empty last line.
func Document(raw string) []Line {
	raw = strings.TrimSuffix(raw, "\n")
	lines := make([]Line, 0, strings.Count(raw, "\n")+1)
	for l := range strings.SplitSeq(raw, "\n") {
		lines = append(lines, CleanLine(l))
	}
	return lines
}

// LastSegment returns what follows the last carriage return: what a terminal
// would have shown at the end of a progress bar.
func (l Line) LastSegment() Line {
	i := strings.LastIndex(l.text, CarriageReturn)
	if i < 0 {
		return l
	}
	return l.slice(i+len(CarriageReturn), len(l.text)).anchored()
}
