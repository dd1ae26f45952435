package gitlab

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// candidates are the deployments to an environment that went well, newest first:
// the first is the one that stands.
func (s *Source) candidates(ctx context.Context, ref core.Ref) ([]apiDeployment, error) {
	list, err := s.deploymentsOf(ctx, ref.Namespace, url.Values{"environment": {ref.Name}, "status": {"success"}, "per_page": {"50"}}, true)
	if err != nil {
		return nil, err
	}
	return successful(list), nil
}

// PlanRollback implements sources.Roller: the job of an earlier deployment runs
// again, as GitLab's own button does it.
// API: docs.gitlab.com/ci/environments/deployments "Retry or roll back a deployment"
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	if ref.Kind != ci.KindEnvironment {
		return nil, unsupported(ref.Kind, "roll back")
	}
	if to.Via != "" {
		return nil, invalid(text.Sprintf("there is no way back by %s", to.Via), text.Safe{})
	}
	e, err := s.environment(ctx, ref)
	if err != nil {
		return nil, err
	}
	list, err := s.candidates(ctx, ref)
	if err != nil {
		return nil, err
	}
	target, err := earlier(list, to.To, ref.Name)
	if err != nil {
		return nil, err
	}
	now := list[0]
	job := target.Deployable
	p := core.Plan{
		Verb: core.VerbRollback, Target: s.ref(ci.KindEnvironment, ref.Namespace, ref.Name, strconv.Itoa(e.ID)), Rev: strconv.Itoa(now.ID), Danger: 1,
		Title: text.Sprintf("Roll %s back to deployment #%d", ref.Name, target.IID),
		Changes: []core.FieldChange{
			{Field: text.Lit("deployment"), Before: text.Sprintf("#%d", now.IID), After: text.Sprintf("#%d again, as a new one", target.IID)},
			{Field: text.Lit("commit"), Before: text.Clean(ci.Short(now.SHA)), After: text.Clean(ci.Short(target.SHA))},
		},
		Impact:   []text.Safe{text.Sprintf("job %s of pipeline %d runs again at %s: it deploys what it deployed then, with the variables of now", job.Name, job.Pipeline.ID, ci.Short(target.SHA))},
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Target: s.ref(ci.KindEnvironment, ref.Namespace, ref.Name, ""), Params: map[string]string{"to": strconv.Itoa(now.IID)}},
		UndoHint: text.Sprintf("U runs the job of deployment #%d again", now.IID),
	}
	s.reaches(ctx, &p, ref.Namespace, []string{ref.Name})
	p.Warnings = append(p.Warnings, text.Lit("where the project prevents outdated deployment jobs, GitLab may refuse or fail it"))
	if job.Commit != nil {
		p.Impact = append(p.Impact, text.Sprintf("%s: %s", ci.Short(target.SHA), job.Commit.Title))
	}
	name := strconv.Itoa(job.Pipeline.ID) + "/" + job.Name
	op, err := s.planRetryJob(ctx, s.ref(ci.KindJob, ref.Namespace, name, strconv.Itoa(job.ID)), &p)
	if err != nil {
		return nil, err
	}
	execute := op.Execute
	op.Execute = func(ctx context.Context, out core.Output) error {
		fresh, err := s.candidates(ctx, ref)
		if err != nil {
			return err
		}
		if len(fresh) == 0 || fresh[0].ID != now.ID {
			return conflict(text.Sprintf("%s was deployed to since it was planned", ref.Name))
		}
		return execute(ctx, out)
	}
	return op, nil
}

// earlier finds the deployment to go back to: by its number in the project, or
// the last one of another commit.
func earlier(list []apiDeployment, to, env string) (*apiDeployment, error) {
	if len(list) == 0 {
		return nil, conflict(text.Sprintf("no deployment to %s went well: there is nothing to go back to", env))
	}
	for i := range list {
		d := &list[i]
		switch {
		case to == "" && i > 0 && d.SHA != list[0].SHA, to != "" && (strconv.Itoa(d.IID) == to || "#"+strconv.Itoa(d.IID) == to):
			return d, nil
		}
	}
	if to == "" {
		return nil, conflict(text.Sprintf("all deployments to %s that went well are of the same commit", env))
	}
	return nil, invalid(text.Sprintf("no deployment %s to %s that went well", to, env), text.Lit("the form lists them"))
}

// PlanDelete implements sources.Deleter: an environment is stopped.
// API: docs.gitlab.com/api/environments "Stop an environment"
func (s *Source) PlanDelete(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	if ref.Kind != ci.KindEnvironment {
		return nil, unsupported(ref.Kind, "delete")
	}
	if how.Volumes || how.Cascade == "foreground" || how.Cascade == "orphan" {
		return nil, invalid(text.Lit("an environment has nothing of that kind"), text.Lit("only force means something here"))
	}
	e, err := s.environment(ctx, ref)
	if err != nil {
		return nil, err
	}
	if e.State == "stopped" {
		return nil, conflict(text.Sprintf("%s is stopped already", ref.Name))
	}
	p := core.Plan{
		Verb: core.VerbDelete, Target: s.ref(ci.KindEnvironment, ref.Namespace, ref.Name, strconv.Itoa(e.ID)), Rev: e.State, Danger: 2,
		Title:    text.Sprintf("Stop environment %s", ref.Name),
		Changes:  []core.FieldChange{{Field: text.Lit("state"), Before: text.Clean(e.State), After: text.Lit("stopped")}},
		Impact:   []text.Safe{text.Lit("its on_stop job runs, if it has one: what that removes is gone"), text.Lit("GitLab keeps the environment and its history")},
		UndoHint: text.Lit("cannot be undone by itself: the next deployment makes it available again"),
	}
	s.reaches(ctx, &p, ref.Namespace, []string{ref.Name})
	r := rest.Request{Path: project(ref.Namespace, "environments", strconv.Itoa(e.ID), "stop")}
	if how.Force {
		r.Body = map[string]any{"force": true}
		p.Impact[0] = text.Lit("forced: its on_stop job does not run, what it deployed stays")
	}
	byID := p.Target
	c := &change{
		s: s, path: ref.Namespace, request: r,
		check: func(ctx context.Context) error {
			now, err := s.environment(ctx, byID)
			if err == nil && now.State != e.State {
				return conflict(text.Sprintf("%s has changed meanwhile: it is %s", ref.Name, now.State))
			}
			return err
		},
		verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			return s.followState(ctx, report, func() (string, error) {
				now, err := s.environment(ctx, byID)
				return now.State, err
			}, func(state string) core.Outcome {
				if state == "stopped" {
					return core.OutcomeHealthy
				}
				return core.OutcomeUnknown
			})
		},
	}
	return c.operation(p), nil
}

// rollbackChoices are the deployments that a form offers.
func rollbackChoices(list []apiDeployment) []core.Choice {
	var out []core.Choice
	for i := range list {
		d := &list[i]
		title := ""
		if d.Deployable.Commit != nil {
			title = d.Deployable.Commit.Title
		}
		out = append(out, core.Choice{
			Value: strconv.Itoa(d.IID), Current: i == 0,
			Cells: []text.Safe{text.Sprintf("#%d", d.IID), text.Clean(ci.Short(d.SHA)), text.Clean(branch(d.Ref)), text.Clean(title), text.Clean(d.User.name()), text.Clean(d.Created.Local().Format("2006-01-02 15:04"))},
		})
	}
	return slices.Clip(out)
}
