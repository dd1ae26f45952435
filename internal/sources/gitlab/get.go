package gitlab

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Get implements sources.Getter.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	var row *core.Resource
	switch ref.Kind {
	case ci.KindRun:
		r, x, _, err := s.run(ctx, ref)
		if err != nil {
			return nil, err
		}
		row = s.runOf(r, x).Resource()
	case ci.KindJob:
		j, run, blocked, err := s.job(ctx, ref)
		if err != nil {
			return nil, err
		}
		row = s.jobOf(ref.Namespace, run, s.ref(ci.KindJob, ref.Namespace, ref.Name, strconv.Itoa(j.ID)), &j, 0, blocked).Resource()
	case ci.KindWorkflow:
		info, err := s.project(ctx, ref)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		r := &repository{path: ref.Namespace, info: info, known: true}
		if known := s.model.projects[ref.Namespace]; known != nil {
			r.runs = known.runs
		}
		row = s.workflowOf(r).Resource()
		s.mu.Unlock()
	case ci.KindEnvironment:
		e, err := s.environment(ctx, ref)
		if err != nil {
			return nil, err
		}
		list, err := s.deploymentsOf(ctx, ref.Namespace, url.Values{"environment": {ref.Name}, "per_page": {"20"}}, true)
		if err != nil && !absent(err) {
			return nil, err
		}
		s.mu.Lock()
		r := &repository{path: ref.Namespace, deployments: list}
		if known := s.model.projects[ref.Namespace]; known != nil {
			r.info, r.protected = known.info, known.protected
		}
		row = s.environmentOf(r, &e).Resource()
		s.mu.Unlock()
	default:
		return nil, notFound(text.Clean(ref.Kind), ref.Namespace)
	}
	if ref.UID != "" && ref.UID != row.Ref.UID {
		return nil, conflict(text.Sprintf("%s is another one now", ref.Name))
	}
	return row, nil
}

// fresh reads a pipeline's own page.
func (s *Source) fresh(ctx context.Context, path string, id int) (apiPipeline, error) {
	var p apiPipeline
	_, err := s.get(ctx, rest.Request{Path: project(path, "pipelines", strconv.Itoa(id)), Urgent: true}, &p)
	if rest.StatusOf(err) == 404 {
		return p, s.gone(err, text.Sprintf("pipeline %d", id), path)
	}
	return p, err
}

// gone words a 404 of a thing in a project.
func (s *Source) gone(err error, what text.Safe, path string) error {
	p := notFound(what, path)
	p.Cause = err
	p.Hint = text.Lit("it was deleted, or this user may not see it")
	return p
}

// runID is the id in the name of a run.
func runID(ref core.Ref) (int, error) {
	id, err := strconv.Atoi(ref.Name)
	if err != nil || id <= 0 {
		return 0, notFound(text.Sprintf("pipeline %s", ref.Name), ref.Namespace)
	}
	return id, nil
}

// run reads a pipeline with its jobs. The repository is a copy of what is known
// of it, to be read without the lock.
func (s *Source) run(ctx context.Context, ref core.Ref) (*repository, *pipeline, []apiJob, error) {
	id, err := runID(ref)
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := s.fresh(ctx, ref.Namespace, id)
	if err != nil {
		return nil, nil, nil, err
	}
	jobs, _, err := s.jobsOf(ctx, ref.Namespace, id, false, true)
	if err != nil {
		return nil, nil, nil, err
	}
	blocked := s.blocked(ctx, ref.Namespace, jobs)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &repository{path: ref.Namespace}
	if known := s.model.projects[ref.Namespace]; known != nil {
		r.info, r.deployments, r.protected = known.info, known.deployments, known.protected
	}
	x := &pipeline{p: p}
	x.d = s.detailOf(r, x, jobs, blocked)
	return r, x, jobs, nil
}

// job reads a job; without an id in ref, it is looked up by its name.
func (s *Source) job(ctx context.Context, ref core.Ref) (j apiJob, run core.Ref, blocked map[int]apiDeployment, err error) {
	id, err := strconv.Atoi(ref.UID)
	if err != nil {
		found, err := s.Find(ctx, ci.KindJob, ref.Namespace+"/"+ref.Name)
		if err != nil {
			return j, run, nil, err
		}
		id, _ = strconv.Atoi(found.UID)
	}
	_, err = s.get(ctx, rest.Request{Path: project(ref.Namespace, "jobs", strconv.Itoa(id)), Urgent: true}, &j)
	if rest.StatusOf(err) == 404 {
		return j, run, nil, s.gone(err, text.Sprintf("job %s", ref.Name), ref.Namespace)
	}
	if err != nil {
		return j, run, nil, err
	}
	name := strconv.Itoa(j.Pipeline.ID)
	return j, s.ref(ci.KindRun, ref.Namespace, name, name), s.blocked(ctx, ref.Namespace, []apiJob{j}), nil
}

func (s *Source) project(ctx context.Context, ref core.Ref) (apiProject, error) {
	var info apiProject
	if ref.Kind == ci.KindWorkflow && ref.Name != workflowName {
		return info, notFound(text.Sprintf("workflow %s", ref.Name), ref.Namespace)
	}
	_, err := s.get(ctx, rest.Request{Path: project(ref.Namespace), Urgent: true}, &info)
	if rest.StatusOf(err) == 404 {
		return info, &core.Problem{Kind: core.NotFound, Cause: err, Summary: text.Sprintf("no such project: %s", ref.Namespace), Hint: text.Lit("check the name; of private ones GitLab says so to who may not see them")}
	}
	if err == nil {
		s.mu.Lock()
		s.access[ref.Namespace] = info.level()
		s.mu.Unlock()
	}
	return info, err
}

// environment finds an environment by its name, and reads it.
func (s *Source) environment(ctx context.Context, ref core.Ref) (apiEnvironment, error) {
	var e apiEnvironment
	id := ref.UID
	if id == "" {
		var list []apiEnvironment
		if _, err := s.get(ctx, rest.Request{Path: project(ref.Namespace, "environments"), Query: url.Values{"name": {ref.Name}}, Urgent: true}, &list); err != nil {
			return e, err
		}
		if len(list) == 0 {
			return e, notFound(text.Sprintf("environment %s", ref.Name), ref.Namespace)
		}
		id = strconv.Itoa(list[0].ID)
	}
	_, err := s.get(ctx, rest.Request{Path: project(ref.Namespace, "environments", id), Urgent: true}, &e)
	if rest.StatusOf(err) == 404 {
		return e, s.gone(err, text.Sprintf("environment %s", ref.Name), ref.Namespace)
	}
	return e, err
}

// Find implements sources.Finder: a job by group/app/1842/test, a run by
// group/app/1842, a workflow by group/app/ci, an environment by
// group/app/production.
func (s *Source) Find(ctx context.Context, kind, path string) (core.Ref, error) {
	none := notFound(text.Sprintf("%s %s", kind, path), s.server.host)
	var best error = none
	// The names of projects and of jobs have slashes: the watched projects first, then
	// every place where the path could part.
	for _, at := range s.parts(path) {
		ns, name := path[:at], path[at+1:]
		ref := s.ref(kind, ns, name, "")
		var err error
		switch kind {
		case ci.KindJob:
			ref, err = s.findJob(ctx, ns, name)
		case ci.KindRun, ci.KindWorkflow, ci.KindEnvironment:
			var row *core.Resource
			if row, err = s.Get(ctx, ref); err == nil {
				ref = row.Ref
			}
		default:
			return core.Ref{}, none
		}
		if err == nil {
			return ref, nil
		}
		var p *core.Problem
		if errors.As(err, &p) && p.Kind == core.NotFound || rest.StatusOf(err) == 404 {
			continue
		}
		best = err
	}
	return core.Ref{}, best
}

// parts are the places where a path may part into project and name.
func (s *Source) parts(path string) []int {
	var watched, others []int
	for i := strings.IndexByte(path, '/'); i >= 0 && i < len(path); {
		ns := path[:i]
		next := strings.IndexByte(path[i+1:], '/')
		if strings.Contains(ns, "/") {
			s.mu.Lock()
			known := s.model.projects[ns] != nil
			s.mu.Unlock()
			if known {
				watched = append(watched, i)
			} else if len(others) < 4 {
				others = append(others, i)
			}
		}
		if next < 0 {
			break
		}
		i += 1 + next
	}
	if len(watched) > 0 {
		return watched
	}
	return others
}

func (s *Source) findJob(ctx context.Context, path, name string) (core.Ref, error) {
	number, title, ok := strings.Cut(name, "/")
	id, err := strconv.Atoi(number)
	if !ok || err != nil {
		return core.Ref{}, notFound(text.Sprintf("job %s", name), path)
	}
	jobs, _, err := s.jobsOf(ctx, path, id, true, true)
	if err != nil {
		return core.Ref{}, err
	}
	for _, a := range attempts(jobs) {
		if ref := s.jobRef(path, id, &a.apiJob, a.attempt); ref.Name == name {
			return ref, nil
		}
	}
	return core.Ref{}, notFound(text.Sprintf("job %s", title), path)
}

// attempted is a job with which attempt of its name it is; 0: the newest.
type attempted struct {
	apiJob
	attempt int
	of      int // attempts of the name
}

// attempts numbers the jobs of a name: the newest has the plain name, those that
// were retried are #1, #2, … in their order.
func attempts(jobs []apiJob) []attempted {
	count, seen := map[string]int{}, map[string]int{}
	for i := range jobs {
		count[jobs[i].Name]++
	}
	out := make([]attempted, 0, len(jobs))
	for _, j := range jobs {
		seen[j.Name]++
		a := attempted{apiJob: j, attempt: seen[j.Name], of: count[j.Name]}
		if a.attempt == a.of {
			a.attempt = 0
		}
		out = append(out, a)
	}
	return out
}
