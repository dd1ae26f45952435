package app

import (
	"testing"
	"time"
)

// TestWhoseInterrupt: one ctrl+c in an editor arrives twice, the second time
// maybe when the editor has ended of the first.
func TestWhoseInterrupt(t *testing.T) {
	var l lending
	at := time.Unix(1e9, 0)
	for _, x := range []struct {
		name  string
		do    func()
		now   time.Time
		taken bool
	}{
		{"nobody had it", func() {}, at, false},
		{"an editor has it", l.begin, at.Add(time.Hour), true},
		{"it has just ended", func() { l.end(at.Add(time.Hour)) }, at.Add(time.Hour + interruptGrace/2), true},
		{"it ended long ago", func() {}, at.Add(time.Hour + interruptGrace), false},
		{"the next one has it", l.begin, at.Add(2 * time.Hour), true},
	} {
		x.do()
		if got := l.takesInterrupt(x.now); got != x.taken {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}
