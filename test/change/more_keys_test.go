package change

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/test/docker"
	"devops-tui/test/program"
)

// TestMoreKeysOfKubernetes: an image that is typed, nodes, a copy out of the
// menu.
func TestMoreKeysOfKubernetes(t *testing.T) {
	w := newKube(t, "")
	const node = "change-keys"
	if err := w.c.AddNode(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.c.Kubectl(context.WithoutCancel(t.Context()), "delete", "node", node, "--wait=false") })
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.Cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")

	s.Plan("D", program.GoesOn)
	s.Type("registry.local/web:v2")
	s.WaitText(program.Patience, "set image deployment/web main=registry.local/web:v2")
	s.Proceed()
	s.Yes()
	s.Healthy()
	w.want("deployment/web", mainImage, "registry.local/web:v2")
	w.rolled("deployment/web")

	pod := w.get("pods", ".items[0].metadata.name")
	s.GoTo("pods", pod)
	s.Find("name:" + pod)
	file := w.Write("hello.txt", "hello\n")
	inside := "/tmp/devops-tui-" + w.ns + "-key.txt"
	s.Choose("copy")
	s.WaitText(program.Patience, "From", "To")
	s.Type(file)
	s.Send("tab")
	s.Type(":" + inside)
	s.WaitText(program.Patience, program.GoesOn, inside)
	s.Proceed()
	s.Yes()
	s.Healthy()
	if b, err := os.ReadFile(inside); err != nil || string(b) != "hello\n" { // the pods of this world run programs here
		t.Errorf("%q, %v", b, err)
	}

	s.GoTo("nodes", node)
	s.Find("name:" + node)
	s.Menu("P", "cordon", "drain")
	s.Pick("cordon")
	s.Yes()
	s.Healthy()
	w.want("node/"+node, ".spec.unschedulable", "true")
	s.WaitText(program.Patience, "SchedulingDisabled")
	s.Menu("P", "uncordon")
	s.Pick("uncordon")
	s.Yes()
	s.Healthy()
	w.want("node/"+node, ".spec.unschedulable", "")
	s.WaitFor(func(v string) bool { return !strings.Contains(v, "SchedulingDisabled") }, program.Patience)
	s.Menu("P", "drain")
	s.Pick("drain")
	s.Through()
	s.Healthy()
	w.want("node/"+node, ".spec.unschedulable", "true")
}

// TestMoreKeysOfDocker: a signal, a removal, a prune, a Compose project.
func TestMoreKeysOfDocker(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-more"
	w.container(name, dockertest.RunSpec{})
	s := w.Cockpit(160, 45, "docker ●", "4", "Containers", "name:"+name, name)
	s.Plan("P", program.Question)
	s.Yes()
	s.Healthy()
	w.want(name, state, "paused")
	s.WaitText(program.Patience, name+" paused") // the row follows the engine; the key goes by the row
	s.Plan("P", program.Question)
	s.Yes()
	s.Healthy()
	w.want(name, state, "running")
	s.WaitFor(func(v string) bool { return !strings.Contains(v, "paused") }, program.Patience)
	s.Plan("S", "kill")
	s.Pick("kill")
	s.Through()
	s.Healthy()
	w.await("the end", func() bool { return w.inspect(name, state) == "exited" })
	s.WaitText(program.Patience, "Exited (137)")
	s.Plan("X", "Remove container "+name)
	s.Through()
	s.Healthy()
	w.gone("container", name)

	w.docker("network", "create", "change-more-unused")
	s.GoTo("hosts", "20.10")
	s.Plan("X", "networks", "change-more-unused")
	s.Through()
	s.Healthy()
	w.gone("network", "change-more-unused")

	const project = "morekeys"
	w.image("change-web:1")
	yaml := func(color string) string {
		return "version: \"2.4\"\nservices:\n  web:\n    image: change-web:1\n    environment: {COLOR: " + color + "}\n"
	}
	folder := w.project(project, yaml("blue"))
	if err := os.WriteFile(filepath.Join(folder, "docker-compose.yml"), []byte(yaml("green")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.GoTo("projects", project)
	s.Find("name:" + project)
	s.Plan("D", "web")
	s.Through()
	s.WaitText(program.Patience, "Recreating") // of the program's own output, live
	s.Healthy()
	if !strings.Contains(w.inspect(project+"_web_1", ".Config.Env"), "COLOR=green") {
		t.Error("the new environment is not there")
	}
}
