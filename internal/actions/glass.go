package actions

import (
	"strings"
	"time"
	"unicode/utf8"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// GlassTime is how long broken glass stays open.
const GlassTime = 15 * time.Minute

// GlassReason is how many characters a reason needs at least.
const GlassReason = 10

// Glass is an emergency: until it ends, what policy denies can be confirmed by
// name.
type Glass struct {
	Reason text.Safe
	Until  time.Time
}

// BreakGlass lifts the policy's denials for 15 minutes: deny becomes name and
// nothing else becomes weaker. Read-only, environments with break_glass:
// false and max_bulk stay as they are. The reason is journaled, now and with
// every change that is made until it ends; without a journal nothing is broken.
func (e *Engine) BreakGlass(reason string) (until time.Time, err error) {
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) < GlassReason {
		return time.Time{}, &core.Problem{
			Kind: core.Invalid, Summary: text.Sprintf("break-glass needs a reason of at least %d characters", GlassReason),
			Hint: text.Lit("it is journaled: an incident number, who asked for it"),
		}
	}
	if e.o.Gate.ReadOnly() {
		return time.Time{}, &core.Problem{
			Kind: core.Refused, Cause: core.ErrReadOnly, Summary: text.Lit("break-glass does not lift read-only mode"),
			Hint: text.Lit("start without --read-only to change things"),
		}
	}
	g := Glass{Reason: text.Clean(reason), Until: e.o.Clock().Add(GlassTime)}
	r := e.newRecord(newID(), journal.BreakGlass, core.Ref{})
	r.Glass = g.journal()
	if err := e.append(r); err != nil {
		return time.Time{}, noJournal(err)
	}
	e.mu.Lock()
	e.glass = g
	e.mu.Unlock()
	e.wake()
	return g.Until, nil
}

// Glass is the emergency that is on; false: there is none.
func (e *Engine) Glass() (Glass, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.glassNow()
}

func (e *Engine) glassNow() (Glass, bool) {
	if e.glass.Until.IsZero() {
		return Glass{}, false
	}
	// By the wall clock too: the other one stands still while a laptop sleeps.
	now := e.o.Clock()
	if !now.Before(e.glass.Until) || !now.Round(0).Before(e.glass.Until.Round(0)) {
		return Glass{}, false
	}
	return e.glass, true
}

// EndGlass puts the policy back at once.
func (e *Engine) EndGlass() {
	e.mu.Lock()
	g, on := e.glassNow()
	e.glass = Glass{}
	e.mu.Unlock()
	if !on {
		return
	}
	r := e.newRecord(newID(), journal.EndGlass, core.Ref{})
	r.Glass = &journal.Glass{Reason: g.Reason.String(), Until: e.o.Clock().UTC().Truncate(time.Microsecond)}
	_ = e.append(r) // it ends all the same: its end by the clock is in the journal
	e.wake()
}

func (g Glass) journal() *journal.Glass {
	return &journal.Glass{Reason: g.Reason.String(), Until: g.Until.UTC().Truncate(time.Microsecond)}
}
