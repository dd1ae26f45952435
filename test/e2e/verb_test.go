package e2e

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
	"devops-tui/test/docker"
)

// entries are the journal's records of a cockpit, after its chain was verified.
func (c *cockpit) entries() []journal.Record {
	c.t.Helper()
	j, err := journal.Open(filepath.Join(c.home, "state", "devops-tui"))
	if err != nil {
		c.t.Fatal(err)
	}
	report, err := j.Verify()
	if err != nil || !report.OK() || len(report.Open) != 0 {
		c.t.Errorf("journal verify: %+v, %v", report, err)
	}
	records, err := j.List(journal.Filter{})
	if err != nil {
		c.t.Fatal(err)
	}
	return records
}

// journaled holds a change to one intent before one outcome.
func (c *cockpit) journaled(verb, ref string) {
	c.t.Helper()
	records := c.entries()
	if len(records) != 2 || records[0].Event != journal.Intent || records[1].Event != journal.Outcome {
		c.t.Fatalf("the journal has %+v", records)
	}
	for _, r := range records {
		if r.Verb != verb || !strings.Contains(r.Ref, ref) {
			c.t.Errorf("journal entry %s of %s %s", r.Event, r.Verb, r.Ref)
		}
	}
	if r := records[1].Result; r == nil || !strings.Contains(strings.ToLower(r.Outcome), "healthy") {
		c.t.Errorf("the outcome is %+v", r)
	}
}

func startedAt(t *testing.T, e *dockertest.Engine, id string) string {
	t.Helper()
	out, err := e.Docker(t.Context(), "inspect", "-f", "{{.State.StartedAt}}", id)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestRestartOfAContainerIsPlannedConfirmedVerifiedAndJournaled(t *testing.T) {
	e := dockertest.Shared(t)
	const name = "e2e-restart"
	id := e.RunFor(t, dockertest.RunSpec{Name: name, Args: []string{"-name", name}})
	c := open(t, options{engine: e})
	c.view("4", "Containers")
	c.find(name)
	c.WaitFor(shows(name, "running"), patience)
	before := startedAt(t, e, id)

	c.Send("R")
	c.WaitText(patience, "same as", "docker", "restart "+name, "confirms · esc cancels")
	c.Send("esc")
	c.WaitFor(func(s string) bool { return !strings.Contains(s, "esc cancels") }, patience)
	if got := startedAt(t, e, id); got != before {
		t.Fatal("a cancelled restart was carried out")
	}
	if n := len(c.entries()); n != 0 {
		t.Errorf("%d journal entries for a plan that was cancelled", n)
	}
	c.confirm()
	c.WaitText(patience, "enter closes")
	screen := c.Screen()
	if !strings.Contains(screen, "healthy") {
		t.Errorf("the restart is not verified as healthy:\n%s", screen)
	}
	if got := startedAt(t, e, id); got == before {
		t.Error("the container was not restarted")
	}
	c.Send("enter")
	c.WaitFor(shows(name, "running"), patience)
	c.journaled("restart", "container/"+name)
}

// confirm opens the plan of a restart and says yes as soon as the dialog takes it.
func (c *cockpit) confirm() {
	c.t.Helper()
	c.Send("R")
	s := c.WaitText(patience, "confirms · esc cancels")
	key := "y"
	if strings.Contains(s, "enter confirms") {
		key = "enter"
	}
	testkit.Poll(c.t, patience, func() error {
		if c.Seen(500*time.Millisecond, func(s string) bool { return !strings.Contains(s, "confirms · esc cancels") }) {
			return nil
		}
		c.Send(key)
		return errStillAsked
	})
}

var errStillAsked = errors.New("the dialog still asks")

func TestARestartInAReadOnlyCockpitSaysWhyNot(t *testing.T) {
	e := dockertest.Shared(t)
	const name = "e2e-read-only"
	id := e.RunFor(t, dockertest.RunSpec{Name: name, Args: []string{"-name", name}})
	k, kubeconfig := users(t)
	c := open(t, options{engine: e, kubeconfig: kubeconfig("operator"), args: []string{"--read-only"}})
	c.WaitText(patience, "READ-ONLY")
	before := startedAt(t, e, id)
	c.view("4", "Containers")
	c.find(name)
	c.WaitFor(shows(name, "running"), patience)
	c.Send("R")
	c.WaitText(patience, "read-only")
	c.Send("y", "enter")
	c.WaitIdle(300*time.Millisecond, patience)
	c.Send("esc")
	c.view("3", "Workloads")
	c.WaitFor(func(s string) bool { _, ok := rowOf(s, "web"); return ok }, patience)
	c.WaitIdle(300*time.Millisecond, patience)
	c.Send("R")
	c.WaitText(patience, "read-only")
	c.Send("y", "enter")
	c.WaitIdle(300*time.Millisecond, patience)
	if got := startedAt(t, e, id); got != before {
		t.Error("a read-only cockpit restarted a container")
	}
	events, err := k.Audit(t.Context(), "operator")
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range events {
		if ev.Mutates() {
			t.Errorf("a read-only cockpit sent %s", ev)
		}
	}
	if len(events) == 0 {
		t.Error("the API server has seen no request of the cockpit")
	}
	if n := len(c.entries()); n != 0 {
		t.Errorf("%d journal entries", n)
	}
}

const rights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: e2e-operator}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}
- {apiGroups: [apps], resources: [deployments], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-operator}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: operator}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: e2e-pods, namespace: shop}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: e2e-pods, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: e2e-pods}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: limited}]
`

// users starts a control plane with users besides the admin: the operator may
// read everything and restart deployments, the limited one may only see the
// pods of one namespace.
func users(t *testing.T) (k *cluster.Cluster, kubeconfig func(user string) string) {
	t.Helper()
	k = cluster.StartFor(t, cluster.Options{Nodes: 1, Audit: true, Users: map[string][]string{"operator": nil, "limited": nil}})
	ctx := t.Context()
	for _, ns := range []string{"shop", "hidden"} {
		if err := k.CreateNamespace(ctx, ns); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Apply(ctx, "", rights); err != nil {
		t.Fatal(err)
	}
	for _, w := range []cluster.Workload{{Namespace: "shop", Name: "web", Replicas: 3}, {Namespace: "hidden", Name: "secretive", Replicas: 2}} {
		if err := k.Deploy(ctx, w); err != nil {
			t.Fatal(err)
		}
		if err := k.WaitReady(ctx, w.Namespace, w.Name, w.Replicas); err != nil {
			t.Fatal(err)
		}
	}
	return k, func(user string) string {
		path, err := k.KubeconfigFor(user)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
}

func TestRestartOfADeploymentIsPlannedConfirmedVerifiedAndJournaled(t *testing.T) {
	k, kubeconfig := users(t)
	c := open(t, options{kubeconfig: kubeconfig("operator")})
	c.view("3", "Workloads")
	c.find("ns:shop")
	c.WaitFor(shows("web", "Available"), patience)
	restartedAt := func() string {
		out, err := k.Kubectl(t.Context(), "-n", "shop", "get", "deployment", "web", "-o", `jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}`)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	c.Send("R")
	c.WaitText(patience, "kubectl", "rollout restart", "confirms · esc cancels")
	if got := restartedAt(); got != "" {
		t.Fatalf("restarted at %s before it was confirmed", got)
	}
	c.Send("esc")
	c.WaitFor(func(s string) bool { return !strings.Contains(s, "esc cancels") }, patience)
	if n := mutations(t, k, "operator"); n != 0 {
		t.Errorf("%d changing requests before it was confirmed", n)
	}
	c.confirm()
	c.WaitText(patience, "enter closes")
	if s := c.Screen(); !strings.Contains(s, "healthy") {
		t.Errorf("the restart is not verified as healthy:\n%s", s)
	}
	if restartedAt() == "" {
		t.Error("the deployment was not restarted")
	}
	if n := mutations(t, k, "operator"); n != 1 {
		t.Errorf("%d changing requests for one restart", n)
	}
	c.journaled("restart", "deployment/shop/web")
}

// mutations counts a user's changing requests; dry runs do not change anything.
func mutations(t *testing.T, k *cluster.Cluster, user string) (n int) {
	t.Helper()
	events, err := k.Audit(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Mutates() && !strings.Contains(e.RequestURI, "dryRun=All") {
			n++
		}
	}
	return n
}

func TestAUserWithFewRightsSeesTheseAndIsToldTheRestWithoutAStorm(t *testing.T) {
	k, kubeconfig := users(t)
	began := time.Now()
	c := start(t, options{kubeconfig: kubeconfig("limited"), args: []string{"--namespace", "shop"}})
	c.WaitText(patience, "web-")
	c.view("3", "Workloads")
	c.WaitText(patience, "cannot list")
	t.Logf("told on the screen:\n%s", c.Screen())
	c.Send("]")
	c.WaitFor(func(s string) bool { return len(table(s)) == 3 }, patience)
	if s := c.Screen(); strings.Contains(s, "secretive") {
		t.Errorf("pods of another namespace are shown:\n%s", s)
	}
	<-time.After(time.Until(began.Add(20 * time.Second)))
	events, err := k.Audit(t.Context(), "limited")
	if err != nil {
		t.Fatal(err)
	}
	refused, each := 0, map[string]int{}
	for _, e := range events {
		if e.ResponseStatus.Code == 403 {
			refused++
			path, _, _ := strings.Cut(e.RequestURI, "?")
			each[e.Verb+" "+path]++
		}
	}
	t.Logf("%d requests in 20 s, %d of them refused: %v", len(events), refused, each)
	if refused == 0 {
		t.Error("no request was refused: nothing is shown by this test")
	}
	for what, n := range each {
		if n > 4 {
			t.Errorf("%s was refused %d times in 20 s", what, n)
		}
	}
	if refused > 40 {
		t.Errorf("%d refusals in 20 s", refused)
	}
}
