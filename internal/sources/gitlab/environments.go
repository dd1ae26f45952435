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

// askEnvironments reads the environments of a project and the deployments to them.
// API: docs.gitlab.com/api/environments, docs.gitlab.com/api/deployments
func (s *Source) askEnvironments(ctx context.Context, path string) (news bool, err error) {
	list, same, err := s.environmentsOf(ctx, path, false)
	if err != nil {
		return false, err
	}
	deployments, err := s.deploymentsOf(ctx, path, url.Values{"per_page": {strconv.Itoa(perPage)}}, false)
	if err != nil && !absent(err) {
		return false, err
	}
	s.mu.Lock()
	r := s.model.projects[path]
	ask := r != nil && r.protected == nil
	s.mu.Unlock()
	var protected map[string]bool
	if ask && len(list) > 0 {
		protected = map[string]bool{}
		found, err := s.protectedOf(ctx, path, false)
		if err == nil {
			for _, p := range found {
				protected[p.Name] = true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r == nil || s.model.projects[path] != r {
		return false, nil
	}
	r.environments, r.deployments = list, deployments
	if protected != nil {
		r.protected = protected
	}
	return !same, nil
}

func (s *Source) environmentsOf(ctx context.Context, path string, urgent bool) (list []apiEnvironment, same bool, err error) {
	q := url.Values{"states": {"available"}, "per_page": {strconv.Itoa(perPage)}}
	same = true
	err = s.client.Pages(ctx, rest.Request{Path: project(path, "environments"), Query: q, Urgent: urgent}, 3, func(resp *rest.Response) (bool, error) {
		var page []apiEnvironment
		if err := decode(resp, &page); err != nil {
			return false, err
		}
		list, same = append(list, page...), same && resp.NotModified
		return true, nil
	})
	return list, same, err
}

// protectedOf are the rules of the protected environments; they are a feature of
// the Premium tier, and of maintainers.
func (s *Source) protectedOf(ctx context.Context, path string, urgent bool) (list []apiProtected, err error) {
	_, err = s.get(ctx, rest.Request{Path: project(path, "protected_environments"), Query: url.Values{"per_page": {strconv.Itoa(perPage)}}, Urgent: urgent}, &list)
	return list, err
}

func (m *model) environmentRows(r *repository) []*core.Resource {
	out := make([]*core.Resource, 0, len(r.environments))
	for i := range r.environments {
		out = append(out, m.s.environmentOf(r, &r.environments[i]).Resource())
	}
	return out
}

// environmentOf makes an environment of what is known of it: its last deployment
// that took place, and one that waits.
func (s *Source) environmentOf(r *repository, e *apiEnvironment) ci.Environment {
	out := ci.Environment{
		Ref: s.ref(ci.KindEnvironment, r.path, e.Name, strconv.Itoa(e.ID)), System: ID, URL: orElse(webURL(e.URL), webURL(r.info.WebURL)), Protected: r.protected[e.Name],
		Created: e.Created, Changed: e.Updated, Repo: s.repo(r.path), Service: service(r.path),
	}
	var last *apiDeployment
	for i := range r.deployments { // newest first
		d := &r.deployments[i]
		if d.Environment.Name != e.Name {
			continue
		}
		if d.Status == "blocked" && len(out.Waits) == 0 {
			out.Waits = []text.Safe{text.Sprintf("approval for %s", e.Name)}
		}
		if last == nil && d.Status != "skipped" {
			last = d
		}
	}
	if last == nil {
		last = e.Last
	}
	out.Phase, out.Reason = deploymentPhase(last, e.State), text.Clean(e.State)
	if last == nil {
		return out
	}
	if e.State == "available" {
		out.Reason = text.Clean(last.Status)
	}
	out.Branch, out.Commit, out.Author, out.Deployed = branch(last.Ref), last.SHA, last.User.name(), last.Created
	out.Rev = strconv.Itoa(last.ID) + "@" + last.Updated.UTC().Format(time.RFC3339Nano)
	if j := last.Deployable; j != nil {
		out.Title = j.Name
		if j.Commit != nil {
			out.Title = j.Commit.Title
		}
		if j.Pipeline.ID != 0 {
			id := strconv.Itoa(j.Pipeline.ID)
			out.Number, out.Run = id, s.ref(ci.KindRun, r.path, id, id)
		}
	}
	return out
}

// History implements sources.Historian: the deployments of an environment.
func (s *Source) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	if ref.Kind != ci.KindEnvironment {
		return core.Document{}, unsupported(ref.Kind, "tell the history of")
	}
	list, err := s.deploymentsOf(ctx, ref.Namespace, url.Values{"environment": {ref.Name}, "per_page": {"50"}}, true)
	if err != nil {
		return core.Document{}, err
	}
	doc := core.Document{Title: text.Sprintf("Deployments to %s", ref.Name)}
	if len(list) == 0 {
		if _, err := s.Get(ctx, ref); err != nil {
			return core.Document{}, err
		}
		doc.Lines = append(doc.Lines, text.Lit("none yet").Line())
	}
	for i := range list {
		d := &list[i]
		title, job := "", ""
		if d.Deployable != nil {
			job = d.Deployable.Name
			if d.Deployable.Commit != nil {
				title = d.Deployable.Commit.Title
			}
		}
		doc.Lines = append(doc.Lines, text.Sprintf("#%-5d %-9s %s  %-16s %-8s %-20s by %s  %s",
			d.IID, text.Clean(d.Status), d.Created.Local().Format(time.DateTime), text.Clean(branch(d.Ref)), ci.Short(d.SHA), text.Clean(job), text.Clean(d.User.name()), text.Clean(title)).Line())
	}
	return doc, nil
}

// successful are the deployments that went well and whose job is known, newest first.
func successful(list []apiDeployment) []apiDeployment {
	return slices.DeleteFunc(slices.Clone(list), func(d apiDeployment) bool { return d.Status != "success" || d.Deployable == nil })
}
