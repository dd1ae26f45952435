package jenkins

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// route answers an admitted request.
func (c *call) route() {
	p := c.parts
	is := func(want ...string) bool { return slices.Equal(p, want) }
	switch {
	case len(p) == 0, is("login"):
		page(c.rw, http.StatusOK, "Jenkins", "Welcome to Jenkins!")
	case is("api", "json"):
		c.api(c.hudson())
	case is("crumbIssuer", "api", "json"):
		c.crumb()
	case is("me", "api", "json"):
		if c.user == nil {
			page(c.rw, http.StatusForbidden, "Authentication required", "Authentication required")
			return
		}
		c.api(c.me())
	case is("whoAmI", "api", "json"):
		name, auth := c.id(), []string{"authenticated"}
		if c.user == nil {
			name, auth = "anonymous", []string{"anonymous"}
		}
		c.api(&bean{class: "hudson.security.WhoAmI", props: []prop{
			{"anonymous", 1, func() any { return c.user == nil }}, {"authenticated", 1, func() any { return true }}, {"authorities", 1, func() any { return auth }}, {"name", 1, func() any { return name }},
		}})
	case is("computer", "api", "json"):
		c.api(c.computers())
	case is("queue", "api", "json"):
		c.api(&bean{class: "hudson.model.Queue", props: []prop{lazy("items", func() any { return c.waiting() }), lazy("discoverableItems", func() any { return []*bean{} })}})
	case is("queue", "cancelItem"):
		c.cancelItem()
	case len(p) == 5 && p[0] == "queue" && p[1] == "item" && p[3] == "api" && p[4] == "json":
		c.queueItem(p[2])
	case p[0] == "job":
		c.job()
	default:
		c.missing()
	}
}

func (c *call) waiting() []*bean {
	out := []*bean{}
	for i := len(c.queue) - 1; i >= 0; i-- {
		if q := c.queue[i]; q.left == nil && !q.cancelled && c.sees(q.job.item) {
			out = append(out, c.queueBean(q))
		}
	}
	for _, b := range c.running() {
		if b.agent != "" && c.sees(b.job.item) {
			out = append(out, &bean{class: "hudson.model.Queue$BuildableItem", props: []prop{
				is("actions", []*bean{}), is("id", 100000+b.queueID), is("why", b.agent), is("inQueueSince", millis(b.began)), is("stuck", false),
				is("task", &bean{class: "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask", props: []prop{
					seen("name", "part of "+b.name()), seen("url", c.base+"/"+b.url()),
				}}),
			}})
		}
	}
	return out
}

func (c *call) queueItem(id string) {
	n, _ := strconv.Atoi(id)
	q := c.item(n)
	if q == nil || (q.left != nil || q.cancelled) && c.now().Sub(q.gone) > c.o.Linger {
		c.missing()
		return
	}
	c.api(c.queueBean(q))
}

func (c *call) cancelItem() {
	if !c.posted() || !c.may("Job/Cancel") {
		return
	}
	n, _ := strconv.Atoi(c.r.URL.Query().Get("id"))
	switch q := c.item(n); {
	case q == nil:
		page(c.rw, http.StatusNotFound, "Error 404", "Provided item ID not found")
	case q.left != nil || q.cancelled:
		page(c.rw, http.StatusUnprocessableEntity, "Error 422", "Item could not be cancelled (already started?)")
	default:
		q.cancelled, q.gone = true, c.now()
		c.rw.WriteHeader(http.StatusNoContent)
	}
}

func (c *call) job() {
	it, rest := c.find(c.parts)
	if it == nil {
		c.missing()
		return
	}
	for up := it; up != nil; up = up.parent {
		if !c.sees(up) {
			c.missing()
			return
		}
	}
	switch {
	case slices.Equal(rest, []string{"api", "json"}):
		c.api(c.itemBean(it))
		return
	case len(rest) == 0:
		page(c.rw, http.StatusOK, it.fullDisplay(), it.about)
		return
	case it.job == nil:
		c.missing()
		return
	case slices.Equal(rest, []string{"build"}), slices.Equal(rest, []string{"buildWithParameters"}):
		c.trigger(it.job, rest[0] == "buildWithParameters")
		return
	case slices.Equal(rest, []string{"wfapi", "runs"}):
		c.runs(it.job)
		return
	}
	b := it.job.last()
	if rest[0] != "lastBuild" {
		n, err := strconv.Atoi(rest[0])
		if err != nil {
			c.missing()
			return
		}
		b = it.job.build(n)
	}
	if b == nil {
		c.missing()
		return
	}
	c.build(b, rest[1:])
}

// trigger answers build and buildWithParameters.
func (c *call) trigger(j *Job, with bool) {
	if !c.posted() || !c.may("Job/Build") {
		return
	}
	_ = c.r.ParseForm()
	switch {
	case j.disabled:
		page(c.rw, http.StatusConflict, "Error 409 Conflict", j.fullName()+" is not buildable")
		return
	case with && len(j.params) == 0:
		page(c.rw, http.StatusInternalServerError, "Oops!", j.fullName()+" is not parameterized")
		return
	case !with && len(j.params) > 0 && c.r.Form.Get("json") == "":
		page(c.rw, http.StatusBadRequest, "Error 400 Nothing is submitted", "This page expects a form submission but had only {}")
		return
	}
	given := map[string]string{}
	for _, p := range j.params {
		if !c.r.Form.Has(p.Name) {
			continue
		}
		v := c.r.Form.Get(p.Name)
		if p.Kind == Choice && !slices.Contains(p.Choices, v) {
			page(c.rw, http.StatusInternalServerError, "Oops!", "Illegal choice for parameter "+p.Name+": "+v)
			return
		}
		given[p.Name] = v
	}
	if raw := c.r.Form.Get("json"); !with && raw != "" {
		for name, v := range parameters(raw) {
			given[name] = v
		}
	}
	q := c.enqueue(j, []cause{c.byUser(c.id())}, given)
	c.rw.Header().Set("Location", c.base+"/queue/item/"+itoa(q.id)+"/")
	c.rw.WriteHeader(http.StatusCreated)
}

// parameters reads a submitted form: {"parameter":[{"name":…,"value":…}]},
// where a single one may stand without the list.
func parameters(raw string) map[string]string {
	type one struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	var form struct {
		Parameter json.RawMessage `json:"parameter"`
	}
	out := map[string]string{}
	if json.Unmarshal([]byte(raw), &form) != nil {
		return out
	}
	var list []one
	if json.Unmarshal(form.Parameter, &list) != nil {
		var x one
		if json.Unmarshal(form.Parameter, &x) == nil {
			list = []one{x}
		}
	}
	for _, x := range list {
		switch v := x.Value.(type) {
		case string:
			out[x.Name] = v
		case bool:
			out[x.Name] = strconv.FormatBool(v)
		}
	}
	return out
}

// build answers what is below a build.
func (c *call) build(b *Build, rest []string) {
	is := func(want ...string) bool { return slices.Equal(rest, want) }
	switch {
	case is():
		page(c.rw, http.StatusOK, b.name(), b.describes)
	case is("api", "json"):
		c.api(c.buildBean(b))
	case is("consoleText"):
		c.rw.Header().Set("Content-Type", "text/plain;charset=utf-8")
		_, _ = c.rw.Write(plain(b.log))
	case is("logText", "progressiveText"):
		c.progressive(b)
	case is("stop"), is("term"), is("kill"):
		c.stop(b, rest[0])
	case is("replay", "rebuild"):
		c.replay(b)
	case len(rest) == 3 && rest[0] == "input":
		c.answer(b, rest[1], rest[2])
	case len(rest) > 0 && (rest[0] == "wfapi" || rest[0] == "execution"):
		c.wfapi(b, rest)
	default:
		c.missing()
	}
}

func (c *call) stop(b *Build, how string) {
	level := map[string]int{"stop": 1, "term": 2, "kill": 3}[how]
	if level > 1 && b.job.kind != pipeline {
		c.missing()
		return
	}
	if !c.posted() || !c.may("Job/Cancel") {
		return
	}
	b.asked(level, c.who())
	c.redirect(b.url())
}

// redirect is how many of Jenkins' forms answer.
func (c *call) redirect(path string) {
	c.rw.Header().Set("Location", c.base+"/"+path)
	c.rw.WriteHeader(http.StatusFound)
}

func (c *call) replay(b *Build) {
	switch {
	case b.job.kind != pipeline:
		c.missing()
		return
	case !c.posted() || !c.may("Run/Replay"):
		return
	case c.o.NoReplay:
		page(c.rw, http.StatusForbidden, "Access Denied", c.who()+" is missing the Run/Replay permission")
		return
	}
	c.nextID++
	causes := []cause{c.byUser(c.id()), {class: "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause", text: "Replayed #" + b.id()}}
	c.World.queue = append(c.World.queue, &QueueItem{id: c.nextID, job: b.job, causes: causes, values: b.values, since: c.now(), replay: b})
	c.redirect(b.job.path())
}
