package kit

import (
	"math"
	"slices"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// Unit writes values of a chart.
type Unit struct {
	Format func(float64) text.Safe
	Binary bool // scales end at multiples of powers of 1024
}

// UnitOf returns the unit of a measure.
func UnitOf(m core.Measure) Unit {
	switch m {
	case core.CPUUsed, core.CPULimit, core.CPURequest:
		return Unit{Format: text.CPU}
	case core.MemUsed, core.MemLimit, core.MemRequest:
		return Unit{Format: text.Bytes, Binary: true}
	case core.NetRx, core.NetTx, core.BlockRead, core.BlockWrite:
		return Unit{Format: func(v float64) text.Safe { return text.Concat(text.Bytes(v), text.Lit("/s")) }, Binary: true}
	case core.RequestRate, core.ErrorRate:
		return Unit{Format: func(v float64) text.Safe { return text.Concat(number(v), text.Lit("/s")) }}
	case core.LatencyP95:
		return Unit{Format: func(v float64) text.Safe {
			if v < 1 {
				return text.Concat(number(v*1000), text.Lit("ms"))
			}
			return text.Concat(number(v), text.Lit("s"))
		}}
	default:
		return Unit{Format: number}
	}
}

// number writes a plain value.
func number(v float64) text.Safe {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return text.Lit("–")
	case math.Abs(v) >= 1000:
		return text.Count(int(v))
	default:
		return text.Sprintf("%.3g", v)
	}
}

// ChartSeries is one line of a chart.
type ChartSeries struct {
	Name   text.Safe
	Tok    themes.Token // zero: by its place, chart-1 to chart-4
	Points []core.Point // ascending by time; NaN is a gap
}

// Guide is a level to compare with: a request, a limit.
type Guide struct {
	Label text.Safe
	Value float64
}

// ChartMark is an instant to see: a deploy.
type ChartMark struct {
	At    int64 // Unix nanoseconds
	Label text.Safe
}

// Chart is a line chart over time.
type Chart struct {
	Series   []ChartSeries
	Guides   []Guide
	Marks    []ChartMark
	From, To int64 // Unix nanoseconds
	Unit     Unit
	Max      float64 // top of the scale; 0: by the data
	Legend   bool
	Zone     *time.Location // of the time axis; nil: local
}

// plot is the drawing area in dots: 2 x 4 to a cell in braille, 1 x 1 in ASCII.
type plot struct {
	cw, ch int // cells
	dx, dy int // dots per cell
	dots   []uint8
	owner  []int8 // series whose line a cell shows
}

// brailleBit is the bit of the dot at column x and row y of a cell.
var brailleBit = [2][4]uint8{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

func (p *plot) set(x, y, series int) {
	cx, cy := x/p.dx, y/p.dy
	if x < 0 || y < 0 || cx >= p.cw || cy >= p.ch {
		return
	}
	i := cy*p.cw + cx
	p.owner[i] = int8(series)
	if p.dx == 1 {
		p.dots[i] = 1
		return
	}
	p.dots[i] |= brailleBit[x%2][y%4]
}

// line draws from one dot to another (Bresenham).
func (p *plot) line(x0, y0, x1, y1, series int) {
	dx, dy := abs(x1-x0), -abs(y1-y0)
	sx, sy := 1, 1
	if x0 > x1 {
		sx = -1
	}
	if y0 > y1 {
		sy = -1
	}
	for e := dx + dy; ; {
		p.set(x0, y0, series)
		if x0 == x1 && y0 == y1 {
			return
		}
		e2 := 2 * e
		if e2 >= dy {
			e += dy
			x0 += sx
		}
		if e2 <= dx {
			e += dx
			y0 += sy
		}
	}
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// top is the upper end of the scale: a round number over all values, and over
// the guides unless they would flatten the lines to nothing.
func (c *Chart) top() float64 {
	if c.Max > 0 {
		return c.Max
	}
	high := 0.0
	for _, s := range c.Series {
		for _, p := range s.Points {
			if p.At >= c.From && p.At <= c.To && p.Value > high && !math.IsInf(p.Value, 0) {
				high = p.Value
			}
		}
	}
	data := high
	for _, g := range c.Guides {
		if g.Value > high && (data == 0 || g.Value <= 4*data) {
			high = g.Value
		}
	}
	if high <= 0 {
		return 1
	}
	return roundUp(high, c.Unit.Binary)
}

// roundUp returns the next number that reads well.
func roundUp(v float64, binary bool) float64 {
	unit := 1.0
	if binary {
		for v/unit >= 1024 {
			unit *= 1024
		}
	}
	v /= unit
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range [...]float64{1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if v <= m*p*(1+1e-9) {
			return m * p * unit
		}
	}
	return v * unit
}

// Draw returns the chart as w x h cells.
func (c *Chart) Draw(st *Styles, w, h int) Block {
	if w <= 0 || h <= 0 {
		return nil
	}
	if c.Unit.Format == nil {
		c.Unit = Unit{Format: number}
	}
	var out Block
	if c.Legend && h >= 4 {
		out = append(out, c.legend(st, w))
	}
	top := c.top()
	ch := h - len(out)
	axis := ch >= 3
	if axis {
		ch--
	}
	labels := c.yLabels(ch, top)
	labelW := 0
	for _, l := range labels {
		labelW = max(labelW, width(l.String()))
	}
	if w < labelW+6 {
		labelW = 0
	}
	cw := w - labelW - 1
	if cw < 1 {
		return append(out, Blank(st, w, h-len(out))...)
	}
	p := c.plot(st, cw, ch, top)
	marks := c.markColumns(cw)
	for y := range ch {
		b := NewBuilder(st, w)
		if labelW > 0 {
			b.Cell(themes.Muted, labels[y], labelW, true)
		}
		tick := st.Glyphs.AxisV
		if !labels[y].Empty() && labelW > 0 {
			tick = st.Glyphs.AxisTick
		}
		b.Glyph(themes.Faint, tick)
		c.row(b, st, p, marks, top, y)
		out = append(out, b.Line())
	}
	if axis {
		out = append(out, c.timeAxis(st, w, labelW, cw))
	}
	return out
}

// yLabels names both ends of the scale and the guides on it; without guides
// the middle, if there is a row in the middle.
func (c *Chart) yLabels(ch int, top float64) []text.Safe {
	labels := make([]text.Safe, ch)
	if ch > 1 {
		labels[ch-1] = c.Unit.Format(0)
	}
	inner := false
	for _, g := range c.Guides {
		if y, ok := guideRow(g, ch, top); ok && y > 0 && y < ch-1 {
			labels[y], inner = c.Unit.Format(g.Value), true
		}
	}
	if !inner && ch >= 5 && ch%2 == 1 {
		labels[ch/2] = c.Unit.Format(top / 2)
	}
	labels[0] = c.Unit.Format(top)
	return labels
}

// guideRow returns the row of a guide that is on the scale.
func guideRow(g Guide, ch int, top float64) (int, bool) {
	if !(g.Value > 0 && g.Value <= top) {
		return 0, false
	}
	return int(math.Round((1 - g.Value/top) * float64(ch-1))), true
}

// plot draws all series.
func (c *Chart) plot(st *Styles, cw, ch int, top float64) *plot {
	p := &plot{cw: cw, ch: ch, dx: 1, dy: 1, dots: make([]uint8, cw*ch), owner: make([]int8, cw*ch)}
	if st.Glyphs.Braille {
		p.dx, p.dy = 2, 4
	}
	wide, high := cw*p.dx, ch*p.dy
	span := float64(c.To - c.From)
	if span <= 0 {
		return p
	}
	for n, s := range c.Series {
		gap := maxStep(s.Points)
		var px, py int
		var pt int64
		pen := false
		for _, pnt := range s.Points {
			if math.IsNaN(pnt.Value) || math.IsInf(pnt.Value, 0) || pnt.At < c.From || pnt.At > c.To {
				pen = false
				continue
			}
			x := min(int(float64(pnt.At-c.From)/span*float64(wide)), wide-1)
			v := math.Max(0, math.Min(pnt.Value/top, 1))
			y := high - 1 - int(math.Round(v*float64(high-1)))
			if pen && pnt.At-pt <= gap {
				p.line(px, py, x, y, n)
			} else {
				p.set(x, y, n)
			}
			px, py, pt, pen = x, y, pnt.At, true
		}
	}
	return p
}

// maxStep is the longest time between two points that are still connected:
// three times the usual one.
func maxStep(points []core.Point) int64 {
	if len(points) < 3 {
		return math.MaxInt64
	}
	steps := make([]int64, 0, len(points)-1)
	for i := 1; i < len(points); i++ {
		steps = append(steps, points[i].At-points[i-1].At)
	}
	slices.Sort(steps)
	return 3 * max(steps[len(steps)/2], 1)
}

// markColumns returns the label of the mark in each column that has one.
func (c *Chart) markColumns(cw int) map[int]text.Safe {
	var out map[int]text.Safe
	for _, m := range c.Marks {
		if m.At < c.From || m.At > c.To || c.To <= c.From {
			continue
		}
		if out == nil {
			out = map[int]text.Safe{}
		}
		x := min(int(float64(m.At-c.From)/float64(c.To-c.From)*float64(cw)), cw-1)
		out[x] = m.Label
	}
	return out
}

// row draws a row of the plot: lines over marks over guides. On the first row
// a mark has its label at its right, where no line is.
func (c *Chart) row(b *Builder, st *Styles, p *plot, marks map[int]text.Safe, top float64, y int) {
	guide := false
	for _, g := range c.Guides {
		if gy, ok := guideRow(g, p.ch, top); ok && gy == y {
			guide = true
		}
	}
	for x := 0; x < p.cw; x++ {
		i := y*p.cw + x
		label, marked := marks[x]
		switch {
		case p.dots[i] != 0:
			b.run(c.token(int(p.owner[i])), st.dot(p.dots[i], int(p.owner[i])))
		case marked:
			b.run(themes.Deploy, st.Glyphs.Deploy)
			if n := label.Width(); y == 0 && n > 0 && p.free(x+1, y, n, marks) {
				b.Text(themes.Deploy, label)
				x += n
			}
		case guide:
			b.run(themes.Guide, st.Glyphs.GuideH)
		default:
			b.Space(1)
		}
	}
}

// free reports whether n cells from x on are empty.
func (p *plot) free(x, y, n int, marks map[int]text.Safe) bool {
	if x+n > p.cw {
		return false
	}
	for k := x; k < x+n; k++ {
		if _, m := marks[k]; m || p.dots[y*p.cw+k] != 0 {
			return false
		}
	}
	return true
}

// token is the style of a series.
func (c *Chart) token(n int) themes.Token {
	if n < len(c.Series) && c.Series[n].Tok != 0 {
		return c.Series[n].Tok
	}
	return themes.Chart1 + themes.Token(n%4)
}

var asciiSeries = [...]Glyph{{"*"}, {"o"}, {"x"}, {"+"}}

// dot is the character of a cell of a line.
func (s *Styles) dot(dots uint8, series int) Glyph {
	if s.Glyphs.Braille {
		return brailleGlyph[dots]
	}
	return asciiSeries[series%len(asciiSeries)]
}

var brailleGlyph = func() (out [256]Glyph) {
	for i := range out {
		out[i] = Glyph{string(rune(0x2800 + i))}
	}
	return out
}()

// run appends one glyph.
func (l *Builder) run(tok themes.Token, g Glyph) {
	if l.Left() == 0 {
		return
	}
	l.pen(tok)
	l.b = append(l.b, g.s...)
	l.used++
}

// legend names the series with their latest values, and the guides.
func (c *Chart) legend(st *Styles, w int) string {
	b := NewBuilder(st, w)
	for n := range c.Series {
		s := &c.Series[n]
		if n > 0 {
			b.Space(2)
		}
		mark := st.Glyphs.BarFull
		if !st.Glyphs.Braille {
			mark = asciiSeries[n%len(asciiSeries)]
		}
		b.Glyph(c.token(n), mark).Space(1).Text(themes.FG, s.Name).Space(1)
		last := math.NaN()
		for i := len(s.Points) - 1; i >= 0 && math.IsNaN(last); i-- {
			last = s.Points[i].Value
		}
		b.Text(c.token(n), c.Unit.Format(last))
	}
	for _, g := range c.Guides {
		b.Space(2).Glyph(themes.Guide, st.Glyphs.GuideH).Space(1).Text(themes.Muted, g.Label).Space(1).Text(themes.Guide, c.Unit.Format(g.Value))
	}
	return b.Line()
}

// timeAxis draws the lower axis with the clock at both ends and in the middle.
func (c *Chart) timeAxis(st *Styles, w, labelW, cw int) string {
	zone := c.Zone
	if zone == nil {
		zone = time.Local
	}
	layout := "15:04"
	if c.To-c.From < int64(10*time.Minute) {
		layout = "15:04:05"
	} else if c.To-c.From > int64(24*time.Hour) {
		layout = "01-02 15:04"
	}
	at := func(ns int64) text.Safe { return text.Clean(time.Unix(0, ns).In(zone).Format(layout)) }
	b := NewBuilder(st, w)
	b.Space(labelW).Glyph(themes.Faint, st.Glyphs.AxisCorner)
	n := len(layout)
	if cw < 2*n+2 || c.To <= c.From {
		return b.fill(themes.Faint, st.Glyphs.AxisH, cw).Line()
	}
	b.Text(themes.Muted, at(c.From))
	if mid := cw/2 - n/2; mid >= n+2 && cw >= 4*n {
		b.fill(themes.Faint, st.Glyphs.AxisH, mid-n)
		b.Text(themes.Muted, at(c.From+(c.To-c.From)/2))
	}
	b.fill(themes.Faint, st.Glyphs.AxisH, b.Left()-n)
	return b.Text(themes.Muted, at(c.To)).Line()
}
