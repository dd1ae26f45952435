package kit

import (
	"math"
	"math/rand/v2"
	"testing"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// randomRows is a table source of hostile rows.
type randomRows struct {
	r    *rand.Rand
	n, c int
	text []text.Safe
}

func newRandomRows(r *rand.Rand, n, c int) *randomRows {
	s := &randomRows{r: r, n: n, c: c}
	for range n * c {
		s.text = append(s.text, anyText(r, 30))
	}
	return s
}

func (s *randomRows) Len() int         { return s.n }
func (s *randomRows) ID(i int) int     { return i }
func (s *randomRows) Index(id int) int { return id }
func (s *randomRows) Row(i int, row *Row) {
	for c := range row.Cells {
		cell := &row.Cells[c]
		cell.Text, cell.Tok = s.text[i*s.c+c], themes.Token((i+c)%int(themes.NumTokens))
		switch (i + c) % 9 {
		case 6:
			cell.Pic = Pic{Kind: Spark, Values: []float64{1, math.NaN(), 3, math.Inf(1), -4, 2, 1, 1, 1, 1, 1}}
		case 7:
			cell.Pic = Pic{Kind: Bar, Value: 3, Request: 2, Max: 5, Cells: 6}
		case 8:
			cell.Pic = Pic{Kind: Stages, Value: 2, Max: 4}
		}
	}
	row.Marked, row.Stale = i%5 == 0, i%7 == 0
	if i%3 > 0 {
		row.Glyph, row.GlyphTok = unicodeGlyphs.Phase[i%6], themes.Failed
	}
}

func randomColumns(r *rand.Rand, n int) []Column {
	cols := make([]Column, n)
	for i := range cols {
		cols[i] = Column{
			ID: string(rune('a' + i)), Title: anyText(r, 10), Right: r.IntN(3) == 0, Flex: i == 0, Min: r.IntN(10), Max: r.IntN(30),
			Wide: r.IntN(4) == 0 && i > 0, Priority: r.IntN(4), Sort: Sort(r.IntN(3)),
		}
	}
	return cols
}

type logLines struct {
	lines []LogLine
	first uint64
}

func (l *logLines) Len() int         { return len(l.lines) }
func (l *logLines) At(i int) LogLine { return l.lines[i] }
func (l *logLines) FirstSeq() uint64 { return l.first }

func randomLog(r *rand.Rand, n int) *logLines {
	l := &logLines{first: 10}
	for i := range n {
		line := LogLine{Pos: uint64(10 + i), Fold: r.IntN(3) * 20, Context: r.IntN(4) == 0}
		line.Time = int64(r.Uint64() >> 2)
		line.Level = core.Level(r.IntN(7))
		line.Text = coloredLine(r)
		if r.IntN(6) == 0 {
			line.Stream = core.Marker
		}
		if r.IntN(2) == 0 {
			line.Origin = &core.Origin{Label: anyText(r, 40)}
		}
		l.lines = append(l.lines, line)
	}
	return l
}

func coloredLine(r *rand.Rand) text.Line {
	s := ""
	for range r.IntN(4) {
		s += anyText(r, 60).String()
		s += []string{"\x1b[31m", "\x1b[1;38;2;1;2;3m", "\x1b[48;5;200m", "\x1b[7m", "\x1b[m"}[r.IntN(5)]
	}
	return text.CleanLine(s)
}

func everyOther(s string, dst [][2]int) [][2]int {
	for i := 1; i+3 < len(s); i += 7 {
		dst = append(dst, [2]int{i, i + 3})
	}
	return dst
}

// Every component, with any content at any size, fills exactly its cells.
func TestNothingBreaksTheGrid(t *testing.T) {
	for seed := range uint64(4) {
		t.Run("", func(t *testing.T) { nothingBreaksTheGrid(t, seed) })
	}
}

func nothingBreaksTheGrid(t *testing.T, seed uint64) {
	all := allStyles(t)
	r := rand.New(rand.NewPCG(7, seed))
	sizes := [][2]int{{0, 0}, {1, 1}, {0, 5}, {5, 0}, {2, 2}, {3, 1}, {1, 30}}
	for range 400 {
		sizes = append(sizes, [2]int{1 + r.IntN(200), 1 + r.IntN(12)})
	}
	table := NewTable[int](randomColumns(r, 5)...)
	for i, size := range sizes {
		w, h := size[0], size[1]
		st := all[i%len(all)]

		if r.IntN(8) == 0 {
			table = NewTable[int](randomColumns(r, 1+r.IntN(7))...)
		}
		table.SetWide(r.IntN(2) == 0)
		table.HideGlyph(r.IntN(4) == 0)
		table.HideHeader(r.IntN(4) == 0)
		table.SetFocused(r.IntN(2) == 0)
		table.Refresh(newRandomRows(r, r.IntN(20), len(table.cols)))
		table.Pan(r.IntN(3))
		table.MoveTo(r.IntN(20))
		inner := table.Draw(st, w, h)
		grid(t, "table", st, inner, w, h)

		b := Box{Title: anyText(r, 12), Focused: r.IntN(2) == 0, Info: []Span{{themes.Muted, anyText(r, 9)}}, Right: []Span{{themes.OK, anyText(r, 9)}}, Bottom: []Span{{themes.FG, anyText(r, 7)}}}
		if r.IntN(2) == 0 {
			b.Tabs = []text.Safe{anyText(r, 5), anyText(r, 6)}
		}
		framed := b.Draw(st, w+2, h+2, inner)
		if h > 0 {
			grid(t, "box", st, framed, w+2, h+2)
		}

		v := NewLogView()
		v.SetSource(randomLog(r, r.IntN(20)))
		v.SetTime(TimeMode(r.IntN(int(numTimeModes))))
		v.SetWrap(r.IntN(2) == 0)
		v.SetPretty(r.IntN(4) == 0)
		v.SetOrigins(r.IntN(2) == 0)
		v.SetLevels(r.IntN(2) == 0)
		v.Pan(r.IntN(10))
		if r.IntN(2) == 0 {
			v.SetFinder(everyOther)
		}
		grid(t, "log", st, v.Draw(st, w, h), w, h)
		v.Scroll(-r.IntN(9))
		v.ToggleMark(11)
		v.GoTo(uint64(r.IntN(30)))
		grid(t, "log", st, v.Draw(st, w, h), w, h)

		d := NewDoc()
		d.Set([]string{"yaml", "diff", ""}[r.IntN(3)], []text.Line{coloredLine(r), anyText(r, 90).Line(), text.CleanLine("key: \"v\" # c"), anyText(r, 9).Line()})
		d.SetWrap(r.IntN(2) == 0)
		d.Pan(r.IntN(9))
		d.SetFinder(everyOther)
		d.Next(1)
		grid(t, "doc", st, d.Draw(st, w, h), w, h)

		c := randomChart(r)
		grid(t, "chart", st, c.Draw(st, w, h), w, h)
		grid(t, "log histogram", st, LogHistogram(st, w, h, []LevelCount{{1, 2, 3, 4, 5, 6, 7}, {}, {0, 0, 0, 9, 0, 1, 0}}), w, h)
		grid(t, "histogram", st, Histogram(st, w, h, []text.Safe{anyText(r, 9), anyText(r, 40)}, []int{r.IntN(9), r.IntN(1 << 30)}), w, h)
		oneLine(t, "spark", st, Sparkline(st, themes.OK, []float64{1, 2, math.NaN(), 9}, w, 0), w)
		oneLine(t, "usage", st, UsageBar(st, w, r.Float64()*9, r.Float64()*9, r.Float64()*9, UnitOf(core.MemUsed)), w)
		oneLine(t, "stages", st, StageBar(st, themes.OK, r.IntN(9), r.IntN(9), w), w)
		oneLine(t, "heat", st, HeatStrip(st, themes.Failed, []float64{0, 1, math.NaN(), 7, 3}, w), w)

		m := Menu{}
		m.SetItems([]MenuItem{{Title: anyText(r, 30), Key: anyText(r, 3), Detail: anyText(r, 20)}, {Title: anyText(r, 30), Disabled: anyText(r, 30), Matched: [][2]int{{0, 2}}}})
		m.Move(r.IntN(3))
		grid(t, "menu", st, m.Draw(st, w, h), w, h)

		in := Input{Prompt: anyText(r, 5), Placeholder: anyText(r, 9)}
		in.SetValue(anyText(r, 40).String())
		for range r.IntN(5) {
			in.Key(tea.KeyPressMsg{Code: tea.KeyLeft})
		}
		line, x := in.Draw(st, w)
		oneLine(t, "input", st, line, w)
		if w > 0 && (x < 0 || x >= w) {
			t.Fatalf("cursor at %d of %d", x, w)
		}
		oneLine(t, "hints", st, KeyHints(st, w, []Hint{{Key: text.Lit("j"), Label: anyText(r, 9)}, {Key: text.Lit("R"), Label: anyText(r, 9), Change: true}, {Key: text.Lit("?"), Label: text.Lit("help")}}), w)
		oneLine(t, "toast", st, Toast{core.LevelError, anyText(r, 60)}.Draw(st, w), w)

		if h > 0 {
			dlg := Dialog{Box: b, W: 1 + r.IntN(60), H: 1 + r.IntN(12)}
			over := dlg.Draw(st, framed, w+2, h+2, func(w, h int) Block { return Blank(st, w, h) })
			grid(t, "dialog", st, over, w+2, h+2)
			grid(t, "overlay", st, Overlay(st, framed, Block{StageBar(st, themes.OK, 1, 3, 3)}, w+2, r.IntN(w+2), r.IntN(h+2)), w+2, h+2)
			grid(t, "beside", st, Beside(inner, framed[:h]), w+w+2, h)
		}
	}
}

func randomChart(r *rand.Rand) *Chart {
	c := &Chart{From: 0, To: 1000, Legend: r.IntN(2) == 0, Unit: UnitOf(core.Measure(r.IntN(int(core.NumMeasures))))}
	for range r.IntN(4) {
		s := ChartSeries{Name: anyText(r, 9)}
		for i := range r.IntN(60) {
			v := r.Float64() * math.Pow(10, float64(r.IntN(12)))
			switch r.IntN(20) {
			case 0:
				v = math.NaN()
			case 1:
				v = math.Inf(1)
			case 2:
				v = -v
			}
			s.Points = append(s.Points, core.Point{At: int64(i*20 - 50), Value: v})
		}
		c.Series = append(c.Series, s)
	}
	c.Guides = []Guide{{anyText(r, 6), r.Float64() * 1e6}}
	c.Marks = []ChartMark{{int64(r.IntN(1200)), anyText(r, 8)}}
	return c
}
