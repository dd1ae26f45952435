package kube

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// workloadVerbs are the verbs of this package's workloads, each with its plan
// on objects that are all called web.
func workloadVerbs(t *testing.T, c *cluster.Cluster, ns string) []struct {
	verb, kind string
	plan       func(s *Source) (*core.Operation, error)
} {
	t.Helper()
	for _, tag := range []string{"v1", "v2"} {
		put(t, c, ns, appYAML("Deployment", "web", "r.local/web:"+tag, "", 1))
		rolledOut(t, c, ns, "deployment/web")
	}
	put(t, c, ns, cronYAML("web", ""))
	app := func(s *Source) core.Ref { return s.ref("deployment", ns, "web", "") }
	cron := func(s *Source) core.Ref { return s.ref("cronjob", ns, "web", "") }
	return []struct {
		verb, kind string
		plan       func(s *Source) (*core.Operation, error)
	}{
		{core.VerbRollback, "deployment", func(s *Source) (*core.Operation, error) { return s.PlanRollback(t.Context(), app(s), core.Rollback{}) }},
		{core.VerbDeploy, "deployment", func(s *Source) (*core.Operation, error) {
			return s.PlanDeploy(t.Context(), app(s), core.Deploy{Image: "r.local/web:v3"})
		}},
		{core.VerbScale, "deployment", func(s *Source) (*core.Operation, error) { return s.PlanScale(t.Context(), app(s), 2) }},
		{core.VerbPause, "deployment", func(s *Source) (*core.Operation, error) { return s.PlanPause(t.Context(), app(s)) }},
		{core.VerbResume, "deployment", func(s *Source) (*core.Operation, error) { return s.PlanResume(t.Context(), app(s)) }},
		{core.VerbPause, "cronjob", func(s *Source) (*core.Operation, error) { return s.PlanPause(t.Context(), cron(s)) }},
		{core.VerbResume, "cronjob", func(s *Source) (*core.Operation, error) { return s.PlanResume(t.Context(), cron(s)) }},
		{core.VerbDeploy, "cronjob", func(s *Source) (*core.Operation, error) { return s.PlanDeploy(t.Context(), cron(s), core.Deploy{}) }},
	}
}

// TestLostAnswersOfWorkloads is promise 26: sent once, and the truth is read back.
func TestLostAnswersOfWorkloads(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	for _, v := range workloadVerbs(t, c, ns) {
		op, err := v.plan(src)
		if err != nil {
			t.Fatalf("%s of a %s: %v", v.verb, v.kind, err)
		}
		n.sent, n.cut = nil, true
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
			t.Errorf("%s of a %s: %v", v.verb, v.kind, err)
		}
		n.cut = false
		if out, err := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeHealthy || err != nil || len(n.sent) != 1 {
			t.Errorf("%s of a %s: %v, %v; sent %v", v.verb, v.kind, out, err, n.sent)
		}
	}
}

// TestWorkloadsOfSomebodyWithoutRights: told before, blind, and refused in words.
func TestWorkloadsOfSomebodyWithoutRights(t *testing.T) {
	c, gate := cluster.Shared(t), &sources.Gate{}
	ns := c.Namespace(t)
	verbs := workloadVerbs(t, c, ns)
	kubectl(t, c, "-n", ns, "create", "rolebinding", "look", "--clusterrole=view", "--user=vera")
	conf := must[tree](t)(parseTree([]byte(kubectl(t, c, "config", "view", "--raw", "-o", "json"))))
	for _, u := range conf.items("users") {
		u.sub("user")["as"] = "vera"
	}
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, jsonOf(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	src := over(t, config, gate)
	start(t, src, core.Interest{Kinds: []string{"deployment", "cronjob"}, Namespaces: []string{ns}})
	admin := over(t, c.Kubeconfig, &sources.Gate{})
	for _, v := range verbs {
		what := v.verb + " of a " + v.kind
		if v.verb == core.VerbResume {
			continue // it is not held
		}
		row, err := src.Get(t.Context(), src.ref(v.kind, ns, "web", ""))
		if err != nil {
			t.Fatal(err)
		}
		testkit.PollTrue(t, 20*time.Second, what+" disabled by RBAC", func() bool { return strings.HasPrefix(src.Disabled(v.verb, row).String(), "RBAC: cannot ") })
		op, err := v.plan(src)
		if err != nil || !op.Plan.Blind || !strings.Contains(op.Plan.Preview.String(), "forbidden") {
			t.Errorf("%s: %v, %+v", what, err, op)
			continue
		}
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Forbidden) {
			t.Errorf("%s: %v", what, err)
		}
		if out, _ := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeRefused {
			t.Errorf("%s: %v", what, out)
		}
		// And who may, but not now.
		if op, err = v.plan(admin); err != nil {
			t.Fatal(err)
		}
		if err := op.Execute(t.Context(), sources.Quiet); err == nil {
			t.Errorf("%s went through without a permit", what)
		}
		admin.helm.gate.SetReadOnly(true)
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
			t.Errorf("%s while read-only: %v", what, err)
		}
		admin.helm.gate.SetReadOnly(false)
	}
	if n := admin.helm.gate.Sent(); n != 0 {
		t.Errorf("%d changes left", n)
	}
}
