package kube

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// edited opens an object and replaces texts in it.
func edited(t *testing.T, src *Source, ref core.Ref, pairs ...string) (before, after []byte) {
	t.Helper()
	before = must[[]byte](t)(src.Definition(t.Context(), ref))
	s := string(before)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("no %q in\n%s", pairs[i], s)
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return before, []byte(s)
}

func TestEditWorkloadAndBack(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 1, Image: "registry.local/app:v1"})
	if err := c.WaitReady(t.Context(), ns, "web", 1); err != nil {
		t.Fatal(err)
	}
	ref := src.at("deployment", ns, "web")
	before, after := edited(t, src, ref, "app:v1", "app:v2", "replicas: 1", "replicas: 2")
	if s := string(before); strings.Contains(s, "managedFields") || strings.Contains(s, "uid:") || strings.Contains(s, "status:") || strings.Contains(s, "resourceVersion") {
		t.Errorf("the text has what is not edited:\n%s", s)
	}
	// Meanwhile others change other fields: they stay.
	kubectl(t, c, "-n", ns, "label", "deployment/web", "team=blue")
	kubectl(t, c, "-n", ns, "set", "env", "deployment/web", "LEVEL=debug")
	op := must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	says(t, op.Plan, "Edit deployment web in "+ns, "spec.template.spec.containers[main].image : registry.local/app:v1 -> registry.local/app:v2", "spec.replicas : 1 -> 2", "+           image: registry.local/app:v2", "patch deployment/web --type=merge -p")
	if op.Plan.Danger != 1 || len(op.Plan.Changes) != 2 {
		t.Errorf("%+v", op.Plan)
	}
	carryOut(t, op)
	get := "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[0].value} {.metadata.labels.team} {.status.availableReplicas}"
	if got := kubectl(t, c, "-n", ns, "get", "deployment", "web", "-o", get); got != "2 registry.local/app:v2 debug blue 2" || len(n.sent) != 1 {
		t.Errorf("it is %q; sent %v", got, n.sent)
	}
	back := must[*core.Operation](t)(src.PlanRestore(t.Context(), ref, op.Plan.Inverse.Saved))
	carryOut(t, back)
	if got := kubectl(t, c, "-n", ns, "get", "deployment", "web", "-o", get); got != "1 registry.local/app:v1 debug blue 1" {
		t.Errorf("undone it is %q", got)
	}
	if _, err := src.PlanRestore(t.Context(), ref, op.Plan.Inverse.Saved); !isProblem(err, core.Conflict) || !strings.Contains(err.Error(), "spec.replicas") {
		t.Errorf("changed since: %v", err)
	}
}

// TestEditBesideASecret: a secret value in the object is neither shown nor kept
// when another field is edited, and cannot be undone when it is edited itself.
func TestEditBesideASecret(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 1, Image: "registry.local/app:v1"})
	kubectl(t, c, "-n", ns, "set", "env", "deployment/web", "DB_PASSWORD=canary-env")
	ref := src.at("deployment", ns, "web")
	before, after := edited(t, src, ref, "app:v1", "app:v2")
	op := must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	if op.Plan.Inverse == nil || strings.Contains(string(op.Plan.Inverse.Saved), "canary") || strings.Contains(told(op.Plan), "canary") {
		t.Errorf("%s\n%+v", told(op.Plan), op.Plan.Inverse)
	}
	says(t, op.Plan, "edit deployment/web")
	before, after = edited(t, src, ref, "canary-env", "canary-new")
	op = must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	says(t, op.Plan, "env[DB_PASSWORD].value : (hidden) -> (hidden)", "cannot be undone")
	if op.Plan.Inverse != nil || strings.Contains(told(op.Plan), "canary") {
		t.Errorf("%s", told(op.Plan))
	}
}

func TestEditIsRefused(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 1})
	ref := src.at("deployment", ns, "web")
	for _, x := range []struct {
		from, to string
		kind     core.ProblemKind
		says     string
	}{
		{"replicas: 1", "replicas: 1 # the same", core.Invalid, "nothing was changed"},
		{"name: web\n", "name: web2\n", core.Invalid, `metadata.name was changed from "web" to "web2"`},
		{"kind: Deployment", "kind: StatefulSet", core.Invalid, "kind was changed"},
		{"replicas: 1", "replicas: 1\n  replicas: 2", core.Invalid, "line "},
		{"replicas: 1", "\treplicas: 1", core.Invalid, "line "},
		{"matchLabels:\n      app: web", "matchLabels:\n      app: other", core.Invalid, "immutable"},
		{"replicas: 1", "replicas: many", core.Invalid, ""},
		{"replicas: 1", "replica: 1\n  replicas: 1", core.Invalid, "nothing would change"},
	} {
		before, after := edited(t, src, ref, x.from, x.to)
		if _, err := src.PlanEdit(t.Context(), ref, before, after); !isProblem(err, x.kind) || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%q: %v", x.to, err)
		}
	}
	before, after := edited(t, src, ref, "replicas: 1", "replicas: 3")
	kubectl(t, c, "-n", ns, "scale", "deployment/web", "--replicas=2")
	if _, err := src.PlanEdit(t.Context(), ref, before, after); !isProblem(err, core.Conflict) || !strings.Contains(err.Error(), "spec.replicas") {
		t.Errorf("the same field moved: %v", err)
	}
	before, after = edited(t, src, ref, "replicas: 2", "replicas: 3\n  replica: 7")
	op := must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	says(t, op.Plan, `warning: unknown field "spec.replica"`)
	kubectl(t, c, "-n", ns, "scale", "deployment/web", "--replicas=1")
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("changed since the plan: %v", err)
	}
	before, after = edited(t, src, ref, "replicas: 1", "replicas: 2")
	op = must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	kubectl(t, c, "-n", ns, "delete", "deployment/web")
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 1})
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) || len(n.sent) != 0 {
		t.Errorf("replaced: %v; sent %v", err, n.sent)
	}
}

// TestEditSecret shows no value and keeps none.
func TestEditSecret(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	kubectl(t, c, "-n", ns, "create", "secret", "generic", "key", "--from-literal=password=canary-one", "--from-literal=user=kim")
	ref := src.at("secret", ns, "key")
	before, after := edited(t, src, ref, "Y2FuYXJ5LW9uZQ==", "Y2FuYXJ5LXR3bw==")
	op := must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	all := told(op.Plan)
	if strings.Contains(all, "Y2FuYXJ5") || strings.Contains(all, "canary") || op.Plan.Inverse != nil || !strings.Contains(op.Plan.UndoHint.String(), "cannot be undone") {
		t.Errorf("%s", all)
	}
	says(t, op.Plan, "data.password : (hidden, 10 B) -> (hidden, 10 B)", "edit secret/key")
	carryOut(t, op)
	if got := kubectl(t, c, "-n", ns, "get", "secret", "key", "-o", "jsonpath={.data.password} {.data.user}"); got != "Y2FuYXJ5LXR3bw== a2lt" {
		t.Errorf("%q", got)
	}
}

// TestEditCustomResource: kinds that were found at run time, and labels alone are harmless.
func TestEditCustomResource(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	if err := c.Apply(t.Context(), "", `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wheels.edit.example.com}
spec:
  group: edit.example.com
  scope: Namespaced
  names: {plural: wheels, singular: wheel, kind: Wheel}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {spokes: {type: integer, minimum: 3}, tags: {type: array, items: {type: string}}}}}}}
`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kubectl(t, c, "delete", "crd", "wheels.edit.example.com") })
	kubectl(t, c, "wait", "--for=condition=Established", "crd/wheels.edit.example.com")
	testkit.Poll(t, 20*time.Second, func() error {
		return c.Apply(t.Context(), ns, "{apiVersion: edit.example.com/v1, kind: Wheel, metadata: {name: front}, spec: {spokes: 20, tags: [a, b]}}")
	})
	ref := src.at("wheel", ns, "front")
	before, after := edited(t, src, ref, "spokes: 20", "spokes: 24", "- a\n", "- c\n")
	op := must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	says(t, op.Plan, "spec.spokes : 20 -> 24", "patch wheels.edit.example.com/front --type=merge")
	carryOut(t, op)
	if got := kubectl(t, c, "-n", ns, "get", "wheels", "front", "-o", "jsonpath={.spec.spokes} {.spec.tags}"); got != `24 ["c","b"]` {
		t.Errorf("%q", got)
	}
	before, after = edited(t, src, ref, "spokes: 24", "spokes: 2")
	if _, err := src.PlanEdit(t.Context(), ref, before, after); !isProblem(err, core.Invalid) {
		t.Errorf("below the minimum: %v", err)
	}
	before, after = edited(t, src, ref, "  name: front", "  labels: {team: blue}\n  name: front")
	op = must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	if op.Plan.Danger != 0 || op.Plan.Inverse == nil {
		t.Errorf("%+v", op.Plan)
	}
	crd := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("customresourcedefinition", "", "wheels.edit.example.com"), core.Removal{Grace: -1}))
	says(t, crd.Plan, "all 1 objects of kind Wheel in the cluster are deleted with it")
	gone := must[*core.Operation](t)(src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}))
	if gone.Plan.Danger != 2 || gone.Plan.Inverse != nil {
		t.Errorf("%+v", gone.Plan)
	}
}

// TestTextOfDefinitionIsTheDefinition: what is opened and saved unchanged is no change.
func TestTextOfDefinitionIsTheDefinition(t *testing.T) {
	o := must[tree](t)(parseTree([]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},
		"data":{"a":"yes","b":"1e3","c":"0x10","d":"null","e":"~","f":"2026-11-22","g":"a: b","h":" x","i":"line\nline\n","j":"tab\there","k":"\u0007 bell","l":"","m":"on","n":"1_000","o":"<<","p":"- x","q":"\r\n","r":"ü€😀","s":"#x","t":"0o7","u":"012","v":".5","w":"=","x":"!!str","y":"\ufeffx","z":"true"},
		"n":{"i":5,"big":9007199254740993,"neg":-1,"f":0.25,"t":true,"list":[1,"1",[],{}]}}`)))
	b := must[[]byte](t)(toYAML(copied(o)))
	back := must[[]tree](t)(parseManifests(b))
	if len(back) != 1 || !reflect.DeepEqual(map[string]any(back[0]), map[string]any(o)) {
		t.Errorf("%s\n%v", b, back)
	}
}

func TestMerge3(t *testing.T) {
	for _, x := range []struct{ base, mine, theirs, want, moved string }{
		{"{a: 1, b: 1}", "{a: 2, b: 1}", "{a: 1, b: 3}", "{a: 2, b: 3}", ""},
		{"{a: 1}", "{a: 2}", "{a: 3}", "", "a"},
		{"{a: 1}", "{a: 2}", "{a: 2, c: 1}", "{a: 2, c: 1}", ""},
		{"{a: 1, b: 1}", "{b: 1}", "{a: 1, b: 2}", "{b: 2}", ""},
		{"{a: 1}", "{}", "{a: 2}", "", "a"},
		{"{m: {x: 1}}", "{m: {x: 1, y: 2}}", "{m: {x: 1, z: 3}}", "{m: {x: 1, y: 2, z: 3}}", ""},
		{"{l: [{name: a, v: 1}, {name: b, v: 1}]}", "{l: [{name: a, v: 2}, {name: b, v: 1}]}", "{l: [{name: a, v: 1}, {name: b, v: 3}, {name: c}]}", "{l: [{name: a, v: 2}, {name: b, v: 3}, {name: c}]}", ""},
		{"{l: [{name: a, v: 1}]}", "{l: []}", "{l: [{name: a, v: 2}]}", "", "l[a]"},
		{"{l: [1, 2]}", "{l: [1, 2, 3]}", "{l: [0, 1, 2]}", "", "l"},
		{"{}", "{m: {x: 1}}", "{m: {y: 1}}", "{m: {x: 1, y: 1}}", ""},
	} {
		var moved []string
		got := merge3(yamlOf(t, x.base), yamlOf(t, x.mine), yamlOf(t, x.theirs), nil, &moved)
		if strings.Join(moved, ",") != x.moved || x.moved == "" && !reflect.DeepEqual(got, yamlOf(t, x.want)) {
			t.Errorf("%s, %s, %s: %v, moved %v", x.base, x.mine, x.theirs, got, moved)
		}
	}
}

func yamlOf(t *testing.T, s string) any {
	list, err := parseManifests([]byte(s))
	if err != nil || len(list) != 1 {
		t.Fatal(fmt.Sprint(s, list, err))
	}
	return map[string]any(list[0])
}

// TestStepsLeadBack: what differs between two definitions is found, sent and taken
// back, whatever they are.
func TestStepsLeadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]any{"x", "y", true, json.Number("1"), json.Number("2"), []any{"a", "b"}, []any{}, map[string]any{}})
		leaf := rapid.MapOf(rapid.SampledFrom([]string{"p", "q", "r"}), value)
		list := func() []any {
			out := []any{}
			for i, id := range []string{"a", "b", "c"} {
				if rapid.Bool().Draw(t, "has "+id) {
					m := leaf.Draw(t, fmt.Sprint("element ", i))
					m["name"] = id
					out = append(out, m)
				}
			}
			return out
		}
		object := func() map[string]any {
			o := leaf.Draw(t, "object")
			o["metadata"] = map[string]any{"name": "x", "labels": rapid.MapOfN(rapid.SampledFrom([]string{"k", "l"}), rapid.Just[any]("v"), 1, 2).Draw(t, "labels")}
			o["spec"] = map[string]any{"list": list(), "deep": leaf.Draw(t, "deep")}
			return o
		}
		from, to := object(), object()
		if got := applied(from, patchOf(from, to)); !reflect.DeepEqual(map[string]any(got), to) {
			t.Fatalf("the patch makes %v of %v, not %v", got, from, to)
		}
		d := differ(from, to)
		if (len(d.steps) == 0) != reflect.DeepEqual(from, to) {
			t.Fatalf("%d steps from %v to %v", len(d.steps), from, to)
		}
		b := jsonOf(saved{Steps: d.steps})
		kept, err := readSaved(b)
		if err != nil {
			t.Fatal(err)
		}
		was, moved := back(to, kept.Steps)
		if len(moved) > 0 {
			t.Fatalf("moved: %v", moved)
		}
		byName := func(o map[string]any) []any {
			l := slices.Clone(o["spec"].(map[string]any)["list"].([]any))
			slices.SortFunc(l, func(x, y any) int {
				return strings.Compare(x.(map[string]any)["name"].(string), y.(map[string]any)["name"].(string))
			})
			return l
		}
		was.sub("spec")["list"], from["spec"].(map[string]any)["list"] = byName(was), byName(from) // what was taken out comes back at the end
		if !reflect.DeepEqual(map[string]any(was), from) {
			t.Fatalf("back to %v, was %v", was, from)
		}
		var conflicts []string
		if m := merge3(from, to, from, nil, &conflicts); !reflect.DeepEqual(m, any(to)) || len(conflicts) > 0 {
			t.Fatalf("merged to %v", m)
		}
	})
}
