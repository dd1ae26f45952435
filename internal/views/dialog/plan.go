package dialog

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

const (
	// planLimit bounds the making of a plan: reads and dry runs.
	planLimit = 20 * time.Second
	// replanAfter is how long a form rests before its plan is made anew.
	replanAfter = 150 * time.Millisecond
	// elapsedStep is how often the time of a running change is told.
	elapsedStep = 5 * time.Second
)

// stage is where the dialog of a change is.
type stage uint8

const (
	asking     stage = iota // what can be chosen is being read
	filling                 // the form has the keys; its plan stands below
	planning                // a verb that asks nothing is being planned
	confirming              // the plan stands and is asked about
	running                 // it is carried out, or was
)

// PlanOptions are what a change is about.
type PlanOptions struct {
	Engine *actions.Engine
	Verb   string
	Refs   []core.Ref
	// Params are given; a form does not ask for them.
	Params actions.Params
	// Make makes the proposal instead of Verb, Refs and Params: an undo.
	Make func(ctx context.Context) (*actions.Proposal, error)
	// Title stands above until there is a plan; empty: verb and object.
	Title text.Safe
	// Token is the badge of an environment, by its policy.
	Token func(actions.Policy) themes.Token
	// Hurry leaves the form out where there is nothing to choose.
	Hurry bool
	// Launch opens a window onto the object (a shell) by a confirmed proposal.
	// nil: the engine starts a task.
	Launch func(*pane.Env, *actions.Proposal) tea.Cmd
	// Again goes back to what the plan was made of (the editor), with what was
	// wrong; nil: planning anew is all there is.
	Again     func(*pane.Env, *core.Problem) tea.Cmd
	AgainHint text.Safe // "e edits again"
	// Closed is told how the dialog ended: whether the change was sent, and
	// whether it goes back to Again.
	Closed func(e *pane.Env, sent, again bool) tea.Cmd
}

// Plan is the dialog of a change: what it asks, what would happen, how it is
// confirmed, and how it goes.
type Plan struct {
	base
	o    PlanOptions
	verb actions.Verb

	stage    stage
	form     *form
	epoch    int // of the plan that is wanted
	have     int // of the plan that is there
	advance  bool
	proposal *actions.Proposal
	err      *core.Problem
	input    *kit.Input
	said     text.Safe // why the last answer was not taken
	seen     bool      // the question was on screen, unclipped
	clipped  bool
	cancel   context.CancelFunc

	sheet    kit.Rows
	sheetFor sheetKey

	task    string
	output  kit.Rows
	outLen  int
	unended bool // the user left the end of the output

	formRect kit.Rect
}

type sheetKey struct {
	proposal *actions.Proposal
	st       *kit.Styles
	w        int
}

type (
	formMsg struct {
		plan *Plan
		form core.Form
		err  error
	}
	plannedMsg struct {
		plan     *Plan
		epoch    int
		proposal *actions.Proposal
		err      error
	}
	replanMsg struct {
		plan  *Plan
		epoch int
	}
	elapsedMsg struct{ plan *Plan }
)

// NewPlan opens the dialog: it asks what can be chosen, or plans at once.
func NewPlan(o PlanOptions) (*Plan, tea.Cmd) {
	p := &Plan{o: o, cancel: func() {}}
	v, ok := o.Engine.Verb(o.Verb)
	p.verb = v
	if o.Make == nil && ok && v.Form != nil && o.Params == nil {
		ctx := p.begin()
		engine, verb, refs := o.Engine, o.Verb, o.Refs
		return p, func() tea.Msg {
			f, err := engine.Form(ctx, verb, refs)
			return formMsg{p, f, err}
		}
	}
	p.stage = planning
	return p, p.plan()
}

// NewTask opens the dialog of a change that is under way or has ended.
func NewTask(o PlanOptions, id string) (*Plan, tea.Cmd) {
	p := &Plan{o: o, cancel: func() {}, stage: running, task: id}
	p.verb, _ = o.Engine.Verb(o.Verb)
	return p, p.tick()
}

// begin ends what was being read and gives a new context.
func (p *Plan) begin() context.Context {
	p.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), planLimit)
	p.cancel = cancel
	return ctx
}

// plan makes the plan of what stands in the form. Replies of earlier ones are
// not taken any more.
func (p *Plan) plan() tea.Cmd {
	p.epoch++
	params := p.o.Params
	if p.form != nil {
		params = p.form.params()
	}
	ctx, epoch, o := p.begin(), p.epoch, p.o
	return func() tea.Msg {
		var proposal *actions.Proposal
		var err error
		if o.Make != nil {
			proposal, err = o.Make(ctx)
		} else {
			proposal, err = o.Engine.Plan(ctx, o.Verb, o.Refs, params)
		}
		return plannedMsg{p, epoch, proposal, err}
	}
}

// replan plans once the form rests.
func (p *Plan) replan() tea.Cmd {
	p.epoch++
	p.advance, p.said = false, text.Safe{}
	p.cancel()
	epoch := p.epoch
	return tea.Tick(replanAfter, func(time.Time) tea.Msg { return replanMsg{p, epoch} })
}

// Message takes what was read and planned.
func (p *Plan) Message(e *pane.Env, msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case formMsg:
		if m.plan == p && p.stage == asking {
			return p.asked(m)
		}
	case replanMsg:
		if m.plan == p && m.epoch == p.epoch && p.stage == filling && p.form.complete(false) {
			return p.plan()
		}
	case plannedMsg:
		if m.plan == p && m.epoch == p.epoch && p.stage < confirming {
			return p.planned(e, m)
		}
	case elapsedMsg:
		if m.plan == p {
			return p.tick()
		}
	}
	return nil
}

// asked takes the form.
func (p *Plan) asked(m formMsg) tea.Cmd {
	switch {
	case m.err != nil:
		p.stage, p.err = planning, problemOf(m.err)
		return nil
	case len(m.form.Fields) == 0:
		p.stage = planning
		return p.plan()
	}
	p.form = newForm(m.form)
	p.stage = filling
	p.advance = p.o.Hurry && p.form.settled()
	if !p.form.complete(false) {
		return nil
	}
	return p.plan()
}

func (p *Plan) planned(e *pane.Env, m plannedMsg) tea.Cmd {
	p.have = m.epoch
	advance := p.advance
	p.advance = false
	if m.err != nil {
		p.err = problemOf(m.err)
		if p.form != nil && p.err.Kind == core.Invalid {
			p.form.focused().bad = p.err.Summary
		}
		if p.form == nil {
			p.proposal = nil
		}
		return nil
	}
	p.err, p.proposal, p.input, p.seen = nil, m.proposal, nil, false
	if p.stage == planning || advance {
		return p.question(e)
	}
	return nil
}

// question asks about the plan that is shown. What only opens a window where
// nothing has to be confirmed is opened at once.
func (p *Plan) question(e *pane.Env) tea.Cmd {
	p.said = text.Safe{}
	if p.proposal.Direct() {
		if err := p.proposal.AcceptDirect(); err != nil {
			p.err = problemOf(err)
			return nil
		}
		return p.start(e)
	}
	p.stage = confirming
	p.sheet.Home()
	switch {
	case p.proposal.Denied != nil:
		p.err = p.proposal.Denied
	case p.proposal.Level == actions.Name:
		p.input = &kit.Input{Prompt: text.Sprintf(" type %s to confirm: ", p.proposal.Phrase), NoPaste: true}
	}
	return nil
}

// start carries out what was confirmed.
func (p *Plan) start(e *pane.Env) tea.Cmd {
	if p.o.Launch != nil {
		e.Send(pane.CloseDialog{})
		return p.o.Launch(e, p.proposal)
	}
	id, err := p.o.Engine.Start(p.proposal, nil)
	if err != nil {
		p.err = problemOf(err)
		p.stage = confirming
		return nil
	}
	p.task, p.said, p.stage = id, text.Safe{}, running
	if p.o.Verb == core.VerbForward {
		e.Send(pane.CloseDialog{})
		return nil
	}
	return p.tick()
}

// tick draws the elapsed time while the change runs.
func (p *Plan) tick() tea.Cmd {
	if t, ok := p.o.Engine.Task(p.task); !ok || t.Done() {
		return nil
	}
	return tea.Tick(elapsedStep, func(time.Time) tea.Msg { return elapsedMsg{p} })
}

func problemOf(err error) *core.Problem {
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	return &core.Problem{Summary: text.Error(err)}
}

// Task is the change that the dialog follows; "" while it is none yet.
func (p *Plan) Task() string { return p.task }

// Close gives up planning. What is carried out goes on.
func (p *Plan) Close() { p.cancel() }

// breakable reports whether breaking the glass would let the plan be
// confirmed: the policy denies it, and nothing else forbids it.
func (p *Plan) breakable() bool {
	return p.stage == confirming && p.proposal != nil && p.proposal.Denied != nil && !p.proposal.Policy.ReadOnly && p.o.Make == nil
}

// confirm hands the answer to the engine and starts the change.
func (p *Plan) confirm(e *pane.Env, typed string) tea.Cmd {
	if !p.seen && !p.clipped {
		p.said = text.Error(actions.ErrNotArmed)
		return nil
	}
	if err := p.proposal.Confirm(actions.Input{Text: typed, At: e.Now, Clipped: p.clipped}); err != nil {
		p.said = text.Error(err)
		var refused *core.Problem
		if errors.As(err, &refused) {
			p.err = refused
		}
		return nil
	}
	return p.start(e)
}

// Paste goes into the form; it never confirms.
func (p *Plan) Paste(_ *pane.Env, s string) tea.Cmd {
	switch {
	case p.stage == filling:
		if p.form.paste(s) {
			return p.replan()
		}
	case p.stage == confirming && p.input != nil:
		p.said = text.Lit("pasted text does not confirm; type it")
	}
	return nil
}

// Click chooses in the form; it never confirms.
func (p *Plan) Click(e *pane.Env, x, y int) (bool, tea.Cmd) {
	if p.stage != filling || !p.formRect.Contains(x, y) {
		return false, nil
	}
	changed, why := p.form.click(y - p.formRect.Y)
	if !why.Empty() {
		e.Send(pane.Notify{Text: why, Bad: true})
	}
	if changed {
		return false, p.replan()
	}
	return false, nil
}

// Wheel scrolls the plan or the output.
func (p *Plan) Wheel(by int) {
	p.scroller().Scroll(by)
	p.unended = !p.output.AtEnd()
}

func (p *Plan) scroller() *kit.Rows {
	if p.stage == running {
		return &p.output
	}
	return &p.sheet
}
