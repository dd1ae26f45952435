package demo

import (
	"fmt"
	"slices"
	"time"

	"devops-tui/internal/core"
)

// stir lets the deployment's controller look again soon. Level-triggered: many
// causes make one look.
func (d *deployment) stir() {
	d.place.touch(d)
	if d.stirring {
		return
	}
	d.stirring = true
	d.place.w.after(400*time.Millisecond, func() {
		d.stirring = false
		d.reconcile()
	})
}

// reconcile takes the next step of a rolling update: maxSurge 1,
// maxUnavailable 0, broken pods of old revisions go first.
func (d *deployment) reconcile() {
	w := d.place.w
	if d.gone {
		d.clear()
		return
	}
	if d.rolling && !d.paused {
		cur := d.current.live()
		live := d.live()
		if len(cur) < d.replicas && len(live) <= d.replicas {
			d.place.say(d.ref(), false, "ScalingReplicaSet", "deployment-controller",
				fmt.Sprintf("Scaled up replica set %s to %d", d.current.name(), len(cur)+1))
			w.birth(d.current)
		}
		if victim := d.victim(); victim != nil {
			d.place.say(d.ref(), false, "ScalingReplicaSet", "deployment-controller",
				fmt.Sprintf("Scaled down replica set %s to %d", victim.rs.name(), len(victim.rs.live())-1))
			victim.end()
		}
		if d.rolled() {
			d.rolling, d.since, d.current.served = false, w.now, true
			d.prune()
		}
	}
	if !d.rolling || d.paused {
		d.level()
	}
	h := d.health()
	if h.phase.IsProblem() && len(d.current.pods) > 0 {
		d.current.trouble = h.reason
	}
	if h.phase != d.lastPhase {
		d.lastPhase, d.changed = h.phase, w.now
	}
	d.place.touch(d)
}

// level makes the number of pods what was asked for: pods that were deleted
// come back, and of too many those go first that do not serve.
func (d *deployment) level() {
	rs := d.current
	if d.paused && len(rs.live()) == 0 { // its template was changed while paused
		for _, old := range d.sets {
			if len(old.live()) > 0 {
				rs = old
			}
		}
	}
	for n := len(d.live()); n < d.replicas; n++ {
		d.place.w.birth(rs)
	}
	live := d.live()
	for _, ready := range []bool{false, true} {
		for i := len(live) - 1; i >= 0 && len(d.live()) > d.replicas; i-- {
			if live[i].ready == ready && live[i].state != ending {
				live[i].end()
			}
		}
	}
}

// clear takes away what a deleted deployment leaves behind.
func (d *deployment) clear() {
	for _, rs := range d.sets {
		for _, p := range rs.live() {
			p.end()
		}
	}
	d.sets = slices.DeleteFunc(d.sets, func(rs *replicaSet) bool {
		if len(rs.pods) > 0 {
			return false
		}
		d.place.drop(rs)
		return true
	})
	if len(d.sets) == 0 && d.place.find(d.ref()) == object(d) { // in the foreground: the last one to go
		d.place.drop(d)
	}
}

// victim is the pod of an old revision that can go now, nil if none can.
func (d *deployment) victim() *pod {
	ready, live := d.ready(), len(d.live())
	var healthy *pod
	for _, rs := range d.sets {
		if rs == d.current {
			continue
		}
		for _, p := range rs.live() {
			// One at a time: while one ends, the next one stays.
			if !p.ready && live > d.replicas-1 {
				return p
			}
			healthy = p
		}
	}
	if healthy != nil && ready > d.replicas {
		return healthy
	}
	return nil
}

// rolled reports whether the current revision serves alone.
func (d *deployment) rolled() bool {
	for _, rs := range d.sets {
		if rs != d.current && len(rs.pods) > 0 {
			return false
		}
	}
	return d.current.ready() >= d.replicas
}

// prune forgets revisions beyond the history limit.
func (d *deployment) prune() {
	const keep = 5
	for i := 0; len(d.sets) > keep && i < len(d.sets); {
		if rs := d.sets[i]; rs != d.current && len(rs.pods) == 0 {
			d.sets = append(d.sets[:i:i], d.sets[i+1:]...)
			d.place.drop(rs)
			continue
		}
		i++
	}
}

// roll asks for a template; an old revision with the same one is used again.
func (d *deployment) roll(b *build, restarted time.Time) {
	w := d.place.w
	d.generation++
	d.revision++
	d.rolling, d.since, d.changed = true, w.now, w.now
	var rs *replicaSet
	for i, old := range d.sets {
		if old.build == b && old.restarted.Equal(restarted) {
			rs = old
			d.sets = append(d.sets[:i:i], d.sets[i+1:]...)
			break
		}
	}
	if rs == nil {
		rs = &replicaSet{dep: d, uid: w.uid(), hash: w.suffix(9), build: b, restarted: restarted, created: w.now}
	}
	rs.revision, rs.changed = d.revision, w.now
	d.sets = append(d.sets, rs)
	old := d.current
	d.current = rs
	d.place.put(rs)
	d.place.touch(old)
	d.stir()
}

// restart rolls the same image anew.
func (d *deployment) restart() { d.roll(d.current.build, d.place.w.now) }

// before is the newest revision with another, sound image; nil if there is none.
func (d *deployment) before() *replicaSet {
	for i := len(d.sets) - 1; i >= 0; i-- {
		if rs := d.sets[i]; rs.build != d.current.build && rs.build.defect == sound {
			return rs
		}
	}
	return nil
}

// heal rolls back to the last good image. A restart does not heal: the image
// stays the same. It reports whether there was something to go back to.
func (d *deployment) heal(who string) bool {
	good := d.before()
	if good == nil || d.gone {
		return false
	}
	d.paused = false
	d.place.say(d.ref(), false, "DeploymentRollback", "deployment-controller",
		fmt.Sprintf("Rolled back deployment %q to revision %d (%s, by %s)", d.service.name, good.revision, good.build.commit.short(), who))
	d.roll(good.build, good.restarted)
	return true
}

// health is what a deployment's row says of its state.
type health struct {
	phase           core.Phase
	reason, message string
}

// health sums up the pods.
func (d *deployment) health() health {
	ready := d.ready()
	crashed, memory, unready, unpullable, bare := 0, 0, 0, 0, 0
	for _, p := range d.live() {
		switch {
		case p.state == unpulled:
			unpullable++
		case p.state == unconfigured:
			bare++
		case p.state == fallen || p.state == backoff:
			crashed++
			if p.last().reason == "OOMKilled" {
				memory++
			}
		case p.state == started && !p.ready && p.place().w.now.Sub(p.last().start) > d.place.w.story(6*time.Second):
			unready++
		}
	}
	b := d.current.build
	what := fmt.Sprintf("deploy #%d (%s, %s)", b.number, b.commit.short(), b.commit.author)
	if b.number == 0 { // no pipeline made it
		what = "image " + b.image
	}
	switch {
	case d.gone:
		return health{core.Pending, "Terminating", fmt.Sprintf("%d pods are left", len(d.all()))}
	case unpullable > 0:
		return health{worse(ready), "ImagePullBackOff", fmt.Sprintf("%d of %d pods cannot pull %s", unpullable, d.replicas, b.image)}
	case bare > 0:
		return health{worse(ready), "CreateContainerConfigError", fmt.Sprintf("%d of %d pods miss configmap %s", bare, d.replicas, d.service.settingsName())}
	case memory > 0:
		return health{worse(ready), "OOMKilled", fmt.Sprintf("%d of %d pods over their memory limit since %s", memory, d.replicas, what)}
	case crashed > 0:
		return health{worse(ready), "CrashLoopBackOff", fmt.Sprintf("%d of %d pods crash since %s", crashed, d.replicas, what)}
	case d.replicas == 0 && len(d.all()) == 0:
		return health{core.Running, "ScaledToZero", ""}
	case d.paused && ready >= d.replicas:
		return health{core.Running, "Paused", fmt.Sprintf("%d/%d available", ready, d.replicas)}
	case d.paused:
		return health{core.Degraded, "Paused", fmt.Sprintf("%d/%d available", ready, d.replicas)}
	case d.rolling:
		return health{core.Pending, "Progressing", fmt.Sprintf("%d of %d updated by %s", d.current.ready(), d.replicas, what)}
	case ready < d.replicas && unready > 0:
		return health{core.Degraded, "MinimumReplicasUnavailable", fmt.Sprintf("%d of %d pods fail their readiness probe since %s", unready, d.replicas, what)}
	case ready < d.replicas:
		return health{core.Pending, "Progressing", fmt.Sprintf("%d of %d pods ready", ready, d.replicas)}
	}
	return health{core.Running, "Available", ""}
}

func worse(ready int) core.Phase {
	if ready == 0 {
		return core.Failed
	}
	return core.Degraded
}
