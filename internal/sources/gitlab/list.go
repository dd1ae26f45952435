package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	perPage = 100
	// overlap is asked for again, so that what shares the time of the newest is
	// not missed.
	overlap = time.Second
	// mostFirst of a project that go on, and where there are few projects of all,
	// are completed before it counts as listed.
	mostFirst = 5
	// mostCommits of a project are remembered.
	mostCommits = 300
	// mostProjects of a group are watched.
	mostProjects = 500
)

// isPattern reports whether a project of the configuration stands for several.
func isPattern(path string) bool { return path == "*" || strings.HasSuffix(path, "/*") }

// askGroup reads which projects a pattern stands for.
func (s *Source) askGroup(ctx context.Context, pattern string) (news bool, err error) {
	q := url.Values{"per_page": {strconv.Itoa(perPage)}, "archived": {"false"}, "simple": {"true"}, "order_by": {"id"}, "sort": {"asc"}}
	r := rest.Request{Path: []string{"projects"}, Query: q}
	if group, ok := strings.CutSuffix(pattern, "/*"); ok {
		r.Path = []string{"groups", group, "projects"}
		q.Set("include_subgroups", "true")
		q.Set("with_shared", "false")
	} else {
		q.Set("membership", "true")
	}
	var found []apiProject
	err = s.client.Pages(ctx, r, mostProjects/perPage, func(resp *rest.Response) (bool, error) {
		var page []apiProject
		if err := decode(resp, &page); err != nil {
			return false, err
		}
		found = append(found, page...)
		return true, nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.model
	if m.sink == nil {
		return false, err
	}
	if err != nil {
		if p := s.Problem(err); p.Kind != core.Unreachable {
			m.group = &core.Problem{Kind: p.Kind, Summary: text.Sprintf("projects of %s: %s", pattern, p.Summary), Hint: p.Hint, Cause: err}
			if m.expanded[pattern] == nil {
				m.expanded[pattern] = map[string]bool{}
			}
		}
		for _, k := range listed {
			m.settle(k)
		}
		return false, err
	}
	paths := map[string]bool{}
	m.group, m.expanded[pattern] = nil, paths
	for i := range found {
		paths[found[i].Path] = true
		if m.projects[found[i].Path] == nil {
			news = true
			m.repository(found[i].Path)
		}
	}
	for path := range m.projects {
		if !s.watches(path) {
			m.drop(path)
		}
	}
	for _, k := range listed {
		m.settle(k)
	}
	return news, nil
}

// watches reports whether a project is named, or one of a pattern's.
func (s *Source) watches(path string) bool {
	return slices.ContainsFunc(s.server.projects, func(p string) bool { return p == path || s.model.expanded[p][path] })
}

func decode(resp *rest.Response, out any) error {
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}

// askList reads what of a project's pipelines has changed, and the whole list now
// and then: what was deleted is in no delta.
// first are the pipelines that are to be completed, the first time. API: docs.gitlab.com/api/pipelines
// "List project pipelines"
func (s *Source) askList(ctx context.Context, path string) (news bool, first []int, err error) {
	s.mu.Lock()
	r := s.model.projects[path]
	if r == nil {
		s.mu.Unlock()
		return false, nil, nil
	}
	known, cursor := r.known, r.cursor
	now := s.now()
	whole := !known || cursor.IsZero() || now.Sub(r.full) >= s.server.pace.full
	s.mu.Unlock()

	var info apiProject
	if !known || whole {
		if _, err := s.get(ctx, rest.Request{Path: project(path)}, &info); err != nil {
			return false, nil, err
		}
	}
	q := url.Values{"order_by": {"updated_at"}, "sort": {"desc"}, "per_page": {strconv.Itoa(min(s.server.keep, perPage))}}
	pages := 1
	if !whole {
		q.Set("updated_after", cursor.UTC().Format("2006-01-02T15:04:05.000Z"))
		q.Set("per_page", strconv.Itoa(perPage))
		pages = 3
	}
	var list []apiPipeline
	same := true
	err = s.client.Pages(ctx, rest.Request{Path: project(path, "pipelines"), Query: q}, pages, func(resp *rest.Response) (bool, error) {
		var page []apiPipeline
		if err := decode(resp, &page); err != nil {
			return false, err
		}
		list, same = append(list, page...), same && resp.NotModified
		return true, nil
	})
	if err != nil {
		return false, nil, err
	}
	s.seen.Store(s.now().UnixNano())
	commits, closed := s.askCommits(ctx, path, list)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.model.projects[path] != r {
		return false, nil, nil
	}
	if info.ID != 0 {
		r.info, r.known = info, true
		s.access[path] = info.level()
	}
	r.closed = r.closed || closed
	r.remember(commits)
	if whole {
		r.full = now
		news = r.replace(list) || !known
	}
	for i := range list {
		news = r.put(&list[i]) || news
	}
	r.trim(s.server.keep)
	if r.cursor.IsZero() { // an empty project: everything is newer
		r.cursor = r.info.created()
	}
	if few := len(s.model.projects) <= fewProjects; !known && s.model.wanted[ci.KindRun] {
		for _, id := range slices.Backward(sorted(r.runs)) {
			if (few || !isOver(r.runs[id].p.Status)) && len(first) < mostFirst {
				first = append(first, id)
			}
		}
	}
	return news, first, nil
}

// created is a time that no pipeline of the project is older than.
func (p *apiProject) created() time.Time { return time.Unix(1, 0) }

// replace forgets what the whole list does not have: what is as new as the list
// reaches and is not in it was deleted.
func (r *repository) replace(list []apiPipeline) (news bool) {
	in := map[int]bool{}
	oldest := time.Time{}
	for i := range list {
		in[list[i].ID] = true
		if oldest.IsZero() || list[i].Updated.Before(oldest) {
			oldest = list[i].Updated
		}
	}
	for id, x := range r.runs {
		if !in[id] && (!x.p.Updated.Before(oldest) || len(list) == 0) {
			delete(r.runs, id)
			news = true
		}
	}
	return news
}

// put takes a pipeline of a list. What only its own page tells is kept.
func (r *repository) put(p *apiPipeline) (news bool) {
	if at := p.Updated.Add(-overlap); at.After(r.cursor) {
		r.cursor = at
	}
	x := r.runs[p.ID]
	if x == nil {
		r.runs[p.ID] = &pipeline{p: *p}
		return true
	}
	if p.Updated.Before(x.p.Updated) {
		return false // overtaken by a later answer
	}
	news = p.Status != x.p.Status || !p.Updated.Equal(x.p.Updated)
	was := x.p
	x.p = *p
	if x.p.User == nil {
		x.p.User = was.User
	}
	if !news && x.p.Started.IsZero() {
		x.p.Started, x.p.Finished, x.p.YAMLErrors = was.Started, was.Finished, was.YAMLErrors
	}
	return news
}

// askCommits reads the newest commits where a list has one that is not known:
// one request for all titles, instead of one for each pipeline.
// API: docs.gitlab.com/api/commits "List repository commits"
func (s *Source) askCommits(ctx context.Context, path string, list []apiPipeline) (found []apiCommit, closed bool) {
	s.mu.Lock()
	r := s.model.projects[path]
	need := false
	for i := range list {
		if r != nil && !r.closed {
			_, ok := r.commits[list[i].SHA]
			need = need || !ok && list[i].SHA != ""
		}
	}
	s.mu.Unlock()
	if !need {
		return nil, false
	}
	q := url.Values{"all": {"true"}, "per_page": {strconv.Itoa(perPage)}}
	if _, err := s.get(ctx, rest.Request{Path: project(path, "repository", "commits"), Query: q}, &found); err != nil {
		return nil, absent(err) // rows go without their titles until their jobs tell them
	}
	have := map[string]bool{}
	for i := range found {
		have[found[i].ID] = true
	}
	for i := range list { // older ones, and those of forks: the jobs tell
		if sha := list[i].SHA; sha != "" && !have[sha] {
			found = append(found, apiCommit{ID: sha})
		}
	}
	return found, false
}

func (r *repository) remember(commits []apiCommit) {
	for _, c := range commits {
		if old, ok := r.commits[c.ID]; !ok || old.Title == "" {
			r.commits[c.ID] = apiCommit{ID: c.ID, Title: c.Title, AuthorName: c.AuthorName}
		}
	}
	if len(r.commits) <= mostCommits {
		return
	}
	in := map[string]bool{}
	for _, x := range r.runs {
		in[x.p.SHA] = true
	}
	for id := range r.commits {
		if !in[id] {
			delete(r.commits, id)
		}
	}
}

// branch is the branch, the tag or the merge request of a ref.
func branch(ref string) string {
	if rest, ok := strings.CutPrefix(ref, "refs/merge-requests/"); ok {
		n, _, _ := strings.Cut(rest, "/")
		return "!" + n
	}
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
}

// service is what a project is called without its group.
func service(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// webURL is an address as a browser may be given it; "" where it is none.
func webURL(raw string) string {
	if u, err := url.Parse(raw); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return raw
}
