package jenkins

import (
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	simulator "devops-tui/test/sim/jenkins"
)

func TestConformance(t *testing.T) {
	b := newBench(t, simulator.Options{})
	stage := b.w.Pipeline("team/app/build")
	stage.Timestamps = true
	logs := stage.Start(simulator.Start{By: "kim"})
	logs.Stage("Build")
	logs.Log("one\ntwo\nthree\n")
	job := b.w.Freestyle("team/deploy")
	job.Start(simulator.Start{By: "kim"}).End("SUCCESS")
	// The world changes behind the source's back: r is pressed instead of waiting
	// for the next poll.
	var newest atomic.Pointer[Source]
	sourcetest.Run(t, sourcetest.Harness{
		New: func(t *testing.T, gate *sources.Gate) sources.Source {
			s := b.source(t, gate, "kim", token)
			newest.Store(s)
			return s
		},
		Create: func(t *testing.T, name string) core.Ref {
			b.w.Freestyle("made/" + name).Start(simulator.Start{By: "kim"}).End("SUCCESS")
			newest.Load().Wake()
			return b.src.ref("run", "made", name+"/1", "")
		},
		Remove: func(t *testing.T, ref core.Ref) {
			name, _, _ := cutName(ref.Name)
			b.w.Remove("made/" + name)
			newest.Load().Wake()
		},
		LogRef:  func(t *testing.T) core.Ref { return b.src.ref("run", "team/app", "build/1", "") },
		Missing: b.src.ref("run", "team", "deploy/99", ""),
		Break:   func(t *testing.T) { b.srv.Stop() },
		Mend: func(t *testing.T) {
			if err := b.srv.Again(); err != nil {
				t.Fatal(err)
			}
		},
		OtherKind: "workflow",
		Wait:      40 * time.Second,
	})
}

func cutName(s string) (name, rest string, ok bool) {
	for i := range s {
		if s[i] == '/' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}
