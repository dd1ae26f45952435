package views_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/viewstest"
)

// crowd is a world of n pods of one cluster, all running but one in fifty.
func crowd(n int) (*viewstest.World, []*core.Resource) {
	w := viewstest.Empty()
	w.Connect(viewstest.Prod, w.Cluster.Source(viewstest.Prod).Info().Kinds)
	rows := make([]*core.Resource, n)
	changes := make([]core.Change, n)
	running, crash, ready := text.Lit("Running"), text.Lit("CrashLoopBackOff"), text.Lit("1/1")
	apps := []string{"payments-api", "web", "billing-worker", "checkout", "search-indexer"}
	spaces := []string{"payments", "shop", "search", "platform"}
	now := time.Now()
	for i := range rows {
		name := fmt.Sprintf("%s-%07x-%05x", apps[i%len(apps)], uint32(i/3)*2654435761>>4, uint32(i)*40503&0xfffff)
		old := time.Duration(i%5000) * time.Minute
		r := &core.Resource{
			Ref:   core.Ref{Source: "kube", Scope: "prod", Kind: "pod", Namespace: spaces[i%len(spaces)], Name: name, UID: fmt.Sprintf("uid-%d", i)},
			Phase: core.Running, Reason: running, Started: now.Add(-old).UnixNano(), Changed: now.Add(-old).UnixNano(), Rev: "1",
		}
		if i%50 == 0 {
			r.Phase, r.Reason = core.Failed, crash
		}
		r.Cells = []core.Cell{
			{Text: text.Clean(name)},
			{Text: ready},
			{Text: r.Reason},
			{Text: text.Int(i % 4), Num: float64(i % 4)},
			{},
			{},
			{},
			{Text: text.Lit("10.0.3.7")},
			{Text: text.Clean(fmt.Sprintf("node-%d", i%40))},
			{Num: float64(now.Add(-old).Unix())},
		}
		rows[i], changes[i] = r, core.Change{Ref: r.Ref, Resource: r}
	}
	w.List(viewstest.Prod, "pod", changes)
	w.Store.Publish()
	return w, rows
}

// big is a cockpit of 160 x 45 whose pods are zoomed, without commands: a
// benchmark has no bubble.
func big(tb testing.TB, n int) (*views.Model, *viewstest.World, []*core.Resource) {
	tb.Helper()
	w, rows := crowd(n)
	m := views.New(views.Options{Store: w.Store, Backend: w.Backend, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now, Badge: viewstest.Badge})
	tb.Cleanup(m.Close)
	m.Init()
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
	m.Update(viewstest.Key("z"))
	m.View()
	return m, w, rows
}

// churn changes count random rows and publishes them.
func churn(w *viewstest.World, rows []*core.Resource, r *rand.Rand, count int) {
	now := time.Now().UnixNano()
	for range count {
		i := r.IntN(len(rows))
		n := *rows[i]
		n.Cells = append([]core.Cell(nil), n.Cells...)
		n.Cells[3] = core.Cell{Text: text.Int(int(n.Cells[3].Num) + 1), Num: n.Cells[3].Num + 1}
		n.Changed = now
		rows[i] = &n
		w.Apply(&n)
	}
	w.Store.Publish()
}

// A cursor move at 10,000 pods, with the 5 changes that come in 100 ms at 50
// changes a second applied before every sixth key (60 keys a second).
func BenchmarkKeyToFrame10k(b *testing.B) {
	m, w, rows := big(b, 10_000)
	r := rand.New(rand.NewPCG(1, 2))
	down, up := viewstest.Key("j"), viewstest.Key("k")
	b.ReportAllocs()
	n := 0
	var took []time.Duration
	for b.Loop() {
		if n%6 == 0 {
			churn(w, rows, r, 5)
			m.Update(views.FrameMsg{})
			m.View()
		}
		key := down
		if n/200%2 == 1 {
			key = up
		}
		from := time.Now()
		m.Update(key)
		m.View()
		took = append(took, time.Since(from))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-us")
}

// cursorMoves goes down 200 rows and up again, a frame for each.
func cursorMoves(b *testing.B, m *views.Model) {
	b.Helper()
	down, up := viewstest.Key("j"), viewstest.Key("k")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		key := down
		if n/200%2 == 1 {
			key = up
		}
		m.Update(key)
		m.View()
		n++
	}
}

// A cursor move alone.
func BenchmarkKeyOnly10k(b *testing.B) {
	m, _, _ := big(b, 10_000)
	cursorMoves(b, m)
}

// A message that changes nothing on the screen.
func BenchmarkFrameIdle(b *testing.B) {
	m, _, _ := big(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		m.Update(views.FrameMsg{})
		m.View()
	}
}

// View with nothing changed at all.
func BenchmarkViewClean(b *testing.B) {
	m, _, _ := big(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		m.View()
	}
}

// A publish with 5 changed rows of 10,000, up to the frame; the store's part is
// in it.
func BenchmarkRefresh10k(b *testing.B) {
	m, w, rows := big(b, 10_000)
	r := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		churn(w, rows, r, 5)
		m.Update(views.FrameMsg{})
		m.View()
	}
}

// The store's part alone, to subtract.
func BenchmarkPublish10k(b *testing.B) {
	_, w, rows := big(b, 10_000)
	r := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		churn(w, rows, r, 5)
	}
}

// A filter typed letter by letter at 10,000 pods: one key.
func BenchmarkFilterKey10k(b *testing.B) {
	m, _, _ := big(b, 10_000)
	m.Update(viewstest.Key("/"))
	for _, k := range "check" {
		m.Update(viewstest.Key(string(k)))
	}
	on, off := viewstest.Key("o"), viewstest.Key("backspace")
	b.ReportAllocs()
	for b.Loop() {
		m.Update(on)
		m.View()
		m.Update(off)
		m.View()
	}
}

// All 10,000 pods from the store to the first frame.
func BenchmarkFirstFrame10k(b *testing.B) {
	w, _ := crowd(10_000)
	b.ReportAllocs()
	for b.Loop() {
		m := views.New(views.Options{Store: w.Store, Backend: w.Backend, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now})
		m.Init()
		m.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
		m.View()
		m.Close()
	}
}

// A frame of a followed log at 20,000 lines a second and 20 frames a second.
func BenchmarkLogFrame20k(b *testing.B) {
	w, _ := crowd(100)
	m := views.New(views.Options{Store: w.Store, Backend: logOnly{w.Backend, w}, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now})
	defer m.Close()
	m.Init()
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
	m.Update(viewstest.Key("l")) // its command is not run: the lines come from here
	m.Update(viewstest.Key("z"))
	origin := &core.Origin{Label: text.Lit("api/app")}
	batch := make([]core.Line, 1000)
	lines := make([]text.Line, 64)
	for i := range lines {
		lines[i] = text.CleanLine(fmt.Sprintf(`level=info msg="request served" path=/v1/pay/%d status=200 ms=%d trace=4bf92f3577b34da6a3ce929d0e0e%04x`, i, i*3, i))
	}
	log := lastLog
	if log == nil {
		b.Fatal("no log was opened")
	}
	b.ReportAllocs()
	seq := 0
	for b.Loop() {
		now := time.Now().UnixNano()
		for i := range batch {
			seq++
			batch[i] = core.Line{Time: now + int64(i), Seq: uint64(seq), Origin: origin, Text: lines[seq%len(lines)], Level: core.LevelInfo}
		}
		log.Lines(append([]core.Line(nil), batch...))
		w.Store.Publish()
		m.Update(views.FrameMsg{})
		m.View()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/line")
}

// manyRuns is a cockpit of 160 x 45 whose Builds view has n runs in 50 repositories.
func manyRuns(tb testing.TB, n int) *views.Model {
	tb.Helper()
	w := viewstest.Empty()
	kinds := w.Cluster.Source(viewstest.GitHub).Info().Kinds
	w.Connect(viewstest.GitHub, kinds)
	changes := make([]core.Change, n)
	now := time.Now()
	for i := range changes {
		phase, reason := core.Succeeded, text.Lit("success")
		switch i % 40 {
		case 0:
			phase, reason = core.Failed, text.Lit("failure")
		case 1:
			phase, reason = core.Pending, text.Lit("in_progress")
		}
		at := now.Add(-time.Duration(i) * time.Minute)
		r := &core.Resource{
			Ref:   core.Ref{Source: "github", Scope: "github.com", Kind: "run", Namespace: fmt.Sprintf("acme/service-%02d", i%50), Name: fmt.Sprintf("ci/%d", i), UID: fmt.Sprint(i)},
			Phase: phase, Reason: reason, Past: i%40 == 0 && i%80 != 0, Started: at.UnixNano(), Changed: at.UnixNano(),
			Cells: []core.Cell{
				{Text: text.Lit("ci")},
				{Text: text.Lit("github")},
				{Text: text.Int(i), Num: float64(i)},
				{Text: text.Lit("main")},
				{Text: text.Lit("9f3c2e1")},
				{Text: text.Lit("test"), Num: float64(5000 + i%6)},
				{Text: reason},
				{Num: float64(90 + i%200)},
				{Num: 120},
				{Text: text.Lit("kim")},
				{Text: text.Lit("pool size 200")},
				{Text: text.Lit("push")},
				{},
				{Num: 1},
				{Num: float64(at.Unix())},
			},
			Facts: &core.Facts{},
		}
		changes[i] = core.Change{Ref: r.Ref, Resource: r}
	}
	w.List(viewstest.GitHub, "run", changes)
	w.Store.Publish()
	m := views.New(views.Options{Store: w.Store, Backend: w.Backend, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now, Badge: viewstest.Badge})
	tb.Cleanup(m.Close)
	m.Init()
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
	m.Update(viewstest.Key("2"))
	m.View()
	return m
}

// A cursor move in the Builds view at 2,000 runs: what is in sight is told too.
func BenchmarkKeyBuilds2k(b *testing.B) {
	m := manyRuns(b, 2000)
	cursorMoves(b, m)
}

// A message that changes nothing in the Builds view.
func BenchmarkIdleBuilds2k(b *testing.B) {
	m := manyRuns(b, 2000)
	b.ReportAllocs()
	for b.Loop() {
		m.Update(views.FrameMsg{})
		m.View()
	}
}

// outlined is the page of a run of 200 jobs of 10 steps each.
func outlined(tb testing.TB) (*views.Model, *viewstest.World, core.Outline) {
	tb.Helper()
	w := viewstest.New()
	var o core.Outline
	for j := range 200 {
		o.Nodes = append(o.Nodes, core.Node{Title: text.Sprintf("job %d", j), Phase: core.Pending, Reason: text.Lit("in_progress"), Started: time.Now().UnixNano(), Info: text.Lit("ubuntu-24.04")})
		for s := range 10 {
			o.Nodes = append(o.Nodes, core.Node{Depth: 1, Title: text.Sprintf("step %d", s), Phase: core.Succeeded, Reason: text.Lit("success"), Started: 1, Ended: 1e9})
		}
	}
	w.Backend.OutlineOf = func(core.Ref) core.Outline { return o }
	m := views.New(views.Options{Store: w.Store, Backend: w.Backend, Engine: w.Cluster.Engine(), Theme: viewstest.Theme("dark"), Profile: colorprofile.TrueColor, Clock: time.Now})
	tb.Cleanup(m.Close)
	m.Init()
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
	m.Update(viewstest.Key("2"))
	m.View()
	return m, w, o
}

// carry carries out a command and what it stands for, but for timers.
func carry(m *views.Model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	done := make(chan tea.Msg, 1)
	core.Go("command", func() { done <- cmd() })
	select {
	case msg := <-done:
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				carry(m, c)
			}
		} else if msg != nil {
			_, next := m.Update(msg)
			carry(m, next)
		}
	case <-time.After(100 * time.Millisecond):
	}
}

// A cursor move on the page of a run with 2,200 lines.
func BenchmarkKeyOutline(b *testing.B) {
	m, _, _ := outlined(b)
	_, cmd := m.Update(viewstest.Key("enter"))
	carry(m, cmd)
	if !strings.Contains(m.View().Content, "job 1") {
		b.Fatal("no outline on the screen")
	}
	cursorMoves(b, m)
}
