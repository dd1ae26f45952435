package core

import "fmt"

// Phase is the state of an object in the words that mean the same in every
// system (docs: cli.md "Phases"). The system's own word is Resource.Reason.
type Phase uint8

// The phases.
const (
	Unknown   Phase = iota // cannot be told
	Pending                // on its way: scheduling, pulling, rolling out, queued
	Running                // doing what it should
	Succeeded              // ended well
	Degraded               // works in part
	Failed                 // needs a human
)

var phaseNames = [...]string{"unknown", "pending", "running", "succeeded", "degraded", "failed"}

// String is the phase's name in the command line's JSON.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return fmt.Sprintf("phase(%d)", p)
}

// MarshalText writes the name.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the name.
func (p *Phase) UnmarshalText(b []byte) error {
	for i, n := range phaseNames {
		if n == string(b) {
			*p = Phase(i)
			return nil
		}
	}
	return fmt.Errorf("unknown phase %q", b)
}

// Trouble ranks phases for "trouble first": larger needs a human sooner.
// failed 4, degraded 3, pending 2, unknown 1, running and succeeded 0.
func (p Phase) Trouble() int {
	switch p {
	case Failed:
		return 4
	case Degraded:
		return 3
	case Pending:
		return 2
	case Unknown:
		return 1
	default:
		return 0
	}
}

// IsProblem reports whether "problems only" keeps the phase.
func (p Phase) IsProblem() bool { return p == Failed || p == Degraded }
