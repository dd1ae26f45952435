package viewstest

import (
	"fmt"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// load is one workload of a cluster.
type load struct {
	at             core.Instance
	kind, ns, name string
	pods           int
	phase          core.Phase
	reason         string
	bad            int // how many of its pods share the trouble below
	podPhase       core.Phase
	podReason      string
	message        string
	restarts       int
	old            time.Duration
}

const day = 24 * time.Hour

var loads = []load{
	{Prod, "deployment", "payments", "api", 3, core.Degraded, "2/3 ready", 1, core.Failed, "CrashLoopBackOff", "back-off 5m0s restarting failed container=app", 5, 9 * day},
	{Prod, "deployment", "payments", "worker", 2, core.Running, "", 0, 0, "", "", 0, 9 * day},
	{Prod, "statefulset", "payments", "ledger-db", 3, core.Running, "", 0, 0, "", "", 1, 41 * day},
	{Prod, "deployment", "shop", "web", 8, core.Degraded, "7/8 ready", 1, core.Degraded, "NotReady", "readiness probe failed: HTTP 503", 0, 2 * day},
	{Prod, "deployment", "shop", "checkout", 3, core.Pending, "rolling out", 1, core.Failed, "ImagePullBackOff", "manifest for registry/checkout:2.14 not found", 0, 3 * time.Hour},
	{Prod, "deployment", "shop", "cart", 3, core.Running, "", 0, 0, "", "", 0, 12 * day},
	{Prod, "deployment", "search", "indexer", 2, core.Degraded, "1/2 ready", 1, core.Failed, "OOMKilled", "memory limit 256Mi", 12, 5 * day},
	{Prod, "daemonset", "kube-system", "node-agent", 3, core.Running, "", 0, 0, "", "", 0, 80 * day},
	{Prod, "job", "payments", "migrate-42", 1, core.Succeeded, "Complete", 1, core.Succeeded, "Completed", "", 0, 26 * time.Hour},
	{Prod, "cronjob", "payments", "nightly-report", 0, core.Running, "", 0, 0, "", "", 0, 60 * day},
	{Staging, "deployment", "payments", "api", 2, core.Running, "", 0, 0, "", "", 0, 7 * time.Hour},
	{Staging, "deployment", "shop", "web", 6, core.Pending, "rolling out", 1, core.Pending, "ContainerCreating", "", 0, 40 * time.Minute},
	{Staging, "deployment", "shop", "checkout", 2, core.Running, "", 0, 0, "", "", 2, 20 * time.Hour},
	{Staging, "job", "shop", "seed", 1, core.Failed, "BackoffLimitExceeded", 1, core.Failed, "Error", "exit code 1", 3, 50 * time.Minute},
}

// clusters makes what runs in prod and staging.
func (w *World) clusters() {
	for _, l := range loads {
		w.workload(l)
	}
	w.pod(Prod, core.Ref{}, "payments", "debug-shell", core.Running, "Running", "", 0, 11*time.Minute)
	for n, at := range []core.Instance{Prod, Prod, Prod, Staging} {
		name := w.raw("node", fmt.Sprintf("node-%c", 'a'+n))
		phase, reason := core.Running, "Ready"
		if n == 2 {
			phase, reason = core.Degraded, "Ready,SchedulingDisabled"
		}
		w.add(at, core.Resource{
			Ref: core.Ref{Kind: "node", Name: name}, Phase: phase, Reason: w.safe("reason", reason), Started: ago(90 * day), Changed: ago(5 * day),
			Cells: []core.Cell{{Text: text.Clean(name)}, {Text: w.safe("reason", reason)}, {Text: w.safe("role", "worker")}, {Text: w.safe("version", "v1.36.3")}, {}, {}, num(13 - n), age(90 * day)},
		})
	}
	for _, name := range []string{"kube-system", "payments", "search", "shop"} {
		n := w.raw("namespace", name)
		w.add(Prod, core.Resource{
			Ref: core.Ref{Kind: "namespace", Name: n}, Phase: core.Running, Reason: w.safe("reason", "Active"), Started: ago(90 * day), Changed: ago(90 * day),
			Cells: []core.Cell{{Text: text.Clean(n)}, {Text: w.safe("reason", "Active")}, age(90 * day)},
		})
	}
	for _, s := range []struct{ ns, name string }{{"payments", "api"}, {"shop", "web"}, {"shop", "checkout"}} {
		name := w.raw("name", s.name)
		w.add(Prod, core.Resource{
			Ref: core.Ref{Kind: "service", Namespace: w.raw("namespace", s.ns), Name: name}, Phase: core.Running, Started: ago(30 * day),
			Cells: []core.Cell{{Text: text.Clean(name)}, {Text: w.safe("type", "ClusterIP")}, {Text: w.safe("ports", "80/TCP")}, age(30 * day)},
		})
	}
	for n, e := range []struct {
		phase                   core.Phase
		reason, object, message string
		count                   int
		before                  time.Duration
	}{
		{core.Degraded, "BackOff", "pod/api", "Back-off restarting failed container app", 31, 40 * time.Second},
		{core.Degraded, "Failed", "pod/checkout", "Failed to pull image registry/checkout:2.14", 9, 3 * time.Minute},
		{core.Degraded, "Unhealthy", "pod/web", "Readiness probe failed: HTTP 503", 4, 6 * time.Minute},
		{core.Running, "Scheduled", "pod/debug-shell", "Successfully assigned payments/debug-shell to node-b", 1, 11 * time.Minute},
		{core.Running, "ScalingReplicaSet", "deployment/checkout", "Scaled up replica set checkout-77c to 1", 1, 3 * time.Hour},
	} {
		reason := w.safe("reason", e.reason)
		w.add(Prod, core.Resource{
			Ref: core.Ref{Kind: "event", Namespace: w.raw("namespace", "shop"), Name: fmt.Sprintf("ev-%d", n)}, Phase: e.phase, Reason: reason, Changed: ago(e.before),
			Cells: []core.Cell{age(e.before), {Text: reason}, {Text: reason}, {Text: w.safe("object", e.object)}, {Text: w.safe("message", e.message)}, num(e.count)},
		})
	}
}

// workload makes a workload and its pods.
func (w *World) workload(l load) {
	ns, name := w.raw("namespace", l.ns), w.raw("name", l.name)
	status := w.safe("reason", l.reason)
	if l.reason == "" {
		status = text.Lit("Running")
	}
	good := l.pods - l.bad
	ready := text.Sprintf("%d/%d", good, l.pods)
	image := w.raw("image", "registry/"+l.name+":2.13")
	var cells []core.Cell
	switch l.kind {
	case "job":
		cells = []core.Cell{{Text: text.Clean(name)}, {Text: status}, {Text: ready}, {Num: 95}, {Text: text.Clean(image)}, age(l.old)}
	case "cronjob":
		cells = []core.Cell{{Text: text.Clean(name)}, {Text: w.safe("schedule", "0 3 * * *")}, {Text: status}, age(12 * time.Hour), {Text: text.Clean(image)}, age(l.old)}
	default:
		cells = []core.Cell{{Text: text.Clean(name)}, {Text: ready}, {Text: status}, num(l.pods), num(good), {Text: text.Clean(image)}, age(l.old)}
	}
	owner := w.add(l.at, core.Resource{
		Ref: core.Ref{Kind: l.kind, Namespace: ns, Name: name}, Phase: l.phase, Reason: status, Cells: cells, Started: ago(l.old), Changed: ago(l.old / 50),
		Facts: &core.Facts{Image: []string{image}, Commit: w.raw("commit", "9f3c2e1"), Repo: w.raw("repo", "github.com/acme/"+l.name), Environment: w.raw("environment", l.at.Scope), Service: w.raw("service", l.name)},
	})
	for n := range l.pods {
		phase, reason, message, restarts := core.Running, "Running", "", 0
		if n < l.bad {
			phase, reason, message, restarts = l.podPhase, l.podReason, l.message, l.restarts
		}
		by := owner.Ref
		podName := fmt.Sprintf("%s-%d", l.name, n)
		if l.kind == "deployment" {
			by = core.Ref{Source: by.Source, Scope: by.Scope, Kind: "replicaset", Namespace: ns, Name: name + "-7d9f8c6b5", UID: "uid-rs-" + by.UID}
			podName = fmt.Sprintf("%s-7d9f8c6b5-%c%dxk", l.name, 'a'+n, n)
		}
		w.pod(l.at, by, l.ns, podName, phase, reason, message, restarts, l.old/time.Duration(n+1))
	}
}

func (w *World) pod(at core.Instance, owner core.Ref, ns, name string, phase core.Phase, reason, message string, restarts int, old time.Duration) {
	name, node := w.raw("name", name), w.raw("node", "node-"+string("abc"[len(name)%3]))
	ready := text.Lit("1/1")
	if phase != core.Running {
		ready = text.Lit("0/1")
	}
	status := w.safe("reason", reason)
	w.add(at, core.Resource{
		Ref: core.Ref{Kind: "pod", Namespace: w.raw("namespace", ns), Name: name}, Owner: owner, Phase: phase, Reason: status, Message: w.safe("message", message),
		Cells:   []core.Cell{{Text: text.Clean(name)}, {Text: ready}, {Text: status}, num(restarts), {}, {}, {}, {Text: w.safe("ip", "10.0.3.7")}, {Text: text.Clean(node)}, age(old)},
		Started: ago(old), Changed: ago(old / 20),
		Facts: &core.Facts{Image: []string{w.raw("image", "registry/app:2.13")}, Node: node, Containers: []string{w.raw("container", "app"), w.raw("container", "sidecar")}},
	})
}

// host makes what runs on the container host.
func (w *World) host() {
	for _, c := range []struct {
		name, project, reason, health, image string
		phase                                core.Phase
		restarts                             int
		old                                  time.Duration
	}{
		{"shop-web-1", "shop", "Up", "healthy", "shop/web:dev", core.Running, 0, 5 * time.Hour},
		{"shop-db-1", "shop", "Up", "", "postgres:17", core.Running, 0, 5 * time.Hour},
		{"shop-redis-1", "shop", "Up", "", "redis:8", core.Running, 0, 5 * time.Hour},
		{"shop-worker-1", "shop", "OOMKilled (137)", "", "shop/worker:dev", core.Failed, 2, 9 * time.Minute},
		{"billing-api-1", "billing", "Up (unhealthy)", "unhealthy", "billing/api:dev", core.Degraded, 0, 2 * day},
		{"billing-db-1", "billing", "Up", "", "postgres:17", core.Running, 0, 2 * day},
		{"billing-mailer-1", "billing", "Restarting (1)", "", "billing/mailer:dev", core.Failed, 44, time.Minute},
		{"jolly_turing", "", "Exited (0)", "", "alpine:3.22", core.Succeeded, 0, 6 * day},
	} {
		name, project := w.raw("name", c.name), ""
		owner := core.Ref{}
		if c.project != "" {
			project = w.raw("name", c.project)
			owner = core.Ref{Source: Local.Source, Scope: Local.Scope, Kind: "project", Name: project, UID: "uid-local-project-" + project}
		}
		status := w.safe("reason", c.reason)
		w.add(Local, core.Resource{
			Ref: core.Ref{Kind: "container", Name: name}, Owner: owner, Phase: c.phase, Reason: status, Started: ago(c.old), Changed: ago(c.old / 3),
			Cells: []core.Cell{{Text: text.Clean(name)}, {Text: status}, {Text: w.safe("health", c.health)}, {}, {}, num(c.restarts), {Text: w.safe("image", c.image)}, {Text: text.Clean(project)}, {Text: w.safe("ports", "8080→80/tcp")}, age(c.old)},
			Facts: &core.Facts{Image: []string{w.raw("image", c.image)}, Service: w.raw("service", c.name)},
		})
	}
	for n, p := range []string{"shop", "billing"} {
		name := w.raw("name", p)
		w.add(Local, core.Resource{
			Ref: core.Ref{Kind: "project", Name: name, UID: "uid-local-project-" + name}, Phase: core.Degraded, Reason: text.Lit("partly running"), Started: ago(2 * day), Changed: ago(9 * time.Minute),
			Cells: []core.Cell{{Text: text.Clean(name)}, {Text: text.Lit("partly running")}, num(3 - n), num(4 - n), age(2 * day)},
		})
	}
	for n, kind := range []string{"image", "image", "volume", "network"} {
		name := w.raw("name", fmt.Sprintf("%s-%d", kind, n))
		second := core.Cell{Text: w.safe("driver", "bridge")}
		if kind == "image" {
			second = core.Cell{Num: float64(n+1) * 73e6}
		}
		w.add(Local, core.Resource{Ref: core.Ref{Kind: kind, Name: name}, Phase: core.Running, Started: ago(9 * day), Cells: []core.Cell{{Text: text.Clean(name)}, second, age(9 * day)}})
	}
}
