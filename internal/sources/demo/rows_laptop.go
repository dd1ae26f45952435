package demo

import (
	"fmt"
	"maps"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// status is the container's state in the words of its engine.
func (c *container) status() (phase core.Phase, reason, health string) {
	l := c.last()
	switch {
	case c.state == restarting:
		return core.Pending, "Restarting", "starting"
	case c.state == frozen:
		return core.Degraded, "Paused", ""
	case c.state == exited && l.exit == 0:
		return core.Succeeded, "Exited (0)", ""
	case c.state == exited:
		return core.Failed, fmt.Sprintf("Exited (%d)", l.exit), ""
	case !c.check:
		return core.Running, "Up", ""
	case c.healthy:
		return core.Running, "Up", "healthy"
	case c.project.place.w.now.Sub(l.start) < c.project.place.w.story(growth/48):
		return core.Pending, "Up", "starting"
	}
	return core.Degraded, "Up", "unhealthy"
}

func (c *container) facts() *core.Facts {
	f := &core.Facts{
		Image: []string{c.image}, Digest: []string{c.digest}, Commit: c.commit, Environment: Laptop, Service: c.service,
		Containers: []string{c.service},
		Labels: map[string]string{
			"com.docker.compose.project": c.project.name, "com.docker.compose.service": c.service,
			"com.docker.compose.project.working_dir": c.project.dir,
		},
	}
	for _, s := range c.project.place.w.services {
		if s.name == c.service && c.commit != "" {
			f.Repo = s.home()
		}
	}
	return f
}

func (c *container) row() *core.Resource {
	phase, reason, health := c.status()
	message := ""
	switch l := c.last(); {
	case c.state == exited && l.reason == "OOMKilled":
		message = "killed by the kernel: out of memory"
	case health == "unhealthy":
		message = "health check: timeout after 3s"
	}
	return &core.Resource{
		Ref: c.ref(), Owner: c.project.ref(), Phase: phase, Reason: text.Clean(reason), Message: text.CleanLong(message),
		Cells: []core.Cell{
			word(c.name()), word(reason), word(health), inUsage(), inUsage(), number(c.restarts), word(c.image), word(c.project.name), word(c.service),
			word(c.ports), inUsage(), inUsage(), age(c.last().start), age(c.created),
		},
		Started: nanos(c.last().start), Changed: nanos(c.changed), Rev: c.rev(), Facts: c.facts(),
	}
}

func (p *project) row() *core.Resource {
	running, wanted, restarts := 0, 0, 0
	phase := core.Running
	var names []string
	for _, c := range p.containers {
		names = append(names, c.service)
		restarts += c.restarts
		ph, _, _ := c.status()
		if ph == core.Succeeded {
			continue
		}
		wanted++
		switch ph {
		case core.Running:
			running++
		case core.Failed, core.Degraded:
			phase = core.Degraded
		case core.Pending:
			if phase == core.Running {
				phase = core.Pending
			}
		case core.Succeeded, core.Unknown:
		}
	}
	reason := fmt.Sprintf("running (%d)", running)
	if phase == core.Degraded {
		reason = fmt.Sprintf("%d of %d running", running, wanted)
	}
	labels := map[string]string{"com.docker.compose.project": p.name}
	return &core.Resource{
		Ref: p.ref(), Phase: phase, Reason: text.Clean(reason),
		Cells: []core.Cell{
			word(p.name), word(reason), number(running), number(len(p.containers)), inUsage(), inUsage(), number(restarts), age(p.created), word(p.dir),
		},
		Started: nanos(p.created), Rev: p.rev(),
		Facts: &core.Facts{Environment: Laptop, Containers: names, Labels: labels, Selector: maps.Clone(labels)},
	}
}

func (p *picture) row() *core.Resource {
	used := 0
	for _, o := range p.place.tables["container"] {
		if o.(*container).image == p.name {
			used++
		}
	}
	reason := "in use"
	if used == 0 {
		reason = "unused"
	}
	return &core.Resource{
		Ref: p.ref(), Phase: core.Running, Reason: text.Clean(reason),
		Cells: []core.Cell{
			word(p.name), word(reason), amount(p.size), number(used), age(p.created), word(p.digest[7:19]),
		},
		Started: nanos(p.created), Rev: "1", Facts: &core.Facts{Image: []string{p.name}, Digest: []string{p.digest}},
	}
}
