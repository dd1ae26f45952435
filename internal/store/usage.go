package store

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"devops-tui/internal/core"
)

// How many samples are kept of an object: enough for a sparkline, or, for
// objects that are or were in focus, 15 minutes at one a second. 10,000 pods cost 60*12 bytes each.
const (
	shortHistory = 60
	longHistory  = 900
)

// kept are the measures that have a history, in the order of sample.values.
var kept = [...]core.Measure{core.CPUUsed, core.MemUsed, core.NetRx, core.NetTx, core.BlockRead, core.BlockWrite, core.RequestRate, core.ErrorRate, core.LatencyP95}

type usageTable struct {
	mu      sync.RWMutex
	objects map[core.Ref]*usageRing
	focus   map[core.Ref]bool
	version atomic.Uint64
}

// usageRing is the newest sample and a ring per measure that was ever known.
type usageRing struct {
	last   core.Usage
	came   int64 // Unix nanoseconds of the last sample by our clock
	at     []int64
	values [len(kept)][]float32 // nil: never measured
	next   int                  // where the next sample goes once the ring is full
	max    int
}

func newUsageTable() *usageTable {
	return &usageTable{objects: map[core.Ref]*usageRing{}, focus: map[core.Ref]bool{}}
}

func (u *usageTable) setFocus(refs []core.Ref) {
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.focus)
	for _, r := range refs {
		u.focus[r] = true
		if ring := u.objects[r]; ring != nil {
			ring.grow()
		}
	}
}

func (u *usageTable) add(samples []core.Usage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now().UnixNano()
	for i := range samples {
		s := &samples[i]
		r := u.objects[s.Ref]
		if r == nil {
			if len(u.objects)%1024 == 1023 {
				u.forget(now)
			}
			r = &usageRing{max: shortHistory}
			u.objects[s.Ref] = r
		}
		r.came = now
		if u.focus[s.Ref] {
			r.grow()
		}
		r.add(s)
	}
	u.version.Add(1)
}

// forget drops objects without a sample for 10 minutes by our clock: those of
// the systems differ.
func (u *usageTable) forget(now int64) {
	for ref, r := range u.objects {
		if now-r.came > 600e9 {
			delete(u.objects, ref)
		}
	}
}

// grow unrolls the ring and lets it get long.
func (r *usageRing) grow() {
	if r.max == longHistory {
		return
	}
	r.rotate()
	r.max = longHistory
}

// rotate puts the oldest sample first.
func (r *usageRing) rotate() {
	if r.next == 0 {
		return
	}
	r.at = append(append([]int64(nil), r.at[r.next:]...), r.at[:r.next]...)
	for m, v := range r.values {
		if v != nil {
			r.values[m] = append(append([]float32(nil), v[r.next:]...), v[:r.next]...)
		}
	}
	r.next = 0
}

// clockStep is by how much a sample must be older than the newest one to mean
// that the system's clock was set back, and not that it was overtaken.
const clockStep = int64(time.Minute)

func (r *usageRing) add(s *core.Usage) {
	if len(r.at) > 0 {
		switch back := r.last.At - s.At; {
		case back >= clockStep: // history in two clocks would not be in order
			r.at, r.values, r.next = nil, [len(kept)][]float32{}, 0
		case back > 0:
			return
		case back == 0:
			r.last = *s // the same sample again, or limits that changed
			return
		}
	}
	r.last = *s
	full := len(r.at) >= r.max
	if full {
		r.at[r.next] = s.At
	} else {
		r.at = append(r.at, s.At)
	}
	for i, m := range kept {
		v := s.Values[m]
		if r.values[i] == nil {
			if math.IsNaN(v) || (v == 0 && m != core.CPUUsed && m != core.MemUsed) {
				continue
			}
			r.values[i] = make([]float32, len(r.at)-1, len(r.at)+8)
			for j := range r.values[i] {
				r.values[i][j] = float32(math.NaN())
			}
			if full {
				r.values[i] = append(r.values[i], float32(math.NaN()))
			}
		}
		if full {
			r.values[i][r.next] = float32(v)
		} else {
			r.values[i] = append(r.values[i], float32(v))
		}
	}
	if full {
		r.next = (r.next + 1) % len(r.at)
	}
}

func (u *usageTable) last(ref core.Ref) *core.Usage {
	u.mu.RLock()
	defer u.mu.RUnlock()
	if r := u.objects[ref]; r != nil {
		l := r.last
		return &l
	}
	return nil
}

func (u *usageTable) history(ref core.Ref, m core.Measure, since int64) []core.Point {
	u.mu.RLock()
	defer u.mu.RUnlock()
	r, i := u.objects[ref], keptIndex(m)
	if r == nil || i < 0 || r.values[i] == nil {
		return nil
	}
	out := make([]core.Point, 0, len(r.at))
	for j := range r.at {
		k := (r.next + j) % len(r.at)
		if r.at[k] >= since {
			out = append(out, core.Point{At: r.at[k], Value: float64(r.values[i][k])})
		}
	}
	return out
}

func (u *usageTable) recent(ref core.Ref, m core.Measure, count int) []float64 {
	u.mu.RLock()
	defer u.mu.RUnlock()
	r, i := u.objects[ref], keptIndex(m)
	if r == nil || i < 0 || r.values[i] == nil {
		return nil
	}
	n := min(count, len(r.at))
	out := make([]float64, n)
	for j := range out {
		out[j] = float64(r.values[i][(r.next+len(r.at)-n+j)%len(r.at)])
	}
	return out
}

func keptIndex(m core.Measure) int {
	for i, k := range kept {
		if k == m {
			return i
		}
	}
	return -1
}
