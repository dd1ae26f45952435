package gitlab

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *call) user(u *user, full bool) map[string]any {
	m := map[string]any{
		"id": u.id, "username": u.username, "name": u.name, "state": "active", "locked": false, "avatar_url": nil,
		"web_url": c.base + "/" + u.username, "public_email": "",
	}
	if full {
		m["email"], m["is_admin"], m["bot"], m["created_at"] = u.username+"@example.com", false, false, "2020-01-01T00:00:00.000Z"
	}
	return m
}

func (c *call) selfToken() any {
	m := map[string]any{
		"id": 7, "name": "cockpit", "revoked": c.token.Revoked, "created_at": "2026-01-01T00:00:00.000Z", "description": nil,
		"scopes": c.token.Scopes, "user_id": c.who.id, "last_used_at": stamp(c.w.now()), "active": true, "expires_at": nil,
	}
	if c.token.OAuth {
		return refuse(400, "400 Bad request - This endpoint requires token type to be a personal access token")
	}
	if !c.token.Expires.IsZero() {
		m["expires_at"] = c.token.Expires.UTC().Format(time.DateOnly)
	}
	return m
}

// projectsUnder lists the projects of a group, subgroups included when asked
// for; nil: there is no such group. "": all.
func (c *call) projectsUnder(group string) []any {
	var out []any
	found := group == ""
	for _, p := range c.w.projects {
		if group != "" {
			rest, ok := strings.CutPrefix(p.Path, group+"/")
			if !ok {
				continue
			}
			found = true
			if strings.Contains(rest, "/") && !c.truth("include_subgroups") {
				continue
			}
		}
		if c.query.Get("archived") == "false" && p.Archived {
			continue
		}
		out = append(out, c.projectEntity(p))
	}
	if !found {
		return nil
	}
	return some(out)
}

func (c *call) projectEntity(p *Project) map[string]any {
	name := p.Path[strings.LastIndex(p.Path, "/")+1:]
	m := map[string]any{
		"id": p.ID, "description": "", "name": name, "name_with_namespace": strings.ReplaceAll(p.Path, "/", " / "), "path": name,
		"path_with_namespace": p.Path, "created_at": stamp(p.created), "default_branch": p.DefaultBranch, "visibility": "private", "archived": p.Archived,
		"web_url": c.base + "/" + p.Path, "http_url_to_repo": c.base + "/" + p.Path + ".git", "ssh_url_to_repo": "git@" + c.r.URL.Hostname() + ":" + p.Path + ".git",
		"last_activity_at": stamp(p.created), "builds_access_level": "enabled", "jobs_enabled": true,
	}
	if !c.truth("simple") {
		m["permissions"] = map[string]any{"project_access": map[string]any{"access_level": p.Access, "notification_level": 3}, "group_access": nil}
		m["ci_pipeline_variables_minimum_override_role"] = "developer"
		m["ci_config_path"] = ""
	}
	return m
}

func (c *call) web(p *Project, rest string) string { return c.base + "/" + p.Path + "/-/" + rest }

// basic is a pipeline as lists have it.
func (c *call) basic(pl *pipeline) map[string]any {
	var name any
	if pl.name != "" {
		name = pl.name
	}
	return map[string]any{
		"id": pl.id, "iid": pl.iid, "project_id": pl.project.ID, "sha": pl.sha, "ref": pl.ref, "status": pl.status, "source": pl.source,
		"created_at": stamp(pl.created), "updated_at": stamp(pl.updated), "web_url": c.web(pl.project, "pipelines/"+strconv.Itoa(pl.id)), "name": name,
	}
}

// detailed is a pipeline as its own page has it.
func (c *call) detailed(pl *pipeline) map[string]any {
	m := c.basic(pl)
	m["before_sha"], m["tag"], m["yaml_errors"] = strings.Repeat("0", 40), pl.tag, nil
	if pl.yamlErrors != "" {
		m["yaml_errors"] = pl.yamlErrors
	}
	m["user"], m["started_at"], m["finished_at"], m["committed_at"] = c.user(pl.user, false), stamp(pl.started), stamp(pl.finished), nil
	m["duration"], m["queued_duration"], m["coverage"], m["archived"] = nil, nil, nil, false
	if !pl.finished.IsZero() && !pl.started.IsZero() {
		m["duration"] = int(pl.finished.Sub(pl.started).Seconds())
		m["queued_duration"] = pl.started.Sub(pl.created).Seconds()
	}
	m["detailed_status"] = map[string]any{
		"icon": "status_" + pl.status, "text": pl.status, "label": pl.status, "group": pl.status, "tooltip": pl.status, "has_details": true,
		"details_path": "/" + pl.project.Path + "/-/pipelines/" + strconv.Itoa(pl.id), "illustration": nil, "favicon": "/favicon.ico",
	}
	return m
}

func (c *call) commit(x *commit) map[string]any {
	return map[string]any{
		"id": x.sha, "short_id": x.sha[:8], "created_at": stamp(x.at), "parent_ids": []string{}, "title": x.title, "message": x.title + "\n",
		"author_name": x.author, "author_email": "someone@example.com", "authored_date": stamp(x.at), "committer_name": x.author,
		"committer_email": "someone@example.com", "committed_date": stamp(x.at), "trailers": map[string]any{}, "extended_trailers": map[string]any{},
		"web_url": c.base + "/-/commit/" + x.sha,
	}
}

func (c *call) jobEntity(j *job) map[string]any {
	pl := j.pipeline
	m := map[string]any{
		"id": j.id, "status": j.status, "stage": j.spec.Stage, "name": j.spec.Name, "ref": pl.ref, "tag": pl.tag, "coverage": nil,
		"allow_failure": j.spec.AllowFailure, "created_at": stamp(j.created), "started_at": stamp(j.started), "finished_at": stamp(j.finished), "erased_at": nil,
		"duration": nil, "queued_duration": nil, "user": c.user(j.user, false), "pipeline": map[string]any{
			"id": pl.id, "iid": pl.iid, "project_id": pl.project.ID, "sha": pl.sha, "ref": pl.ref, "status": pl.status, "source": pl.source,
			"created_at": stamp(pl.created), "updated_at": stamp(pl.updated), "web_url": c.web(pl.project, "pipelines/"+strconv.Itoa(pl.id)),
		},
		"web_url": c.web(pl.project, "jobs/"+strconv.Itoa(j.id)), "project": map[string]any{"ci_job_token_scope_enabled": false},
		"artifacts": []any{}, "runner": nil, "runner_manager": nil, "artifacts_expire_at": nil, "archived": false, "tag_list": []string{},
	}
	if x := pl.project.commitOf(pl.sha); x != nil {
		m["commit"] = c.commit(x)
	}
	if !j.started.IsZero() {
		end := j.finished
		if end.IsZero() {
			end = c.w.now()
		}
		m["duration"], m["queued_duration"] = end.Sub(j.started).Seconds(), j.started.Sub(j.created).Seconds()
		m["runner"] = map[string]any{"id": 5, "description": "linux-small", "ip_address": nil, "active": true, "paused": false, "is_shared": true, "runner_type": "instance_type", "name": nil, "online": true, "status": "online"}
	}
	if j.status == "failed" {
		reason := j.failure
		if reason == "" {
			reason = "unknown_failure"
		}
		m["failure_reason"] = reason
	}
	if j.spec.Trigger != nil {
		m["downstream_pipeline"] = nil
		if j.child != nil {
			m["downstream_pipeline"] = c.basic(j.child)
		}
	}
	return m
}

func (c *call) environmentEntity(e *environment, p *Project, full bool) map[string]any {
	m := map[string]any{
		"id": e.id, "name": e.name, "slug": strings.ReplaceAll(e.name, "/", "-"), "external_url": nil, "state": e.state, "tier": e.tier, "created_at": stamp(e.created),
		"updated_at": stamp(e.updated), "description": nil, "auto_stop_at": stamp(e.autoStop), "auto_stop_setting": "always", "kubernetes_namespace": nil, "flux_resource_path": nil, "cluster_agent": nil,
	}
	if e.url != "" {
		m["external_url"] = e.url
	}
	if full {
		m["last_deployment"] = nil
		for _, d := range p.deployments {
			if d.environment == e && d.status == "success" {
				m["last_deployment"] = c.deploymentEntity(d)
			}
		}
	}
	return m
}

func (c *call) deploymentEntity(d *deployment) map[string]any {
	env := map[string]any{"id": d.environment.id, "name": d.environment.name, "slug": d.environment.name, "external_url": nil}
	m := map[string]any{
		"id": d.id, "iid": d.iid, "ref": d.ref, "sha": d.sha, "created_at": stamp(d.created), "updated_at": stamp(d.updated), "status": d.status,
		"user": c.user(d.user, false), "environment": env, "deployable": nil,
	}
	if d.job != nil {
		m["deployable"] = c.jobEntity(d.job)
	}
	return m
}

// deploymentFull has the approvals too.
func (c *call) deploymentFull(d *deployment) map[string]any {
	m := c.deploymentEntity(d)
	approvals := []any{}
	for _, a := range d.approvals {
		approvals = append(approvals, map[string]any{"user": c.user(a.user, false), "status": a.status, "created_at": stamp(a.at), "comment": a.comment})
	}
	m["approvals"], m["pending_approval_count"], m["approval_summary"] = approvals, max(d.needed-len(d.approvals), 0), map[string]any{"rules": []any{}}
	return m
}

// listed filters and orders pipelines as the list's query says.
func (c *call) listed() []any {
	q := c.query
	after, _ := time.Parse(time.RFC3339Nano, q.Get("updated_after"))
	var list []*pipeline
	for _, pl := range c.project.pipelines {
		switch {
		case q.Get("ref") != "" && pl.ref != q.Get("ref"),
			q.Get("sha") != "" && pl.sha != q.Get("sha"),
			q.Get("status") != "" && pl.status != q.Get("status"),
			q.Get("source") != "" && pl.source != q.Get("source"),
			q.Get("username") != "" && pl.user.username != q.Get("username"),
			q.Get("source") == "" && pl.source == "parent_pipeline",
			!after.IsZero() && !pl.updated.After(after):
			continue
		}
		list = append(list, pl)
	}
	slices.SortStableFunc(list, func(a, b *pipeline) int {
		d := b.id - a.id
		if q.Get("order_by") == "updated_at" {
			if x := b.updated.Compare(a.updated); x != 0 {
				d = x
			}
		}
		if q.Get("sort") == "asc" {
			return -d
		}
		return d
	})
	var out []any
	for _, pl := range list {
		out = append(out, c.basic(pl))
	}
	return out
}

func escape(s string) string { return url.PathEscape(s) }
