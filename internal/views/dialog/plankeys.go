package dialog

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// Key implements Dialog. Nothing but the asked-for answer confirms, and the
// default is to cancel.
func (p *Plan) Key(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch p.stage {
	case filling:
		return p.keyForm(e, k)
	case confirming:
		return p.keyQuestion(e, k)
	case running:
		return p.keyRunning(e, k)
	}
	switch { // nothing to answer yet, or it could not be planned
	case p.err != nil && p.o.Again != nil && key.Matches(k, keyEditAgain):
		return p.again(e)
	case p.err != nil && p.o.Again == nil && key.Matches(k, keyAgain):
		p.err, p.stage = nil, planning
		return false, p.plan()
	case key.Matches(k, keyClose):
		return p.closed(e, false)
	case key.Matches(k, keyAccept) && p.err != nil:
		return p.closed(e, false)
	}
	return false, nil
}

// keyForm is a key for the form: nothing that is typed here confirms.
func (p *Plan) keyForm(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case key.Matches(k, keyCancel):
		return p.closed(e, false)
	case key.Matches(k, keyPageUp):
		p.sheet.Page(-1)
	case key.Matches(k, keyPageDown):
		p.sheet.Page(1)
	case key.Matches(k, keyAccept):
		return false, p.enterForm(e)
	default:
		p.advance = false
		if p.form.key(k) {
			p.err = nil
			return false, p.replan()
		}
	}
	return false, nil
}

// enterForm goes on from the form to the question about its plan.
func (p *Plan) enterForm(e *pane.Env) tea.Cmd {
	switch {
	case !p.form.complete(true):
		return nil
	case p.have == p.epoch && p.err == nil && p.proposal != nil:
		return p.question(e)
	case p.have == p.epoch: // it could not be planned: once more
		p.advance = true
		p.err = nil
		return p.plan()
	}
	p.advance = true // as soon as its plan is there
	return nil
}

// keyQuestion is the answer to the plan.
func (p *Plan) keyQuestion(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case key.Matches(k, keyCancel):
		if p.form != nil {
			return false, p.toForm()
		}
		return p.closed(e, false)
	case p.err != nil:
		switch {
		case p.breakable() && key.Matches(k, keyGlass):
			e.Send(pane.BreakGlass{Then: pane.Change{Verb: p.o.Verb, Refs: p.o.Refs}})
			return true, nil
		case p.o.Again != nil && key.Matches(k, keyEditAgain):
			return p.again(e)
		case key.Matches(k, keyAccept, keyClose):
			return p.closed(e, false)
		}
		p.scroll(k)
		return false, nil
	case p.input != nil:
		return false, p.typeName(e, k)
	case key.Matches(k, keyAccept) && p.proposal.Level == actions.Free:
		return false, p.confirm(e, "")
	case key.Matches(k, keyYes) && p.proposal.Level == actions.Confirm:
		return false, p.confirm(e, "y")
	case key.Matches(k, keyNo):
		return p.closed(e, false)
	case p.o.Again != nil && key.Matches(k, keyEditAgain):
		return p.again(e)
	case key.Matches(k, keyCopy) && len(p.proposal.Targets) == 1:
		e.Send(pane.CopyText{Text: p.proposal.Targets[0].Plan.Command, What: text.Lit("command")})
		return false, nil
	case p.scroll(k):
		return false, nil
	}
	p.proposal.Takes(e.Now) // a held or mistaken key puts the arming off
	return false, nil
}

// toForm goes back to the form. What is asked about next is planned anew, and
// armed anew.
func (p *Plan) toForm() tea.Cmd {
	p.stage, p.err, p.input, p.said, p.seen = filling, nil, nil, text.Safe{}, false
	return p.plan()
}

// typeName takes a key while a name is asked for.
func (p *Plan) typeName(e *pane.Env, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, keyAccept):
		return p.confirm(e, p.input.Value())
	case key.Matches(k, keyUp):
		p.sheet.Scroll(-1)
	case key.Matches(k, keyDown):
		p.sheet.Scroll(1)
	case key.Matches(k, keyPageUp):
		p.sheet.Page(-1)
	case key.Matches(k, keyPageDown):
		p.sheet.Page(1)
	case p.proposal.Takes(e.Now):
		p.input.Key(k)
		p.said = text.Safe{}
	}
	return nil
}

// keyRunning is a key while the change is carried out, or after it.
func (p *Plan) keyRunning(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	t, ok := p.o.Engine.Task(p.task)
	done := !ok || t.Done()
	switch {
	case !done && key.Matches(k, keyCancel):
		e.Send(pane.Notify{Text: text.Sprintf("%s goes on in the background · %s shows it", t.Title, e.KeyOf(keys.Tasks))})
		return p.closed(e, true)
	case done && key.Matches(k, keyClose, keyAccept):
		return p.closed(e, ok && sent(t))
	case done && ok && t.Undoable() && key.Matches(k, keyUndo):
		e.Send(pane.Undo{ID: p.task})
		return true, nil
	case done && ok && p.o.Again != nil && !sent(t) && key.Matches(k, keyEditAgain):
		return p.again(e)
	case done && ok && t.Conflicted() && p.o.Again == nil && key.Matches(k, keyAgain):
		return false, p.planAgain()
	}
	if p.scroll(k) {
		p.unended = !p.output.AtEnd()
	}
	return false, nil
}

// sent reports whether anything of a task reached its system.
func sent(t actions.Task) bool {
	for _, x := range t.Targets {
		if x.Step != actions.Finished || x.Outcome != core.OutcomeRefused {
			return true
		}
	}
	return false
}

// planAgain plans what met a conflict, as the object is now.
func (p *Plan) planAgain() tea.Cmd {
	p.task, p.err, p.proposal, p.input, p.seen, p.said = "", nil, nil, nil, false, text.Safe{}
	for i := range p.o.Refs { // the object of that name now, whichever it is: the plan shows it
		p.o.Refs[i].UID = ""
	}
	p.stage = planning
	if p.form != nil {
		p.stage = filling
	}
	return p.plan()
}

func (p *Plan) again(e *pane.Env) (bool, tea.Cmd) {
	problem := p.err
	if problem == nil && p.task != "" {
		if t, ok := p.o.Engine.Task(p.task); ok {
			problem = t.Problem()
		}
	}
	cmd := p.o.Again(e, problem)
	if p.o.Closed != nil {
		return true, tea.Batch(p.o.Closed(e, false, true), cmd)
	}
	return true, cmd
}

// closed ends the dialog and tells whoever opened it.
func (p *Plan) closed(e *pane.Env, sent bool) (bool, tea.Cmd) {
	if p.o.Closed == nil {
		return true, nil
	}
	return true, p.o.Closed(e, sent, false)
}

// scroll moves the plan or the output by a key; false: the key does not move.
func (p *Plan) scroll(k tea.KeyPressMsg) bool { return scroll(p.scroller(), k) }
