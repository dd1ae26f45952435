package gitlab

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// mostJobPages of a pipeline are read.
const mostJobPages = 5

// jobsOf reads a pipeline's jobs and bridges in the order they were made: stage
// by stage. same reports that nothing has changed since they were read before.
// API: docs.gitlab.com/api/jobs "List pipeline jobs", "List pipeline trigger jobs"
func (s *Source) jobsOf(ctx context.Context, path string, id int, retried, urgent bool) (jobs []apiJob, same bool, err error) {
	return s.jobsAnd(ctx, path, id, []string{"jobs", "bridges"}, retried, urgent)
}

func (s *Source) jobsAnd(ctx context.Context, path string, id int, kinds []string, retried, urgent bool) (jobs []apiJob, same bool, err error) {
	same = true
	for _, what := range kinds {
		q := url.Values{"per_page": {strconv.Itoa(perPage)}}
		if retried && what == "jobs" {
			q.Set("include_retried", "true")
		}
		r := rest.Request{Path: project(path, "pipelines", strconv.Itoa(id), what), Query: q, Urgent: urgent}
		err := s.client.Pages(ctx, r, mostJobPages, func(resp *rest.Response) (bool, error) {
			s.seen.Store(s.now().UnixNano())
			var page []apiJob
			if err := decode(resp, &page); err != nil {
				return false, err
			}
			for i := range page {
				page[i].bridge = what == "bridges"
			}
			jobs, same = append(jobs, page...), same && resp.NotModified
			return true, nil
		})
		if err != nil && (what == "jobs" || !absent(err)) {
			return nil, false, err
		}
	}
	slices.SortStableFunc(jobs, func(a, b apiJob) int { return a.ID - b.ID })
	return jobs, same, nil
}

// askRun reads the jobs of a pipeline for its row.
func (s *Source) askRun(ctx context.Context, path string, id int) (news bool, err error) {
	kinds := []string{"jobs", "bridges"}
	s.mu.Lock()
	if r := s.model.projects[path]; r != nil && r.runs[id] != nil && r.runs[id].d != nil && !r.runs[id].d.bridges {
		kinds = kinds[:1] // they are made with the pipeline: none came, none will
	}
	s.mu.Unlock()
	jobs, same, err := s.jobsAnd(ctx, path, id, kinds, false, false)
	if err != nil {
		if rest.StatusOf(err) == 404 { // gone: the next whole list says so too
			s.mu.Lock()
			defer s.mu.Unlock()
			if r := s.model.projects[path]; r != nil && s.model.sink != nil {
				delete(r.runs, id)
				s.model.publish(ci.KindRun, r)
			}
		}
		return false, err
	}
	var own *apiPipeline
	if len(jobs) == 0 || needsPage(s, path, id, jobs) {
		own = new(apiPipeline)
		if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines", strconv.Itoa(id))}, own); err != nil {
			return false, err
		}
	}
	blocked := s.blocked(ctx, path, jobs)

	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.model.projects[path]
	if r == nil || r.runs[id] == nil {
		return false, nil
	}
	x := r.runs[id]
	switch {
	case own != nil:
		news = r.put(own)
		x.p = *own
	case len(jobs) > 0:
		news = jobs[0].Pipeline.Status != "" && jobs[0].Pipeline.Status != x.p.Status
		if st := jobs[0].Pipeline.Status; st != "" {
			x.p.Status = st
		}
		if u := jobs[0].Pipeline.Updated; u.After(x.p.Updated) {
			x.p.Updated = u
		}
	}
	empty := len(jobs) == 0 // it is being made
	x.d = s.detailOf(r, x, jobs, blocked)
	x.d.bridges = x.d.bridges || empty
	if s.model.sink != nil {
		s.model.publish(ci.KindRun, r)
	}
	return news || !same, nil
}

// needsPage reports whether the pipeline's own page is worth a request: it tells
// when a finished one began and ended.
func needsPage(s *Source, path string, id int, jobs []apiJob) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.model.projects[path]
	return r != nil && r.runs[id] != nil && r.runs[id].p.Status == "failed" && !slices.ContainsFunc(jobs, func(j apiJob) bool { return j.Status == "failed" })
}

// blocked reads which deployments of a project wait for approval, where a job
// could be one of them.
// API: docs.gitlab.com/api/deployments "List project deployments"
func (s *Source) blocked(ctx context.Context, path string, jobs []apiJob) map[int]apiDeployment {
	if !slices.ContainsFunc(jobs, func(j apiJob) bool { return j.Status == "manual" }) {
		return nil
	}
	list, err := s.deploymentsOf(ctx, path, url.Values{"per_page": {"50"}}, false)
	if err != nil {
		return nil // no environments, or not for this user: then only jobs wait
	}
	out := map[int]apiDeployment{}
	for _, d := range list {
		if d.Status == "blocked" && d.Deployable != nil {
			out[d.Deployable.ID] = d
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.model.projects[path]; r != nil {
		r.deployments = list
	}
	return out
}

func (s *Source) deploymentsOf(ctx context.Context, path string, q url.Values, urgent bool) (list []apiDeployment, err error) {
	q.Set("order_by", "id")
	q.Set("sort", "desc")
	_, err = s.get(ctx, rest.Request{Path: project(path, "deployments"), Query: q, Urgent: urgent}, &list)
	return list, err
}

// environmentOf is where a job deploys to, by the deployments that are known: its
// own, or the last of a job of that name.
func (r *repository) environmentOf(j *apiJob) string {
	for _, d := range r.deployments {
		if d.Deployable != nil && (d.Deployable.ID == j.ID || d.Deployable.Name == j.Name) {
			return d.Environment.Name
		}
	}
	return ""
}

// detailOf reduces jobs to what a row shows.
func (s *Source) detailOf(r *repository, x *pipeline, jobs []apiJob, blocked map[int]apiDeployment) *detail {
	d := &detail{of: x.p.Updated, seen: s.now()}
	jobs = latest(jobs)
	var stages []string
	open := map[string]bool{} // stages with something to do
	waiting := x.p.Status == "manual"
	for i := range jobs {
		j := &jobs[i]
		d.bridges = d.bridges || j.bridge
		if !slices.Contains(stages, j.Stage) {
			stages = append(stages, j.Stage)
		}
		if j.Commit != nil && d.title == "" {
			d.title, d.author = j.Commit.Title, j.Commit.AuthorName
		}
		if d.by == "" {
			d.by = j.User.name()
		}
		if !j.Started.IsZero() && (d.started.IsZero() || j.Started.Before(d.started)) {
			d.started = j.Started
		}
		if j.Finished.After(d.ended) {
			d.ended = j.Finished
		}
		if dep, ok := blocked[j.ID]; ok {
			d.waits = append(d.waits, text.Sprintf("approval for %s", dep.Environment.Name))
			d.environment = dep.Environment.Name
		} else if j.Status == "manual" {
			d.manual++
			if waiting && !j.AllowFailure {
				d.waits = append(d.waits, text.Sprintf("%s to be started", j.Name))
				if e := r.environmentOf(j); e != "" {
					d.environment = e
				}
			}
		}
		if j.Status == "failed" && !j.AllowFailure && d.message.Empty() {
			d.message = text.Sprintf("%s: %s", j.Name, failure(j))
		}
		if j.Status == "failed" || j.Status == "canceled" {
			d.retryable++
		}
		if !isOver(j.Status) && !(j.Status == "manual" && j.AllowFailure) {
			open[j.Stage] = true
		}
		if j.Status == "failed" && !j.AllowFailure {
			open[j.Stage] = true
		}
	}
	d.stage.Total = len(stages)
	for _, st := range stages {
		if open[st] || jobsSkipped(jobs, st) {
			if d.stage.At == "" {
				d.stage.At = st
			}
			continue
		}
		if d.stage.At == "" {
			d.stage.Done++
		}
	}
	if d.stage.At == "" && len(stages) > 0 {
		d.stage.At = stages[len(stages)-1]
	}
	return d
}

// jobsSkipped reports whether no job of a stage was run.
func jobsSkipped(jobs []apiJob, stage string) bool {
	for i := range jobs {
		if jobs[i].Stage == stage && jobs[i].Status != "skipped" && jobs[i].Status != "canceled" {
			return false
		}
	}
	return true
}

// latest leaves out the jobs that were retried: the newest of a name counts.
func latest(jobs []apiJob) []apiJob {
	newest := map[string]int{}
	for i := range jobs {
		newest[jobs[i].Name] = max(newest[jobs[i].Name], jobs[i].ID)
	}
	out := make([]apiJob, 0, len(jobs))
	for _, j := range jobs {
		if newest[j.Name] == j.ID {
			out = append(out, j)
		}
	}
	return out
}

// jobRef names a job of a pipeline: attempts before the newest are counted.
func (s *Source) jobRef(path string, run int, j *apiJob, attempt int) core.Ref {
	name := strconv.Itoa(run) + "/" + j.Name
	if attempt > 0 {
		name += " #" + strconv.Itoa(attempt)
	}
	return s.ref(ci.KindJob, path, name, strconv.Itoa(j.ID))
}

// jobOf makes a job as outlines have it.
func (s *Source) jobOf(path string, run core.Ref, ref core.Ref, j *apiJob, attempt int, blocked map[int]apiDeployment) ci.Job {
	out := ci.Job{
		Ref: ref, Run: run, System: ID, Title: j.Name, Group: j.Stage, URL: webURL(j.WebURL), Attempt: attempt, Phase: jobPhase(j), Reason: text.Clean(j.Status),
		Message: failure(j), Created: j.Created, Started: j.Started, Ended: j.Finished, Seen: s.now(), Repo: s.repo(path), Service: service(path), Actor: j.User.name(),
		Rev: j.Status + "@" + j.Finished.UTC().Format(time.RFC3339Nano),
	}
	if !isOver(j.Status) {
		out.Ended = time.Time{}
	}
	if j.Runner != nil {
		out.Runner = j.Runner.Description
	}
	if j.Commit != nil {
		out.Commit = j.Commit.ID
	}
	s.mu.Lock()
	if r := s.model.projects[path]; r != nil {
		out.Environment = r.environmentOf(j)
	}
	s.mu.Unlock()
	if d, ok := blocked[j.ID]; ok {
		out.Environment, out.Reason = d.Environment.Name, text.Lit("blocked")
		out.Waits = []text.Safe{text.Sprintf("approval for %s", d.Environment.Name)}
	} else if j.Status == "manual" {
		out.Waits = []text.Safe{text.Lit("to be started")}
	}
	return out
}
