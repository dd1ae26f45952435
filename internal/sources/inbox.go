package sources

import (
	"sync/atomic"

	"devops-tui/internal/core"
)

// Bell tells a loop that there is something to look at. Rings that come while it
// looks elsewhere are one.
type Bell chan struct{}

// NewBell makes a bell.
func NewBell() Bell { return make(Bell, 1) }

// Ring never blocks.
func (b Bell) Ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Inbox is what a source was told last, for its Run to look at. A source that
// embeds it has Info, Want and Wake.
type Inbox struct {
	info     Info
	interest atomic.Pointer[core.Interest]

	Wants Bell // Want was called; Wanted tells what with
	Wakes Bell // Wake was called
}

// NewInbox makes the inbox of the source that info describes.
func NewInbox(info Info) *Inbox { return &Inbox{info: info, Wants: NewBell(), Wakes: NewBell()} }

// Info implements Source.
func (b *Inbox) Info() Info { return b.info }

// Want implements Source.
func (b *Inbox) Want(i core.Interest) {
	b.interest.Store(&i)
	b.Wants.Ring()
}

// Wake implements Source.
func (b *Inbox) Wake() { b.Wakes.Ring() }

// Wanted is the last Want, with the default kinds where it named none.
func (b *Inbox) Wanted() core.Interest {
	var i core.Interest
	if p := b.interest.Load(); p != nil {
		i = *p
	}
	if i.Kinds == nil {
		i.Kinds = b.info.Default
	}
	return i
}
