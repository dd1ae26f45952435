package object

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/views/pane"
)

// lookup gets the row of an object that no list has (any more), from its system:
// an old run, whose page is opened from a newer one. It asks once, and again when
// something says that the row is another one by now.
type lookup struct {
	ref    core.Ref
	due    bool // an answer would be new
	busy   bool
	epoch  int // of the question that is under way
	cancel context.CancelFunc

	gone bool          // there is no such object
	err  *core.Problem // why it cannot be told
}

type rowMsg struct {
	of    *lookup
	epoch int
	row   *core.Resource
	err   error
}

// newLookup returns nil for kinds whose lists are complete: what they do not have
// is not there.
func newLookup(ref core.Ref, kind *core.Kind) *lookup {
	if kind == nil || !kind.Polled && !kind.Unlisted {
		return nil
	}
	return &lookup{ref: ref}
}

// ask returns the question, if there is one to ask.
func (l *lookup) ask(e *pane.Env) tea.Cmd {
	if l == nil || !l.due || l.busy {
		return nil
	}
	l.due, l.busy = false, true
	l.epoch++
	epoch, ref, back := l.epoch, l.ref, e.Backend
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	l.cancel = cancel
	return func() tea.Msg {
		defer cancel()
		row, err := back.Get(ctx, ref)
		return rowMsg{l, epoch, row, err}
	}
}

// answer takes an answer: the row, nil if it brings none.
func (l *lookup) answer(m rowMsg) *core.Resource {
	if m.of != l || m.epoch != l.epoch || !l.busy {
		return nil
	}
	l.busy, l.err, l.gone = false, nil, false
	switch r := m.row; {
	case m.err != nil:
		p := problemOf(m.err)
		switch p.Kind {
		case core.NotFound, core.Conflict: // another one has its name by now
			l.gone = true
		case core.Unsupported: // then nothing more can be told
		default:
			l.err = p
		}
	case r == nil, !r.Ref.SameObject(l.ref), l.ref.UID != "" && r.Ref.UID != l.ref.UID:
		l.gone = true
	default:
		return r
	}
	return nil
}

// listed says that a list has the object.
func (l *lookup) listed() {
	if l != nil {
		l.close()
		l.epoch++
		l.due, l.busy, l.gone, l.err = false, false, false, nil
	}
}

// pause gives up what is under way; what comes back to the page asks anew.
func (l *lookup) pause() {
	if l != nil && l.busy {
		l.close()
		l.epoch++
		l.busy, l.due = false, true
	}
}

func (l *lookup) close() {
	if l != nil && l.cancel != nil {
		l.cancel()
	}
}
