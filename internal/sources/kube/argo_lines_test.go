package kube

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// TestEquivalentLines pastes the lines of the plans into a shell, with Argo
// Rollouts' own plugin of kubectl, and looks for what the plans promise.
func TestEquivalentLines(t *testing.T) {
	c, src, _, m, ns := argoWorld(t, kindRollout, kindApplication)
	if _, err := exec.LookPath("jq"); err != nil {
		testkit.Missing(t, "jq is not here", "apt-get install jq")
	}
	plugin, err := cluster.BuildRolloutsCLI(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for name, to := range map[string]string{"kubectl": c.KubectlPath(), "kubectl-argo-rollouts": plugin} {
		if err := os.Symlink(to, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	paste := func(op *core.Operation, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", op.Plan.Command.String())
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+c.Kubeconfig, "HOME="+bin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", op.Plan.Command, err, out)
		}
	}
	ref := at(src, kindRollout, ns, "web")
	bringRollout(t, c, m, ns, "web", canarySteps)
	paste(src.PlanApprove(t.Context(), ref, core.Verdict{}))
	m.await(t, "50%", 30*time.Second, func() bool { return cellOf(src, m.row(kindRollout, ns, "web"), "weight").Text.String() == "50%" })
	paste(src.PlanCancel(t.Context(), ref, core.Cancel{}))
	reach(t, m, kindRollout, ns, "web", "Aborted")
	paste(src.PlanRerun(t.Context(), ref, core.Rerun{}))
	reach(t, m, kindRollout, ns, "web", "Paused")
	paste(src.PlanPause(t.Context(), ref))
	m.await(t, "paused by hand", 30*time.Second, func() bool { return len(m.row(kindRollout, ns, "web").Facts.Waits) == 2 })
	paste(src.PlanResume(t.Context(), ref))
	m.await(t, "resumed", 30*time.Second, func() bool { return len(m.row(kindRollout, ns, "web").Facts.Waits) == 1 })
	paste(src.PlanApprove(t.Context(), ref, core.Verdict{Options: map[string]string{"full": "true"}}))
	reach(t, m, kindRollout, ns, "web", "Healthy")
	paste(src.PlanRestart(t.Context(), ref))
	paste(src.PlanRollback(t.Context(), ref, core.Rollback{To: "1"}))
	reach(t, m, kindRollout, ns, "web", "Paused")
	if got := image(t, c, ns, "rollout/web"); got != "r.local/web:v1" {
		t.Errorf("undone to %s", got)
	}
	paste(src.PlanDeploy(t.Context(), ref, core.Deploy{Image: "r.local/web:v5"}))
	if got := image(t, c, ns, "rollout/web"); got != "r.local/web:v5" {
		t.Errorf("set to %s", got)
	}

	put(t, c, ns, applicationYAML(ns, "shop", "default", automated))
	app := reach(t, m, kindApplication, ns, "shop", "OutOfSync").Ref
	operation := func() *argo.Application {
		t.Helper()
		a, err := src.application(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		kubectl(t, c, "-n", ns, "patch", "application/shop", "--type=merge", "-p", `{"operation":null}`)
		return a
	}
	paste(src.PlanDeploy(t.Context(), app, core.Deploy{Options: map[string]string{"prune": "true"}}))
	if a := operation(); a.Operation == nil || !a.Operation.Sync.Prune {
		t.Errorf("sync: %+v", a.Operation)
	}
	paste(src.PlanRollback(t.Context(), app, core.Rollback{To: "0", Options: map[string]string{"auto-sync": "off", "prune": "true"}}))
	if a := operation(); a.Operation == nil || a.Operation.Sync.Revision != revOne || !a.Operation.Sync.Prune || a.Operation.Sync.Source.Path != "deploy" || a.AutoSync() {
		t.Errorf("rollback: %+v", a.Operation)
	}
	paste(src.PlanResume(t.Context(), app))
	if a := operation(); !a.AutoSync() {
		t.Error("auto-sync is still off")
	}
	kubectl(t, c, "-n", ns, "patch", "application/shop", "--type=merge", "-p", `{"status":{"operationState":{"phase":"Failed","startedAt":"2026-11-22T08:56:26Z","operation":{"sync":{"revision":"`+revTwo+`"}}}}}`)
	paste(src.PlanRerun(t.Context(), app, core.Rerun{}))
	if a := operation(); a.Operation == nil || a.Operation.Sync.Revision != revTwo {
		t.Errorf("rerun: %+v", a.Operation)
	}
}
