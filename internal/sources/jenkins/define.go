package jenkins

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const inputPrefix = "input."

// readDefinition reads what a job takes, and how it was built last.
func (s *Source) readDefinition(ctx context.Context, ref core.Ref, full string) (*apiItem, error) {
	var it apiItem
	tree := "_class,name,displayName,description,color,buildable,inQueue,nextBuildNumber,jobs[name]," + paramDefs + ",lastBuild[" + lastTree + "],builds[number,result,actions[" + paramTree + "]]{0,5}"
	if _, err := s.get(ctx, below(full), tree, &it); err != nil {
		return nil, missing(ref, err)
	}
	if it.isFolder() {
		return nil, notFound(ref)
	}
	return &it, nil
}

// parameters are the definitions of a job's parameters.
func (it *apiItem) parameters() []apiParameter {
	var out []apiParameter
	for _, p := range it.Properties {
		out = append(out, p.Parameters...)
	}
	return out
}

// signature changes when the definitions do: what was planned for others is
// not sent.
func signature(defs []apiParameter) string {
	type one struct {
		Name, Kind string
		Choices    []string
	}
	var all []one
	for i := range defs {
		all = append(all, one{defs[i].Name, defs[i].kind(), defs[i].Choices})
	}
	b, _ := json.Marshal(all) // strings only: no error
	return string(b)
}

func (p *apiParameter) isPassword() bool { return strings.Contains(p.kind(), "Password") }

// isSecret reports whether the value is taken from nobody here and shown to
// nobody: a password, or text that is called like one.
func (p *apiParameter) isSecret() bool { return p.isPassword() || secretName.MatchString(p.Name) }

func (p *apiParameter) isFile() bool { return strings.Contains(p.kind(), "File") }

// value is the default; false: it is not told.
func (p *apiParameter) value() (string, bool) {
	if p.isPassword() || p.isFile() {
		return "", false
	}
	if p.Default != nil {
		if v, ok := p.Default.text(); ok {
			return v, true
		}
	}
	if len(p.Choices) > 0 {
		return p.Choices[0], true
	}
	return "", p.kind() == "String" || p.kind() == "Text"
}

// field is the parameter in a form; used are values that it had before.
func (p *apiParameter) field(used []string) core.Field {
	v, _ := p.value()
	f := core.Field{Name: inputPrefix + p.Name, Title: text.Clean(p.Name), Help: text.Clean(words([]byte(p.Help))), Value: v}
	choice := func(v string) core.Choice { return core.Choice{Value: v, Cells: []text.Safe{text.Clean(v)}} }
	switch {
	case p.kind() == "Boolean":
		f.Type = core.FieldBool
		if v != "true" {
			f.Value = "false"
		}
	case len(p.Choices) > 0:
		f.Type = core.FieldChoice
		for _, c := range p.Choices {
			f.Choices = append(f.Choices, choice(c))
		}
	default:
		if !slices.Contains(used, v) && v != "" {
			used = append([]string{v}, used...)
		}
		if len(used) > 1 || len(used) == 1 && used[0] != v {
			f.Type, f.Open = core.FieldChoice, true
			f.Columns = []text.Safe{text.Lit("VALUE"), text.Lit("USED")}
			for _, u := range used {
				c := choice(u)
				says := text.Lit("before")
				if u == v {
					says = text.Lit("default")
				}
				c.Cells = append(c.Cells, says)
				f.Choices = append(f.Choices, c)
			}
		}
	}
	return f
}

// usedBefore are the values of a parameter in the last builds, newest first.
func (it *apiItem) usedBefore(name string) []string {
	var out []string
	for i := range it.Builds {
		for _, v := range parameters(it.Builds[i].Actions) {
			if x, ok := v.text(); ok && v.Name == name && x != "" && len(x) < 500 && !slices.Contains(out, x) {
				out = append(out, x)
			}
		}
	}
	return out
}

// unasked says which parameters a form leaves out, and what becomes of them.
func unasked(defs []apiParameter) text.Safe {
	var note text.Safe
	for i := range defs {
		switch d := &defs[i]; {
		case d.isSecret():
			note = joinNotes(note, text.Sprintf("%s is secret: it keeps its default, because what is typed here is kept in the journal", d.Name))
		case d.isFile():
			note = joinNotes(note, text.Sprintf("%s is a file, which cannot be sent from here", d.Name))
		}
	}
	return note
}

// given checks what a user gave against the definitions, and returns all that
// is sent: the rest has its defaults.
func given(full string, defs []apiParameter, inputs map[string]string) (map[string]string, error) {
	invalid := func(hint, summary text.Safe) error {
		return &core.Problem{Kind: core.Invalid, Summary: summary, Hint: hint}
	}
	var names []string
	for i := range defs {
		names = append(names, defs[i].Name)
	}
	for name := range inputs {
		if slices.Contains(names, name) {
			continue
		}
		hint := text.Sprintf("%s takes no parameters", full)
		if near := core.Nearest(name, names, 1); len(near) > 0 {
			hint = text.Sprintf("did you mean input.%s?", near[0])
		} else if len(names) > 0 {
			hint = text.Sprintf("it takes %s", strings.Join(names, ", "))
		}
		return nil, invalid(hint, text.Sprintf("%s has no parameter %s", full, name))
	}
	out := map[string]string{}
	for i := range defs {
		d := &defs[i]
		v, ok := inputs[d.Name]
		switch {
		case ok && d.isSecret():
			return nil, &core.Problem{
				Kind: core.Refused, Summary: text.Sprintf("%s is a password or a token: it is not taken here, because the journal keeps what is given", d.Name),
				Hint: text.Lit("leave it out to use the job's default, or start the build in Jenkins"),
			}
		case ok && v != "" && d.isFile():
			return nil, unsupported(text.Sprintf("%s is a file, which cannot be sent from here", d.Name), text.Lit("start the build in Jenkins"))
		case d.isSecret() || d.isFile():
			continue
		case !ok:
			if v, ok = d.value(); !ok {
				continue
			}
		case d.kind() == "Boolean" && v != "true" && v != "false":
			return nil, invalid(text.Lit("true or false"), text.Sprintf("%s cannot be %q", d.Name, v))
		case len(d.Choices) > 0 && !slices.Contains(d.Choices, v):
			return nil, invalid(text.Sprintf("one of %s", strings.Join(d.Choices, ", ")), text.Sprintf("%s cannot be %q", d.Name, v))
		}
		out[d.Name] = v
	}
	return out, nil
}

// lastUsed are the parameters of the last build.
func (it *apiItem) lastUsed() map[string]string {
	if len(it.Builds) == 0 {
		return nil
	}
	return valuesOf(it.Builds[0].Actions)
}

// deployForm asks what a job takes.
func (s *Source) deployForm(ctx context.Context, ref core.Ref, t target) (core.Form, error) {
	if ref.Kind != ci.KindWorkflow {
		return core.Form{}, notFound(ref)
	}
	it, err := s.readDefinition(ctx, ref, t.full)
	if err != nil {
		return core.Form{}, err
	}
	defs := it.parameters()
	f := core.Form{Note: unasked(defs)}
	for i := range defs {
		if d := &defs[i]; !d.isSecret() && !d.isFile() {
			f.Fields = append(f.Fields, d.field(it.usedBefore(d.Name)))
		}
	}
	return f, nil
}
