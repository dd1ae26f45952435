package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
	"devops-tui/test/program"
)

// argoWorld is a real control plane with the real Rollouts controller and Argo
// CD's own definitions, and the program that looks at it as a user of its own.
type argoWorld struct {
	*program.Program
	c     *cluster.Cluster
	ns    string
	since int // audit events before the last look
}

func newArgo(t *testing.T) *argoWorld {
	t.Helper()
	c := cluster.SharedArgo(t)
	w := &argoWorld{c: c, ns: c.Namespace(t)}
	w.Program = program.New(t, "", "KUBECONFIG="+c.Kubeconfig)
	w.Args = []string{"--source", "kube", "-n", w.ns}
	return w
}

func (w *argoWorld) apply(yaml string) {
	w.T.Helper()
	if err := w.c.Apply(w.T.Context(), w.ns, yaml); err != nil {
		w.T.Fatal(err)
	}
}

// once checks that the program sent one change since the last look, and of what.
func (w *argoWorld) once(resource string) {
	w.T.Helper()
	if sent := w.sent(); len(sent) != 1 || !strings.Contains(sent[0], resource) {
		w.T.Errorf("sent %q, want one of %s", sent, resource)
	}
}

func (w *argoWorld) none() {
	w.T.Helper()
	if sent := w.sent(); len(sent) > 0 {
		w.T.Errorf("sent %q, want nothing", sent)
	}
}

func (w *argoWorld) sent() (out []string) {
	w.T.Helper()
	events, err := w.c.Audit(w.T.Context(), "")
	if err != nil {
		w.T.Fatal(err)
	}
	for _, e := range events[w.since:] {
		if strings.HasPrefix(e.UserAgent, "devops-tui") && e.Mutates() && !strings.Contains(e.RequestURI, "dryRun=") && e.ObjectRef.Namespace == w.ns {
			out = append(out, e.Verb+" "+e.ObjectRef.Resource+" "+e.ObjectRef.Subresource)
		}
	}
	w.since = len(events)
	return out
}

func rollout(name, image string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: %[1]s, labels: {app: %[1]s}}
spec:
  replicas: 4
  revisionHistoryLimit: 5
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "%[2]s"}]}
  strategy: {canary: {steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {}}]}}
`, name, image)
}

// reach waits until the list has the row in a state.
func (w *argoWorld) reach(kind, name, reason string) row {
	w.T.Helper()
	var r row
	testkit.Poll(w.T, program.Patience, func() error {
		r = find(w.T, rows(w.Program, kind), name)
		if r.Reason != reason {
			return fmt.Errorf("%s is %s", name, r.Reason)
		}
		return nil
	})
	return r
}

func TestRolloutVerbs(t *testing.T) {
	w := newArgo(t)
	w.apply(rollout("web", "registry.local/web:v1"))
	testkit.Poll(t, program.Patience, func() error {
		if len(rows(w.Program, "rollout")) == 0 {
			return fmt.Errorf("no rollout")
		}
		return nil
	})
	w.reach("rollout", "web", "Healthy")
	ref := "rollout/" + w.ns + "/web"
	w.sent()

	w.Act("deploy", ref, "--set", "image=registry.local/web:v2")
	w.once("rollouts")
	if r := w.reach("rollout", "web", "Paused"); len(r.Facts.Waits) != 1 || !strings.Contains(r.Facts.Waits[0], "25") {
		t.Errorf("what it waits for: %+v", r)
	}
	w.Act("approve", ref)
	w.once("rollouts")
	w.reach("rollout", "web", "Paused")
	w.Act("approve", ref, "--set", "full=true")
	w.once("rollouts")
	w.reach("rollout", "web", "Healthy")

	a := w.Run("act", "rollback", ref, "--choices")
	if !strings.Contains(a.Stdout, "registry.local/web:v1") {
		t.Errorf("no way back to v1:\n%s%s", a.Stdout, a.Stderr)
	}
	w.Act("rollback", ref)
	w.once("rollouts")
	w.reach("rollout", "web", "Paused")
	w.Act("cancel", ref)
	w.once("rollouts")
	if r := w.reach("rollout", "web", "Aborted"); r.Phase != "failed" && r.Phase != "degraded" {
		t.Errorf("%+v", r)
	}
	w.Act("rerun", ref)
	w.once("rollouts")
	w.reach("rollout", "web", "Paused")

	for _, way := range [][]string{{"--read-only"}, {"--config", w.Write("deny.yaml", "environments: [{name: x, match: {source: kube}, policy: deny}]\n")}} {
		refused(w.Program, 4, "", append(way, "act", "approve", "--yes", ref)...)
	}
	w.none()
	// by keys, on the screen
	s := w.Cockpit(120, 40, "kube ●", "2", "Builds", "", "web")
	s.Send("enter")
	s.WaitText(program.Patience, "Waiting for you", "set weight 25%", "canary: revision")
	s.Plan("A", "approve")
	s.Through()
	s.Healthy()
	w.once("rollouts")
}

func application(ns, name, policy, more string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: %[2]s, annotations: {%[4]s}}
spec:
  project: default
  source: {repoURL: "https://git.acme.test/shop/web.git", path: deploy, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: %[1]s}
  syncPolicy: {%[3]s syncOptions: ["CreateNamespace=true"]}
status:
  sync: {status: OutOfSync, revision: %[5]s, comparedTo: {source: {repoURL: "https://git.acme.test/shop/web.git"}, destination: {namespace: %[1]s}}}
  health: {status: Healthy}
  reconciledAt: "2026-11-22T08:56:27Z"
  resources:
  - {group: apps, version: v1, kind: Deployment, namespace: %[1]s, name: web, status: OutOfSync, health: {status: Healthy}}
  history:
  - {id: 0, revision: a099976ad1b3a968bfa8af414561fb7aae44c220, deployedAt: "2026-11-22T08:56:19Z", source: {repoURL: "https://git.acme.test/shop/web.git", path: deploy, targetRevision: main}, initiatedBy: {username: kim}}
  - {id: 1, revision: %[5]s, deployedAt: "2026-11-22T08:57:19Z", source: {repoURL: "https://git.acme.test/shop/web.git", path: deploy, targetRevision: main}, initiatedBy: {automated: true}}
`, ns, name, policy, more, cluster.GitHead)
}

func TestApplicationVerbs(t *testing.T) {
	w := newArgo(t)
	w.apply(`
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default}
spec: {sourceRepos: ['*']}`)
	w.apply(application(w.ns, "shop", "", ""))
	w.apply(application(w.ns, "auto", "automated: {prune: true},", ""))
	w.apply(application(w.ns, "slow", "", "test/hold: 'yes'"))
	w.c.ActAsArgoCD(t, w.ns)
	if err := w.c.Deploy(t.Context(), cluster.Workload{Namespace: w.ns, Name: "web", Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	shop := "application/" + w.ns + "/shop"
	w.reach("application", "shop", "OutOfSync")
	w.sent()

	t.Run("sync", func(t *testing.T) {
		w.Act("deploy", shop, "--set", "prune=true")
		w.once("applications")
		w.reach("application", "shop", "Synced")
	})
	t.Run("roll back", func(t *testing.T) {
		a := w.Run("act", "rollback", shop, "--choices")
		if !strings.Contains(a.Stdout, "a099976") {
			t.Errorf("no way back:\n%s%s", a.Stdout, a.Stderr)
		}
		w.Act("rollback", shop, "--set", "to=0")
		w.once("applications")
	})
	t.Run("auto-sync on", func(t *testing.T) {
		auto := "application/" + w.ns + "/auto"
		refused(w.Program, 4, "auto-sync", "act", "rollback", auto, "--set", "to=0", "--yes")
		w.none()
		plan := w.Act("rollback", auto, "--set", "to=0", "--set", "auto-sync=off")
		if !strings.Contains(strings.Join(append(plan.Warnings, plan.Impact...), " "), "git revert") {
			t.Errorf("the plan does not tell of the way that lasts: %+v", plan)
		}
		w.once("applications")
	})
	t.Run("terminate", func(t *testing.T) {
		slow := "application/" + w.ns + "/slow"
		if a := w.Run("act", "deploy", slow, "--yes"); a.Code != 0 {
			t.Fatalf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		w.once("applications")
		testkit.Poll(t, program.Patience, func() error {
			if r := find(t, rows(w.Program, "application"), "slow"); r.Phase != "pending" {
				return fmt.Errorf("%+v", r)
			}
			return nil
		})
		refused(w.Program, 1, "", "act", "deploy", slow, "--yes") // one operation at a time
		w.none()
		w.Act("cancel", slow)
		w.once("applications")
	})
	t.Run("page", func(t *testing.T) {
		s := w.Cockpit(120, 40, "kube ●", "2", "Builds", "", "shop")
		s.Find("name:shop")
		s.Send("enter")
		s.WaitText(program.Patience, "Overview", "Deployment", "web", "History", "Diff")
	})
}
