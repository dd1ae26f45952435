package demo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// cronjob starts a job every few minutes.
type cronjob struct {
	place     *place
	service   *service // whose image it runs
	name, uid string
	schedule  string
	every     time.Duration
	suspended bool
	active    []string // jobs that run now
	started   int      // jobs so far
	ended     int
	last      time.Time
	created   time.Time
	changed   time.Time
	spec      int // counts what was asked for: the row's Rev
}

func (c *cronjob) ref() core.Ref {
	return c.place.refOf("cronjob", c.service.namespace, c.name, c.uid)
}

func (c *cronjob) rev() string { return strconv.Itoa(c.spec) }

// furnishJobs puts up what runs by the clock.
func (w *world) furnishJobs(p *place) {
	for _, j := range []struct {
		service, name, schedule string
		every                   time.Duration
	}{
		{"api", "abandoned-carts", "*/10 * * * *", 10 * time.Minute},
		{"billing", "ledger-export", "*/30 * * * *", 30 * time.Minute},
	} {
		for _, s := range w.services {
			if s.name != j.service {
				continue
			}
			uid := w.fixedUID(p.scope + " " + j.name)
			c := &cronjob{
				place: p, service: s, name: j.name, uid: uid, schedule: j.schedule, every: j.every,
				created: w.now.Add(-80 * 24 * time.Hour), changed: w.now.Add(-80 * 24 * time.Hour), last: w.now.Add(-j.every / 2), spec: 1,
			}
			p.put(c)
			w.every(j.every, func() {
				if !c.suspended && c.there() {
					c.start(fmt.Sprintf("%s-%d", c.name, w.now.Unix()/60))
				}
			})
		}
	}
}

// there reports whether nobody has deleted it.
func (c *cronjob) there() bool { return c.place.find(c.ref()) == object(c) }

// start runs a job: it takes some seconds.
func (c *cronjob) start(name string) {
	w := c.place.w
	c.started++
	c.active = append(c.active, name)
	c.last, c.changed = w.now, w.now
	c.place.murmur(c.ref(), "SuccessfulCreate", "cronjob-controller", "Created job "+name)
	c.place.touch(c)
	w.after(time.Duration(7+w.key(name)%6)*time.Second, func() {
		for i, n := range c.active {
			if n == name {
				c.active = append(c.active[:i:i], c.active[i+1:]...)
				break
			}
		}
		c.ended++
		c.changed = w.now
		c.place.murmur(c.ref(), "SawCompletedJob", "cronjob-controller", fmt.Sprintf("Saw completed job: %s, condition: Complete", name))
		if c.there() {
			c.place.touch(c)
		}
	})
}

func (c *cronjob) image() string {
	if d := c.place.deployment(c.service.name); d != nil {
		return d.current.build.image
	}
	return "registry.acme.example/" + c.service.name + ":latest"
}

func (c *cronjob) row() *core.Resource {
	phase, reason := core.Running, "Scheduled"
	switch {
	case c.suspended:
		phase, reason = core.Pending, "Suspended"
	case len(c.active) > 0:
		reason = "Active"
	}
	return &core.Resource{
		Ref: c.ref(), Phase: phase, Reason: text.Clean(reason),
		Cells: []core.Cell{
			word(c.name), word(c.schedule), word(reason), number(len(c.active)), age(c.last), word(c.image()), age(c.created),
		},
		Started: nanos(c.created), Changed: nanos(c.changed), Rev: c.rev(),
		Facts: &core.Facts{Environment: c.place.scope, Service: c.service.name, Repo: c.service.home(), Image: []string{c.image()}},
	}
}

func (y *sketch) cronjob(c *cronjob) {
	y.head("batch/v1", "CronJob", c.ref(), c.rev(), c.created)
	y.line(0, "spec", nil)
	y.line(1, "schedule", c.schedule)
	y.line(1, "suspend", c.suspended)
	y.raw(1, "jobTemplate:")
	y.line(2, "image", c.image())
	y.line(0, "status", nil)
	y.line(1, "lastScheduleTime", stamp(c.last))
	y.line(1, "active", len(c.active))
}

// planTrigger plans that the job runs now, beside its schedule.
func (s *Source) planTrigger(c *cronjob) *core.Operation {
	name := fmt.Sprintf("%s-manual-%s", c.name, s.w.fixed(fmt.Sprint(c.uid, c.started), 5))
	plan := core.Plan{
		Verb: core.VerbDeploy, Target: c.ref(), Rev: c.rev(),
		Title:    text.Sprintf("Run cronjob %s/%s now", c.service.namespace, c.name),
		Changes:  []core.FieldChange{change("job", "none", name)},
		Impact:   []text.Safe{text.Sprintf("one job with image %s; the schedule stays as it is", c.image())},
		Command:  text.Sprintf("%s create job %s --from=cronjob/%s", c.place.kubectl(c.service.namespace), name, c.name),
		UndoHint: text.Lit("cannot be undone: what the job has done stays done"),
	}
	if c.suspended {
		plan.Warnings = append(plan.Warnings, text.Lit("the schedule is suspended: this run is the only one"))
	}
	if n := len(c.active); n > 0 {
		plan.Warnings = append(plan.Warnings, text.Sprintf("%d jobs of it run already", n))
	}
	var want int
	return s.operation(plan,
		func() (core.Ref, string) { return c.ref(), c.rev() },
		func() {
			c.start(name)
			want = c.started
		},
		func() verdict {
			if c.ended >= want {
				return verdict{done: 1, total: 1, text: name + " completed", settled: true}
			}
			return verdict{total: 1, text: name + " runs"}
		})
}

// planSuspend plans that no job is started by the clock, or that they are again.
func (s *Source) planSuspend(c *cronjob, on bool) *core.Operation {
	verb, inverse, title := core.VerbPause, core.VerbResume, text.Lit("Suspend")
	if !on {
		verb, inverse, title = core.VerbResume, core.VerbPause, text.Lit("Resume")
	}
	plan := core.Plan{
		Verb: verb, Target: c.ref(), Rev: c.rev(), Title: text.Sprintf("%s cronjob %s/%s", title, c.service.namespace, c.name),
		Changes:  []core.FieldChange{change("spec.suspend", strconv.FormatBool(c.suspended), strconv.FormatBool(on))},
		Diff:     difference("spec", [3]string{"suspend", strconv.FormatBool(c.suspended), strconv.FormatBool(on)}),
		Command:  text.Sprintf(`%s patch cronjob/%s --type=merge -p '{"spec":{"suspend":%t}}'`, c.place.kubectl(c.service.namespace), c.name, on),
		UndoHint: text.Sprintf("U plans %s", inverse), Inverse: &core.Inverse{Verb: inverse},
	}
	if on {
		plan.Impact = []text.Safe{text.Sprintf("no job is started by the schedule %s; %d that run go on", c.schedule, len(c.active))}
	} else {
		plan.Impact = []text.Safe{text.Sprintf("jobs are started by the schedule %s again; missed ones are not made up for", c.schedule)}
	}
	return s.operation(plan,
		func() (core.Ref, string) { return c.ref(), c.rev() },
		func() {
			c.suspended = on
			c.spec++
			c.changed = s.w.now
			c.place.touch(c)
		},
		func() verdict { return arrived(c.suspended == on, "the schedule is set") })
}

// deployCron is the way of PlanDeploy for a cron job.
func (s *Source) deployCron(_ context.Context, c *cronjob, what core.Deploy) (*core.Operation, error) {
	if what.Image != "" || what.File != "" {
		return nil, problemf(core.Unsupported, "the demo runs a cron job as it is: no image and no file")
	}
	return s.planTrigger(c), nil
}
