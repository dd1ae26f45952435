package demo

import (
	"fmt"
	"strconv"
	"time"

	"devops-tui/internal/core"
)

// deployment runs a service in an environment.
type deployment struct {
	place      *place
	service    *service
	uid        string
	replicas   int
	created    time.Time
	changed    time.Time
	generation int           // counts what was asked for: the row's Rev
	revision   int           // of the current replica set
	current    *replicaSet   // what it should run
	sets       []*replicaSet // oldest first, the current one included
	rolling    bool
	since      time.Time // the begin of the rollout, or its end
	stirring   bool      // a reconcile is on its way
	lastPhase  core.Phase
	paused     bool
	gone       bool              // it was deleted: its pods end
	labels     map[string]string // further ones, of a user's edit
	scaler     *autoscaler       // nil: nobody but the user scales it
}

// replicaSet is one revision of a deployment.
type replicaSet struct {
	dep       *deployment
	uid       string
	hash      string
	build     *build
	restarted time.Time // the restartedAt annotation of the template; zero if none
	revision  int
	created   time.Time
	changed   time.Time
	pods      []*pod // those that end included
	served    bool   // it served alone at some time
	trouble   string // the last trouble that it had, "" if none
}

// node is a machine of a cluster.
type node struct {
	place    *place
	name     string
	uid      string
	ip       string
	zone     string
	cpu, mem float64 // millicores and bytes that can be used
	created  time.Time
	cordoned bool
	spec     int // counts what was asked for: the row's Rev
}

// endpoint is a Service.
type endpoint struct {
	dep     *deployment
	uid     string
	ip      string
	created time.Time
}

func (d *deployment) ref() core.Ref {
	return d.place.refOf("deployment", d.service.namespace, d.service.name, d.uid)
}

func (r *replicaSet) name() string { return r.dep.service.name + "-" + r.hash }

func (r *replicaSet) ref() core.Ref {
	return r.dep.place.refOf("replicaset", r.dep.service.namespace, r.name(), r.uid)
}

func (n *node) ref() core.Ref { return n.place.refOf("node", "", n.name, n.uid) }

func (e *endpoint) ref() core.Ref {
	return e.dep.place.refOf("service", e.dep.service.namespace, e.dep.service.name, e.uid)
}

// live are the pods that do not end.
func (r *replicaSet) live() []*pod {
	var out []*pod
	for _, p := range r.pods {
		if p.state != ending {
			out = append(out, p)
		}
	}
	return out
}

func (r *replicaSet) ready() int {
	n := 0
	for _, p := range r.pods {
		if p.state != ending && p.ready {
			n++
		}
	}
	return n
}

// live are the pods of all revisions that do not end.
func (d *deployment) live() []*pod {
	var out []*pod
	for _, rs := range d.sets {
		out = append(out, rs.live()...)
	}
	return out
}

// all are the pods of all revisions.
func (d *deployment) all() []*pod {
	var out []*pod
	for _, rs := range d.sets {
		out = append(out, rs.pods...)
	}
	return out
}

func (d *deployment) ready() int {
	n := 0
	for _, rs := range d.sets {
		n += rs.ready()
	}
	return n
}

func (d *deployment) rev() string { return strconv.Itoa(d.generation) }

// furnish puts up what was there before the story began.
func (w *world) furnish() {
	for _, scope := range []string{Prod, Staging} {
		p := w.places[scope]
		count, cpu, mem := 3, 4000.0, 16.0*1024*mebi
		if scope == Staging {
			count, cpu, mem = 2, 2000, 8*1024*mebi
		}
		for i := range count {
			n := &node{
				place: p, name: fmt.Sprintf("%s-node-%d", scope, i+1), uid: w.uid(), ip: fmt.Sprintf("10.%d.0.%d", 20+len(scope), 11+i),
				zone: string(rune('a' + i)), cpu: cpu, mem: mem, created: w.now.Add(-time.Duration(60+i) * 24 * time.Hour),
			}
			p.nodes = append(p.nodes, n)
			p.put(n)
		}
		for _, s := range w.services {
			w.install(p, s)
		}
		w.furnishJobs(p)
		w.furnishPipelines(p)
		w.furnishArgo(p)
	}
	w.furnishLaptop()
}

// install puts up a service that has run in p for days.
func (w *world) install(p *place, s *service) {
	back := time.Duration(24+w.chance.IntN(72)) * time.Hour
	d := &deployment{
		place: p, service: s, uid: w.uid(), replicas: s.replicas[p.scope], generation: 40 + w.chance.IntN(20),
		created: w.now.Add(-90 * 24 * time.Hour), changed: w.now.Add(-back), since: w.now.Add(-back),
	}
	d.revision = d.generation - 3
	b := w.makeBuild(s, "main", sound)
	rs := &replicaSet{
		dep: d, uid: w.uid(), hash: w.suffix(9), build: b, revision: d.revision,
		created: w.now.Add(-back), changed: w.now.Add(-back), served: true,
	}
	d.current, d.sets = rs, []*replicaSet{rs}
	p.put(d)
	p.put(rs)
	p.put(&endpoint{dep: d, uid: w.uid(), ip: fmt.Sprintf("10.96.%d.%d", w.chance.IntN(255), 1+w.chance.IntN(250)), created: d.created})
	for range d.replicas {
		w.bornReady(rs, w.now.Add(-back))
	}
	if s.name == "web" && p.scope == Prod {
		d.scaler = &autoscaler{least: 3, most: 8}
	}
	w.furnishSettings(d)
}
