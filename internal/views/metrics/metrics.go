// Package metrics is the metrics pane: charts of what an object, or all of its
// parts together, used over the last minutes.
package metrics

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// ranges are the time ranges that + and - go through.
var ranges = []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// shown are the measures that have a chart, the most wanted first; pairs share one.
var shown = [][]core.Measure{
	{core.CPUUsed}, {core.MemUsed}, {core.RequestRate, core.ErrorRate}, {core.LatencyP95}, {core.NetRx, core.NetTx}, {core.BlockRead, core.BlockWrite},
}

var titles = map[core.Measure]text.Safe{
	core.CPUUsed: text.Lit("cpu"), core.MemUsed: text.Lit("mem"), core.RequestRate: text.Lit("requests"), core.ErrorRate: text.Lit("errors"),
	core.LatencyP95: text.Lit("p95"), core.NetRx: text.Lit("net in"), core.NetTx: text.Lit("net out"), core.BlockRead: text.Lit("disk read"), core.BlockWrite: text.Lit("disk write"),
}

// Pane shows charts of one object.
type Pane struct {
	pane.Base
	ref    core.Ref
	pinned bool
	span   int

	past    map[core.Measure][]core.Point // what the system kept, from before we watched
	asked   core.Ref                      // whose past was asked for
	askedAt time.Duration                 // over which span
	parts   []core.Ref
	charts  []chart
	why     *core.Problem
	version [2]uint64
	minute  int64
	force   bool
	block   kit.Block
	drawn   drawKey
	offset  int
}

type drawKey struct {
	w, h int
	st   *kit.Styles
}

// chart is one chart: its measures and their points.
type chart struct {
	title  text.Safe
	now    text.Safe
	limit  float64
	guides []kit.Guide
	series []kit.ChartSeries
	unit   kit.Unit
}

// New makes a pane without an object.
func New() *Pane { return &Pane{span: 1, force: true} }

// Subject is the object whose charts are shown.
func (p *Pane) Subject() core.Ref { return p.ref }

// Contexts of charts.
func (p *Pane) Contexts() []keys.Context { return []keys.Context{keys.Chart} }

// Follow turns to another object.
func (p *Pane) Follow(e *pane.Env, ref core.Ref) tea.Cmd {
	if !p.pinned {
		p.Show(e, ref)
	}
	return nil
}

// Show turns to another object, pinned or not.
func (p *Pane) Show(e *pane.Env, ref core.Ref) {
	if ref != p.ref {
		p.ref, p.force, p.offset, p.past = ref, true, 0, nil
		p.Refresh(e)
	}
}

// Interest asks for the usage of the object's parts, at full length.
func (p *Pane) Interest(w *pane.Want) {
	if p.ref.IsZero() {
		return
	}
	w.Kind(p.ref.Kind)
	if slices.Contains(pane.RunKinds, p.ref.Kind) || p.ref.Kind == "node" {
		w.UsageOf[p.ref], w.Focus[p.ref] = true, true
		return
	}
	if p.ref.Kind == "project" {
		w.Kind("container")
	} else if p.ref.Namespace != "" {
		w.Kind("pod")
	}
	w.UsageOf[p.ref], w.Focus[p.ref] = true, true
	for _, r := range p.parts {
		w.UsageOf[r], w.Focus[r] = true, true
	}
}

// Refresh takes new samples.
func (p *Pane) Refresh(e *pane.Env) {
	v := [2]uint64{e.Snap.UsageVersion, e.Snap.Version}
	minute := e.Now.Unix() / 60
	if !p.force && v == p.version && minute == p.minute {
		return
	}
	p.version, p.minute, p.force = v, minute, false
	p.block = nil
	p.read(e)
}

// read makes the charts of what is known now.
func (p *Pane) read(e *pane.Env) {
	p.parts, p.charts, p.why = nil, nil, nil
	if p.ref.IsZero() {
		return
	}
	p.why = e.Snap.NoUsage(p.ref.Instance())
	since := e.Now.Add(-ranges[p.span])
	refs := []core.Ref{p.ref}
	for _, r := range pane.Parts(e.Snap, p.ref) {
		if r.Ref != p.ref {
			refs = append(refs, r.Ref)
		}
		p.parts = append(p.parts, r.Ref)
	}
	for _, measures := range shown {
		c := chart{unit: kit.UnitOf(measures[0])}
		for i, m := range measures {
			points := p.withPast(total(e, refs, m, since), m, since)
			if !known(points) {
				continue
			}
			name := titles[m]
			c.series = append(c.series, kit.ChartSeries{Name: name, Points: points})
			value := c.unit.Format(last(points))
			if i == 0 || len(c.series) == 1 {
				c.title, c.now = name, value
			} else {
				c.title, c.now = text.Sprintf("%s · %s", c.title, name), text.Sprintf("%s · %s", c.now, value)
			}
		}
		if len(c.series) == 0 {
			continue
		}
		p.guides(e, &c, refs, measures[0])
		p.charts = append(p.charts, c)
	}
}

// pastLimit bounds the fetch of an object's past.
const pastLimit = 10 * time.Second

type pastMsg struct {
	pane   *Pane
	ref    core.Ref
	series []core.Series
}

// Wake fetches the object's past once, where the system keeps one.
func (p *Pane) Wake(e *pane.Env) tea.Cmd {
	span := ranges[p.span]
	if p.ref.IsZero() || p.asked == p.ref && p.askedAt >= span || !e.Backend.Abilities(p.ref).Series {
		return nil
	}
	p.asked, p.askedAt = p.ref, span
	ref, since, backend := p.ref, e.Now.Add(-span), e.Backend
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pastLimit)
		defer cancel()
		series, err := backend.Series(ctx, ref, since)
		if err != nil {
			return nil // the charts show what was seen since; the source's state says the rest
		}
		return pastMsg{p, ref, series}
	}
}

// Message takes the past.
func (p *Pane) Message(e *pane.Env, msg tea.Msg) tea.Cmd {
	m, ok := msg.(pastMsg)
	if !ok || m.pane != p || m.ref != p.ref {
		return nil
	}
	p.past = map[core.Measure][]core.Point{}
	for _, s := range m.series {
		if s.Name == "" {
			p.past[s.Measure] = s.Points
		}
	}
	p.force = true
	p.Refresh(e)
	return nil
}

// withPast puts what the system kept before what was seen.
func (p *Pane) withPast(seen []core.Point, m core.Measure, since time.Time) []core.Point {
	past := p.past[m]
	from, _ := slices.BinarySearchFunc(past, since.UnixNano(), func(x core.Point, t int64) int { return cmp.Compare(x.At, t) })
	to := len(past)
	if len(seen) > 0 {
		to, _ = slices.BinarySearchFunc(past, seen[0].At, func(x core.Point, t int64) int { return cmp.Compare(x.At, t) })
	}
	if from >= to {
		return seen
	}
	return append(slices.Clone(past[from:to]), seen...)
}

// guides adds the limit and the request as lines.
func (p *Pane) guides(e *pane.Env, c *chart, refs []core.Ref, m core.Measure) {
	add := func(label text.Safe, m core.Measure) float64 {
		sum := 0.0
		for _, r := range refs {
			if u := e.Snap.Usage(r); u != nil {
				if v := u.Values[m]; v > 0 {
					sum += v
				}
			}
		}
		if sum > 0 {
			c.guides = append(c.guides, kit.Guide{Label: text.Sprintf("%s %s", label, c.unit.Format(sum)), Value: sum})
		}
		return sum
	}
	switch m {
	case core.CPUUsed:
		c.limit = add(text.Lit("limit"), core.CPULimit)
		add(text.Lit("request"), core.CPURequest)
	case core.MemUsed:
		c.limit = add(text.Lit("limit"), core.MemLimit)
		add(text.Lit("request"), core.MemRequest)
	}
	if c.limit > 0 {
		c.now = text.Sprintf("%s of %s", c.now, c.unit.Format(c.limit))
	}
}

// total adds up the series of several objects. Their samples come at different
// instants, so each instant counts the newest value of every object.
func total(e *pane.Env, refs []core.Ref, m core.Measure, since time.Time) []core.Point {
	var all [][]core.Point
	for _, r := range refs {
		if pts := e.Snap.History(r, m, since); len(pts) > 0 {
			all = append(all, pts)
		}
	}
	if len(all) <= 1 {
		if len(all) == 0 {
			return nil
		}
		return all[0]
	}
	base := slices.MaxFunc(all, func(a, b []core.Point) int { return cmp.Compare(len(a), len(b)) })
	at := make([]int, len(all))
	out := make([]core.Point, 0, len(base))
	for _, b := range base {
		sum, any := 0.0, false
		for i, pts := range all {
			for at[i]+1 < len(pts) && pts[at[i]+1].At <= b.At {
				at[i]++
			}
			if v := pts[at[i]]; v.At <= b.At+int64(2*time.Second) && b.At-v.At < int64(90*time.Second) && !math.IsNaN(v.Value) {
				sum, any = sum+v.Value, true
			}
		}
		if any {
			out = append(out, core.Point{At: b.At, Value: sum})
		}
	}
	return out
}

func known(points []core.Point) bool {
	return slices.ContainsFunc(points, func(p core.Point) bool { return !math.IsNaN(p.Value) })
}

func last(points []core.Point) float64 {
	for _, p := range slices.Backward(points) {
		if !math.IsNaN(p.Value) {
			return p.Value
		}
	}
	return math.NaN()
}

// Head says what the charts are of.
func (p *Pane) Head(*pane.Env) pane.Head {
	h := pane.Head{Title: text.Lit("Metrics")}
	if !p.ref.IsZero() {
		h.Info = append(h.Info, kit.Span{Tok: themes.FG, Text: text.Clean(p.ref.Name)}, kit.Span{Tok: themes.Muted, Text: text.Sprintf(" · %s", text.Age(ranges[p.span]))})
		if n := len(p.parts); n > 1 {
			h.Info = append(h.Info, kit.Span{Tok: themes.Muted, Text: text.Sprintf(" · sum of %d", n)})
		}
	}
	if p.pinned {
		h.Right = append(h.Right, kit.Span{Tok: themes.Accent, Text: text.Lit("pinned ")})
	}
	return h
}

// Command changes the range and scrolls.
func (p *Pane) Command(e *pane.Env, c keys.Command) (tea.Cmd, bool) {
	switch c.ID {
	case keys.ZoomIn:
		p.span = max(p.span-1, 0)
	case keys.ZoomOut:
		p.span = min(p.span+1, len(ranges)-1)
	case keys.Down:
		p.offset = min(p.offset+1, max(len(p.charts)-1, 0))
	case keys.Up:
		p.offset = max(p.offset-1, 0)
	case keys.Pin:
		p.pinned = !p.pinned
	case keys.ViewLogs:
		e.Send(pane.OpenLogs{Ref: p.ref})
	case keys.Describe, keys.Manifest, keys.Events:
		e.Send(pane.Open{Ref: p.ref, Tab: c.ID})
	default:
		return nil, false
	}
	p.force = true
	p.Refresh(e)
	return nil, true
}

// Draw stacks the charts; as many as fit at a height that can be read.
func (p *Pane) Draw(e *pane.Env, w, h int, _ bool) kit.Block {
	key := drawKey{w, h, e.Styles}
	if p.block != nil && key == p.drawn {
		return p.block
	}
	p.drawn = key
	p.block = p.draw(e, w, h)
	return p.block
}

func (p *Pane) draw(e *pane.Env, w, h int) kit.Block {
	if w <= 0 || h <= 0 {
		return kit.Block{}
	}
	if len(p.charts) == 0 {
		say := text.Lit("no samples yet")
		hint := text.Safe{}
		switch {
		case p.ref.IsZero():
			say = text.Lit("select something that runs")
		case p.why != nil:
			say, hint = p.why.Summary, p.why.Hint
		case !p.measurable(e):
			say = text.Sprintf("%s has no metrics", p.ref.Kind)
		default:
			if r := e.Snap.Find(p.ref); r != nil && slices.Contains(pane.RunKinds, p.ref.Kind) && (r.Phase == core.Failed || r.Phase == core.Succeeded) {
				say = text.Sprintf("not running: %s", r.Reason)
			}
		}
		return pane.Message(e.Styles, w, h, kit.Span{Tok: themes.Muted, Text: say}, kit.Span{Tok: themes.Muted, Text: hint})
	}
	const least = 4 // rows: title, plot, axis
	columns := 1
	if w >= 150 && len(p.charts) > 2 {
		columns = 2
	}
	show := p.charts[min(p.offset, len(p.charts)-1):]
	rows := min((len(show)+columns-1)/columns, max(h/least, 1))
	if !(columns > 1) && rows > 3 && h/rows < 8 {
		rows = max(min(rows, h/7), 2)
	}
	rows = min(rows, max(h/least, 1))
	var out kit.Block
	for row := range rows {
		ch := h/rows + btoi(row < h%rows)
		var line []kit.Block
		for col := range columns {
			cw := w/columns + btoi(col < w%columns)
			if i := row*columns + col; i < len(show) {
				line = append(line, p.one(e, &show[i], cw, ch))
			} else {
				line = append(line, kit.Blank(e.Styles, cw, ch))
			}
		}
		out = append(out, kit.Beside(line...)...)
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *Pane) measurable(e *pane.Env) bool {
	return slices.Contains(pane.RunKinds, p.ref.Kind) || len(p.parts) > 0 || p.ref.Kind == "node"
}

// one draws one chart under its name and value.
func (p *Pane) one(e *pane.Env, c *chart, w, h int) kit.Block {
	tok := themes.FG
	if c.limit > 0 && len(c.series) > 0 {
		switch share := last(c.series[0].Points) / c.limit; {
		case share >= 0.95:
			tok = themes.Failed
		case share >= 0.8:
			tok = themes.Degraded
		}
	}
	title := kit.NewBuilder(e.Styles, w).Space(1).Text(themes.Title, c.title).Space(2).Text(tok, c.now).Line()
	if h <= 1 {
		return kit.Block{title}
	}
	to := e.Now
	k := kit.Chart{Series: c.series, Guides: c.guides, From: to.Add(-ranges[p.span]).UnixNano(), To: to.UnixNano(), Unit: c.unit}
	return kit.Stack(kit.Block{title}, k.Draw(e.Styles, w, h-1))
}
