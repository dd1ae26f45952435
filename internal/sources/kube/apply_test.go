package kube

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// folder writes files for a test.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const webManifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: blue}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: "registry.local/app:v1", resources: {limits: {cpu: 1000m}}}
`

func TestApplyToNamespace(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	space := src.at("namespace", "", ns)
	dir := folder(t, map[string]string{
		"web.yaml":  webManifest + "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}\n---\n# empty\n",
		"more.json": `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"conf"},"data":{"level":"info"}}]}`,
		"notes.txt": "not a manifest",
	})
	what := core.Deploy{File: dir}
	op := must[*core.Operation](t)(src.planApply(t.Context(), space, what))
	says(t, op.Plan, "3 new, 0 changed, 0 unchanged", "deployment web :  -> new", "# service web: new", "+   replicas: 2", "cannot be undone: 3 objects change", "apply --server-side --field-manager=devops-tui -f "+dir)
	if op.Plan.Danger != 1 || op.Plan.Blind || len(n.sent) != 0 || op.Plan.Target.Name != ns || op.Plan.Target.UID == "" {
		t.Errorf("%+v, sent %v", op.Plan, n.sent)
	}
	carryOut(t, op)
	if len(n.sent) != 3 {
		t.Errorf("sent %v", n.sent)
	}
	if got := kubectl(t, c, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas} {.metadata.managedFields[0].manager}"); got != "2 devops-tui" {
		t.Errorf("%q", got)
	}
	if _, err := src.planApply(t.Context(), space, what); !isProblem(err, core.Invalid) || !strings.Contains(err.Error(), "nothing would change") {
		t.Errorf("applied again: %v", err)
	}

	// One object changes: that can be undone.
	what.File = filepath.Join(folder(t, map[string]string{"web.yaml": strings.Replace(webManifest, "app:v1", "app:v2", 1)}), "web.yaml")
	op = must[*core.Operation](t)(src.planApply(t.Context(), src.at("deployment", ns, "web"), what))
	says(t, op.Plan, "0 new, 1 changed", "image: registry.local/app:v2", "2 pods are replaced", "U puts the former values back")
	carryOut(t, op)
	image := func() string {
		return kubectl(t, c, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	}
	if image() != "registry.local/app:v2" {
		t.Error(image())
	}
	if op.Plan.Inverse.Target.Kind != "deployment" {
		t.Fatalf("%+v", op.Plan.Inverse)
	}
	carryOut(t, must[*core.Operation](t)(src.PlanRestore(t.Context(), op.Plan.Inverse.Target, op.Plan.Inverse.Saved)))
	if image() != "registry.local/app:v1" {
		t.Error(image())
	}

	// Fields of others are not taken over unless it is said so.
	kubectl(t, c, "-n", ns, "scale", "deployment/web", "--replicas=1")
	if _, err := src.planApply(t.Context(), space, what); !isProblem(err, core.Conflict) || !strings.Contains(err.Error(), "kubectl") || !strings.Contains(err.Error(), ".spec.replicas") {
		t.Errorf("a conflict with another manager: %v", err)
	}
	what.Options = map[string]string{"force": "yes"}
	if _, err := src.planApply(t.Context(), space, what); !isProblem(err, core.Invalid) {
		t.Errorf("an option that is none: %v", err)
	}
	what.Options = map[string]string{"force": "true"}
	op = must[*core.Operation](t)(src.planApply(t.Context(), space, what))
	says(t, op.Plan, "taken over (force)", "--force-conflicts")
	kubectl(t, c, "-n", ns, "set", "env", "deployment/web", "A=b")
	n.sent = nil
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) || len(n.sent) != 0 {
		t.Errorf("changed since the plan: %v; sent %v", err, n.sent)
	}
	op = must[*core.Operation](t)(src.planApply(t.Context(), space, what))
	carryOut(t, op)
	if got := kubectl(t, c, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].env[0].name}"); got != "2 A" {
		t.Errorf("%q", got)
	}
}

func TestApplyIsRefused(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 1})
	space, web := src.at("namespace", "", ns), src.at("deployment", ns, "web")
	secret := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(secret, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := folder(t, map[string]string{"a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"})
	if err := os.Symlink(secret, filepath.Join(linked, "b.yaml")); err != nil {
		t.Fatal(err)
	}
	big := folder(t, map[string]string{"a.yaml": "# " + strings.Repeat("x", maxManifest) + "\n"})
	for _, x := range []struct {
		ref        core.Ref
		file, says string
	}{
		{space, "/does/not/exist.yaml", "no such file"},
		{space, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}", "is for namespace other"},
		{space, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dat: {}}", ".dat: field not declared in schema"},
		{space, "{apiVersion: v1, kind: Configmap, metadata: {name: a}}", "no kind Configmap"},
		{space, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "stands there twice"},
		{space, "kind: ConfigMap\n  metadata: x", "line "},
		{space, "just a word", "a manifest is a mapping"},
		{space, "# nothing", "no object"},
		{space, linked, "path escapes"},
		{space, big, "larger than"},
		{web, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "deployment web is not in"},
	} {
		file := x.file
		if !strings.HasPrefix(file, "/") {
			file = filepath.Join(folder(t, map[string]string{"a.yaml": x.file}), "a.yaml")
		}
		if _, err := src.planApply(t.Context(), x.ref, core.Deploy{File: file}); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %q", x.file[:min(len(x.file), 80)], err, x.says)
		}
	}
}

// TestApplyKindsAndClusterWide: a kind and its objects in one manifest; what is
// cluster-wide is said.
func TestApplyKindsAndClusterWide(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	dir := folder(t, map[string]string{"all.yaml": `
{apiVersion: apply.example.com/v1, kind: Bell, metadata: {name: big}, spec: {tons: 3}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: bells.apply.example.com}
spec:
  group: apply.example.com
  scope: Namespaced
  names: {plural: bells, singular: bell, kind: Bell}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`})
	t.Cleanup(func() { kubectl(t, c, "delete", "crd", "bells.apply.example.com", "--ignore-not-found") })
	op := must[*core.Operation](t)(src.planApply(t.Context(), src.at("namespace", "", ns), core.Deploy{File: dir}))
	says(t, op.Plan, "cluster-wide, not in the namespace alone: customresourcedefinition bells.apply.example.com", "made by this manifest")
	if !op.Plan.Blind || op.Plan.Danger != 2 || !strings.HasPrefix(op.Plan.Changes[0].Field.String(), "customresourcedefinition") {
		t.Errorf("%+v", op.Plan)
	}
	carryOut(t, op)
	if got := kubectl(t, c, "-n", ns, "get", "bells", "big", "-o", "jsonpath={.spec.tons}"); got != "3" {
		t.Errorf("%q", got)
	}
}

// TestApplyStopsAtTheFirstFailure and says how far it came.
func TestApplyStopsAtTheFirstFailure(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	doc := func(name string) string {
		return "{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + "}, data: {k: v}}\n---\n"
	}
	op := must[*core.Operation](t)(src.planApply(t.Context(), src.at("namespace", "", ns), core.Deploy{File: folder(t, map[string]string{"a.yaml": doc("one") + doc("two") + doc("three")})}))
	if err := c.Apply(t.Context(), ns, "{apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {configmaps: \"2\"}}}"); err != nil { // kube-root-ca.crt is one
		t.Fatal(err)
	}
	testkit.PollTrue(t, 20*time.Second, "the quota to count", func() bool {
		return kubectl(t, c, "-n", ns, "get", "resourcequota", "few", "-o", "jsonpath={.status.used.configmaps}") == "1"
	})
	err := op.Execute(sources.Permit(t.Context()), sources.Quiet)
	if !isProblem(err, core.Internal) || !strings.Contains(err.Error(), "1 of 3 objects are applied; cannot apply configmap two") {
		t.Errorf("%v", err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeFailed || err == nil {
		t.Errorf("%v, %v", out, err)
	}
	if len(n.sent) != 2 {
		t.Errorf("sent %v", n.sent)
	}
}

func TestApplyKustomization(t *testing.T) {
	c, src, _ := countedSource(t)
	path := kubectlPath(t)
	src.getenv = func(string) string { return path }
	ns := c.Namespace(t)
	dir := folder(t, map[string]string{
		"base/kustomization.yaml": "resources: [web.yaml]\n",
		"base/web.yaml":           webManifest,
		"prod/kustomization.yaml": "resources: [../base]\nimages: [{name: registry.local/app, newTag: v7}]\nreplicas: [{name: web, count: 1}]\n",
	})
	op := must[*core.Operation](t)(src.planApply(t.Context(), src.at("namespace", "", ns), core.Deploy{File: filepath.Join(dir, "prod")}))
	says(t, op.Plan, "image: registry.local/app:v7", "-k "+dir+"/prod", "U deletes deployment web again")
	carryOut(t, op)
	if got := kubectl(t, c, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}"); got != "registry.local/app:v7 1" {
		t.Errorf("%q", got)
	}
	broken := folder(t, map[string]string{"kustomization.yaml": "resources: [missing.yaml]\n"})
	if _, err := src.planApply(t.Context(), src.at("namespace", "", ns), core.Deploy{File: broken}); !isProblem(err, core.Invalid) || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("%v", err)
	}
}
