package gitlab

import (
	"context"
	"maps"
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

// PlanDeploy implements sources.Deployer: a new pipeline, or a manual job that
// is started with variables.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	switch {
	case what.Image != "" || what.File != "" || what.Container != "":
		return nil, invalid(text.Lit("GitLab runs pipelines: it takes no image and no file"), text.Lit("give a branch or tag, and variables: --set ref=main --set input.NAME=value"))
	case what.Revision != "":
		return nil, invalid(text.Lit("GitLab starts pipelines of branches and tags only, not of commits"), text.Lit("--set ref=BRANCH"))
	case len(what.Options) > 0:
		return nil, invalid(text.Sprintf("there is no option %s", sorted(what.Options)[0]), text.Lit("variables are given as input.NAME"))
	}
	what.Inputs = given(what.Inputs)
	for k := range what.Inputs {
		if !shellName.MatchString(k) {
			return nil, invalid(text.Sprintf("%s cannot be the name of a variable", k), text.Lit("letters, digits and _ only"))
		}
	}
	switch ref.Kind {
	case ci.KindWorkflow:
		info, err := s.project(ctx, ref)
		if err != nil {
			return nil, err
		}
		return s.planPipeline(ctx, newPipeline{
			verb: core.VerbDeploy, target: s.ref(ci.KindWorkflow, ref.Namespace, workflowName, strconv.Itoa(info.ID)), ref: orElse(what.Ref, info.DefaultBranch),
			variables: what.Inputs, info: &info,
		})
	case ci.KindRun:
		id, err := runID(ref)
		if err != nil {
			return nil, err
		}
		old, err := s.fresh(ctx, ref.Namespace, id)
		if err != nil {
			return nil, err
		}
		from := what.Ref
		if from == "" {
			if from = old.Ref; strings.HasPrefix(from, "refs/") {
				return nil, invalid(text.Sprintf("pipeline %d ran for %s: a new one needs a branch or a tag", id, branch(old.Ref)), text.Lit("--set ref=BRANCH"))
			}
		}
		return s.planPipeline(ctx, newPipeline{
			verb: core.VerbDeploy, target: s.ref(ci.KindRun, ref.Namespace, ref.Name, strconv.Itoa(id)), ref: from, variables: what.Inputs,
		})
	case ci.KindJob:
		if what.Ref != "" {
			return nil, invalid(text.Lit("a job runs at its pipeline's commit: it takes no branch"), text.Lit("deploy the workflow instead"))
		}
		return s.planPlay(ctx, core.VerbDeploy, ref, ref, what.Inputs)
	}
	return nil, unsupported(ref.Kind, "deploy")
}

// given leaves out what was left empty: it is as it would be without.
func given(inputs map[string]string) map[string]string {
	out := maps.Clone(inputs)
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

// newPipeline is what a new pipeline is made of.
type newPipeline struct {
	verb      string
	target    core.Ref
	ref       string // branch or tag
	variables map[string]string
	like      *apiPipeline // whose work is done again; nil: nobody's
	info      *apiProject
}

// planPipeline plans a new pipeline.
// API: docs.gitlab.com/api/pipelines "Create a new pipeline"
func (s *Source) planPipeline(ctx context.Context, n newPipeline) (*core.Operation, error) {
	path := n.target.Namespace
	if n.info == nil {
		info, err := s.project(ctx, n.target)
		if err != nil && rest.StatusOf(err) == 0 {
			return nil, err
		}
		n.info = &info
	}
	if err := s.mayChange(n.info); err != nil {
		return nil, err
	}
	if n.ref == "" {
		return nil, invalid(text.Sprintf("%s has no default branch: name one", path), text.Lit("--set ref=BRANCH"))
	}
	head, err := s.head(ctx, path, n.ref)
	if err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: n.verb, Target: n.target, Rev: head.ID, Danger: 1,
		Title: text.Sprintf("Start a pipeline of %s on %s", path, n.ref),
		Changes: append([]core.FieldChange{
			{Field: text.Lit("pipeline"), Before: text.Lit("none"), After: text.Sprintf("new, on %s", n.ref)},
			{Field: text.Lit("commit"), After: text.Sprintf("%s %s", ci.Short(head.ID), head.Title)},
		}, shown(n.variables)...),
		Impact:   []text.Safe{text.Sprintf("the jobs that .gitlab-ci.yml of %s has for a pipeline started by hand", ci.Short(head.ID))},
		UndoHint: text.Lit("cannot be undone: C cancels the pipeline while it runs"),
	}
	if file := n.info.ConfigPath; file != "" {
		p.Impact[0] = text.Sprintf("the jobs that %s of %s has for a pipeline started by hand", file, ci.Short(head.ID))
	}
	if old := n.like; old != nil {
		p.Title = text.Sprintf("Start pipeline %d again as a new one", old.ID)
		p.Changes[1].Before = text.Clean(ci.Short(old.SHA))
		if old.SHA != head.ID {
			p.Warnings = append(p.Warnings, text.Sprintf("GitLab starts pipelines of branches, not of commits: %s has moved from %s to %s since, and that is what will run", branch(old.Ref), ci.Short(old.SHA), ci.Short(head.ID)))
		}
		if old.Source != "api" && old.Source != "web" {
			p.Warnings = append(p.Warnings, text.Sprintf("it was started by %s, the new one is by api: rules in .gitlab-ci.yml may choose other jobs", old.Source))
		}
	}
	for _, env := range s.targetsOf(ctx, path, n.ref) {
		p.Also = append(p.Also, s.ref(ci.KindEnvironment, path, env, ""))
		p.Warnings = append(p.Warnings, text.Sprintf("pipelines of %s have deployed to %s", n.ref, env))
	}
	body := map[string]any{"ref": n.ref}
	if len(n.variables) > 0 {
		body["variables"] = variablesOf(n.variables)
	}
	var made apiPipeline
	newest := 0
	c := &change{
		s: s, path: path, limit: followLimit, out: &made, request: rest.Request{Path: project(path, "pipeline"), Body: body},
		check: func(ctx context.Context) error {
			now, err := s.head(ctx, path, n.ref)
			if err != nil {
				return err
			}
			if now.ID != head.ID {
				return conflict(text.Sprintf("%s has moved to %s since it was planned", n.ref, ci.Short(now.ID)))
			}
			var list []apiPipeline
			_, err = s.get(ctx, rest.Request{Path: project(path, "pipelines"), Query: url.Values{"per_page": {"1"}, "order_by": {"id"}, "sort": {"desc"}}, Urgent: true, Fresh: true}, &list)
			if len(list) > 0 {
				newest = list[0].ID
			}
			return err
		},
		sent: func() {
			s.mu.Lock()
			s.last[path] = maps.Clone(n.variables)
			s.mu.Unlock()
			s.nudge(path, made.ID)
		},
	}
	c.verify = func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		if made.ID == 0 {
			return s.lostPipeline(ctx, path, n.ref, head.ID, newest, report)
		}
		report(core.Progress{Text: text.Sprintf("it is pipeline %d: %s", made.ID, webURL(made.WebURL))})
		return s.followRun(ctx, path, made.ID, time.Time{}, report)
	}
	return c.operation(p), nil
}

// lostPipeline looks for a pipeline whose id was lost with the answer. Which one
// it is cannot be told for certain, so none is followed.
func (s *Source) lostPipeline(ctx context.Context, path, ref, sha string, newest int, report func(core.Progress)) (core.Outcome, error) {
	var list []apiPipeline
	q := url.Values{"ref": {ref}, "sha": {sha}, "source": {"api"}, "order_by": {"id"}, "sort": {"desc"}, "per_page": {"20"}}
	if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines"), Query: q, Urgent: true}, &list); err != nil {
		return core.OutcomeUnknown, err
	}
	var ids []text.Safe
	for i := range list {
		if list[i].ID > newest {
			ids = append(ids, text.Sprintf("%d", list[i].ID))
		}
	}
	says := text.Sprintf("the answer was lost, and no new pipeline by api is on %s at %s: it seems not to have been started", ref, ci.Short(sha))
	if len(ids) > 0 {
		says = text.Sprintf("the answer was lost; new since then on %s: pipeline %s. Whether it is this one cannot be told", ref, text.Join(text.Lit(", "), ids...))
	}
	report(core.Progress{Text: says})
	return core.OutcomeUnknown, nil
}

// head is the commit that a branch or a tag stands for.
func (s *Source) head(ctx context.Context, path, ref string) (apiCommit, error) {
	var c apiCommit
	_, err := s.get(ctx, rest.Request{Path: project(path, "repository", "commits", ref), Urgent: true}, &c)
	if rest.StatusOf(err) == 404 {
		return c, invalid(text.Sprintf("%s has no branch or tag %s", path, ref), text.Lit("the form lists them"))
	}
	return c, err
}

// planPlay starts a manual job. target is what was asked for: the job or its run.
// API: docs.gitlab.com/api/jobs "Run a job"
func (s *Source) planPlay(ctx context.Context, verb string, target, ref core.Ref, variables map[string]string) (*core.Operation, error) {
	j, _, blocked, err := s.job(ctx, ref)
	if err != nil {
		return nil, err
	}
	if j.Status != "manual" && j.Status != "scheduled" {
		return nil, conflict(text.Sprintf("only a manual job can be started: %s is %s", j.Name, j.Status))
	}
	if d, ok := blocked[j.ID]; ok {
		return nil, conflict(text.Sprintf("%s waits for the approval of its deployment to %s: approve that", j.Name, d.Environment.Name))
	}
	if target.UID == "" {
		target.UID = strconv.Itoa(j.ID)
	}
	id := j.ID
	p := core.Plan{
		Verb: verb, Target: target, Rev: j.Status, Danger: 1,
		Title:    text.Sprintf("Start %s of pipeline %d", j.Name, j.Pipeline.ID),
		Changes:  append([]core.FieldChange{{Field: text.Clean(j.Name), Before: text.Clean(j.Status), After: text.Lit("running")}}, shown(variables)...),
		Impact:   []text.Safe{text.Sprintf("at commit %s of %s", ci.Short(j.Pipeline.SHA), branch(j.Ref))},
		UndoHint: text.Lit("cannot be undone: C cancels the job while it runs"),
	}
	s.reaches(ctx, &p, ref.Namespace, s.targets(ctx, ref.Namespace, j))
	if j.Status == "scheduled" {
		p.Impact = append(p.Impact, text.Lit("it would start by itself later: now it starts at once"))
	}
	r := rest.Request{Path: project(ref.Namespace, "jobs", strconv.Itoa(id), "play")}
	if len(variables) > 0 {
		r.Body = map[string]any{"job_variables_attributes": variablesOf(variables)}
	}
	c := &change{
		s: s, path: ref.Namespace, run: j.Pipeline.ID, limit: followLimit, request: r,
		check: func(ctx context.Context) error {
			now, err := s.jobByID(ctx, ref.Namespace, id)
			if err == nil && now.Status != j.Status {
				return conflict(text.Sprintf("%s was answered meanwhile: it is %s", j.Name, now.Status))
			}
			return err
		},
		verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			now, err := s.jobByID(ctx, ref.Namespace, id)
			if err == nil && now.Status == j.Status {
				report(core.Progress{Text: text.Sprintf("%s still is %s: the request seems not to have arrived", j.Name, j.Status)})
				return core.OutcomeUnknown, nil
			}
			return s.followJob(ctx, ref.Namespace, id, report)
		},
	}
	c.no = func(err error) error {
		if rest.StatusOf(err) == 403 {
			return &core.Problem{Kind: core.Forbidden, Cause: err, Summary: text.Sprintf("GitLab does not let you start %s", j.Name), Hint: text.Lit("a protected branch or environment takes it from its deployers only")}
		}
		return err
	}
	return c.operation(p), nil
}

// refs are branches and tags to choose from, the default branch first.
func (s *Source) refs(ctx context.Context, path string) ([]core.Choice, error) {
	var out []core.Choice
	for _, what := range []string{"branches", "tags"} {
		var list []apiRef
		q := url.Values{"per_page": {strconv.Itoa(perPage)}}
		if what == "tags" {
			q.Set("order_by", "updated")
			q.Set("per_page", "30")
		}
		if _, err := s.get(ctx, rest.Request{Path: project(path, "repository", what), Query: q, Urgent: true}, &list); err != nil {
			return nil, err
		}
		slices.SortStableFunc(list, func(a, b apiRef) int { return truth(b.Default) - truth(a.Default) })
		for i := range list {
			r := &list[i]
			out = append(out, core.Choice{
				Value: r.Name, Current: r.Default,
				Cells: []text.Safe{text.Clean(r.Name), text.Clean(strings.TrimSuffix(what, "es")), text.Clean(ci.Short(r.Commit.ID)), text.Clean(r.Commit.Title)},
			})
			if what == "tags" {
				out[len(out)-1].Cells[1] = text.Lit("tag")
			}
		}
	}
	return out, nil
}
