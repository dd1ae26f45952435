package app

import (
	"sync/atomic"
	"time"
)

// interruptGrace is how long after the terminal came back an interrupt still
// counts as the shell's or the editor's: one key press reaches this process and
// its parent, which passes it on, and both may be slow to tell.
const interruptGrace = 2 * time.Second

// lending is whether the terminal is a shell's or an editor's.
type lending struct {
	lent atomic.Bool
	back atomic.Pointer[time.Time] // when it came back last
}

func (l *lending) begin() { l.lent.Store(true) }

func (l *lending) end(now time.Time) {
	l.back.Store(&now)
	l.lent.Store(false)
}

func (l *lending) active() bool { return l.lent.Load() }

// takesInterrupt reports whether an interrupt at that moment was meant for
// whoever had the terminal. The cockpit itself gets ctrl+c as a key.
func (l *lending) takesInterrupt(now time.Time) bool {
	back := l.back.Load()
	return l.lent.Load() || back != nil && now.Sub(*back) < interruptGrace
}
