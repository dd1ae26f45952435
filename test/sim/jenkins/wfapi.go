package jenkins

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// wfapi answers what the plugin Pipeline: REST API serves.
func (c *call) wfapi(b *Build, rest []string) {
	if c.o.NoStages || b.job.kind != pipeline {
		c.missing()
		return
	}
	is := func(want ...string) bool { return slices.Equal(rest, want) }
	switch {
	case is("wfapi"), is("wfapi", "describe"):
		c.json(c.describe(b))
	case is("wfapi", "pendingInputActions"):
		out := []any{}
		for _, in := range b.pending() {
			out = append(out, c.inputJSON(b, in))
		}
		c.json(out)
	case is("wfapi", "changesets"), is("wfapi", "artifacts"):
		c.json([]any{})
	case is("wfapi", "inputSubmit"):
		c.submit(b)
	case len(rest) == 5 && rest[0] == "execution" && rest[1] == "node" && rest[3] == "wfapi":
		c.flowNode(b, rest[2], rest[4])
	default:
		c.missing()
	}
}

func (c *call) href(path string) map[string]any {
	return map[string]any{"href": c.o.Prefix + "/" + path}
}

func (c *call) describe(b *Build) map[string]any {
	status := map[string]string{"": "IN_PROGRESS", "SUCCESS": "SUCCESS", "UNSTABLE": "UNSTABLE", "FAILURE": "FAILED", "ABORTED": "ABORTED", "NOT_BUILT": "NOT_EXECUTED"}[b.result]
	links := map[string]any{"self": c.href(b.url() + "wfapi/describe")}
	out := map[string]any{}
	if pending := b.pending(); len(pending) > 0 {
		status = "PAUSED_PENDING_INPUT"
		links["pendingInputActions"] = c.href(b.url() + "wfapi/pendingInputActions")
		links["nextPendingInputAction"] = c.href(b.url() + "wfapi/nextPendingInputAction")
	}
	took := b.took
	if b.result == "" {
		took = c.now().Sub(b.began)
	}
	stages := []any{}
	for _, s := range b.stages {
		stages = append(stages, c.stageJSON(b, s))
	}
	for k, v := range map[string]any{
		"_links": links, "id": b.id(), "name": "#" + b.id(), "status": status, "startTimeMillis": millis(b.began), "endTimeMillis": millis(b.began.Add(took)),
		"durationMillis": took.Milliseconds(), "queueDurationMillis": 3, "pauseDurationMillis": 0, "stages": stages,
	} {
		out[k] = v
	}
	return out
}

func (c *call) stageJSON(b *Build, s *stage) map[string]any {
	took := s.took
	if s.to < 0 {
		took = c.now().Sub(s.began)
	}
	out := map[string]any{
		"_links": map[string]any{"self": c.href(b.url() + "execution/node/" + itoa(s.id) + "/wfapi/describe")},
		"id":     itoa(s.id), "name": s.name, "execNode": "", "status": s.status, "startTimeMillis": millis(s.began),
		"durationMillis": took.Milliseconds(), "pauseDurationMillis": s.paused.Milliseconds(),
	}
	if s.failed != "" {
		out["error"] = map[string]any{"message": s.failed, "type": "hudson.AbortException"}
	}
	return out
}

// runs answers wfapi/runs: the last ten runs of a job, or those since one.
func (c *call) runs(j *Job) {
	if c.o.NoStages || j.kind != pipeline {
		c.missing()
		return
	}
	since := c.r.URL.Query().Get("since")
	out := []any{}
	for i := len(j.builds) - 1; i >= 0 && len(out) < 10; i-- {
		out = append(out, c.describe(j.builds[i]))
		if "#"+j.builds[i].id() == since {
			break
		}
	}
	c.json(out)
}

// logLimit is how much of a step's log the plugin serves.
const logLimit = 10 << 10

func (c *call) flowNode(b *Build, id, what string) {
	n, _ := strconv.Atoi(id)
	for _, s := range b.stages {
		switch {
		case s.id == n && what == "describe":
			out := c.stageJSON(b, s)
			step := map[string]any{
				"_links": map[string]any{
					"self": c.href(b.url() + "execution/node/" + itoa(n+1) + "/wfapi/describe"),
					"log":  c.href(b.url() + "execution/node/" + itoa(n+1) + "/wfapi/log"),
				},
				"id": itoa(n + 1), "name": "Shell Script", "execNode": "", "status": s.status, "parameterDescription": "make " + strings.ToLower(s.name),
				"startTimeMillis": millis(s.began), "durationMillis": s.took.Milliseconds(), "pauseDurationMillis": 0, "parentNodes": []string{id},
			}
			out["stageFlowNodes"] = []any{step}
			c.json(out)
			return
		case s.id == n-1 && what == "log":
			to := s.to
			if to < 0 {
				to = len(b.log)
			}
			text := plain(b.log[s.from:to])
			more := len(text) > logLimit
			if more {
				text = text[len(text)-logLimit:]
			}
			c.json(map[string]any{
				"nodeId": id, "nodeStatus": s.status, "length": len(text), "hasMore": more, "text": html.EscapeString(string(text)),
				"consoleUrl": c.o.Prefix + "/" + b.url() + "execution/node/" + id + "/log",
			})
			return
		}
	}
	c.missing()
}

func (c *call) inputJSON(b *Build, in *Input) map[string]any {
	inputs := []any{}
	for _, p := range in.Params {
		def := map[string]any{"defaultVal": any(p.value(nil))}
		if p.Kind == Boolean {
			def["defaultVal"] = p.Default == "true"
		}
		if p.Kind == Choice {
			def["choices"] = p.Choices
		}
		inputs = append(inputs, map[string]any{"type": p.Kind + "ParameterDefinition", "name": p.Name, "description": p.Help, "definition": def})
	}
	return map[string]any{
		"id": in.ID, "proceedText": in.OK, "message": in.Message, "inputs": inputs,
		"proceedUrl":          c.o.Prefix + "/" + b.url() + "wfapi/inputSubmit?inputId=" + in.ID,
		"abortUrl":            c.o.Prefix + "/" + b.url() + "input/" + in.ID + "/abort",
		"redirectApprovalUrl": c.o.Prefix + "/" + b.url() + "input/",
	}
}

// submit answers wfapi/inputSubmit.
func (c *call) submit(b *Build) {
	if !c.posted() {
		return
	}
	_ = c.r.ParseForm()
	in := c.gate(b, c.r.URL.Query().Get("inputId"))
	if in == nil {
		return
	}
	given := parameters(c.r.PostForm.Get("json"))
	in.Answer = map[string]string{}
	for _, p := range in.Params {
		in.Answer[p.Name] = p.value(given)
	}
	c.proceed(b, in)
	c.rw.WriteHeader(http.StatusOK)
}

// gate finds an input that waits and checks who answers it.
func (c *call) gate(b *Build, id string) *Input {
	for _, in := range b.pending() {
		if in.ID != id {
			continue
		}
		if !c.may("Job/Build") {
			return nil
		}
		if in.Submitter != "" && !slices.Contains(strings.Split(in.Submitter, ","), c.id()) {
			page(c.rw, http.StatusBadRequest, "Error", "You need to be "+in.Submitter+" to submit this.")
			return nil
		}
		return in
	}
	c.missing()
	return nil
}

func (c *call) proceed(b *Build, in *Input) {
	in.Done, in.By = true, c.id()
	b.write("Approved by " + c.who() + "\n")
	if n := len(b.stages); n > 0 {
		b.stages[n-1].status, b.stages[n-1].paused = "IN_PROGRESS", c.now().Sub(b.pauseFrom)
	}
}

// answer serves input/ID/proceedEmpty, proceed, submit and abort.
func (c *call) answer(b *Build, id, what string) {
	if b.job.kind != pipeline {
		c.missing()
		return
	}
	if !c.posted() {
		return
	}
	in := c.gate(b, id)
	if in == nil {
		return
	}
	switch what {
	case "proceedEmpty":
		c.proceed(b, in)
		c.redirect(b.url())
	case "abort":
		in.Done, in.Rejected, in.By = true, true, c.id()
		b.write("Rejected by " + c.who() + "\n")
		b.end("ABORTED", "")
		c.redirect(b.url())
	default:
		c.missing()
	}
}
