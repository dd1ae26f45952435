package actions

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// ArmDelay is how long a plan dialog takes no confirmation after it appeared,
// and how long the keyboard must have been quiet: what was typed before cannot
// have been meant for it.
const ArmDelay = 300 * time.Millisecond

// Why a confirmation was not taken. The dialog stays open.
var (
	ErrNotArmed     = errors.New("too early: the input is older than the dialog")
	ErrPasted       = errors.New("pasted text does not confirm; type it")
	ErrClipped      = errors.New("the plan does not fit on the screen; make the window larger")
	ErrMismatch     = errors.New("that is not what was asked for")
	ErrNotConfirmed = errors.New("the plan was not confirmed")
	ErrSpent        = errors.New("the plan was carried out already; plan again")
)

// Target is one object of a proposal.
type Target struct {
	Ref    core.Ref // with the UID that the plan was made for
	Plan   core.Plan
	Policy Policy

	op     *core.Operation
	undoOf string // id of the record that it takes back
}

// From is the object that was asked for: Ref, unless the plan is of another
// one (the workload of a pod).
func (t Target) From() core.Ref {
	if t.Plan.From.IsZero() {
		return t.Ref
	}
	return t.Plan.From
}

// Skipped is an object that was asked for and cannot be changed.
type Skipped struct {
	Ref     core.Ref
	Problem *core.Problem
}

// Proposal is a planned change of one or many objects, waiting for its
// confirmation. It can be executed once. Its exported fields are not to be
// written.
type Proposal struct {
	ID        string // becomes the task's and the journal's id
	Verb      Verb
	Params    Params
	Targets   []Target  // at least one
	Skipped   []Skipped // of a plan for many: what is left out, and why
	Level     Level     // the strongest of all targets; higher where there is no preview
	Policy    Policy    // the policy that asks for the most
	Phrase    text.Safe // what must be typed when Level is Name
	Denied    *core.Problem
	PlannedAt time.Time
	UndoOf    string // the id of the change that it takes back; "" if none

	engine *Engine
	mu     sync.Mutex
	armed  time.Time
	shown  bool
	state  proposalState
	by     string
}

type proposalState uint8

const (
	open proposalState = iota
	confirmed
	spent
)

// Input is an answer to the dialog.
type Input struct {
	Text    string    // Level Free: "" (enter); Confirm: "y"; Name: what was typed
	At      time.Time // when the key was pressed; zero: now
	Pasted  bool      // any part of Text came by paste
	Clipped bool      // a part of the plan's target is not visible now
}

// Show tells that the dialog is on screen now; arming starts with the first call.
func (p *Proposal) Show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown {
		p.shown = true
		p.armed = p.engine.o.Clock().Add(ArmDelay)
	}
}

// ArmedAt is when the dialog begins to take input.
func (p *Proposal) ArmedAt() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.armed
}

// Takes reports whether a key pressed at counts. One that came too early puts
// off the arming, so that a held or repeating key never confirms.
func (p *Proposal) Takes(at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takes(at)
}

func (p *Proposal) takes(at time.Time) bool {
	if !at.Before(p.armed) {
		return true
	}
	if later := at.Add(ArmDelay); later.After(p.armed) {
		p.armed = later
	}
	return false
}

// Confirm takes the user's answer. nil: the plan may be executed now. An error
// leaves the dialog as it is; a *core.Problem means that no answer can help.
func (p *Proposal) Confirm(in Input) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if in.At.IsZero() {
		in.At = p.engine.o.Clock()
	}
	switch {
	case p.Denied != nil:
		return p.Denied
	case p.state != open:
		return ErrSpent
	case !p.takes(in.At):
		return ErrNotArmed
	case in.Pasted:
		return ErrPasted
	case in.Clipped:
		return ErrClipped
	}
	by := ""
	switch p.Level {
	case Free:
		if in.Text == "" {
			by = "enter"
		}
	case Confirm:
		if in.Text == "y" || in.Text == "Y" {
			by = "y"
		}
	case Name:
		if in.Text == p.Phrase.String() {
			by = "name"
		}
	}
	if by == "" {
		return ErrMismatch
	}
	p.state, p.by = confirmed, by
	return nil
}

// Accept is the confirmation of the command line's --yes, where the object was
// named by the same command. What policy denies stays denied.
func (p *Proposal) Accept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.Denied != nil:
		return p.Denied
	case p.state != open:
		return ErrSpent
	}
	p.state, p.by = confirmed, "flag"
	return nil
}

// Direct reports whether nothing is asked: the verb opens something instead of
// changing it, and policy leaves that free. AcceptDirect confirms it.
func (p *Proposal) Direct() bool {
	return core.Opens(p.Verb.ID) && p.Level == Free && p.Denied == nil && len(p.Targets) == 1 && len(p.Skipped) == 0
}

// AcceptDirect confirms a proposal that is Direct; any other stays as it is.
func (p *Proposal) AcceptDirect() error {
	if !p.Direct() {
		return ErrNotConfirmed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != open {
		return ErrSpent
	}
	p.state, p.by = confirmed, "direct"
	return nil
}

// recordID is the id of a target in the journal.
func (p *Proposal) recordID(i int) string {
	if len(p.Targets) > 1 {
		return fmt.Sprintf("%s.%d", p.ID, i+1)
	}
	return p.ID
}

// spend makes the proposal executed, for exactly one caller.
func (p *Proposal) spend() (by string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.Denied != nil:
		return "", p.Denied
	case p.state == open:
		return "", ErrNotConfirmed
	case p.state == spent:
		return "", ErrSpent
	}
	p.state = spent
	return p.by, nil
}

// phrase is what has to be typed: the object's name, or the size of the change.
func phrase(v Verb, targets []Target) text.Safe {
	if len(targets) != 1 {
		return text.Sprintf("%s %d", v.Title, len(targets))
	}
	ref := targets[0].Ref
	if ref.Namespace != "" {
		return text.Clean(ref.Namespace + "/" + ref.Name)
	}
	return text.Clean(ref.Name)
}
