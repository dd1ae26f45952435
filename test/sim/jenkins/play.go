package jenkins

import (
	"context"
	"crypto/sha1" //nolint:gosec // the names of commits
	"fmt"
	"time"
)

var titles = []string{"Sell bread", "Round prices once", "Ask the cache first", "Retry the payment", "Name the index"}

// Fill adds jobs with builds that have ended, failed and wait, for a controller
// that is looked at by hand.
func (w *World) Fill() {
	w.Multibranch("acme/shop")
	for i, branch := range []string{"main", "feature/login"} {
		j := w.Branch("acme/shop", branch)
		j.Repo, j.Usual = "https://github.com/acme/shop.git", 60_000
		for k, end := range []string{"SUCCESS", "FAILURE", "SUCCESS", "UNSTABLE"} {
			b := w.begin(j, i+k, time.Duration(6-k)*time.Hour)
			b.Log("make: all\n")
			b.Stage("Test")
			if end == "FAILURE" {
				b.Log("--- FAIL: TestCart (0.01s)\n    cart_test.go:12: got 3, want 4\n")
				b.Fail("script returned exit code 1")
			}
			b.End(end)
			b.lasted(time.Duration(40+10*k) * time.Second)
		}
	}
	deploy := w.Pipeline("acme/deploy",
		Param{Name: "VERSION", Kind: String, Default: "1.0.0", Help: "What is brought"},
		Param{Name: "ENVIRONMENT", Kind: Choice, Choices: []string{"staging", "production"}},
		Param{Name: "DRY_RUN", Kind: Boolean, Help: "Only say what would be done"},
	)
	for k, version := range []string{"1.4.0", "1.4.1", "1.5.0"} {
		b := deploy.Start(Start{By: "kim", Values: map[string]string{"VERSION": version, "ENVIRONMENT": "production"}, At: w.Now().Add(-time.Duration(30-8*k) * time.Hour)})
		b.Stage("Deploy")
		b.End("SUCCESS")
		b.lasted(time.Duration(90+5*k) * time.Second)
	}
	b := deploy.Start(Start{By: "kim", Values: map[string]string{"VERSION": "1.6.0", "ENVIRONMENT": "production"}})
	b.Stage("Approve")
	b.Ask(Input{ID: "Ship", Message: "Bring 1.6.0 to production?", OK: "Ship", Params: []Param{{Name: "PERCENT", Kind: String, Default: "10"}}})
	nightly := w.Freestyle("nightly")
	b = nightly.Start(Start{Cause: "timer", At: w.Now().Add(-9 * time.Hour)})
	b.End("SUCCESS")
	b.lasted(7 * time.Minute)
}

// lasted says how long a build took that began in the past and has ended.
func (b *Build) lasted(d time.Duration) {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.took = d
	for i, s := range b.stages {
		s.took = d / time.Duration(len(b.stages))
		s.began = b.began.Add(time.Duration(i) * s.took)
	}
}

// begin starts a build of a branch.
func (w *World) begin(j *Job, n int, ago time.Duration) *Build {
	sha := fmt.Sprintf("%x", sha1.Sum([]byte(j.display+itoa(n)+"/"+itoa(j.next)))) //nolint:gosec // as Git does
	b := j.Start(Start{
		Cause: "branch", Commit: sha, Branch: j.display, At: w.Now().Add(-ago), Changes: []Commit{{SHA: sha, Message: titles[n%len(titles)], Author: "Ann"}},
	})
	b.Stage("Build")
	return b
}

// Play lets builds go on by themselves until ctx ends: what is queued starts,
// stages pass, one build in five fails, and a commit comes now and then. speed 1
// is a second a step. What waits for a human waits.
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
	w.Work()
	w.mu.Lock()
	going := w.running()
	var branches []*Job
	for _, it := range w.reach("acme/shop", multibranch).items {
		branches = append(branches, it.job)
	}
	w.mu.Unlock()
	for _, b := range going {
		b.play(n)
	}
	if n%20 == 1 && len(going) < w.o.Executors && len(branches) > 0 {
		w.begin(branches[n/20%len(branches)], n, 0)
	}
}

// play moves one build on.
func (b *Build) play(n int) {
	b.w.mu.Lock()
	waits, stages, id := len(b.pending()) > 0, len(b.stages), b.number
	b.w.mu.Unlock()
	switch {
	case waits:
	case (n+id)%6 != 0:
		b.Log(fmt.Sprintf("part %d is done\n", n))
	case stages < 3:
		b.Stage([]string{"Build", "Test", "Deploy"}[stages])
	case id%5 == 0:
		b.Log("error: expected 3, got 4\n")
		b.Fail("script returned exit code 1")
	default:
		b.End("SUCCESS")
	}
}
