package github

import (
	"context"
	"time"
)

// Play lets the runs progress by themselves until ctx ends: every open run
// goes one step further each three seconds divided by speed, and a repository
// with nothing open gets a new commit now and then.
func (w *World) Play(ctx context.Context, speed float64) {
	if speed <= 0 {
		speed = 1
	}
	tick := time.NewTicker(max(time.Duration(float64(3*time.Second)/speed), 10*time.Millisecond))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.mu.Lock()
		repos := append([]*Repository(nil), w.order...)
		w.mu.Unlock()
		for i, r := range repos {
			open := 0
			for _, run := range r.Runs() {
				if status, _ := run.Status(); status != "completed" {
					run.Advance()
					open++
				}
			}
			if open == 0 && (n+i)%20 == 0 {
				r.push(n)
			}
		}
	}
}

func (r *Repository) push(n int) {
	titles := []string{"Fix the sum of a basket", "Read the price from the table", "Retry when the queue is full", "Say what is missing"}
	sha := r.Commit("main", titles[n%len(titles)], "kim")
	r.w.mu.Lock()
	var file string
	if len(r.workflows) > 0 {
		file = r.workflows[n%len(r.workflows)].Path
	}
	r.w.mu.Unlock()
	if file != "" {
		r.Start(Spec{Workflow: file, SHA: sha})
	}
}
