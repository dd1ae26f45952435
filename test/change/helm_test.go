package change

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/test/cluster"
)

// TestKubeRollbackOfAHelmRelease by the user's helm, and back again; the
// journal has nothing of the values.
func TestKubeRollbackOfAHelmRelease(t *testing.T) {
	w := newKube(t, "")
	binary, err := cluster.BuildHelm(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(w.home, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "helm")); err != nil {
		t.Fatal(err)
	}
	ref := "release/" + w.ns + "/shop"
	if a := w.run("act", "--yes", "rollback", ref); a.code == 0 {
		t.Errorf("a release that is not there: %s", a.stdout)
	}
	w.env = append(w.env, "PATH="+bin+":"+os.Getenv("PATH"))
	for _, v := range []string{"1", "2"} {
		chart := filepath.Dir(w.write("chart-"+v+"/Chart.yaml", "apiVersion: v2\nname: shop\nversion: "+v+".0.0\n"))
		w.write("chart-"+v+"/templates/all.yaml", fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "registry.local/web:v%s"}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: keys}, stringData: {password: hunter-%[1]s}}
`, v))
		cmd := exec.CommandContext(t.Context(), binary, "upgrade", "--install", "shop", chart, "-n", w.ns, "--wait")
		cmd.Env = w.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("helm: %v\n%s", err, out)
		}
	}
	plan := w.act("rollback", ref)
	w.want("deployment/web", mainImage, "registry.local/web:v1")
	if !strings.Contains(plan.Command, "helm rollback shop 1 -n "+w.ns) || len(plan.Diff) == 0 {
		t.Errorf("%+v", plan)
	}
	w.undo()
	w.want("deployment/web", mainImage, "registry.local/web:v2")
	plan = w.act("rollback", "deployment/"+w.ns+"/web", "--set", "via=helm")
	w.want("deployment/web", mainImage, "registry.local/web:v1")
	if !strings.Contains(plan.Command, "helm rollback shop ") {
		t.Errorf("%q", plan.Command)
	}
	for _, r := range w.records() {
		if said := fmt.Sprintf("%+v", r); strings.Contains(said, "hunter") || strings.Contains(said, "aHVudGVy") {
			t.Errorf("the journal has a value: %s", said)
		}
	}
}
