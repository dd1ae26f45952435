package change

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/test/docker"
)

const state = ".State.Status"

func TestDockerRestartStopStartPauseKill(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-life"
	w.container(name, dockertest.RunSpec{})
	started := w.inspect(name, ".State.StartedAt")
	if plan := w.act("restart", "container/"+name); !strings.Contains(plan.Command, "restart "+name) {
		t.Errorf("%+v", plan)
	}
	if w.inspect(name, ".State.StartedAt") == started {
		t.Error("not restarted")
	}
	w.act("stop", "container/"+name)
	w.want(name, state, "exited")
	w.undo()
	w.want(name, state, "running")
	w.act("stop", "container/"+name, "--set", "grace=1")
	w.act("restart", "container/"+name) // of a stopped one: it starts
	w.want(name, state, "running")
	w.undo()
	w.want(name, state, "exited")
	w.act("start", "container/"+name)
	w.want(name, state, "running")
	w.act("pause", "container/"+name)
	w.want(name, state, "paused")
	w.undo()
	w.want(name, state, "running")
	w.act("pause", "container/"+name)
	w.act("resume", "container/"+name)
	w.want(name, state, "running")
	if plan := w.act("kill", "container/"+name, "--set", "signal=KILL"); !strings.Contains(plan.Command, "kill") {
		t.Errorf("%+v", plan)
	}
	w.await("the end", func() bool { return w.inspect(name, state) == "exited" })
	if a := w.run("act", "--yes", "kill", "container/"+name, "--set", "signal=BANG"); a.code == 0 {
		t.Error("a signal that does not exist was taken")
	}
}

func TestDockerRemoveAndPrune(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-remove"
	w.container(name, dockertest.RunSpec{})
	if a := w.run("act", "--yes", "--wait", "delete", "container/"+name); a.code == 0 {
		t.Error("a running container was removed without force")
	}
	w.want(name, state, "running")
	plan := w.act("delete", "container/"+name, "--set", "force=true")
	w.gone("container", name)
	if !strings.Contains(plan.Undo, "cannot be undone") {
		t.Errorf("%q", plan.Undo)
	}

	w.docker("volume", "create", "change-volume")
	w.act("delete", "volume/change-volume")
	w.gone("volume", "change-volume")
	w.docker("network", "create", "change-network")
	w.act("delete", "network/change-network")
	w.gone("network", "change-network")
	w.image("change-image:1")
	w.act("delete", "image/change-image:1")
	w.gone("image", "change-image:1")

	w.container("change-pruned", dockertest.RunSpec{Args: []string{"-lines", "1"}})
	w.container("change-kept", dockertest.RunSpec{})
	w.await("the end", func() bool { return w.inspect("change-pruned", state) == "exited" })
	w.docker("network", "create", "change-unused")
	host := w.host()
	a := w.run("act", "--dry-run", "-o", "json", "prune", host, "--set", "what=containers,networks")
	if said := a.stdout; !strings.Contains(said, "change-pruned") || !strings.Contains(said, "change-unused") || strings.Contains(said, "change-kept") {
		t.Errorf("the plan does not list what goes:\n%s", said)
	}
	w.want("change-pruned", state, "exited")
	w.act("prune", host, "--set", "what=containers,networks")
	w.gone("container", "change-pruned")
	w.gone("network", "change-unused")
	w.want("change-kept", state, "running")
}

// host is the reference of the engine itself.
func (w *dockerWorld) host() string {
	w.t.Helper()
	a := w.run("snapshot", "host", "-o", "json")
	_, rest, ok := strings.Cut(a.stdout, `"kind":"host","name":"`)
	if !ok {
		_, rest, ok = strings.Cut(a.stdout, `"kind": "host"`)
		if ok {
			_, rest, ok = strings.Cut(rest, `"name": "`)
		}
	}
	if !ok {
		w.t.Fatalf("no host: %s %s", a.stdout, a.stderr)
	}
	name, _, _ := strings.Cut(rest, `"`)
	return "host/" + name
}

func TestDockerDeployRollBackAndUndo(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-deploy"
	one, two := w.image("change-app:1"), w.imageWith("change-app:2", "two")
	w.container(name, dockertest.RunSpec{
		Image: "change-app:1", Env: []string{"COLOR=blue"}, Labels: map[string]string{"team": "payments"}, Restart: "unless-stopped", Memory: 64 << 20, Volumes: []string{"change-data:/data"},
	})
	keep := func() string {
		return w.docker("inspect", "-f", `{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}} {{.Config.Labels.team}} {{(index .Mounts 0).Name}} {{.Config.Cmd}}`, name)
	}
	before := keep()
	w.act("deploy", "container/"+name, "--set", "image=change-app:2")
	w.want(name, ".Image", two)
	w.want(name, state, "running")
	if after := keep(); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	if !strings.Contains(w.inspect(name, ".Config.Env"), "COLOR=blue") {
		t.Error("the environment was lost")
	}
	w.act("rollback", "container/"+name)
	w.want(name, ".Image", one)
	w.undo()
	w.want(name, ".Image", two)

	// an image that fails puts the old container back
	id := w.inspect(name, ".Id")
	w.imageFails("change-app:bad")
	a := w.run("act", "--yes", "--wait", "-o", "json", "deploy", "container/"+name, "--set", "image=change-app:bad")
	if a.code == 0 {
		t.Errorf("exit 0: %s", a.stdout)
	}
	w.want(name, ".Id", id)
	w.want(name, state, "running")
}

// imageWith is the test image with one more label.
func (w *dockerWorld) imageWith(tag, label string) string {
	w.t.Helper()
	w.image("change-base:1")
	return w.build(tag, "FROM change-base:1\nLABEL which="+label+"\n")
}

// imageFails is an image whose program ends at once with an error.
func (w *dockerWorld) imageFails(tag string) {
	w.t.Helper()
	w.image("change-base:1")
	w.build(tag, "FROM change-base:1\nENTRYPOINT [\"/app\", \"exit\", \"3\"]\nCMD []\n")
}

func (w *dockerWorld) build(tag, dockerfile string) string {
	w.t.Helper()
	folder := filepath.Dir(w.write("build/"+strings.ReplaceAll(tag, ":", "-")+"/Dockerfile", dockerfile))
	cmd := exec.CommandContext(w.t.Context(), "docker", "build", "-q", "-t", tag, folder)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+w.e.Host, "DOCKER_BUILDKIT=0", "HOME="+w.home)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("docker build: %v\n%s", err, out)
	}
	return w.docker("image", "inspect", "-f", "{{.Id}}", tag)
}

// compose runs the user's docker-compose.
func (w *dockerWorld) compose(folder string, args ...string) {
	w.t.Helper()
	path, err := exec.LookPath("docker-compose")
	if err != nil {
		testkit.Missing(w.t, "there is no docker-compose", "apt-get install docker-compose")
	}
	cmd := exec.CommandContext(context.WithoutCancel(w.t.Context()), path, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+w.e.Host, "HOME="+w.home)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("docker-compose %v: %v\n%s", args, err, out)
	}
}

func TestDockerComposeUpDownAndRestart(t *testing.T) {
	w := newDocker(t, "")
	w.image("change-web:1")
	const project = "changeproject"
	yaml := func(color string) string {
		return "version: \"2.4\"\nservices:\n  web:\n    image: change-web:1\n    environment: {COLOR: " + color + "}\n  worker:\n    image: change-web:1\n"
	}
	folder := w.project(project, yaml("blue"))
	web := project + "_web_1"
	if err := os.WriteFile(filepath.Join(folder, "docker-compose.yml"), []byte(yaml("green")), 0o600); err != nil {
		t.Fatal(err)
	}
	a := w.run("act", "--yes", "--wait", "-o", "json", "deploy", "project/"+project)
	if a.code != 0 || len(a.all("output")) == 0 {
		t.Errorf("exit %d, %d lines of output\n%s\n%s", a.code, len(a.all("output")), a.stdout, a.stderr)
	}
	if said := strings.Join(a.plan(t).Impact, "\n") + strings.Join(a.plan(t).Warnings, "\n"); !strings.Contains(said+a.stdout, "web") {
		t.Errorf("no drift is shown: %s", said)
	}
	if !strings.Contains(w.inspect(web, ".Config.Env"), "COLOR=green") {
		t.Error("up -d did not bring the new environment")
	}
	started := w.inspect(web, ".State.StartedAt")
	w.act("restart", "project/"+project)
	if w.inspect(web, ".State.StartedAt") == started {
		t.Error("not restarted")
	}
	w.act("stop", "project/"+project)
	w.want(web, state, "exited")
	w.act("start", "project/"+project)
	w.want(web, state, "running")
	w.act("delete", "project/"+project)
	w.gone("container", web)
}

func TestDockerShellAndCopy(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-shell"
	w.container(name, dockertest.RunSpec{})
	a := w.run("act", "--yes", "shell", "container/"+name, "--set", "command=/app echo from inside")
	if a.code != 0 || !strings.Contains(a.stdout, "from inside") {
		t.Errorf("exit %d\n%s\n%s", a.code, a.stdout, a.stderr)
	}
	if a := w.run("act", "--yes", "shell", "container/"+name, "--set", "command=/app exit 7"); a.code != 7 {
		t.Errorf("exit %d\n%s\n%s", a.code, a.stdout, a.stderr)
	}
	if a := w.run("act", "--yes", "shell", "container/"+name); a.code == 0 || !strings.Contains(a.stderr, "shell") {
		t.Errorf("an image without a shell: exit %d, %s", a.code, a.stderr)
	}
	file := w.write("out/hello.txt", "hello from outside\n")
	w.act("copy", "container/"+name, "--set", "from="+file, "--set", "to=:/tmp/hello.txt")
	back := filepath.Join(w.home, "back.txt")
	w.act("copy", "container/"+name, "--set", "from=:/tmp/hello.txt", "--set", "to="+back)
	if b, err := os.ReadFile(back); err != nil || string(b) != "hello from outside\n" {
		t.Errorf("%q, %v", b, err)
	}
}
