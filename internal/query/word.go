package query

import (
	"devops-tui/internal/core"
)

// word is a set of plain words that mean something for the runs of pipelines beside
// the letters that they are made of: each system has its own words for how a run
// is, and a user wants one for all of them.
type word uint8

const (
	wordNone    word = 0
	wordMine    word = 1 << iota // the user's own: by a column of that name
	wordFailed                   // of the phase
	wordRunning                  // going on, by whatever name
	wordWaiting                  // for a human
)

// wordsOf are the words that hold for lists of these columns.
func wordsOf(columns []core.Column) map[string]word {
	out := map[string]word{}
	for _, c := range columns {
		switch {
		case c.ID == "mine":
			out["mine"] = wordMine
		case c.Type == core.Stages:
			out["failed"], out["running"], out["waiting"] = wordFailed, wordRunning, wordWaiting
		}
	}
	return out
}

// idle are the systems' words for what is on its way but does not go on.
var idle = map[string]bool{
	"queued": true, "pending": true, "waiting": true, "requested": true, "created": true, "scheduled": true, "manual": true,
	"waiting_for_resource": true, "preparing": true, "paused": true,
}

// holds reports whether one of the words holds for the row.
func (w word) holds(r *row) bool {
	waits := r.r.Facts != nil && len(r.r.Facts.Waits) > 0
	if w&wordMine != 0 {
		if _, cell := r.column("mine"); cell != nil && !cell.Text.Empty() {
			return true
		}
	}
	return w&wordFailed != 0 && r.r.Phase == core.Failed ||
		w&wordWaiting != 0 && waits ||
		w&wordRunning != 0 && r.r.Phase == core.Pending && !waits && !idle[lowerWord(r.r.Reason.String())]
}

// lowerWord is a system's word in lower case; they are ASCII.
func lowerWord(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lowerASCII(b[i])
	}
	return string(b)
}
