package kit

import (
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

const maxLabel = 28 // widest origin column

// rows is the height of a line.
func (v *LogView) rows(i int) int {
	if !v.wrap && !v.pretty {
		return 1
	}
	l := v.src.At(i)
	if l.Stream == core.Marker || l.Title != NoTitle {
		return 1
	}
	if !v.pretty {
		return v.wrapRows(l.Text.String())
	}
	n := 0
	for _, part := range text.Pretty(l.Text) {
		if v.wrap {
			n += v.wrapRows(part.String())
		} else {
			n++
		}
	}
	return max(n, 1)
}

func (v *LogView) wrapRows(s string) int {
	w := v.bodyW()
	if len(s) <= w {
		return 1
	}
	v.offs = wraps(v.offs[:0], s, w)
	return len(v.offs)
}

// bodyW is the width that is left for the text.
func (v *LogView) bodyW() int { return max(v.w-v.prefixW(), 1) }

func timeWidth(m TimeMode) int { return [...]int{0, 9, 13, 15, 28}[m] }

// columns returns which of the columns before the text have room: at least
// half the width is the text's.
func (v *LogView) columns() (when, level, label int) {
	left := v.w/2 - 1
	if v.levels && left >= 4 {
		level = 4
		left -= level
	}
	if n := timeWidth(v.time); n > 0 && left >= n {
		when = n
		left -= n
	}
	if v.origins && v.labelW > 0 && left >= 8 {
		label = min(v.labelW, maxLabel, left-1) + 1
	}
	return when, level, label
}

func (v *LogView) prefixW() int {
	when, level, label := v.columns()
	return min(1, v.w) + when + level + label
}

// Draw returns the view as w x h cells; the result is kept until the source
// or the view changes.
func (v *LogView) Draw(st *Styles, w, h int) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	if v.src == nil {
		return Blank(st, w, h)
	}
	n, first := v.src.Len(), v.src.FirstSeq()
	last := uint64(0)
	if n > 0 {
		last = v.src.At(n - 1).Pos
	}
	if !v.dirty && st == v.st && w == v.w && h == v.h && n == v.drawnLen && first == v.drawnFirst && last == v.lastPos {
		return v.cached
	}
	v.count(n, last, h)
	v.st, v.w, v.h, v.dirty, v.drawnLen, v.drawnFirst = st, w, h, false, n, first
	v.paint.st = st
	v.locate()
	if v.grow(n) {
		v.locate() // the text has less room now
	}
	v.fresh = false
	out := newLines(h*(2*w+64), h)
	v.lineOf = v.lineOf[:0]
	skip := v.at.sub
	for i := v.at.line; i < n && len(out.ends) < h; i++ {
		v.drawLine(out, i, skip, h)
		skip = 0
	}
	blank := ""
	for len(out.ends) < h {
		if blank == "" {
			blank = Blank(st, w, 1)[0]
		}
		out.b = append(out.b, blank...)
		out.end()
		v.lineOf = append(v.lineOf, -1)
	}
	v.cached = out.block()
	return v.cached
}

// count adds up the lines that never were on the screen.
func (v *LogView) count(n int, last uint64, h int) {
	if v.follow && v.seenAny && n > 0 && last > v.lastPos {
		arrived := uint64(n - v.index(v.lastPos+1))
		if first := v.src.FirstSeq(); first > v.lastPos+1 {
			arrived += first - v.lastPos - 1 // came and went between two frames
		}
		if arrived > uint64(h) {
			v.passed += arrived - uint64(h)
		}
	}
	v.seenAny = v.seenAny || n > 0
	v.lastPos = last
}

// grow widens the origin column by the lines in sight; it never shrinks.
func (v *LogView) grow(n int) bool {
	if !v.origins {
		return false
	}
	before := v.labelW
	for i := v.at.line; i < min(n, v.at.line+v.h); i++ {
		if l := v.src.At(i); l.Origin != nil {
			v.labelW = max(v.labelW, min(width(l.Origin.Label.String()), maxLabel))
		}
	}
	return v.labelW != before
}

// drawLine appends the rows of a line after the first skip, up to h in all.
func (v *LogView) drawLine(out *lines, i, skip, h int) {
	l := v.src.At(i)
	if l.Stream == core.Marker {
		v.drawMarker(out, &l)
		v.lineOf = append(v.lineOf, i)
		return
	}
	surface, base := Ground, themes.FG
	if v.hasCur && l.Pos == v.current {
		surface = Blurred
	}
	if l.Title != NoTitle {
		v.drawTitle(out, &l, surface)
		v.lineOf = append(v.lineOf, i)
		return
	}
	if l.Context {
		base = themes.Muted
	}
	v.paint.surface = surface
	parts := []text.Line(nil)
	if v.pretty {
		parts = text.Pretty(l.Text)
	}
	single := [1]text.Line{l.Text}
	if len(parts) == 0 {
		parts = single[:]
	}
	row := 0
	rest := v.st.blank[surface]
	bodyW := v.bodyW()
	for _, part := range parts {
		s := part.String()
		v.paint.marks = v.paint.marks[:0]
		if v.find != nil {
			v.paint.marks = v.find(s, v.paint.marks)
		}
		v.paint.cut(base, part, v.paint.marks)
		v.offs = v.offs[:0]
		if v.wrap {
			v.offs = wraps(v.offs, s, bodyW)
		} else {
			v.offs = append(v.offs, 0)
		}
		for k, from := range v.offs {
			if row++; row <= skip {
				continue
			}
			if len(out.ends) >= h {
				return
			}
			v.prefix(out, &l, surface, row == 1)
			to, lead := len(s), 0
			if k+1 < len(v.offs) {
				to = v.offs[k+1]
			}
			w := bodyW
			if v.w-v.prefixW() < 1 {
				w = max(v.w-v.prefixW(), 0)
			}
			if !v.wrap && v.pan > 0 {
				var tail string
				tail, lead = cutLeft(s, v.pan)
				from = len(s) - len(tail)
			}
			fold := 0
			if l.Fold > 1 && row == 1 && w > 12 {
				fold = 8
			}
			out.b = v.paint.paint(out.b, s, from, to, w-fold, lead, rest)
			if fold > 0 {
				out.b = append(out.b, v.st.On(surface, themes.Accent)...)
				out.b = append(out.b, ' ')
				out.b = append(out.b, v.st.Glyphs.Times.s...)
				out.b = fit(out.b, text.Count(l.Fold).String(), fold-2, false, "")
			}
			out.b = append(out.b, v.st.end()...)
			out.end()
			v.lineOf = append(v.lineOf, i)
		}
	}
}

// drawTitle appends the title of a group, with how many lines it has.
func (v *LogView) drawTitle(out *lines, l *LogLine, surface Surface) {
	v.prefix(out, l, surface, true)
	when, level, label := v.columns()
	b := NewBuilder(v.st, max(v.w-min(1, v.w)-when-level-label, 0))
	b.OnSurface(surface)
	g := v.st.Glyphs.Unfolded
	if l.Title == FoldedTitle {
		g = v.st.Glyphs.Folded
	}
	count := text.Sprintf(" %s lines ", text.Count(l.Lines))
	if l.Lines == 1 {
		count = text.Lit(" 1 line ")
	}
	b.Glyph(themes.Accent, g).Space(1)
	room := b.Left()
	if room > count.Width()+12 {
		room -= count.Width()
	}
	b.Text(themes.Accent, l.Text.Safe().Truncate(room))
	if b.Left() >= count.Width() {
		b.Text(themes.Muted, count)
	}
	out.b = append(out.b, b.Line()...)
	out.end()
}

// drawMarker appends a line of the cockpit's own: a gap, a restart, an end.
func (v *LogView) drawMarker(out *lines, l *LogLine) {
	b := NewBuilder(v.st, v.w)
	s := l.Text.Safe()
	side := max((v.w-s.Width()-2)/2, 0)
	b.fill(themes.Degraded, v.st.Glyphs.Gap, side)
	b.Space(1).Text(themes.Degraded, s).Space(1)
	b.fill(themes.Degraded, v.st.Glyphs.Gap, b.Left())
	out.b = append(out.b, b.Line()...)
	out.end()
}

// prefix appends the columns before the text; blank on rows after the first.
func (v *LogView) prefix(out *lines, l *LogLine, surface Surface, first bool) {
	st := v.st
	b := out.b
	when, level, label := v.columns()
	_, marked := v.marks[l.Pos]
	switch {
	case v.w < 1:
	case marked && first:
		b = append(append(b, st.On(surface, themes.Mark)...), st.Glyphs.Mark.s...)
	case surface != Ground && first:
		b = append(append(b, st.On(surface, themes.Accent)...), st.Glyphs.Cursor.s...)
	default:
		b = append(append(b, st.blank[surface]...), ' ')
	}
	if !first {
		out.b = pad(b, when+level+label)
		return
	}
	if when > 0 {
		b = append(b, st.On(surface, themes.Muted)...)
		n := len(b)
		if l.Time != 0 {
			b = appendTime(b, v.time, l.Time, v.zone)
		}
		b = pad(b, when-(len(b)-n))
	}
	if level > 0 {
		b = append(b, st.On(surface, LevelToken(l.Level))...)
		b = append(b, levelTag[l.Level]...)
	}
	if label > 0 {
		name := ""
		if l.Origin != nil {
			name = l.Origin.Label.String()
		}
		b = append(b, st.On(surface, originToken(name))...)
		b = fit(b, name, label-1, false, st.Glyphs.Ellipsis.s)
		b = append(b, ' ')
	}
	out.b = b
}

var levelTag = [...]string{"    ", "TRC ", "DBG ", "INF ", "WRN ", "ERR ", "FTL "}

// originTokens are the styles that tell origins apart.
var originTokens = [...]themes.Token{themes.Chart1, themes.Chart2, themes.Chart3, themes.Chart4, themes.Mark, themes.Pending}

// originToken is the same for the same label, in every session.
func originToken(label string) themes.Token {
	h := uint32(2166136261) // FNV-1a
	for i := range len(label) {
		h = (h ^ uint32(label[i])) * 16777619
	}
	return originTokens[h%uint32(len(originTokens))]
}

// appendTime writes a time with a fixed width per mode.
func appendTime(b []byte, m TimeMode, ns int64, zone *time.Location) []byte {
	t := time.Unix(0, ns).In(zone)
	two := func(n int) { b = append(b, byte('0'+n/10%10), byte('0'+n%10)) }
	clock := func() {
		h, mi, s := t.Clock()
		two(h)
		b = append(b, ':')
		two(mi)
		b = append(b, ':')
		two(s)
	}
	switch m {
	case TimeClock:
		clock()
	case TimeMillis:
		clock()
		ms := t.Nanosecond() / 1e6
		b = append(b, '.', byte('0'+ms/100))
		two(ms % 100)
	case TimeDate:
		two(int(t.Month()))
		b = append(b, '-')
		two(t.Day())
		b = append(b, ' ')
		clock()
	case TimeFull:
		b = t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	}
	return b
}
