package actions

import (
	"context"
	"maps"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Of completes a verb whose plans are made by the capability C of a source:
// what is not one is Disabled with a reason, the source's Permitter has the
// word on single objects, and its Former knows what can be chosen.
func Of[C any](v Verb, plan func(ctx context.Context, c C, ref core.Ref, p Params) (*core.Operation, error)) Verb {
	cannot := func(src sources.Source) text.Safe { return text.Sprintf("%s has no %s", src.Info().Title, v.ID) }
	v.Disabled = func(src sources.Source, r *core.Resource) text.Safe {
		if _, ok := src.(C); !ok {
			return cannot(src)
		}
		if p, ok := src.(sources.Permitter); ok {
			return p.Disabled(v.ID, r)
		}
		return text.Safe{}
	}
	if len(v.Params) > 0 {
		own := v.ownForm()
		v.Form = func(ctx context.Context, src sources.Source, ref core.Ref) (core.Form, error) {
			if f, ok := src.(sources.Former); ok {
				return f.Form(ctx, v.ID, ref)
			}
			return own, nil
		}
	}
	v.Plan = func(ctx context.Context, src sources.Source, ref core.Ref, p Params) (*core.Operation, error) {
		c, ok := src.(C)
		if !ok {
			return nil, &core.Problem{Kind: core.Unsupported, Summary: cannot(src)}
		}
		if no := checkFurther(ctx, v, src, ref, p); no != nil {
			return nil, no
		}
		return plan(ctx, c, ref, p)
	}
	return v
}

// checkFurther compares the options that only the object's form knows with it.
func checkFurther(ctx context.Context, v Verb, src sources.Source, ref core.Ref, p Params) error {
	given := p.Further(v)
	if len(given) == 0 {
		return nil
	}
	form, err := v.Form(ctx, src, ref)
	if err != nil {
		return err
	}
	var known []string
	fields := map[string]core.Field{}
	for _, f := range form.Fields {
		known = append(known, f.Name)
		fields[f.Name] = f
	}
	for _, p := range v.Params {
		if label := p.label(); !p.Private && !p.Further && !slices.Contains(known, label) {
			known = append(known, label)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		f, ok := fields[name]
		if !ok {
			return unknownParam(v, name, known)
		}
		x := Param{Name: name, Type: f.Type, Min: f.Min, Max: f.Max}
		for _, c := range f.Choices {
			if !f.Open {
				x.Values = append(x.Values, c.Value)
			}
		}
		if no := x.check(v, name, given[name]); no != nil {
			return no
		}
	}
	return nil
}
