package gitlab_test

import (
	"context"
	"testing"
	"time"

	"devops-tui/test/sim/gitlab"
)

func TestPlayBringsPipelinesToTheirEnd(t *testing.T) {
	w := gitlab.New(gitlab.Options{})
	w.Fill()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go w.Play(ctx, 1000)
	end := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	seen := map[string]bool{}
	for !seen["success"] && !seen["manual"] || !seen["failed"] || len(seen) < 3 || len(w.Pipelines("acme/shop")) < 7 {
		for _, id := range w.Pipelines("acme/shop") {
			seen[w.Status(id)] = true
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("seen: %v", seen)
		}
	}
}
