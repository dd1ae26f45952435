package kube

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"devops-tui/internal/core"
)

// merger hands lines of several streams on in batches, ordered by time within
// each batch: what arrives within 20 ms is put in order, what comes later is
// not waited for.
type merger struct {
	sink core.LogSink

	mu      sync.Mutex
	pending []keyed
	origins map[*core.Origin]struct{}
	timer   *time.Timer
	closed  bool
}

// keyed is a line with what it is sorted by: the youngest time in its stream
// so far, so that sorting never changes the order within a stream.
type keyed struct {
	key  int64
	line core.Line
}

func newMerger(sink core.LogSink) *merger {
	return &merger{sink: sink, origins: map[*core.Origin]struct{}{}}
}

// add takes lines in the order of their stream.
func (m *merger) add(lines []core.Line, keys []int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for i, l := range lines {
		m.pending = append(m.pending, keyed{keys[i], l})
		m.origins[l.Origin] = struct{}{}
	}
	if len(m.pending) >= logBatch {
		m.flush()
		return
	}
	if m.timer == nil {
		m.timer = after(logFlush, "kube: log batch", func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if !m.closed {
				m.flush()
			}
		})
	}
}

// flush needs the lock.
func (m *merger) flush() {
	if m.timer != nil {
		m.timer.Stop()
		m.timer = nil
	}
	if len(m.pending) == 0 {
		return
	}
	if len(m.origins) > 1 {
		slices.SortStableFunc(m.pending, func(a, b keyed) int {
			switch {
			case a.key < b.key:
				return -1
			case a.key > b.key:
				return 1
			}
			return 0
		})
	}
	out := make([]core.Line, len(m.pending))
	for i := range m.pending {
		out[i] = m.pending[i].line
	}
	clear(m.pending)
	m.pending = m.pending[:0]
	clear(m.origins)
	m.sink.Lines(out)
}

func (m *merger) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flush()
	m.closed = true
}

// history reads what there is of all streams and merges it by time, without
// holding more than a few batches of each. The first error is returned if no
// stream could be read.
func (t *tail) history(ctx context.Context, streams []*stream) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var failure error
	failed := 0
	feeds := make([]*feed, len(streams))
	for i, st := range streams {
		f := &feed{ch: make(chan []keyed, 2)}
		feeds[i] = f
		core.Go("kube: log history", func() {
			defer close(f.ch)
			err := st.read(ctx, reading{previous: t.req.Previous, tail: t.req.Tail, since: t.req.Since, emit: func(lines []core.Line, keys []int64) {
				batch := make([]keyed, len(lines))
				for i := range lines {
					batch[i] = keyed{keys[i], lines[i]}
				}
				select {
				case f.ch <- batch:
				case <-ctx.Done():
				}
			}})
			st.began = err == nil || st.seq > 0
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
				if failure == nil {
					failure = err
				}
			}
		})
	}
	var h feedHeap
	for _, f := range feeds {
		if f.fill() {
			h = append(h, f)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		f := h[0]
		t.out.add([]core.Line{f.head[0].line}, []int64{f.head[0].key})
		f.head = f.head[1:]
		if f.fill() {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if failed == len(streams) && !t.req.Follow {
		return failure
	}
	return nil
}

// feed is a stream whose lines are merged.
type feed struct {
	ch   chan []keyed
	head []keyed
}

// fill makes sure that there is a head; false at the end.
func (f *feed) fill() bool {
	for len(f.head) == 0 {
		batch, ok := <-f.ch
		if !ok {
			return false
		}
		f.head = batch
	}
	return true
}

type feedHeap []*feed

func (h feedHeap) Len() int           { return len(h) }
func (h feedHeap) Less(i, j int) bool { return h[i].head[0].key < h[j].head[0].key }
func (h feedHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *feedHeap) Push(x any)        { *h = append(*h, x.(*feed)) }
func (h *feedHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
