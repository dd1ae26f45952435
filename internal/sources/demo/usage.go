package demo

import (
	"math"
	"time"

	"devops-tui/internal/core"
)

// leakSpan is how long a pod's memory takes to grow from rest to full.
func (p *pod) leakSpan(full float64) time.Duration {
	s := p.rs.dep.service
	// 55 to 85 seconds for the way to the limit, another for each pod.
	way := 55*time.Second + time.Duration(p.key%30)*time.Second
	return time.Duration(float64(way) * (full - s.memBase) / (s.memLimit - s.memBase))
}

// usage is what a pod uses at an instant: computed, not stored.
func (p *pod) usage(t time.Time) core.Usage {
	u := core.NewUsage(p.ref(), t.UnixNano())
	s := p.rs.dep.service
	n := float64(s.ready())
	u.Values[core.CPULimit], u.Values[core.MemLimit] = s.cpuLimit*n, s.memLimit*n
	u.Values[core.CPURequest], u.Values[core.MemRequest] = s.cpuRequest*n, s.memRequest*n
	l := p.running()
	if l == nil {
		u.Values[core.CPUUsed], u.Values[core.MemUsed] = 0, 0
		return u
	}
	w := p.place().w
	age := t.Sub(l.start)
	share := 1.0
	if p.place().scope == Staging {
		share = 0.3
	}
	cpu := s.cpuBase * share * (1 + 0.25*noise(p.key, t, 11*time.Second) + 0.15*noise(p.key+1, t, 47*time.Second))
	mem := s.memBase * (1 + 0.03*noise(p.key+2, t, 30*time.Second))
	if warm := w.story(4 * time.Second); age < warm {
		cpu = s.cpuLimit * 0.9 * (0.7 + 0.3*noise(p.key+3, t, time.Second))
		mem *= 0.5 + 0.5*float64(age)/float64(warm)
	}
	switch p.rs.build.defect {
	case leaks:
		grown := float64(age) / float64(w.story(p.leakSpan(s.memLimit)))
		mem += (s.memLimit - s.memBase) * min(grown, 1)
		cpu *= 1 + 0.5*min(grown, 1) // the collector works harder and harder
	case errs:
		cpu *= 1.7
	case crashes, sound, absent:
	}
	u.Values[core.CPUUsed] = min(max(cpu, 1), s.cpuLimit)
	u.Values[core.MemUsed] = min(mem, s.memLimit)
	u.Values[core.NetRx] = s.rate * share * 420 * (1 + 0.3*noise(p.key+4, t, 9*time.Second))
	u.Values[core.NetTx] = s.rate * share * 1900 * (1 + 0.3*noise(p.key+5, t, 9*time.Second))
	return u
}

// add sums what can be summed.
func add(to *core.Usage, u core.Usage) {
	for m, v := range u.Values {
		switch {
		case math.IsNaN(v):
		case math.IsNaN(to.Values[m]):
			to.Values[m] = v
		default:
			to.Values[m] += v
		}
	}
}

// usage is the sum of the pods, and what the service's users see.
func (d *deployment) usage(t time.Time) core.Usage {
	u := core.NewUsage(d.ref(), t.UnixNano())
	for _, p := range d.live() {
		add(&u, p.usage(t))
	}
	d.golden(&u, t)
	return u
}

// golden fills in requests, errors and latency.
func (d *deployment) golden(u *core.Usage, t time.Time) {
	s, w := d.service, d.place.w
	key := w.key(d.uid)
	rate := s.rate
	if d.place.scope == Staging {
		rate *= 0.06
	}
	rate *= 1 + 0.2*noise(key, t, 90*time.Second) + 0.06*noise(key+1, t, 7*time.Second)
	bad, ready := 0.0, 0.0
	for _, p := range d.live() {
		if p.ready {
			ready++
		}
		if p.ready && p.rs.build.defect == errs {
			bad++
		}
	}
	failing, slow := 0.001*(1+noise(key+2, t, 13*time.Second)), 1.0
	if ready > 0 {
		failing += 0.32 * bad / ready
		slow += 6 * bad / ready
	}
	// What too few pods cannot take is answered late or not at all.
	if missing := 1 - ready/float64(max(d.replicas, 1)); missing > 0 {
		failing += 0.5 * missing * missing
		slow += 3 * missing
	}
	if ready == 0 {
		failing = 1
	}
	// Web stands on api, and api on billing: their troubles show.
	for name, on := range map[string]string{"web": "api", "api": "billing"} {
		if s.name == name && w.troubled(d.place, on, t) {
			failing += 0.03
			slow += 0.8
		}
	}
	u.Values[core.RequestRate] = rate
	u.Values[core.ErrorRate] = rate * min(failing, 1)
	u.Values[core.LatencyP95] = s.p95 * slow * (1 + 0.1*noise(key+3, t, 5*time.Second))
}

func (r *replicaSet) usage(t time.Time) core.Usage {
	u := core.NewUsage(r.ref(), t.UnixNano())
	for _, p := range r.live() {
		add(&u, p.usage(t))
	}
	return u
}

func (e *endpoint) usage(t time.Time) core.Usage {
	u := core.NewUsage(e.ref(), t.UnixNano())
	e.dep.golden(&u, t)
	return u
}

func (n *node) usage(t time.Time) core.Usage {
	u := core.NewUsage(n.ref(), t.UnixNano())
	key := n.place.w.key(n.uid)
	u.Values[core.CPUUsed] = n.cpu * 0.12 * (1 + 0.2*noise(key, t, 20*time.Second))
	u.Values[core.MemUsed] = n.mem * 0.2 * (1 + 0.02*noise(key+1, t, time.Minute))
	for _, o := range n.place.tables["pod"] {
		if p := o.(*pod); p.node == n {
			v := p.usage(t).Values
			u.Values[core.CPUUsed] += v[core.CPUUsed]
			u.Values[core.MemUsed] += v[core.MemUsed]
		}
	}
	u.Values[core.CPULimit], u.Values[core.MemLimit] = n.cpu, n.mem
	return u
}

func (c *container) usage(t time.Time) core.Usage {
	u := core.NewUsage(c.ref(), t.UnixNano())
	u.Values[core.MemLimit] = c.limit
	if c.state != up {
		for _, m := range []core.Measure{core.CPUUsed, core.MemUsed, core.NetRx, core.NetTx, core.PIDs} {
			u.Values[m] = 0
		}
		return u
	}
	w := c.project.place.w
	mem := c.mem * (1 + 0.02*noise(c.key, t, 25*time.Second))
	if c.grows {
		mem += (c.limit - c.mem) * min(float64(t.Sub(c.last().start))/float64(w.story(growth)), 1)
		mem = min(mem, c.limit)
	}
	u.Values[core.CPUUsed] = c.cpu * (1 + 0.5*noise(c.key+1, t, 8*time.Second))
	u.Values[core.MemUsed] = mem
	u.Values[core.NetRx] = c.cpu * 90 * (1 + 0.8*noise(c.key+2, t, 6*time.Second))
	u.Values[core.NetTx] = c.cpu * 140 * (1 + 0.8*noise(c.key+3, t, 6*time.Second))
	u.Values[core.BlockRead] = c.cpu * 20 * (1 + noise(c.key+4, t, 12*time.Second))
	u.Values[core.BlockWrite] = c.cpu * 60 * (1 + noise(c.key+5, t, 12*time.Second))
	u.Values[core.PIDs] = float64(4 + c.key%23)
	return u
}

func (p *project) usage(t time.Time) core.Usage {
	u := core.NewUsage(p.ref(), t.UnixNano())
	for _, c := range p.containers {
		add(&u, c.usage(t))
	}
	u.Values[core.MemLimit] = 0
	return u
}

// metered is an object that is measured.
type metered interface{ usage(time.Time) core.Usage }

// sample measures what is wanted when it is time, which due reports.
func (r *reporter) sample() (samples []core.Usage, due bool) {
	s, now := r.s, r.s.w.now
	i := s.interest
	// What has just become wanted is not kept waiting for the next round.
	if now.Sub(r.sampled) < pace && s.wishes == r.wish {
		return nil, false
	}
	r.sampled, r.wish = now, s.wishes
	seen := map[core.Ref]bool{}
	take := func(o object) {
		if m, ok := o.(metered); ok && !seen[o.ref()] {
			seen[o.ref()] = true
			samples = append(samples, m.usage(now))
		}
	}
	if i.Usage {
		for x := range r.watched {
			for _, o := range s.place.list(x.kind) {
				if x.namespace == "" || o.ref().Namespace == x.namespace {
					take(o)
				}
			}
		}
	}
	for _, ref := range i.UsageOf {
		if o, err := s.place.lookup(ref); err == nil {
			take(o)
		}
	}
	return samples, true
}
