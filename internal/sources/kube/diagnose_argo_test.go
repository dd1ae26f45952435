package kube

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/cluster"
)

// argoFindings are the lines of doctor that are about Argo.
func argoFindings(t *testing.T, src *Source) string {
	t.Helper()
	var b strings.Builder
	for _, f := range src.Diagnose(t.Context()) {
		if s := f.Text.String(); strings.Contains(s, "Argo") || strings.Contains(s, "applications") || strings.Contains(s, "rollouts") {
			fmt.Fprintf(&b, "%s: %s → %s\n", f.Level, f.Text, f.Fix)
		}
	}
	return b.String()
}

func contains(t *testing.T, found string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(found, want) {
			t.Errorf("doctor does not say %q:\n%s", want, found)
		}
	}
}

// TestDoctorOnArgo: what is there, how much of it, what may be changed; and the
// step that it names for what is missing is one that works as it stands there.
func TestDoctorOnArgo(t *testing.T) {
	c := cluster.SharedArgo(t)
	ns := c.Namespace(t)
	src := over(t, c.Kubeconfig, &sources.Gate{}) // it does not run: doctor's questions stand alone
	cut := &cutter{next: src.client.http.Transport}
	src.client.http.Transport = cut
	src.home = ns // as if the context named it
	contains(t, argoFindings(t, src), "ok: Argo CD is installed; ", "ok: Argo Rollouts is installed; ")
	put(t, c, ns, applicationYAML(ns, "shop", "default", ""))
	put(t, c, ns, applicationYAML(ns, "cart", "default", ""))
	put(t, c, ns, rolloutYAML("web", "r.local/web:v1", canarySteps, 0))
	contains(t, argoFindings(t, src), "may sync, terminate and roll back applications in ", "may promote, abort and retry rollouts in ", "may roll back, pause and restart rollouts in ")
	src.pinned = []string{ns}
	contains(t, argoFindings(t, src), "2 applications in "+ns, "1 rollouts in "+ns)

	path, err := c.KubeconfigFor("eve")
	if err != nil {
		t.Fatal(err)
	}
	gate := &sources.Gate{}
	gate.SetReadOnly(true) // asking is no change
	eve := over(t, path, gate)
	eve.pinned = []string{ns}
	found := argoFindings(t, eve)
	contains(t, found, "info: Argo CD is installed; may not list applications in "+ns, "info: Argo Rollouts is installed; may not list rollouts in "+ns)

	look := "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: look}\nrules: [{apiGroups: [argoproj.io], resources: [applications, rollouts], verbs: [get, list, watch]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: look}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: look}\nsubjects: [{kind: User, name: eve}]\n"
	put(t, c, ns, look)
	eve.pinned, eve.home = nil, ns // she may not list everywhere: it is looked for where her context is
	found = argoFindings(t, eve)
	contains(t, found, "2 applications in "+ns, "info: may not sync, terminate and roll back applications in "+ns, "info: may not promote, abort and retry rollouts in "+ns, "info: may not roll back, pause and restart rollouts in "+ns)
	if strings.Contains(found, "problem") || strings.Contains(found, "missing") {
		t.Errorf("what somebody may not do is no alarm:\n%s", found)
	}
	steps := map[string]bool{}
	for line := range strings.Lines(found) {
		if _, step, ok := strings.Cut(line, "an administrator runs: "); ok {
			steps[strings.TrimSpace(step)] = true
		}
	}
	if len(steps) != 2 {
		t.Errorf("%d steps in\n%s", len(steps), found)
	}
	for step := range steps {
		pasted(t, c, step)
	}
	found = argoFindings(t, eve)
	contains(t, found, "ok: may sync, terminate and roll back applications in "+ns, "ok: may promote, abort and retry rollouts in "+ns, "ok: may roll back, pause and restart rollouts in "+ns)
	if strings.Contains(found, "may not") {
		t.Errorf("something is still missing:\n%s", found)
	}
	if cut.sent != 0 {
		t.Errorf("%d changes sent", cut.sent)
	}
}

// pasted runs a line as an administrator pastes it into a shell.
func pasted(t *testing.T, c *cluster.Cluster, line string) {
	t.Helper()
	bin := t.TempDir()
	if err := os.Symlink(c.KubectlPath(), filepath.Join(bin, "kubectl")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+c.Kubeconfig, "HOME="+bin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}

// TestDoctorWithoutArgo: one line, nothing that alarms, one request.
func TestDoctorWithoutArgo(t *testing.T) {
	c := cluster.Shared(t)
	src := over(t, c.Kubeconfig, &sources.Gate{})
	var lines []string
	for _, f := range src.Diagnose(t.Context()) {
		if strings.Contains(f.Text.String(), "Argo") {
			lines = append(lines, f.Text.String())
			if f.Level != core.FindingInfo {
				t.Errorf("%s: %s", f.Level, f.Text)
			}
		}
	}
	if len(lines) != 1 {
		t.Errorf("%q", lines)
	}
}
