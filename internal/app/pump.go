package app

import (
	"context"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/store"
	"devops-tui/internal/views"
)

// How long changes are gathered where the configuration does not say.
const (
	gatherSlow    = 400 * time.Millisecond // with --slow
	gatherBlurred = time.Second            // nobody looks
)

// pump is the one goroutine that sends data to the screen: the first change at
// once, then gathered. Send waits until the message was taken, so never more
// than one is under way.
type pump struct {
	store   *store.Store
	send    func(tea.Msg)
	gather  time.Duration
	logs    uint64 // version of the logs at the last frame
	blurred atomic.Bool
	nudge   chan struct{} // the terminal has the focus again
	suspend func()        // stops the supervised program; nil: Bubble Tea does it
}

func newPump(s *store.Store, gather time.Duration) *pump {
	return &pump{store: s, gather: gather, nudge: make(chan struct{}, 1)}
}

// filter watches the focus of the terminal as messages pass, and lets the
// program be stopped only where a shell can let it go on.
func (p *pump) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	switch msg.(type) {
	case tea.SuspendMsg:
		if p.suspend != nil {
			p.suspend()
			return nil
		}
		if !canStop() {
			return nil
		}
	case tea.BlurMsg:
		p.blurred.Store(true)
	case tea.FocusMsg:
		p.blurred.Store(false)
		select {
		case p.nudge <- struct{}{}:
		default:
		}
	}
	return msg
}

func (p *pump) run(ctx context.Context) {
	minute := time.NewTimer(untilMinute(time.Now()))
	defer minute.Stop()
	gate := time.NewTimer(0) // fires when the next frame may be sent
	defer gate.Stop()
	open, waiting := false, false
	changed := p.store.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-minute.C:
			p.send(views.TickMsg{})
			minute.Reset(untilMinute(time.Now()))
			continue
		case <-changed:
			waiting = true
		case <-gate.C:
			open = true
		case <-p.nudge:
			open = true
		}
		if !open || !waiting {
			continue
		}
		waiting = false
		if p.store.Publish() {
			p.send(views.FrameMsg{})
			open = false
			gate.Reset(p.interval())
		}
	}
}

// interval is how long until the next frame may be sent. A log that is read as
// it comes is drawn more often than lists: it costs a line or two each time.
func (p *pump) interval() time.Duration {
	logs := p.store.Snapshot().LogVersion
	flowing := logs != p.logs
	p.logs = logs
	switch {
	case p.blurred.Load():
		return max(p.gather, gatherBlurred)
	case flowing:
		return p.gather * 2 / 5
	default:
		return p.gather
	}
}

// untilMinute is the time until ages and the clock read differently.
func untilMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}
