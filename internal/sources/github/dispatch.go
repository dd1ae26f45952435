package github

import (
	"context"
	"errors"
	"maps"
	"net/http"
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

// dispatch is one start of a workflow by hand.
type dispatch struct {
	s      *Source
	repo   string
	w      workflowFile
	branch string
	sha    string            // that branch had when it was planned
	inputs map[string]string // that are sent
	me     string

	before map[int64]bool // runs that were there before the request
	run    int64          // that it started; 0: not told
	lost   bool           // the answer was lost
}

// PlanDeploy implements sources.Deployer: a workflow is started by hand.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	if what.Image != "" || what.File != "" || what.Revision != "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("a workflow takes a branch or tag and its inputs"), Hint: text.Lit("--set ref=main --set input.NAME=…")}
	}
	w, branch, err := s.dispatched(ctx, ref)
	if err != nil {
		return nil, err
	}
	if what.Ref != "" {
		branch = what.Ref
	}
	return s.planDispatch(ctx, ref.Namespace, w, branch, what.Inputs)
}

// dispatched is the workflow that D starts for a workflow or a run, and the
// branch or tag that it starts on unless told otherwise.
func (s *Source) dispatched(ctx context.Context, ref core.Ref) (w workflowFile, branch string, err error) {
	switch ref.Kind {
	case kindWorkflow:
		return s.workflowOf(ctx, ref)
	case kindRun:
		run, err := s.runOf(ctx, ref)
		if err != nil {
			return w, "", err
		}
		w, branch, err = s.workflowOf(ctx, s.ref(kindWorkflow, ref.Namespace, run.workflow(), id(run.WorkflowID)))
		if run.HeadBranch != "" && err == nil {
			branch = run.HeadBranch
		}
		return w, branch, err
	}
	return w, "", unsupported(ref.Kind, "start by hand")
}

// inputsOf reads what a workflow asks on a branch or tag.
func (s *Source) inputsOf(ctx context.Context, repo string, w *workflowFile, ref string) ([]ci.Input, []byte, error) {
	file, err := s.file(ctx, repo, w.Path, ref)
	if rest.StatusOf(err) == http.StatusNotFound {
		return nil, nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no %s", ref, w.Path), Hint: text.Lit("choose a branch or tag that has it")}
	}
	if err != nil {
		return nil, nil, err
	}
	inputs, err := ci.ParseWorkflowInputs(file)
	if errors.Is(err, ci.ErrNoDispatch) {
		return nil, nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("%s cannot be started by hand on %s", stem(w.Path), ref),
			Hint: text.Lit("add workflow_dispatch to its triggers"), Cause: err,
		}
	}
	if err != nil {
		return nil, nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s on %s: %s", w.Path, ref, err.Error()), Cause: err}
	}
	return inputs, file, nil
}

// checked are the inputs to send: those that were given, checked against what the
// workflow declares.
func checked(declared []ci.Input, given map[string]string) (map[string]string, error) {
	invalid := func(what, hint text.Safe) error {
		return &core.Problem{Kind: core.Invalid, Summary: what, Hint: hint}
	}
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(declared, func(in ci.Input) bool { return in.Name == name })
		if i < 0 {
			var names []string
			for _, in := range declared {
				names = append(names, in.Name)
			}
			return nil, invalid(text.Sprintf("the workflow has no input %s", name), text.Sprintf("it has: %s", strings.Join(names, ", ")))
		}
		in, v := declared[i], given[name]
		switch in.Type {
		case "boolean":
			b, err := strconv.ParseBool(v)
			if v != "" && err != nil {
				return nil, invalid(text.Sprintf("%s is true or false", name), text.Safe{})
			}
			v = strconv.FormatBool(b)
		case "number":
			if _, err := strconv.ParseFloat(v, 64); v != "" && err != nil {
				return nil, invalid(text.Sprintf("%s is a number", name), text.Safe{})
			}
		case "choice":
			if v != "" && !slices.Contains(in.Options, v) {
				return nil, invalid(text.Sprintf("%s cannot be %s", name, v), text.Sprintf("it is one of: %s", strings.Join(in.Options, ", ")))
			}
		}
		if v != "" || in.Default != "" {
			out[name] = v
		}
	}
	for _, in := range declared {
		if in.Required && out[in.Name] == "" && in.Default == "" && in.Type != "boolean" && !(in.Type == "choice" && len(in.Options) > 0) {
			return nil, invalid(text.Sprintf("the input %s is missing", in.Name), text.Sprintf("--set input.%s=…", in.Name))
		}
	}
	if len(out) > 25 {
		return nil, invalid(text.Lit("GitHub takes at most 25 inputs"), text.Safe{})
	}
	return out, nil
}

func (s *Source) planDispatch(ctx context.Context, repo string, w workflowFile, branch string, given map[string]string) (*core.Operation, error) {
	if w.State != "active" {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is %s", stem(w.Path), w.State), Hint: command("gh", "workflow", "enable", id(w.ID), "-R", s.repoArg(repo))}
	}
	sha, err := s.commit(ctx, repo, branch)
	if err != nil {
		return nil, err
	}
	declared, file, err := s.inputsOf(ctx, repo, &w, branch)
	if err != nil {
		return nil, err
	}
	inputs, err := checked(declared, given)
	if err != nil {
		return nil, err
	}
	me, err := s.whoAmI(ctx)
	if err != nil {
		return nil, err
	}
	d := &dispatch{s: s, repo: repo, w: w, branch: branch, sha: sha, inputs: inputs, me: me}
	p := core.Plan{
		Verb: core.VerbDeploy, Target: s.ref(kindWorkflow, repo, stem(w.Path), id(w.ID)), Rev: sha, Danger: 1, Preview: noPreview,
		Title:    text.Sprintf("Start %s of %s on %s", stem(w.Path), repo, branch),
		Changes:  []core.FieldChange{{Field: text.Lit("commit"), After: text.Sprintf("%s (%s)", ci.Short(sha), branch)}},
		UndoHint: text.Lit("C cancels the run; what it has done by then stays"),
	}
	words := []string{"gh", "workflow", "run", w.Path[strings.LastIndexByte(w.Path, '/')+1:], "-R", s.repoArg(repo), "--ref", branch}
	var names []string
	for _, in := range declared {
		v, ok := inputs[in.Name]
		c := core.FieldChange{Field: text.Clean(in.Name), After: text.Clean(v)}
		if ok {
			words = append(words, "-f", in.Name+"="+v)
		} else {
			v = in.Default
			c.After = text.Sprintf("%s (default)", v)
		}
		if v != "" {
			p.Changes = append(p.Changes, c)
		}
		if in.Type == "environment" && v != "" {
			names = append(names, v)
		}
	}
	p.Command = command(words...)
	for _, n := range jobEnvironments(file, inputs, declared) {
		if !slices.ContainsFunc(names, func(x string) bool { return strings.EqualFold(x, n) }) {
			names = append(names, n)
		}
	}
	p.Impact = append(p.Impact, text.Sprintf("a new run of %s", w.Name))
	s.reaches(ctx, repo, names, &p)
	return &core.Operation{Plan: p, VerifyLimit: verifyLimit, Execute: d.execute, Verify: d.verify}, nil
}

// commit is the commit that a branch or tag has now.
func (s *Source) commit(ctx context.Context, repo, ref string) (string, error) {
	if ref == "" {
		return "", &core.Problem{Kind: core.Invalid, Summary: text.Lit("the branch is missing"), Hint: text.Lit("--set ref=main")}
	}
	k, err := fresh[repoCommit](ctx, s, in(repo, "commits", ref), nil)
	if code := rest.StatusOf(err); code == http.StatusNotFound || code == http.StatusUnprocessableEntity {
		return "", &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no branch or tag %s", repo, ref), Hint: command("gh", "api", s.apiPath(repo, "branches")), Cause: err}
	}
	return k.SHA, err
}

// execute sends the one request. What is there already is noted before, so that
// the run can be told from others where the server does not name it.
func (d *dispatch) execute(ctx context.Context, _ core.Output) error {
	s := d.s
	sha, err := s.commit(ctx, d.repo, d.branch)
	if err != nil {
		return err
	}
	if sha != d.sha {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s has moved from %s to %s", d.branch, ci.Short(d.sha), ci.Short(sha)), Hint: text.Lit("plan again")}
	}
	if d.before, err = d.candidates(ctx); err != nil {
		return err
	}
	body := map[string]any{"ref": d.branch}
	if len(d.inputs) > 0 {
		body["inputs"] = d.inputs
	}
	path := in(d.repo, "actions", "workflows", id(d.w.ID), "dispatches")
	var out struct {
		RunID int64 `json:"workflow_run_id"`
	}
	detailed := !s.noDetails.Load()
	if detailed {
		body["return_run_details"] = true
	}
	_, err = s.send(ctx, path, body, &out)
	if detailed && !isCloud(s.host.name) && rest.StatusOf(err) == http.StatusUnprocessableEntity && strings.Contains(err.Error(), "return_run_details") {
		// An older server knows the field not and has done nothing.
		s.noDetails.Store(true)
		delete(body, "return_run_details")
		_, err = s.send(ctx, path, body, &out)
	}
	d.run, d.lost = out.RunID, errors.Is(err, core.ErrOutcomeUnknown)
	if err == nil || d.lost {
		s.last.put(d.repo+"/"+id(d.w.ID), maps.Clone(d.inputs))
		s.changed(d.repo)
	}
	return err
}

// candidates are the runs that the request could have started.
func (d *dispatch) candidates(ctx context.Context) (map[int64]bool, error) {
	q := url.Values{"event": {"workflow_dispatch"}, "head_sha": {d.sha}}
	if d.me != "" {
		q.Set("actor", d.me)
	}
	out := map[int64]bool{}
	err := d.s.runPages(ctx, in(d.repo, "actions", "workflows", id(d.w.ID), "runs"), q, 3, func(r *workflowRun) bool {
		out[r.ID] = true
		return true
	})
	return out, err
}

// verify follows the run that was started. Where the server did not name it, it
// is the only one that is new; of two, nobody can tell which.
func (d *dispatch) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	s := d.s
	defer s.changed(d.repo)
	began := time.Now()
	var look func(context.Context) (followed, error)
	return s.follow(ctx, report, func(ctx context.Context) (followed, error) {
		if d.run == 0 {
			now, err := d.candidates(ctx)
			if err != nil {
				return followed{}, err
			}
			var fresh []int64
			for n := range now {
				if !d.before[n] {
					fresh = append(fresh, n)
				}
			}
			switch {
			case len(fresh) > 1:
				return followed{outcome: core.OutcomeUnknown, settled: true, err: &core.Problem{
					Kind: core.Unsupported, Summary: text.Sprintf("started, but %d runs of %s are new: which of them it is cannot be told", len(fresh), stem(d.w.Path)),
					Hint: text.Lit("look at the list of runs"),
				}}, nil
			case len(fresh) == 1 && time.Since(began) > 2*lookEvery: // a second one may come a moment later
				d.run = fresh[0]
			case d.lost && time.Since(began) > arriveWithin:
				return followed{outcome: core.OutcomeRefused, settled: true, err: &core.Problem{
					Kind: core.Conflict, Summary: text.Lit("the request did not arrive: no new run is there"),
				}}, nil
			default:
				return followed{text: text.Lit("waiting for the run to show")}, nil
			}
			s.changed(d.repo)
		}
		if look == nil {
			look = s.followRun(d.repo, d.run, 0, d.lost)
		}
		f, err := look(ctx)
		if rest.StatusOf(err) == http.StatusNotFound && time.Since(began) < arriveWithin {
			return followed{text: text.Lit("waiting for the run to show")}, nil // it is named before it can be read
		}
		return f, err
	})
}
