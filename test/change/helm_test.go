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
	bin := filepath.Join(w.Home, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "helm")); err != nil {
		t.Fatal(err)
	}
	ref := "release/" + w.ns + "/shop"
	if a := w.Run("act", "--yes", "rollback", ref); a.Code == 0 {
		t.Errorf("a release that is not there: %s", a.Stdout)
	}
	w.Env = append(w.Env, "PATH="+bin+":"+os.Getenv("PATH"))
	for _, v := range []string{"1", "2"} {
		chart := filepath.Dir(w.Write("chart-"+v+"/Chart.yaml", "apiVersion: v2\nname: shop\nversion: "+v+".0.0\n"))
		w.Write("chart-"+v+"/templates/all.yaml", fmt.Sprintf(`
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
		cmd.Env = w.Env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("helm: %v\n%s", err, out)
		}
	}
	plan := w.Act("rollback", ref)
	w.want("deployment/web", mainImage, "registry.local/web:v1")
	if !strings.Contains(plan.Command, "helm rollback shop 1 -n "+w.ns) || len(plan.Diff) == 0 {
		t.Errorf("%+v", plan)
	}
	w.Undo()
	w.want("deployment/web", mainImage, "registry.local/web:v2")
	plan = w.Act("rollback", "deployment/"+w.ns+"/web", "--set", "via=helm")
	w.want("deployment/web", mainImage, "registry.local/web:v1")
	if !strings.Contains(plan.Command, "helm rollback shop ") {
		t.Errorf("%q", plan.Command)
	}
	for _, r := range w.Records() {
		if said := fmt.Sprintf("%+v", r); strings.Contains(said, "hunter") || strings.Contains(said, "aHVudGVy") {
			t.Errorf("the journal has a value: %s", said)
		}
	}
}
