package testkit

import (
	"sync"
	"time"
)

// Clock is a clock that moves when told; its Now goes where time.Now would.
// For code that sleeps or uses timers, testing/synctest is the better one.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at the given time; zero means a fixed one, the same for every test.
func NewClock(start time.Time) *Clock {
	if start.IsZero() {
		start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	}
	return &Clock{now: start}
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock and returns its new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
