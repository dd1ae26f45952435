package core

import "devops-tui/internal/text"

// Finding is one line of doctor: what was looked for, what was found, and the
// command that fixes it.
type Finding struct {
	Source string // source id
	Scope  string // "" when the finding is about the source as a whole
	Level  FindingLevel
	Text   text.Safe
	Fix    text.Safe // a command or a setting; may be empty
}

// FindingLevel says how a finding reads.
type FindingLevel uint8

// The levels of a finding.
const (
	FindingOK FindingLevel = iota
	FindingInfo
	FindingMissing
	FindingProblem
)

// String is the level's name in JSON.
func (l FindingLevel) String() string { return [...]string{"ok", "info", "missing", "problem"}[l] }
