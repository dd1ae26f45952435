package kit

import (
	"math"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// goldenChart is fifteen minutes of CPU with a gap, a limit and a deploy.
func goldenChart() *Chart {
	start := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	c := &Chart{From: start.UnixNano(), To: start.Add(15 * time.Minute).UnixNano(), Unit: UnitOf(core.CPUUsed), Legend: true, Zone: time.UTC}
	var a, d []core.Point
	for i := range 61 {
		at := start.Add(time.Duration(i) * 15 * time.Second).UnixNano()
		v := 200 + 150*math.Sin(float64(i)/8)
		if i >= 30 && i < 36 {
			v = math.NaN()
		}
		a = append(a, core.Point{At: at, Value: v})
		d = append(d, core.Point{At: at, Value: 60 + float64(i)})
	}
	c.Series = []ChartSeries{{Name: text.Lit("api"), Points: a}, {Name: text.Lit("web"), Points: d}}
	c.Guides = []Guide{{text.Lit("limit"), 500}, {text.Lit("request"), 250}}
	c.Marks = []ChartMark{{start.Add(10 * time.Minute).UnixNano(), text.Lit("deploy #1842")}}
	return c
}
