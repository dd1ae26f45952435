package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/internal/text"
	"devops-tui/test/cluster"
)

// counter counts the requests that change something and are no dry run, without
// those that the server refused because the revision had moved, and can lose their answers.
type counter struct {
	next http.RoundTripper
	mu   sync.Mutex
	cut  bool
	sent []string
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if r.Method != http.MethodGet && !dryRun(r) && !harmless(r) && (err != nil || resp.StatusCode != http.StatusConflict) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent = append(c.sent, r.Method+" "+r.URL.Path)
		if c.cut && err == nil {
			resp.Body.Close()
			return nil, fmt.Errorf("cut: %w", errCut)
		}
	}
	return resp, err
}

var errCut = errors.New("connection lost")

// counted is a source over the shared cluster whose changes are counted.
func countedSource(t *testing.T) (*cluster.Cluster, *Source, *counter) {
	t.Helper()
	c := cluster.Shared(t)
	src := over(t, c.Kubeconfig, &sources.Gate{})
	n := &counter{next: src.client.http.Transport}
	src.client.http.Transport = n
	return c, src, n
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// carryOut executes and verifies a plan that must succeed.
func carryOut(t *testing.T, op *core.Operation) {
	t.Helper()
	ctx, cancel := context.WithTimeout(sources.Permit(t.Context()), time.Minute)
	defer cancel()
	if err := op.Execute(ctx, sources.Quiet); err != nil {
		t.Fatalf("%s: %v", op.Plan.Title, err)
	}
	if out, err := op.Verify(ctx, func(core.Progress) {}); err != nil || out != core.OutcomeHealthy {
		t.Fatalf("%s: %v, %v", op.Plan.Title, out, err)
	}
}

// told is all that a plan says.
func told(p core.Plan) string {
	var b strings.Builder
	fmt.Fprintln(&b, p.Title, "|", p.Preview, "|", p.Command, "|", p.UndoHint)
	for _, c := range p.Changes {
		fmt.Fprintln(&b, c.Field, ":", c.Before, "->", c.After)
	}
	for _, s := range p.Impact {
		fmt.Fprintln(&b, s)
	}
	for _, s := range p.Warnings {
		fmt.Fprintln(&b, "warning:", s)
	}
	for _, l := range p.Diff {
		fmt.Fprintln(&b, l)
	}
	return b.String()
}

func says(t *testing.T, p core.Plan, want ...string) {
	t.Helper()
	all := told(p)
	for _, w := range want {
		if !strings.Contains(all, w) {
			t.Errorf("the plan does not say %q:\n%s", w, all)
		}
	}
}

// heard keeps what an execution says.
type heard struct {
	mu    sync.Mutex
	lines []string
	steps []core.Progress
}

func (h *heard) Progress(p core.Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.steps = append(h.steps, p)
}

func (h *heard) Line(l text.Line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, l.String())
}

// ownNode adds a node for one test.
func ownNode(t *testing.T, c *cluster.Cluster, name string) core.Ref {
	t.Helper()
	if err := c.AddNode(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kubectl(t, c, "delete", "node", name) })
	testkit.Poll(t, 20*time.Second, func() error {
		if s := kubectl(t, c, "get", "node", name, "-o", "jsonpath={.spec.taints}"); s != "" {
			return fmt.Errorf("taints %s", s)
		}
		return nil
	})
	return core.Ref{Source: ID, Scope: c.Name, Kind: "node", Name: name}
}

func TestCordonAndBack(t *testing.T) {
	c, src, n := countedSource(t)
	ref := ownNode(t, c, "cordon-me")
	op := must[*core.Operation](t)(src.PlanCordon(t.Context(), ref, true))
	says(t, op.Plan, "Cordon node cordon-me", "kubectl --context "+c.Name+" cordon cordon-me", "unschedulable: true")
	kubectl(t, c, "annotate", "node", "cordon-me", "seen=1") // as any heartbeat it moves the revision; but this one is a change
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("changed meanwhile: %v", err)
	}
	op = must[*core.Operation](t)(src.PlanCordon(t.Context(), ref, true))
	if _, err := c.Do(t.Context(), "PATCH", "/api/v1/nodes/cordon-me/status", "application/merge-patch+json", []byte(`{"status":{"phase":"Running"}}`)); err != nil {
		t.Fatal(err)
	}
	carryOut(t, op) // a heartbeat does not make it stale
	if kubectl(t, c, "get", "node", "cordon-me", "-o", "jsonpath={.spec.unschedulable}") != "true" {
		t.Error("not cordoned")
	}
	if _, err := src.PlanCordon(t.Context(), ref, true); !isProblem(err, core.Refused) {
		t.Errorf("cordoned already: %v", err)
	}
	if op.Plan.Inverse == nil || op.Plan.Inverse.Verb != core.VerbUncordon {
		t.Fatalf("%+v", op.Plan.Inverse)
	}
	carryOut(t, must[*core.Operation](t)(src.PlanCordon(t.Context(), ref, false)))
	if kubectl(t, c, "get", "node", "cordon-me", "-o", "jsonpath={.spec.unschedulable}") != "" || len(n.sent) != 2 {
		t.Errorf("still cordoned, or not sent once each: %v", n.sent)
	}
}

// TestDrain: what would be lost is refused, a budget is waited for and never
// passed by, and daemon sets stay.
func TestDrain(t *testing.T) {
	c, src, n := countedSource(t)
	src.evicting = 100 * time.Millisecond
	ref := ownNode(t, c, "drain-me")
	ns := c.Namespace(t)
	if err := c.Apply(t.Context(), ns, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {nodeSelector: {kubernetes.io/hostname: drain-me}, containers: [{name: main, image: x}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {nodeSelector: {kubernetes.io/hostname: drain-me}, containers: [{name: main, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec: {nodeName: drain-me, containers: [{name: main, image: x}], volumes: [{name: data, emptyDir: {}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
`); err != nil {
		t.Fatal(err)
	}
	testkit.Poll(t, 30*time.Second, func() error {
		if s := kubectl(t, c, "-n", ns, "get", "pdb", "keep", "-o", "jsonpath={.status.disruptionsAllowed}"); s != "1" {
			return fmt.Errorf("the budget allows %q", s)
		}
		if s := strings.Fields(kubectl(t, c, "-n", ns, "get", "pods", "--field-selector", "spec.nodeName=drain-me,status.phase=Running", "-o", "name")); len(s) != 5 {
			return fmt.Errorf("pods %v", s)
		}
		return nil
	})
	how := core.Drain{Grace: -1}
	if _, err := src.PlanDrain(t.Context(), ref, how); !isProblem(err, core.Refused) || !strings.Contains(err.Error(), ns+"/bare") {
		t.Errorf("a pod without owner: %v", err)
	}
	how.Force = true
	if _, err := src.PlanDrain(t.Context(), ref, how); !isProblem(err, core.Refused) || !strings.Contains(err.Error(), "emptyDir") {
		t.Errorf("local data: %v", err)
	}
	how.DeleteEmptyDir = true
	form := must[core.Form](t)(src.Form(t.Context(), core.VerbDrain, ref))
	if len(form.Fields) != 3 || !strings.Contains(form.Note.String(), "4 pods to evict; 1 of daemon sets") {
		t.Errorf("%+v", form)
	}
	op := must[*core.Operation](t)(src.PlanDrain(t.Context(), ref, how))
	says(t, op.Plan, "4 pods are evicted", "3 of ReplicaSet "+ns+"/web-", "1 of no owner", "1 pods of daemon sets stay", "keep allows 1 disruptions now and covers 3 of the pods",
		"lost, nothing starts them again: "+ns+"/bare", "local data", "drain drain-me --ignore-daemonsets --delete-emptydir-data --force", "pods to evict : 4 -> 0")
	if op.Plan.Danger != 2 || op.Plan.Blind || len(n.sent) != 0 {
		t.Errorf("danger %d, blind %t (%s), sent %v", op.Plan.Danger, op.Plan.Blind, op.Plan.Preview, n.sent)
	}

	// The budget allows one of three; the new pod finds no place, so the rest waits.
	ctx, cancel := context.WithCancel(sources.Permit(t.Context()))
	defer cancel()
	out := &heard{}
	ended := make(chan error, 1)
	go func() { ended <- op.Execute(ctx, out) }()
	testkit.PollTrue(t, 30*time.Second, "the budget to be waited for", func() bool {
		out.mu.Lock()
		defer out.mu.Unlock()
		return len(out.steps) > 0 && out.steps[0].Done == 2 && out.steps[0].Total == 4 && strings.Contains(out.steps[0].Text.String(), "disruption budget")
	})
	if got := strings.Fields(kubectl(t, c, "-n", ns, "get", "pods", "-l", "app=web", "--field-selector", "spec.nodeName=drain-me,status.phase=Running", "-o", "name")); len(got) != 2 {
		t.Errorf("the budget keeps 2 pods, but %v run", got)
	}
	kubectl(t, c, "-n", ns, "delete", "pdb", "keep")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if o, err := op.Verify(t.Context(), func(core.Progress) {}); err != nil || o != core.OutcomeHealthy {
		t.Fatalf("%v, %v", o, err)
	}
	if got := strings.Fields(kubectl(t, c, "-n", ns, "get", "pods", "--field-selector", "spec.nodeName=drain-me", "-o", "name")); len(got) != 1 || !strings.HasPrefix(got[0], "pod/agent-") {
		t.Errorf("on the node are %v", got)
	}
	for _, s := range n.sent {
		if strings.HasPrefix(s, "DELETE") {
			t.Errorf("deleted past the budget: %s", s)
		}
	}
	if _, err := src.PlanDrain(t.Context(), ref, how); !isProblem(err, core.Refused) {
		t.Errorf("drained already: %v", err)
	}
}

// whenWaiting is an Output that calls f when pods wait for their budgets.
type whenWaiting func()

func (whenWaiting) Line(text.Line) {}

func (f whenWaiting) Progress(p core.Progress) {
	if strings.Contains(p.Text.String(), "wait") {
		f()
	}
}

// TestDrainGivesUp says what was done when its time is over.
func TestDrainGivesUp(t *testing.T) {
	c, src, _ := countedSource(t)
	src.evicting = 100 * time.Millisecond
	ref := ownNode(t, c, "drain-stuck")
	ns := c.Namespace(t)
	if err := c.Apply(t.Context(), ns, `
apiVersion: v1
kind: Pod
metadata: {name: bare, labels: {app: bare}}
spec: {nodeName: drain-stuck, containers: [{name: main, image: x}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: never}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: bare}}}
`); err != nil {
		t.Fatal(err)
	}
	testkit.PollTrue(t, 20*time.Second, "the pod", func() bool {
		return kubectl(t, c, "-n", ns, "get", "pod", "bare", "-o", "jsonpath={.status.phase}") == "Running"
	})
	op := must[*core.Operation](t)(src.PlanDrain(t.Context(), ref, core.Drain{Grace: -1, Force: true}))
	says(t, op.Plan, "budget "+ns+"/never blocks: it allows 0")
	ctx, cancel := context.WithTimeout(sources.Permit(t.Context()), time.Minute)
	defer cancel()
	// its time is over while the budget holds it up, and no request is on its way
	if err := op.Execute(ctx, whenWaiting(cancel)); !isProblem(err, core.Internal) || !strings.Contains(err.Error(), "0 of 1 pods are evicted; 1 wait") {
		t.Errorf("%v", err)
	}
	if o, err := op.Verify(t.Context(), func(core.Progress) {}); o != core.OutcomeFailed || err == nil {
		t.Errorf("%v, %v", o, err)
	}
	if kubectl(t, c, "-n", ns, "get", "pod", "bare", "-o", "jsonpath={.status.phase}") != "Running" {
		t.Error("the pod was touched")
	}
}
