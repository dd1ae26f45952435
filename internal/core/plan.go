package core

import (
	"context"

	"devops-tui/internal/text"
)

// Plan is what a change would do, for a human to read before it is done.
// It is data only; Operation carries the means.
type Plan struct {
	Verb     string // "restart"
	Target   Ref    // with the UID that was seen
	Rev      string // the revision that was seen; Execute re-checks it where the verb depends on it
	Title    text.Safe
	Changes  []FieldChange
	Diff     []text.Line // unified diff of a server-side dry run; nil if there is none
	Impact   []text.Safe // what it touches: "6 pods, maxUnavailable 25%"
	Warnings []text.Safe // who else owns the object, what fights the change
	Preview  text.Safe   // "" when the server dry-ran it; else why there is no preview
	Blind    bool        // the system has a dry run, but it was refused or failed: Preview says why, and the confirmation is one step stronger
	Command  text.Safe   // the equivalent command line
	UndoHint text.Safe   // how it can be undone, or "cannot be undone: …"
	Danger   int         // 0 harmless, 1 interrupts, 2 loses data or state
}

// FieldChange is one readable before and after.
type FieldChange struct{ Field, Before, After text.Safe }

// Operation is a plan bound to what carries it out. Execute is called at most
// once, after the journal has the intent; Verify may be called again.
type Operation struct {
	Plan Plan
	// Execute re-checks Target's UID and sends the change exactly once. An
	// error that is ErrOutcomeUnknown means that the request may have arrived.
	Execute func(ctx context.Context) error
	// Verify follows until the target is healthy, failed, or ctx ends.
	Verify func(ctx context.Context, report func(Progress)) (Outcome, error)
	// Undo plans the inverse; nil when there is none.
	Undo func(ctx context.Context) (*Operation, error)
}

// Progress is one step of a Verify.
type Progress struct {
	Done, Total int // 0 Total: not countable
	Text        text.Safe
}

// Outcome is how a change ended.
type Outcome uint8

// The outcomes.
const (
	OutcomeUnknown Outcome = iota
	OutcomeHealthy         // verified
	OutcomeFailed          // carried out, but the target did not become healthy
	OutcomeRefused         // not carried out
)

// String is the outcome's name in JSON and the journal.
func (o Outcome) String() string { return [...]string{"unknown", "healthy", "failed", "refused"}[o] }

type sentinel string

func (s sentinel) Error() string { return string(s) }

// ErrOutcomeUnknown: the request was sent and no answer came; read back, never retry.
const ErrOutcomeUnknown = sentinel("outcome unknown: the request was sent, no answer came")

// ErrReadOnly is returned by the transport for every request that would change something while read-only.
const ErrReadOnly = sentinel("read-only: the request was not sent")
