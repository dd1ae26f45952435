// Package viewstest is the world that the tests of the views look at: a store
// filled by hand, the same on every run, a backend and a source that do as they
// are told, and a driver that plays a user without a terminal. Everything runs
// inside a bubble of testing/synctest, so that the clock is the world's.
package viewstest

import (
	"fmt"
	"math"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
)

// The instances of the world.
var (
	Prod    = core.Instance{Source: "kube", Scope: "prod"}
	Staging = core.Instance{Source: "kube", Scope: "staging"}
	Local   = core.Instance{Source: "docker", Scope: "local"}
	GitHub  = core.Instance{Source: "github", Scope: "github.com"}
)

// Start is when every world begins.
var Start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// the views write times of day as the user's; tests have one place on earth.
func init() { time.Local = time.UTC }

// Foreign makes the raw text of a field; the hostile world replaces it.
type Foreign func(field, value string) string

// World is a store with what happened in it, and what the tests need to see of
// the cockpit's doings.
type World struct {
	Store   *store.Store
	Backend *Backend
	Cluster *Sources
	foreign Foreign
	rows    map[store.Key][]core.Change
}

// New makes the world of the goldens: 40 pods, 14 workloads, 8 containers in 2
// projects, nodes, events and runs over four instances; some of it broken.
func New() *World {
	w := Empty()
	w.Fill()
	return w
}

// Empty is a world without sources.
func Empty() *World {
	s := store.New()
	w := &World{Store: s, foreign: func(_, v string) string { return v }, rows: map[store.Key][]core.Change{}}
	w.Backend = newBackend(w)
	w.Cluster = newSources(w)
	return w
}

// Hostile is the world of New with every foreign string made by f.
func Hostile(f Foreign) *World {
	w := Empty()
	w.foreign = f
	w.Fill()
	return w
}

func (w *World) raw(field, v string) string { return w.foreign(field, v) }
func (w *World) safe(field, v string) text.Safe {
	if v == "" {
		return text.Safe{}
	}
	return text.Clean(w.foreign(field, v))
}

// Fill lists everything and publishes it.
func (w *World) Fill() {
	w.Connect(Prod, append(kubeKinds(), argoKinds()...))
	w.Connect(Staging, kubeKinds())
	w.Connect(Local, dockerKinds())
	w.Connect(GitHub, pipelineKinds())
	w.Store.Sink(Prod).Version(w.safe("version", "v1.36.3"))
	w.clusters()
	w.host()
	w.runs()
	w.argo()
	for key, changes := range w.rows {
		w.List(key.Instance, key.Kind, changes)
	}
	w.forbid()
	w.measure()
	w.Store.Publish()
}

// Connect declares an instance and says that it lives.
func (w *World) Connect(i core.Instance, kinds []core.Kind) {
	w.Store.AddInstance(i, kinds)
	w.Store.Sink(i).Alive()
	w.Store.SetHealth(core.Health{Instance: i, State: core.Live})
}

// List replaces the rows of a kind.
func (w *World) List(i core.Instance, kind string, changes []core.Change) {
	sink := w.Store.Sink(i)
	sink.Begin(kind, "")
	sink.Apply(kind, append([]core.Change(nil), changes...))
	sink.End(kind, "")
}

// Rows are the changes that a kind was listed with.
func (w *World) Rows(i core.Instance, kind string) []core.Change {
	return w.rows[store.Key{Instance: i, Kind: kind}]
}

// Find returns the row at a place, in the store as published; nil if none.
func (w *World) Find(i core.Instance, kind, namespace, name string) *core.Resource {
	return w.Store.Snapshot().Find(core.Ref{Source: i.Source, Scope: i.Scope, Kind: kind, Namespace: namespace, Name: name})
}

// Apply changes rows, as a watch would.
func (w *World) Apply(rows ...*core.Resource) {
	for _, r := range rows {
		w.Store.Sink(r.Ref.Instance()).Apply(r.Ref.Kind, []core.Change{{Ref: r.Ref, Resource: r}})
	}
}

// Delete removes an object.
func (w *World) Delete(ref core.Ref) {
	w.Store.Sink(ref.Instance()).Apply(ref.Kind, []core.Change{{Op: core.Delete, Ref: ref}})
}

// Secret stands in every Cause, which is for the log and never drawn.
const Secret = "canary-4f1d9c-do-not-draw"

type secretError struct{}

func (secretError) Error() string { return Secret }

// Problem makes a problem whose cause holds the canary.
func (w *World) Problem(k core.ProblemKind, summary, hint string) *core.Problem {
	return &core.Problem{Kind: k, Summary: w.safe("summary", summary), Hint: w.safe("hint", hint), Cause: secretError{}}
}

// forbid takes the secrets of prod away from the user, and the usage of staging.
func (w *World) forbid() {
	w.Store.Sink(Prod).State("secret", w.Problem(core.Forbidden, "cannot list secrets: forbidden", "kubectl auth can-i list secrets"))
	w.Store.Sink(Staging).UsageState(w.Problem(core.Unsupported, "no metrics: metrics.k8s.io is not installed", "kubectl apply the metrics-server"))
}

// Stale makes an instance stale or down.
func (w *World) Stale(i core.Instance, state core.State, p *core.Problem) {
	w.Store.SetHealth(core.Health{Instance: i, State: state, Problem: p})
}

// Vanish takes a kind away, as a restart of its source does.
func (w *World) Vanish(i core.Instance, kind string) { w.Store.Sink(i).Drop(kind) }

// Return lists a kind again, as it was.
func (w *World) Return(i core.Instance, kind string) { w.List(i, kind, w.Rows(i, kind)) }

// usageStep is the time between two samples.
const usageStep = 15 * time.Second

// measure gives what runs an hour's quarter of samples.
func (w *World) measure() {
	now := time.Now()
	for _, i := range []core.Instance{Prod, Local} {
		kind := "pod"
		if i == Local {
			kind = "container"
		}
		for step := 59; step >= 0; step-- {
			var samples []core.Usage
			for n, c := range w.Rows(i, kind) {
				if p := c.Resource.Phase; p != core.Running && p != core.Degraded {
					continue
				}
				u := core.NewUsage(c.Resource.Ref, now.Add(-time.Duration(step)*usageStep).UnixNano())
				wave := math.Sin(float64(59-step)/7 + float64(n))
				u.Values[core.CPUUsed] = math.Round(120 + 90*wave + float64(n))
				u.Values[core.MemUsed] = math.Round((150 + float64(59-step) + float64(n%5)*8) * (1 << 20))
				u.Values[core.CPULimit], u.Values[core.CPURequest] = 500, 100
				u.Values[core.MemLimit], u.Values[core.MemRequest] = 256<<20, 128<<20
				if i == Local {
					u.Values[core.NetRx], u.Values[core.NetTx] = 4096+1024*wave, 2048-512*wave
				}
				samples = append(samples, u)
			}
			w.Store.Sink(i).Usage(samples)
		}
	}
}

// add keeps a row until Fill lists it.
func (w *World) add(i core.Instance, r core.Resource) *core.Resource {
	r.Ref.Source, r.Ref.Scope = i.Source, i.Scope
	if r.Ref.UID == "" {
		r.Ref.UID = fmt.Sprintf("uid-%s-%s-%s", i.Scope, r.Ref.Kind, r.Ref.Name)
	}
	if r.Rev == "" {
		r.Rev = "1"
	}
	key := store.Key{Instance: i, Kind: r.Ref.Kind}
	w.rows[key] = append(w.rows[key], core.Change{Ref: r.Ref, Resource: &r})
	return &r
}

func ago(d time.Duration) int64 { return time.Now().Add(-d).UnixNano() }

func age(d time.Duration) core.Cell { return core.Cell{Num: float64(time.Now().Add(-d).Unix())} }

func num(n int) core.Cell { return core.Cell{Num: float64(n), Text: text.Int(n)} }
