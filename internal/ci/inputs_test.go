package ci

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"devops-tui/internal/core"
)

const dispatchable = `
name: Deploy
on:
  push: {branches: [main]}
  workflow_dispatch:
    inputs:
      environment: {description: Where to, type: environment, required: true}
      version:
        description: "Tag or commit"
        default: latest
      level:
        type: choice
        options: [info, warn, 3]
        default: warn
      first: {type: choice, options: [a, b]}
      dry_run: {type: boolean, default: true, required: true}
      replicas: {type: number, default: 3}
      ratio: {type: number, default: 0.5}
      weird: {type: matrix}
jobs: {}
`

func TestInputsOfAWorkflow(t *testing.T) {
	got, err := ParseWorkflowInputs([]byte(dispatchable))
	if err != nil {
		t.Fatal(err)
	}
	want := []Input{
		{Name: "environment", Description: "Where to", Type: "environment", Required: true},
		{Name: "version", Description: "Tag or commit", Type: "string", Default: "latest"},
		{Name: "level", Type: "choice", Default: "warn", Options: []string{"info", "warn", "3"}},
		{Name: "first", Type: "choice", Options: []string{"a", "b"}},
		{Name: "dry_run", Type: "boolean", Default: "true", Required: true},
		{Name: "replicas", Type: "number", Default: "3"},
		{Name: "ratio", Type: "number", Default: "0.5"},
		{Name: "weird", Type: "string"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	fields := map[string]core.Field{}
	for _, in := range got {
		f := in.Field()
		fields[f.Name] = f
	}
	for name, want := range map[string]struct {
		kind     core.FieldType
		value    string
		choices  int
		open     bool
		required bool
	}{
		"input.environment": {core.FieldChoice, "", 0, true, true}, "input.version": {core.FieldText, "latest", 0, false, false},
		"input.level": {core.FieldChoice, "warn", 3, false, false}, "input.first": {core.FieldChoice, "a", 2, false, false},
		"input.dry_run": {core.FieldBool, "true", 0, false, false}, "input.replicas": {core.FieldNumber, "3", 0, false, false},
		"input.ratio": {core.FieldText, "0.5", 0, false, false},
	} {
		f := fields[name]
		if f.Type != want.kind || f.Value != want.value || len(f.Choices) != want.choices || f.Open != want.open || f.Required != want.required {
			t.Errorf("%s is %+v", name, f)
		}
	}
}

func TestWorkflowsThatNobodyCanStart(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"", "no workflow_dispatch"},
		{"on: push", "no workflow_dispatch"},
		{"on: [push, pull_request]", "no workflow_dispatch"},
		{"on: {push: {}}", "no workflow_dispatch"},
		{"name: x", "no workflow_dispatch"},
		{"- a", "no workflow_dispatch"},
		{"on: {workflow_dispatch: [", "cannot read the workflow file"},
		{strings.Repeat("#", mostWorkflow+1), "more than"},
		{"on: {workflow_dispatch: {inputs: {" + strings.Repeat("a: {},", 0) + many(mostInputs+1) + "}}}", "more than"},
	} {
		_, err := ParseWorkflowInputs([]byte(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.file, err, c.want)
		}
		if dispatch := errors.Is(err, ErrNoDispatch); dispatch != (c.want == "no workflow_dispatch") {
			t.Errorf("%.40q: is it ErrNoDispatch? %v", c.file, dispatch)
		}
	}
	for _, file := range []string{
		"on: workflow_dispatch", "on: [push, workflow_dispatch]", "on: {workflow_dispatch: }", "on: {workflow_dispatch: {inputs: }}", "\"on\": {workflow_dispatch: {}}",
		"on: &all [workflow_dispatch]",
	} {
		if in, err := ParseWorkflowInputs([]byte(file)); err != nil || len(in) > 0 {
			t.Errorf("%q: %v, %v", file, in, err)
		}
	}
	in, err := ParseWorkflowInputs([]byte("x: &i {v: {default: a}}\non: {workflow_dispatch: {inputs: *i}}"))
	if err != nil || len(in) != 1 || in[0].Default != "a" {
		t.Errorf("through an anchor: %+v, %v", in, err)
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i) + ": {},")
	}
	return b.String()
}

func FuzzParseWorkflowInputs(f *testing.F) {
	f.Add([]byte(dispatchable))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("a: &a {on: *a}\non: *a"))
	f.Add([]byte("on: {workflow_dispatch: {inputs: {a: {options: [&x y, *x]}}}}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		in, err := ParseWorkflowInputs(file)
		if err != nil && len(in) > 0 {
			t.Error("inputs and an error")
		}
		for _, i := range in {
			if f := i.Field(); f.Name == FieldPrefix || !strings.HasPrefix(f.Name, FieldPrefix) {
				t.Errorf("a field called %q", f.Name)
			}
		}
	})
}
