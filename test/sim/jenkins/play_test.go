package jenkins

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestPlay: a world that lives by itself has builds that end well, badly and wait.
func TestPlay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(Options{})
		w.Fill()
		queued := w.Freestyle("plain").Enqueue(Start{By: "kim"}, "")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Play(ctx, 1) }()
		time.Sleep(20 * time.Minute)
		cancel()
		<-done
		results := map[string]int{}
		w.mu.Lock()
		for _, it := range w.reach("acme/shop", multibranch).items {
			for _, b := range it.job.builds {
				results[b.result]++
			}
		}
		left := queued.left
		w.mu.Unlock()
		if results["SUCCESS"] < 5 || results["FAILURE"] < 3 || left == nil {
			t.Errorf("%v, queued item: %v", results, left)
		}
	})
}
