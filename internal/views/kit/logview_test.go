package kit

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// ring holds the newest lines of an endless log.
type ring struct {
	first, next uint64
	max         int
	asked       map[uint64]bool // Pos that At was asked for
	hide        uint64          // if not 0, only every so many lines are there
	text        func(pos uint64) string
}

func (r *ring) add(n int) {
	r.next += uint64(n)
	if r.next-r.first > uint64(r.max) {
		r.first = r.next - uint64(r.max)
	}
}

func (r *ring) step() uint64 { return max(r.hide, 1) }

func (r *ring) Len() int {
	return int((r.next+r.step()-1)/r.step() - (r.first+r.step()-1)/r.step())
}

func (r *ring) FirstSeq() uint64 { return (r.first + r.step() - 1) / r.step() * r.step() }

func (r *ring) At(i int) LogLine {
	pos := r.FirstSeq() + uint64(i)*r.step()
	if r.asked != nil {
		r.asked[pos] = true
	}
	s := fmt.Sprintf("line %d", pos)
	if r.text != nil {
		s = r.text(pos)
	}
	return LogLine{Pos: pos, Line: core.Line{Time: int64(pos) * 1e9, Level: core.LevelInfo, Text: text.CleanLine(s)}}
}

func bareLog(src LogSource) *LogView {
	v := NewLogView()
	v.SetTime(TimeOff)
	v.SetLevels(false)
	v.SetZone(time.UTC)
	v.SetSource(src)
	return v
}

func TestLogFollowsAndStays(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	r := &ring{max: 100}
	r.add(50)
	v := bareLog(r)
	out := plain(v.Draw(st, 30, 5))
	if out[4] != " line 49" || out[0] != " line 45" {
		t.Fatalf("the end of the log: %q", out)
	}
	r.add(2)
	if out = plain(v.Draw(st, 30, 5)); out[4] != " line 51" {
		t.Fatalf("following: %q", out)
	}
	v.Scroll(-10)
	read := plain(v.Draw(st, 30, 5))
	if read[0] != " line 37" || v.Following() {
		t.Fatalf("scrolled up by 10: %q", read)
	}
	r.add(80) // the ring drops the first 32 lines; 37 is still there
	if out = plain(v.Draw(st, 30, 5)); strings.Join(out, "|") != strings.Join(read, "|") {
		t.Fatalf("what was read moved: %q, then %q", read, out)
	}
	if s := v.Stats(); s.Below != 131-41 || s.Lost != 0 {
		t.Fatalf("stats %+v", s)
	}
	r.add(20) // now it is gone: up to 51 are dropped
	if out = plain(v.Draw(st, 30, 5)); out[0] != " line 52" {
		t.Fatalf("the oldest that is left: %q", out)
	}
	if s := v.Stats(); s.Lost != 52-37 {
		t.Fatalf("lost %d lines while reading, want %d", s.Lost, 52-37)
	}
	if !strings.Contains(v.Info().String(), "15 dropped") {
		t.Fatalf("info %q", v.Info())
	}
	v.End()
	if out = plain(v.Draw(st, 30, 5)); out[4] != " line 151" || !v.Following() {
		t.Fatalf("back at the end: %q", out)
	}
	r.add(500)
	v.Draw(st, 30, 5)
	if s := v.Stats(); s.Passed != 495 {
		t.Fatalf("passed %d lines, want 495", s.Passed)
	}
}

func TestLogCostsTheRowsInSight(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	r := &ring{max: 200_000, asked: map[uint64]bool{}}
	r.add(200_000)
	v := bareLog(r)
	v.SetWrap(true)
	v.Draw(st, 80, 50)
	for _, step := range []func(){func() { r.add(1000) }, func() { v.Scroll(-3) }, func() { r.add(1000) }, func() { v.Page(-1) }, func() { v.SetOrigins(true) }} {
		clear(r.asked)
		step()
		v.Draw(st, 80, 50)
		if n := len(r.asked); n > 150 {
			t.Fatalf("a frame of 50 rows looked at %d lines", n)
		}
	}
	clear(r.asked)
	v.Draw(st, 80, 50)
	if n := len(r.asked); n > 1 {
		t.Fatalf("a frame in which nothing changed looked at %d lines", n)
	}
}

// A view of wrapped lines goes up and down by rows without losing any, and a
// source with gaps (a filter) is at the same place after the ring moved.
func TestLogScrollsByRows(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		r := &ring{max: 1000, hide: uint64(rnd.IntN(4)), text: func(pos uint64) string {
			return fmt.Sprintf("%d:", pos) + strings.Repeat("abcdefghij", int(pos*7%5))
		}}
		r.add(200)
		v := bareLog(r)
		v.SetWrap(true)
		w, h := 12+rnd.IntN(20), 3+rnd.IntN(8)
		// All rows, in order, as they are without any scrolling.
		var all []string
		for i := range r.Len() {
			s := r.At(i).Text.String()
			for _, from := range wraps(nil, s, w-1) {
				all = append(all, " "+s[from:min(from+w-1, len(s))])
			}
		}
		top := len(all) - h
		v.Draw(st, w, h)
		for range 40 {
			d := rnd.IntN(21) - 10
			v.Scroll(d)
			if !v.Following() {
				top = max(min(top+d, len(all)-h), 0)
			}
			got := strings.Join(plain(v.Draw(st, w, h)), "\n")
			if want := strings.Join(all[top:top+h], "\n"); got != want {
				t.Fatalf("seed %d, %dx%d at row %d:\n%s\nwant\n%s", seed, w, h, top, got, want)
			}
		}
		if !v.Following() {
			before := strings.Join(plain(v.Draw(st, w, h)), "\n")
			r.max = int(r.next-r.first) + 40
			r.add(60)
			if v.anchor >= r.FirstSeq() {
				if got := strings.Join(plain(v.Draw(st, w, h)), "\n"); got != before {
					t.Fatalf("seed %d: the ring moved and so did the text:\n%s\nwas\n%s", seed, got, before)
				}
			}
		}
	}
}

func TestLogColumns(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	at := time.Date(2026, 11, 22, 14, 2, 29, 123_456_000, time.UTC).UnixNano()
	o := &core.Origin{Label: text.Lit("api-7d9f-x2x/app")}
	src := &logLines{first: 1, lines: []LogLine{
		{Pos: 1, Line: core.Line{Time: at, Level: core.LevelError, Origin: o, Text: text.CleanLine("dial tcp: refused")}, Fold: 31},
		{Pos: 2, Line: core.Line{Stream: core.Marker, Text: text.CleanLine("restarted")}},
		{Pos: 3, Line: core.Line{Text: text.CleanLine("no time")}},
	}}
	v := NewLogView()
	v.SetZone(time.UTC)
	v.SetSource(src)
	v.SetOrigins(true)
	v.ToggleMark(3)
	for _, c := range []struct {
		mode TimeMode
		want string
	}{
		{TimeOff, " ERR api-7d9f-x2x/app dial tcp: refused"},
		{TimeClock, " 14:02:29 ERR api-7d9f-x2x/app dial tcp: refused"},
		{TimeMillis, " 14:02:29.123 ERR api-7d9f-x2x/app dial tcp: refused"},
		{TimeDate, " 11-22 14:02:29 ERR api-7d9f-x2x/app dial tcp: refused"},
		{TimeFull, " 2026-11-22T14:02:29.123456Z ERR api-7d9f-x2x/app dial tcp: refused"},
	} {
		v.SetTime(c.mode)
		out := plain(v.Draw(st, 100, 3))
		if !strings.HasPrefix(out[0], c.want) || !strings.HasSuffix(out[0], "x31") {
			t.Errorf("mode %d: %q, want %q … x31", c.mode, out[0], c.want)
		}
		if !strings.HasPrefix(out[1], "~~~") || !strings.Contains(out[1], " restarted ~~~") {
			t.Errorf("marker row: %q", out[1])
		}
		if !strings.HasPrefix(out[2], "*") {
			t.Errorf("marked row: %q", out[2])
		}
	}
	if out := plain(v.Draw(st, 24, 3)); !strings.Contains(out[0], "dial tcp") {
		t.Errorf("in few cells the text has the room: %q", out[0])
	}
	if a, b := originToken("api/app"), originToken("api/app"); a != b {
		t.Error("an origin's colour changes")
	}
}

func TestLogFindsAndHighlights(t *testing.T) {
	st := styles(t, "dark", colorprofile.TrueColor, Unicode)
	r := &ring{max: 5000}
	r.add(5000)
	v := bareLog(r)
	v.Draw(st, 40, 10)
	re := regexp.MustCompile(`line \d*77\b`)
	v.SetFinder(func(s string, dst [][2]int) [][2]int {
		for _, m := range re.FindAllStringIndex(s, -1) {
			dst = append(dst, [2]int{m[0], m[1]})
		}
		return dst
	})
	match := func(l *LogLine) bool { return re.MatchString(l.Text.String()) }
	for _, want := range []uint64{4977, 4877, 4777} {
		if !v.Find(-1, 5000, match) {
			t.Fatal("nothing found")
		}
		out := v.Draw(st, 40, 10)
		if l, _ := v.Current(); l.Pos != want {
			t.Fatalf("found %d, want %d", l.Pos, want)
		}
		hit := st.On(Blurred, themes.Match) + fmt.Sprintf("line %d", want)
		if !strings.Contains(strings.Join(out, "\n"), hit) {
			t.Fatalf("the hit %d is not highlighted in sight", want)
		}
	}
	if !v.Find(1, 5000, match) {
		t.Fatal("nothing found downwards")
	}
	if l, _ := v.Current(); l.Pos != 4877 {
		t.Fatalf("downwards found %d", l.Pos)
	}
	if v.Find(1, 50, match) {
		t.Fatal("looked further than allowed")
	}
}

func TestPrettyLogTakesRows(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	src := &logLines{first: 1, lines: []LogLine{{Pos: 1, Line: core.Line{Text: text.CleanLine(`{"level":"info","msg":"hello","n":1}`)}}, {Pos: 2, Line: core.Line{Text: text.CleanLine("plain")}}}}
	v := bareLog(src)
	v.SetPretty(true)
	out := plain(v.Draw(st, 40, 12))
	if n := len(strings.Fields(strings.Join(out, " "))); n < 4 {
		t.Fatalf("%q", out)
	}
	rows := 0
	for _, l := range out {
		if l != "" {
			rows++
		}
	}
	if rows < 4 || !strings.Contains(strings.Join(out, "\n"), "hello") || !strings.Contains(strings.Join(out, "\n"), " plain") {
		t.Fatalf("a structured line on %d rows: %q", rows, out)
	}
}

func TestAFilterLosesNothing(t *testing.T) {
	st := styles(t, "mono", colorprofile.ASCII, ASCII)
	r := &ring{max: 1000}
	r.add(1000)
	v := bareLog(r)
	v.Draw(st, 30, 5)
	v.Home()
	v.Draw(st, 30, 5)
	v.ReplaceSource(&ring{max: 1000, next: 1000, first: 990}) // the first match is far down
	out := plain(v.Draw(st, 30, 5))
	if s := v.Stats(); s.Lost != 0 || out[0] != " line 990" {
		t.Errorf("hidden lines are not lost: %+v, %q", s, out)
	}
	few := &ring{max: 100_000, hide: 100}
	few.add(100)
	v.SetSource(few)
	v.Draw(st, 30, 5)
	few.add(900) // 900 lines, of which the filter shows 9
	v.Draw(st, 30, 5)
	if s := v.Stats(); s.Passed != 4 {
		t.Errorf("passed %d lines, want the 4 that could have been shown", s.Passed)
	}
}
