package core

import (
	"context"
	"io"
	"strconv"
	"time"

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

	// From is the object that was asked for, when the change is of another one:
	// the pod whose workload is restarted. Zero: Target.
	From Ref
	// Also are further places that change, where Target does not tell: the
	// environment that a run deploys to, the namespace that an application fills.
	// The strictest policy of all of them holds.
	Also []Ref
	// Inverse is how the change is taken back; nil: it cannot be, and UndoHint
	// says why.
	Inverse *Inverse
}

// FieldChange is one readable before and after.
type FieldChange struct{ Field, Before, After text.Safe }

// Inverse is what takes a change back, as data: the journal keeps it, so that
// a later session can undo too. Undo plans Verb for Target afresh; the
// user sees and confirms that plan like any other.
type Inverse struct {
	Verb   string
	Target Ref               // without UID; zero: the place of the plan's target
	Params map[string]string // of the verb; no secrets: they are in the journal
	// Saved is a definition that is put back (VerbRestore). It is kept in a
	// private file beside the journal, never in it.
	Saved []byte
}

// Operation is a plan bound to what carries it out. A change has Execute and
// Verify; an interactive session (a shell) has Session instead, and what runs
// until the user ends it (a port-forward) has Serve instead.
type Operation struct {
	Plan Plan
	// Execute re-checks Target's UID and sends the change exactly once, after
	// the journal has the intent. It may say how it goes. An error that is
	// ErrOutcomeUnknown means that the request may have arrived.
	Execute func(ctx context.Context, out Output) error
	// Verify follows until the target is healthy, failed, or ctx ends. It sends
	// no change and may be called again.
	Verify func(ctx context.Context, report func(Progress)) (Outcome, error)
	// Session talks to a terminal until it ends. Its error is nil when the
	// program at the other side ended by itself, whatever its exit code:
	// *ExitError then tells the code.
	Session func(ctx context.Context, t Terminal) error
	// Serve runs until ctx ends (nil) or it cannot go on. It heals by itself.
	Serve func(ctx context.Context, out Output) error
	// The limits of Execute and Verify where the engine's do not fit; 0: they do.
	SendLimit, VerifyLimit time.Duration
}

// Output takes what a change says while it goes on. Its methods never block
// and may be called from several goroutines.
type Output interface {
	Progress(Progress)
	Line(text.Line) // of a program's output: "compose up"
}

// Terminal is what an interactive session talks to.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer // Err is Out on a real terminal
	TTY      bool      // In and Out are a terminal in raw mode
	// Size is the terminal's now, in cells; Resized fires when it has changed.
	// Both may be nil without a TTY.
	Size    func() (width, height int)
	Resized <-chan struct{}
}

// ExitError is a program of a session that ended with a code other than 0.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return "exit code " + strconv.Itoa(e.Code) }

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
