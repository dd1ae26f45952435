package gitlab

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// recent are the newest deployments of a project; none where it has none, or
// they are not for this user.
func (s *Source) recent(ctx context.Context, path string) *repository {
	list, err := s.deploymentsOf(ctx, path, url.Values{"per_page": {strconv.Itoa(perPage)}}, true)
	r := &repository{path: path, deployments: list}
	if err != nil {
		s.mu.Lock()
		if known := s.model.projects[path]; known != nil {
			r.deployments = known.deployments
		}
		s.mu.Unlock()
	}
	return r
}

// targets are the environments that jobs deploy to: by what jobs of their names
// have deployed to, and where none has, by what the project's definition says.
func (s *Source) targets(ctx context.Context, path string, jobs ...apiJob) []string {
	if len(jobs) == 0 {
		return nil
	}
	r := s.recent(ctx, path)
	defined := map[string]map[string]string{} // by commit, by job
	var out []string
	for i := range jobs {
		j := &jobs[i]
		e := r.environmentOf(j)
		if at := orElse(j.Pipeline.SHA, j.Ref); e == "" && at != "" {
			if defined[at] == nil {
				defined[at] = s.declaredEnvironments(ctx, path, at)
			}
			e = defined[at][j.Name]
		}
		if e != "" && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// targetsOf are the environments that pipelines of a branch or tag have deployed to.
func (s *Source) targetsOf(ctx context.Context, path, ref string) []string {
	var out []string
	for _, d := range s.recent(ctx, path).deployments {
		if d.Ref == ref && !slices.Contains(out, d.Environment.Name) {
			out = append(out, d.Environment.Name)
		}
	}
	return out
}

// reaches notes in a plan which environments change: their policies hold too, and
// what protects them is said.
func (s *Source) reaches(ctx context.Context, p *core.Plan, path string, environments []string) {
	if len(environments) == 0 {
		return
	}
	rules, err := s.protectedOf(ctx, path, true)
	for _, env := range environments {
		ref := s.ref(ci.KindEnvironment, path, env, "")
		if !ref.SameObject(p.Target) {
			p.Also = append(p.Also, ref)
			p.Warnings = append(p.Warnings, text.Sprintf("it deploys to %s", env))
		}
		if err != nil { // the free tier, or not for this user: GitLab decides by itself
			continue
		}
		for i := range rules {
			if rules[i].Name == env {
				p.Warnings = append(p.Warnings, text.Sprintf("%s is protected: %s", env, s.ruleWords(&rules[i])))
			}
		}
	}
}
