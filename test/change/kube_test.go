package change

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/test/program"
)

// once holds the program to the number of changing requests since the last call.
type once struct {
	w     *kubeWorld
	names []string
	seen  int
}

func (w *kubeWorld) count(names ...string) *once { return &once{w, names, w.sent(names...)} }

func (o *once) want(n int) {
	o.w.T.Helper()
	now := o.w.sent(o.names...)
	if now-o.seen != n {
		o.w.T.Errorf("%d changing requests, want %d", now-o.seen, n)
	}
	o.seen = now
}

func TestKubeRestart(t *testing.T) {
	w := newKube(t, "")
	w.deployment("web", "registry.local/web:v1", 2)
	sent := w.count()
	plan := w.Act("restart", "deployment/"+w.ns+"/web")
	sent.want(1)
	if !strings.Contains(plan.Command, "rollout restart deployment/web") || len(plan.Diff) == 0 {
		t.Errorf("%+v", plan)
	}
	if w.get("deployment/web", `.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt`) == "" {
		t.Error("not restarted")
	}
	pod := w.get("pods", ".items[0].metadata.name")
	w.Act("restart", "pod/"+w.ns+"/"+pod)
	sent.want(1)
}

func TestKubeRollbackAndUndo(t *testing.T) {
	w := newKube(t, "")
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		name := strings.ToLower(kind)
		spec := "replicas: 2\n  "
		if kind == "DaemonSet" {
			spec = ""
		}
		manifest := func(image string) string {
			return `
apiVersion: apps/v1
kind: ` + kind + `
metadata: {name: ` + name + `}
spec:
  ` + spec + `selector: {matchLabels: {app: ` + name + `}}
  template:
    metadata: {labels: {app: ` + name + `}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "registry.local/` + name + ":" + image + `"}]}
`
		}
		object := name + "/" + name
		w.apply(manifest("v1"))
		w.rolled(object)
		w.apply(manifest("v2"))
		w.rolled(object)

		sent := w.count()
		ref := name + "/" + w.ns + "/" + name
		plan := w.Act("rollback", ref)
		sent.want(1)
		w.want(object, mainImage, "registry.local/"+name+":v1")
		if !strings.Contains(plan.Command, "rollout undo "+object) || len(plan.Diff) == 0 {
			t.Errorf("%s: %+v", kind, plan)
		}
		w.Undo()
		sent.want(1)
		w.want(object, mainImage, "registry.local/"+name+":v2")
		w.Undo()
		w.want(object, mainImage, "registry.local/"+name+":v1")
	}
}

func TestKubeRollbackLeavesNoTrapForTheNextApply(t *testing.T) {
	w := newKube(t, "")
	manifest := func(env string) string {
		return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "registry.local/web:v1", env: [` + env + `]}]}
`
	}
	const both, one = `{name: A, value: a}, {name: B, value: b}`, `{name: A, value: a}`
	w.apply(manifest(both))
	w.rolled("deployment/web")
	w.apply(manifest(one))
	w.rolled("deployment/web")
	names := `.spec.template.spec.containers[0].env[*].name`
	w.want("deployment/web", names, "A")
	w.Act("rollback", "deployment/"+w.ns+"/web")
	w.want("deployment/web", names, "A B")
	w.apply(manifest(one))
	w.want("deployment/web", names, "A")
}

func TestKubeDeployAnImage(t *testing.T) {
	w := newKube(t, "")
	w.deployment("web", "registry.local/web:v1", 2)
	sent := w.count()
	plan := w.Act("deploy", "deployment/"+w.ns+"/web", "--set", "image=registry.local/web:v2")
	sent.want(1)
	w.want("deployment/web", mainImage, "registry.local/web:v2")
	if !strings.Contains(plan.Command, "set image deployment/web main=registry.local/web:v2") {
		t.Errorf("%q", plan.Command)
	}
	w.Undo()
	sent.want(1)
	w.want("deployment/web", mainImage, "registry.local/web:v1")

	for _, bad := range []string{"image=REGISTRY/Web:v2", "image=web:v2 --privileged", "image=", "image=sidecar=web:v1"} {
		a := w.Run("act", "--yes", "--wait", "-o", "json", "deploy", "deployment/"+w.ns+"/web", "--set", bad)
		if a.Code == 0 || a.Stderr == "" {
			t.Errorf("%s: exit %d, %s", bad, a.Code, a.Stderr)
		}
	}
	sent.want(0)
}

func TestKubeDeployAFileAndAKustomization(t *testing.T) {
	w := newKube(t, "")
	w.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: blue}\n")
	file := w.Write("app.yaml", `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: green}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "registry.local/web:v1"}]}
`)
	a := w.Run("act", "--dry-run", "-o", "json", "deploy", "namespace/"+w.ns, "--set", "file="+file, "--set", "force=true")
	plan := a.Plan(t)
	if d := strings.Join(plan.Diff, "\n"); !strings.Contains(d, "blue") || !strings.Contains(d, "green") || !strings.Contains(d, "registry.local/web:v1") {
		t.Errorf("diff:\n%s", d)
	}
	w.want("configmap/settings", ".data.color", "blue")
	sent := w.count(w.ns)
	w.Act("deploy", "namespace/"+w.ns, "--set", "file="+file, "--set", "force=true")
	sent.want(2)
	w.want("configmap/settings", ".data.color", "green")
	w.want("deployment/web", ".status.availableReplicas", "2")

	folder := filepath.Dir(w.Write("kustom/kustomization.yaml", "resources: [cm.yaml]\nnamePrefix: blue-\nimages: []\n"))
	w.Write("kustom/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {made: by-kustomize}\n")
	w.Act("deploy", "namespace/"+w.ns, "--set", "file="+folder)
	w.want("configmap/blue-settings", ".data.made", "by-kustomize")

	broken := w.Write("broken.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n")
	if a := w.Run("act", "--yes", "deploy", "namespace/"+w.ns, "--set", "file="+broken); a.Code == 0 || !strings.Contains(a.Stderr, "broken.yaml") {
		t.Errorf("exit %d: %s", a.Code, a.Stderr)
	}
}

func TestKubeTriggerAndSuspendACronJob(t *testing.T) {
	w := newKube(t, "")
	w.apply(`
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "registry.local/job:v1"}]}}}}
`)
	ref := "cronjob/" + w.ns + "/nightly"
	sent := w.count()
	plan := w.Act("deploy", ref)
	sent.want(1)
	if !strings.Contains(plan.Command, "create job") || !strings.Contains(plan.Command, "--from=cronjob/nightly") {
		t.Errorf("%q", plan.Command)
	}
	if got := w.get("jobs", ".items[*].metadata.ownerReferences[0].name"); got != "nightly" {
		t.Errorf("jobs are owned by %q", got)
	}
	w.Act("pause", ref)
	w.want("cronjob/nightly", ".spec.suspend", "true")
	w.Undo()
	w.want("cronjob/nightly", ".spec.suspend", "false")
	w.Act("pause", ref)
	w.Act("resume", ref)
	w.want("cronjob/nightly", ".spec.suspend", "false")
	sent.want(4)
}

func TestKubeScale(t *testing.T) {
	w := newKube(t, "")
	w.deployment("web", "registry.local/web:v1", 2)
	w.apply(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: grow}
spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
`)
	sent := w.count()
	plan := w.Act("scale", "deployment/"+w.ns+"/web", "--set", "replicas=4")
	sent.want(1)
	w.want("deployment/web", ".status.availableReplicas", "4")
	if said := strings.Join(plan.Warnings, "\n"); !strings.Contains(said, "grow") || !strings.Contains(plan.Command, "scale deployment/web --replicas=4") {
		t.Errorf("%+v", plan)
	}
	w.Undo()
	w.want("deployment/web", replicas, "2")
	for _, bad := range []string{"replicas=-1", "replicas=two", "replicas=", "size=3"} {
		if a := w.Run("act", "--yes", "scale", "deployment/"+w.ns+"/web", "--set", bad); a.Code != 64 {
			t.Errorf("%s: exit %d: %s", bad, a.Code, a.Stderr)
		}
	}
	w.Act("scale", "deployment/"+w.ns+"/web", "--set", "replicas=0")
	w.want("deployment/web", replicas, "0")
}

func TestKubePauseAndResumeARollout(t *testing.T) {
	w := newKube(t, "")
	w.deployment("web", "registry.local/web:v1", 2)
	ref := "deployment/" + w.ns + "/web"
	w.Act("pause", ref)
	w.want("deployment/web", ".spec.paused", "true")
	w.Undo()
	w.want("deployment/web", ".spec.paused", "")
	w.Act("pause", ref)
	w.Act("resume", ref)
	w.want("deployment/web", ".spec.paused", "")
}

func TestKubeCordonAndDrain(t *testing.T) {
	w := newKube(t, "")
	const node = "change-drained"
	if err := w.c.AddNode(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.c.Kubectl(context.WithoutCancel(t.Context()), "delete", "node", node, "--wait=false") })
	w.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {kubernetes.io/hostname: ` + node + `}
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "registry.local/web:v1"}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec: {maxUnavailable: 3, selector: {matchLabels: {app: web}}}
`)
	w.rolled("deployment/web")
	unschedulable := func(want string) { t.Helper(); w.want("node/"+node, ".spec.unschedulable", want) }
	sent := w.count(node)
	w.Act("cordon", "node/"+node)
	sent.want(1)
	unschedulable("true")
	w.Undo()
	unschedulable("")
	w.Act("cordon", "node/"+node)
	w.Act("uncordon", "node/"+node)
	unschedulable("")
	sent.want(3)

	plan := w.Act("drain", "node/"+node)
	sent.want(4) // cordon, three evictions
	unschedulable("true")
	if got := w.kubectl("get", "pods", "--field-selector", "spec.nodeName="+node, "-o", "name"); got != "" {
		t.Errorf("still there: %s", got)
	}
	if all := strings.Join(append(plan.Impact, plan.Warnings...), "\n"); !strings.Contains(all, "3") || !strings.Contains(all, "keep") || !strings.Contains(plan.Command, "drain "+node) {
		t.Errorf("%+v", plan)
	}
	w.Undo()
	unschedulable("")
}

func TestKubeEdit(t *testing.T) {
	w := newKube(t, "")
	w.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: blue, size: large}\n")
	file := w.Write("edited.yaml", w.kubectl("get", "configmap/settings", "-o", "yaml"))
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w.Write("edited.yaml", strings.Replace(string(b), "blue", "green", 1))
	ref := "configmap/" + w.ns + "/settings"
	sent := w.count()
	plan := w.Act("edit", ref, "--set", "file="+file)
	sent.want(1)
	w.want("configmap/settings", ".data.color", "green")
	if len(plan.Diff) == 0 {
		t.Errorf("%+v", plan)
	}
	w.Undo()
	w.want("configmap/settings", ".data.color", "blue")
	if a := w.Run("act", "--yes", "edit", ref, "--set", "file="+w.Write("bad.yaml", "a: [")); a.Code == 0 {
		t.Error("broken YAML was taken")
	}
}

func TestKubeDeleteAndUndo(t *testing.T) {
	w := newKube(t, "")
	w.deployment("web", "registry.local/web:v1", 2)
	w.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, labels: {a: b}}\ndata: {color: blue}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: canary-of-the-secret}\n")
	for _, x := range []struct{ kind, name string }{{"configmap", "settings"}, {"service", "web"}, {"deployment", "web"}} {
		before := w.object(x.kind + "/" + x.name)
		sent := w.count()
		w.Act("delete", x.kind+"/"+w.ns+"/"+x.name)
		sent.want(1)
		w.gone(x.kind + "/" + x.name)
		w.Undo()
		after := w.object(x.kind + "/" + x.name)
		if x.kind == "configmap" && before["data"].(map[string]any)["color"] != after["data"].(map[string]any)["color"] {
			t.Errorf("%v came back as %v", before, after)
		}
		if x.kind == "deployment" {
			w.rolled("deployment/web")
		}
	}
	plan := w.Act("delete", "secret/"+w.ns+"/token")
	if !strings.Contains(plan.Undo, "cannot be undone") {
		t.Errorf("%q", plan.Undo)
	}
	if a := w.Run("act", "--yes", "undo", "secret"); a.Code == 0 {
		t.Error("the deletion of a secret was undone")
	}
	w.gone("secret/token")
	for _, r := range []string{"journal list -o json", "journal export"} {
		if a := w.Run(strings.Fields(r)...); strings.Contains(a.Stdout, "canary-of-the-secret") {
			t.Errorf("%s tells the secret", r)
		}
	}

	w.Act("delete", "deployment/"+w.ns+"/web", "--set", "cascade=orphan")
	if w.kubectl("get", "replicasets", "-o", "name") == "" {
		t.Error("cascade=orphan took the replica sets along")
	}
}

func TestKubeShellCopyAndForward(t *testing.T) {
	w := newKube(t, "")
	w.deployment("web", "registry.local/web:v1", 1)
	pod := w.get("pods", ".items[0].metadata.name")
	ref := "pod/" + w.ns + "/" + pod
	a := w.RunIn("echo from-$((20+3)); exit 7\n", "act", "--yes", "shell", ref)
	if a.Code != 7 || !strings.Contains(a.Stdout, "from-23") {
		t.Errorf("exit %d\n%s\n%s", a.Code, a.Stdout, a.Stderr)
	}
	file := w.Write("out/hello.txt", "hello from outside\n")
	w.Act("copy", ref, "--set", "from="+file, "--set", "to=:/tmp/devops-tui-"+w.ns+".txt")
	back := filepath.Join(w.Home, "back.txt")
	w.Act("copy", ref, "--set", "from=:/tmp/devops-tui-"+w.ns+".txt", "--set", "to="+back)
	b, err := os.ReadFile(back)
	if err != nil || string(b) != "hello from outside\n" {
		t.Errorf("%q, %v", b, err)
	}
	if records := w.Records(); len(records) != 6 {
		t.Errorf("%d journal records for a shell and two copies", len(records))
	}
}

func TestKubeDebugContainer(t *testing.T) {
	w := newKube(t, "")
	w.apply(`
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec: {containers: [{name: distroless, image: "registry.local/static:v1"}]}
`)
	w.kubectl("wait", "--for=condition=Ready", "pod/bare", "--timeout=60s")
	ref := "pod/" + w.ns + "/bare"
	a := w.RunIn("exit\n", "act", "--yes", "shell", ref)
	if a.Code == 0 || !strings.Contains(a.Stderr, "debug") {
		t.Errorf("exit %d: %s", a.Code, a.Stderr)
	}
	before := w.get("pod/bare", ".spec.ephemeralContainers")
	a = w.RunIn("echo from-$((20+3)); exit\n", "act", "--yes", "shell", ref, "--set", "debug=registry.local/tools:v1")
	if !strings.Contains(a.Stdout, "from-23") {
		t.Errorf("exit %d\n%s\n%s", a.Code, a.Stdout, a.Stderr)
	}
	if before != "" || !strings.Contains(w.get("pod/bare", ".spec.ephemeralContainers[*].image"), "registry.local/tools:v1") {
		t.Error("there is no debug container")
	}
}

func TestKubePortForward(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n")
	w.rolled("deployment/web")
	for _, ref := range []string{"deployment/" + w.ns + "/web", "service/" + w.ns + "/web"} {
		port := map[bool]string{true: "0:8080", false: "0:80"}[strings.HasPrefix(ref, "deployment")]
		term := w.Open(100, 20, []string{"act", "--yes", "port-forward", ref, "--set", "port=" + port})
		term.WaitFor(func(v string) bool { return address.MatchString(v) }, program.Patience)
		if got := w.echo(address.FindStringSubmatch(term.Screen())[1], "hello"); got != "hello" {
			t.Errorf("%s: got %q", ref, got)
		}
		term.Send("ctrl+c")
		if code := term.WaitExit(program.Patience); code != 0 {
			t.Errorf("%s: exit %d", ref, code)
		}
	}
	w.Records() // each intent has its outcome
}
