package kube

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/cluster"
)

// verbWorld is a source over the shared cluster whose changes can be counted
// and whose answers can be lost.
func verbWorld(t *testing.T) (*cluster.Cluster, *Source, *cutter, string) {
	t.Helper()
	c := cluster.Shared(t)
	src := over(t, c.Kubeconfig, &sources.Gate{})
	cut := &cutter{next: src.client.http.Transport}
	src.client.http.Transport = cut
	return c, src, cut, c.Namespace(t)
}

func at(src *Source, kind, ns, name string) core.Ref {
	return core.Ref{Source: ID, Scope: src.scope, Kind: kind, Namespace: ns, Name: name}
}

func put(t *testing.T, c *cluster.Cluster, ns, manifest string) {
	t.Helper()
	if err := c.Apply(t.Context(), ns, manifest); err != nil {
		t.Fatal(err)
	}
}

// bring executes an operation and follows it to healthy.
func bring(t *testing.T, op *core.Operation, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatalf("%s: %v", op.Plan.Title, err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); err != nil || out != core.OutcomeHealthy {
		t.Fatalf("%s: %v, %v", op.Plan.Title, out, err)
	}
}

// takeBack plans the inverse of a plan as the engine would, and carries it out.
func takeBack(t *testing.T, src *Source, p core.Plan) {
	t.Helper()
	if p.Inverse == nil {
		t.Fatalf("%s has no inverse: %s", p.Title, p.UndoHint)
	}
	ref := p.Target
	ref.UID = ""
	var op *core.Operation
	var err error
	params := p.Inverse.Params
	switch p.Inverse.Verb {
	case core.VerbRollback:
		op, err = src.PlanRollback(t.Context(), ref, core.Rollback{To: params["to"]})
	case core.VerbDeploy:
		op, err = src.PlanDeploy(t.Context(), ref, core.Deploy{Image: params["image"], Container: params["container"]})
	case core.VerbScale:
		n := 0
		_, _ = fmt.Sscan(params["replicas"], &n)
		op, err = src.PlanScale(t.Context(), ref, n)
	case core.VerbPause:
		op, err = src.PlanPause(t.Context(), ref)
	case core.VerbResume:
		op, err = src.PlanResume(t.Context(), ref)
	case core.VerbRerun:
		op, err = src.PlanRerun(t.Context(), ref, core.Rerun{})
	case core.VerbCancel:
		op, err = src.PlanCancel(t.Context(), ref, core.Cancel{})
	default:
		t.Fatalf("an inverse %s", p.Inverse.Verb)
	}
	bring(t, op, err)
}

func spoken(p core.Plan) string {
	var out []string
	for _, s := range slices.Concat(p.Impact, p.Warnings) {
		out = append(out, s.String())
	}
	for _, c := range p.Changes {
		out = append(out, c.Field.String()+": "+c.Before.String()+" → "+c.After.String())
	}
	return strings.Join(append(out, p.UndoHint.String()), "\n")
}

func mentions(t *testing.T, p core.Plan, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(spoken(p), want) {
			t.Errorf("the plan %q does not say %q:\n%s", p.Title, want, spoken(p))
		}
	}
}

func image(t *testing.T, c *cluster.Cluster, ns, object string) string {
	t.Helper()
	return kubectl(t, c, "-n", ns, "get", object, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
}

// appYAML is a workload of kind with an image; fail makes its pods fail.
func appYAML(kind, name, image, fail string, replicas int) string {
	spec := fmt.Sprintf("replicas: %d", replicas)
	switch kind {
	case "DaemonSet":
		spec = "minReadySeconds: 0"
	case "StatefulSet":
		spec += "\n  podManagementPolicy: Parallel\n  serviceName: " + name
	}
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: %s
metadata: {name: %s, annotations: {kubernetes.io/change-cause: "image %s"}}
spec:
  %s
  selector: {matchLabels: {app: %s}}
  template:
    metadata: {labels: {app: %s}, annotations: {test/fail: "%s"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "%s"}]
`, kind, name, image, spec, name, name, fail, image)
}

func rolledOut(t *testing.T, c *cluster.Cluster, ns, object string) {
	t.Helper()
	kubectl(t, c, "-n", ns, "rollout", "status", object, "--timeout=60s")
}

// TestRollbackFromAnImageThatNeverBecomesReady: the candidates tell which
// revision worked, the default is one that did, and the way back can be taken back.
func TestRollbackFromAnImageThatNeverBecomesReady(t *testing.T) {
	c, src, cut, ns := verbWorld(t)
	var ahead atomic.Int64 // how far the clock was put forward
	src.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	m := start(t, src, core.Interest{Kinds: []string{"deployment"}, Namespaces: []string{ns}})
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v1", "", 2))
	m.await(t, "v1", 30*time.Second, func() bool {
		r := m.row("deployment", ns, "web")
		return r != nil && r.Reason.String() == "Available"
	})
	for _, bad := range []string{"r.local/web:v2", "r.local/web:v3"} {
		put(t, c, ns, appYAML("Deployment", "web", bad, cluster.ImagePullBackOff, 2))
		m.await(t, bad, 30*time.Second, func() bool { return slices.Contains(m.row("deployment", ns, "web").Facts.Image, bad) })
		ahead.Add(int64(time.Minute)) // it stays like this for a minute
		rev := kubectl(t, c, "-n", ns, "label", "deployment/web", "seen="+bad[len(bad)-2:], "--overwrite", "-o", "jsonpath={.metadata.resourceVersion}")
		m.await(t, "the label", 30*time.Second, func() bool { return revision(m.row("deployment", ns, "web").Rev) >= revision(rev) })
	}
	ref := at(src, "deployment", ns, "web")
	form, err := src.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || len(form.Fields) != 1 {
		t.Fatalf("%v, %+v", err, form)
	}
	f := form.Fields[0]
	if f.Value != "1" || len(f.Choices) != 3 || f.Choices[0].Value != "3" || !f.Choices[0].Current || f.Choices[0].Disabled.Empty() {
		t.Errorf("%+v", f)
	}
	for i, want := range []string{"web:v3 | image r.local/web:v3", "never became ready in 1m", "web:v1 | image r.local/web:v1"} {
		row := ""
		for _, cell := range f.Choices[i].Cells {
			row += cell.String() + " | "
		}
		if !strings.Contains(row, want) || i == 2 && !strings.Contains(row, "was ready for") {
			t.Errorf("candidate %d: %s", i, row)
		}
	}
	op, err := src.PlanRollback(t.Context(), ref, core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	if op.Plan.Command.String() != "kubectl -n "+ns+" --context "+src.scope+" rollout undo deployment/web --to-revision=1" || len(op.Plan.Diff) == 0 || op.Plan.Blind {
		t.Errorf("%+v", op.Plan)
	}
	mentions(t, op.Plan, "revision: 3 → 1", "r.local/web:v3 → r.local/web:v1", "2 pods are replaced", "image r.local/web:v1", "last applied")
	if cut.sent != 0 {
		t.Error("planning sent a change")
	}
	bring(t, op, nil)
	if got := image(t, c, ns, "deployment/web"); got != "r.local/web:v1" || cut.sent != 1 {
		t.Errorf("runs %s, %d sent", got, cut.sent)
	}
	if got := kubectl(t, c, "-n", ns, "get", "deployment/web", "-o", `jsonpath={.metadata.annotations.kubernetes\.io/change-cause}`); got != "image r.local/web:v1" {
		t.Errorf("change cause %q", got)
	}
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{To: "4"}); !isProblem(err, core.Refused) {
		t.Errorf("back to what runs: %v", err)
	}
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{To: "1"}); !isProblem(err, core.NotFound) {
		t.Errorf("a number that was given anew: %v", err)
	}
	// What was bad comes back, though meanwhile its number is another.
	kubectl(t, c, "-n", ns, "rollout", "undo", "deployment/web", "--to-revision=3")
	kubectl(t, c, "-n", ns, "rollout", "undo", "deployment/web")
	rolledOut(t, c, ns, "deployment/web")
	back, err := src.PlanRollback(t.Context(), ref, core.Rollback{To: op.Plan.Inverse.Params["to"]})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, back.Plan, "not known to work", "r.local/web:v1 → r.local/web:v3")
	if err := back.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if got := image(t, c, ns, "deployment/web"); got != "r.local/web:v3" {
		t.Errorf("undone, it runs %s", got)
	}
}

// TestRollbackOfWhatTheControllerGaveUp: its verdict is on the rollout before,
// also while nothing of the new one can be seen yet.
func TestRollbackOfWhatTheControllerGaveUp(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	for _, strategy := range []string{"RollingUpdate", "Recreate"} {
		name := strings.ToLower(strategy)
		yaml := func(tag, fail string) string {
			return strings.Replace(appYAML("Deployment", name, "r.local/web:"+tag, fail, 2), "spec:\n", "spec:\n  progressDeadlineSeconds: 2\n  strategy: {type: "+strategy+"}\n", 1)
		}
		put(t, c, ns, yaml("v1", ""))
		rolledOut(t, c, ns, "deployment/"+name)
		put(t, c, ns, yaml("v2", cluster.ImagePullBackOff))
		kubectl(t, c, "-n", ns, "wait", "deployment/"+name, "--for=jsonpath={.status.conditions[?(@.type==\"Progressing\")].reason}=ProgressDeadlineExceeded", "--timeout=30s")
		op, err := src.PlanRollback(t.Context(), at(src, "deployment", ns, name), core.Rollback{})
		bring(t, op, err)
		if got := kubectl(t, c, "-n", ns, "get", "deployment/"+name, "-o", "jsonpath={.status.readyReplicas} {.status.updatedReplicas}"); got != "2 2" {
			t.Errorf("%s: %s", strategy, got)
		}
	}
}

// TestRollbackOfSets, asked for on a pod too, and taken back.
func TestRollbackOfSets(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	for _, kind := range []string{"StatefulSet", "DaemonSet"} {
		name := strings.ToLower(kind)
		object := name + "/" + name
		put(t, c, ns, appYAML(kind, name, "r.local/a:v1", "", 2))
		rolledOut(t, c, ns, object)
		put(t, c, ns, appYAML(kind, name, "r.local/a:v2", "", 2))
		rolledOut(t, c, ns, object)
		pod := kubectl(t, c, "-n", ns, "get", "pods", "-l", "app="+name, "-o", "jsonpath={.items[0].metadata.name}")
		op, err := src.PlanRollback(t.Context(), at(src, "pod", ns, pod), core.Rollback{})
		if err != nil {
			t.Fatal(err)
		}
		if op.Plan.From.Name != pod || op.Plan.Target.Kind != name {
			t.Errorf("from %v to %v", op.Plan.From, op.Plan.Target)
		}
		mentions(t, op.Plan, "revision: 2 → 1", "r.local/a:v2 → r.local/a:v1")
		bring(t, op, nil)
		if got := image(t, c, ns, object); got != "r.local/a:v1" {
			t.Errorf("%s runs %s", kind, got)
		}
		takeBack(t, src, op.Plan)
		if got := image(t, c, ns, object); got != "r.local/a:v2" {
			t.Errorf("undone, %s runs %s", kind, got)
		}
		form, err := src.Form(t.Context(), core.VerbRollback, at(src, name, ns, name))
		if err != nil || len(form.Fields[0].Choices) != 2 {
			t.Errorf("%v, %+v", err, form)
		} else if cells := form.Fields[0].Choices[0].Cells; cells[4].String() == "0" {
			t.Errorf("no pods of the present revision of %s: %v", kind, cells)
		}
	}
}

// TestApplyAfterRollbackLeavesNothingStale: what a rollback brings back and the
// next apply does not know goes away again.
func TestApplyAfterRollbackLeavesNothingStale(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	manifest := func(image, env, more string) string {
		return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {note: %q}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: main, image: %q, env: [%s]%s}
`, image, image, env, more)
	}
	v1 := manifest("r.local/w:v1", `{name: KEEP, value: "1"}, {name: GONE, value: "2"}`, `, args: [--old, --both], workingDir: /old, ports: [{containerPort: 80}, {containerPort: 81}]`)
	v2 := manifest("r.local/w:v2", `{name: KEEP, value: "3"}`, `, ports: [{containerPort: 80}]`)
	template := func() string {
		return kubectl(t, c, "-n", ns, "get", "deployment/web", "-o", "jsonpath={.spec.template}")
	}
	put(t, c, ns, v1)
	rolledOut(t, c, ns, "deployment/web")
	first := template()
	put(t, c, ns, v2)
	rolledOut(t, c, ns, "deployment/web")
	second := template()
	op, err := src.PlanRollback(t.Context(), at(src, "deployment", ns, "web"), core.Rollback{})
	bring(t, op, err)
	if got := template(); got != first {
		t.Errorf("rolled back:\n%s\nwant\n%s", got, first)
	}
	put(t, c, ns, v2)
	if got := template(); got != second {
		t.Errorf("applied again:\n%s\nwant\n%s", got, second)
	}
	// And back again by undo's way: rolled forward, an apply of the old one holds too.
	op, err = src.PlanRollback(t.Context(), at(src, "deployment", ns, "web"), core.Rollback{})
	bring(t, op, err)
	takeBack(t, src, op.Plan)
	put(t, c, ns, v1)
	if got := template(); got != first {
		t.Errorf("the old one applied:\n%s\nwant\n%s", got, first)
	}
}

// TestRollbackIsRefused where it cannot hold or what was seen has gone, and
// a lost answer is read back.
func TestRollbackIsRefused(t *testing.T) {
	c, src, cut, ns := verbWorld(t)
	ref := at(src, "deployment", ns, "web")
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v1", "", 1))
	rolledOut(t, c, ns, "deployment/web")
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{}); !isProblem(err, core.Refused) {
		t.Errorf("without history: %v", err)
	}
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v2", "", 1))
	rolledOut(t, c, ns, "deployment/web")
	plan := func() *core.Operation {
		t.Helper()
		op, err := src.PlanRollback(t.Context(), ref, core.Rollback{})
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	changed := plan()
	kubectl(t, c, "-n", ns, "set", "env", "deployment/web", "X=1")
	if err := changed.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("changed meanwhile: %v", err)
	}
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{To: "9"}); !isProblem(err, core.NotFound) {
		t.Errorf("a revision that is not there: %v", err)
	}
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{Via: "helm"}); !isProblem(err, core.Invalid) {
		t.Errorf("via helm without helm: %v", err)
	}
	rolledOut(t, c, ns, "deployment/web")
	lost := plan()
	cut.cut = true
	if err := lost.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Errorf("a lost answer: %v", err)
	}
	cut.cut = false
	if out, err := lost.Verify(t.Context(), func(core.Progress) {}); err != nil || out != core.OutcomeHealthy || cut.sent != 1 {
		t.Errorf("%v, %v, %d sent", out, err, cut.sent)
	}
	kubectl(t, c, "-n", ns, "rollout", "pause", "deployment/web")
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{}); !isProblem(err, core.Refused) {
		t.Errorf("paused: %v", err)
	}
}

// TestRollbackNamesWhoPutsItBack, by the owners' own objects.
func TestRollbackNamesWhoPutsItBack(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v1", "", 1))
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v2", "", 1))
	rolledOut(t, c, ns, "deployment/web")
	crd := func(group, version, kind, plural string) string {
		return fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[4]s.%[1]s}
spec: {group: %[1]s, scope: Namespaced, names: {kind: %[3]s, plural: %[4]s}, versions: [{name: %[2]s, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}
---`, group, version, kind, plural)
	}
	put(t, c, "", crd("argoproj.io", "v1alpha1", "Application", "applications")+crd("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"))
	kubectl(t, c, "wait", "--for=condition=Established", "crd/applications.argoproj.io", "crd/kustomizations.kustomize.toolkit.fluxcd.io")
	app := "app-" + ns
	put(t, c, ns, fmt.Sprintf(`
{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: %s}, spec: {syncPolicy: {automated: {selfHeal: true}}}}
---
{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: shop}, spec: {suspend: true}}
`, app))
	kubectl(t, c, "-n", ns, "annotate", "deployment/web", "argocd.argoproj.io/tracking-id="+app+":apps/Deployment:x/web", "meta.helm.sh/release-name=shop")
	kubectl(t, c, "-n", ns, "label", "deployment/web", "kustomize.toolkit.fluxcd.io/name=shop", "kustomize.toolkit.fluxcd.io/namespace="+ns)
	op, err := src.PlanRollback(t.Context(), at(src, "deployment", ns, "web"), core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "auto-sync with self-heal", "kustomization shop, suspended", "release shop", "via=helm")
	form, err := src.Form(t.Context(), core.VerbRollback, op.Plan.Target)
	if err != nil || len(form.Fields) != 2 || form.Fields[1].Name != "via" || len(form.Fields[1].Choices) != 2 {
		t.Errorf("%v, %+v", err, form)
	}
	put(t, c, ns, fmt.Sprintf("{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: %s}, spec: {syncPolicy: null}}", app))
	if op, err = src.PlanRollback(t.Context(), op.Plan.Target, core.Rollback{}); err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "syncs only when asked")
}

// TestRolloutCommandsSayWhatTheyDo: pasted for a twin, they end in the same.
func TestRolloutCommandsSayWhatTheyDo(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	for _, name := range []string{"ours", "theirs"} {
		for _, tag := range []string{"v1", "v2"} {
			put(t, c, ns, appYAML("Deployment", name, "r.local/x:"+tag, "", 1))
			rolledOut(t, c, ns, "deployment/"+name)
		}
	}
	kubectlArgs := func(command string) []string {
		return strings.Fields(strings.ReplaceAll(strings.TrimPrefix(command, "kubectl "), "/ours", "/theirs"))
	}
	plans := map[string]func() (*core.Operation, error){
		"rollback": func() (*core.Operation, error) {
			return src.PlanRollback(t.Context(), at(src, "deployment", ns, "ours"), core.Rollback{})
		},
		"set image": func() (*core.Operation, error) {
			return src.PlanDeploy(t.Context(), at(src, "deployment", ns, "ours"), core.Deploy{Image: "main=r.local/x:v3"})
		},
		"scale": func() (*core.Operation, error) {
			return src.PlanScale(t.Context(), at(src, "deployment", ns, "ours"), 3)
		},
		"pause": func() (*core.Operation, error) { return src.PlanPause(t.Context(), at(src, "deployment", ns, "ours")) },
	}
	for _, what := range slices.Sorted(maps.Keys(plans)) {
		if what == "pause" {
			continue // a paused deployment would hold the others up
		}
		op, err := plans[what]()
		bring(t, op, err)
		kubectl(t, c, kubectlArgs(op.Plan.Command.String())...)
		if ours, theirs := shape(t, c, ns, "ours"), shape(t, c, ns, "theirs"); ours != theirs {
			t.Errorf("%s:\n%s\nthe command:\n%s", what, ours, theirs)
		}
	}
	op, err := plans["pause"]()
	bring(t, op, err)
	kubectl(t, c, kubectlArgs(op.Plan.Command.String())...)
	if ours, theirs := shape(t, c, ns, "ours"), shape(t, c, ns, "theirs"); ours != theirs || !strings.Contains(ours, `"paused":true`) {
		t.Errorf("pause:\n%s\nthe command:\n%s", ours, theirs)
	}
}

// shape is a deployment's spec and change cause, whatever its name.
func shape(t *testing.T, c *cluster.Cluster, ns, name string) string {
	t.Helper()
	out := kubectl(t, c, "-n", ns, "get", "deployment/"+name, "-o", `jsonpath={.spec}{.metadata.annotations.kubernetes\.io/change-cause}`)
	return strings.ReplaceAll(out, name, "NAME")
}
