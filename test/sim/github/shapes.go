package github

import (
	"path"
	"strings"
	"time"
)

// user is a user in the API's short form.
func (c *call) user(login string) map[string]any {
	u := c.base + "/users/" + login
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	return map[string]any{
		"login": login, "id": 1 + len(login), "node_id": "MDQ6VXNlcjE=", "avatar_url": c.web + "/avatars/u/1", "gravatar_id": "",
		"url": u, "html_url": c.web + "/" + login, "followers_url": u + "/followers", "following_url": u + "/following{/other_user}",
		"gists_url": u + "/gists{/gist_id}", "starred_url": u + "/starred{/owner}{/repo}", "subscriptions_url": u + "/subscriptions",
		"organizations_url": u + "/orgs", "repos_url": u + "/repos", "events_url": u + "/events{/privacy}",
		"received_events_url": u + "/received_events", "type": kind, "site_admin": false, "user_view_type": "public",
	}
}

// me is the user behind the token.
func (c *call) me() answer {
	if c.token == nil {
		return refused(401, "Requires authentication")
	}
	if c.token.login == "" {
		return refused(403, "Resource not accessible by integration")
	}
	m := c.user(c.token.login)
	for k, v := range map[string]any{
		"name": "The user " + c.token.login, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil, "bio": nil,
		"public_repos": 1, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
	} {
		m[k] = v
	}
	return ok(m)
}

var repoTemplates = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}", "branches_url": "/branches{/branch}",
	"collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}", "commits_url": "/commits{/sha}",
	"compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}", "contributors_url": "/contributors",
	"deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks",
	"git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks",
	"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}", "issues_url": "/issues{/number}",
	"keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages", "merges_url": "/merges",
	"milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
	"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}", "subscribers_url": "/subscribers",
	"subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}

// repository is the API's form of a repository; full adds what only its own page has.
func (c *call) repository(r *Repository, full bool) map[string]any {
	u := c.base + "/repos/" + r.FullName()
	m := map[string]any{
		"id": r.ID, "node_id": "MDEwOlJlcG9zaXRvcnkx", "name": r.Name, "full_name": r.FullName(), "owner": c.user(r.Owner), "private": r.private,
		"html_url": c.web + "/" + r.FullName(), "description": nil, "fork": false, "url": u,
	}
	for k, v := range repoTemplates {
		m[k] = u + v
	}
	if full {
		stampOf := stamp(r.created)
		for k, v := range map[string]any{
			"clone_url": m["html_url"].(string) + ".git", "default_branch": r.branch, "forks": 0, "forks_count": 0, "git_url": "git:" + r.FullName(),
			"has_issues": true, "has_downloads": true, "has_projects": true, "has_wiki": true, "has_pages": false, "has_discussions": false, "homepage": nil, "language": nil,
			"archived": false, "disabled": false, "mirror_url": nil, "open_issues": 0, "open_issues_count": 0, "license": nil, "pushed_at": stampOf,
			"size": 1, "ssh_url": "git@github.com:" + r.FullName() + ".git", "stargazers_count": 0, "svn_url": m["html_url"], "watchers": 0,
			"watchers_count": 0, "created_at": stampOf, "updated_at": stampOf, "network_count": 0, "subscribers_count": 0,
			"permissions": map[string]any{"admin": false, "push": c.token != nil && !c.token.read, "pull": true},
		} {
			m[k] = v
		}
	}
	return m
}

func (c *call) person(name string, at time.Time) map[string]any {
	return map[string]any{"name": name, "email": "someone@example.com", "date": stamp(at)}
}

// run is the API's form of an attempt of a run.
func (c *call) run(run *Run, a *attempt) map[string]any {
	r := run.repo
	u := c.base + "/repos/" + r.FullName() + "/actions/runs/" + itoa(run.ID)
	k := r.commits[run.SHA]
	var head any
	if k != nil {
		head = map[string]any{
			"id": k.sha, "tree_id": k.sha, "message": k.message, "timestamp": stamp(k.at),
			"author": map[string]any{"name": k.author, "email": "someone@example.com"}, "committer": map[string]any{"name": k.author, "email": "someone@example.com"},
		}
	}
	m := map[string]any{
		"id": run.ID, "name": run.workflow.Name, "node_id": "WFR_kwLOA", "check_suite_id": run.ID, "check_suite_node_id": "CS_kwDOA",
		"head_branch": orNil(run.Branch), "head_sha": run.SHA, "path": run.workflow.Path, "run_number": run.Number, "run_attempt": a.number,
		"event": run.Event, "display_title": run.Title, "status": run.status, "conclusion": orNil(run.conclusion), "workflow_id": run.workflow.ID,
		"url": u, "html_url": c.web + "/" + r.FullName() + "/actions/runs/" + itoa(run.ID), "pull_requests": []any{},
		"created_at": stamp(run.created), "updated_at": stamp(run.updated), "run_started_at": stamp(a.started),
		"actor": c.user(run.Actor), "triggering_actor": c.user(a.actor),
		"jobs_url": u + "/jobs", "logs_url": u + "/logs", "check_suite_url": c.base + "/repos/" + r.FullName() + "/check-suites/" + itoa(run.ID),
		"artifacts_url": u + "/artifacts", "cancel_url": u + "/cancel", "rerun_url": u + "/rerun", "previous_attempt_url": nil,
		"workflow_url": c.base + "/repos/" + r.FullName() + "/actions/workflows/" + itoa(run.workflow.ID),
		"head_commit":  head, "repository": c.repository(r, false), "head_repository": c.repository(r, false), "referenced_workflows": []any{},
	}
	if a.number > 1 {
		m["previous_attempt_url"] = u + "/attempts/" + itoa(int64(a.number-1))
	}
	if a != run.current() {
		m["status"], m["conclusion"] = "completed", "failure"
	}
	return m
}

// job is the API's form of a job.
func (c *call) job(j *Job) any {
	r := j.run.repo
	u := c.base + "/repos/" + r.FullName()
	steps := make([]any, 0, len(j.steps))
	for i, s := range j.steps {
		steps = append(steps, map[string]any{
			"name": s.name, "status": s.status, "conclusion": orNil(s.conclusion), "number": i + 1, "started_at": stamp(s.started), "completed_at": stamp(s.ended),
		})
	}
	started := j.started
	if started.IsZero() {
		started = j.created
	}
	m := map[string]any{
		"id": j.ID, "run_id": j.run.ID, "workflow_name": j.run.workflow.Name, "head_branch": orNil(j.run.Branch), "run_url": u + "/actions/runs/" + itoa(j.run.ID),
		"run_attempt": j.attempt.number, "node_id": "CR_kwDOA", "head_sha": j.run.SHA, "url": u + "/actions/jobs/" + itoa(j.ID),
		"html_url": c.web + "/" + r.FullName() + "/actions/runs/" + itoa(j.run.ID) + "/job/" + itoa(j.ID), "status": j.status, "conclusion": orNil(j.conclusion),
		"created_at": stamp(j.created), "started_at": stamp(started), "completed_at": stamp(j.ended), "name": j.Name, "steps": steps,
		"check_run_url": u + "/check-runs/" + itoa(j.ID), "labels": []string{"ubuntu-latest"}, "runner_id": nil, "runner_name": nil,
		"runner_group_id": nil, "runner_group_name": nil,
	}
	if j.status == "in_progress" || j.status == "completed" {
		m["runner_id"], m["runner_name"], m["runner_group_id"], m["runner_group_name"] = 1, "GitHub Actions 1", 2, "GitHub Actions"
	}
	return m
}

func (c *call) workflow(wf *Workflow) any {
	r := wf.repo
	return map[string]any{
		"id": wf.ID, "node_id": "W_kwDOA", "name": wf.Name, "path": wf.Path, "state": wf.State, "created_at": stamp(wf.created), "updated_at": stamp(wf.created),
		"url":       c.base + "/repos/" + r.FullName() + "/actions/workflows/" + itoa(wf.ID),
		"html_url":  c.web + "/" + r.FullName() + "/blob/" + r.branch + "/" + wf.Path,
		"badge_url": c.web + "/" + r.FullName() + "/workflows/" + path.Base(wf.Path) + "/badge.svg",
	}
}

func (c *call) environment(r *Repository, e *environment) any {
	rules := []any{}
	if e.wait > 0 {
		rules = append(rules, map[string]any{"id": e.id + 1, "node_id": "GA_1", "type": "wait_timer", "wait_timer": int(e.wait / time.Minute)})
	}
	if len(e.reviewers) > 0 {
		rules = append(rules, map[string]any{
			"id": e.id + 2, "node_id": "GA_2", "type": "required_reviewers", "prevent_self_review": false, "reviewers": c.reviewers(e),
		})
	}
	return map[string]any{
		"id": e.id, "node_id": "EN_1", "name": e.name, "url": c.base + "/repos/" + r.FullName() + "/environments/" + e.name,
		"html_url":   c.web + "/" + r.FullName() + "/deployments/activity_log?environments_filter=" + e.name,
		"created_at": stamp(e.created), "updated_at": stamp(e.created), "protection_rules": rules, "deployment_branch_policy": nil,
	}
}

func (c *call) reviewers(e *environment) []any {
	out := []any{}
	for _, login := range e.reviewers {
		out = append(out, map[string]any{"type": "User", "reviewer": c.user(login)})
	}
	return out
}

func (c *call) deployment(d *deployment) any {
	u := c.base + "/repos/" + c.repo.FullName() + "/deployments/" + itoa(d.id)
	return map[string]any{
		"url": u, "id": d.id, "node_id": "DE_1", "sha": d.sha, "ref": d.ref, "task": d.task, "payload": map[string]any{}, "original_environment": d.env,
		"environment": d.env, "description": orNil(d.description), "creator": c.user(d.creator), "created_at": stamp(d.created), "updated_at": stamp(d.updated),
		"statuses_url": u + "/statuses", "repository_url": c.base + "/repos/" + c.repo.FullName(), "transient_environment": false,
		"production_environment": d.env == "production", "performed_via_github_app": nil,
	}
}

func (c *call) deploymentStatus(d *deployment, s deploymentStatus) any {
	u := c.base + "/repos/" + c.repo.FullName() + "/deployments/" + itoa(d.id)
	log := c.web + "/" + c.repo.FullName() + "/actions/runs/" + itoa(d.run) + "/job/" + itoa(d.job)
	return map[string]any{
		"url": u + "/statuses/" + itoa(s.id), "id": s.id, "node_id": "DS_1", "state": s.state, "creator": c.user(d.creator), "description": s.description,
		"environment": d.env, "target_url": log, "created_at": stamp(s.at), "updated_at": stamp(s.at), "deployment_url": u,
		"repository_url": c.base + "/repos/" + c.repo.FullName(), "environment_url": "", "log_url": log, "performed_via_github_app": nil,
	}
}

func (c *call) commit(k *commit) any {
	u := c.base + "/repos/" + c.repo.FullName()
	parents := []any{}
	if k.parent != "" {
		parents = append(parents, map[string]any{"sha": k.parent, "url": u + "/commits/" + k.parent, "html_url": c.web + "/" + c.repo.FullName() + "/commit/" + k.parent})
	}
	return map[string]any{
		"url": u + "/commits/" + k.sha, "sha": k.sha, "node_id": "C_1", "html_url": c.web + "/" + c.repo.FullName() + "/commit/" + k.sha,
		"comments_url": u + "/commits/" + k.sha + "/comments",
		"commit": map[string]any{
			"url": u + "/git/commits/" + k.sha, "author": c.person(k.author, k.at), "committer": c.person(k.author, k.at), "message": k.message,
			"comment_count": 0, "tree": map[string]any{"sha": k.sha, "url": u + "/git/trees/" + k.sha},
			"verification": map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
		"author": c.user(k.author), "committer": c.user(k.author), "parents": parents,
	}
}
