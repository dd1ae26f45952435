package demo

import "time"

// incident is one bad deploy, from the rollout to the rollback.
type incident struct {
	dep   *deployment
	build *build
	from  time.Time
	to    time.Time // zero while it lasts
}

// tell schedules the stories. They are aligned to the instant when the world
// begins, so that the first bad deploy of a demo is on its way when it opens.
func (w *world) tell() {
	prod, staging := w.places[Prod], w.places[Staging]
	past := int((lived - headStart) / period)
	first := w.begun.Add(-w.story(headStart + time.Duration(past)*period))
	defects := []defect{crashes, errs, leaks}
	var next func(n int)
	next = func(n int) {
		k := n - past + 3*999 // never negative; the first one of a demo is api's
		s := w.services[(k+k/3)%3]
		w.push(prod, s, "main", defects[k%3], "")
		// Between two bad deploys another service has a good one.
		w.after(period/2, func() { w.push(prod, w.services[(k+k/3+1)%3], "main", sound, "") })
		w.after(period, func() { next(n + 1) })
	}
	w.after(time.Duration(float64(first.Sub(w.now))*w.speed), func() { next(0) })

	var feature func(n int)
	feature = func(n int) {
		bad, broken := sound, ""
		switch n % 4 {
		case 1:
			bad = defects[n/4%3]
		case 3:
			broken = pick(w, []string{"unit", "integration"})
		}
		w.push(staging, w.services[n%3], pick(w, featureBranches), bad, broken)
		w.after(stagingEvery+w.between(-30*time.Second, 30*time.Second), func() { feature(n + 1) })
	}
	w.after(20*time.Second, func() { feature(0) })
	w.tellLaptop()
	w.tellReleases()
	w.every(grain, func() {
		for _, p := range w.places {
			p.remember()
		}
	})
}

// open begins an incident. Whoever watches the screen can end it; if nobody
// does, a colleague rolls back after a while, so that the demo goes on.
func (w *world) open(d *deployment, b *build) {
	i := &incident{dep: d, build: b, from: w.now}
	w.incidents = append(w.incidents, i)
	if len(w.incidents) > 60 {
		w.incidents = w.incidents[1:]
	}
	var look func()
	look = func() {
		switch {
		case d.current.build != b || d.gone:
			i.to = w.now
		case w.now.Sub(i.from) >= w.story(patience) && d.heal(pick(w, people)):
			i.to = w.now
		default:
			w.after(2*time.Second, look)
		}
	}
	w.after(2*time.Second, look)
}

// troubled reports whether a service in a place was having a bad deploy at an
// instant that its users could feel: what is not pulled serves nobody.
func (w *world) troubled(p *place, name string, at time.Time) bool {
	for k := len(w.incidents) - 1; k >= 0; k-- {
		i := w.incidents[k]
		if i.dep.place == p && i.dep.service.name == name && i.build.defect != absent && !at.Before(i.from) && (i.to.IsZero() || at.Before(i.to)) {
			return true
		}
	}
	return false
}
