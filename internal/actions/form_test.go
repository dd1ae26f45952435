package actions_test

import (
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/all"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

func choice(value string, cells ...string) core.Choice {
	c := core.Choice{Value: value}
	for _, s := range cells {
		c.Cells = append(c.Cells, text.Clean(s))
	}
	return c
}

func TestFormOfOneIsTheSystems(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	w.ask = core.Form{Note: text.Lit("an autoscaler will overrule it"), Fields: []core.Field{{Name: "replicas", Type: core.FieldNumber, Value: "2"}}}
	f, err := b.Form(t.Context(), core.VerbScale, []core.Ref{w.ref("web")})
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, f, w.ask)
	if f, err = b.Form(t.Context(), core.VerbRestart, []core.Ref{w.ref("web")}); err != nil || len(f.Fields) != 0 {
		t.Fatal("a verb without parameters asks", f, err)
	}
	_, err = b.Form(t.Context(), "restore", []core.Ref{w.ref("web")})
	wantKind(t, err, core.Invalid)
	_, err = b.Form(t.Context(), core.VerbScale, nil)
	wantKind(t, err, core.Invalid)
	_, err = b.Form(t.Context(), core.VerbScale, []core.Ref{{Source: "sim", Scope: "gone", Kind: "box", Name: "x"}})
	wantKind(t, err, core.Unreachable)
	image := w.ref("web")
	image.Kind = "image"
	_, err = b.Form(t.Context(), core.VerbScale, []core.Ref{image})
	wantKind(t, err, core.Unsupported)

	// A system without a form of its own gets the parameters.
	bare := actions.New(actions.Options{Verbs: all.Verbs(), Resolver: one{scaler{w, w}}, Journal: b.journal})
	f, err = bare.Form(t.Context(), core.VerbScale, []core.Ref{w.ref("web")})
	if err != nil || len(f.Fields) != 1 || f.Fields[0].Type != core.FieldNumber || !f.Fields[0].Required {
		t.Fatal(f, err)
	}
}

// scaler has no form.
type scaler struct {
	sources.Source
	sources.Scaler
}

func TestFormOfManyHasWhatAllHave(t *testing.T) {
	a, c := newWorld("a", "web"), newWorld("c", "web")
	b := setUp(t, a, c)
	a.ask = core.Form{Note: text.Lit("of a"), Fields: []core.Field{
		{Name: "replicas", Type: core.FieldNumber, Value: "2", Min: 0, Max: 10},
		{
			Name: "to", Type: core.FieldChoice, Value: "3", Required: true, Columns: []text.Safe{text.Lit("REV"), text.Lit("IMAGE")},
			Choices: []core.Choice{choice("3", "3", "app:3"), choice("2", "2", "app:2")},
		},
		{Name: "via", Type: core.FieldChoice, Value: "helm", Choices: []core.Choice{choice("", "itself"), choice("helm", "helm")}},
		{Name: "container", Type: core.FieldText},
	}}
	c.ask = core.Form{Note: text.Lit("of c"), Fields: []core.Field{
		{Name: "replicas", Type: core.FieldNumber, Value: "4", Min: 1, Max: 20},
		{Name: "to", Type: core.FieldChoice, Value: "7", Required: true, Choices: []core.Choice{choice("7", "7", "db:7"), choice("2", "2", "db:2")}},
		{Name: "via", Type: core.FieldChoice, Value: "helm", Choices: []core.Choice{choice("", "itself"), {Value: "helm", Cells: []text.Safe{text.Lit("helm")}, Disabled: text.Lit("no permission")}}},
	}}
	refs := []core.Ref{a.ref("web"), c.ref("web")}
	f, err := b.Form(t.Context(), core.VerbRollback, refs)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Fields) != 3 || !f.Note.Empty() {
		t.Fatalf("%+v", f)
	}
	n, to, via := f.Fields[0], f.Fields[1], f.Fields[2]
	wantString(t, []any{n.Value, n.Min, n.Max, n.Help}, []any{"", 1, 10, "each one's default"})
	wantString(t, []any{to.Value, to.Required, len(to.Choices), len(to.Columns)}, []any{"", false, 2, 0})
	wantString(t, []any{to.Choices[0].Value, to.Choices[0].Cells, to.Choices[1].Value, to.Choices[1].Cells}, []any{"", "[each one's default]", "2", "[2]"})
	wantString(t, []any{via.Value, len(via.Choices), via.Choices[1].Disabled}, []any{"helm", 2, "no permission"})

	a.ask.Fields[2].Type = core.FieldText // not the same field any more
	if f, err = b.Form(t.Context(), core.VerbRollback, refs); err != nil || len(f.Fields) != 2 {
		t.Fatal(f, err)
	}
	// One that cannot say is left out, as it will be of the plan.
	gone := core.Ref{Source: "sim", Scope: "gone", Kind: "box", Name: "x"}
	if f, err = b.Form(t.Context(), core.VerbRollback, append(refs[:1:1], gone)); err != nil || len(f.Fields) != 4 {
		t.Fatal(f, err)
	}
	b.policy.MaxBulk = 1
	_, err = b.Form(t.Context(), core.VerbRollback, refs)
	wantKind(t, err, core.Refused)
}
