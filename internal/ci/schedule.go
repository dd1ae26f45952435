package ci

import (
	"time"
)

// Class is how much somebody wants to know of a thing.
type Class uint8

// The classes, and how often what they hold is asked for.
const (
	Idle    Class = iota // nobody looks: every 60 s, and up to 300 s while nothing changes
	Wanted               // its list is in sight: every 20 s
	Watched              // it is in sight and goes on: every 4 s
)

// The times between two questions.
const (
	watchedEvery = 4 * time.Second
	wantedEvery  = 20 * time.Second
	idleEvery    = 60 * time.Second
	idleMost     = 300 * time.Second
)

// Schedule tells what to ask for next. Due times lie apart by class, are never
// later than the class allows, and are spread a little so that many things do
// not come due at once. What is due longest comes first, so that nothing
// starves. It is not safe for use by several goroutines, has no clock of its
// own, and starts nothing.
type Schedule[K comparable] struct {
	of  map[K]*slot
	seq uint64 // of slots and of spreads
}

type slot struct {
	class Class
	due   time.Time
	held  time.Time // not before, whoever wants it
	quiet int       // answers without news in a row
	order uint64
}

// NewSchedule makes an empty schedule.
func NewSchedule[K comparable]() *Schedule[K] { return &Schedule[K]{of: map[K]*slot{}} }

// Set puts key into a class; a new key is due at once, and one that somebody
// wants more than before is due as early as its new class says.
func (s *Schedule[K]) Set(key K, class Class, now time.Time) {
	x := s.of[key]
	if x == nil {
		s.seq++
		s.of[key] = &slot{class: class, due: now, order: s.seq}
		return
	}
	if x.class == class {
		return
	}
	if class > x.class {
		x.quiet = 0
		if early := now.Add(s.spread(every(class, 0)) / 2); early.Before(x.due) {
			x.due = early
		}
	}
	x.class = class
}

// Remove forgets key.
func (s *Schedule[K]) Remove(key K) { delete(s.of, key) }

// Keep forgets every key that keep does not want.
func (s *Schedule[K]) Keep(keep func(K) bool) {
	for k := range s.of {
		if !keep(k) {
			delete(s.of, k)
		}
	}
}

// Now makes key due at once: something changed it, or a user asked. What is held
// stays held.
func (s *Schedule[K]) Now(key K, now time.Time) {
	if x := s.of[key]; x != nil && x.due.After(now) {
		x.due, x.quiet = now, 0
	}
}

// Wake makes everything due at once.
func (s *Schedule[K]) Wake(now time.Time) {
	for k := range s.of {
		s.Now(k, now)
	}
}

// Next is the key that is due first, and when; ok is false when there is none.
func (s *Schedule[K]) Next() (key K, due time.Time, ok bool) {
	var best *slot
	for k, x := range s.of {
		at := x.at()
		if best == nil || at.Before(due) || at.Equal(due) && (x.class > best.class || x.class == best.class && x.order < best.order) {
			key, due, best = k, at, x
		}
	}
	return key, due, best != nil
}

func (x *slot) at() time.Time {
	if x.held.After(x.due) {
		return x.held
	}
	return x.due
}

// Done notes that key was asked for at now; news says whether the answer differed
// from the one before.
func (s *Schedule[K]) Done(key K, news bool, now time.Time) {
	x := s.of[key]
	if x == nil {
		return
	}
	if news {
		x.quiet = 0
	} else {
		x.quiet++
	}
	s.seq++
	x.order, x.held = s.seq, time.Time{}
	x.due = now.Add(s.spread(every(x.class, x.quiet)))
}

// Hold notes that key was asked for and refused: it is not due before until, and
// not before its class says.
func (s *Schedule[K]) Hold(key K, until, now time.Time) {
	s.Done(key, false, now)
	if x := s.of[key]; x != nil {
		x.held = until
	}
}

// every is how often a class is asked for, after quiet answers without news.
func every(c Class, quiet int) time.Duration {
	switch c {
	case Watched:
		return watchedEvery
	case Wanted:
		return wantedEvery
	}
	return min(idleEvery<<min(max(quiet-1, 0), 3), idleMost)
}

// spread shortens d by up to a tenth: things that began together drift apart,
// and none is later than its class allows.
func (s *Schedule[K]) spread(d time.Duration) time.Duration {
	s.seq++
	part := s.seq * 0x9e3779b97f4a7c15 >> 32 % 1000
	return d - d/10*time.Duration(part)/1000
}
