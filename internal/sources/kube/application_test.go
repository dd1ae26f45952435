package kube

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/cluster"
)

const (
	revOne = "a099976ad1b3a968bfa8af414561fb7aae44c220"
	revTwo = cluster.GitHead
)

func applicationYAML(ns, name, project, policy string, annotations ...string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: %[2]s, annotations: {%[5]s}}
spec:
  project: %[3]s
  source: {repoURL: "https://git.acme.test/shop/web.git", path: deploy, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: %[1]s}
  syncPolicy: {%[4]s syncOptions: ["CreateNamespace=true"]}
status:
  sync: {status: OutOfSync, revision: %[6]s, comparedTo: {source: {repoURL: "https://git.acme.test/shop/web.git"}, destination: {namespace: %[1]s}}}
  health: {status: Healthy}
  reconciledAt: "2026-11-22T08:56:27Z"
  resources:
  - {group: apps, version: v1, kind: Deployment, namespace: %[1]s, name: web, status: OutOfSync, health: {status: Healthy}}
  - {version: v1, kind: ConfigMap, namespace: %[1]s, name: old, status: OutOfSync, requiresPruning: true}
  history:
  - {id: 0, revision: %[7]s, deployedAt: "2026-11-22T08:56:19Z", source: {repoURL: "https://git.acme.test/shop/web.git", path: deploy, targetRevision: main}, initiatedBy: {username: kim}}
  - {id: 1, revision: %[6]s, deployedAt: "2026-11-22T08:57:19Z", source: {repoURL: "https://git.acme.test/shop/web.git", path: deploy, targetRevision: main}, initiatedBy: {automated: true}}
`, ns, name, project, policy, strings.Join(annotations, ", "), revTwo, revOne)
}

const automated = "automated: {prune: true, selfHeal: true},"

func applicationWorld(t *testing.T) (*cluster.Cluster, *Source, *cutter, *memory, string) {
	t.Helper()
	c, src, cut, m, ns := argoWorld(t, kindApplication)
	put(t, c, ns, "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default}\nspec: {sourceRepos: ['*']}")
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v1", "", 1))
	c.ActAsArgoCD(t, ns)
	return c, src, cut, m, ns
}

func TestApplicationIsSynced(t *testing.T) {
	c, src, cut, m, ns := applicationWorld(t)
	put(t, c, ns, applicationYAML(ns, "shop", "default", ""))
	r := reach(t, m, kindApplication, ns, "shop", "OutOfSync")
	if r.Phase != core.Degraded || cellOf(src, r, "commit").Text.String() != "a15c8d5" || r.Facts.Repo != "git.acme.test/shop/web" {
		t.Errorf("%+v, %+v", r, r.Facts)
	}
	if src.Disabled(core.VerbCancel, r).Empty() || !src.Disabled(core.VerbDeploy, r).Empty() || src.Disabled(core.VerbPause, r).Empty() {
		t.Error("what can be done does not follow the state")
	}
	o, err := src.Outline(t.Context(), r.Ref)
	if err != nil || len(o.Nodes) != 2 || o.Nodes[0].Ref != at(src, "deployment", ns, "web") {
		t.Fatalf("%v, %+v", err, o)
	}
	if got, err := src.Get(t.Context(), o.Nodes[0].Ref); err != nil || got.Ref.Kind != "deployment" {
		t.Errorf("the resource leads nowhere: %v", err)
	}
	// What the cluster knows of the difference: what was changed since it was applied.
	kubectl(t, c, "-n", ns, "set", "image", "deployment/web", "main=r.local/web:hand")
	doc, err := src.Diff(t.Context(), r.Ref)
	diff := ""
	for _, l := range doc.Lines {
		diff += l.String() + "\n"
	}
	for _, want := range []string{"r.local/web:hand", "r.local/web:v1", "API server only", "a sync with prune deletes it"} {
		if err != nil || !strings.Contains(diff, want) {
			t.Errorf("%v, the comparison lacks %q:\n%s", err, want, diff)
		}
	}
	if strings.Contains(diff, "dnsPolicy") {
		t.Errorf("it has the server's defaults:\n%s", diff)
	}
	form, err := src.Form(t.Context(), core.VerbDeploy, r.Ref)
	if err != nil || len(form.Fields) != 5 || form.Fields[0].Value != "main" || len(form.Fields[4].Choices) != 3 {
		t.Fatalf("%v, %+v", err, form)
	}
	op, err := src.PlanDeploy(t.Context(), r.Ref, core.Deploy{Options: map[string]string{"prune": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "a15c8d5 → main", "1 are not in Git any more and are deleted: ConfigMap old", "U rolls back to deployment 1")
	if op.Plan.Danger != 2 || op.Plan.Blind || cut.sent != 0 || len(op.Plan.Diff) == 0 || !strings.Contains(op.Plan.Command.String(), `patch applications.argoproj.io shop --type=merge -p '{"operation":{"sync":{`) {
		t.Errorf("%+v", op.Plan)
	}
	bring(t, op, nil)
	if cut.sent != 1 {
		t.Errorf("%d changes sent", cut.sent)
	}
	r = reach(t, m, kindApplication, ns, "shop", "Synced")
	if r.Phase != core.Running || !strings.Contains(r.Facts.Actor, "devops-tui") {
		t.Errorf("%+v", r.Facts)
	}
	a, err := src.application(t.Context(), r.Ref)
	if err != nil || len(a.Status.History) != 3 || a.Operation != nil {
		t.Fatalf("%v, %+v", err, a)
	}
	// What was asked for has the form of what Argo CD's own API server asked for.
	_, live, err := src.fetch(t.Context(), r.Ref)
	if err != nil {
		t.Fatal(err)
	}
	sent := live.sub("status", "operationState", "operation")
	if got := sent.keys(); !slices.Equal(got, []string{"info", "initiatedBy", "sync"}) {
		t.Errorf("the operation has %v", got)
	}
	if got := sent.sub("sync").keys(); !slices.Equal(got, []string{"prune", "source", "syncOptions", "syncStrategy"}) {
		t.Errorf("the sync has %v", got)
	}
	if hist, err := src.History(t.Context(), r.Ref); err != nil || !strings.Contains(hist.Lines[0].String(), "(now)") {
		t.Errorf("%v, %v", err, hist.Lines)
	}
}

func TestApplicationSyncFails(t *testing.T) {
	c, src, cut, m, ns := applicationWorld(t)
	put(t, c, ns, applicationYAML(ns, "shop", "default", "", `test/fail: "yes"`))
	ref := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{Options: map[string]string{"resources": "apps:Deployment:web"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	out, err := op.Verify(t.Context(), func(core.Progress) {})
	if out != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "one or more objects failed") {
		t.Errorf("%v, %v", out, err)
	}
	r := reach(t, m, kindApplication, ns, "shop", "SyncFailed")
	e, err := src.Explain(t.Context(), r.Ref)
	if err != nil || e.At != at(src, "deployment", ns, "web") || !strings.Contains(e.Annotations[1].Message.String(), "admission webhook denied") {
		t.Errorf("%v, %+v", err, e)
	}
	// The same again, with the same resources, now that it goes.
	kubectl(t, c, "-n", ns, "annotate", "application/shop", "test/fail-")
	op, err = src.PlanRerun(t.Context(), r.Ref, core.Rerun{})
	bring(t, op, err)
	a, err := src.application(t.Context(), ref)
	if err != nil || len(a.Status.State.Operation.Sync.Resources) != 1 || cut.sent != 2 {
		t.Errorf("%v, %+v, %d sent", err, a.Status.State.Operation, cut.sent)
	}
}

func TestApplicationOperationIsTerminated(t *testing.T) {
	c, src, cut, m, ns := applicationWorld(t)
	put(t, c, ns, applicationYAML(ns, "shop", "default", "", `test/hold: "yes"`))
	ref := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	if _, err := src.PlanCancel(t.Context(), ref, core.Cancel{}); !isProblem(err, core.Refused) {
		t.Errorf("nothing to terminate: %v", err)
	}
	op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	r := reach(t, m, kindApplication, ns, "shop", "Syncing")
	if src.Disabled(core.VerbDeploy, r).Empty() || !src.Disabled(core.VerbCancel, r).Empty() {
		t.Error("what can be done does not follow the operation")
	}
	for what, plan := range map[string]func() (*core.Operation, error){
		"sync":     func() (*core.Operation, error) { return src.PlanDeploy(t.Context(), ref, core.Deploy{}) },
		"rollback": func() (*core.Operation, error) { return src.PlanRollback(t.Context(), ref, core.Rollback{To: "0"}) },
		"rerun":    func() (*core.Operation, error) { return src.PlanRerun(t.Context(), ref, core.Rerun{}) },
	} {
		if _, err := plan(); !isProblem(err, core.Refused) || !strings.Contains(err.Error(), "in progress") {
			t.Errorf("%s during an operation: %v", what, err)
		}
	}
	// A plan made before is not carried out over somebody else's operation.
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) || cut.sent != 1 {
		t.Errorf("%v, %d sent", err, cut.sent)
	}
	end, err := src.PlanCancel(t.Context(), ref, core.Cancel{})
	bring(t, end, err)
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeFailed || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("the sync that was terminated: %v, %v", out, err)
	}
}

func TestApplicationRollback(t *testing.T) {
	c, src, cut, m, ns := applicationWorld(t)
	put(t, c, ns, applicationYAML(ns, "shop", "default", automated))
	r := reach(t, m, kindApplication, ns, "shop", "OutOfSync")
	if got := cellOf(src, r, "auto").Text.String(); got != "on, prune, self-heal" {
		t.Errorf("auto-sync %s", got)
	}
	ref := r.Ref
	_, err := src.PlanRollback(t.Context(), ref, core.Rollback{})
	var p *core.Problem
	if !errors.As(err, &p) || p.Kind != core.Refused || !strings.Contains(p.Summary.String(), "auto-sync") || !strings.Contains(p.Hint.String(), "git revert a099976..a15c8d5") {
		t.Fatalf("with auto-sync on: %v", err)
	}
	if _, err := src.PlanDeploy(t.Context(), ref, core.Deploy{Revision: "v9"}); !isProblem(err, core.Refused) {
		t.Errorf("another revision with auto-sync on: %v", err)
	}
	form, err := src.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || len(form.Fields) != 3 || form.Fields[0].Value != "0" || form.Fields[1].Name != "auto-sync" || !strings.Contains(form.Note.String(), "git revert") {
		t.Fatalf("%v, %+v", err, form)
	}
	op, err := src.PlanRollback(t.Context(), ref, core.Rollback{Options: map[string]string{"auto-sync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "deployment: 1, a15c8d5 → 0, a099976", "auto-sync: on, prune, self-heal → off", "git revert a099976..a15c8d5", "U switches auto-sync (prune, self-heal) on again")
	if cut.sent != 0 {
		t.Error("planning sent a change")
	}
	bring(t, op, nil)
	if cut.sent != 1 {
		t.Errorf("%d changes sent", cut.sent)
	}
	a, err := src.application(t.Context(), ref)
	if err != nil || a.AutoSync() || a.Deployed().Revision != revOne || !a.Spec.SyncPolicy.Automated.SelfHeal {
		t.Errorf("%v, %+v", err, a)
	}
	reach(t, m, kindApplication, ns, "shop", "OutOfSync")
	takeBack(t, src, op.Plan)
	if a, err := src.application(t.Context(), ref); err != nil || !a.AutoSync() || !a.Spec.SyncPolicy.Automated.Prune {
		t.Errorf("%v, %+v", err, a.Spec.SyncPolicy)
	}
	// Without auto-sync the way back is a rollback too.
	op, err = src.PlanPause(t.Context(), ref)
	bring(t, op, err)
	op, err = src.PlanRollback(t.Context(), ref, core.Rollback{To: "1"})
	bring(t, op, err)
	takeBack(t, src, op.Plan)
	if a, err := src.application(t.Context(), ref); err != nil || a.Deployed().Revision != revOne || a.AutoSync() {
		t.Errorf("%v, %+v", err, a)
	}
}

func TestApplicationRefusals(t *testing.T) {
	c, src, cut, m, ns := applicationWorld(t)
	put(t, c, ns, "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: frozen}\nspec: {sourceRepos: ['*'], syncWindows: [{kind: deny, schedule: '* * * * *', duration: 1h, applications: ['*'], description: the freeze}]}")
	put(t, c, ns, applicationYAML(ns, "frozen", "frozen", ""))
	put(t, c, ns, applicationYAML(ns, "shop", "default", ""))
	frozen := reach(t, m, kindApplication, ns, "frozen", "OutOfSync").Ref
	ref := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	if _, err := src.PlanDeploy(t.Context(), frozen, core.Deploy{}); !isProblem(err, core.Refused) || !strings.Contains(err.Error(), "the freeze") {
		t.Errorf("the window is closed: %v", err)
	}
	if o, err := src.Outline(t.Context(), frozen); err != nil || !strings.Contains(o.Note.String(), "the freeze") {
		t.Errorf("%v, %s", err, o.Note)
	}
	for name, what := range map[string]core.Deploy{
		"an image":  {Image: "web:2"},
		"an option": {Options: map[string]string{"prnue": "true"}},
	} {
		if _, err := src.PlanDeploy(t.Context(), ref, what); !isProblem(err, core.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := src.PlanDeploy(t.Context(), ref, core.Deploy{Options: map[string]string{"resources": "apps:Deployment:nobody"}}); !isProblem(err, core.NotFound) {
		t.Errorf("a resource that it has not: %v", err)
	}
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{To: "7"}); !isProblem(err, core.NotFound) {
		t.Errorf("a deployment that it has not: %v", err)
	}
	gate := &sources.Gate{}
	quiet := over(t, c.Kubeconfig, gate)
	op, err := quiet.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || cut.sent != 0 {
		t.Errorf("read-only: %v", err)
	}
	// The answer is lost, and what became of it is read back by its mark.
	op, err = src.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	cut.cut = true
	err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
	cut.cut = false
	if !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Fatal(err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeHealthy || cut.sent != 1 {
		t.Errorf("%v, %v, %d sent", out, err, cut.sent)
	}
}

// TestApplicationWithoutAController: where only the definitions are installed,
// the change says that nobody acts on it, and can be taken back.
func TestApplicationWithoutAController(t *testing.T) {
	c, src, _, m, ns := argoWorld(t, kindApplication)
	src.unheard = time.Second
	put(t, c, ns, applicationYAML(ns, "shop", "default", ""))
	ref := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	out, err := op.Verify(t.Context(), func(core.Progress) {})
	if out != core.OutcomeUnknown || err == nil || !strings.Contains(err.Error(), "nobody acts on it: no application controller answered within 1s") {
		t.Errorf("%v, %v", out, err)
	}
	reach(t, m, kindApplication, ns, "shop", "SyncRequested")
	op, err = src.PlanCancel(t.Context(), ref, core.Cancel{})
	bring(t, op, err)
	reach(t, m, kindApplication, ns, "shop", "OutOfSync")
}

// TestNoArgo: a cluster without Argo shows nothing of it and complains about
// nothing.
func TestNoArgo(t *testing.T) {
	c := cluster.Shared(t)
	src := over(t, c.Kubeconfig, &sources.Gate{})
	m := start(t, src, core.Interest{Kinds: []string{kindApplication, kindRollout, "namespace"}})
	m.await(t, "the namespaces", 20*time.Second, func() bool { return len(m.rows["namespace"]) > 0 && len(src.kinds.found()) > 0 })
	m.do(func() {
		for kind, p := range m.problems {
			if p != nil {
				t.Errorf("%s: %v", kind, p)
			}
		}
	})
	if k := src.kinds.get(kindApplication); k != nil {
		t.Errorf("%+v", k)
	}
}

// TestApplicationSecrets: what a chart gets under a secret's name is in no
// document, no plan and no command line.
func TestApplicationSecrets(t *testing.T) {
	c, src, _, m, ns := applicationWorld(t)
	const canary = "hunter2-canary"
	helm := `helm: {parameters: [{name: db.password, value: ` + canary + `}], values: "db:\n  password: ` + canary + `\n  port: 5432\ntoken:\n  - ` + canary + `\n", valuesObject: {auth: ` + canary + `, db: {apiKey: ` + canary + `}}}, targetRevision: main`
	put(t, c, ns, strings.ReplaceAll(applicationYAML(ns, "shop", "default", ""), "targetRevision: main}", helm+"}"))
	ref := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	var all []string
	note := func(what string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if strings.Contains(fmt.Sprint(v), canary) {
			t.Errorf("%s has the secret", what)
		}
		all = append(all, fmt.Sprint(v))
	}
	doc, err := src.Manifest(t.Context(), ref)
	note("the manifest", doc, err)
	if !strings.Contains(fmt.Sprint(doc), "5432") {
		t.Error("the manifest lacks what is no secret")
	}
	doc, err = src.Describe(t.Context(), ref)
	note("the description", doc, err)
	doc, err = src.History(t.Context(), ref)
	note("the history", doc, err)
	doc, err = src.Diff(t.Context(), ref)
	note("the comparison", doc, err)
	op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{})
	note("a sync", op.Plan, err)
	bring(t, op, err)
	op, err = src.PlanRerun(t.Context(), ref, core.Rerun{})
	note("a retry", op.Plan, err)
	op, err = src.PlanRollback(t.Context(), ref, core.Rollback{To: "0"})
	note("a rollback", op.Plan, err)
	bring(t, op, err)
	_, live, err := src.fetch(t.Context(), ref)
	if err != nil || !strings.Contains(scalar(live.at("status", "operationState", "operation", "sync", "source")), canary) {
		t.Errorf("%v: the chart does not get its parameters", err)
	}
}

// TestApplicationIsEdited: a status that changes all the time keeps nobody from
// changing the spec, though both share a generation.
func TestApplicationIsEdited(t *testing.T) {
	c, src, _, m, ns := argoWorld(t, kindApplication)
	put(t, c, ns, applicationYAML(ns, "shop", "default", ""))
	ref := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	before, err := src.Definition(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	op, err := src.PlanEdit(t.Context(), ref, before, bytes.ReplaceAll(before, []byte("path: deploy"), []byte("path: other")))
	if err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", ns, "patch", "application/shop", "--type=merge", "-p", `{"status":{"reconciledAt":"2026-11-22T09:56:27Z"}}`)
	bring(t, op, nil)
	if a, err := src.application(t.Context(), ref); err != nil || a.Spec.Source.Path != "other" {
		t.Errorf("%v, %+v", err, a.Spec.Source)
	}
	// With the finalizer, deleting it deletes what it manages.
	kubectl(t, c, "-n", ns, "patch", "application/shop", "--type=merge", "-p", `{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}`)
	op, err = src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "Argo CD deletes the 2 resources that it manages")
	kubectl(t, c, "-n", ns, "patch", "application/shop", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
}
