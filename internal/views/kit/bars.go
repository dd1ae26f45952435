package kit

import (
	"math"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Sparkline draws values as one line of w cells, the latest at the right.
// NaN is a gap; top is the value of a full bar, 0 the largest.
func Sparkline(st *Styles, tok themes.Token, values []float64, w int, top float64) string {
	if w <= 0 {
		return ""
	}
	b := append(make([]byte, 0, 3*w+32), st.SGR(tok)...)
	b = appendSpark(b, st.Glyphs, values, w, top)
	return string(append(b, st.end()...))
}

// UsageToken is the style of a usage against its limit: from 90 % on it
// fails, from 75 % on it is degraded.
func UsageToken(value, limit float64) themes.Token {
	switch {
	case !(limit > 0) || math.IsNaN(value):
		return themes.Chart1
	case value >= 0.9*limit:
		return themes.Failed
	case value >= 0.75*limit:
		return themes.Degraded
	default:
		return themes.OK
	}
}

// UsageBar draws a usage against request and limit, with the figures:
// "████░░│░░ 430m of 500m".
func UsageBar(st *Styles, w int, value, request, limit float64, u Unit) string {
	if w <= 0 {
		return ""
	}
	label := u.Format(value)
	switch {
	case limit > 0:
		label = text.Concat(label, text.Lit(" of "), u.Format(limit))
	case request > 0:
		label = text.Concat(label, text.Lit(" of "), u.Format(request), text.Lit(" requested"))
	}
	tok := UsageToken(value, limit)
	n := label.Width()
	b := NewBuilder(st, w)
	if bar := w - n - 1; bar >= 4 {
		b.b = appendBar(b.b, st, Ground, tok, bar, value, request, limit)
		b.foreign(bar)
		b.Space(1)
	}
	return b.Text(tok, label).Line()
}

// StageBar draws the progress of a pipeline: done of n stages, in w cells.
func StageBar(st *Styles, tok themes.Token, done, n, w int) string {
	if w <= 0 {
		return ""
	}
	b := append(make([]byte, 0, 3*w+32), st.SGR(tok)...)
	b = appendStages(b, st.Glyphs, done, n, w)
	return string(append(b, st.end()...))
}

// HeatStrip draws counts as shades, one cell per bucket, the latest at the
// right: restarts over time. The scale ends at the largest count.
func HeatStrip(st *Styles, tok themes.Token, counts []float64, w int) string {
	if w <= 0 {
		return ""
	}
	if len(counts) > w {
		counts = counts[len(counts)-w:]
	}
	b := NewBuilder(st, w)
	b.Space(w - len(counts))
	top := 0.0
	for _, c := range counts {
		if c > top && !math.IsInf(c, 0) {
			top = c
		}
	}
	heat := st.Glyphs.Heat
	for _, c := range counts {
		switch {
		case math.IsNaN(c):
			b.Space(1)
		case c <= 0 || top <= 0:
			b.run(themes.Faint, heat[0])
		default:
			i := 1 + int(math.Min(c/top, 1)*float64(len(heat)-2)+0.5)
			b.run(tok, heat[min(i, len(heat)-1)])
		}
	}
	return b.Line()
}

// LevelCount counts the log lines of a span of time by level.
type LevelCount [core.LevelFatal + 1]int

func (c *LevelCount) sum() (errors, warns, all int) {
	for l, n := range c {
		all += n
		switch core.Level(l) {
		case core.LevelError, core.LevelFatal:
			errors += n
		case core.LevelWarn:
			warns += n
		}
	}
	return errors, warns, all
}

// LogHistogram draws log volume over time in w x h cells: errors at the
// bottom, warnings on them, the rest on top. On a single row a bar has the
// colour of its worst level. More buckets than cells are added up; fewer end
// at the right.
func LogHistogram(st *Styles, w, h int, buckets []LevelCount) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	cols := squeeze(buckets, w)
	top := 0
	for i := range cols {
		_, _, all := cols[i].sum()
		top = max(top, all)
	}
	steps := len(st.Glyphs.Levels)
	out := make(Block, h)
	for y := range h {
		b := NewBuilder(st, w)
		b.Space(w - len(cols))
		floor := (h - 1 - y) * steps // steps below this row
		for i := range cols {
			errs, warns, all := cols[i].sum()
			if all == 0 || top == 0 {
				b.Space(1)
				continue
			}
			scale := func(n int) int { return (n*steps*h + top - 1) / top }
			filled := min(scale(all)-floor, steps)
			if filled <= 0 {
				b.Space(1)
				continue
			}
			tok := themes.Info
			switch {
			case scale(errs) > floor:
				tok = themes.Error
			case scale(errs+warns) > floor:
				tok = themes.Warn
			}
			b.run(tok, st.Glyphs.Levels[filled-1])
		}
		out[y] = b.Line()
	}
	return out
}

// squeeze adds neighbours up until no more than w are left.
func squeeze(buckets []LevelCount, w int) []LevelCount {
	if len(buckets) <= w {
		return buckets
	}
	out := make([]LevelCount, w)
	for i := range buckets {
		to := &out[i*w/len(buckets)]
		for l, n := range buckets[i] {
			to[l] += n
		}
	}
	return out
}

// Histogram draws a distribution as horizontal bars, one row per bucket:
// label, bar, count.
func Histogram(st *Styles, w, h int, labels []text.Safe, counts []int) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	top, labelW, countW := 0, 0, 0
	n := min(len(labels), len(counts), h)
	for i := range n {
		top = max(top, counts[i])
		labelW = max(labelW, labels[i].Width())
		countW = max(countW, text.Count(counts[i]).Width())
	}
	labelW = min(labelW, w/3)
	bar := max(w-labelW-countW-2, 0)
	out := make(Block, 0, h)
	for i := range n {
		b := NewBuilder(st, w)
		b.Cell(themes.Muted, labels[i], labelW, false).Space(1)
		full := 0
		if top > 0 {
			full = counts[i] * bar / top
			if full == 0 && counts[i] > 0 {
				full = min(1, bar)
			}
		}
		b.fill(themes.Chart1, st.Glyphs.BarFull, full)
		b.Space(bar - full + 1)
		c := text.Count(counts[i])
		b.Space(countW-c.Width()).Text(themes.FG, c)
		out = append(out, b.Line())
	}
	return append(out, Blank(st, w, h-n)...)
}
