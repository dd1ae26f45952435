package kube

import (
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
)

// TestPauseAndResume a rollout, a schedule and a job; each is the other's inverse.
func TestPauseAndResume(t *testing.T) {
	c, src, cut, ns := verbWorld(t)
	m := start(t, src, core.Interest{Kinds: []string{"deployment", "cronjob", "job"}, Namespaces: []string{ns}})
	put(t, c, ns, appYAML("Deployment", "web", "r.local/web:v1", "", 1)+"---"+cronYAML("nightly", "")+`---
apiVersion: batch/v1
kind: Job
metadata: {name: import}
spec: {template: {metadata: {annotations: {test/complete-delay: 1h}}, spec: {restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{name: main, image: r.local/job:v1}]}}}
`)
	rolledOut(t, c, ns, "deployment/web")
	held := func(kind, name string, on bool) {
		t.Helper()
		m.await(t, kind+" held", 20*time.Second, func() bool {
			r := m.row(kind, ns, name)
			return r != nil && src.Disabled(core.VerbPause, r).Empty() != on && src.Disabled(core.VerbResume, r).Empty() == on
		})
	}
	for _, test := range []struct{ kind, name, field, says string }{
		{"deployment", "web", "paused", "wait until it is resumed"},
		{"cronjob", "nightly", "suspend", "schedule 0 3 1 1 *"},
		{"job", "import", "suspend", "active pods are ended"},
	} {
		ref := at(src, test.kind, ns, test.name)
		held(test.kind, test.name, false)
		if _, err := src.PlanResume(t.Context(), ref); !isProblem(err, core.Refused) {
			t.Errorf("%s is not held: %v", test.kind, err)
		}
		sent := cut.sent
		op, err := src.PlanPause(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		mentions(t, op.Plan, test.says, "spec."+test.field+": false → true")
		bring(t, op, nil)
		field := func() string {
			return kubectl(t, c, "-n", ns, "get", test.kind+"/"+test.name, "-o", "jsonpath={.spec."+test.field+"}")
		}
		if field() != "true" || cut.sent != sent+1 {
			t.Errorf("%s: %s, %d sent", test.kind, field(), cut.sent-sent)
		}
		held(test.kind, test.name, true)
		if _, err := src.PlanPause(t.Context(), ref); !isProblem(err, core.Refused) {
			t.Errorf("%s is held: %v", test.kind, err)
		}
		if test.kind == "deployment" { // what was changed meanwhile goes out, and is followed
			kubectl(t, c, "-n", ns, "set", "image", "deployment/web", "main=r.local/web:v2")
		}
		takeBack(t, src, op.Plan)
		if field() == "true" {
			t.Errorf("undone, %s is held", test.kind)
		}
		if test.kind != "deployment" { // the line that is said works as it stands
			args := strings.Fields(strings.TrimPrefix(op.Plan.Command.String(), "kubectl "))
			args[len(args)-1] = strings.Trim(args[len(args)-1], "'")
			if kubectl(t, c, args...); field() != "true" {
				t.Errorf("the command did not hold the %s", test.kind)
			}
		}
	}
	if got := kubectl(t, c, "-n", ns, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.containers[0].image}"); got != "r.local/web:v2" {
		t.Errorf("resumed, these run: %s", got)
	}
	if _, err := src.PlanPause(t.Context(), at(src, "cronjob", ns, "nobody")); !isProblem(err, core.NotFound) {
		t.Errorf("nobody: %v", err)
	}
}
