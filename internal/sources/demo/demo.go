// Package demo is a small world that lives inside the program: three services
// in two environments and on one laptop, a pipeline for each service, and a
// deploy that goes wrong every few minutes. It speaks the same contract as the
// systems it stands in for, so that everything which works on it works on them.
// It takes every change, too, with what follows from it: a rollback ends the
// story's bad deploy, an image that nobody built is not pulled, an autoscaler
// undoes a scaling. If nobody does anything, colleagues do, so that the demo goes on.
//
// The world is played by discrete events on a clock that can be injected, and
// all chance comes from one seed: the same seed and the same start give the
// same world. Log lines and usage are not stored but computed from the seed,
// the object and the instant, so that an unattended demo costs next to nothing.
package demo

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// ID is the source id of all instances.
const ID = "demo"

// The scopes of the three instances.
const (
	Prod    = "prod"
	Staging = "staging"
	Laptop  = "laptop"
)

// Options say what world it is.
type Options struct {
	Now   func() time.Time // the clock; nil: time.Now
	Seed  uint64           // of all chance; 0 is as good as any other
	Speed float64          // how many times faster than life the stories go; 0: 1
	Gate  *sources.Gate    // every change of the world passes it; nil: one of its own
}

// World is the shared world of the instances.
type World struct {
	w         *world
	instances []*Source
}

// New makes a world that has already lived for an hour, and its instances:
// prod, staging, laptop. Nothing runs until an instance is run or asked.
func New(o Options) *World {
	w := newWorld(o)
	d := &World{w: w}
	for _, scope := range []string{Prod, Staging, Laptop} {
		d.instances = append(d.instances, newSource(w, scope))
	}
	return d
}

// Sources returns the instances in the order prod, staging, laptop.
func (d *World) Sources() []sources.Source {
	out := make([]sources.Source, len(d.instances))
	for i, s := range d.instances {
		out[i] = s
	}
	return out
}

// Instance returns the instance of scope, nil if there is none.
func (d *World) Instance(scope string) *Source {
	for _, s := range d.instances {
		if s.place.scope == scope {
			return s
		}
	}
	return nil
}

// Registration is the demo's line in package all. Discover always finds the
// world: whether it is wanted is the app's decision.
var Registration = sources.Registration{ID: ID, Discover: Discover}

// Discover returns the three instances of a world of its own, which passes o's gate.
func Discover(_ context.Context, o sources.Options) (sources.Found, error) {
	d := New(Options{Gate: o.Gate, Seed: 1})
	return sources.Found{
		Sources: d.Sources(),
		Findings: []core.Finding{{
			Source: ID, Level: core.FindingInfo,
			Text: text.Lit("demo world: invented services in prod, staging and on a laptop; nothing real is touched"),
		}},
	}, nil
}
