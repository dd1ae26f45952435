package change

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"devops-tui/test/cluster"
	"devops-tui/test/docker"
	"devops-tui/test/program"
)

// shell runs a command line as a user would paste it, with the real kubectl and
// docker on its path.
func shell(t *testing.T, home, command string, env ...string) {
	t.Helper()
	hyper, err := cluster.Build(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(home, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(hyper, filepath.Join(bin, "kubectl")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), program.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-ec", command)
	cmd.Env = append([]string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH")}, env...)
	cmd.Dir = home
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// TestTheEquivalentCommandDoesTheSame: what a plan says it is the same as is
// run by the real command line against a twin, and both are compared.
func TestTheEquivalentCommandDoesTheSame(t *testing.T) {
	w := newKube(t, "")
	for _, x := range []struct {
		verb string
		set  []string
	}{
		{"restart", nil},
		{"rollback", nil},
		{"scale", []string{"--set", "replicas=3"}},
		{"deploy", []string{"--set", "image=main=registry.local/app:v3"}},
		{"pause", nil},
		{"delete", nil},
	} {
		t.Run(x.verb, func(t *testing.T) {
			w := *w
			w.T = t
			ours, twin := "ours-"+x.verb, "twin-"+x.verb
			for _, name := range []string{ours, twin} {
				for _, image := range []string{"v1", "v2"} {
					w.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: ` + name + `}
spec:
  replicas: 2
  selector: {matchLabels: {app: ` + name + `}}
  template:
    metadata: {labels: {app: ` + name + `}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "registry.local/app:` + image + `"}]}
`)
					w.rolled("deployment/" + name)
				}
			}
			plan := w.Act(append([]string{x.verb, "deployment/" + w.ns + "/" + ours}, x.set...)...)
			shell(t, w.Home, strings.ReplaceAll(plan.Command, ours, twin), "KUBECONFIG="+w.c.Kubeconfig)
			if x.verb == "delete" {
				w.gone("deployment/" + ours)
				w.gone("deployment/" + twin)
				return
			}
			if x.verb != "pause" {
				w.rolled("deployment/" + twin)
			}
			a, b := w.comparable(ours), w.comparable(twin)
			if !reflect.DeepEqual(a, b) {
				ja, _ := json.MarshalIndent(a, "", " ")
				jb, _ := json.MarshalIndent(b, "", " ")
				t.Errorf("ours:\n%s\nby %s:\n%s", ja, plan.Command, jb)
			}
		})
	}
}

// comparable is a deployment without what differs between twins by nature: its
// name, its times, and what kubectl notes for itself.
func (w *kubeWorld) comparable(name string) any {
	w.T.Helper()
	b, err := json.Marshal(w.object("deployment/" + name)["spec"])
	if err != nil {
		w.T.Fatal(err)
	}
	var spec map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(b), name, "NAME")), &spec); err != nil {
		w.T.Fatal(err)
	}
	if meta, ok := spec["template"].(map[string]any)["metadata"].(map[string]any); ok {
		if notes, ok := meta["annotations"].(map[string]any); ok && notes["kubectl.kubernetes.io/restartedAt"] != nil {
			notes["kubectl.kubernetes.io/restartedAt"] = "then"
		}
	}
	return spec
}

func TestTheEquivalentDockerCommandDoesTheSame(t *testing.T) {
	w := newDocker(t, "")
	for _, x := range []struct{ verb, want string }{
		{"restart", "running"}, {"stop", "exited"}, {"pause", "paused"}, {"kill", "exited"},
	} {
		ours, twin := "ours-"+x.verb, "twin-"+x.verb
		for _, name := range []string{ours, twin} {
			w.container(name, dockertest.RunSpec{})
		}
		plan := w.Act(x.verb, "container/"+ours)
		started := w.inspect(twin, ".State.StartedAt")
		shell(t, w.Home, strings.ReplaceAll(plan.Command, ours, twin), "DOCKER_HOST="+w.e.Host)
		for _, name := range []string{ours, twin} {
			w.await(name+" "+x.want, func() bool { return w.inspect(name, state) == x.want })
		}
		if x.verb == "restart" && w.inspect(twin, ".State.StartedAt") == started {
			t.Errorf("%s restarted nothing", plan.Command)
		}
		if a, b := w.inspect(ours, ".State.ExitCode"), w.inspect(twin, ".State.ExitCode"); a != b {
			t.Errorf("%s: exit %s and %s", x.verb, a, b)
		}
	}
}
