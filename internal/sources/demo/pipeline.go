package demo

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/ci"
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
	cancelled
	atGate // for a human
)

func (s runStatus) String() string {
	return [...]string{"queued", "in_progress", "success", "failure", "skipped", "cancelled", "waiting"}[s]
}

func (s runStatus) phase() core.Phase {
	return [...]core.Phase{core.Pending, core.Pending, core.Succeeded, core.Failed, core.Succeeded, core.Succeeded, core.Pending}[s]
}

func (s runStatus) over() bool { return s != queued && s != inProgress && s != atGate }

// run is one run of a service's workflow.
type run struct {
	place   *place
	uid     string
	flow    *flow
	build   *build
	number  int
	attempt int
	status  runStatus
	created time.Time
	started time.Time
	ended   time.Time
	jobs    []*job
	flaw    string // the job that fails whenever it runs, "" if none; the story says so
	broken  string // the job that will fail this time
	event   string // what started it
	by      string // who; "": the commit's author
	said    string // why it ended as it did, in a human's words
	answers int    // how many gates were answered
	dry     bool   // it deploys nothing: somebody only wants to see
}

// job is one job of a run. Jobs of the same stage go side by side.
type job struct {
	run            *run
	name, stage    string
	uid            string
	status         runStatus
	started, ended time.Time
	key            uint64
	turn           int  // counts its lives: what was planned for another one does not happen
	gated          bool // it waits until somebody approves
	approved       bool
	planned        time.Duration // how long it will take, if that is known
}

func (r *run) ref() core.Ref {
	return r.place.refOf(ci.KindRun, r.build.service.repo, r.flow.name+"/"+strconv.Itoa(r.number), r.uid)
}

func (j *job) ref() core.Ref {
	r := j.run.ref()
	return j.run.place.refOf(ci.KindJob, r.Namespace, r.Name+"/"+j.name, j.uid)
}

// rev changes when what was planned for the run may make no sense any more.
func (r *run) rev() string { return fmt.Sprintf("%d.%s.%d", r.attempt, r.status, r.answers) }

func (j *job) rev() string { return fmt.Sprintf("%s.%d.%s", j.run.rev(), j.turn, j.status) }

// stage is the index of the stage that the run is at.
func (r *run) stage() int {
	at := 0
	for i, s := range r.flow.stages {
		for _, j := range r.jobs {
			if j.stage == s && j.status != queued && j.status != skipped {
				at = i
			}
		}
	}
	return at
}

// gate is the job that waits for a human, nil if none does.
func (r *run) gate() *job {
	for _, j := range r.jobs {
		if j.status == atGate {
			return j
		}
	}
	return nil
}

// makeBuild is a commit and the image that will come of it.
func (w *world) makeBuild(s *service, branch string, bad defect) *build {
	text := pick(w, harmless[s.name])
	if bad != sound {
		text = pick(w, harmful[bad])
	}
	c := commit{sha: w.hex(40), message: text, author: pick(w, people), branch: branch}
	return s.built(c, "sha256:"+w.hex(64), bad, w.nextNumber(s, ciFlow))
}

// built is what comes of a commit.
func (s *service) built(c commit, digest string, bad defect, number int) *build {
	return &build{service: s, commit: c, image: "registry.acme.example/" + s.name + ":" + c.short(), digest: digest, defect: bad, number: number}
}

// nextNumber counts the runs of a workflow.
func (w *world) nextNumber(s *service, f *flow) int {
	key := s.name + "/" + f.name
	if w.runSeq[key] == 0 {
		w.runSeq[key] = map[string]int{"api/ci": 1801, "web/ci": 942, "billing/ci": 287, "web/deploy": 36}[key]
	}
	w.runSeq[key]++
	return w.runSeq[key]
}

// push begins a run for a new commit, which deploys to p when it gets that far.
func (w *world) push(p *place, s *service, branch string, bad defect, broken string) *run {
	b := w.makeBuild(s, branch, bad)
	r := &run{place: p, flow: ciFlow, uid: w.uid(), build: b, number: b.number, created: w.now, flaw: broken, event: "push"}
	r.furnish(func(string) string { return w.uid() })
	w.after(w.between(2*time.Second, 6*time.Second), func() { r.start(1) })
	w.forget(p, s)
	return r
}

// furnish gives a run its jobs and puts all of it up.
func (r *run) furnish(uid func(name string) string) {
	r.attempt, r.broken = 1, r.flaw
	for _, t := range r.flow.jobs(r.place) {
		j := &job{run: r, name: t.name, stage: t.stage, gated: t.gated, uid: uid(t.name)}
		j.key = r.place.w.key(j.uid)
		r.jobs = append(r.jobs, j)
	}
	r.place.put(r)
	for _, j := range r.jobs {
		r.place.put(j)
	}
}

// start begins the first stage of an attempt.
func (r *run) start(attempt int) {
	if r.attempt != attempt || r.status != queued {
		return
	}
	r.status, r.started = inProgress, r.place.w.now
	r.begin(r.firstStage())
	r.tick(attempt)
}

// firstStage is the first one that is not done.
func (r *run) firstStage() int {
	for i, s := range r.flow.stages {
		for _, j := range r.jobs {
			if j.stage == s && j.status != passed {
				return i
			}
		}
	}
	return len(r.flow.stages) - 1
}

// forget keeps the newest runs of each workflow of a service.
func (w *world) forget(p *place, s *service) {
	const keep = 9
	for _, f := range flows {
		runs := p.runsOf(s, f)
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
}

// runsOf are the runs of a service's workflow, oldest first.
func (p *place) runsOf(s *service, f *flow) []*run {
	var out []*run
	for _, o := range p.tables[ci.KindRun] {
		if r := o.(*run); r.build.service == s && r.flow == f {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *run) int { return a.number - b.number })
	return out
}

// tick shows the time that a run has taken so far, now and then.
func (r *run) tick(attempt int) {
	r.place.w.after(5*time.Second, func() {
		if r.attempt != attempt || r.status.over() {
			return
		}
		r.touch()
		r.tick(attempt)
	})
}

// touch says that a run and what goes on of it is another one now.
func (r *run) touch() {
	r.place.touch(r)
	for _, j := range r.jobs {
		if j.status == inProgress || j.status == atGate {
			r.place.touch(j)
		}
	}
}

// begin starts the jobs of a stage, or lets those wait that need a human.
func (r *run) begin(stage int) {
	for _, j := range r.jobs {
		if j.stage != r.flow.stages[stage] || j.status == passed {
			continue
		}
		if j.gated && !j.approved {
			j.status, r.status = atGate, atGate
			r.place.touch(j)
			r.murmur(j, "Waiting", "job "+j.name+" waits for "+j.waits())
			continue
		}
		j.begin(stage)
	}
	r.place.touch(r)
}

// begin starts a job.
func (j *job) begin(stage int) {
	r, w := j.run, j.run.place.w
	j.turn++
	j.status, j.started, j.ended = inProgress, w.now, time.Time{}
	r.place.touch(j)
	r.say(j, "Started", "job "+j.name+" started")
	var takes time.Duration
	switch j.name {
	case "build":
		takes = w.between(18*time.Second, 32*time.Second)
	case "unit":
		takes = w.between(9*time.Second, 16*time.Second)
	case "integration":
		takes = w.between(16*time.Second, 28*time.Second)
	case "verify":
		takes = 8 * time.Second
	default:
		takes = 2 * time.Second
	}
	turn := j.turn
	if j.stage == stageDeploy {
		j.planned = 20 * time.Second
		w.after(takes, j.still(turn, func() { r.deploy(j, stage) }))
		return
	}
	j.planned = takes
	w.after(takes, j.still(turn, func() { j.finish(stage) }))
}

// still lets do happen only while the job is in the life that it was planned for.
func (j *job) still(turn int, do func()) func() {
	return func() {
		if j.turn == turn && j.status == inProgress {
			do()
		}
	}
}

// deploy rolls the run's image out and waits for the rollout, for a minute.
func (r *run) deploy(j *job, stage int) {
	w, turn := r.place.w, j.turn
	if r.dry {
		w.after(4*time.Second, j.still(turn, func() { j.finish(stage) }))
		return
	}
	d := r.place.deployment(r.build.service.name)
	switch {
	case d == nil: // somebody deleted it: a pipeline applies what it has
		d = r.place.erect(r.build.service, r.build, r.build.service.replicas[r.place.scope], nil)
	case d.current.build == r.build && !d.rolling: // it runs already: nothing is replaced
	default:
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
			w.after(time.Second, j.still(turn, look))
		}
	}
	w.after(2*time.Second, j.still(turn, look))
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
		if k.stage == r.flow.stages[stage] {
			done = done && !k.ended.IsZero()
			bad = bad || k.status == failed
		}
	}
	switch {
	case !done:
	case bad:
		r.end(failed)
	case stage == len(r.flow.stages)-1:
		r.end(passed)
	default:
		attempt := r.attempt
		w.after(1500*time.Millisecond, func() {
			if r.attempt == attempt && r.status == inProgress {
				r.begin(stage + 1)
			}
		})
	}
	r.place.touch(r)
}

// end ends a run: what has not begun is skipped, what goes on is cancelled.
func (r *run) end(how runStatus) {
	r.status, r.ended = how, r.place.w.now
	for _, k := range r.jobs {
		switch k.status {
		case queued:
			k.status = skipped
		case inProgress, atGate:
			k.status, k.ended = cancelled, r.place.w.now
		default:
			continue
		}
		r.place.touch(k)
	}
	for _, o := range r.place.tables[ci.KindRun] { // what this one makes past
		if o.(*run).build.service == r.build.service {
			r.place.touch(o)
		}
	}
}

func (r *run) say(j *job, reason, message string) {
	r.place.say(r.ref(), j.status == failed, reason, "pipeline", r.sentence(message))
}

// murmur is say for what takes nothing of the story's chance.
func (r *run) murmur(j *job, reason, message string) {
	r.place.murmur(r.ref(), reason, "pipeline", r.sentence(message))
	r.place.touch(j)
}

func (r *run) sentence(message string) string {
	return fmt.Sprintf("%s #%d: %s", r.build.service.name, r.number, message)
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
