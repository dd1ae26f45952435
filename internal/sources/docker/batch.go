package docker

import (
	"sync"
	"time"

	"devops-tui/internal/core"
)

// A batch goes out when it has batchLines or is batchWait old; the first line
// after a pause goes at once.
const (
	batchLines = 512
	batchWait  = 20 * time.Millisecond
)

// batcher gathers the lines of one Tail for its sink. It keeps their order.
type batcher struct {
	sink core.LogSink

	mu    sync.Mutex
	lines []core.Line
	last  time.Time // of the last flush
	timer *time.Timer
	over  bool
}

func newBatcher(sink core.LogSink) *batcher { return &batcher{sink: sink} }

// add takes a line. more says that another one is already there to be read.
func (b *batcher) add(l core.Line, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return
	}
	if b.lines == nil {
		b.lines = make([]core.Line, 0, 64)
	}
	b.lines = append(b.lines, l)
	switch {
	case len(b.lines) >= batchLines:
		b.flush()
	case len(b.lines) > 1 && b.timer != nil:
	case !more && time.Since(b.last) >= batchWait:
		b.flush()
	default:
		b.timer = time.AfterFunc(batchWait, func() { core.Go("docker log batch", b.late) })
	}
}

func (b *batcher) late() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.flush()
	}
}

// flush is called with the lock: Lines never blocks.
func (b *batcher) flush() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if len(b.lines) == 0 {
		return
	}
	lines := b.lines
	b.lines = nil
	b.last = time.Now()
	b.sink.Lines(lines)
}

// close hands out what is left; nothing follows.
func (b *batcher) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flush()
	b.over = true
}
