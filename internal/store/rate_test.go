package store

import (
	"testing"
	"testing/synctest"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// What a log had before it was opened is not its rate; what comes is.
func TestRateLeavesTheBacklogOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(0, 0, nil)
		lines := func(n int, every time.Duration, until time.Time) []core.Line {
			out := make([]core.Line, n)
			for i := range out {
				out[i] = core.Line{Time: until.Add(-time.Duration(n-1-i) * every).UnixNano(), Text: text.CleanLine("x")}
			}
			return out
		}
		skewed := time.Now().Add(-10 * time.Minute) // the system's clock is behind
		l.Lines(lines(500, time.Second, skewed))
		if v := l.View(); v.Rate > 4 {
			t.Errorf("%.0f lines/s from a backlog of one a second", v.Rate)
		}
		for range 10 {
			time.Sleep(time.Second)
			skewed = skewed.Add(time.Second)
			l.Lines(lines(20, 50*time.Millisecond, skewed))
		}
		if v := l.View(); v.Rate < 15 || v.Rate > 25 {
			t.Errorf("%.0f lines/s, want about 20", v.Rate)
		}
	})
}
