package ci

import (
	"strconv"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Stage is how far something of several stages is.
type Stage struct {
	Done, Total int
	At          string // the stage that it is at, or ended in; raw
}

// mostStages keeps Done below the step of the cell's number.
const mostStages = 999

// Cell is the stage as a cell of a Stages column.
func (s Stage) Cell() core.Cell {
	total := min(max(s.Total, 0), mostStages)
	done := min(max(s.Done, 0), total)
	return core.Cell{Text: text.Clean(s.At), Num: float64(1000*total + done)}
}

// Short is a commit as it is drawn: its first seven digits.
func Short(commit string) string {
	if len(commit) > 7 {
		return commit[:7]
	}
	return commit
}

func word(s string) core.Cell { return core.Cell{Text: text.Clean(s)} }

// count is the cell of a number that a system may also write as a word; "": it
// is not known, and the cell stays empty.
func count(s string) core.Cell {
	if s == "" {
		return core.Cell{Num: -1}
	}
	n, _ := strconv.ParseFloat(s, 64)
	return core.Cell{Text: text.Clean(s), Num: n}
}

// whole is the cell of a number of at least 1; 0: it is not known, and the cell
// stays empty.
func whole(n int) core.Cell {
	if n == 0 {
		return core.Cell{Num: -1}
	}
	return core.Cell{Text: text.Int(n), Num: float64(n)}
}

func yes(is bool) core.Cell {
	if is {
		return core.Cell{Text: text.Lit("yes")}
	}
	return core.Cell{}
}

func age(t time.Time) core.Cell {
	if t.IsZero() {
		return core.Cell{}
	}
	return core.Cell{Num: float64(t.Unix())}
}

// span is how long something took, or has taken until seen.
func span(started, ended, seen time.Time) core.Cell {
	if ended.IsZero() {
		ended = seen
	}
	if started.IsZero() || !ended.After(started) {
		return core.Cell{}
	}
	return core.Cell{Num: ended.Sub(started).Truncate(time.Second).Seconds()}
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func latest(of ...time.Time) time.Time {
	var out time.Time
	for _, t := range of {
		if t.After(out) {
			out = t
		}
	}
	return out
}
