package docker

import (
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// transfer is how far a copy is. One goroutine tells it.
type transfer struct {
	total int64 // bytes expected; 0: not known
	out   core.Output

	bytes int64
	told  time.Time
}

// moved tells the progress, not more often than can be seen.
func (t *transfer) moved(n int, _ string) {
	t.bytes += int64(n)
	if time.Since(t.told) > 100*time.Millisecond {
		t.told = time.Now()
		t.out.Progress(copied(t.bytes, t.total))
	}
}

// copied is the progress in bytes.
func copied(n, total int64) core.Progress {
	if total <= 0 {
		return core.Progress{Text: text.Sprintf("%s copied", text.Bytes(float64(n)))}
	}
	n = min(n, total) // a file may grow while it is read
	return core.Progress{Done: int(n), Total: int(total), Text: text.Sprintf("%s of %s", text.Bytes(float64(n)), text.Bytes(float64(total)))}
}
