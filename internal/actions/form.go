package actions

import (
	"context"
	"slices"
	"sync"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Form tells what a verb asks before it is planned for refs. Of several
// objects it has the fields that all of them have, with the choices that all
// of them have; what is not the same for all is left to each one's default:
// its value is "". A form without fields means that the verb can be planned
// at once. The error is a *core.Problem.
func (e *Engine) Form(ctx context.Context, verb string, refs []core.Ref) (core.Form, error) {
	v, ok := e.Verb(verb)
	if !ok {
		return core.Form{}, e.noVerb(verb)
	}
	refs = distinct(refs)
	if no := e.admitted(v, refs); no != nil {
		return core.Form{}, no
	}
	if v.Form == nil {
		return core.Form{}, nil
	}
	forms := make([]*core.Form, len(refs))
	problems := make([]*core.Problem, len(refs))
	slots := make(chan struct{}, planners)
	var wg sync.WaitGroup
	for i, ref := range refs {
		wg.Add(1)
		core.Go("actions: form", func() {
			defer wg.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			forms[i], problems[i] = e.formOne(ctx, v, ref)
		})
	}
	wg.Wait()
	forms = slices.DeleteFunc(forms, func(f *core.Form) bool { return f == nil })
	switch len(forms) {
	case 0:
		for _, p := range problems {
			if p != nil {
				return core.Form{}, p
			}
		}
		return core.Form{}, &core.Problem{Summary: text.Sprintf("cannot %s: no answer", v.Title)}
	case 1:
		return *forms[0], nil
	}
	return common(forms), nil
}

func (e *Engine) formOne(ctx context.Context, v Verb, ref core.Ref) (*core.Form, *core.Problem) {
	src, no := e.source(v, ref)
	if no != nil {
		return nil, no
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.ReadLimit)
	defer cancel()
	f, err := v.Form(ctx, src, ref)
	if err != nil {
		return nil, notPlanned(v, ref, problem(src, err))
	}
	return &f, nil
}

// source is the connected one of ref, if it has the verb for its kind at all.
func (e *Engine) source(v Verb, ref core.Ref) (sources.Source, *core.Problem) {
	src := e.o.Resolver.Source(ref.Instance())
	if src == nil {
		return nil, &core.Problem{
			Kind:    core.Unreachable,
			Summary: text.Sprintf("cannot %s %s: %s is not connected", v.Title, text.Clean(ref.Path()), ref.Instance()),
			Hint:    text.Lit("doctor says what was found"),
		}
	}
	if !kindHas(src, ref.Kind, v.ID) {
		return nil, &core.Problem{
			Kind:    core.Unsupported,
			Summary: text.Sprintf("%s cannot %s %s %s", ref.Source, v.Title, article(ref.Kind), ref.Kind),
		}
	}
	return src, nil
}

// common is what several forms agree on.
func common(forms []*core.Form) core.Form {
	out := core.Form{Note: forms[0].Note}
	for _, f := range forms[1:] {
		if f.Note != out.Note {
			out.Note = text.Safe{}
		}
	}
	for _, field := range forms[0].Fields {
		same := true
		for _, f := range forms[1:] {
			i := slices.IndexFunc(f.Fields, func(x core.Field) bool { return x.Name == field.Name && x.Type == field.Type })
			if i < 0 {
				same = false
				break
			}
			field = both(field, f.Fields[i])
		}
		if same {
			out.Fields = append(out.Fields, field)
		}
	}
	return out
}

// eachOwn says that a value is left to every object.
var eachOwn = text.Lit("each one's default")

// both is what two fields agree on.
func both(a, b core.Field) core.Field {
	a.Required = a.Required || b.Required
	a.Open = a.Open && b.Open
	if a.Min != 0 || a.Max != 0 || b.Min != 0 || b.Max != 0 {
		if a.Min == 0 && a.Max == 0 {
			a.Min, a.Max = b.Min, b.Max
		} else if b.Min != 0 || b.Max != 0 {
			a.Min, a.Max = max(a.Min, b.Min), min(a.Max, b.Max)
		}
	}
	if a.Value != b.Value {
		a.Value = ""
		if a.Type != core.FieldNumber || !a.Required {
			a.Help = eachOwn
		}
	}
	if a.Type == core.FieldChoice {
		a = bothChoices(a, b)
	}
	return a
}

func bothChoices(a, b core.Field) core.Field {
	var kept []core.Choice
	own := false
	for _, c := range a.Choices {
		i := slices.IndexFunc(b.Choices, func(x core.Choice) bool { return x.Value == c.Value })
		if i < 0 {
			own = true
			continue
		}
		d := b.Choices[i]
		c.Current = c.Current && d.Current
		if c.Disabled.Empty() {
			c.Disabled = d.Disabled
		}
		if !slices.Equal(c.Cells, d.Cells) && len(c.Cells) > 1 {
			c.Cells = c.Cells[:1] // the rest is of the one object
		}
		kept = append(kept, c)
	}
	a.Choices = kept
	if own || len(kept) < len(b.Choices) {
		if !slices.ContainsFunc(kept, func(c core.Choice) bool { return c.Value == "" }) {
			a.Choices = append([]core.Choice{{Cells: []text.Safe{eachOwn}}}, kept...)
		}
		a.Value, a.Required = "", false
	}
	if !slices.ContainsFunc(a.Choices, func(c core.Choice) bool { return len(c.Cells) > 1 }) {
		a.Columns = nil
	}
	return a
}
