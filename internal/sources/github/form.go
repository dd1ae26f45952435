package github

import (
	"context"
	"net/url"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Form implements sources.Former.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	switch verb {
	case core.VerbDeploy:
		return s.deployForm(ctx, ref)
	case core.VerbRollback:
		return s.rollbackForm(ctx, ref)
	case core.VerbRerun:
		return rerunForm(ref), nil
	case core.VerbApprove, core.VerbReject:
		return s.gateForm(ctx, ref)
	case core.VerbCancel:
		return core.Form{Fields: []core.Field{{Name: "force", Title: text.Lit("force"), Type: core.FieldBool, Value: "false", Help: text.Lit("also where steps that clean up keep it alive")}}}, nil
	}
	return core.Form{}, nil
}

func rerunForm(ref core.Ref) core.Form {
	debug := core.Field{Name: optionDebug, Title: text.Lit("debug log"), Type: core.FieldBool, Value: "false", Help: text.Lit("the runner tells all that it does")}
	if ref.Kind == kindJob {
		return core.Form{Fields: []core.Field{debug}}
	}
	return core.Form{Fields: []core.Field{
		{Name: "failed-only", Title: text.Lit("only failed jobs"), Type: core.FieldBool, Value: "false", Help: text.Lit("and the jobs that need them")}, debug,
	}}
}

// deployForm asks for a branch or tag and the inputs that the workflow declares
// there, with what was used last.
func (s *Source) deployForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	w, branch, err := s.dispatched(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	repo := ref.Namespace
	inputs, _, err := s.inputsOf(ctx, repo, &w, branch)
	if err != nil {
		return core.Form{}, err
	}
	branches, err := get[[]struct {
		Name string `json:"name"`
	}](ctx, s, in(repo, "branches"), url.Values{"per_page": {"100"}})
	if err != nil {
		return core.Form{}, err
	}
	on := core.Field{Name: "ref", Title: text.Lit("branch or tag"), Type: core.FieldChoice, Open: true, Value: branch, Required: true}
	for _, b := range branches {
		on.Choices = append(on.Choices, core.Choice{Value: b.Name, Cells: []text.Safe{text.Clean(b.Name)}})
	}
	out := core.Form{Note: text.Sprintf("the inputs are those of %s on %s", w.Path, branch), Fields: []core.Field{on}}
	last := s.last.get(repo + "/" + id(w.ID))
	var names []string
	for _, in := range inputs {
		if in.Type == "environment" && names == nil {
			list, err := s.environments(ctx, repo)
			if err != nil {
				return core.Form{}, err
			}
			names = []string{}
			for _, e := range list {
				names = append(names, e.Name)
			}
		}
		if in.Type == "environment" {
			in.Options = names
		}
		f := in.Field()
		if v, ok := last[in.Name]; ok && (in.Type != "choice" || slices.Contains(in.Options, v)) {
			f.Value = v
		}
		out.Fields = append(out.Fields, f)
	}
	return out, nil
}
