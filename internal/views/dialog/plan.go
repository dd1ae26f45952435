package dialog

import (
	"context"
	"errors"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// planLimit bounds the making of a plan: reads and dry runs.
const planLimit = 20 * time.Second

// Plan is the dialog of a change: what would happen, how it is confirmed, and
// how it goes.
type Plan struct {
	base
	engine *actions.Engine
	verb   string
	refs   []core.Ref

	proposal *actions.Proposal
	err      *core.Problem
	input    *kit.Input
	said     text.Safe // why the last answer was not taken
	doc      *kit.Doc
	clipped  bool
	cancel   context.CancelFunc
	task     string
	tokens   func(actions.Policy) themes.Token
}

type plannedMsg struct {
	plan     *Plan
	proposal *actions.Proposal
	err      error
}

// NewPlan opens the dialog and starts planning.
func NewPlan(engine *actions.Engine, verb string, refs []core.Ref, badge func(actions.Policy) themes.Token) (*Plan, tea.Cmd) {
	p := &Plan{engine: engine, verb: verb, refs: refs, doc: kit.NewDoc(), tokens: badge}
	ctx, cancel := context.WithTimeout(context.Background(), planLimit)
	p.cancel = cancel
	return p, func() tea.Msg {
		defer cancel()
		proposal, err := engine.Plan(ctx, verb, refs, nil)
		return plannedMsg{p, proposal, err}
	}
}

// Message takes the plan.
func (p *Plan) Message(_ *pane.Env, msg tea.Msg) tea.Cmd {
	m, ok := msg.(plannedMsg)
	if !ok || m.plan != p {
		return nil
	}
	if m.err != nil {
		p.err = problemOf(m.err)
		return nil
	}
	p.proposal = m.proposal
	p.doc.SetWrap(true)
	p.doc.Set("diff", p.lines())
	switch {
	case m.proposal.Denied != nil:
		p.err = m.proposal.Denied
	case m.proposal.Level == actions.Name:
		p.input = &kit.Input{Prompt: text.Sprintf(" type %s to confirm: ", m.proposal.Phrase), NoPaste: true}
	}
	return nil
}

func problemOf(err error) *core.Problem {
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	return &core.Problem{Summary: text.Error(err)}
}

// Close gives up planning. What is carried out goes on.
func (p *Plan) Close() { p.cancel() }

// lines is the plan as text to read.
func (p *Plan) lines() []text.Line {
	var out []text.Line
	add := func(s text.Safe) { out = append(out, s.Line()) }
	for i := range p.proposal.Targets {
		plan := &p.proposal.Targets[i].Plan
		if len(p.proposal.Targets) > 1 {
			if i > 0 {
				add(text.Safe{})
			}
			add(text.Sprintf("%s", plan.Title))
		}
		for _, c := range plan.Changes {
			add(text.Sprintf("  %s  %s → %s", c.Field, orNone(c.Before), orNone(c.After)))
		}
		for _, s := range plan.Impact {
			add(text.Sprintf("  touches  %s", s))
		}
		for _, s := range plan.Warnings {
			add(text.Sprintf("! %s", s))
		}
		if !plan.Preview.Empty() {
			add(text.Sprintf("  no preview: %s", plan.Preview))
		} else if len(plan.Diff) > 0 {
			add(text.Lit("  diff (server-side dry run)"))
			out = append(out, plan.Diff...)
		}
		add(text.Sprintf("  same as  %s", plan.Command))
		add(text.Sprintf("  undo     %s", plan.UndoHint))
	}
	for _, s := range p.proposal.Skipped {
		add(text.Sprintf("! left out: %s: %s", text.Clean(s.Ref.Path()), s.Problem.Summary))
	}
	return out
}

func orNone(s text.Safe) text.Safe {
	if s.Empty() {
		return text.Lit("(none)")
	}
	return s
}

func (p *Plan) title() text.Safe {
	if p.proposal == nil {
		if len(p.refs) == 1 {
			return text.Sprintf("%s %s", p.verb, text.Clean(p.refs[0].Path()))
		}
		return text.Sprintf("%s %d objects", p.verb, len(p.refs))
	}
	if len(p.proposal.Targets) == 1 {
		return p.proposal.Targets[0].Plan.Title
	}
	return text.Sprintf("%s %d objects", p.proposal.Verb.Title, len(p.proposal.Targets))
}

// Draw implements Dialog. Title and question always stand; what does not fit
// between them scrolls.
func (p *Plan) Draw(e *pane.Env, body kit.Block, w, h int) kit.Block {
	want := 6
	if p.proposal != nil {
		want = p.doc.Len() + 6
	}
	if p.task != "" {
		want = len(p.refs) + 8
	}
	width := min(max(w*3/4, 76), 120)
	if w < width {
		width = max(min(width, w), 50)
	}
	d := kit.Dialog{Box: kit.Box{Title: p.title(), Right: p.badge()}, W: max(width, p.named()), H: min(max(want, 9), max(h-2, 9))}
	r, clipped := d.Place(w, h)
	p.rect = r
	p.clipped = clipped
	if p.proposal != nil && p.task == "" && p.doc.Len() > r.H-5 {
		d.Box.Bottom = []kit.Span{{Tok: themes.Muted, Text: p.doc.Position()}, {Tok: themes.Muted, Text: text.Lit(" · ↓ ↑ scroll")}}
	}
	if p.proposal != nil && p.task == "" && !p.clipped {
		p.proposal.Show()
	}
	return d.Draw(e.Styles, body, w, h, func(w, h int) kit.Block { return p.inside(e, w, h) })
}

// named is how many cells the name of the target takes with the frame: in the
// title, and where it has to be typed. A dialog that is cut below that cannot
// be confirmed.
func (p *Plan) named() int {
	n := p.title().Width() + 4
	if p.input != nil {
		n = max(n, p.input.Prompt.Width()+8)
	}
	return n
}

func (p *Plan) badge() []kit.Span {
	if p.proposal == nil {
		return nil
	}
	var out []kit.Span
	if env := p.proposal.Policy.Environment; !env.Empty() {
		tok := themes.EnvConfirm
		if p.tokens != nil {
			tok = p.tokens(p.proposal.Policy)
		}
		out = append(out, kit.Span{Tok: tok, Text: text.Sprintf(" %s ", env)}, kit.Span{Tok: themes.Muted, Text: text.Lit(" · ")})
	}
	how := text.Lit("enter confirms")
	switch p.proposal.Level {
	case actions.Confirm:
		how = text.Lit("y confirms")
	case actions.Name:
		how = text.Lit("confirm by name")
	case actions.Deny:
		how = text.Lit("denied")
	}
	return append(out, kit.Span{Tok: themes.Muted, Text: how})
}

func (p *Plan) inside(e *pane.Env, w, h int) kit.Block {
	foot := p.foot(e, w)
	room := max(h-len(foot), 0)
	switch {
	case p.task != "":
		return kit.Stack(p.progress(e, w, room), foot)
	case p.proposal == nil && p.err != nil:
		return kit.Stack(pane.Message(e.Styles, w, room, kit.Span{Tok: themes.Failed, Text: p.err.Summary}, kit.Span{Tok: themes.Muted, Text: p.err.Hint}), foot)
	case p.proposal == nil:
		return kit.Stack(pane.Message(e.Styles, w, room, kit.Span{Tok: themes.Muted, Text: text.Lit("planning: reading and dry-running, nothing is changed")}), foot)
	}
	return kit.Stack(p.doc.Draw(e.Styles, w, room), foot)
}

// foot is the question, or what can be done now.
func (p *Plan) foot(e *pane.Env, w int) kit.Block {
	line := func(tok themes.Token, s text.Safe) kit.Block {
		return kit.Block{kit.NewBuilder(e.Styles, w).Space(1).Text(tok, s).Line()}
	}
	var out kit.Block
	if !p.said.Empty() {
		out = line(themes.Warn, p.said)
	}
	switch {
	case p.task != "":
		if t, ok := p.engine.Task(p.task); ok && t.Done() {
			return append(out, line(themes.Muted, text.Lit("enter closes"))...)
		}
		return append(out, line(themes.Muted, text.Lit("esc: it goes on in the background"))...)
	case p.proposal == nil || p.err != nil:
		if p.proposal != nil {
			out = append(out, line(themes.Failed, p.err.Summary)...)
		}
		return append(out, line(themes.Muted, text.Lit("esc closes"))...)
	case p.clipped:
		return append(out, line(themes.Warn, text.Lit("make the window larger to confirm · esc cancels"))...)
	case p.input != nil:
		l, _ := p.input.Draw(e.Styles, w)
		return append(out, append(kit.Block{l}, line(themes.Muted, text.Lit("enter confirms · esc cancels"))...)...)
	case p.proposal.Level == actions.Free:
		return append(out, line(themes.Key, text.Lit("enter confirms · esc cancels"))...)
	default:
		return append(out, line(themes.Key, text.Lit("y confirms · esc cancels"))...)
	}
}

// progress is how the change goes, a line per object.
func (p *Plan) progress(e *pane.Env, w, h int) kit.Block {
	t, ok := p.engine.Task(p.task)
	if !ok {
		return kit.Blank(e.Styles, w, h)
	}
	var out kit.Block
	for _, x := range t.Targets {
		phase, tok := core.Pending, themes.Pending
		if x.Step == actions.Finished {
			switch x.Outcome {
			case core.OutcomeHealthy:
				phase, tok = core.Succeeded, themes.OK
			case core.OutcomeUnknown:
				phase, tok = core.Unknown, themes.Warn
			default:
				phase, tok = core.Failed, themes.Failed
			}
		}
		b := kit.NewBuilder(e.Styles, w).Space(1).Glyph(tok, e.Styles.PhaseGlyph(phase)).Space(1).Text(themes.FG, text.Clean(x.Ref.Path())).Space(2)
		switch {
		case x.Step != actions.Finished:
			b.Text(themes.Muted, text.Clean(x.Step.String()))
			if !x.Progress.Text.Empty() {
				b.Text(themes.Muted, text.Sprintf(": %s", x.Progress.Text))
			}
			if x.Progress.Total > 0 {
				b.Text(themes.Muted, text.Sprintf("  %d/%d", x.Progress.Done, x.Progress.Total))
			}
		case x.Problem != nil:
			b.Text(tok, text.Sprintf("%s: %s", x.Outcome.String(), x.Problem.Summary))
		default:
			b.Text(tok, text.Clean(x.Outcome.String()))
		}
		out = append(out, b.Line())
		if x.Journal != nil {
			out = append(out, kit.NewBuilder(e.Styles, w).Space(3).Text(themes.Warn, x.Journal.Summary).Line())
		}
	}
	if len(out) > h {
		return out[:h]
	}
	return append(out, kit.Blank(e.Styles, w, h-len(out))...)
}

// Key implements Dialog. Nothing but the asked-for answer confirms, and the
// default is to cancel.
func (p *Plan) Key(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case key.Matches(k, keyCancel):
		return true, nil
	case p.task != "" || p.proposal == nil || p.err != nil:
		return key.Matches(k, keyAccept, keyClose), nil
	case p.input != nil:
		return false, p.typeName(e, k)
	case key.Matches(k, keyAccept) && p.proposal.Level == actions.Free:
		return false, p.confirm(e, "")
	case key.Matches(k, keyYes) && p.proposal.Level == actions.Confirm:
		return false, p.confirm(e, "y")
	case key.Matches(k, keyNo):
		return true, nil
	case scroll(p.doc, k):
		return false, nil
	}
	p.proposal.Takes(e.Now) // a held or mistaken key puts the arming off
	return false, nil
}

// typeName takes a key while a name is asked for.
func (p *Plan) typeName(e *pane.Env, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, keyAccept):
		return p.confirm(e, p.input.Value())
	case key.Matches(k, keyUp):
		p.doc.Scroll(-1)
	case key.Matches(k, keyDown):
		p.doc.Scroll(1)
	case key.Matches(k, keyPageUp):
		p.doc.Page(-1)
	case key.Matches(k, keyPageDown):
		p.doc.Page(1)
	case p.proposal.Takes(e.Now):
		p.input.Key(k)
		p.said = text.Safe{}
	}
	return nil
}

// confirm hands the answer to the engine and starts the change.
func (p *Plan) confirm(e *pane.Env, typed string) tea.Cmd {
	if err := p.proposal.Confirm(actions.Input{Text: typed, At: e.Now, Clipped: p.clipped}); err != nil {
		p.said = text.Error(err)
		var refused *core.Problem
		if errors.As(err, &refused) {
			p.err = refused
		}
		return nil
	}
	id, err := p.engine.Start(p.proposal, nil)
	if err != nil {
		p.err = problemOf(err)
		return nil
	}
	p.task, p.said = id, text.Safe{}
	return nil
}

// Paste never confirms.
func (p *Plan) Paste(*pane.Env, string) {
	if p.input != nil {
		p.said = text.Lit("pasted text does not confirm; type it")
	}
}
