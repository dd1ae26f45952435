package gitlab

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// inProject routes below a project.
func (c *call) inProject(p []string) any {
	get, post := c.r.Method == http.MethodGet, c.r.Method == http.MethodPost
	at := func(shape string) bool { // "pipelines/:/jobs"
		want := strings.Split(shape, "/")
		if len(want) != len(p) {
			return false
		}
		for i, s := range want {
			if s != ":" && s != p[i] {
				return false
			}
		}
		return true
	}
	switch {
	case get && at("pipelines"):
		return c.page(c.listed())
	case post && at("pipeline"):
		return c.createPipeline()
	case at("pipelines/:"), len(p) == 3 && p[0] == "pipelines":
		return c.onPipeline(p)
	case get && at("jobs"):
		var out []any
		for _, pl := range slices.Backward(c.project.pipelines) {
			for _, j := range slices.Backward(pl.jobs) {
				if j.spec.Trigger == nil && (c.truth("include_retried") || !j.retried) {
					out = append(out, c.jobEntity(j))
				}
			}
		}
		return c.page(out)
	case len(p) >= 2 && p[0] == "jobs":
		return c.onJob(p)
	case p[0] == "environments", p[0] == "deployments", p[0] == "protected_environments":
		return c.onDeployment(p, at)
	case get && p[0] == "repository":
		return c.onRepository(p, at)
	case get && at("pipeline_schedules"):
		var out []any
		for _, s := range c.project.schedules {
			out = append(out, c.scheduleEntity(s, false))
		}
		return c.page(out)
	case get && at("pipeline_schedules/:"):
		for _, s := range c.project.schedules {
			if s.id == c.number(p[1]) {
				return c.scheduleEntity(s, true)
			}
		}
		return notFound("Pipeline Schedule")
	}
	return refusal{404, map[string]any{"error": "404 Not Found"}}
}

func (c *call) scheduleEntity(s *schedule, full bool) map[string]any {
	m := map[string]any{
		"id": s.id, "description": s.description, "ref": s.ref, "cron": "0 3 * * *", "cron_timezone": "UTC", "next_run_at": stamp(c.w.now().Add(time.Hour)),
		"active": true, "created_at": stamp(c.project.created), "updated_at": stamp(c.project.created), "owner": c.user(c.who, false),
	}
	if full {
		vars := []any{}
		for _, k := range slices.Sorted(maps.Keys(s.variables)) {
			vars = append(vars, map[string]any{"key": k, "variable_type": "env_var", "value": s.variables[k], "raw": false})
		}
		m["variables"], m["inputs"], m["last_pipeline"] = vars, []any{}, nil
	}
	return m
}

func (c *call) mayRun() *refusal {
	if c.project.Access < 30 {
		no := refuse(403, "403 Forbidden")
		return &no
	}
	return nil
}

func (c *call) createPipeline() any {
	if no := c.mayRun(); no != nil {
		return *no
	}
	ref := c.text("ref")
	if ref == "" {
		return refusal{400, map[string]any{"error": "ref is missing"}}
	}
	if c.project.branches[ref] == "" && c.project.tags[ref] == "" {
		return refusal{400, map[string]any{"message": map[string]any{"base": []any{"Reference not found"}}}}
	}
	s := Spec{Ref: ref, Source: "api", User: c.who.username, Variables: c.variables("variables", "key")}
	for _, pl := range slices.Backward(c.project.pipelines) { // the same jobs as before
		if pl.parent == nil {
			s.Jobs = pl.spec.Jobs
			break
		}
	}
	if s.Jobs == nil {
		s.Jobs = []JobSpec{{Name: "build", Stage: "build"}, {Name: "test", Stage: "test"}}
	}
	c.w.changed(c.r, c.raw, c.who)
	c.status = http.StatusCreated
	return c.detailed(c.w.begin(c.project, s))
}

func (c *call) onPipeline(p []string) any {
	var pl *pipeline
	if p[1] == "latest" {
		if n := len(c.project.pipelines); n > 0 {
			pl = c.project.pipelines[n-1]
		}
	}
	for _, x := range c.project.pipelines {
		if x.id == c.number(p[1]) {
			pl = x
		}
	}
	if pl == nil {
		return refusal{404, map[string]any{"message": "404 Not found"}}
	}
	what := ""
	if len(p) == 3 {
		what = p[2]
	}
	if c.r.Method == http.MethodPost {
		return c.changePipeline(pl, what)
	}
	if c.r.Method == http.MethodDelete && what == "" {
		c.w.changed(c.r, c.raw, c.who)
		c.project.pipelines = slices.DeleteFunc(c.project.pipelines, func(x *pipeline) bool { return x == pl })
		c.status = http.StatusNoContent
		return nil
	}
	switch what {
	case "":
		return c.detailed(pl)
	case "jobs", "bridges":
		var out []any
		for _, j := range slices.Backward(pl.jobs) {
			if (j.spec.Trigger != nil) == (what == "bridges") && (!j.retried || c.truth("include_retried")) {
				out = append(out, c.jobEntity(j))
			}
		}
		return c.page(out)
	case "variables":
		out := []any{}
		for _, k := range slices.Sorted(maps.Keys(pl.variables)) {
			out = append(out, map[string]any{"key": k, "value": pl.variables[k], "variable_type": "env_var", "raw": false})
		}
		return out
	case "test_report":
		if pl.report == nil {
			return map[string]any{"total_time": 0, "total_count": 0, "success_count": 0, "failed_count": 0, "skipped_count": 0, "error_count": 0, "test_suites": []any{}}
		}
		return pl.report
	}
	return refusal{404, map[string]any{"error": "404 Not Found"}}
}

func (c *call) changePipeline(pl *pipeline, what string) any {
	if no := c.mayRun(); no != nil {
		return *no
	}
	switch what {
	case "retry":
		c.w.changed(c.r, c.raw, c.who)
		for _, j := range slices.Clone(pl.jobs) {
			if !j.retried && (j.status == "failed" || j.status == "canceled") {
				c.w.retry(j, c.who)
			}
		}
	case "cancel":
		c.w.changed(c.r, c.raw, c.who)
		for _, j := range pl.jobs {
			if !j.done() {
				if j.child != nil {
					for _, k := range j.child.jobs {
						if !k.done() {
							c.w.move(k, "canceled", "")
						}
					}
				}
				c.w.move(j, "canceled", "")
			}
		}
	default:
		return refusal{404, map[string]any{"error": "404 Not Found"}}
	}
	c.status = http.StatusCreated
	return c.detailed(pl)
}

func (c *call) onJob(p []string) any {
	var j *job
	for _, pl := range c.project.pipelines {
		for _, x := range pl.jobs {
			if x.id == c.number(p[1]) {
				j = x
			}
		}
	}
	if j == nil {
		return refusal{404, map[string]any{"message": "404 Not found"}}
	}
	if c.r.Method == http.MethodGet {
		switch {
		case len(p) == 2:
			return c.jobEntity(j)
		case len(p) == 3 && p[2] == "trace":
			if !j.traced {
				return refusal{404, map[string]any{"message": "404 Not found"}}
			}
			return c.partial(j.trace)
		}
		return refusal{404, map[string]any{"error": "404 Not Found"}}
	}
	if c.r.Method != http.MethodPost || len(p) != 3 {
		return refusal{404, map[string]any{"error": "404 Not Found"}}
	}
	if no := c.mayRun(); no != nil {
		return *no
	}
	switch p[2] {
	case "play":
		if j.status != "manual" && j.status != "scheduled" {
			return refuse(400, "400 Bad request - Unplayable Job")
		}
		if j.deployment != nil && j.deployment.status == "blocked" {
			return refuse(400, "400 Bad request - Unplayable Job")
		}
		c.w.changed(c.r, c.raw, c.who)
		j.variables, j.user = c.variables("job_variables_attributes", "key"), c.who
		c.w.enqueue(j)
		j.pipeline.updated = c.w.now()
		c.w.advance(j.pipeline)
		return c.jobEntity(j)
	case "retry":
		if !j.done() || j.status == "skipped" || j.retried {
			return refuse(403, "403 Forbidden - Job is not retryable")
		}
		c.w.changed(c.r, c.raw, c.who)
		c.status = http.StatusCreated
		return c.jobEntity(c.w.retry(j, c.who))
	case "cancel":
		if j.done() {
			return refuse(403, "403 Forbidden - Job is not cancelable")
		}
		c.w.changed(c.r, c.raw, c.who)
		c.w.move(j, "canceled", "")
		c.status = http.StatusCreated
		return c.jobEntity(j)
	}
	return refusal{404, map[string]any{"error": "404 Not Found"}}
}

func (c *call) onDeployment(p []string, at func(string) bool) any {
	get, post := c.r.Method == http.MethodGet, c.r.Method == http.MethodPost
	switch {
	case get && at("environments"):
		var out []any
		for _, e := range c.project.environments {
			if s := c.query.Get("states"); s != "" && e.state != s || c.query.Get("name") != "" && c.query.Get("name") != e.name {
				continue
			}
			out = append(out, c.environmentEntity(e, c.project, false))
		}
		return c.page(out)
	case at("environments/:"), at("environments/:/stop"):
		for _, e := range c.project.environments {
			if e.id != c.number(p[1]) {
				continue
			}
			if get && len(p) == 2 {
				return c.environmentEntity(e, c.project, true)
			}
			if post && len(p) == 3 {
				if no := c.mayRun(); no != nil {
					return *no
				}
				c.w.changed(c.r, c.raw, c.who)
				e.state, e.updated, c.status = "stopped", c.w.now(), http.StatusCreated
				return c.environmentEntity(e, c.project, true)
			}
		}
		return refuse(404, "404 Not found")
	case get && at("deployments"):
		var out []any
		for _, d := range slices.Backward(c.project.deployments) {
			if e := c.query.Get("environment"); e != "" && e != d.environment.name {
				continue
			}
			if s := c.query.Get("status"); s != "" && s != d.status {
				continue
			}
			out = append(out, c.deploymentEntity(d))
		}
		return c.page(out)
	case at("deployments/:"), at("deployments/:/approval"):
		for _, d := range c.project.deployments {
			if d.id != c.number(p[1]) {
				continue
			}
			if get && len(p) == 2 {
				return c.deploymentFull(d)
			}
			if post && len(p) == 3 {
				return c.approve(d)
			}
		}
		return refuse(404, "404 Not found")
	case get && p[0] == "protected_environments":
		if c.w.free {
			return refuse(404, "404 Not Found")
		}
		var out []any
		for _, x := range c.project.protected {
			out = append(out, map[string]any{
				"name": x.name, "required_approval_count": x.required, "approval_rules": []any{},
				"deploy_access_levels": []any{map[string]any{"id": 1, "access_level": x.level, "access_level_description": "Maintainers", "user_id": nil, "group_id": nil, "group_inheritance_type": 0}},
			})
		}
		return c.page(out)
	}
	return refusal{404, map[string]any{"error": "404 Not Found"}}
}

func (c *call) approve(d *deployment) any {
	switch {
	case c.w.free:
		return refuse(404, "404 Not Found")
	case c.project.Access < 40:
		return refuse(403, "403 Forbidden")
	case d.status != "blocked":
		return refuse(400, "This deployment job is not waiting for approval.")
	}
	status := c.text("status")
	c.w.changed(c.r, c.raw, c.who)
	d.approvals = append(d.approvals, approval{c.who, status, c.text("comment"), c.w.now()})
	d.updated = c.w.now()
	switch {
	case status == "rejected":
		d.status = "failed"
		if d.job != nil {
			c.w.move(d.job, "failed", "deployment_rejected")
			d.status = "failed"
		}
	case len(d.approvals) >= d.needed:
		d.status = "created"
	}
	c.status = http.StatusCreated
	return map[string]any{"user": c.user(c.who, false), "status": status, "created_at": stamp(c.w.now()), "comment": c.text("comment")}
}

func (c *call) onRepository(p []string, at func(string) bool) any {
	pr := c.project
	switch {
	case at("repository/commits"):
		var out []any
		for _, x := range slices.Backward(pr.commits) {
			out = append(out, c.commit(x))
		}
		return c.page(out)
	case at("repository/commits/:"):
		sha := p[2]
		for _, named := range []map[string]string{pr.branches, pr.tags} {
			if at, ok := named[sha]; ok {
				sha = at
				break
			}
		}
		if x := pr.commitOf(sha); x != nil {
			m := c.commit(x)
			m["stats"], m["status"], m["project_id"], m["last_pipeline"] = map[string]any{"additions": 1, "deletions": 1, "total": 2}, nil, pr.ID, nil
			return m
		}
		return notFound("Commit")
	case at("repository/compare"):
		from, to := pr.commitOf(c.query.Get("from")), pr.commitOf(c.query.Get("to"))
		if from == nil || to == nil {
			return notFound("Ref")
		}
		out := []any{}
		var last *commit
		in := false
		for _, x := range pr.commits {
			if in {
				out, last = append(out, c.commit(x)), x
			}
			if x == from {
				in = true
			}
			if x == to {
				break
			}
		}
		m := map[string]any{"commits": out, "commit": nil, "diffs": []any{}, "compare_timeout": false, "compare_same_ref": from == to, "web_url": c.web(pr, "compare/"+from.sha+"..."+to.sha)}
		if last != nil {
			m["commit"] = c.commit(last)
		}
		return m
	case at("repository/branches"), at("repository/tags"):
		from := pr.branches
		if p[1] == "tags" {
			from = pr.tags
		}
		var names []string
		for name := range from {
			names = append(names, name)
		}
		slices.Sort(names)
		var out []any
		for _, name := range names {
			m := map[string]any{"name": name, "protected": name == pr.DefaultBranch}
			if x := pr.commitOf(from[name]); x != nil {
				m["commit"] = c.commit(x)
			}
			if p[1] == "branches" {
				m["default"], m["merged"], m["web_url"] = name == pr.DefaultBranch, false, c.web(pr, "tree/"+escape(name))
			} else {
				m["message"], m["release"], m["target"] = "", nil, from[name]
			}
			out = append(out, m)
		}
		return c.page(out)
	case len(p) >= 3 && p[1] == "files":
		if pr.CIYAML == "" || p[2] != ".gitlab-ci.yml" {
			return notFound("File")
		}
		if len(p) == 4 && p[3] == "raw" {
			return plain(pr.CIYAML)
		}
		return map[string]any{
			"file_name": p[2], "file_path": p[2], "size": len(pr.CIYAML), "encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte(pr.CIYAML)),
			"ref": c.query.Get("ref"), "blob_id": strconv.Itoa(pr.ID), "commit_id": pr.branches[pr.DefaultBranch], "last_commit_id": pr.branches[pr.DefaultBranch], "content_sha256": fmt.Sprint(len(pr.CIYAML)), "execute_filemode": false,
		}
	}
	return refusal{404, map[string]any{"error": "404 Not Found"}}
}
