package gitlab

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// Form implements sources.Former.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	switch verb + " " + ref.Kind {
	case "deploy workflow", "deploy run":
		return s.pipelineForm(ctx, ref)
	case "deploy job":
		return s.jobForm(ctx, ref)
	case "rerun run":
		return s.rerunForm(ctx, ref)
	case "approve run", "approve job", "approve environment", "reject run", "reject job", "reject environment":
		return s.gateForm(ctx, verb, ref)
	case "rollback environment":
		return s.rollbackForm(ctx, ref)
	}
	return core.Form{}, nil
}

// pipelineForm offers branches, and the variables that are known: those of the
// definition, of the schedules, and of the pipeline before.
func (s *Source) pipelineForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	info, err := s.project(ctx, s.ref(ci.KindRun, ref.Namespace, "", ""))
	if err != nil {
		return core.Form{}, err
	}
	at := info.DefaultBranch
	before := map[string]string{}
	s.mu.Lock()
	for k, v := range s.last[ref.Namespace] {
		before[k] = v
	}
	s.mu.Unlock()
	var notes []text.Safe
	if ref.Kind == ci.KindWorkflow && len(before) == 0 {
		if id := s.lastByHand(ctx, ref.Namespace); id != 0 {
			before, _ = s.givenTo(ctx, ref.Namespace, id)
		}
	}
	if ref.Kind == ci.KindRun {
		id, err := runID(ref)
		if err != nil {
			return core.Form{}, err
		}
		old, err := s.fresh(ctx, ref.Namespace, id)
		if err != nil {
			return core.Form{}, err
		}
		if !strings.HasPrefix(old.Ref, "refs/") {
			at = old.Ref
		}
		vars, problem := s.givenTo(ctx, ref.Namespace, id)
		notes = append(notes, problem...)
		for k, v := range vars {
			before[k] = v
		}
	}
	refs, err := s.refs(ctx, ref.Namespace)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Form{Fields: []core.Field{{
		Name: "ref", Title: text.Lit("branch or tag"), Type: core.FieldChoice, Value: at, Required: true, Open: true, Choices: refs,
		Columns: []text.Safe{text.Lit("NAME"), text.Lit("KIND"), text.Lit("COMMIT"), text.Lit("TITLE")},
	}}}
	vars, problem := s.declared(ctx, ref.Namespace, at, orElse(info.ConfigPath, definition))
	if !problem.Empty() {
		notes = append(notes, problem)
	}
	add := func(name, value, from string) {
		i := slices.IndexFunc(vars, func(v variable) bool { return v.name == name })
		if i < 0 {
			if len(vars) >= mostVariables || !shellName.MatchString(name) {
				return
			}
			vars = append(vars, variable{name: name, from: from})
			i = len(vars) - 1
		}
		if vars[i].from == from || from == lastTime {
			vars[i].value = value
		}
	}
	for _, sch := range s.schedules(ctx, ref.Namespace) {
		for _, v := range sch.Variables {
			add(v.Key, v.Value, "schedule "+sch.Description)
		}
	}
	for _, k := range sorted(before) {
		add(k, before[k], lastTime)
	}
	for _, v := range vars {
		f.Fields = append(f.Fields, v.field())
	}
	f.Note = text.Join(text.Lit("; "), notes...)
	return f, nil
}

// lastByHand is the last pipeline that this user has started by hand; 0: none is
// known.
func (s *Source) lastByHand(ctx context.Context, path string) int {
	me := s.user().Username
	if me == "" {
		return 0
	}
	newest := 0
	for _, source := range []string{"api", "web"} {
		var list []apiPipeline
		q := url.Values{"source": {source}, "username": {me}, "order_by": {"id"}, "sort": {"desc"}, "per_page": {"1"}}
		if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines"), Query: q, Urgent: true}, &list); err == nil && len(list) > 0 {
			newest = max(newest, list[0].ID)
		}
	}
	return newest
}

// lastTime is where a value comes from that a pipeline before was given.
const lastTime = "last time"

// mostSchedules are asked for their variables.
const mostSchedules = 5

// schedules are the project's active schedules with their variables, as far as
// the user may see them.
// API: docs.gitlab.com/api/pipeline_schedules
func (s *Source) schedules(ctx context.Context, path string) []apiSchedule {
	var list []apiSchedule
	if _, err := s.get(ctx, rest.Request{Path: project(path, "pipeline_schedules"), Query: url.Values{"per_page": {strconv.Itoa(mostSchedules)}}, Urgent: true}, &list); err != nil {
		return nil
	}
	var out []apiSchedule
	for _, x := range list {
		var full apiSchedule
		if _, err := s.get(ctx, rest.Request{Path: project(path, "pipeline_schedules", strconv.Itoa(x.ID)), Urgent: true}, &full); err == nil {
			out = append(out, full)
		}
	}
	return out
}

// field is a variable as a form asks for it. The value of a likely secret is not
// offered.
func (v *variable) field() core.Field {
	f := core.Field{Name: "input." + v.name, Title: text.Clean(v.name), Help: text.CleanLong(v.description), Type: core.FieldText, Value: v.value}
	if f.Help.Empty() {
		f.Help = text.Sprintf("from %s", v.from)
	}
	if isSecret(v.name) {
		f.Value = ""
	}
	if len(v.options) > 0 {
		f.Type = core.FieldChoice
		for _, o := range v.options {
			f.Choices = append(f.Choices, core.Choice{Value: o, Cells: []text.Safe{text.Clean(o)}})
		}
	}
	return f
}

// jobForm offers the variables that a manual job may be given.
func (s *Source) jobForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	j, _, _, err := s.job(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	vars, problem := s.declared(ctx, ref.Namespace, orElse(j.Pipeline.SHA, j.Ref), definition)
	f := core.Form{Note: text.Lit("what is left empty is as the pipeline has it")}
	if !problem.Empty() {
		f.Note = problem
	}
	for _, v := range vars {
		v.value = ""
		field := v.field()
		field.Choices = append([]core.Choice{{Value: "", Cells: []text.Safe{text.Lit("(as it is)")}}}, field.Choices...)
		if field.Type != core.FieldChoice {
			field.Choices = nil
		}
		f.Fields = append(f.Fields, field)
	}
	if len(f.Fields) == 0 {
		return core.Form{}, nil
	}
	return f, nil
}

func (s *Source) rerunForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	_, x, _, err := s.run(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	return core.Form{Fields: []core.Field{{
		Name: "failed-only", Title: text.Lit("only what failed"), Type: core.FieldBool, Value: strconv.FormatBool(x.d.retryable > 0),
		Help: text.Lit("yes: the failed jobs of this pipeline; no: a new pipeline for all"),
	}}}, nil
}

func (s *Source) gateForm(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	all, _, err := s.gates(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	if verb == core.VerbReject {
		all = slices.DeleteFunc(all, func(g gate) bool { return g.deployment == nil })
	}
	var f core.Form
	if len(all) > 1 {
		field := core.Field{Name: "gate", Title: text.Lit("what waits"), Type: core.FieldChoice, Required: true, Columns: []text.Safe{text.Lit("NAME"), text.Lit("WAITS FOR"), text.Lit("COMMIT")}}
		for i := range all {
			g := &all[i]
			value, commit := g.name(), g.job.Pipeline.SHA
			if g.deployment != nil {
				commit = g.deployment.SHA
			}
			field.Choices = append(field.Choices, core.Choice{Value: value, Cells: []text.Safe{text.Clean(g.name()), g.words(), text.Clean(ci.Short(commit))}})
			if field.Value == "" && g.must {
				field.Value = value
			}
		}
		f.Fields = append(f.Fields, field)
	}
	if slices.ContainsFunc(all, func(g gate) bool { return g.deployment != nil }) {
		f.Fields = append(f.Fields, core.Field{Name: "comment", Title: text.Lit("comment"), Help: text.Lit("GitLab keeps it with the approval"), Type: core.FieldText})
	}
	return f, nil
}

func (s *Source) rollbackForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	list, err := s.candidates(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	target, err := earlier(list, "", ref.Name)
	value := ""
	if err == nil {
		value = strconv.Itoa(target.IID)
	} else if len(list) < 2 {
		return core.Form{}, err
	}
	p := core.Plan{Target: ref}
	s.reaches(ctx, &p, ref.Namespace, []string{ref.Name})
	return core.Form{
		Note: text.Join(text.Lit("; "), p.Warnings...),
		Fields: []core.Field{{
			Name: "to", Title: text.Lit("back to"), Type: core.FieldChoice, Value: value, Required: true, Choices: rollbackChoices(list),
			Columns: []text.Safe{text.Lit("DEPLOYMENT"), text.Lit("COMMIT"), text.Lit("REF"), text.Lit("TITLE"), text.Lit("BY"), text.Lit("AT")},
		}},
	}, nil
}
