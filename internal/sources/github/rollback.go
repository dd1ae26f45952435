package github

import (
	"context"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// The ways back: the run that deployed goes again, or its workflow is started on
// the branch or tag of then.
const (
	viaRerun    = "rerun"
	viaDispatch = "dispatch"
)

// rolling is what is known of an environment when it is rolled back.
type rolling struct {
	s    *Source
	ref  core.Ref // the environment
	env  namedEnvironment
	list []deployed // newest first
}

// rolling reads the environment of an environment or a run, with its deployments.
func (s *Source) rolling(ctx context.Context, ref core.Ref) (*rolling, error) {
	if ref.Kind == kindRun {
		w, err := s.runOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		names, err := s.deploysTo(ctx, ref.Namespace, &w)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s has not deployed to an environment", w.name()), Hint: text.Lit("roll back an environment, or a run that deploys")}
		}
		if len(names) > 1 {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s deploys to %s", w.name(), strings.Join(names, ", ")), Hint: text.Lit("roll back one of these environments")}
		}
		ref = s.ref(kindEnvironment, ref.Namespace, names[0], "")
	}
	if ref.Kind != kindEnvironment {
		return nil, unsupported(ref.Kind, "rollback")
	}
	e, err := s.environmentOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	ref = s.ref(kindEnvironment, ref.Namespace, e.env.Name, id(e.env.ID))
	list, err := s.history(ctx, ref, mostHistory)
	if err != nil {
		return nil, err
	}
	return &rolling{s: s, ref: ref, env: e.env, list: list}, nil
}

// current is the deployment that stands: the newest that went well; nil: none.
func (r *rolling) current() *deployed {
	for i := range r.list {
		if r.list[i].succeeded() {
			return &r.list[i]
		}
	}
	return nil
}

// newest is the last deployment, whatever became of it; nil: none.
func (r *rolling) newest() *deployed {
	if len(r.list) == 0 {
		return nil
	}
	return &r.list[0]
}

// candidate reports whether a deployment can be gone back to.
func (r *rolling) candidate(d *deployed) bool {
	n := r.newest()
	return d.succeeded() && n != nil && (d.d.ID != n.d.ID && d.d.SHA != n.d.SHA)
}

// choose finds the deployment to go back to: by its id or commit; "": the
// newest good one of another commit.
func (r *rolling) choose(to string) (*deployed, error) {
	for i := range r.list {
		d := &r.list[i]
		if !r.candidate(d) {
			continue
		}
		if to == "" || id(d.d.ID) == to || len(to) >= 7 && strings.HasPrefix(d.d.SHA, to) {
			return d, nil
		}
	}
	if to != "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no good deployment %s of another commit among its last %d", r.ref.Name, to, len(r.list)), Hint: text.Lit("its history lists them")}
	}
	return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s has no earlier deployment that went well", r.ref.Name)}
}

// PlanRollback implements sources.Roller: an earlier deployment of an environment
// is made again by the run that made it.
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	r, err := s.rolling(ctx, ref)
	if err != nil {
		return nil, err
	}
	d, err := r.choose(to.To)
	if err != nil {
		return nil, err
	}
	if d.run == 0 {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the deployment of %s was not made by a run", ci.Short(d.d.SHA)), Hint: text.Lit("the tool that made it can make it again")}
	}
	w, err := s.run(ctx, ref.Namespace, d.run)
	if rest.StatusOf(err) == 404 {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the run that deployed %s is not there any more", ci.Short(d.d.SHA))}
	}
	if err != nil {
		return nil, err
	}
	switch to.Via {
	case viaDispatch:
		return r.byDispatch(ctx, ref, d, &w)
	case "", viaRerun:
	default:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("there is no way back by %s", to.Via), Hint: text.Lit("rerun or dispatch")}
	}
	if time.Since(w.CreatedAt) > rerunWithin {
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("%s, which deployed %s, is older than 30 days: GitHub does not run it again", w.name(), ci.Short(d.d.SHA)),
			Hint: text.Lit("via=dispatch starts its workflow on that branch or tag, if it still has that commit"),
		}
	}
	if err := againPossible(&w); err != nil {
		return nil, err
	}
	return r.byRerun(ctx, ref, d, &w)
}

// plan is what both ways have in common.
func (r *rolling) plan(from core.Ref, d *deployed, w *workflowRun) core.Plan {
	p := core.Plan{
		Verb: core.VerbRollback, Target: r.ref, Rev: id(r.newest().d.ID), Danger: 1, Preview: noPreview,
		Title:  text.Sprintf("Roll %s of %s back to %s", r.ref.Name, r.ref.Namespace, ci.Short(d.d.SHA)),
		Impact: []text.Safe{text.Sprintf("deployed %s by %s: %s", at(d.d.CreatedAt), d.d.Creator.name(), about(w))},
		Also:   []core.Ref{r.ref},
	}
	if !from.SameObject(r.ref) {
		p.From = from
	}
	before := text.Lit("nothing that went well")
	if c := r.current(); c != nil {
		before = text.Sprintf("%s (%s)", ci.Short(c.d.SHA), c.d.Ref)
		p.Inverse = &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": id(c.d.ID)}}
		p.UndoHint = text.Sprintf("U brings %s back in the same way", ci.Short(c.d.SHA))
	} else {
		p.UndoHint = text.Lit("cannot be undone by itself: deploy the newer commit again")
	}
	if n := r.newest(); n != r.current() && deploymentPhase(n.state()) == core.Pending {
		p.Warnings = append(p.Warnings, text.Sprintf("a deployment of %s is under way", ci.Short(n.d.SHA)))
	}
	p.Changes = []core.FieldChange{{Field: text.Lit("commit"), Before: before, After: text.Sprintf("%s (%s)", ci.Short(d.d.SHA), d.d.Ref)}}
	if _, rules := r.env.protection(); len(rules) > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("%s is protected: %s is asked for again", r.ref.Name, text.Join(text.Lit(", "), rules...)))
	}
	p.Warnings = append(p.Warnings, text.Lit("what the deployment did to data, a migration, is not taken back"))
	return p
}

// byRerun runs the deploying job again, or all of the run where it is not found.
func (r *rolling) byRerun(ctx context.Context, from core.Ref, d *deployed, w *workflowRun) (*core.Operation, error) {
	s, repo := r.s, r.ref.Namespace
	p := r.plan(from, d, w)
	path := in(repo, "actions", "runs", id(w.ID), "rerun")
	words := []string{"gh", "run", "rerun", id(w.ID), "-R", s.repoArg(repo)}
	job, err := r.deployingJob(ctx, d, w)
	if err != nil {
		return nil, err
	}
	if job != nil {
		path = in(repo, "actions", "jobs", id(job.ID), "rerun")
		words = []string{"gh", "run", "rerun", "--job", id(job.ID), "-R", s.repoArg(repo)}
		p.Impact = append(p.Impact, text.Sprintf("the job %s runs again, and the jobs that need it", job.Name))
	} else {
		p.Impact = append(p.Impact, text.Sprintf("all jobs of %s run again", w.name()))
	}
	p.Command = command(words...)
	lost := false
	return &core.Operation{
		Plan: p, VerifyLimit: verifyLimit,
		Execute: func(ctx context.Context, _ core.Output) error {
			if err := r.unmoved(ctx); err != nil {
				return err
			}
			if err := s.still(ctx, repo, w); err != nil {
				return err
			}
			return s.carry(ctx, repo, path, map[string]bool{"enable_debug_logging": false}, &lost)
		},
		Verify: func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
			defer s.changed(repo)
			out, err := s.follow(ctx, report, s.followRun(repo, w.ID, w.RunAttempt, lost))
			if out != core.OutcomeHealthy || err != nil {
				return out, err
			}
			return r.arrived(ctx, d.d.SHA, report)
		},
	}, nil
}

// byDispatch starts the workflow on the branch or tag of then, which must still
// have that commit.
func (r *rolling) byDispatch(ctx context.Context, from core.Ref, d *deployed, w *workflowRun) (*core.Operation, error) {
	s, repo := r.s, r.ref.Namespace
	sha, err := s.commit(ctx, repo, d.d.Ref)
	if err != nil {
		return nil, err
	}
	if sha != d.d.SHA {
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("%s has moved on from %s: a workflow cannot be started on a commit alone", d.d.Ref, ci.Short(d.d.SHA)),
			Hint: text.Sprintf("make a tag of it and start the workflow there: git tag rollback-%s %s && git push origin rollback-%s", ci.Short(d.d.SHA), d.d.SHA, ci.Short(d.d.SHA)),
		}
	}
	file, _, err := s.workflowOf(ctx, s.ref(kindWorkflow, repo, w.workflow(), id(w.WorkflowID)))
	if err != nil {
		return nil, err
	}
	op, err := s.planDispatch(ctx, repo, file, d.d.Ref, nil)
	if err != nil {
		return nil, err
	}
	p := r.plan(from, d, w)
	p.Impact = append(p.Impact, text.Sprintf("%s is started on %s, with the default inputs", stem(file.Path), d.d.Ref))
	p.Command = op.Plan.Command
	p.Also = append(p.Also, op.Plan.Also...)
	execute, verify := op.Execute, op.Verify
	op.Plan = p
	op.Execute = func(ctx context.Context, out core.Output) error {
		if err := r.unmoved(ctx); err != nil {
			return err
		}
		return execute(ctx, out)
	}
	op.Verify = func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		out, err := verify(ctx, report)
		if out != core.OutcomeHealthy || err != nil {
			return out, err
		}
		return r.arrived(ctx, d.d.SHA, report)
	}
	return op, nil
}

// deployingJob is the job that made a deployment, as the newest attempt of its
// run has it; nil: it is not told.
func (r *rolling) deployingJob(ctx context.Context, d *deployed, w *workflowRun) (*workflowJob, error) {
	if d.job == 0 {
		return nil, nil
	}
	made, err := get[workflowJob](ctx, r.s, in(r.ref.Namespace, "actions", "jobs", id(d.job)), nil)
	if rest.StatusOf(err) == 404 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := r.s.jobsOf(ctx, r.ref.Namespace, w.ID, 0)
	if err != nil {
		return nil, err
	}
	var found *workflowJob
	for i := range list {
		if list[i].Name == made.Name {
			if found != nil {
				return nil, nil // two of that name
			}
			found = &list[i]
		}
	}
	return found, nil
}

// unmoved is why the environment is not as it was planned for.
func (r *rolling) unmoved(ctx context.Context) error {
	now, err := fresh[[]deployment](ctx, r.s, in(r.ref.Namespace, "deployments"), map[string][]string{"environment": {r.ref.Name}, "per_page": {"1"}})
	if err != nil {
		return err
	}
	if len(now) == 0 || now[0].ID != r.newest().d.ID {
		what := text.Sprintf("%s was deployed to meanwhile", r.ref.Name)
		if len(now) > 0 {
			what = text.Sprintf("%s was deployed to meanwhile: %s by %s", r.ref.Name, ci.Short(now[0].SHA), now[0].Creator.name())
		}
		return &core.Problem{Kind: core.Conflict, Summary: what, Hint: text.Lit("plan again")}
	}
	return nil
}

// arrived reads back that the environment has the commit.
func (r *rolling) arrived(ctx context.Context, sha string, report func(core.Progress)) (core.Outcome, error) {
	began := time.Now()
	return r.s.follow(ctx, report, func(ctx context.Context) (followed, error) {
		now, err := fresh[[]deployment](ctx, r.s, in(r.ref.Namespace, "deployments"), map[string][]string{"environment": {r.ref.Name}, "per_page": {"1"}})
		if err != nil {
			return followed{}, err
		}
		if len(now) > 0 && now[0].SHA == sha && now[0].ID != r.newest().d.ID {
			st, err := r.s.lastStatus(ctx, r.ref.Namespace, now[0].ID)
			if err != nil {
				return followed{}, err
			}
			switch deploymentPhase(st.State) {
			case core.Running, core.Succeeded:
				return followed{outcome: core.OutcomeHealthy, settled: true, text: text.Sprintf("%s has %s", r.ref.Name, ci.Short(sha))}, nil
			case core.Failed:
				return followed{outcome: core.OutcomeFailed, settled: true, err: &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("the deployment to %s failed: %s", r.ref.Name, st.State)}}, nil
			}
		}
		if time.Since(began) > arriveWithin {
			return followed{outcome: core.OutcomeFailed, settled: true, err: &core.Problem{
				Kind: core.Invalid, Summary: text.Sprintf("the run went well, but %s shows no new deployment of %s", r.ref.Name, ci.Short(sha)),
			}}, nil
		}
		return followed{text: text.Sprintf("waiting for the deployment to %s", r.ref.Name)}, nil
	})
}

// rollbackForm lists the deployments that can be gone back to.
func (s *Source) rollbackForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	r, err := s.rolling(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "to", Title: text.Lit("deployment"), Type: core.FieldChoice, Help: text.Lit("empty: the last good one of another commit"),
		Columns: []text.Safe{text.Lit("COMMIT"), text.Lit("REF"), text.Lit("AUTHOR"), text.Lit("AGE"), text.Lit("RUN")},
	}
	known := byID(s.rows.runs(r.ref.Namespace))
	current := r.current()
	for i := range r.list {
		d := &r.list[i]
		if !d.succeeded() {
			continue
		}
		c := core.Choice{Value: id(d.d.ID), Current: d == current, Cells: []text.Safe{
			text.Clean(ci.Short(d.d.SHA)), text.Clean(d.d.Ref), text.Clean(d.d.Creator.name()), text.Age(time.Since(d.d.CreatedAt)), runWords(d, known),
		}}
		switch {
		case !r.candidate(d):
			c.Disabled = text.Lit("it is what runs there")
		case d.run == 0:
			c.Disabled = text.Lit("it was not made by a run")
		case time.Since(d.d.CreatedAt) > rerunWithin:
			c.Cells[4] = text.Sprintf("%s (older than 30 days: by dispatch only)", c.Cells[4])
		}
		f.Choices = append(f.Choices, c)
	}
	note := text.Safe{}
	if _, rules := r.env.protection(); len(rules) > 0 {
		note = text.Sprintf("%s is protected: %s", r.ref.Name, text.Join(text.Lit(", "), rules...))
	}
	return core.Form{Note: note, Fields: []core.Field{f, {
		Name: "via", Title: text.Lit("by"), Type: core.FieldChoice, Value: viaRerun, Choices: []core.Choice{
			{Value: viaRerun, Cells: []text.Safe{text.Lit("its run, once more")}},
			{Value: viaDispatch, Cells: []text.Safe{text.Lit("a new run of its workflow, on its branch or tag")}},
		},
	}}}, nil
}

func runWords(d *deployed, known map[int64]ci.Run) text.Safe {
	if r, ok := known[d.run]; ok {
		return text.Sprintf("%s #%s %s", r.Workflow, r.Number, r.Title)
	}
	if d.run == 0 {
		return text.Safe{}
	}
	return text.Clean(strconv.FormatInt(d.run, 10))
}
