package kube

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// argoWorld is a source over the cluster with Argo's kinds and the real
// Rollouts controller, in a namespace of its own, watching the kinds.
func argoWorld(t *testing.T, kinds ...string) (*cluster.Cluster, *Source, *cutter, *memory, string) {
	t.Helper()
	c := cluster.SharedArgo(t)
	src := over(t, c.Kubeconfig, &sources.Gate{})
	cut := &cutter{next: src.client.http.Transport}
	src.client.http.Transport = cut
	ns := c.Namespace(t)
	return c, src, cut, start(t, src, core.Interest{Kinds: kinds, Namespaces: []string{ns}}), ns
}

const canarySteps = `canary: {steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {}}]}`

func rolloutYAML(name, image, strategy string, replicas int) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: %[1]s, labels: {app: %[1]s}}
spec:
  replicas: %[4]d
  revisionHistoryLimit: 5
  progressDeadlineSeconds: 60
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "%[2]s"}]}
  strategy: {%[3]s}
`, name, image, strategy, replicas)
}

// reach waits until the watched row has a reason.
func reach(t *testing.T, m *memory, kind, ns, name, reason string) *core.Resource {
	t.Helper()
	var r *core.Resource
	m.await(t, kind+" "+name+" "+reason, 60*time.Second, func() bool {
		r = m.row(kind, ns, name)
		return r != nil && r.Reason.String() == reason
	})
	return r
}

// bringRollout makes a rollout and its second version, which stops at the
// first pause.
func bringRollout(t *testing.T, c *cluster.Cluster, m *memory, ns, name, strategy string) {
	t.Helper()
	put(t, c, ns, rolloutYAML(name, "r.local/web:v1", strategy, 4))
	reach(t, m, kindRollout, ns, name, "Healthy")
	put(t, c, ns, rolloutYAML(name, "r.local/web:v2", strategy, 4))
	reach(t, m, kindRollout, ns, name, "Paused")
}

func cellOf(src *Source, r *core.Resource, id string) core.Cell {
	for i, c := range src.kinds.get(r.Ref.Kind).Columns {
		if c.ID == id {
			return r.Cells[i]
		}
	}
	return core.Cell{}
}

func titles(o core.Outline) string {
	var b strings.Builder
	for _, n := range o.Nodes {
		fmt.Fprintf(&b, "%s%s | %s | %s | %s | %s\n", strings.Repeat("  ", n.Depth), n.Title, n.Phase, n.Reason, n.Info, n.Message)
	}
	return b.String()
}

// TestCanaryIsPromoted follows a canary of the real controller from its pause to
// the end, and back.
func TestCanaryIsPromoted(t *testing.T) {
	c, src, cut, m, ns := argoWorld(t, kindRollout, "replicaset", "pod")
	bringRollout(t, c, m, ns, "web", canarySteps)
	r := m.row(kindRollout, ns, "web")
	if r.Phase != core.Pending || len(r.Facts.Waits) != 1 || r.Facts.Waits[0].String() != "promotion (canary 25%, step 2 of 4)" {
		t.Errorf("%v, waits for %v", r.Phase, r.Facts.Waits)
	}
	for id, want := range map[string]string{"strategy": "canary", "weight": "25%", "ready": "4/4", "number": "2", "stage": "pause until promoted", "images": "r.local/web:v2"} {
		if got := cellOf(src, r, id).Text.String(); got != want {
			t.Errorf("%s is %q, not %q", id, got, want)
		}
	}
	if n := cellOf(src, r, "stage").Num; n != 4001 {
		t.Errorf("stage %v", n)
	}
	ref := r.Ref
	o, err := src.Outline(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"step 2 of 4", "1  set weight 25% | succeeded", "2  pause until promoted | pending | CanaryPauseStep | now", "4  pause until promoted | unknown", "stable: revision 1", "canary: revision 2", "pod web-"} {
		if !strings.Contains(titles(o), want) {
			t.Errorf("the outline lacks %q:\n%s", want, titles(o))
		}
	}
	// The pods of both sides lead to their own pages, and belong to the rollout.
	m.await(t, "the pods of both sides", 20*time.Second, func() bool { return len(m.rows["pod"]) == 4 })
	m.do(func() {
		for _, rs := range m.rows["replicaset"] {
			if rs.Owner.Kind != kindRollout || rs.Owner.Name != "web" {
				t.Errorf("a replica set of %v", rs.Owner)
			}
		}
	})

	op, err := src.PlanApprove(t.Context(), ref, core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := op.Plan.Command.String(), "kubectl argo rollouts promote web -n "+ns+" --context "+src.scope; got != want {
		t.Errorf("command %s", got)
	}
	mentions(t, op.Plan, "canary 25%, step 2 of 4 → step 3 of 4: set weight 50%", `patch rollouts.argoproj.io web --subresource=status --type=merge -p '{"status":{"pauseConditions":null}}'`)
	if op.Plan.Blind || cut.sent != 0 {
		t.Errorf("blind %v: %s; %d sent", op.Plan.Blind, op.Plan.Preview, cut.sent)
	}
	bring(t, op, nil)
	if cut.sent != 1 {
		t.Errorf("%d changes sent", cut.sent)
	}
	// It stands at the next pause; the plan made before is no longer true.
	m.await(t, "50%", 30*time.Second, func() bool { return cellOf(src, m.row(kindRollout, ns, "web"), "weight").Text.String() == "50%" })
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) || cut.sent != 1 {
		t.Errorf("an answered gate was answered again: %v, %d sent", err, cut.sent)
	}
	op, err = src.PlanApprove(t.Context(), ref, core.Verdict{Options: map[string]string{"full": "true"}})
	bring(t, op, err)
	r = reach(t, m, kindRollout, ns, "web", "Healthy")
	if cellOf(src, r, "weight").Text.String() != "100%" || len(r.Facts.Waits) > 0 || r.Phase != core.Running {
		t.Errorf("%+v", r)
	}
	if _, err := src.PlanApprove(t.Context(), ref, core.Verdict{}); !isProblem(err, core.Refused) {
		t.Errorf("promoted though it does not wait: %v", err)
	}
	if why := src.Disabled(core.VerbApprove, r); why.Empty() {
		t.Error("approve is offered though nothing waits")
	}

	// Back to the first version, through the steps, and back again.
	form, err := src.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || form.Fields[0].Value != "1" || len(form.Fields[0].Choices) != 2 || !form.Fields[0].Choices[0].Current {
		t.Fatalf("%v, %+v", err, form)
	}
	op, err = src.PlanRollback(t.Context(), ref, core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := op.Plan.Command.String(), "kubectl argo rollouts undo web -n "+ns+" --context "+src.scope+" --to-revision=1"; got != want {
		t.Errorf("command %s", got)
	}
	mentions(t, op.Plan, "r.local/web:v2 → r.local/web:v1", "canary of 4 steps")
	if d := fmt.Sprint(op.Plan.Diff); strings.Contains(d, "dnsPolicy") || !strings.Contains(d, "web:v1") {
		t.Errorf("the diff has the server's defaults: %s", d)
	}
	bring(t, op, nil)
	if got := image(t, c, ns, "rollout/web"); got != "r.local/web:v1" {
		t.Errorf("it wants %s", got)
	}
	reach(t, m, kindRollout, ns, "web", "Paused")
	takeBack(t, src, op.Plan) // version 2 is the stable one: it is back at once
	reach(t, m, kindRollout, ns, "web", "Healthy")
	if got := image(t, c, ns, "rollout/web"); got != "r.local/web:v2" {
		t.Errorf("it wants %s", got)
	}
	doc, err := src.History(t.Context(), ref)
	if err != nil || len(doc.Lines) < 4 {
		t.Errorf("%v, %v", err, doc.Lines)
	}
}

// TestCanaryIsAborted: abort, retry, pause, resume, set image, restart, scale.
func TestCanaryIsAborted(t *testing.T) {
	c, src, _, m, ns := argoWorld(t, kindRollout)
	bringRollout(t, c, m, ns, "web", canarySteps)
	ref := at(src, kindRollout, ns, "web")
	if _, err := src.PlanRerun(t.Context(), ref, core.Rerun{}); !isProblem(err, core.Refused) {
		t.Errorf("retried though it was not aborted: %v", err)
	}
	op, err := src.PlanCancel(t.Context(), ref, core.Cancel{})
	bring(t, op, err)
	r := reach(t, m, kindRollout, ns, "web", "Aborted")
	if r.Phase != core.Degraded || !strings.Contains(r.Message.String(), "RolloutAborted") || cellOf(src, r, "weight").Text.String() != "0%" {
		t.Errorf("%v %s %s", r.Phase, r.Message, cellOf(src, r, "weight").Text)
	}
	e, err := src.Explain(t.Context(), ref)
	if err != nil || !strings.Contains(e.Summary.String(), "Aborted") {
		t.Errorf("%v, %+v", err, e)
	}
	for _, verb := range []string{core.VerbApprove, core.VerbCancel} {
		if src.Disabled(verb, r).Empty() {
			t.Errorf("%s is offered for what is aborted", verb)
		}
	}
	if _, err := src.PlanApprove(t.Context(), ref, core.Verdict{}); !isProblem(err, core.Refused) {
		t.Errorf("promoted though it was aborted: %v", err)
	}
	takeBack(t, src, op.Plan)
	reach(t, m, kindRollout, ns, "web", "Paused")

	op, err = src.PlanPause(t.Context(), ref)
	bring(t, op, err)
	m.await(t, "paused by hand", 30*time.Second, func() bool {
		r := m.row(kindRollout, ns, "web")
		return len(r.Facts.Waits) == 2 && strings.Contains(r.Message.String(), "by hand")
	})
	if _, err := src.PlanApprove(t.Context(), ref, core.Verdict{}); !isProblem(err, core.Refused) {
		t.Errorf("promoted though it was paused by hand: %v", err)
	}
	takeBack(t, src, op.Plan)

	op, err = src.PlanDeploy(t.Context(), ref, core.Deploy{Image: "r.local/web:v3"})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "a rollout is under way", "r.local/web:v2 → r.local/web:v3")
	bring(t, op, nil)
	if got := image(t, c, ns, "rollout/web"); got != "r.local/web:v3" {
		t.Errorf("it wants %s", got)
	}
	op, err = src.PlanApprove(t.Context(), ref, core.Verdict{Options: map[string]string{"full": "true"}})
	bring(t, op, err)
	op, err = src.PlanRestart(t.Context(), ref)
	bring(t, op, err)
	op, err = src.PlanScale(t.Context(), ref, 2)
	bring(t, op, err)
	if got := kubectl(t, c, "-n", ns, "get", "rollout/web", "-o", "jsonpath={.spec.replicas}"); got != "2" {
		t.Errorf("%s replicas", got)
	}
}

// TestBlueGreenIsPromoted: the preview stands beside the active version until it
// is promoted.
func TestBlueGreenIsPromoted(t *testing.T) {
	c, src, _, m, ns := argoWorld(t, kindRollout)
	for _, svc := range []string{"active", "preview"} {
		put(t, c, ns, fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {selector: {app: bg}, ports: [{port: 80}]}", svc))
	}
	bringRollout(t, c, m, ns, "bg", "blueGreen: {activeService: active, previewService: preview, autoPromotionEnabled: false}")
	r := m.row(kindRollout, ns, "bg")
	if len(r.Facts.Waits) != 1 || !strings.Contains(r.Facts.Waits[0].String(), "blue/green") || cellOf(src, r, "strategy").Text.String() != "blue/green" {
		t.Errorf("waits for %v", r.Facts.Waits)
	}
	var o core.Outline
	testkit.Poll(t, 30*time.Second, func() error {
		var err error
		if o, err = src.Outline(t.Context(), r.Ref); err != nil {
			return err
		}
		for _, want := range []string{"preview: revision 2", "stable, active: revision 1", "service active", "service preview"} {
			if !strings.Contains(titles(o), want) {
				return fmt.Errorf("the outline lacks %q:\n%s", want, titles(o))
			}
		}
		return nil
	})
	op, err := src.PlanApprove(t.Context(), r.Ref, core.Verdict{Options: map[string]string{"full": "true"}})
	bring(t, op, err)
	reach(t, m, kindRollout, ns, "bg", "Healthy")
	if a, p := kubectl(t, c, "-n", ns, "get", "service/active", "-o", "jsonpath={.spec.selector}"), kubectl(t, c, "-n", ns, "get", "rollout/bg", "-o", "jsonpath={.status.currentPodHash}"); !strings.Contains(a, p) {
		t.Errorf("the active service selects %s, not %s", a, p)
	}
}

// TestRolloutRefusals: nothing leaves read-only, without rights, and an answer
// that is lost is told from what was not done.
func TestRolloutRefusals(t *testing.T) {
	c, src, cut, m, ns := argoWorld(t, kindRollout)
	bringRollout(t, c, m, ns, "web", canarySteps)
	ref := at(src, kindRollout, ns, "web")

	gate := &sources.Gate{}
	gate.SetReadOnly(true)
	quiet := over(t, c.Kubeconfig, gate)
	if op, err := quiet.PlanApprove(t.Context(), ref, core.Verdict{}); err == nil {
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
			t.Errorf("read-only: %v", err)
		}
	}
	put(t, c, ns, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: eve}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view-rollouts}
subjects: [{kind: User, name: eve}]
`)
	if err := c.Apply(t.Context(), "default", `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: view-rollouts}
rules: [{apiGroups: [argoproj.io], resources: [rollouts, applications], verbs: [get, list, watch]}]
`); err != nil {
		t.Fatal(err)
	}
	path, err := c.KubeconfigFor("eve")
	if err != nil {
		t.Fatal(err)
	}
	eve := over(t, path, &sources.Gate{})
	me := start(t, eve, core.Interest{Kinds: []string{kindRollout}, Namespaces: []string{ns}})
	r := reach(t, me, kindRollout, ns, "web", "Paused")
	testkit.Poll(t, 20*time.Second, func() error {
		if why := eve.Disabled(core.VerbApprove, r).String(); why != "RBAC: cannot patch rollouts/status in "+ns {
			return fmt.Errorf("disabled: %q", why)
		}
		return nil
	})
	op, err := eve.PlanApprove(t.Context(), r.Ref, core.Verdict{})
	if err == nil { // a plan without a preview
		if !op.Plan.Blind {
			t.Error("a plan that was refused looks like one that was tried")
		}
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Forbidden) {
			t.Errorf("without rights: %v", err)
		}
	}

	// The answer is lost: what became of it is read back.
	op, err = src.PlanApprove(t.Context(), ref, core.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	cut.cut = true
	err = op.Execute(sources.Permit(t.Context()), sources.Quiet)
	cut.cut = false
	if !errors.Is(err, core.ErrOutcomeUnknown) || cut.sent != 1 {
		t.Fatalf("%v, %d sent", err, cut.sent)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeHealthy {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := src.PlanReject(t.Context(), ref, core.Verdict{}); !isProblem(err, core.Unsupported) {
		t.Errorf("rejected: %v", err)
	}
}

// TestAnalysisFails: a canary whose analysis fails is aborted by its controller,
// and the explanation says which metric it was.
func TestAnalysisFails(t *testing.T) {
	c, src, _, m, ns := argoWorld(t, kindRollout, kindAnalysisRun)
	put(t, c, ns, `
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: smoke}
spec:
  metrics:
  - name: smoke
    consecutiveErrorLimit: 0
    provider: {web: {url: "http://127.0.0.1:1/smoke", jsonPath: "{$.ok}", timeoutSeconds: 1}}
`)
	const steps = `canary: {steps: [{setWeight: 25}, {analysis: {templates: [{templateName: smoke}]}}]}`
	put(t, c, ns, rolloutYAML("web", "r.local/web:v1", steps, 2))
	reach(t, m, kindRollout, ns, "web", "Healthy")
	put(t, c, ns, rolloutYAML("web", "r.local/web:v2", steps, 2))
	ref := reach(t, m, kindRollout, ns, "web", "Aborted").Ref
	var run *core.Resource
	m.await(t, "the analysis", 30*time.Second, func() bool {
		for _, r := range m.rows[kindAnalysisRun] {
			run = r
		}
		return run != nil && run.Phase == core.Failed
	})
	if run.Owner.Kind != kindRollout || run.Owner.Name != "web" || cellOf(src, run, "failed").Num != 1 || cellOf(src, run, "owner").Text.String() != "web" {
		t.Errorf("%+v", run)
	}
	e, err := src.Explain(t.Context(), ref)
	said := fmt.Sprint(e.Annotations)
	if err != nil || e.At != run.Ref || !strings.Contains(said, "metric smoke is Error") {
		t.Errorf("%v, %+v", err, e)
	}
	o, err := src.Outline(t.Context(), ref)
	if err != nil || !strings.Contains(titles(o), "analysis "+run.Ref.Name) || !strings.Contains(titles(o), "metric smoke | failed") {
		t.Errorf("%v, the outline:\n%s", err, titles(o))
	}
	o, err = src.Outline(t.Context(), run.Ref)
	if err != nil || !o.Done || len(o.Nodes) != 2 {
		t.Errorf("%v, the run's outline:\n%s", err, titles(o))
	}
	if e, err := src.Explain(t.Context(), run.Ref); err != nil || len(e.Annotations) != 1 {
		t.Errorf("%v, %+v", err, e)
	}
}

// TestRolloutWithoutAController: a change on which nobody acts is told from one
// that went wrong.
func TestRolloutWithoutAController(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: -1})
	if err := c.InstallArgo(t.Context()); err != nil {
		t.Fatal(err)
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	src.unheard = time.Second
	put(t, c, "default", rolloutYAML("web", "r.local/web:v1", canarySteps, 1))
	ref := at(src, kindRollout, "default", "web")
	r, err := src.Get(t.Context(), ref)
	if err != nil || r.Reason.String() != "NotReconciled" {
		t.Fatalf("%v, %+v", err, r)
	}
	op, err := src.PlanDeploy(t.Context(), ref, core.Deploy{Image: "r.local/web:v2"})
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		t.Fatal(err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeUnknown || err == nil || !strings.Contains(err.Error(), "no rollouts controller answered within 1s") {
		t.Errorf("%v, %v", out, err)
	}
}
