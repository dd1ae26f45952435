package dialog

import (
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

const (
	mostTargets = 14 // lines of objects, at most; those that have trouble first
	outputRows  = 8  // of a program's output, at least, where there is any
)

// progressRows is how many rows the progress would take.
func (p *Plan) progressRows(e *pane.Env, w int) int {
	t, ok := p.o.Engine.Task(p.task)
	if !ok {
		return 4
	}
	n := 3 + len(p.targets(e.Styles, w, t))
	if p.outputLen(t) > 0 {
		n += 1 + max(min(p.outputLen(t), 40), outputRows)
	}
	return n
}

func (*Plan) outputLen(t actions.Task) (n int) {
	for i := range t.Targets {
		n += t.Targets[i].Lines
	}
	return n
}

// progress is how the change goes: a line per object, what a program says, and
// the outcome.
func (p *Plan) progress(e *pane.Env, w, h int) kit.Block {
	st := e.Styles
	t, ok := p.o.Engine.Task(p.task)
	if !ok {
		return kit.Blank(st, w, h)
	}
	out := kit.Stack(kit.Blank(st, w, 1), p.targets(st, w, t))
	tail := kit.Stack(kit.Blank(st, w, 1), kit.Block{outcomeLine(st, w, t, e.Now)})
	room := h - len(tail)
	if len(out) > room {
		out = out[:max(room, 0)]
	}
	if n := p.outputLen(t); n > 0 && room-len(out) >= 3 {
		p.setOutput(st, w-2, t, n)
		rows := room - len(out) - 1
		if !p.unended {
			p.output.Draw(st, w, rows) // for the height
			p.output.End()
		}
		out = kit.Stack(out, kit.Block{kit.Rule(st, w, []kit.Span{{Tok: themes.Title, Text: text.Lit(" output ")}}, nil)}, p.output.Draw(st, w, rows))
	} else {
		p.output.Set(nil)
		p.output.Draw(st, w, 1)
	}
	if len(out) < room {
		out = append(out, kit.Blank(st, w, room-len(out))...)
	}
	out = append(out, tail...)
	if len(out) > h {
		return out[len(out)-max(h, 0):]
	}
	return out
}

// setOutput draws the lines of the programs, the longest tail that is kept.
func (p *Plan) setOutput(st *kit.Styles, w int, t actions.Task, n int) {
	if n == p.outLen && p.output.Len() > 0 && p.sheetFor == (sheetKey{st: st, w: w}) {
		return
	}
	p.outLen, p.sheetFor = n, sheetKey{st: st, w: w}
	var rows kit.Block
	for i := range t.Targets {
		for _, l := range p.o.Engine.Output(t.ID, i) {
			for _, row := range l.Wrap(max(w, 8)) {
				rows = append(rows, kit.NewBuilder(st, w+2).Space(1).Styled(themes.FG, row).Line())
			}
		}
	}
	p.output.Set(rows)
}

// targets is a row per object and, below it, what is wrong with it.
func (p *Plan) targets(st *kit.Styles, w int, t actions.Task) kit.Block {
	pathW := 0
	for i := range t.Targets {
		pathW = max(pathW, text.Clean(t.Targets[i].Ref.Path()).Width())
	}
	pathW = min(pathW, w/2)
	var rows kit.Block
	left := 0
	for i := range t.Targets {
		x := &t.Targets[i]
		if i >= mostTargets && x.Problem == nil {
			left++
			continue
		}
		rows = append(rows, targetRows(st, w, pathW, x)...)
	}
	if left > 0 {
		rows = append(rows, kit.NewBuilder(st, w).Space(3).Text(themes.Muted, text.Sprintf("and %d more", left)).Line())
	}
	return rows
}

func targetRows(st *kit.Styles, w, pathW int, x *actions.TaskTarget) kit.Block {
	phase, tok := stepPhase(x)
	b := kit.NewBuilder(st, w).Space(1).Glyph(tok, st.PhaseGlyph(phase)).Space(1).Cell(themes.FG, text.Clean(x.Ref.Path()), pathW, false).Space(2)
	var more kit.Block
	says := func(tok themes.Token, s text.Safe) {
		for _, row := range wrapped(s, w-6) {
			more = append(more, kit.NewBuilder(st, w).Space(5).Text(tok, row).Line())
		}
	}
	switch {
	case x.Step != actions.Finished:
		b.Text(tok, text.Clean(x.Step.String()))
		if x.Progress.Total > 0 {
			b.Space(1).Text(themes.FG, text.Sprintf("%d/%d", x.Progress.Done, x.Progress.Total)).Space(1)
			b.Stages(tok, x.Progress.Done, x.Progress.Total, 12)
		}
		if !x.Progress.Text.Empty() {
			says(themes.Muted, x.Progress.Text)
		}
	default:
		b.Text(tok, text.Clean(x.Outcome.String()))
		if x.Problem != nil {
			says(tok, x.Problem.Summary)
			if !x.Problem.Hint.Empty() {
				says(themes.Muted, x.Problem.Hint)
			}
		}
	}
	if x.Journal != nil {
		says(themes.Warn, x.Journal.Summary)
	}
	return kit.Stack(kit.Block{b.Line()}, more)
}

func stepPhase(x *actions.TaskTarget) (core.Phase, themes.Token) {
	switch {
	case x.Step == actions.Queued:
		return core.Pending, themes.Muted
	case x.Step == actions.Serving:
		return core.Running, themes.OK
	case x.Step != actions.Finished:
		return core.Pending, themes.Pending
	}
	return kit.OutcomeLook(x.Outcome)
}

// outcomeLine says how it ended, or for how long it has been under way.
func outcomeLine(st *kit.Styles, w int, t actions.Task, now time.Time) string {
	b := kit.NewBuilder(st, w).Space(1)
	if !t.Done() {
		return b.Text(themes.Muted, text.Lit("under way for ")).Text(themes.FG, elapsed(now.Sub(t.Started))).Line()
	}
	phase, tok := kit.OutcomeLook(t.Outcome)
	took := text.Duration(t.Ended.Sub(t.Started))
	says := text.Safe{}
	switch {
	case t.Outcome == core.OutcomeHealthy:
		says = text.Sprintf("healthy: verified after %s", took)
	case t.Stopped:
		says = text.Lit("nobody waits for it any more: what was sent stays sent")
	case t.Outcome == core.OutcomeFailed:
		says = text.Sprintf("failed after %s: the change was sent, it did not become healthy", took)
	case t.Outcome == core.OutcomeRefused:
		says = text.Lit("refused: nothing was changed")
	default:
		says = text.Lit("unknown: it cannot be told how it ended; look at the object")
	}
	return b.Glyph(tok, st.PhaseGlyph(phase)).Space(1).Text(tok, says).Line()
}

// elapsed is a time in steps of 5 seconds, then as ages are.
func elapsed(d time.Duration) text.Safe {
	if d < time.Minute {
		return text.Sprintf("%ds", int(d/elapsedStep)*int(elapsedStep/time.Second))
	}
	return text.Duration(d.Truncate(elapsedStep))
}

// runningFoot is what can be done while it runs, and after.
func (p *Plan) runningFoot(st *kit.Styles, w int) kit.Block {
	t, ok := p.o.Engine.Task(p.task)
	if !ok || !t.Done() {
		return keyLine(st, w, text.Lit("esc"), text.Lit("it goes on in the background"))
	}
	var ks []text.Safe
	if t.Undoable() {
		ks = append(ks, text.Lit("U"), text.Lit("undoes it"))
	}
	switch {
	case p.o.Again != nil && !sent(t):
		ks = append(ks, text.Lit("e"), p.o.AgainHint)
	case t.Conflicted():
		ks = append(ks, text.Lit("r"), text.Lit("plans again"))
	}
	return keyLine(st, w, append(ks, text.Lit("enter"), text.Lit("closes"))...)
}
