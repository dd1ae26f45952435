package testkit

import (
	"errors"
	"testing"
	"time"
)

// pollEvery is short against what tests wait for and long against the cost of looking.
const pollEvery = 10 * time.Millisecond

// Poll calls f until it returns nil and fails the test with f's last error when
// timeout is over first.
func Poll(tb testing.TB, timeout time.Duration, f func() error) {
	tb.Helper()
	if err := poll(timeout, f); err != nil {
		tb.Fatalf("still after %v: %v", timeout, err)
	}
}

// PollTrue is [Poll] for a condition; what names it in the failure.
func PollTrue(tb testing.TB, timeout time.Duration, what string, f func() bool) {
	tb.Helper()
	Poll(tb, timeout, func() error {
		if f() {
			return nil
		}
		return errors.New("not so: " + what)
	})
}

func poll(timeout time.Duration, f func() error) error {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-deadline.C:
			return err
		case <-tick.C:
		}
	}
}
