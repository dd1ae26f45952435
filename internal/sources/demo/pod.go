package demo

import (
	"fmt"
	"time"

	"devops-tui/internal/core"
)

// podState is where a pod is in its life.
type podState uint8

const (
	waiting  podState = iota // not scheduled
	creating                 // pulling and starting
	started                  // its containers run
	fallen                   // its container has just ended by itself
	backoff                  // it waits to be started again
	ending
	unpulled     // its image cannot be pulled
	unconfigured // its settings are not there
)

// pod is one pod of a revision.
type pod struct {
	rs        *replicaSet
	name      string
	uid       string
	ip        string
	node      *node
	created   time.Time
	changed   time.Time
	pulling   time.Time // when its init containers began; zero before
	begun     time.Time // when its containers were first started; zero before
	gone      time.Time // zero while it is there
	state     podState
	ready     bool
	restarts  int
	instances []instance // of its main container, oldest first; the last few
	step      int        // counts transitions: an event of an earlier step is void
	key       uint64
}

// instance is one life of a container.
type instance struct {
	number int // 0 for the first
	start  time.Time
	end    time.Time // zero while it runs
	exit   int
	reason string // Completed, Error, OOMKilled
}

func (p *pod) place() *place { return p.rs.dep.place }

func (p *pod) ref() core.Ref {
	return p.place().refOf("pod", p.rs.dep.service.namespace, p.name, p.uid)
}

// running returns the instance that runs, nil if none does.
func (p *pod) running() *instance {
	if n := len(p.instances); n > 0 && p.instances[n-1].end.IsZero() {
		return &p.instances[n-1]
	}
	return nil
}

// last returns the latest instance, nil before the first.
func (p *pod) last() *instance {
	if n := len(p.instances); n > 0 {
		return &p.instances[n-1]
	}
	return nil
}

func (w *world) newPod(rs *replicaSet, created time.Time) *pod {
	pl := rs.dep.place
	p := &pod{rs: rs, name: rs.name() + "-" + w.suffix(5), uid: w.uid(), created: created, changed: created}
	p.key = w.key(p.uid)
	p.node = pl.roomiest()
	pl.addresses++
	p.ip = fmt.Sprintf("10.244.%d.%d", 1+pl.addresses/250%250, 2+pl.addresses%250)
	rs.pods = append(rs.pods, p)
	pl.put(p)
	return p
}

// roomiest is the emptiest node that takes pods, as a scheduler would have it;
// nil if all are cordoned.
func (p *place) roomiest() *node {
	var out *node
	least := -1
	for _, n := range p.nodes {
		if c := n.count(); !n.cordoned && (least < 0 || c < least) {
			out, least = n, c
		}
	}
	return out
}

// nodeName is the pod's node, "" while it has none.
func (p *pod) nodeName() string {
	if p.node == nil {
		return ""
	}
	return p.node.name
}

// count is how many pods a node carries.
func (n *node) count() int {
	c := 0
	for _, o := range n.place.tables["pod"] {
		if o.(*pod).node == n {
			c++
		}
	}
	return c
}

// bornReady makes a pod that has served since an instant in the past.
func (w *world) bornReady(rs *replicaSet, since time.Time) {
	p := w.newPod(rs, since)
	p.state, p.ready = started, true
	p.pulling, p.begun = since.Add(time.Second), since.Add(2*time.Second)
	p.instances = []instance{{start: p.begun}}
}

// then lets do happen after d unless the pod has moved on by then.
func (p *pod) then(d time.Duration, do func()) {
	w, step := p.place().w, p.step
	w.after(d, func() {
		if p.step == step && p.gone.IsZero() {
			do()
		}
	})
}

// turn brings the pod into a state.
func (p *pod) turn(s podState, ready bool) {
	p.step++
	p.state, p.ready = s, ready
	p.shown()
}

// shown tells everybody whose row follows from the pod.
func (p *pod) shown() {
	pl := p.place()
	p.changed = pl.w.now
	pl.touch(p)
	pl.touch(p.rs)
	p.rs.dep.stir()
}

// birth begins a pod's life.
func (w *world) birth(rs *replicaSet) {
	p := w.newPod(rs, w.now)
	p.place().say(rs.ref(), false, "SuccessfulCreate", "replicaset-controller", "Created pod: "+p.name)
	p.schedule(w.between(200*time.Millisecond, 500*time.Millisecond))
}

// schedule finds a node for the pod after a while, and pulls its image there.
func (p *pod) schedule(after time.Duration) {
	w := p.place().w
	p.then(after, func() {
		if p.node == nil || p.node.cordoned {
			p.node = p.place().roomiest()
		}
		if p.node == nil {
			p.place().say(p.ref(), true, "FailedScheduling", "default-scheduler", fmt.Sprintf("0/%d nodes are available: %[1]d node(s) were unschedulable", len(p.place().nodes)))
			p.turn(waiting, false)
			p.schedule(3 * time.Second)
			return
		}
		p.place().say(p.ref(), false, "Scheduled", "default-scheduler", "Successfully assigned "+p.rs.dep.service.namespace+"/"+p.name+" to "+p.node.name)
		p.pulling = w.now
		p.turn(creating, false)
		p.pull(w.between(1200*time.Millisecond, 3*time.Second))
	})
}

// pull gets what the containers need and starts them.
func (p *pod) pull(after time.Duration) {
	w, pl := p.place().w, p.place()
	p.then(after, func() {
		image := p.rs.build.image
		switch {
		case p.rs.build.defect == absent:
			pl.say(p.ref(), true, "Failed", "kubelet", fmt.Sprintf("Failed to pull image %q: not found", image))
			p.turn(unpulled, false)
			p.pull(15 * time.Second)
		case pl.settings(p.rs.dep.service) == nil:
			pl.say(p.ref(), true, "Failed", "kubelet", fmt.Sprintf("Error: configmap %q not found", p.rs.dep.service.settingsName()))
			p.turn(unconfigured, false)
			p.pull(5 * time.Second)
		default:
			pl.say(p.ref(), false, "Pulled", "kubelet", fmt.Sprintf("Successfully pulled image %q in %dms", image, 400+w.chance.IntN(1500)))
			p.start()
		}
	})
}

// start runs the pod's containers (again).
func (p *pod) start() {
	w := p.place().w
	n := 0
	if l := p.last(); l != nil {
		n = l.number + 1
	} else {
		p.begun = w.now
	}
	p.instances = append(p.instances, instance{number: n, start: w.now})
	if len(p.instances) > 6 {
		p.instances = p.instances[1:]
	}
	p.turn(started, false)
	p.place().say(p.ref(), false, "Started", "kubelet", "Started container app")
	p.then(w.between(2*time.Second, 4*time.Second), func() {
		p.turn(started, true)
		p.serve()
	})
}

// serve plays what a build does once it is ready.
func (p *pod) serve() {
	w := p.place().w
	switch p.rs.build.defect {
	case crashes:
		p.then(w.between(3*time.Second, 7*time.Second), func() { p.fall(1, "Error") })
	case leaks:
		full := p.rs.dep.service.memLimit
		p.then(p.leakSpan(full), func() { p.fall(137, "OOMKilled") })
	case errs:
		p.flap()
	case sound, absent:
	}
}

// flap fails readiness now and then, as an overloaded program does.
func (p *pod) flap() {
	w := p.place().w
	p.then(w.between(12*time.Second, 40*time.Second), func() {
		p.place().say(p.ref(), true, "Unhealthy", "kubelet", "Readiness probe failed: HTTP probe failed with statuscode: 503")
		p.turn(started, false)
		p.then(w.between(8*time.Second, 20*time.Second), func() {
			p.turn(started, true)
			p.flap()
		})
	})
}

// fall ends the container; the kubelet starts it again after a growing delay.
func (p *pod) fall(exit int, reason string) {
	w := p.place().w
	l := p.running()
	l.end, l.exit, l.reason = w.now, exit, reason
	p.turn(fallen, false)
	p.then(1500*time.Millisecond, func() {
		p.restarts++
		if l.number == 0 {
			p.start()
			return
		}
		p.place().say(p.ref(), true, "BackOff", "kubelet", "Back-off restarting failed container app in pod "+p.name)
		p.turn(backoff, false)
		p.then(p.delay(), p.start)
	})
}

// delay is the back-off before the next start: it doubles up to 40 s, a
// shorter cap than Kubernetes' five minutes, for the sake of the story.
func (p *pod) delay() time.Duration {
	return min(10*time.Second<<min(p.restarts-2, 4), 40*time.Second)
}

// end takes the pod away, gracefully.
func (p *pod) end() {
	w := p.place().w
	if p.state == ending {
		return
	}
	p.place().say(p.rs.ref(), false, "SuccessfulDelete", "replicaset-controller", "Deleted pod: "+p.name)
	p.place().say(p.ref(), false, "Killing", "kubelet", "Stopping container app")
	p.turn(ending, false)
	w.after(w.between(1500*time.Millisecond, 4*time.Second), func() {
		p.gone = w.now
		if l := p.running(); l != nil {
			l.end, l.reason = w.now, "Completed"
		}
		for i, q := range p.rs.pods {
			if q == p {
				p.rs.pods = append(p.rs.pods[:i:i], p.rs.pods[i+1:]...)
				break
			}
		}
		p.place().drop(p)
		p.place().touch(p.rs)
		p.rs.dep.stir()
	})
}
