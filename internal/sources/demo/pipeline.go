package demo

import (
	"fmt"
	"strconv"
	"time"

	"devops-tui/internal/core"
)

// runStatus is how a run or a job stands.
type runStatus uint8

const (
	queued runStatus = iota
	inProgress
	passed
	failed
	skipped
)

func (s runStatus) String() string {
	return [...]string{"queued", "in_progress", "success", "failure", "skipped"}[s]
}

func (s runStatus) phase() core.Phase {
	return [...]core.Phase{core.Pending, core.Pending, core.Succeeded, core.Failed, core.Succeeded}[s]
}

// run is one run of a service's pipeline.
type run struct {
	place   *place
	uid     string
	build   *build
	number  int
	status  runStatus
	created time.Time
	started time.Time
	ended   time.Time
	jobs    []*job
	broken  string // the job that will fail, "" if none; the story says so
}

// job is one job of a run. Jobs of the same stage go side by side.
type job struct {
	run            *run
	name, stage    string
	uid            string
	status         runStatus
	started, ended time.Time
	key            uint64
}

var stages = []string{"build", "test", "deploy"}

func (r *run) name() string { return r.build.service.name + "-" + strconv.Itoa(r.number) }

func (r *run) ref() core.Ref { return r.place.refOf("run", "", r.name(), r.uid) }

func (j *job) ref() core.Ref {
	return j.run.place.refOf("job", "", j.run.name()+"-"+j.name, j.uid)
}

// stage is the index of the stage that the run is at.
func (r *run) stage() int {
	at := 0
	for i, s := range stages {
		for _, j := range r.jobs {
			if j.stage == s && j.status != queued && j.status != skipped {
				at = i
			}
		}
	}
	return at
}

// makeBuild is a commit and the image that will come of it.
func (w *world) makeBuild(s *service, branch string, bad defect) *build {
	text := pick(w, harmless[s.name])
	if bad != sound {
		text = pick(w, harmful[bad])
	}
	c := commit{sha: w.hex(40), message: text, author: pick(w, people), branch: branch}
	if w.runSeq[s.name] == 0 {
		w.runSeq[s.name] = map[string]int{"api": 1801, "web": 942, "billing": 287}[s.name]
	}
	w.runSeq[s.name]++
	return &build{
		service: s, commit: c, image: "registry.acme.example/" + s.name + ":" + c.short(),
		digest: "sha256:" + w.hex(64), defect: bad, number: w.runSeq[s.name],
	}
}

// push begins a run for a new commit, which deploys to p when it gets that far.
func (w *world) push(p *place, s *service, branch string, bad defect, broken string) *run {
	b := w.makeBuild(s, branch, bad)
	r := &run{place: p, uid: w.uid(), build: b, number: b.number, created: w.now, broken: broken}
	for _, j := range []struct{ name, stage string }{{"build", "build"}, {"unit", "test"}, {"integration", "test"}, {"deploy-" + p.scope, "deploy"}} {
		jb := &job{run: r, name: j.name, stage: j.stage, uid: w.uid()}
		jb.key = w.key(jb.uid)
		r.jobs = append(r.jobs, jb)
	}
	p.put(r)
	for _, j := range r.jobs {
		p.put(j)
	}
	w.after(w.between(2*time.Second, 6*time.Second), func() {
		r.status, r.started = inProgress, w.now
		r.begin(0)
		r.tick()
	})
	w.forget(p, s)
	return r
}

// forget keeps the newest runs of a service.
func (w *world) forget(p *place, s *service) {
	const keep = 9
	var runs []*run
	for _, o := range p.list("run") {
		if r := o.(*run); r.build.service == s {
			runs = append(runs, r)
		}
	}
	for i, r := range runs {
		if i >= len(runs)-keep || r.ended.IsZero() {
			continue
		}
		p.drop(r)
		for _, j := range r.jobs {
			p.drop(j)
		}
	}
}

// tick shows the time that a run has taken so far, now and then.
func (r *run) tick() {
	r.place.w.after(5*time.Second, func() {
		if r.status != inProgress {
			return
		}
		r.place.touch(r)
		for _, j := range r.jobs {
			if j.status == inProgress {
				r.place.touch(j)
			}
		}
		r.tick()
	})
}

// begin starts the jobs of a stage.
func (r *run) begin(stage int) {
	w := r.place.w
	for _, j := range r.jobs {
		if j.stage != stages[stage] {
			continue
		}
		j.status, j.started = inProgress, w.now
		r.place.touch(j)
		r.say(j, "Started", "job "+j.name+" started")
		switch j.name {
		case "build":
			w.after(w.between(18*time.Second, 32*time.Second), func() { j.finish(stage) })
		case "unit":
			w.after(w.between(9*time.Second, 16*time.Second), func() { j.finish(stage) })
		case "integration":
			w.after(w.between(16*time.Second, 28*time.Second), func() { j.finish(stage) })
		default:
			w.after(2*time.Second, func() { r.deploy(j, stage) })
		}
	}
	r.place.touch(r)
}

// deploy rolls the run's image out and waits for the rollout, for a minute.
func (r *run) deploy(j *job, stage int) {
	w := r.place.w
	d := r.place.deployment(r.build.service.name)
	if d == nil { // somebody deleted it: a pipeline applies what it has
		d = r.place.erect(r.build.service, r.build, r.build.service.replicas[r.place.scope], nil)
	} else {
		d.roll(r.build, time.Time{})
	}
	if r.build.defect != sound {
		w.open(d, r.build)
	}
	deadline := w.now.Add(w.story(60 * time.Second))
	var look func()
	look = func() {
		switch {
		case d.current.build != r.build || d.gone:
			r.broken = j.name // somebody went back while it was waiting
			j.finish(stage)
		case !d.rolling:
			j.finish(stage)
		case w.now.After(deadline):
			r.broken = j.name
			j.finish(stage)
		default:
			w.after(time.Second, look)
		}
	}
	w.after(2*time.Second, look)
}

// finish ends a job, and the stage and the run with it.
func (j *job) finish(stage int) {
	r, w := j.run, j.run.place.w
	j.ended = w.now
	j.status = passed
	if r.broken == j.name {
		j.status = failed
	}
	r.say(j, "Completed", "job "+j.name+": "+j.status.String())
	r.place.touch(j)
	done, bad := true, false
	for _, k := range r.jobs {
		if k.stage == stages[stage] {
			done = done && !k.ended.IsZero()
			bad = bad || k.status == failed
		}
	}
	switch {
	case !done:
	case bad || stage == len(stages)-1:
		r.status, r.ended = passed, w.now
		if bad {
			r.status = failed
		}
		for _, k := range r.jobs {
			if k.status == queued {
				k.status = skipped
				r.place.touch(k)
			}
		}
	default:
		w.after(1500*time.Millisecond, func() { r.begin(stage + 1) })
	}
	r.place.touch(r)
}

func (r *run) say(j *job, reason, message string) {
	r.place.say(r.ref(), j.status == failed, reason, "pipeline", fmt.Sprintf("%s #%d: %s", r.build.service.name, r.number, message))
}

// deployment returns the deployment of a service.
func (p *place) deployment(name string) *deployment {
	for _, o := range p.tables["deployment"] {
		if d := o.(*deployment); d.service.name == name {
			return d
		}
	}
	return nil
}
