package kit

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// goldenChart is fifteen minutes of CPU with a gap, limits and a deploy.
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

// same compares a picture line by line.
func same(t *testing.T, what string, got Block, want string) {
	t.Helper()
	if g := strings.Join(plain(got), "\n"); g != strings.Trim(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", what, g, strings.Trim(want, "\n"))
	}
}

func TestChartPicture(t *testing.T) {
	same(t, "braille", goldenChart().Draw(styles(t, "mono", colorprofile.ASCII, Unicode), 64, 12), `
█ api 341m  █ web 120m  ╌ limit 500m  ╌ request 250m
500m┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┊deploy #1842╌╌╌╌╌╌╌
    │                                       ┊
    │                                       ┊
    │     ⢀⠤⠤⠒⠉⠉⠉⠉⠉⠉⠒⠒⠤⣀                    ┊               ⢀⡠⠔⠊
    │  ⢀⠤⠒⠁             ⠉⠢⣀                 ┊            ⡠⠔⠊⠁
250m┤⡠⠒⠁╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⠉⠢⣀╌╌╌╌╌╌╌╌╌╌╌╌╌╌┊╌╌╌╌╌╌╌╌╌⢀⠔⠊╌╌╌╌╌╌╌
    │                         ⠑⠤⡀           ┊      ⢀⡠⠊⠁
    │                           ⠈⠒      ⢀⣀⣀⣀⣀⣀⣀⣀⣀⣠⣊⣁⡠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤
    │⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⣁⣀⣀⣀⡠⠔⠒⠊⠁
   0┤                                       ┊
    └14:00──────────────────────14:07──────────────────────14:15
`)
	same(t, "ascii", goldenChart().Draw(styles(t, "mono", colorprofile.ASCII, ASCII), 64, 12), `
* api 341m  o web 120m  - limit 500m  - request 250m
500m+---------------------------------------:deploy #1842-------
    |                                       :
    |                                       :
    |      ************                     :                ***
    |  ****            ****                 :            ****
250m+**--------------------***--------------:---------***-------
    |                         ***           :      ***
    |                       oooooooooooooooooooooooooooooooooooo
    |ooooooooooooooooooooooo            ********
   0+                                       :
    +14:00----------------------14:07----------------------14:15
`)
}

func TestChartBreaksTheLineWhereNothingWasMeasured(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	point := func(at int64, v float64) core.Point { return core.Point{At: at, Value: v} }
	c := Chart{From: 0, To: 100, Max: 2}
	for at := int64(0); at <= 100; at += 2 {
		if at > 40 && at < 70 { // no samples at all
			continue
		}
		c.Series = append(c.Series[:0], ChartSeries{Points: append(pointsOf(c), point(at, 1))})
	}
	row := ""
	for _, l := range plain(c.Draw(st, 53, 5)) {
		if strings.Contains(l, "*") {
			row = l[strings.IndexAny(l, "|+")+1:]
		}
	}
	if !strings.Contains(row, "*         ") || !strings.HasPrefix(row, "******") || !strings.HasSuffix(row, "******") {
		t.Errorf("a hole in the data is a hole in the line: %q", row)
	}
}

func pointsOf(c Chart) []core.Point {
	if len(c.Series) == 0 {
		return nil
	}
	return c.Series[0].Points
}

func TestGuidesDoNotFlattenTheData(t *testing.T) {
	c := goldenChart()
	c.Guides = []Guide{{text.Lit("limit"), 100_000}}
	if top := c.top(); top != 400 {
		t.Errorf("scale ends at %v, want 400", top)
	}
	c.Guides = []Guide{{text.Lit("limit"), 1000}}
	if top := c.top(); top != 1000 {
		t.Errorf("scale ends at %v, want the limit", top)
	}
}

func TestScalesEndAtRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		v      float64
		binary bool
		want   float64
	}{{0.3, false, 0.3}, {101, false, 125}, {999, false, 1000}, {212 << 20, true, 250 << 20}, {1000 << 20, true, 1000 << 20}, {1 << 30, true, 1 << 30}} {
		if got := roundUp(c.v, c.binary); math.Abs(got-c.want) > c.want*1e-9 {
			t.Errorf("%v: scale to %v, want %v", c.v, got, c.want)
		}
	}
}

func TestLogHistogramPicture(t *testing.T) {
	var buckets []LevelCount
	for i := range 40 {
		var c LevelCount
		c[core.LevelInfo], c[core.LevelWarn], c[core.LevelError] = i%13, i%5, max(i-30, 0)
		buckets = append(buckets, c)
	}
	uni, asc := styles(t, "mono", colorprofile.ASCII, Unicode), styles(t, "mono", colorprofile.ASCII, ASCII)
	same(t, "three rows", LogHistogram(uni, 40, 3, buckets), `
                                  ▁ ▂▅█
    ▁  ▂▄▆▃▅▇     ▁▃ ▂▄▆█▅      ▃▆█▇███▆
 ▃▅▇█▆███████▄▆▃▅▇████████▂▄▆█▅█████████`)
	same(t, "ascii", LogHistogram(asc, 40, 1, buckets), ` _.--.-==+=++.._.--=-==+*+_..-.-=+*+*#@+`)
	// The colour is the worst level's where it is on the bar.
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	line := LogHistogram(st, 2, 1, []LevelCount{{core.LevelInfo: 5}, {core.LevelInfo: 5, core.LevelError: 1}})[0]
	info, bad := st.SGR(themes.Info), st.SGR(themes.Error)
	if i, e := strings.Index(line, info), strings.Index(line, bad); i < 0 || e < i {
		t.Errorf("an info bar and an error bar: %q", line)
	}
	// More buckets than cells: nothing is lost.
	total := 0
	for _, c := range squeeze(buckets, 7) {
		_, _, all := c.sum()
		total += all
	}
	want := 0
	for _, c := range buckets {
		_, _, all := c.sum()
		want += all
	}
	if total != want {
		t.Errorf("%d lines in 7 cells, want %d", total, want)
	}
}

func TestBarPictures(t *testing.T) {
	uni, asc := styles(t, "mono", colorprofile.ASCII, Unicode), styles(t, "mono", colorprofile.ASCII, ASCII)
	u := UnitOf(core.CPUUsed)
	for _, c := range []struct{ what, got, want string }{
		{"usage", UsageBar(uni, 40, 430, 250, 500, u), "██████████████│████████░░░░ 430m of 500m"},
		{"usage ascii", UsageBar(asc, 40, 430, 250, 500, u), "##############|########.... 430m of 500m"},
		{"next to nothing is not nothing", UsageBar(uni, 40, 2, 0, 500, u), "█░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 2m of 500m"},
		{"over the limit", UsageBar(uni, 24, 900, 0, 500, u), "███████████ 900m of 500m"},
		{"no limit", UsageBar(uni, 24, 900, 0, 0, u), "░░░░░░░░░░░░░░░░░░░ 900m"},
		{"unknown", UsageBar(uni, 20, math.NaN(), 0, 500, u), "░░░░░░░░░░ – of 500m"},
		{"stages", StageBar(uni, themes.OK, 2, 4, 6), "▰▰▱▱"},
		{"more stages than cells", StageBar(uni, themes.OK, 20, 40, 6), "▰▰▰▱▱▱"},
		{"stages ascii", StageBar(asc, themes.OK, 2, 4, 6), "##.."},
		{"spark", Sparkline(uni, themes.OK, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8}, 9, 0), "▁▂▃▄▅▆▇██"},
		{"spark with a gap", Sparkline(uni, themes.OK, []float64{8, math.NaN(), 8}, 3, 0), "█ █"},
		{"spark on a scale", Sparkline(asc, themes.OK, []float64{0, 1, 2, 3, 4}, 5, 8), "_.-=+"},
		{"heat", HeatStrip(uni, themes.Failed, []float64{0, 0, 1, 2, 5, 9}, 8), "  ··░▒▓█"},
		{"heat ascii", HeatStrip(asc, themes.Failed, []float64{0, 0, 1, 2, 5, 9}, 8), "  ..-+#@"},
	} {
		if got := plain(Block{c.got})[0]; got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestUsageTokenFollowsTheLimit(t *testing.T) {
	for _, c := range []struct {
		value, limit float64
		want         themes.Token
	}{{10, 100, themes.OK}, {75, 100, themes.Degraded}, {90, 100, themes.Failed}, {90, 0, themes.Chart1}, {math.NaN(), 1, themes.Chart1}} {
		if got := UsageToken(c.value, c.limit); got != c.want {
			t.Errorf("%v of %v: %s, want %s", c.value, c.limit, got, c.want)
		}
	}
}
