package tasks

import (
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// line is a row of the page: a heading (item -1), or an item.
type line struct {
	item int
	text text.Safe
}

// layout is all rows in order.
func (p *Pane) layout() []line {
	out := make([]line, 0, p.count()+3)
	if len(p.running) > 0 {
		out = append(out, line{-1, text.Lit("RUNNING")})
		for i := range p.running {
			out = append(out, line{item: i})
		}
	}
	out = append(out, line{-1, text.Lit("JOURNAL")})
	for i := range p.shown {
		out = append(out, line{item: len(p.running) + i})
	}
	return out
}

// rowAt is the item on row y of the last draw; -1: none.
func (p *Pane) rowAt(y int) int {
	all := p.layout()
	if i := p.top + y; y >= 0 && y < p.rows && i < len(all) {
		return all[i].item
	}
	return -1
}

// Draw returns the page.
func (p *Pane) Draw(e *pane.Env, w, h int, focused bool) kit.Block {
	st := e.Styles
	prompt := p.search.Draw(e, w)
	p.rows = max(h-len(prompt), 0)
	all := p.layout()
	at := 0
	for i := range all {
		if all[i].item == p.at {
			at = i
			break
		}
	}
	if at == 1 {
		at = 0 // the heading above the first one stays in sight
	}
	p.top = max(min(p.top, at, len(all)-p.rows), 0)
	if at >= p.top+p.rows {
		p.top = at - p.rows + 1
	}
	widths := p.columns(w, e.Now)
	var out kit.Block
	for i := p.top; i < len(all) && len(out) < p.rows; i++ {
		b := kit.NewBuilder(st, w)
		switch l := all[i]; {
		case l.item < 0:
			b.Space(1).Text(themes.Header, l.text)
		default:
			if l.item == p.at {
				b.OnSurface(kit.Selected)
				if !focused {
					b.OnSurface(kit.Blurred)
				}
			}
			if l.item < len(p.running) {
				p.drawTask(b, st, &p.running[l.item], e.Now)
			} else {
				drawEntry(b, st, &p.entries[p.shown[l.item-len(p.running)]], widths, e.Now)
			}
		}
		out = append(out, b.Line())
	}
	if len(p.shown) == 0 && p.rows-len(out) > 2 {
		out = kit.Stack(out, pane.Message(st, w, p.rows-len(out), p.empty()...))
	}
	if len(out) < p.rows {
		out = append(out, kit.Blank(st, w, p.rows-len(out))...)
	}
	return kit.Stack(out, prompt)
}

// empty is what stands where the journal has nothing to list.
func (p *Pane) empty() []kit.Span {
	switch {
	case p.err != nil:
		return []kit.Span{{Tok: themes.Failed, Text: p.err.Summary}}
	case !p.loaded:
		return []kit.Span{{Tok: themes.Muted, Text: text.Lit("reading the journal…")}}
	case len(p.entries) > 0:
		return []kit.Span{{Tok: themes.Muted, Text: text.Lit("nothing matches")}, {Tok: themes.Muted, Text: text.Lit("esc shows everything")}}
	}
	return []kit.Span{{Tok: themes.Muted, Text: text.Lit("nothing was changed from here yet")}}
}

// widths are the cells of the journal's columns.
type widths struct{ when, who, verb, place int }

func (p *Pane) columns(w int, now time.Time) widths {
	var c widths
	for _, i := range p.shown {
		e := &p.entries[i]
		c.when = max(c.when, when(e.first.Time, now).Width())
		c.who = max(c.who, min(text.Clean(e.first.User).Width(), 12))
		c.verb = max(c.verb, min(e.verb().Width(), 14))
		c.place = max(c.place, min(e.place().Width(), 16))
	}
	if w < 70 { // the user and the place give way
		c.who = 0
		c.place = min(c.place, 8)
	}
	return c
}

func drawEntry(b *kit.Builder, st *kit.Styles, e *entry, c widths, now time.Time) {
	o, word, known := e.outcome()
	phase, tok := kit.OutcomeLook(o)
	if !known {
		phase, tok = core.Pending, themes.Pending
	}
	b.Space(1)
	if word.Empty() {
		b.Glyph(themes.Muted, st.Glyphs.Dot)
	} else {
		b.Glyph(tok, st.PhaseGlyph(phase))
	}
	b.Space(1).Cell(themes.Muted, when(e.first.Time, now), c.when, false).Space(2)
	if c.who > 0 {
		b.Cell(themes.Muted, text.Clean(e.first.User), c.who, false).Space(2)
	}
	b.Cell(themes.Accent, e.verb(), c.verb, false).Space(2)
	if e.flagged() {
		b.Glyph(themes.Failed, st.Glyphs.Flag).Space(1)
	} else {
		b.Space(2)
	}
	objectW := max(b.Left()-c.place-2-10, 8)
	b.Cell(themes.FG, e.object(), objectW, false).Space(2).Cell(themes.Muted, e.place(), c.place, false).Space(1)
	if known && o == core.OutcomeHealthy {
		tok = themes.FG
	}
	b.Text(tok, word)
}

func (p *Pane) drawTask(b *kit.Builder, st *kit.Styles, t *actions.Task, now time.Time) {
	tok, phase := themes.Pending, core.Pending
	if serving(t) {
		tok, phase = themes.OK, core.Running
	}
	b.Space(1).Glyph(tok, st.PhaseGlyph(phase)).Space(1).Cell(themes.Muted, age(*t, now), 6, false).Space(1)
	titleW := min(t.Title.Width(), b.Left()/2)
	b.Cell(themes.FG, t.Title, titleW, false).Space(2)
	if len(t.Targets) == 1 && t.Targets[0].Progress.Total > 0 && b.Left() > 40 {
		b.Stages(tok, t.Targets[0].Progress.Done, t.Targets[0].Progress.Total, 12).Space(1)
	}
	b.Text(themes.Muted, State(*t))
	if !t.Environment.Empty() && b.Left() > t.Environment.Width()+2 {
		b.Right(kit.Span{Tok: themes.Muted, Text: text.Sprintf("%s ", t.Environment)})
	}
}

func serving(t *actions.Task) bool {
	return len(t.Targets) > 0 && t.Targets[0].Step == actions.Serving
}
