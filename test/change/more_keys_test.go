package change

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/test/docker"
)

// choose opens the menu of all actions and chooses one by what it is called.
func (s *screen) choose(title string) {
	s.t.Helper()
	s.Send("a")
	s.WaitText(patience, "Actions · ", title)
	s.pick(title)
}

// menu opens the menu of a key with several verbs. A key that came to nothing,
// because the list was just being made, is pressed once more.
func (s *screen) menu(key string, texts ...string) {
	s.t.Helper()
	for try := range 3 {
		s.Send(key)
		if s.Seen(10*time.Second, func(v string) bool {
			return !slices.ContainsFunc(texts, func(x string) bool { return !strings.Contains(v, x) })
		}) {
			return
		}
		s.t.Logf("%s opened nothing at try %d:\n%s", key, try+1, s.Screen())
	}
	s.t.Fatalf("%s opens no menu", key)
}

// pick moves the menu's cursor to a line and takes it.
func (s *screen) pick(title string) {
	s.t.Helper()
	for range 12 {
		at := cursor(s.Screen())
		if strings.Contains(at, title) {
			s.Send("enter")
			return
		}
		s.Send("down")
		s.WaitFor(func(v string) bool { return cursor(v) != at }, 10*time.Second)
	}
	s.t.Fatalf("no line %q in the menu:\n%s", title, s.Screen())
}

// cursor is the line of the menu that the cursor stands on: the last one with
// its sign, for the list behind the menu has one too.
func cursor(screen string) (line string) {
	for l := range strings.Lines(screen) {
		if at := strings.LastIndex(l, "▸"); at >= 0 && strings.Count(l[:at], "│") > 1 {
			line = strings.TrimSpace(l[at:])
		}
	}
	return line
}

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
	s := w.cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")

	s.plan("D", goesOn)
	s.Type("registry.local/web:v2")
	s.WaitText(patience, "set image deployment/web main=registry.local/web:v2")
	s.proceed()
	s.yes()
	s.healthy()
	w.want("deployment/web", mainImage, "registry.local/web:v2")
	w.rolled("deployment/web")

	pod := w.get("pods", ".items[0].metadata.name")
	s.goTo("pods", pod)
	s.find("name:" + pod)
	file := w.write("hello.txt", "hello\n")
	inside := "/tmp/devops-tui-" + w.ns + "-key.txt"
	s.choose("copy")
	s.WaitText(patience, "From", "To")
	s.Type(file)
	s.Send("tab")
	s.Type(":" + inside)
	s.WaitText(patience, goesOn, inside)
	s.proceed()
	s.yes()
	s.healthy()
	if b, err := os.ReadFile(inside); err != nil || string(b) != "hello\n" { // the pods of this world run programs here
		t.Errorf("%q, %v", b, err)
	}

	s.goTo("nodes", node)
	s.find("name:" + node)
	s.menu("P", "cordon", "drain")
	s.pick("cordon")
	s.yes()
	s.healthy()
	w.want("node/"+node, ".spec.unschedulable", "true")
	s.WaitText(patience, "SchedulingDisabled")
	s.menu("P", "uncordon")
	s.pick("uncordon")
	s.yes()
	s.healthy()
	w.want("node/"+node, ".spec.unschedulable", "")
	s.WaitFor(func(v string) bool { return !strings.Contains(v, "SchedulingDisabled") }, patience)
	s.menu("P", "drain")
	s.pick("drain")
	s.through()
	s.healthy()
	w.want("node/"+node, ".spec.unschedulable", "true")
}

// TestMoreKeysOfDocker: a signal, a removal, a prune, a Compose project.
func TestMoreKeysOfDocker(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-more"
	w.container(name, dockertest.RunSpec{})
	s := w.cockpit(160, 45, "docker ●", "4", "Containers", "name:"+name, name)
	s.plan("P", question)
	s.yes()
	s.healthy()
	w.want(name, state, "paused")
	s.WaitText(patience, name+" paused") // the row follows the engine; the key goes by the row
	s.plan("P", question)
	s.yes()
	s.healthy()
	w.want(name, state, "running")
	s.WaitFor(func(v string) bool { return !strings.Contains(v, "paused") }, patience)
	s.plan("S", "kill")
	s.pick("kill")
	s.through()
	s.healthy()
	w.await("the end", func() bool { return w.inspect(name, state) == "exited" })
	s.WaitText(patience, "Exited (137)")
	s.plan("X", "Remove container "+name)
	s.through()
	s.healthy()
	w.gone("container", name)

	w.docker("network", "create", "change-more-unused")
	s.goTo("hosts", "20.10")
	s.plan("X", "networks", "change-more-unused")
	s.through()
	s.healthy()
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
	s.goTo("projects", project)
	s.find("name:" + project)
	s.plan("D", "web")
	s.through()
	s.WaitText(patience, "Recreating") // of the program's own output, live
	s.healthy()
	if !strings.Contains(w.inspect(project+"_web_1", ".Config.Env"), "COLOR=green") {
		t.Error("the new environment is not there")
	}
}
