package demo

import (
	"fmt"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// planDispatch plans a run of a workflow.
func (s *Source) planDispatch(x *workflow, what core.Deploy) (*core.Operation, error) {
	branch := what.Ref
	if branch == "" {
		branch = "main"
	}
	if !slices.Contains(x.branches(), branch) {
		p := problemf(core.Invalid, "%s has no branch %q", x.service.repo, branch)
		p.Hint = text.Clean(fmt.Sprintf("it has %v", x.branches()))
		return nil, p
	}
	for name := range what.Inputs {
		if !slices.Contains([]string{"version", "reason", "dry_run", "wait"}, name) {
			return nil, problemf(core.Invalid, "workflow %s has no input %q", x.flow.name, name)
		}
	}
	if x.flow == ciFlow && len(what.Inputs) > 0 && what.Inputs["version"] != "" {
		return nil, problemf(core.Invalid, "workflow ci builds what is on its branch: it has no input \"version\"")
	}
	dry := what.Inputs["dry_run"] == "true"
	b, title := s.w.head(x.service, branch), text.Sprintf("on %s", branch)
	if x.flow == deployFlow {
		if b = s.w.version(x.service, what.Inputs["version"]); b == nil {
			return nil, problemf(core.Invalid, "no build of %s has version %q", x.service.name, what.Inputs["version"])
		}
		title = text.Sprintf("of %s", b.commit.short())
	}
	number := s.w.runSeq[x.service.name+"/"+x.flow.name] + 1
	plan := core.Plan{
		Verb: core.VerbDeploy, Target: x.ref(), Rev: x.rev(), Danger: 1,
		Title:    text.Sprintf("Run workflow %s of %s %s", x.flow.name, x.service.repo, title),
		Impact:   []text.Safe{text.Sprintf("run %d: %d jobs, in %s", number, len(x.flow.jobs(x.place)), strings.Join(x.flow.stages, ", "))},
		Preview:  text.Lit("a pipeline cannot be tried: this is what it is asked to do"),
		Command:  text.Sprintf("gh workflow run %s --repo %s --ref %s%s", x.flow.name+".yaml", x.service.home(), branch, flags(what.Inputs)),
		UndoHint: text.Lit("cannot be undone: cancel it while it goes on, roll the environment back afterwards"),
	}
	if d := x.place.deployment(x.service.name); d != nil && !dry {
		plan.Changes = append(plan.Changes, change("image of "+x.service.name+" in "+x.place.scope, d.current.build.image, b.image))
	}
	switch {
	case dry:
		plan.Impact = append(plan.Impact, text.Lit("a dry run: nothing is deployed"))
	case x.flow == deployFlow && x.place.scope == Prod:
		plan.Warnings = append(plan.Warnings, text.Lit("prod is protected: the run waits until somebody approves"))
	}
	if b.defect == absent {
		plan.Warnings = append(plan.Warnings, text.Lit("no pipeline made this image: it cannot be pulled"))
	}
	var r *run
	return s.operation(plan,
		func() (core.Ref, string) { return x.ref(), x.rev() },
		func() {
			r = s.w.dispatch(x.place, x.flow, b, you)
			r.dry = dry
		},
		func() verdict { return r.verdict(1) }), nil
}

// flags are the inputs of a command line.
func flags(inputs map[string]string) string {
	out := ""
	for _, name := range sortedKeys(inputs) {
		out += " -f " + name + "=" + quoted(inputs[name])
	}
	return out
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// verdict judges an attempt of a run.
func (r *run) verdict(attempt int) verdict {
	v := verdict{total: len(r.jobs)}
	for _, j := range r.jobs {
		if j.status.over() {
			v.done++
		}
	}
	v.text = fmt.Sprintf("run %s/%d: %s, %d of %d jobs ended", r.flow.name, r.number, r.status, v.done, v.total)
	if j := r.gate(); j != nil {
		v.text = fmt.Sprintf("run %s/%d waits for %s", r.flow.name, r.number, j.waits())
	}
	switch {
	case r.attempt != attempt:
		v.superseded = true
	case r.status == passed:
		v.done, v.settled = v.total, true
	case r.status == failed || r.status == cancelled:
		v.broken = fmt.Sprintf("run %s/%d ended: %s", r.flow.name, r.number, r.status)
	default:
		v.done = min(v.done, v.total-1)
	}
	return v
}

// branches are those that a workflow can be run on.
func (x *workflow) branches() []string {
	out := []string{"main"}
	for _, o := range x.place.runsOf(x.service, ciFlow) {
		if b := o.build.commit.branch; !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// head is what is on a branch: a commit that nobody has built yet, as it follows
// from how many were.
func (w *world) head(s *service, branch string) *build {
	n := w.runSeq[s.name+"/"+ciFlow.name] + 1
	name := fmt.Sprintf("%s %s %d", s.name, branch, n)
	c := commit{sha: w.fixed(name, 40), message: harmless[s.name][n%len(harmless[s.name])], author: people[n%len(people)], branch: branch}
	return s.built(c, "sha256:"+w.fixed(name+" digest", 64), sound, n)
}

// version is the build of a short commit, nil if nobody made it; "" is the newest.
func (w *world) version(s *service, version string) *build {
	for _, b := range w.builds(s) {
		if version == "" || b.commit.short() == version {
			return b
		}
	}
	return nil
}

// form is what a run of the workflow asks for.
func (x *workflow) form() core.Form {
	branch := core.Field{Name: "ref", Title: text.Lit("Branch"), Type: core.FieldChoice, Value: "main", Choices: choices("main", x.branches()...), Required: true}
	dry := core.Field{Name: "input.dry_run", Title: text.Lit("dry_run"), Help: text.Lit("go through all of it and deploy nothing"), Type: core.FieldBool, Value: "false"}
	if x.flow == ciFlow {
		return core.Form{Note: text.Sprintf("workflow %s of %s", x.flow.name, x.service.repo), Fields: []core.Field{branch, dry}}
	}
	version := core.Field{
		Name: "input.version", Title: text.Lit("version"), Help: text.Lit("the commit whose image is deployed"), Type: core.FieldChoice, Required: true,
		Columns: []text.Safe{text.Lit("VERSION"), text.Lit("BUILD"), text.Lit("CHANGE"), text.Lit("SEEN")},
	}
	d := x.place.deployment(x.service.name)
	for _, b := range x.place.w.builds(x.service) {
		c := core.Choice{Value: b.commit.short(), Cells: []text.Safe{text.Clean(b.commit.short()), text.Sprintf("#%d", b.number), text.Clean(cause(b))}}
		if d != nil {
			c.Cells, c.Current = append(c.Cells, text.Clean(x.place.w.seen(d, b))), b == d.current.build
		}
		if version.Value == "" && !c.Current {
			version.Value = c.Value
		}
		version.Choices = append(version.Choices, c)
	}
	return core.Form{
		Note: text.Sprintf("workflow %s of %s", x.flow.name, x.service.repo),
		Fields: []core.Field{
			branch, version,
			{Name: "input.reason", Title: text.Lit("reason"), Help: text.Lit("kept with the run"), Type: core.FieldText},
			{Name: "input.wait", Title: text.Lit("wait"), Help: text.Lit("minutes that the rollout may take"), Type: core.FieldNumber, Value: "1", Min: 1, Max: 60},
			dry,
		},
	}
}
