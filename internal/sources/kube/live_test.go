package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// TestRowsAgreeWithKubectl compares every pod's row with kubectl's own table.
func TestRowsAgreeWithKubectl(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	for _, w := range []cluster.Workload{
		{Name: "good", Replicas: 3},
		{Name: "crash", Replicas: 2, Fail: cluster.CrashLoopBackOff},
		{Name: "oom", Replicas: 1, Fail: cluster.CrashLoopBackOff, Reason: "OOMKilled", ExitCode: 137},
		{Name: "image", Replicas: 1, Fail: cluster.ImagePullBackOff},
		{Name: "sick", Replicas: 1, Fail: cluster.NotReady},
	} {
		w.Namespace = ns
		deploy(t, c, w)
	}
	if err := c.Apply(t.Context(), ns, `
apiVersion: v1
kind: Pod
metadata: {name: big}
spec: {containers: [{name: main, image: x, resources: {requests: {cpu: "4000"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec: {schedulingGates: [{name: example.com/wait}], containers: [{name: main, image: x}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {template: {metadata: {annotations: {test/complete-delay: 100ms}}, spec: {restartPolicy: Never, containers: [{name: main, image: x}]}}}
`); err != nil {
		t.Fatal(err)
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	m := start(t, src, core.Interest{Kinds: []string{"deployment", "job", "pod", "replicaset"}, Namespaces: []string{ns}})
	// Our word is truer than kubectl's where that has none.
	ours := map[string]string{"NotReady": "Running", "OOMKilled": "Running", "Unschedulable": "Pending"}
	testkit.Poll(t, 20*time.Second, func() error {
		out, err := c.Kubectl(t.Context(), "-n", ns, "get", "pods", "--no-headers")
		if err != nil {
			return err
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(lines) != 11 || len(m.rows["pod"]) != len(lines) {
			return fmt.Errorf("kubectl has %d pods, we have %d", len(lines), len(m.rows["pod"]))
		}
		words := map[string]bool{}
		for _, l := range lines {
			f := strings.Fields(l) // NAME READY STATUS RESTARTS AGE
			r := m.row("pod", ns, f[0])
			if r == nil {
				return fmt.Errorf("no row for %s", f[0])
			}
			word := r.Reason.String()
			words[word] = true
			if word != f[2] && ours[word] != f[2] || r.Cells[1].Text.String() != f[1] || r.Cells[3].Text.String() != f[3] {
				return fmt.Errorf("kubectl: %s; we: %s %s %s", l, r.Cells[1].Text, word, r.Cells[3].Text)
			}
		}
		for _, w := range []string{"Running", "CrashLoopBackOff", "ImagePullBackOff", "NotReady", "Unschedulable", "SchedulingGated", "Completed"} {
			if !words[w] {
				return fmt.Errorf("no pod is %s: %v", w, words)
			}
		}
		return nil
	})
	m.await(t, "deployments", 5*time.Second, func() bool {
		good, job := m.row("deployment", ns, "good"), m.row("job", ns, "once")
		return good != nil && good.Reason.String() == "Available" && job != nil && job.Reason.String() == "Complete"
	})
	// A change by somebody else shows at once.
	kubectl(t, c, "-n", ns, "scale", "deployment/good", "--replicas=5")
	m.await(t, "the scaling", 5*time.Second, func() bool {
		d := m.row("deployment", ns, "good")
		return d.Cells[1].Text.String() == "5/5"
	})
	kubectl(t, c, "-n", ns, "delete", "deployment/crash")
	m.await(t, "the deletion", 10*time.Second, func() bool {
		for _, r := range m.rows["pod"] {
			if strings.HasPrefix(r.Ref.Name, "crash") {
				return false
			}
		}
		return m.row("deployment", ns, "crash") == nil
	})
}

const widgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]s.%[2]s}
spec:
  group: %[2]s
  scope: Namespaced
  names: {plural: %[1]s, singular: %[3]s, kind: %[4]s}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    additionalPrinterColumns:
    - {name: Ready, type: string, jsonPath: .spec.ready}
    - {name: Parts, type: integer, jsonPath: .spec.parts}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
`

// TestAnyKind: a CRD shows with the server's own columns, live, and one that
// is called like a built-in kind is told apart by its group.
func TestAnyKind(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	for _, crd := range []string{fmt.Sprintf(widgets, "widgets", "kube.test", "widget", "Widget"), fmt.Sprintf(widgets, "services", "kube.test", "service", "Service")} {
		if err := c.Apply(t.Context(), ns, crd); err != nil {
			t.Fatal(err)
		}
	}
	kubectl(t, c, "wait", "--for=condition=Established", "crd/widgets.kube.test", "crd/services.kube.test", "--timeout=20s")
	widget := func(name, ready string, parts int) {
		testkit.Poll(t, 10*time.Second, func() error {
			return c.Apply(t.Context(), ns, fmt.Sprintf("{apiVersion: kube.test/v1, kind: Widget, metadata: {name: %s}, spec: {ready: %q, parts: %d}}", name, ready, parts))
		})
	}
	widget("one", "True", 3)
	src := over(t, c.Kubeconfig, &sources.Gate{})
	m := start(t, src, core.Interest{Kinds: []string{"service.kube.test", "widget"}, Namespaces: []string{ns}})
	m.await(t, "the widget", 15*time.Second, func() bool { return m.row("widget", ns, "one") != nil && m.listed["service.kube.test/"+ns] })
	k := m.kinds["widget"]
	var ids []string
	for _, col := range k.Columns {
		ids = append(ids, col.ID)
	}
	r := m.row("widget", ns, "one")
	if strings.Join(ids, " ") != "name ready parts age" || r.Phase != core.Running || r.Cells[2].Num != 3 || r.Cells[3].Num == 0 {
		t.Errorf("columns %v, row %+v", ids, r)
	}
	widget("one", "False", 4)
	widget("two", "True", 1)
	m.await(t, "the changes", 5*time.Second, func() bool {
		one := m.row("widget", ns, "one")
		return m.row("widget", ns, "two") != nil && one.Phase == core.Degraded && one.Cells[2].Num == 4
	})
	got, err := src.Get(t.Context(), m.row("widget", ns, "two").Ref)
	if err != nil || got.Ref != m.row("widget", ns, "two").Ref || len(got.Cells) != 4 {
		t.Errorf("Get: %+v, %v", got, err)
	}
	doc, err := src.Describe(t.Context(), got.Ref)
	if err != nil || !strings.Contains(plain(doc), "parts: 1") {
		t.Errorf("Describe: %v\n%s", err, plain(doc))
	}
	kubectl(t, c, "-n", ns, "delete", "widget", "one")
	m.await(t, "the deletion", 5*time.Second, func() bool { return m.row("widget", ns, "one") == nil })
}

func plain(d core.Document) string {
	var out []string
	for _, l := range d.Lines {
		out = append(out, l.String())
	}
	return strings.Join(out, "\n")
}

// TestDocuments looks at a pod as a human does, and that no secret shows.
func TestDocuments(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "crash", Replicas: 1, Fail: cluster.CrashLoopBackOff, Reason: "OOMKilled", ExitCode: 137})
	if err := c.Apply(t.Context(), ns, `
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: canary-7781}
`); err != nil {
		t.Fatal(err)
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	m := start(t, src, core.Interest{Kinds: []string{"pod", "secret"}, Namespaces: []string{ns}})
	var pod, secret core.Ref
	m.await(t, "the crash loop", 20*time.Second, func() bool {
		for _, r := range m.rows["pod"] {
			pod = r.Ref
			if r.Reason.String() == "CrashLoopBackOff" {
				s := m.row("secret", ns, "db")
				if s != nil {
					secret = s.Ref
				}
				return s != nil
			}
		}
		return false
	})
	doc, err := src.Describe(t.Context(), pod)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CrashLoopBackOff", "Container main", "OOMKilled", "exit code 137", "Conditions", "Events", "Scheduled"} {
		if !strings.Contains(plain(doc), want) {
			t.Errorf("Describe does not say %q:\n%s", want, plain(doc))
		}
	}
	events, err := src.Events(t.Context(), pod)
	if err != nil || len(events) < 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for i := 1; i < len(events); i++ {
		if events[i].At > events[i-1].At {
			t.Error("events are not newest first")
		}
	}
	for what, get := range map[string]func(context.Context, core.Ref) (core.Document, error){"Describe": src.Describe, "Manifest": src.Manifest} {
		doc, err := get(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		if s := plain(doc); strings.Contains(s, "canary") || strings.Contains(s, "Y2FuYXJ5") || !strings.Contains(s, "hidden, 11 B") || strings.Contains(s, "managedFields") || strings.Contains(s, "last-applied") {
			t.Errorf("%s of a secret:\n%s", what, s)
		}
	}
	other := pod
	other.UID = "another-life"
	var p *core.Problem
	if _, err := src.Get(t.Context(), other); !errors.As(err, &p) || p.Kind != core.Conflict {
		t.Errorf("Get of a replaced object: %v, want a conflict", err)
	}
}

// TestNarrowUser: somebody with rights in one namespace sees it without saying
// so, is told once what is forbidden, and asks little.
func TestNarrowUser(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 1, Audit: true, Users: map[string][]string{"eve": nil}})
	for _, ns := range []string{"mine", "other"} {
		if err := c.CreateNamespace(t.Context(), ns); err != nil {
			t.Fatal(err)
		}
		deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: 2})
	}
	kubectl(t, c, "-n", "mine", "create", "role", "look", "--verb=get,list,watch", "--resource=pods,deployments.apps,pods/log")
	kubectl(t, c, "-n", "mine", "create", "rolebinding", "look", "--role=look", "--user=eve")
	path, err := c.KubeconfigFor("eve")
	if err != nil {
		t.Fatal(err)
	}
	src := over(t, path, &sources.Gate{})
	src.home = "mine" // as if the context named it
	m := start(t, src, core.Interest{Kinds: []string{"deployment", "node", "pod", "secret"}})
	m.await(t, "her pods", 15*time.Second, func() bool {
		d := m.row("deployment", "mine", "app")
		return len(m.rows["pod"]) == 2 && d != nil && m.problems["node"] != nil && m.problems["secret"] != nil
	})
	if m.problems["pod"] != nil || m.problems["node"].Kind != core.Forbidden || m.told["node"] != 1 || m.told["secret"] != 1 {
		t.Errorf("problems: %v, told %v", m.problems, m.told)
	}
	testkit.PollTrue(t, 5*time.Second, "the reason why R is off", func() bool {
		return src.Disabled("restart", m.row("deployment", "mine", "app")).String() == "RBAC: cannot patch deployments in mine"
	})
	op, err := src.PlanRestart(t.Context(), m.row("deployment", "mine", "app").Ref)
	if err != nil || !strings.Contains(op.Plan.Preview.String(), "forbidden") {
		t.Errorf("a plan without permission: %v, %v", op, err)
	}
	events, err := c.Audit(t.Context(), "eve")
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]int{}
	for _, e := range events {
		if e.Mutates() && !strings.Contains(e.RequestURI, "dryRun=All") {
			t.Errorf("a change was sent: %v", e)
		}
		if e.ResponseStatus.Code == 403 && e.Verb == "list" {
			refused[e.ObjectRef.Resource]++
		}
	}
	for resource, n := range refused {
		if n > 2 && resource != "namespaces" {
			t.Errorf("%d refused lists of %s", n, resource)
		}
	}
	for _, f := range src.Diagnose(t.Context()) {
		if f.Level == core.FindingProblem {
			t.Errorf("doctor: %s", f.Text)
		}
	}
}

// TestUsage: values, requests and limits from the real metrics server; without
// it a reason.
func TestUsage(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 1})
	if err := c.CreateNamespace(t.Context(), "load"); err != nil {
		t.Fatal(err)
	}
	deploy(t, c, cluster.Workload{Namespace: "load", Name: "app", Replicas: 1, CPU: "250m", Memory: "64Mi"})
	src := over(t, c.Kubeconfig, &sources.Gate{})
	m := start(t, src, core.Interest{Kinds: []string{"deployment", "node", "pod"}, Usage: true})
	m.await(t, "the reason why there is none", 20*time.Second, func() bool { return m.noUsage != nil })
	if s := m.noUsage.Summary.String(); !strings.HasPrefix(s, "no metrics: metrics.k8s.io is not installed") || m.noUsage.Hint.Empty() {
		t.Errorf("%v", m.noUsage)
	}
	if testing.Short() {
		return
	}
	if err := c.StartMetrics(t.Context()); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", "load", "set", "resources", "deployment/app", "--requests=cpu=100m,memory=32Mi", "--limits=cpu=500m,memory=128Mi")
	src.Wake()
	m.await(t, "usage", 90*time.Second, func() bool {
		for _, r := range m.rows["pod"] {
			u, ok := m.usages[r.Ref.Path()]
			if ok && u.Ref == r.Ref && u.Values[core.CPUUsed] > 200 && u.Values[core.MemUsed] > 60<<20 && u.Values[core.CPULimit] == 500 && u.Values[core.MemRequest] == 32<<20 {
				return m.noUsage == nil
			}
		}
		return false
	})
	m.await(t, "the deployment's sum", 30*time.Second, func() bool {
		u, ok := m.usages["deployment/load/app"]
		return ok && u.Ref == m.row("deployment", "load", "app").Ref && u.Values[core.CPUUsed] > 200 && u.Values[core.CPULimit] == 500
	})
	m.await(t, "node usage", 30*time.Second, func() bool {
		u, ok := m.usages["node/node-0"]
		return ok && u.Values[core.CPULimit] > 0
	})
}

// TestNamespaces: only what is wanted is kept, through every change of mind.
func TestNamespaces(t *testing.T) {
	c := cluster.Shared(t)
	one, two := c.Namespace(t), c.Namespace(t)
	for _, ns := range []string{one, two} {
		deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: 1})
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	src.linger = 300 * time.Millisecond
	want := func(ns ...string) { src.Want(core.Interest{Kinds: []string{"deployment"}, Namespaces: ns}) }
	m := start(t, src, core.Interest{Kinds: []string{"deployment"}, Namespaces: []string{one}})
	has := func(in ...string) func() bool {
		return func() bool {
			for _, ns := range []string{one, two} {
				if (m.row("deployment", ns, "app") != nil) != slices.Contains(in, ns) {
					return false
				}
			}
			return true
		}
	}
	m.await(t, "the first alone", 10*time.Second, has(one))
	want()
	m.await(t, "both", 10*time.Second, has(one, two))
	want(two)
	m.await(t, "the second alone", 10*time.Second, has(two))
	kubectl(t, c, "-n", two, "scale", "deployment/app", "--replicas=2")
	m.await(t, "its change", 10*time.Second, func() bool { return m.row("deployment", two, "app").Cells[1].Text.String() == "2/2" })
	want(one, two)
	m.await(t, "both again", 10*time.Second, has(one, two))
	src.Want(core.Interest{Kinds: []string{"configmap"}})
	m.await(t, "another kind, and this one gone", 10*time.Second, func() bool { return m.listed["configmap/"] && m.rows["deployment"] == nil })
}
