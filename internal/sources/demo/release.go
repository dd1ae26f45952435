package demo

import (
	"fmt"
	"time"
)

// The pace of releases: one every so often, and how long one waits until a
// colleague gives up on it.
const (
	releaseEvery    = 16 * time.Minute
	releasePatience = 12 * time.Minute
)

var releases = []string{"one-page checkout", "gift cards", "guest accounts", "saved baskets", "delivery slots"}

// tellReleases lets a colleague ask for a version in production now and then. It
// waits for whoever watches the screen; if nobody approves, the colleague
// withdraws it, and the story is what it would have been. It takes nothing of the
// story's chance.
func (w *world) tellReleases() {
	p := w.places[Prod]
	var next func(n int)
	next = func(n int) {
		s := w.services[1]
		name := fmt.Sprint("release ", n)
		c := commit{sha: w.fixed(name, 40), message: releases[n%len(releases)], author: people[n%len(people)], branch: "main"}
		b := s.built(c, "sha256:"+w.fixed(name+" digest", 64), sound, w.runSeq[s.name+"/"+ciFlow.name])
		r := w.dispatch(p, deployFlow, b, people[(n+2)%len(people)])
		w.after(releasePatience, func() {
			if r.status == atGate && r.attempt == 1 {
				r.said = "withdrawn by " + r.by
				r.end(cancelled)
				p.touch(r)
				p.murmur(r.ref(), "Cancelled", "pipeline", r.sentence(r.said))
			}
		})
		w.after(releaseEvery, func() { next(n + 1) })
	}
	w.after(0, func() { next(0) })
}

// dispatch begins a run that somebody asks for.
func (w *world) dispatch(p *place, f *flow, b *build, by string) *run {
	r := &run{place: p, flow: f, build: b, created: w.now, event: "workflow_dispatch", by: by}
	if r.number = w.nextNumber(b.service, f); f == ciFlow {
		b.number = r.number
	}
	name := fmt.Sprintf("%s %s %s %d", p.scope, b.service.name, f.name, r.number)
	r.uid = w.fixedUID(name)
	r.furnish(func(job string) string { return w.fixedUID(name + " " + job) })
	w.after(3*time.Second, func() { r.start(1) })
	w.forget(p, b.service)
	return r
}
