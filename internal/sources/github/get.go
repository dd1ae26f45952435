package github

import (
	"context"
	"encoding/json"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// mostSearched is how many runs of a workflow are looked through for a number.
const mostSearched = 1000

// Get implements sources.Getter.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	switch ref.Kind {
	case kindRun:
		w, err := s.runOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		return s.runRow(ctx, ref.Namespace, &w)
	case kindJob:
		_, j, err := s.jobOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		return j.Resource(), nil
	case kindWorkflow:
		w, branch, err := s.workflowOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		return s.reduceWorkflow(ref.Namespace, branch, &w, s.rows.runs(ref.Namespace)).Resource(), nil
	case kindEnvironment:
		e, err := s.environmentOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		return s.reduceEnvironment(ref.Namespace, &e.env, e.last, e.status, byID(s.rows.runs(ref.Namespace))).Resource(), nil
	}
	return nil, unsupported(ref.Kind, "page on GitHub")
}

// runRow is a run as its list would have it.
func (s *Source) runRow(ctx context.Context, repo string, w *workflowRun) (*core.Resource, error) {
	r := s.reduce(repo, w, time.Now())
	if known, ok := s.rows.find(r.Ref); ok {
		r.Past, r.Usual, r.Stage = known.Past && r.Finished(), known.Usual, known.Stage
	}
	if w.Status == "waiting" {
		list, err := s.pending(ctx, repo, w.ID)
		if err != nil {
			return nil, err
		}
		r.Waits = gates(list)
		if len(list) > 0 {
			r.Environment = list[0].Environment.Name
		}
	}
	return r.Resource(), nil
}

// runOf reads a run afresh by its ref; without a UID it is looked for by its
// number.
func (s *Source) runOf(ctx context.Context, ref core.Ref) (workflowRun, error) {
	n := number(ref.UID)
	if n == 0 {
		if r, ok := s.rows.find(ref); ok {
			n = number(r.Ref.UID)
		}
	}
	if n == 0 {
		return s.search(ctx, ref)
	}
	w, err := s.run(ctx, ref.Namespace, n)
	if rest.StatusOf(err) == 404 {
		return w, notFound(kindRun, ref.Namespace+"/"+ref.Name)
	}
	if err == nil && ref.Name != "" && w.name() != ref.Name {
		return w, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the run %s is %s now", ref.Name, w.name())}
	}
	return w, err
}

// search finds a run by its workflow and number.
func (s *Source) search(ctx context.Context, ref core.Ref) (workflowRun, error) {
	name, tail, ok := strings.Cut(ref.Name, "/")
	if i := strings.LastIndexByte(ref.Name, '/'); ok {
		name, tail = ref.Name[:i], ref.Name[i+1:]
	}
	want, err := strconv.Atoi(tail)
	missing := notFound(kindRun, ref.Namespace+"/"+ref.Name)
	if !ok || err != nil || want <= 0 {
		return workflowRun{}, missing
	}
	w, _, err := s.workflowOf(ctx, s.ref(kindWorkflow, ref.Namespace, name, ""))
	if err != nil {
		if s.client.Problem(err).Kind == core.NotFound {
			err = missing
		}
		return workflowRun{}, err
	}
	var found *workflowRun
	err = s.runPages(ctx, in(ref.Namespace, "actions", "workflows", id(w.ID), "runs"), nil, mostSearched/100, func(r *workflowRun) bool {
		if r.RunNumber == want {
			found = r
		}
		return found == nil && r.RunNumber > want
	})
	if err == nil && found == nil {
		err = missing
	}
	if err != nil {
		return workflowRun{}, err
	}
	return *found, nil
}

// runPages gives runs to each, newest first, until it returns false.
func (s *Source) runPages(ctx context.Context, p []string, q url.Values, pages int, each func(*workflowRun) bool) error {
	if q == nil {
		q = url.Values{}
	}
	q.Set("per_page", "100")
	q.Set("exclude_pull_requests", "true")
	return s.client.Pages(ctx, rest.Request{Path: p, Query: q, Urgent: true, Fresh: true}, pages, func(r *rest.Response) (bool, error) {
		var page struct {
			Runs []workflowRun `json:"workflow_runs"`
		}
		if err := json.Unmarshal(r.Body, &page); err != nil {
			return false, err
		}
		for i := range page.Runs {
			if !each(&page.Runs[i]) {
				return false, nil
			}
		}
		return len(page.Runs) > 0, nil
	})
}

// jobOf reads a job afresh, with its run.
func (s *Source) jobOf(ctx context.Context, ref core.Ref) (workflowRun, ci.Job, error) {
	missing := notFound(kindJob, ref.Namespace+"/"+ref.Name)
	var w workflowRun
	attempt := 0
	if n := number(ref.UID); n > 0 {
		j, err := get[workflowJob](ctx, s, in(ref.Namespace, "actions", "jobs", id(n)), nil)
		if rest.StatusOf(err) == 404 {
			err = missing
		}
		if err != nil {
			return w, ci.Job{}, err
		}
		if w, err = s.run(ctx, ref.Namespace, j.RunID); err != nil {
			return w, ci.Job{}, err
		}
		if j.RunAttempt != w.RunAttempt {
			attempt = j.RunAttempt
		}
	} else {
		first, rest, _ := strings.Cut(ref.Name, "/")
		second, _, ok := strings.Cut(rest, "/")
		if !ok {
			return w, ci.Job{}, missing
		}
		var err error
		if w, err = s.runOf(ctx, s.ref(kindRun, ref.Namespace, first+"/"+second, "")); err != nil {
			if s.client.Problem(err).Kind == core.NotFound {
				err = missing
			}
			return w, ci.Job{}, err
		}
	}
	list, err := s.jobsOf(ctx, ref.Namespace, w.ID, attempt)
	if err != nil {
		return w, ci.Job{}, err
	}
	for _, j := range s.jobs(ref.Namespace, &w, list, time.Now()) {
		if ref.UID != "" && j.Ref.UID == ref.UID || ref.UID == "" && j.Ref.Name == ref.Name {
			if ref.Name != "" && j.Ref.Name != ref.Name {
				break
			}
			return w, j, nil
		}
	}
	return w, ci.Job{}, missing
}

// workflowOf reads a workflow afresh, with the default branch.
func (s *Source) workflowOf(ctx context.Context, ref core.Ref) (w workflowFile, branch string, err error) {
	list, err := s.workflows(ctx, ref.Namespace)
	if err != nil {
		if rest.StatusOf(err) == 404 {
			err = notFound(kindWorkflow, ref.Namespace+"/"+ref.Name)
		}
		return w, "", err
	}
	found := false
	for _, x := range list {
		if ref.UID != "" && id(x.ID) == ref.UID || ref.UID == "" && (stem(x.Path) == ref.Name || path.Base(x.Path) == ref.Name) {
			if w = x; x.State == "active" || !found {
				found = true
			}
			if ref.UID != "" || x.State == "active" {
				break
			}
		}
	}
	if !found {
		return w, "", notFound(kindWorkflow, ref.Namespace+"/"+ref.Name)
	}
	branch, err = s.defaultBranch(ctx, ref.Namespace)
	return w, branch, err
}

func (s *Source) defaultBranch(ctx context.Context, repo string) (string, error) {
	branch := ""
	s.rows.with(repo, func(x *repoRows) { branch = x.branch })
	if branch != "" {
		return branch, nil
	}
	r, err := s.repository(ctx, repo)
	if err != nil {
		return "", err
	}
	s.rows.with(repo, func(x *repoRows) { x.branch = r.DefaultBranch })
	return r.DefaultBranch, nil
}

// environmentOf reads an environment afresh, with its last deployment.
func (s *Source) environmentOf(ctx context.Context, ref core.Ref) (deployedEnvironment, error) {
	e, err := get[namedEnvironment](ctx, s, in(ref.Namespace, "environments", ref.Name), nil)
	if err == nil && ref.UID != "" && id(e.ID) != ref.UID {
		return deployedEnvironment{}, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the environment %s is another one now", ref.Name)}
	}
	if rest.StatusOf(err) == 404 {
		err = notFound(kindEnvironment, ref.Namespace+"/"+ref.Name)
	}
	if err != nil {
		return deployedEnvironment{}, err
	}
	out := deployedEnvironment{env: e}
	last, err := s.deployments(ctx, ref.Namespace, e.Name, 1)
	if err == nil && len(last) > 0 {
		out.last = &last[0]
		out.status, err = s.lastStatus(ctx, ref.Namespace, last[0].ID)
	}
	return out, err
}

// Find implements sources.Finder: acme/shop/ci/1842, acme/shop/ci/1842/test,
// acme/shop/production.
func (s *Source) Find(ctx context.Context, kind, p string) (core.Ref, error) {
	parts := strings.SplitN(p, "/", 3)
	if len(parts) < 3 || parts[2] == "" {
		return core.Ref{}, notFound(kind, p)
	}
	repo, name := parts[0]+"/"+parts[1], parts[2]
	if !isPattern(repo) || strings.Contains(repo, "*") {
		return core.Ref{}, notFound(kind, p)
	}
	switch kind {
	case kindRun:
		if _, err := strconv.Atoi(name); err == nil { // a number alone: of whatever workflow has it
			for _, r := range s.rows.runs(repo) {
				if r.Number == name {
					return r.Ref, nil
				}
			}
			return core.Ref{}, notFound(kind, p)
		}
		w, err := s.runOf(ctx, s.ref(kindRun, repo, name, ""))
		if err != nil {
			return core.Ref{}, err
		}
		return s.runRef(repo, &w), nil
	case kindJob:
		_, j, err := s.jobOf(ctx, s.ref(kindJob, repo, name, ""))
		return j.Ref, err
	case kindWorkflow:
		w, _, err := s.workflowOf(ctx, s.ref(kindWorkflow, repo, name, ""))
		if err != nil {
			return core.Ref{}, err
		}
		return s.ref(kindWorkflow, repo, stem(w.Path), id(w.ID)), nil
	case kindEnvironment:
		e, err := s.environmentOf(ctx, s.ref(kindEnvironment, repo, name, ""))
		if err != nil {
			return core.Ref{}, err
		}
		return s.ref(kindEnvironment, repo, e.env.Name, id(e.env.ID)), nil
	}
	return core.Ref{}, notFound(kind, p)
}
