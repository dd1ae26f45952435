package core

import (
	"time"

	"devops-tui/internal/text"
)

// State is what is known of a source instance.
type State uint8

// The states.
const (
	Connecting State = iota // no answer yet
	Live
	Stale // the last answer is older than the probe allows; rows are kept and dimmed
	Down  // Run ended with an error and is being retried
)

// String is the state's name in JSON.
func (s State) String() string { return [...]string{"connecting", "live", "stale", "down"}[s] }

// Health is the state of one source instance.
type Health struct {
	Instance Instance
	State    State
	LastSeen time.Time     // the last sign of life; zero if none
	Problem  *Problem      // why it is not live; nil if it is
	Version  text.Safe     // of the server: "Docker 28.2.2", "v1.36.3"
	Skew     time.Duration // server clock minus ours, when known and over 1 s
	Restarts int           // how often Run was started again
}

// ProblemKind classes an error by what the user can do about it.
type ProblemKind uint8

// The problem kinds.
const (
	Internal     ProblemKind = iota // our bug
	Unreachable                     // no connection, time-out
	Unauthorized                    // who are you
	Forbidden                       // you may not
	NotFound                        // no such object
	Conflict                        // changed meanwhile
	Unsupported                     // the system cannot do that
	Invalid                         // what was asked makes no sense
	Throttled                       // later
	Refused                         // policy or read-only said no
)

// String is the problem kind's name in JSON.
func (k ProblemKind) String() string {
	return [...]string{"internal", "unreachable", "unauthorized", "forbidden", "not-found", "conflict", "unsupported", "invalid", "throttled", "refused"}[k]
}

// Problem is an error as a user sees it: what went wrong and what to do next.
// A source maps its SDK's errors to a Problem in one place.
type Problem struct {
	Kind    ProblemKind
	Summary text.Safe // one line: "cannot list pods in payments: forbidden"
	Hint    text.Safe // what to do next: a command, a setting; may be empty
	Cause   error     // for the log; never drawn
}

// Error makes Problem an error.
func (p *Problem) Error() string {
	if p.Hint.Empty() {
		return p.Summary.String()
	}
	return p.Summary.String() + " (" + p.Hint.String() + ")"
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }
