package kube

import (
	"errors"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

func (s *Source) at(kind, ns, name string) core.Ref { return s.ref(kind, ns, name, "") }

// TestDeleteAndMakeAgain: what goes along is told, one request is sent, and undo makes
// the same object again.
func TestDeleteAndMakeAgain(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 2, Labels: map[string]string{"app": "web"}})
	if err := c.Apply(t.Context(), ns, `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, type: NodePort, ports: [{name: http, port: 80}]}
`); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context(), ns, "web", 2); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		kind, spec string
		says       []string
	}{
		{"deployment", "{.spec.template.spec.containers[0].image} {.spec.replicas}", []string{"1 replicasets are deleted with it", "2 pods are deleted with it", "delete deployment/web --cascade=background", "revisions begin again"}},
		{"service", "{.spec.clusterIP} {.spec.ports[0].nodePort} {.spec.selector}", []string{"no longer resolves", "same cluster IP"}},
	} {
		ref := src.at(x.kind, ns, "web")
		was := kubectl(t, c, "-n", ns, "get", x.kind, "web", "-o", "jsonpath="+x.spec)
		op := must[*core.Operation](t)(src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}))
		says(t, op.Plan, x.says...)
		if op.Plan.Danger != 1 || op.Plan.Inverse == nil || op.Plan.Target.UID == "" {
			t.Fatalf("%s: %+v", x.kind, op.Plan)
		}
		n.sent = nil
		carryOut(t, op)
		if got := kubectl(t, c, "-n", ns, "get", x.kind, "web", "--ignore-not-found", "-o", "name"); got != "" || len(n.sent) != 1 {
			t.Errorf("%q is there; sent %v", got, n.sent)
		}
		back := must[*core.Operation](t)(src.PlanRestore(t.Context(), ref, op.Plan.Inverse.Saved))
		if back.Plan.Inverse.Verb != core.VerbDelete || back.Plan.Blind {
			t.Errorf("%+v", back.Plan)
		}
		carryOut(t, back)
		if is := kubectl(t, c, "-n", ns, "get", x.kind, "web", "-o", "jsonpath="+x.spec); is != was {
			t.Errorf("%s came back as %q, was %q", x.kind, is, was)
		}
		if _, err := src.PlanRestore(t.Context(), ref, op.Plan.Inverse.Saved); !isProblem(err, core.Refused) {
			t.Errorf("something stands there: %v", err)
		}
	}
	if err := c.WaitReady(t.Context(), ns, "web", 2); err != nil {
		t.Error(err)
	}
}

// TestRestoreOfATakenAddress: another service has the cluster IP by now.
func TestRestoreOfATakenAddress(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	kubectl(t, c, "-n", ns, "create", "service", "clusterip", "a", "--tcp=80")
	op := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("service", ns, "a"), core.Removal{Grace: -1}))
	ip := kubectl(t, c, "-n", ns, "get", "service", "a", "-o", "jsonpath={.spec.clusterIP}")
	carryOut(t, op)
	kubectl(t, c, "-n", ns, "create", "service", "clusterip", "thief", "--tcp=80", "--clusterip="+ip)
	back := must[*core.Operation](t)(src.PlanRestore(t.Context(), src.at("service", ns, "a"), op.Plan.Inverse.Saved))
	says(t, back.Plan, "a new cluster IP: "+ip+" belongs to service "+ns+"/thief")
	carryOut(t, back)
}

func TestDeletePodSaysWhatBreaks(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "web", Replicas: 1, Labels: map[string]string{"app": "web"}})
	if err := c.Apply(t.Context(), ns, `
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context(), ns, "web", 1); err != nil {
		t.Fatal(err)
	}
	pod := strings.TrimSpace(kubectl(t, c, "-n", ns, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}"))
	ref := src.at("pod", ns, pod)
	op := must[*core.Operation](t)(src.PlanDelete(t.Context(), ref, core.Removal{Grace: 5}))
	says(t, op.Plan, "no other pod of service front is ready", "disruption budget keep covers it", "ReplicaSet web-", "will make it again", "have 5 s to end", "--grace-period=5", "cannot be undone: ReplicaSet web-")
	if op.Plan.Danger != 1 || op.Plan.Inverse != nil {
		t.Errorf("%+v", op.Plan)
	}
	n.cut = true
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Fatalf("a lost answer: %v", err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); err != nil || out != core.OutcomeHealthy || len(n.sent) != 1 {
		t.Errorf("%v, %v, sent %v", out, err, n.sent)
	}
	n.cut = false
	force := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("pod", ns, podOf(t, c, ns)), core.Removal{Grace: -1, Force: true}))
	says(t, force.Plan, "its containers may go on running", "--grace-period=0 --force")
	if force.Plan.Danger != 2 {
		t.Error("by force is not dangerous enough")
	}
	if _, err := src.PlanDelete(t.Context(), src.at("deployment", ns, "web"), core.Removal{Force: true}); !isProblem(err, core.Invalid) {
		t.Errorf("a deployment by force: %v", err)
	}
}

func podOf(t *testing.T, c *cluster.Cluster, ns string) (name string) {
	testkit.PollTrue(t, 20*time.Second, "a new pod", func() bool {
		name = kubectl(t, c, "-n", ns, "get", "pods", "-o", `jsonpath={.items[?(@.status.phase=="Running")].metadata.name}`)
		return name != "" && !strings.Contains(name, " ")
	})
	return name
}

// TestDeleteIsRefused for one that was replaced or changed, and says what a
// deletion waits for.
func TestDeleteIsRefused(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	kubectl(t, c, "-n", ns, "create", "configmap", "a", "--from-literal=k=v")
	ref := src.at("configmap", ns, "a")
	plan := func() *core.Operation {
		return must[*core.Operation](t)(src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}))
	}
	changed := plan()
	kubectl(t, c, "-n", ns, "patch", "configmap", "a", "-p", `{"data":{"k":"w"},"metadata":{"finalizers":["example.com/wait"]}}`)
	if err := changed.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("changed: %v", err)
	}
	op := plan()
	says(t, op.Plan, "finalizers are waited for: example.com/wait")
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 100)
	ended := make(chan core.Outcome, 1)
	go func() {
		o, _ := op.Verify(t.Context(), func(p core.Progress) { said <- p.Text.String() })
		ended <- o
	}()
	if got := <-said; got != "waits for finalizer example.com/wait" {
		t.Errorf("%q", got)
	}
	if _, err := src.PlanDelete(t.Context(), ref, core.Removal{}); !isProblem(err, core.Refused) || !strings.Contains(err.Error(), "example.com/wait") {
		t.Errorf("deleted already: %v", err)
	}
	kubectl(t, c, "-n", ns, "patch", "configmap", "a", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if o := <-ended; o != core.OutcomeHealthy {
		t.Errorf("%v", o)
	}
	kubectl(t, c, "-n", ns, "create", "configmap", "a")
	replaced := plan()
	kubectl(t, c, "-n", ns, "delete", "configmap", "a")
	kubectl(t, c, "-n", ns, "create", "configmap", "a")
	if err := replaced.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("replaced: %v", err)
	}
	if len(n.sent) != 1 {
		t.Errorf("sent %v", n.sent)
	}
}

func TestDeleteOfWhatHoldsData(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	if err := c.Apply(t.Context(), "", `
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-`+ns+`}
spec: {capacity: {storage: 7Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Delete, storageClassName: none, hostPath: {path: /x}, claimRef: {namespace: `+ns+`, name: data}}
`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kubectl(t, c, "delete", "pv", "disk-"+ns, "--wait=false") })
	if err := c.Apply(t.Context(), ns, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, volumeName: disk-`+ns+`, resources: {requests: {storage: 7Gi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {password: canary-7261}
---
apiVersion: v1
kind: Pod
metadata: {name: user}
spec:
  containers: [{name: main, image: x, env: [{name: A, valueFrom: {secretKeyRef: {name: key, key: password}}}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`); err != nil {
		t.Fatal(err)
	}
	pvc := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("persistentvolumeclaim", ns, "data"), core.Removal{Grace: -1}))
	says(t, pvc.Plan, "the data are lost: volume disk-"+ns+" (7Gi)", "1 pods use it", "cannot be undone")
	secret := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("secret", ns, "key"), core.Removal{Grace: -1}))
	says(t, secret.Plan, "1 pods use it", "secrets are not kept")
	space := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("namespace", "", ns), core.Removal{Grace: -1}))
	says(t, space.Plan, "1 pods are deleted", "1 secrets are deleted", "1 persistentvolumeclaims are deleted", "the data are lost", "finalizers are waited for: kubernetes", "delete namespace/"+ns)
	pv := must[*core.Operation](t)(src.PlanDelete(t.Context(), src.at("persistentvolume", "", "disk-"+ns), core.Removal{Grace: -1}))
	says(t, pv.Plan, "reclaim policy Delete", "claim "+ns+"/data uses it", "delete persistentvolumes/disk-"+ns)
	for _, op := range []*core.Operation{pvc, secret, space, pv} {
		if op.Plan.Danger != 2 || op.Plan.Inverse != nil || op.Plan.Blind || strings.Contains(told(op.Plan), "canary") {
			t.Errorf("danger %d, blind %t: %s", op.Plan.Danger, op.Plan.Blind, told(op.Plan))
		}
	}
}

// TestDeleteKeepsNoSecret: a definition with secret values is not saved.
func TestDeleteKeepsNoSecret(t *testing.T) {
	for _, manifest := range []string{
		`{"kind":"Deployment","metadata":{"name":"a"},"spec":{"template":{"spec":{"containers":[{"name":"m","env":[{"name":"DB_PASSWORD","value":"x"}]}]}}}}`,
		`{"kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":{\"env\":[{\"name\":\"TOKEN\",\"value\":\"x\"}]}}"}}}`,
		`{"kind":"Secret","data":{"a":"eA=="}}`,
	} {
		if o := must[tree](t)(parseTree([]byte(manifest))); !holdsSecrets(o) {
			t.Errorf("not seen in %s", manifest)
		}
	}
	if o := must[tree](t)(parseTree([]byte(`{"kind":"Deployment","metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"kind\":\"Deployment\"}"}},"spec":{"env":[{"name":"LEVEL","value":"x"}]}}`))); holdsSecrets(o) {
		t.Error("seen where there is none")
	}
}
