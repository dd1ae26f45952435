package demo

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func word(s string) core.Cell { return core.Cell{Text: text.Clean(s)} }

func number[T int | float64](n T) core.Cell {
	return core.Cell{Text: text.Clean(strconv.FormatFloat(float64(n), 'f', -1, 64)), Num: float64(n)}
}

func amount(n float64) core.Cell { return core.Cell{Num: n} }

func age(t time.Time) core.Cell {
	if t.IsZero() {
		return core.Cell{}
	}
	return core.Cell{Num: float64(t.Unix())}
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func inUsage() core.Cell { return core.Cell{} }

// facts are what joins a build to its run, its image and its pods.
func (b *build) facts(environment string) core.Facts {
	return core.Facts{
		Image: []string{b.image}, Digest: []string{b.digest}, Commit: b.commit.sha, Repo: b.service.home(),
		Environment: environment, Service: b.service.name,
		Labels: map[string]string{"app.kubernetes.io/name": b.service.name, "app.kubernetes.io/version": b.commit.short()},
	}
}

// sidecars adds what the pods of a service run besides the build.
func (s *service) sidecars(f *core.Facts) {
	for _, c := range s.containers {
		if c == "proxy" {
			f.Image = append(f.Image, proxyImage)
			f.Digest = append(f.Digest, proxyDigest)
		}
	}
}

const (
	proxyImage  = "nginx:1.29-alpine"
	proxyDigest = "sha256:5c1d8f2a0be94c6f7ddc5b2f93e1f44d7a61a3b8c8f0d0a57b1c2e6f9d3a4b17"
)

func images(of []string) core.Cell { return word(strings.Join(of, ", ")) }

func (s *service) selector() map[string]string {
	return map[string]string{"app.kubernetes.io/name": s.name}
}

// status is the pod's state as an engineer means it.
func (p *pod) status() (core.Phase, string, string) {
	w := p.place().w
	l := p.last()
	switch p.state {
	case waiting:
		return core.Pending, "Pending", ""
	case creating:
		if isInit(p.rs.dep.service.containers[0]) {
			return core.Pending, "Init:0/1", ""
		}
		return core.Pending, "ContainerCreating", ""
	case ending:
		return core.Pending, "Terminating", ""
	case unpulled:
		return core.Failed, "ImagePullBackOff", fmt.Sprintf("back-off pulling image %q: not found", p.rs.build.image)
	case unconfigured:
		return core.Failed, "CreateContainerConfigError", fmt.Sprintf("configmap %q not found", p.rs.dep.service.settingsName())
	case fallen:
		return core.Failed, l.reason, fmt.Sprintf("container app exited with %d", l.exit)
	case backoff:
		return core.Failed, "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container app: last exit %d (%s)", p.delay(), l.exit, l.reason)
	case started:
	}
	switch {
	case p.ready:
		return core.Running, "Running", ""
	case w.now.Sub(l.start) < w.story(6*time.Second):
		return core.Pending, "Running", "waiting for the readiness probe"
	}
	return core.Degraded, "NotReady", "readiness probe failed: HTTP probe failed with statuscode: 503"
}

func (p *pod) row() *core.Resource {
	phase, reason, message := p.status()
	s := p.rs.dep.service
	ready := 0
	if p.ready {
		ready = s.ready()
	} else if p.state == started {
		ready = s.ready() - 1
	}
	f := p.rs.build.facts(p.place().scope)
	f.Node, f.Containers = p.nodeName(), s.containers
	s.sidecars(&f)
	return &core.Resource{
		Ref: p.ref(), Owner: p.rs.ref(), Phase: phase, Reason: text.Clean(reason), Message: text.CleanLong(message),
		Cells: []core.Cell{
			word(p.name), word(fmt.Sprintf("%d/%d", ready, s.ready())), word(reason), number(p.restarts), inUsage(), inUsage(), inUsage(), inUsage(),
			word(p.ip), word(p.nodeName()), age(p.created),
		},
		Started: nanos(p.created), Changed: nanos(p.changed), Rev: strconv.Itoa(p.step), Facts: &f,
	}
}

func (d *deployment) row() *core.Resource {
	h := d.health()
	f := d.current.build.facts(d.place.scope)
	f.Containers, f.Selector = d.service.containers, d.service.selector()
	d.service.sidecars(&f)
	maps.Copy(f.Labels, d.labels)
	return &core.Resource{
		Ref: d.ref(), Phase: h.phase, Reason: text.Clean(h.reason), Message: text.CleanLong(h.message),
		Cells: []core.Cell{
			word(d.service.name), word(fmt.Sprintf("%d/%d", d.ready(), d.replicas)), word(h.reason), number(len(d.current.live())), number(d.ready()),
			inUsage(), inUsage(), number(d.revision), images(f.Image), age(d.created),
		},
		Started: nanos(d.created), Changed: nanos(d.changed), Rev: d.rev(), Facts: &f,
	}
}

func (r *replicaSet) row() *core.Resource {
	live, ready := len(r.live()), r.ready()
	desired, phase, reason := live, core.Running, "Ready"
	if r == r.dep.current && !r.dep.rolling {
		desired = r.dep.replicas
	}
	switch {
	case desired == 0:
		phase, reason = core.Succeeded, "ScaledDown"
	case ready < desired:
		phase, reason = core.Pending, "Scaling"
		for _, p := range r.live() {
			if ph, why, _ := p.status(); ph.Trouble() > phase.Trouble() {
				phase, reason = ph, why
			}
		}
	}
	f := r.build.facts(r.dep.place.scope)
	f.Containers, f.Selector = r.dep.service.containers, r.dep.service.selector()
	f.Selector["pod-template-hash"] = r.hash
	r.dep.service.sidecars(&f)
	return &core.Resource{
		Ref: r.ref(), Owner: r.dep.ref(), Phase: phase, Reason: text.Clean(reason),
		Cells: []core.Cell{
			word(r.name()), word(fmt.Sprintf("%d/%d", ready, desired)), word(reason), number(r.revision), images(f.Image), age(r.created),
		},
		Started: nanos(r.created), Changed: nanos(r.changed), Rev: strconv.Itoa(r.revision), Facts: &f,
	}
}

func (e *endpoint) row() *core.Resource {
	s := e.dep.service
	kind := "ClusterIP"
	if s.nodePort {
		kind = "LoadBalancer"
	}
	return &core.Resource{
		Ref: e.ref(), Phase: core.Running, Reason: text.Lit("Active"),
		Cells: []core.Cell{
			word(s.name), word(kind), word(e.ip), word(fmt.Sprintf("80:%d/TCP", s.port)), word("Active"), inUsage(), inUsage(), inUsage(), age(e.created),
		},
		Started: nanos(e.created), Rev: "1",
		Facts: &core.Facts{Environment: e.dep.place.scope, Service: s.name, Repo: s.home(), Selector: s.selector(), Labels: map[string]string{"app.kubernetes.io/name": s.name}},
	}
}

func (n *node) row() *core.Resource {
	phase, reason := core.Running, "Ready"
	if n.cordoned {
		phase, reason = core.Degraded, "Ready,SchedulingDisabled"
	}
	return &core.Resource{
		Ref: n.ref(), Phase: phase, Reason: text.Clean(reason),
		Cells: []core.Cell{
			word(n.name), word(reason), word("worker"), word("v1.36.3"), inUsage(), inUsage(), inUsage(), inUsage(), number(n.count()), word(n.ip), age(n.created),
		},
		Started: nanos(n.created), Rev: strconv.Itoa(n.spec), Facts: &core.Facts{Environment: n.place.scope, Node: n.name},
	}
}

func (h *happening) row() *core.Resource {
	kind, phase := "Normal", core.Succeeded
	if h.warning {
		kind, phase = "Warning", core.Degraded
	}
	return &core.Resource{
		Ref: h.ref(), Owner: h.about, Phase: phase, Reason: text.Clean(h.reason), Message: text.CleanLong(h.message),
		Cells: []core.Cell{
			age(h.last), word(kind), word(h.reason), word(h.about.Kind + "/" + h.about.Name),
			{Text: text.CleanLong(h.message)},
			number(h.count), word(h.from), word(h.name),
		},
		Started: nanos(h.first), Changed: nanos(h.last), Rev: strconv.Itoa(h.count),
	}
}

// took is how long something has gone on, or went on.
func took(from, to, now time.Time) core.Cell {
	switch {
	case from.IsZero():
		return core.Cell{}
	case to.IsZero():
		return amount(now.Sub(from).Truncate(time.Second).Seconds())
	}
	return amount(to.Sub(from).Truncate(time.Second).Seconds())
}

func latest(of ...time.Time) time.Time {
	var out time.Time
	for _, t := range of {
		if t.After(out) {
			out = t
		}
	}
	return out
}
