package kube

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/cluster"
)

func replicasOf(t *testing.T, c *cluster.Cluster, ns, object string) string {
	t.Helper()
	return kubectl(t, c, "-n", ns, "get", object, "-o", "jsonpath={.spec.replicas}")
}

// TestScale up, down and back, with who else sets the number.
func TestScale(t *testing.T) {
	c, src, cut, ns := verbWorld(t)
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v1", "", 2)+`---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: grow}
spec: {minReplicas: 2, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
---
`+strings.Replace(appYAML("StatefulSet", "db", "r.local/db:v1", "", 2), "spec:\n", "spec:\n  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n", 1))
	rolledOut(t, c, ns, "deployment/web")
	ref := at(src, "deployment", ns, "web")
	form, err := src.Form(t.Context(), core.VerbScale, ref)
	if err != nil || form.Fields[0].Value != "2" || !strings.Contains(form.Note.String(), "grow keeps it at 2..5") {
		t.Errorf("%v, %+v", err, form)
	}
	op, err := src.PlanScale(t.Context(), ref, 4)
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "2 → 4", "2 pods are added", "grow will overrule this as the load says (2..5)")
	diff := ""
	for _, l := range op.Plan.Diff {
		diff += l.String() + "\n"
	}
	if op.Plan.Danger != 0 || op.Plan.Blind || !strings.Contains(diff, "-   replicas: 2") && !strings.Contains(diff, "-  replicas: 2") {
		t.Errorf("danger %d, blind %v, diff:\n%s", op.Plan.Danger, op.Plan.Blind, diff)
	}
	bring(t, op, nil)
	if n := replicasOf(t, c, ns, "deployment/web"); n != "4" || cut.sent != 1 {
		t.Errorf("%s replicas, %d sent", n, cut.sent)
	}
	takeBack(t, src, op.Plan)
	if n := replicasOf(t, c, ns, "deployment/web"); n != "2" {
		t.Errorf("undone: %s replicas", n)
	}
	if op, err = src.PlanScale(t.Context(), ref, 0); err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "an outage", "stands still at 0")
	bring(t, op, nil)
	if pods := kubectl(t, c, "-n", ns, "get", "pods", "-l", "app=web", "-o", "name"); pods != "" || op.Plan.Danger != 1 {
		t.Errorf("at zero: %q, danger %d", pods, op.Plan.Danger)
	}
	if op, err = src.PlanScale(t.Context(), ref, 9); err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "grow will overrule this: it keeps 2..5")
	if op, err = src.PlanScale(t.Context(), at(src, "statefulset", ns, "db"), 1); err != nil || op.Plan.Danger != 2 {
		t.Fatalf("%v, %+v", err, op)
	}
	mentions(t, op.Plan, "1 volume claims are deleted", "with empty volumes")
	rs := kubectl(t, c, "-n", ns, "get", "rs", "-o", "jsonpath={.items[0].metadata.name}")
	if op, err = src.PlanScale(t.Context(), at(src, "replicaset", ns, rs), 1); err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "deployment web sets the number of this replica set")
	for kind, n := range map[string]int{"daemonset": 1, "deployment": -1} {
		if _, err := src.PlanScale(t.Context(), at(src, kind, ns, "web"), n); !isProblem(err, core.Unsupported, core.Invalid, core.NotFound) {
			t.Errorf("%s to %d: %v", kind, n, err)
		}
	}
}

// TestScaleOfCustomResources goes by their scale, wherever they keep it.
func TestScaleOfCustomResources(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	plural := "fleets" + ns[len(ns)-4:]
	singular := plural[:len(plural)-1]
	put(t, c, "", fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]s.test.example}
spec:
  group: test.example
  scope: Namespaced
  names: {kind: Fleet%[2]s, plural: %[1]s, singular: %[2]s}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    subresources: {scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}}
`, plural, singular))
	t.Cleanup(func() { kubectl(t, c, "delete", "crd", plural+".test.example", "--wait=false") })
	kubectl(t, c, "wait", "--for=condition=Established", "crd/"+plural+".test.example")
	put(t, c, ns, fmt.Sprintf(`{apiVersion: test.example/v1, kind: Fleet%s, metadata: {name: north}, spec: {size: 3}, status: {size: 3}}`, singular))
	ref := at(src, singular, ns, "north")
	size := func() string {
		return kubectl(t, c, "-n", ns, "get", plural+"/north", "-o", "jsonpath={.spec.size}")
	}
	// to scales and plays the controller, which follows after a while.
	to := func(n int) *core.Operation {
		t.Helper()
		op, err := src.PlanScale(t.Context(), ref, n)
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
			t.Fatal(err)
		}
		followed := false
		out, err := op.Verify(t.Context(), func(p core.Progress) {
			if !followed {
				followed = true
				kubectl(t, c, "-n", ns, "patch", plural+"/north", "--type=merge", "-p", fmt.Sprintf(`{"status":{"size":%d}}`, n))
			}
		})
		if err != nil || out != core.OutcomeHealthy || !followed || size() != strconv.Itoa(n) {
			t.Fatalf("to %d: %v, %v, followed %v, size %s", n, out, err, followed, size())
		}
		return op
	}
	op := to(5)
	if op.Plan.Inverse.Params["replicas"] != "3" {
		t.Errorf("%+v", op.Plan.Inverse)
	}
	to(3)
	kubectl(t, c, strings.Fields(strings.TrimPrefix(op.Plan.Command.String(), "kubectl "))...)
	if n := size(); n != "5" {
		t.Errorf("the command: size %s", n)
	}
	row, err := src.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if why := src.Disabled(core.VerbScale, row); !why.Empty() {
		t.Errorf("disabled: %s", why)
	}
}
