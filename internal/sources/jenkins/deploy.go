package jenkins

import (
	"context"
	"strconv"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// noUndo is why a build cannot be taken back.
var noUndo = text.Lit("cannot be undone: what the build does is done; cancel on the new run stops it")

// newDispatch reads a job as it is now.
func (s *Source) newDispatch(ctx context.Context, ref core.Ref, t target) (*dispatch, *apiItem, error) {
	it, err := s.readDefinition(ctx, ref, t.full)
	if err != nil {
		return nil, nil, err
	}
	if it.Buildable != nil && !*it.Buildable {
		return nil, nil, unsupported(text.Sprintf("%s is disabled: Jenkins does not build it", t.full), text.Lit("enable it in Jenkins first"))
	}
	j, err := s.jobFor(ctx, t.full)
	if err != nil {
		return nil, nil, missing(ref, err)
	}
	return &dispatch{s: s, job: j, defs: it.parameters()}, it, nil
}

// PlanDeploy implements sources.Deployer: a build with parameters.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok || ref.Kind != ci.KindWorkflow {
		return nil, notFound(ref)
	}
	for name, v := range map[string]string{"image": what.Image, "file": what.File, "revision": what.Revision, "ref": what.Ref} {
		if v != "" {
			return nil, unsupported(text.Sprintf("a Jenkins job takes no %s: it says itself what it checks out", name), text.Lit("give the job's own parameters: --set input.NAME=…"))
		}
	}
	d, it, err := s.newDispatch(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	if d.values, err = given(t.full, d.defs, what.Inputs); err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: core.VerbDeploy, Target: s.ref(ci.KindWorkflow, ref.Namespace, ref.Name, t.full),
		Title:   text.Sprintf("Build %s", t.full),
		Changes: d.changes(it.lastUsed()), Warnings: d.warnings(ctx), UndoHint: noUndo, Command: s.curl(d.path(), nil, d.shown()),
		Impact: []text.Safe{text.Sprintf("build #%d, or the next free number", it.Next)},
	}
	if it.Last != nil && it.Last.Building {
		p.Warnings = append(p.Warnings, text.Sprintf("#%d of it is running now", it.Last.Number))
	}
	return d.operation(p), nil
}

// rerunForm asks how a build is done once more.
func (s *Source) rerunForm(ctx context.Context, t target) (core.Form, error) {
	j, err := s.jobFor(ctx, t.full)
	if err != nil || !j.isPipeline() {
		return core.Form{}, err
	}
	return core.Form{Fields: []core.Field{{
		Name: "replay", Title: text.Lit("replay"), Type: core.FieldBool, Value: "false",
		Help: text.Lit("with the Pipeline script that it ran then, and the same commit in multibranch projects; else with the job's of now"),
	}}}, nil
}

// PlanRerun implements sources.Rerunner: a build with the parameters of another,
// or its replay.
func (s *Source) PlanRerun(ctx context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok || !isRun(ref) {
		return nil, notFound(ref)
	}
	if how.FailedOnly {
		return nil, unsupported(text.Lit("Jenkins runs all of a build again, not only what failed"), text.Lit("leave failed-only out"))
	}
	replay := how.Options["replay"] == "true"
	r, j, err := s.readRun(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	if replay && !j.isPipeline() {
		return nil, unsupported(text.Sprintf("%s is no Pipeline: only those can be replayed", t.full), text.Lit("rerun it without replay"))
	}
	d, it, err := s.newDispatch(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	_, b, err := s.readBuild(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	had := valuesOf(b.Actions)
	var lost []text.Safe
	d.values, lost = again(d.defs, had)
	d.usual = r.Usual
	p := core.Plan{
		Verb: core.VerbRerun, Target: r.Ref, Title: text.Sprintf("Build %s again with the parameters of #%d", t.full, t.number),
		Changes: d.changes(nil), UndoHint: noUndo,
		Impact: []text.Safe{text.Sprintf("build #%d, or the next free number, with the job's definition and what its branch has now", it.Next)},
	}
	if replay {
		d.replay = t.number
		p.Title = text.Sprintf("Replay %s #%d", t.full, t.number)
		p.Impact = []text.Safe{text.Sprintf("build #%d, or the next free number, with the Pipeline script of #%d", it.Next, t.number)}
		if j.project == "" {
			p.Warnings = append(p.Warnings, text.Lit("what it checks out is up to the script: a branch may have moved since"))
		}
		d.values = map[string]string{}
		for name, v := range had { // what the new build will have
			d.values[name] = v
		}
	}
	p.Warnings = append(append(p.Warnings, lost...), d.warnings(ctx)...)
	if r.Phase == core.Pending {
		p.Warnings = append(p.Warnings, text.Sprintf("#%d is still running", t.number))
	}
	p.Command = s.curl(d.path(), nil, d.shown())
	return d.operation(p), nil
}

// valuesOf are the parameters of a build that can be read.
func valuesOf(actions []apiAction) map[string]string {
	out := map[string]string{}
	for _, v := range parameters(actions) {
		if x, ok := v.text(); ok && !v.isPassword() {
			out[v.Name] = x
		}
	}
	return out
}

// again are the parameters of an earlier build as the job takes them now.
func again(defs []apiParameter, had map[string]string) (values map[string]string, lost []text.Safe) {
	values = map[string]string{}
	known := map[string]bool{}
	for i := range defs {
		d := &defs[i]
		known[d.Name] = true
		if d.isPassword() || d.isFile() {
			continue
		}
		v, ok := had[d.Name]
		if !ok {
			if v, ok = d.value(); ok {
				lost = append(lost, text.Sprintf("%s did not exist then: its default is used", d.Name))
			}
		}
		if ok {
			values[d.Name] = v
		}
	}
	for name := range had {
		if !known[name] {
			lost = append(lost, text.Sprintf("%s is not a parameter of the job any more: it is left out", name))
		}
	}
	return values, lost
}

// number reads a build's number as a user gives it: 42, #42.
func number(s string) int {
	if len(s) > 0 && s[0] == '#' {
		s = s[1:]
	}
	n, _ := strconv.Atoi(s)
	return n
}
