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

// gate is what waits for a human: a manual job, or a deployment.
type gate struct {
	job        apiJob
	deployment *apiDeployment // nil: a manual job
	must       bool           // the pipeline waits for it
	numbered   bool           // it is one of an environment's
}

// name is how a gate is called: the job, which is unique in its pipeline; of an
// environment the deployment's number in the project.
func (g *gate) name() string {
	if g.numbered {
		return "#" + strconv.Itoa(g.deployment.IID)
	}
	return g.job.Name
}

// is reports whether a gate is meant by a name.
func (g *gate) is(name string) bool {
	if g.name() == name || g.job.Name == name {
		return true
	}
	d := g.deployment
	return d != nil && (d.Environment.Name == name || approvalFor+d.Environment.Name == name || strconv.Itoa(d.IID) == name)
}

func (g *gate) words() text.Safe {
	if g.deployment != nil {
		return text.Sprintf("%s%s", text.Lit(approvalFor), g.deployment.Environment.Name)
	}
	return text.Sprintf("%s to be started", g.job.Name)
}

// gates are what waits at an object.
func (s *Source) gates(ctx context.Context, ref core.Ref) ([]gate, core.Ref, error) {
	var jobs []apiJob
	var blocked map[int]apiDeployment
	state := ""
	target := ref
	switch ref.Kind {
	case ci.KindRun:
		id, err := runID(ref)
		if err != nil {
			return nil, ref, err
		}
		p, err := s.fresh(ctx, ref.Namespace, id)
		if err != nil {
			return nil, ref, err
		}
		all, _, err := s.jobsOf(ctx, ref.Namespace, id, false, true)
		if err != nil {
			return nil, ref, err
		}
		jobs, state, target.UID = latest(all), p.Status, strconv.Itoa(id)
		blocked = s.blocked(ctx, ref.Namespace, jobs)
	case ci.KindJob:
		j, _, b, err := s.job(ctx, ref)
		if err != nil {
			return nil, ref, err
		}
		jobs, blocked, state, target.UID = []apiJob{j}, b, "manual", strconv.Itoa(j.ID)
	case ci.KindEnvironment:
		e, err := s.environment(ctx, ref)
		if err != nil {
			return nil, ref, err
		}
		target.UID = strconv.Itoa(e.ID)
		list, err := s.deploymentsOf(ctx, ref.Namespace, url.Values{"environment": {ref.Name}, "status": {"blocked"}, "per_page": {"20"}}, true)
		if err != nil {
			return nil, ref, err
		}
		var out []gate
		for i := range list {
			g := gate{deployment: &list[i], must: true, numbered: true}
			if j := list[i].Deployable; j != nil {
				g.job = *j
			}
			out = append(out, g)
		}
		return out, target, nil
	default:
		return nil, ref, unsupported(ref.Kind, "approve")
	}
	var out []gate
	for _, j := range jobs {
		if d, ok := blocked[j.ID]; ok {
			out = append(out, gate{job: j, deployment: &d, must: true})
		} else if (j.Status == "manual" || j.Status == "scheduled" && ref.Kind == ci.KindJob) && !j.bridge {
			out = append(out, gate{job: j, must: state == "manual" && !j.AllowFailure})
		}
	}
	return out, target, nil
}

// choose picks the one gate that is meant.
func choose(all []gate, names []string, what core.Ref) (*gate, error) {
	if len(all) == 0 {
		return nil, conflict(text.Sprintf("nothing of %s waits for anybody", what.Name))
	}
	pick := func(fits func(*gate) bool) []gate {
		var out []gate
		for i := range all {
			if fits(&all[i]) {
				out = append(out, all[i])
			}
		}
		return out
	}
	var found []gate
	switch len(names) {
	case 0:
		found = pick(func(g *gate) bool { return g.must })
		if len(found) == 0 {
			found = all
		}
	case 1:
		found = pick(func(g *gate) bool { return g.is(names[0]) })
		if len(found) == 0 {
			return nil, conflict(text.Sprintf("%s does not wait (any more) at %s", names[0], what.Name))
		}
	default:
		return nil, invalid(text.Lit("one gate at a time: each is a change of its own"), text.Lit("--set gate=NAME"))
	}
	if len(found) > 1 {
		var list []text.Safe
		for i := range found {
			list = append(list, text.Clean(found[i].name()))
		}
		return nil, invalid(text.Sprintf("%d gates wait: %s", len(found), text.Join(text.Lit(", "), list...)), text.Lit("name one: --set gate=NAME"))
	}
	return &found[0], nil
}

// PlanApprove implements sources.Approver: a manual job is started, a deployment
// approved.
func (s *Source) PlanApprove(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	if len(v.Options) > 0 {
		return nil, invalid(text.Sprintf("there is no option %s", sorted(v.Options)[0]), text.Safe{})
	}
	all, target, err := s.gates(ctx, ref)
	if err != nil {
		return nil, err
	}
	g, err := choose(all, v.Gates, ref)
	if err != nil {
		return nil, err
	}
	if g.deployment != nil {
		return s.planApproval(ctx, core.VerbApprove, target, g, "approved", v.Comment)
	}
	if v.Comment != "" {
		return nil, invalid(text.Lit("GitLab keeps no comment with a manual job"), text.Lit("leave it out"))
	}
	v.Inputs = given(v.Inputs)
	for k := range v.Inputs {
		if !shellName.MatchString(k) {
			return nil, invalid(text.Sprintf("%s cannot be the name of a variable", k), text.Lit("letters, digits and _ only"))
		}
	}
	return s.planPlay(ctx, core.VerbApprove, target, s.jobRef(ref.Namespace, g.job.Pipeline.ID, &g.job, 0), v.Inputs)
}

// PlanReject implements sources.Approver for deployments. A manual job cannot be
// rejected.
func (s *Source) PlanReject(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	all, target, err := s.gates(ctx, ref)
	if err != nil {
		return nil, err
	}
	only := slices.DeleteFunc(slices.Clone(all), func(g gate) bool { return g.deployment == nil })
	if len(only) == 0 && len(all) > 0 {
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Lit("a manual job cannot be rejected: it waits until somebody starts it"),
			Hint: text.Lit("leave it, or cancel it (C)"),
		}
	}
	g, err := choose(only, v.Gates, ref)
	if err != nil {
		return nil, err
	}
	return s.planApproval(ctx, core.VerbReject, target, g, "rejected", v.Comment)
}

// planApproval answers a deployment that waits.
// API: docs.gitlab.com/api/deployments "Approve or reject a blocked deployment" (Premium)
func (s *Source) planApproval(ctx context.Context, verb string, target core.Ref, g *gate, verdict, comment string) (*core.Operation, error) {
	path, env, id := target.Namespace, g.deployment.Environment.Name, g.deployment.ID
	full, err := s.deployment(ctx, path, id)
	if err != nil {
		return nil, err
	}
	me := s.user().Username
	p := core.Plan{
		Verb: verb, Target: target, Rev: full.Status + "@" + full.Updated.String(), Danger: 1,
		Title:    text.Sprintf("Approve the deployment of %s to %s", ci.Short(full.SHA), env),
		Changes:  []core.FieldChange{{Field: text.Sprintf("deployment #%d", full.IID), Before: text.Lit("blocked"), After: text.Clean(verdict)}},
		UndoHint: text.Lit("cannot be undone: what was approved can be deployed"),
	}
	s.reaches(ctx, &p, path, []string{env})
	left := full.Pending - 1
	switch {
	case verdict == "rejected":
		p.Title = text.Sprintf("Reject the deployment of %s to %s", ci.Short(full.SHA), env)
		p.Impact = []text.Safe{text.Lit("its job fails, and with it the pipeline")}
		p.UndoHint = text.Lit("cannot be undone: retry the job for a new deployment")
	case left > 0:
		p.Impact = []text.Safe{text.Sprintf("it can be deployed after further approvals: %d", left)}
	default:
		p.Impact = []text.Safe{text.Sprintf("it was the last approval: job %s can be started then", g.job.Name)}
	}
	for _, a := range full.Approvals {
		p.Impact = append(p.Impact, text.Sprintf("%s has %s it already", a.User.name(), a.Status))
		if me != "" && a.User.name() == me && a.Status == verdict {
			return nil, conflict(text.Sprintf("you have %s it already", verdict))
		}
	}
	body := map[string]any{"status": verdict}
	if comment != "" {
		body["comment"] = comment
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("comment"), After: text.CleanLong(comment)})
	}
	before := len(full.Approvals)
	c := &change{
		s: s, path: path, run: g.job.Pipeline.ID, request: rest.Request{Path: project(path, "deployments", strconv.Itoa(id), "approval"), Body: body},
		check: func(ctx context.Context) error {
			now, err := s.deployment(ctx, path, id)
			if err == nil && (now.Status != full.Status || len(now.Approvals) != before) {
				return conflict(text.Sprintf("the deployment was answered meanwhile: it is %s", now.Status))
			}
			return err
		},
		verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			now, err := s.deployment(ctx, path, id)
			switch {
			case err != nil:
				return core.OutcomeUnknown, err
			case len(now.Approvals) == before && now.Status == full.Status:
				report(core.Progress{Text: text.Lit("GitLab has no answer to it yet: the request seems not to have arrived")})
				return core.OutcomeUnknown, nil
			}
			report(core.Progress{Text: text.Sprintf("deployment #%d is %s", now.IID, now.Status)})
			return core.OutcomeHealthy, nil
		},
		no: func(err error) error {
			switch rest.StatusOf(err) {
			case 404:
				return &core.Problem{
					Kind: core.Unsupported, Cause: err, Summary: text.Lit("this GitLab has no approvals of deployments: they are a feature of the Premium tier"),
					Hint: text.Lit("start the job instead, or use a protected branch"),
				}
			case 403:
				return &core.Problem{
					Kind: core.Forbidden, Cause: err, Summary: text.Sprintf("you may not answer for %s", env),
					Hint: text.Lit("its rules name the approvers; who started the pipeline may be excluded"),
				}
			}
			return err
		},
	}
	return c.operation(p), nil
}

func (s *Source) deployment(ctx context.Context, path string, id int) (apiDeployment, error) {
	var d apiDeployment
	_, err := s.get(ctx, rest.Request{Path: project(path, "deployments", strconv.Itoa(id)), Urgent: true}, &d)
	if rest.StatusOf(err) == 404 {
		return d, s.gone(err, text.Sprintf("deployment %d", id), path)
	}
	return d, err
}
