package github

import (
	"encoding/base64"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

func (w *World) routes() *http.ServeMux {
	m := http.NewServeMux()
	on := func(pattern string, f func(*call) answer) { m.HandleFunc(pattern, w.handle(f)) }
	const repo = "/repos/{owner}/{repo}"
	on("/", func(*call) answer { return notFound() })
	on("GET /{$}", func(c *call) answer { return ok(map[string]any{"current_user_url": c.base + "/user"}) })
	on("GET /user", (*call).me)
	on("GET /rate_limit", (*call).rateLimit)
	on("GET /meta", (*call).meta)
	on("GET /orgs/{org}/repos", func(c *call) answer { return c.reposOf(c.r.PathValue("org")) })
	on("GET /users/{org}/repos", func(c *call) answer { return c.reposOf(c.r.PathValue("org")) })
	on("GET /user/repos", func(c *call) answer { return c.reposOf("") })
	on("POST /graphql", func(*call) answer {
		return ok(map[string]any{"data": map[string]any{"repository": map[string]any{"pullRequests": map[string]any{"nodes": []any{}}, "defaultBranchRef": map[string]any{"name": "main"}}}})
	})
	on("GET "+repo, func(c *call) answer { return ok(c.repository(c.repo, true)) })
	on("GET "+repo+"/branches", (*call).branchList)
	on("GET "+repo+"/commits", (*call).commitList)
	on("GET "+repo+"/commits/{ref...}", (*call).commitOne)
	on("GET "+repo+"/compare/{basehead...}", (*call).compare)
	on("GET "+repo+"/contents/{path...}", (*call).contents)
	on("GET "+repo+"/actions/workflows", func(c *call) answer { return list(c, "workflows", c.repo.workflows, c.workflow) })
	on("GET "+repo+"/actions/workflows/{id}", (*call).workflowOne)
	on("GET "+repo+"/actions/workflows/{id}/runs", (*call).runList)
	on("POST "+repo+"/actions/workflows/{id}/dispatches", (*call).dispatch)
	on("GET "+repo+"/actions/runs", (*call).runList)
	on("GET "+repo+"/actions/runs/{id}", withRun(func(c *call, r *Run) answer { return ok(c.run(r, r.current())) }))
	on("GET "+repo+"/actions/runs/{id}/attempts/{n}", withAttempt(func(c *call, r *Run, a *attempt) answer { return ok(c.run(r, a)) }))
	on("GET "+repo+"/actions/runs/{id}/attempts/{n}/jobs", withAttempt(func(c *call, _ *Run, a *attempt) answer { return list(c, "jobs", a.jobs, c.job) }))
	on("GET "+repo+"/actions/runs/{id}/attempts/{n}/logs", withAttempt((*call).archive))
	on("GET "+repo+"/actions/runs/{id}/jobs", withRun((*call).jobList))
	on("GET "+repo+"/actions/runs/{id}/logs", withRun(func(c *call, r *Run) answer { return c.archive(r, r.current()) }))
	on("GET "+repo+"/actions/runs/{id}/artifacts", withRun(func(c *call, _ *Run) answer {
		return list(c, "artifacts", []int{}, func(int) any { return nil })
	}))
	on("GET "+repo+"/actions/runs/{id}/approvals", withRun((*call).approvals))
	on("GET "+repo+"/actions/runs/{id}/pending_deployments", withRun((*call).pending))
	on("POST "+repo+"/actions/runs/{id}/pending_deployments", withRun((*call).review))
	on("POST "+repo+"/actions/runs/{id}/approve", withRun((*call).admit))
	on("POST "+repo+"/actions/runs/{id}/cancel", withRun((*call).cancel))
	on("POST "+repo+"/actions/runs/{id}/force-cancel", withRun((*call).forceCancel))
	on("POST "+repo+"/actions/runs/{id}/rerun", withRun(func(c *call, r *Run) answer { return c.rerun(r, nil) }))
	on("POST "+repo+"/actions/runs/{id}/rerun-failed-jobs", withRun((*call).rerunFailed))
	on("GET "+repo+"/actions/jobs/{id}", withJob(func(c *call, j *Job) answer { return ok(c.job(j)) }))
	on("GET "+repo+"/actions/jobs/{id}/logs", withJob((*call).jobLog))
	on("POST "+repo+"/actions/jobs/{id}/rerun", withJob((*call).rerunJob))
	on("GET "+repo+"/check-runs/{id}/annotations", withJob((*call).annotations))
	on("GET "+repo+"/environments", func(c *call) answer {
		return list(c, "environments", c.repo.environments, func(e *environment) any { return c.environment(c.repo, e) })
	})
	on("GET "+repo+"/environments/{name}", (*call).environmentOne)
	on("GET "+repo+"/deployments", (*call).deploymentList)
	on("GET "+repo+"/deployments/{id}", withDeployment(func(c *call, d *deployment) answer { return ok(c.deployment(d)) }))
	on("GET "+repo+"/deployments/{id}/statuses", withDeployment((*call).statusList))
	return m
}

func withRun(f func(*call, *Run) answer) func(*call) answer {
	return func(c *call) answer {
		if r := c.repo.run(c.r.PathValue("id")); r != nil {
			return f(c, r)
		}
		return notFound()
	}
}

func withAttempt(f func(*call, *Run, *attempt) answer) func(*call) answer {
	return withRun(func(c *call, r *Run) answer {
		n, _ := strconv.Atoi(c.r.PathValue("n"))
		if n < 1 || n > len(r.attempts) {
			return notFound()
		}
		return f(c, r, r.attempts[n-1])
	})
}

func withJob(f func(*call, *Job) answer) func(*call) answer {
	return func(c *call) answer {
		if j := c.repo.job(c.r.PathValue("id")); j != nil {
			return f(c, j)
		}
		return notFound()
	}
}

func withDeployment(f func(*call, *deployment) answer) func(*call) answer {
	return func(c *call) answer {
		for _, d := range c.repo.deployments {
			if itoa(d.id) == c.r.PathValue("id") {
				return f(c, d)
			}
		}
		return notFound()
	}
}

func (c *call) meta() answer {
	m := map[string]any{"verifiable_password_authentication": false}
	if c.w.o.Enterprise != "" {
		m["installed_version"] = c.w.o.Enterprise
	}
	return ok(m)
}

func (c *call) reposOf(owner string) answer {
	if owner == "" && c.token == nil {
		return refused(http.StatusUnauthorized, "Requires authentication")
	}
	var rows []*Repository
	for _, r := range c.w.order {
		if (owner == "" || strings.EqualFold(r.Owner, owner)) && (!r.private || c.token != nil) {
			rows = append(rows, r)
		}
	}
	if rows == nil && owner != "" {
		return notFound()
	}
	return list(c, "", rows, func(r *Repository) any { return c.repository(r, owner == "") })
}

func (c *call) branchList() answer {
	var names []string
	for n := range c.repo.branches {
		names = append(names, n)
	}
	return list(c, "", sorted(names), func(n string) any {
		sha := c.repo.branches[n]
		return map[string]any{"name": n, "commit": map[string]any{"sha": sha, "url": c.base + "/repos/" + c.repo.FullName() + "/commits/" + sha}, "protected": n == c.repo.branch}
	})
}

func (c *call) commitList() answer {
	ref := c.r.URL.Query().Get("sha")
	if ref == "" {
		ref = c.repo.branch
	}
	k := c.repo.resolve(ref)
	if k == nil {
		return notFound()
	}
	return list(c, "", c.repo.history(k), c.commit)
}

func (c *call) commitOne() answer {
	k := c.repo.resolve(c.r.PathValue("ref"))
	if k == nil {
		return refused(http.StatusUnprocessableEntity, "No commit found for SHA: "+c.r.PathValue("ref"))
	}
	return ok(c.commit(k))
}

func (c *call) compare() answer {
	base, head, found := strings.Cut(c.r.PathValue("basehead"), "...")
	a, b := c.repo.resolve(base), c.repo.resolve(head)
	if !found || a == nil || b == nil {
		return notFound()
	}
	behind := map[string]bool{}
	for _, k := range c.repo.history(a) {
		behind[k.sha] = true
	}
	var ahead []*commit
	merge := a
	for _, k := range c.repo.history(b) {
		if behind[k.sha] {
			merge = k
			break
		}
		ahead = append([]*commit{k}, ahead...)
	}
	behindBy := 0
	for _, k := range c.repo.history(a) {
		if k == merge {
			break
		}
		behindBy++
	}
	status := "identical"
	switch {
	case len(ahead) > 0 && behindBy > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case behindBy > 0:
		status = "behind"
	}
	total := len(ahead)
	h := http.Header{}
	if c.r.URL.Query().Has("page") || c.r.URL.Query().Has("per_page") {
		from, to := c.page(len(ahead), h)
		ahead = ahead[from:to]
	} else if len(ahead) > 250 {
		ahead = ahead[len(ahead)-250:]
	}
	rows := make([]any, 0, len(ahead))
	for _, k := range ahead {
		rows = append(rows, c.commit(k))
	}
	u := c.web + "/" + c.repo.FullName() + "/compare/" + base + "..." + head
	return answer{status: http.StatusOK, header: h, body: map[string]any{
		"url": c.base + "/repos/" + c.repo.FullName() + "/compare/" + base + "..." + head, "html_url": u, "permalink_url": u, "diff_url": u + ".diff",
		"patch_url": u + ".patch", "base_commit": c.commit(a), "merge_base_commit": c.commit(merge), "status": status,
		"ahead_by": total, "behind_by": behindBy, "total_commits": total, "commits": rows, "files": []any{},
	}}
}

func (c *call) contents() answer {
	ref := c.r.URL.Query().Get("ref")
	name := ref
	if ref == "" {
		name = c.repo.branch
	} else if c.repo.resolve(ref) == nil {
		return refused(http.StatusNotFound, "No commit found for the ref "+ref)
	}
	for _, wf := range c.repo.workflows {
		if wf.Path != c.r.PathValue("path") || wf.at(name) == "" {
			continue
		}
		u := c.base + "/repos/" + c.repo.FullName() + "/contents/" + wf.Path
		return ok(map[string]any{
			"type": "file", "encoding": "base64", "size": len(wf.at(name)), "name": path.Base(wf.Path), "path": wf.Path,
			"content": wrap(base64.StdEncoding.EncodeToString([]byte(wf.at(name)))), "sha": c.repo.branches[c.repo.branch], "url": u,
			"git_url": u, "html_url": c.web + "/" + c.repo.FullName() + "/blob/" + name + "/" + wf.Path, "download_url": nil,
			"_links": map[string]any{"self": u, "git": u, "html": u},
		})
	}
	return notFound()
}

// wrap breaks base64 into lines of 60 characters, as GitHub does.
func wrap(s string) string {
	var b strings.Builder
	for len(s) > 60 {
		b.WriteString(s[:60] + "\n")
		s = s[60:]
	}
	b.WriteString(s + "\n")
	return b.String()
}

func (c *call) workflowOne() answer {
	if wf := c.repo.workflow(c.r.PathValue("id")); wf != nil {
		return ok(c.workflow(wf))
	}
	return notFound()
}

func (c *call) runList() answer {
	q := c.r.URL.Query()
	var wf *Workflow
	if id := c.r.PathValue("id"); id != "" {
		if wf = c.repo.workflow(id); wf == nil {
			return notFound()
		}
	}
	var rows []*Run
	for i := len(c.repo.runs) - 1; i >= 0; i-- {
		r := c.repo.runs[i]
		status := q.Get("status")
		switch {
		case wf != nil && r.workflow != wf,
			q.Get("branch") != "" && q.Get("branch") != r.Branch,
			q.Get("event") != "" && q.Get("event") != r.Event,
			q.Get("actor") != "" && !strings.EqualFold(q.Get("actor"), r.Actor),
			q.Get("head_sha") != "" && q.Get("head_sha") != r.SHA,
			status != "" && status != r.status && status != r.conclusion,
			!created(q.Get("created"), r.created):
			continue
		}
		rows = append(rows, r)
	}
	if len(rows) > 1000 {
		rows = rows[:1000]
	}
	return list(c, "workflow_runs", rows, func(r *Run) any { return c.run(r, r.current()) })
}

// created understands ">=2026-01-01T00:00:00Z" of the search for dates.
func created(query string, at time.Time) bool {
	since, found := strings.CutPrefix(query, ">=")
	if !found {
		return true
	}
	t, err := time.Parse(time.RFC3339, since)
	return err != nil || !at.Before(t)
}

func (c *call) jobList(r *Run) answer {
	jobs := r.current().jobs
	if c.r.URL.Query().Get("filter") == "all" {
		jobs = nil
		for _, a := range r.attempts {
			jobs = append(jobs, a.jobs...)
		}
	}
	return list(c, "jobs", jobs, c.job)
}

func (c *call) annotations(j *Job) answer {
	return list(c, "", j.annotations, func(a Annotation) any {
		return map[string]any{
			"path": a.Path, "start_line": max(a.Line, 1), "end_line": max(a.Line, 1), "start_column": nil, "end_column": nil, "annotation_level": a.Level,
			"title": orNil(a.Title), "message": a.Message, "raw_details": nil,
			"blob_href": c.web + "/" + c.repo.FullName() + "/blob/" + j.run.SHA + "/x",
		}
	})
}

func (c *call) environmentOne() answer {
	for _, e := range c.repo.environments {
		if strings.EqualFold(e.name, c.r.PathValue("name")) {
			return ok(c.environment(c.repo, e))
		}
	}
	return notFound()
}

func (c *call) deploymentList() answer {
	q := c.r.URL.Query()
	var rows []*deployment
	for i := len(c.repo.deployments) - 1; i >= 0; i-- {
		d := c.repo.deployments[i]
		if q.Get("environment") != "" && q.Get("environment") != d.env || q.Get("sha") != "" && q.Get("sha") != d.sha || q.Get("ref") != "" && q.Get("ref") != d.ref {
			continue
		}
		rows = append(rows, d)
	}
	return list(c, "", rows, c.deployment)
}

func (c *call) statusList(d *deployment) answer {
	rows := make([]deploymentStatus, 0, len(d.statuses))
	for i := len(d.statuses) - 1; i >= 0; i-- {
		rows = append(rows, d.statuses[i])
	}
	return list(c, "", rows, func(s deploymentStatus) any { return c.deploymentStatus(d, s) })
}
