package kube

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// cutter loses the answer of every change that is not a dry run.
type cutter struct {
	next http.RoundTripper
	cut  bool
	sent int
}

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if r.Method == http.MethodPatch && !dryRun(r) {
		c.sent++
		if c.cut && err == nil {
			resp.Body.Close()
			return nil, io.ErrUnexpectedEOF
		}
	}
	return resp, err
}

func restartWorld(t *testing.T, replicas int) (*cluster.Cluster, *Source, *cutter, *memory, string) {
	t.Helper()
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: replicas})
	if err := c.WaitReady(t.Context(), ns, "app", replicas); err != nil {
		t.Fatal(err)
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	cut := &cutter{next: src.client.http.Transport}
	src.client.http.Transport = cut
	m := start(t, src, core.Interest{Kinds: []string{"deployment", "pod"}, Namespaces: []string{ns}})
	m.await(t, "the pods", 10*time.Second, func() bool { return len(m.rows["pod"]) == replicas && m.row("deployment", ns, "app") != nil })
	return c, src, cut, m, ns
}

// TestRestartOfPodRestartsItsWorkload, with everything the plan says.
func TestRestartOfPodRestartsItsWorkload(t *testing.T) {
	c, src, cut, m, ns := restartWorld(t, 3)
	if err := c.Apply(t.Context(), ns, `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec: {minAvailable: 3, selector: {matchLabels: {app: app}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: grow}
spec: {minReplicas: 3, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: app}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
`); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "-n", ns, "annotate", "deployment/app", "argocd.argoproj.io/tracking-id=shop:apps/Deployment:x/app")
	var pod *core.Resource
	for _, r := range m.rows["pod"] {
		pod = r
	}
	if why := src.Disabled("restart", pod); !why.Empty() {
		t.Errorf("disabled: %s", why)
	}
	op, err := src.PlanRestart(t.Context(), pod.Ref)
	if err != nil {
		t.Fatal(err)
	}
	p := op.Plan
	if p.Target.Kind != "deployment" || p.Target.Name != "app" || !p.Preview.Empty() || p.Command.String() != "kubectl -n "+ns+" --context "+src.scope+" rollout restart deployment/app" {
		t.Errorf("%+v", p)
	}
	var diff, said []string
	for _, l := range p.Diff {
		diff = append(diff, l.String())
	}
	for _, s := range append(p.Impact, p.Warnings...) {
		said = append(said, s.String())
	}
	if d := strings.Join(diff, "\n"); !strings.Contains(d, "+ ") || !strings.Contains(d, restartedAt) || strings.Contains(d, "- ") && len(diff) > 20 {
		t.Errorf("diff:\n%s", d)
	}
	for _, want := range []string{"3 pods", "maxUnavailable 25%", "disruption budget keep", "autoscaler grow", "application shop"} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("the plan does not say %q: %v", want, said)
		}
	}
	if cut.sent != 0 {
		t.Error("planning sent a change")
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	steps := 0
	out, err := op.Verify(t.Context(), func(core.Progress) { steps++ })
	if err != nil || out != core.OutcomeHealthy || steps == 0 || cut.sent != 1 {
		t.Errorf("%v, %v, %d steps, %d sent", out, err, steps, cut.sent)
	}
}

// TestRestartWithLostAnswer is promise 26: sent once, and the truth is read back.
func TestRestartWithLostAnswer(t *testing.T) {
	_, src, cut, m, ns := restartWorld(t, 1)
	op, err := src.PlanRestart(t.Context(), m.row("deployment", ns, "app").Ref)
	if err != nil {
		t.Fatal(err)
	}
	cut.cut = true
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
		t.Fatalf("%v, want an unknown outcome", err)
	}
	out, err := op.Verify(t.Context(), func(core.Progress) {})
	if err != nil || out != core.OutcomeHealthy || cut.sent != 1 {
		t.Errorf("%v, %v, %d sent", out, err, cut.sent)
	}
}

// TestRestartIsRefused: what was seen is no longer there, or cannot be restarted.
func TestRestartIsRefused(t *testing.T) {
	c, src, cut, m, ns := restartWorld(t, 1)
	ref := m.row("deployment", ns, "app").Ref
	plan := func() *core.Operation {
		t.Helper()
		op, err := src.PlanRestart(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	changed := plan()
	kubectl(t, c, "-n", ns, "set", "image", "deployment/app", "main=registry.local/app:v2")
	if err := changed.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("changed meanwhile: %v", err)
	}
	replaced := plan()
	kubectl(t, c, "-n", ns, "delete", "deployment/app")
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: 1})
	if err := replaced.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("replaced meanwhile: %v", err)
	}
	if cut.sent != 0 {
		t.Errorf("%d changes were sent", cut.sent)
	}
	if err := c.Apply(t.Context(), ns, "{apiVersion: v1, kind: Pod, metadata: {name: bare}, spec: {containers: [{name: main, image: x}]}}"); err != nil {
		t.Fatal(err)
	}
	testkit.PollTrue(t, 5*time.Second, "the bare pod", func() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.row("pod", ns, "bare") != nil })
	bare := m.row("pod", ns, "bare")
	if why := src.Disabled("restart", bare).String(); !strings.HasPrefix(why, "nothing would start it again") {
		t.Errorf("a bare pod: %q", why)
	}
	if _, err := src.PlanRestart(t.Context(), bare.Ref); !isProblem(err, core.Unsupported) {
		t.Errorf("a bare pod: %v", err)
	}
	kubectl(t, c, "-n", ns, "rollout", "pause", "deployment/app")
	ref.UID = ""
	if _, err := src.PlanRestart(t.Context(), ref); !isProblem(err, core.Refused) {
		t.Errorf("a paused deployment: %v", err)
	}
}
