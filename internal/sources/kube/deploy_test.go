package kube

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

func TestImageReferences(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0f", 32)
	for in, want := range map[string]imageRef{
		"nginx":                           {"nginx", "", ""},
		"nginx:1.27-alpine":               {"nginx", "1.27-alpine", ""},
		"library/nginx":                   {"library/nginx", "", ""},
		"localhost:5000/a/b__c/d-e.f:V_1": {"localhost:5000/a/b__c/d-e.f", "V_1", ""},
		"Registry.Example.com/team/app":   {"Registry.Example.com/team/app", "", ""},
		"[::1]:5000/app:v1":               {"[::1]:5000/app", "v1", ""},
		"app" + digest:                    {"app", "", digest[1:]},
		"r.local/app:v1" + digest:         {"r.local/app", "v1", digest[1:]},
		"a:" + strings.Repeat("x", 128):   {"a", strings.Repeat("x", 128), ""},
	} {
		if got, err := parseImage(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", " ", "Nginx", "nginx:", "nginx:v 1", "nginx@", "nginx@sha256:abc", "nginx@sha256:" + strings.Repeat("0", 63) + "g", "-a", "a/", "/a", "a//b", "a..b", "http://r/a",
		"a:" + strings.Repeat("x", 129), strings.Repeat("a", 256), "a\nb", "a;rm", "a:v1\n",
	} {
		if got, err := parseImage(in); !isProblem(err, core.Invalid) {
			t.Errorf("%q passes as %+v", in, got)
		}
	}
}

const twoContainers = `
apiVersion: apps/v1
kind: %s
metadata: {name: %s}
spec:
  selector: {matchLabels: {app: %[2]s}}
  template:
    metadata: {labels: {app: %[2]s}}
    spec:
      terminationGracePeriodSeconds: 0
      initContainers: [{name: prepare, image: "r.local/prepare:v1"}]
      containers: [{name: main, image: "r.local/main:v1"}, {name: side, image: "r.local/side:v1"}]
`

// TestSetImage of each kind of workload and each kind of container, and back.
func TestSetImage(t *testing.T) {
	c, src, cut, ns := verbWorld(t)
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		name := strings.ToLower(kind)
		put(t, c, ns, fmt.Sprintf(twoContainers, kind, name))
		rolledOut(t, c, ns, name+"/"+name)
	}
	images := func(name string) string {
		return kubectl(t, c, "-n", ns, "get", name+"/"+name, "-o", "jsonpath={.spec.template.spec.initContainers[*].image} {.spec.template.spec.containers[*].image}")
	}
	for name, test := range map[string]struct {
		what core.Deploy
		want string
	}{
		"deployment":  {core.Deploy{Image: "side=r.local/side:v2"}, "r.local/prepare:v1 r.local/main:v1 r.local/side:v2"},
		"statefulset": {core.Deploy{Image: "r.local/main:v2", Container: "main"}, "r.local/prepare:v1 r.local/main:v2 r.local/side:v1"},
		"daemonset":   {core.Deploy{Image: "prepare=r.local/prepare:v2"}, "r.local/prepare:v2 r.local/main:v1 r.local/side:v1"},
	} {
		before := images(name)
		sent := cut.sent
		op, err := src.PlanDeploy(t.Context(), at(src, name, ns, name), test.what)
		bring(t, op, err)
		if got := images(name); got != test.want || cut.sent != sent+1 {
			t.Errorf("%s: %s, %d sent", name, got, cut.sent-sent)
		}
		takeBack(t, src, op.Plan)
		if got := images(name); got != before {
			t.Errorf("undone, %s: %s", name, got)
		}
	}
	ref := at(src, "deployment", ns, "deployment")
	for _, bad := range []struct {
		what core.Deploy
		want core.ProblemKind
	}{
		{core.Deploy{}, core.Invalid},
		{core.Deploy{Image: "r.local/main:v2"}, core.Invalid}, // which one?
		{core.Deploy{Image: "nobody=r.local/main:v2"}, core.NotFound},
		{core.Deploy{Image: "main=Not An Image"}, core.Invalid},
		{core.Deploy{Image: "main=a:b", File: "x.yaml"}, core.Invalid},
		{core.Deploy{Image: "main=a:b", Revision: "7"}, core.Invalid},
	} {
		if _, err := src.PlanDeploy(t.Context(), ref, bad.what); !isProblem(err, bad.want) {
			t.Errorf("%+v: %v", bad.what, err)
		}
	}
	for image, warning := range map[string]string{
		"main=r.local/main":            "no tag means latest",
		"main=r.local/main:latest":     "latest moves",
		"main=r.local/main:v1":         "no pod is replaced",
		"main=elsewhere.local/main:v1": "another repository than now",
	} {
		op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{Image: image})
		if err != nil {
			t.Fatal(err)
		}
		mentions(t, op.Plan, warning)
	}
}

// TestSetImageOffersWhatRanAndRuns: of the object's history and of others.
func TestSetImageOffersWhatRanAndRuns(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	other := c.Namespace(t)
	repo := "r.local/" + ns
	for _, tag := range []string{"v1", "v2"} {
		put(t, c, ns, appYAML("Deployment", "web", repo+":"+tag, "", 1))
		rolledOut(t, c, ns, "deployment/web")
	}
	put(t, c, other, appYAML("StatefulSet", "db", repo+":v9", "", 1)+"---"+appYAML("Deployment", "web", "r.local/another:v9", "", 1))
	rs := kubectl(t, c, "-n", ns, "get", "rs", "-o", "jsonpath={.items[0].metadata.name}")
	form, err := src.Form(t.Context(), core.VerbDeploy, at(src, "replicaset", ns, rs))
	if err != nil || len(form.Fields) != 1 || form.Note.Empty() {
		t.Fatalf("%v, %+v", err, form)
	}
	var got []string
	for _, choice := range form.Fields[0].Choices {
		got = append(got, choice.Value+" "+choice.Cells[1].String())
	}
	want := []string{repo + ":v2 now", repo + ":v1 revision 1", repo + ":v9 statefulset " + other + "/db"}
	if !slices.Equal(got, want) || !form.Fields[0].Open {
		t.Errorf("offered %q, want %q", got, want)
	}
	put(t, c, ns, fmt.Sprintf(twoContainers, "Deployment", "two"))
	if form, err = src.Form(t.Context(), core.VerbDeploy, at(src, "deployment", ns, "two")); err != nil || len(form.Fields) != 2 {
		t.Fatalf("%v, %+v", err, form)
	}
	if f := form.Fields[0]; f.Name != "container" || f.Value != "main" || len(f.Choices) != 3 {
		t.Errorf("%+v", f)
	}
	if f := form.Fields[1]; f.Value != "main=r.local/main:v1" || f.Choices[0].Value != "prepare=r.local/prepare:v1" {
		t.Errorf("%+v", f)
	}
}

// TestRunCronJob: a job as kubectl makes it, followed to its end.
func TestRunCronJob(t *testing.T) {
	c, src, cut, ns := verbWorld(t)
	put(t, c, ns, cronYAML("nightly", ""))
	ref := at(src, "cronjob", ns, "nightly")
	op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if op.Plan.Target.Kind != "cronjob" || op.Plan.Inverse != nil || len(op.Plan.Diff) == 0 || op.VerifyLimit < time.Minute {
		t.Errorf("%+v", op.Plan)
	}
	mentions(t, op.Plan, "a job with 1 pods", "cannot be undone")
	if jobs := kubectl(t, c, "-n", ns, "get", "jobs", "-o", "name"); jobs != "" {
		t.Errorf("planning made %s", jobs)
	}
	bring(t, op, nil)
	name := op.Plan.Changes[0].After.String()
	ours := kubectl(t, c, "-n", ns, "get", "job/"+name, "-o", `jsonpath={.metadata.annotations.cronjob\.kubernetes\.io/instantiate} {.metadata.ownerReferences[0].name} {.metadata.labels.from} {.status.succeeded}`)
	if ours != "manual nightly template 1" {
		t.Errorf("the job: %q", ours)
	}
	// Sent again it cannot run a second time.
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("again: %v", err)
	}
	twin := strings.ReplaceAll(op.Plan.Command.String(), name, "twin")
	kubectl(t, c, strings.Fields(strings.TrimPrefix(twin, "kubectl "))...)
	specs := func(job string) string {
		return kubectl(t, c, "-n", ns, "get", "job/"+job, "-o", `jsonpath={.spec.template.spec}{.metadata.ownerReferences[0].uid}{.metadata.ownerReferences[0].controller}`)
	}
	if a, b := specs(name), specs("twin"); a != b {
		t.Errorf("ours:\n%s\nkubectl's:\n%s", a, b)
	}
	// One that fails is a failure.
	put(t, c, ns, cronYAML("broken", "1h"))
	if op, err = src.PlanDeploy(t.Context(), at(src, "cronjob", ns, "broken"), core.Deploy{}); err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeFailed || !strings.Contains(fmt.Sprint(err), "DeadlineExceeded") {
		t.Errorf("a failing job: %v, %v", out, err)
	}
	// Planned for a cron job that was changed meanwhile, it is not sent.
	if op, err = src.PlanDeploy(t.Context(), ref, core.Deploy{}); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", ns, "patch", "cronjob/nightly", "-p", `{"spec":{"schedule":"1 1 1 1 *"}}`)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("changed meanwhile: %v", err)
	}
	if out, _ := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeRefused {
		t.Errorf("never sent: %v", out)
	}
	if cut.sent != 0 {
		t.Errorf("%d patches", cut.sent)
	}
}

func cronYAML(name, delay string) string {
	return fmt.Sprintf(`
apiVersion: batch/v1
kind: CronJob
metadata: {name: %s}
spec:
  schedule: "0 3 1 1 *"
  jobTemplate:
    metadata: {labels: {from: template}}
    spec:
      backoffLimit: 0
      activeDeadlineSeconds: %d
      template:
        metadata: {annotations: {test/complete-delay: %q}}
        spec: {restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{name: main, image: r.local/job:v1}]}
`, name, map[bool]int{true: 60, false: 2}[delay == ""], delay)
}
