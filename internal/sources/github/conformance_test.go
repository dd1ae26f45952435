package github

import (
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	simgithub "devops-tui/test/sim/github"
)

func TestConformance(t *testing.T) {
	w := newWorld(t, simgithub.Options{})
	w.repo.AddEnvironment("production", 0)
	for range 3 {
		w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish()
	}
	made := map[string]*simgithub.Run{}
	var last *Source
	create := func(t *testing.T, name string) core.Ref {
		run := w.repo.Start(simgithub.Spec{Workflow: "ci.yml", Title: name})
		ref := runRef(run, "ci")
		made[ref.UID] = run
		last.Wake() // the user presses r: the times of the polls have a test of their own
		return ref
	}
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t *testing.T, gate *sources.Gate) sources.Source {
			last = w.with(t, gate, testToken, nil)
			return last
		},
		Create: create,
		Remove: func(t *testing.T, ref core.Ref) {
			made[ref.UID].Delete()
			last.Wake()
		},
		LogRef: func(t *testing.T) core.Ref {
			return runRef(w.repo.Start(simgithub.Spec{Workflow: "ci.yml"}).Finish(), "ci")
		},
		Missing: core.Ref{Source: ID, Scope: githubCom, Kind: kindRun, Namespace: "acme/shop", Name: "ci/9999", UID: "424242"},
		Break:   func(*testing.T) { w.api.Stop() },
		Mend: func(t *testing.T) {
			if err := w.api.Again(); err != nil {
				t.Fatal(err)
			}
		},
		OtherKind: kindEnvironment,
	})
}
