package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"devops-tui/test/sim"
	"devops-tui/test/sim/argocd"
	"devops-tui/test/sim/github"
	"devops-tui/test/sim/gitlab"
	"devops-tui/test/sim/jenkins"
)

// world is one simulator with something in it.
type world struct {
	name, token string
	handler     http.Handler
	// section is what the configuration says of it.
	section func(url, tokenFile string) (string, error)
	play    func(ctx context.Context, speed float64)
	stop    func() // what it serves besides; may be nil
}

func worlds() []world {
	return []world{githubWorld(), gitlabWorld(), jenkinsWorld(), argocdWorld()}
}

const token = "sim-token-of-nobody"

func githubWorld() world {
	w := github.New(github.Options{})
	w.AddToken(token, "kim", "repo", "workflow")
	for _, name := range []string{"acme/shop", "acme/search", "acme/payments"} {
		r := w.AddRepo(name)
		r.AddWorkflow("ci.yml", github.CI)
		r.AddWorkflow("deploy.yml", github.Deploy)
		r.AddEnvironment("production", 0, "kim")
		r.Start(github.Spec{Workflow: "ci.yml", Branch: "main"})
	}
	stop := func() {}
	return world{
		name: "github", token: token, handler: w, play: w.Play, stop: func() { stop() },
		section: func(url, file string) (string, error) {
			blobs, err := sim.Serve(w.Blobs(), sim.Options{}) // logs lie at another host, as they do
			if err != nil {
				return "", err
			}
			stop = blobs.Stop
			w.SetBlobs(blobs.URL)
			return fmt.Sprintf("  github:\n    hosts:\n      - {host: github.test, api: %q, token_file: %q, repos: [acme/*]}\n", url, file), nil
		},
	}
}

func gitlabWorld() world {
	w := gitlab.New(gitlab.Options{})
	w.Fill()
	return world{
		name: "gitlab", token: gitlab.DefaultToken, handler: w, play: w.Play,
		section: func(url, file string) (string, error) {
			return fmt.Sprintf("  gitlab:\n    hosts:\n      - {name: gitlab.test, url: %q, token_file: %q, projects: [acme/*]}\n", url, file), nil
		},
	}
}

func jenkinsWorld() world {
	w := jenkins.New(jenkins.Options{Users: []jenkins.User{{ID: "kim", Name: "Kim", Token: token}}, Auto: true})
	deploy := w.Pipeline("team/deploy", jenkins.Param{Name: "VERSION", Kind: jenkins.String, Default: "1.0"})
	w.Multibranch("team/app")
	app := w.Branch("team/app", "main")
	return world{
		name: "jenkins", token: token, handler: w,
		section: func(url, file string) (string, error) {
			return fmt.Sprintf("  jenkins:\n    servers:\n      - {name: jenkins.test, url: %q, user: kim, token_file: %q}\n", url, file), nil
		},
		play: func(ctx context.Context, speed float64) { build(ctx, speed, app, deploy) },
	}
}

// build lets builds come, go through their stages and end, one in five badly.
func build(ctx context.Context, speed float64, jobs ...*jenkins.Job) {
	if speed <= 0 {
		speed = 1
	}
	tick := time.NewTicker(max(time.Duration(float64(2*time.Second)/speed), 10*time.Millisecond))
	defer tick.Stop()
	stages := []string{"Checkout", "Build", "Test", "Publish"}
	builds, at := make([]*jenkins.Build, len(jobs)), make([]int, len(jobs))
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		i := n % len(jobs)
		switch b := builds[i]; {
		case b == nil:
			builds[i], at[i] = jobs[i].Start(jenkins.Start{By: "kim"}), 0
		case at[i] < len(stages):
			b.Stage(stages[at[i]])
			b.Log(fmt.Sprintf("step %d of %s\n", n, stages[at[i]]))
			at[i]++
		case n%5 == 0:
			b.Log("ERROR: the test TestBasket failed\n")
			b.End("FAILURE")
			builds[i] = nil
		default:
			b.End("SUCCESS")
			builds[i] = nil
		}
	}
}

func argocdWorld() world {
	w := argocd.New(argocd.Options{Token: token})
	for _, name := range []string{"shop", "search", "payments"} {
		w.Add(argocd.Spec{Name: name, AutoSync: name == "search"})
	}
	w.Push("payments", "ada", "Round prices once")
	return world{
		name: "argocd", token: token, handler: w, play: w.Play,
		section: func(url, file string) (string, error) {
			return fmt.Sprintf("  argocd:\n    servers:\n      - {name: argocd.test, url: %q, token_file: %q}\n", url, file), nil
		},
	}
}
