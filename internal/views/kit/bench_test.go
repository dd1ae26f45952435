package kit

import (
	"fmt"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

var apps = [...]string{"payments-api", "web", "billing-worker", "checkout", "search-indexer"}

// pods is 10,000 rows as a pods list has them.
type pods struct {
	name   []text.Safe
	id     []int
	index  map[int]int
	status []text.Safe
	phase  []core.Phase
	glyphs *Glyphs
}

func newPods(n int) *pods {
	p := &pods{index: make(map[int]int, n), glyphs: GlyphsFor(Unicode)}
	for i := range n {
		p.name = append(p.name, text.Clean(fmt.Sprintf("%s-%07x-%05x", apps[i%len(apps)], uint32(i/3)*2654435761>>4, uint32(i)*40503&0xfffff)))
		p.id = append(p.id, i)
		p.index[i] = i
		ph := core.Phase(i % 6)
		p.phase = append(p.phase, ph)
		p.status = append(p.status, text.Clean([]string{"Unknown", "Pending", "Running", "Completed", "NotReady", "CrashLoopBackOff"}[ph]))
	}
	return p
}

func (p *pods) Len() int         { return len(p.id) }
func (p *pods) ID(i int) int     { return p.id[i] }
func (p *pods) Index(id int) int { return p.index[id] }

var podCells = [...]text.Safe{text.Lit("payments"), text.Lit("1/1"), text.Lit("430m"), text.Lit("212Mi"), text.Lit("node-a-17"), text.Lit("3d")}

func (p *pods) Row(i int, r *Row) {
	tok := PhaseToken(p.phase[i])
	r.Glyph, r.GlyphTok = p.glyphs.Phase[p.phase[i]], tok
	r.Cells[0].Text = p.name[i]
	r.Cells[1].Text, r.Cells[1].Tok = p.status[i], WordToken(p.phase[i])
	for c := range podCells {
		r.Cells[2+c].Text, r.Cells[2+c].Tok = podCells[c], themes.Muted
	}
}

func podTable() *Table[int] {
	t := NewTable[int](
		Column{ID: "name", Title: text.Lit("NAME"), Flex: true},
		Column{ID: "status", Title: text.Lit("STATUS"), Sort: Descending},
		Column{ID: "ns", Title: text.Lit("NAMESPACE"), Priority: 1},
		Column{ID: "ready", Title: text.Lit("READY")},
		Column{ID: "cpu", Title: text.Lit("CPU"), Right: true, Priority: 2},
		Column{ID: "mem", Title: text.Lit("MEM"), Right: true, Priority: 2},
		Column{ID: "node", Title: text.Lit("NODE"), Priority: 3},
		Column{ID: "age", Title: text.Lit("AGE"), Right: true},
	)
	t.Refresh(newPods(10_000))
	return t
}

func BenchmarkTableScreen(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	t := podTable()
	b.ReportAllocs()
	for b.Loop() {
		t.Invalidate()
		t.Draw(st, 160, 60)
	}
}

func BenchmarkTableMoveCursor(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	t := podTable()
	t.Draw(st, 160, 60)
	b.ReportAllocs()
	for b.Loop() {
		t.MoveBy(1)
		t.Draw(st, 160, 60)
		if _, i, _ := t.Selected(); i == t.Len()-1 {
			t.Home()
		}
	}
}

func BenchmarkTableRefresh(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	t := podTable()
	src := newPods(10_000)
	t.Draw(st, 160, 60)
	t.MoveTo(5000)
	b.ReportAllocs()
	for b.Loop() {
		t.Refresh(src)
		t.Draw(st, 160, 60)
	}
}

func BenchmarkBoxAroundTable(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	t := podTable()
	inner := t.Draw(st, 158, 43)
	x := Box{Title: text.Lit("Pods"), Right: []Span{{themes.Muted, text.Lit("12/212")}}}
	b.ReportAllocs()
	for b.Loop() {
		x.Draw(st, 160, 45, inner)
	}
}

// flood is a ring of a busy log: 1,000 lines more on each frame, which is
// 20,000 lines/s at 20 frames/s.
type flood struct {
	ring  []LogLine
	first uint64
}

func (f *flood) Len() int { return len(f.ring) }
func (f *flood) At(i int) LogLine {
	l := f.ring[(f.first+uint64(i))%uint64(len(f.ring))]
	l.Pos = f.first + uint64(i)
	return l
}
func (f *flood) FirstSeq() uint64 { return f.first }

func newFlood(colored bool) *flood {
	f := &flood{}
	o := &core.Origin{Label: text.Lit("api-7d9f-x2x/app")}
	for i := range 50_000 {
		raw := fmt.Sprintf("level=info msg=\"request served\" path=/v1/payments/%d status=200 duration=12ms user=kim bytes=%d trace=4bf92f3577b34da6", i, i*7)
		if colored {
			raw = "\x1b[32mINFO\x1b[0m " + raw
		}
		f.ring = append(f.ring, LogLine{Line: core.Line{Time: int64(i) * 1e6, Level: core.LevelInfo, Origin: o, Text: text.CleanLine(raw)}})
	}
	return f
}

func benchLog(b *testing.B, colored, wrap bool) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	v := NewLogView()
	v.SetZone(time.UTC)
	v.SetOrigins(true)
	v.SetWrap(wrap)
	f := newFlood(colored)
	v.SetSource(f)
	b.ReportAllocs()
	for b.Loop() {
		f.first += 1000
		v.Draw(st, 160, 60)
	}
}

func BenchmarkLogFrame(b *testing.B)        { benchLog(b, false, false) }
func BenchmarkLogFrameColored(b *testing.B) { benchLog(b, true, false) }
func BenchmarkLogFrameWrapped(b *testing.B) { benchLog(b, false, true) }

func BenchmarkLogFrameScrolledBack(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	v := NewLogView()
	f := newFlood(false)
	v.SetSource(f)
	v.Draw(st, 160, 60)
	v.Scroll(-20_000)
	b.ReportAllocs()
	for b.Loop() {
		f.first++
		v.Draw(st, 160, 60)
		if v.Stats().Lost > 0 {
			v.SetSource(f)
			v.Draw(st, 160, 60)
			v.Scroll(-100)
		}
	}
}

func BenchmarkChart(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	c := goldenChart()
	b.ReportAllocs()
	for b.Loop() {
		c.Draw(st, 78, 20)
	}
}

func BenchmarkDialogOverBody(b *testing.B) {
	st := styles(b, "dark", colorprofile.TrueColor, Unicode)
	body := podTable().Draw(st, 160, 60)
	b.ReportAllocs()
	for b.Loop() {
		Dialog{W: 100, H: 12}.Draw(st, body, 160, 60, func(w, h int) Block { return Blank(st, w, h) })
	}
}

func BenchmarkWidthASCII(b *testing.B) { benchWidth(b, "payments-api-7d9f66b8c-00017") }
func BenchmarkWidthLatin(b *testing.B) { benchWidth(b, "größe ✗ ▲ straße → été") }
func BenchmarkWidthCJK(b *testing.B)   { benchWidth(b, "支払いサービス支払") }

func benchWidth(b *testing.B, s string) {
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	buf := make([]byte, 0, 256)
	for b.Loop() {
		buf = fit(buf[:0], s, 40, false, "…")
	}
}
