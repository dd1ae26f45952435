package main

import (
	"context"
	"fmt"
	"net/http"

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
	w := jenkins.New(jenkins.Options{Users: []jenkins.User{{ID: "kim", Name: "Kim", Token: token}}})
	w.Fill()
	return world{
		name: "jenkins", token: token, handler: w, play: w.Play,
		section: func(url, file string) (string, error) {
			return fmt.Sprintf("  jenkins:\n    servers:\n      - {name: jenkins.test, url: %q, user: kim, token_file: %q}\n", url, file), nil
		},
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
