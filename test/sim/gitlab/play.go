package gitlab

import (
	"context"
	"fmt"
	"time"
)

// Fill adds two projects with pipelines that have ended, failed and wait, for a
// server that is looked at by hand.
func (w *World) Fill() {
	jobs := []JobSpec{
		{Name: "build", Stage: "build"},
		{Name: "unit", Stage: "test"},
		{Name: "lint", Stage: "test", AllowFailure: true},
		{Name: "staging", Stage: "staging", Environment: "staging"},
		{Name: "production", Stage: "production", Manual: true, Environment: "production"},
	}
	for i, path := range []string{"acme/shop", "acme/platform/search"} {
		p := w.AddProject(path)
		p.CIYAML = "variables:\n  TARGET:\n    description: Where it is deployed to\n    value: eu\n    options: [eu, us]\n  DRY_RUN:\n    description: Only say what would be done\n    value: \"false\"\n"
		w.Environment(path, "staging", "https://staging.example.com")
		w.Environment(path, "production", "https://example.com")
		if i == 0 {
			w.Block(path, "production", 1)
		}
		for k, end := range []string{"success", "success", "failed", "success"} {
			id := w.Push(path, Spec{Title: titles[(i+k)%len(titles)], Jobs: jobs})
			w.Finish(id, end)
			w.Age(id, time.Duration(5-k)*time.Hour)
		}
		w.Push(path, Spec{Title: titles[(i+4)%len(titles)], Jobs: jobs})
	}
}

var titles = []string{"Sell bread", "Round prices once", "Ask the cache first", "Retry the payment", "Name the index"}

// Play lets pipelines go on by themselves until ctx ends: jobs are taken, say
// something and end, one in nine badly, and a new commit comes now and then.
// speed 1 is a second a step. What waits for a human waits.
func (w *World) Play(ctx context.Context, speed float64) {
	if speed <= 0 {
		speed = 1
	}
	tick := time.NewTicker(max(time.Duration(float64(time.Second)/speed), 5*time.Millisecond))
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.step(n)
	}
}

func (w *World) step(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, p := range w.projects {
		going := false
		for _, pl := range p.pipelines {
			for _, j := range pl.jobs {
				if j.spec.Trigger != nil {
					continue
				}
				going = going || j.status == "pending" || j.status == "running"
				w.play(j, n)
			}
		}
		if last := len(p.pipelines) - 1; !going && last >= 0 && (n+7*i)%25 == 0 {
			w.begin(p, Spec{Title: titles[n%len(titles)], Jobs: p.pipelines[last].spec.Jobs})
		}
	}
}

// play moves one job on.
func (w *World) play(j *job, n int) {
	say := func(format string, args ...any) {
		j.trace, j.traced = append(j.trace, fmt.Sprintf(format, args...)...), true
	}
	switch j.status {
	case "pending":
		if n%2 == 0 {
			w.move(j, "running", "")
			say("Running with gitlab-runner 18.5.0\nsection_start:%d:step_script\r\x1b[0K\x1b[36;1mExecuting \"step_script\" stage of the job script\x1b[0;m\n\x1b[32;1m$ make %s\x1b[0;m\n", w.now().Unix(), j.spec.Name)
		}
	case "running":
		say("%s: part %d is done\n", j.spec.Name, n)
		if (n+j.id)%7 != 0 {
			return
		}
		status, failure := "success", ""
		if j.id%9 == 0 {
			status, failure = "failed", "script_failure"
			say("\x1b[31merror: %s: expected 3, got 4\x1b[0m\n", j.spec.Name)
		}
		say("section_end:%d:step_script\r\x1b[0K\n", w.now().Unix())
		if failure != "" {
			say("\x1b[31;1mERROR: Job failed: exit code 1\x1b[0;m\n")
		} else {
			say("\x1b[32;1mJob succeeded\x1b[0;m\n")
		}
		w.move(j, status, failure)
	}
}
