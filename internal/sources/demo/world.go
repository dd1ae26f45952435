package demo

import (
	"container/heap"
	"math/rand/v2"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// lived is how much story has already happened when a world begins.
const lived = 66 * time.Minute

// world is everything there is. All fields are guarded by mu; whoever looks at
// the world takes it by lock, so that nobody sees one that lags behind the clock.
type world struct {
	mu     sync.Mutex
	clock  func() time.Time
	speed  float64
	seed   uint64
	gate   *sources.Gate
	chance *rand.Rand // used by events only, which are ordered: hence the same for the same seed

	now   time.Time // the instant the world has been played up to
	begun time.Time // when New was called: the stories are aligned to it
	made  bool
	queue queue
	order uint64 // of events at the same instant

	places    map[string]*place
	services  []*service
	incidents []*incident
	runSeq    map[string]int // last run number of each service's workflow: "api/ci"
}

func newWorld(o Options) *world {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.Gate == nil {
		o.Gate = &sources.Gate{}
	}
	w := &world{
		clock: o.Now, speed: o.Speed, seed: o.Seed, gate: o.Gate,
		chance: rand.New(rand.NewPCG(o.Seed, 0x64656d6f)),
		places: map[string]*place{}, runSeq: map[string]int{},
	}
	w.begun = o.Now()
	w.now = w.begun.Add(-w.story(lived))
	w.services = cast()
	for _, scope := range []string{Prod, Staging, Laptop} {
		w.places[scope] = &place{w: w, scope: scope, tables: map[string]map[core.Ref]object{}, past: map[object]*archive{}}
	}
	return w
}

// lock takes mu and brings the world up to the clock. The first time it makes
// the world: a program that only looks for sources does not pay for it.
func (w *world) lock() {
	w.mu.Lock()
	if !w.made {
		w.made = true
		w.furnish()
		w.tell()
	}
	w.play()
}

// play runs all events that are due.
func (w *world) play() {
	now := w.clock()
	for len(w.queue) > 0 && !w.queue[0].at.After(now) {
		e := heap.Pop(&w.queue).(event)
		if e.at.After(w.now) {
			w.now = e.at
		}
		e.do()
	}
	if now.After(w.now) {
		w.now = now
	}
}

// story converts a span of the story into real time.
func (w *world) story(d time.Duration) time.Duration {
	return time.Duration(float64(d) / w.speed)
}

// after lets do happen when d of the story has passed. Every event is at least
// a millisecond away, so that no chain of events can stop the clock.
func (w *world) after(d time.Duration, do func()) {
	w.order++
	heap.Push(&w.queue, event{w.now.Add(max(w.story(d), time.Millisecond)), w.order, do})
}

// every repeats do for ever.
func (w *world) every(d time.Duration, do func()) {
	w.after(d, func() {
		do()
		w.every(d, do)
	})
}

// next is when the next event is due.
func (w *world) next() time.Time {
	if len(w.queue) == 0 {
		return w.now.Add(time.Hour)
	}
	return w.queue[0].at
}

// event is something that will happen.
type event struct {
	at    time.Time
	order uint64
	do    func()
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].order < q[j].order
	}
	return q[i].at.Before(q[j].at)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return e
}
