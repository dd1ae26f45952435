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
	if plan := w.Act("restart", "container/"+name); !strings.Contains(plan.Command, "restart "+name) {
		t.Errorf("%+v", plan)
	}
	if w.inspect(name, ".State.StartedAt") == started {
		t.Error("not restarted")
	}
	w.Act("stop", "container/"+name)
	w.want(name, state, "exited")
	w.Undo()
	w.want(name, state, "running")
	w.Act("stop", "container/"+name, "--set", "grace=1")
	w.Act("restart", "container/"+name) // of a stopped one: it starts
	w.want(name, state, "running")
	w.Undo()
	w.want(name, state, "exited")
	w.Act("start", "container/"+name)
	w.want(name, state, "running")
	w.Act("pause", "container/"+name)
	w.want(name, state, "paused")
	w.Undo()
	w.want(name, state, "running")
	w.Act("pause", "container/"+name)
	w.Act("resume", "container/"+name)
	w.want(name, state, "running")
	if plan := w.Act("kill", "container/"+name, "--set", "signal=KILL"); !strings.Contains(plan.Command, "kill") {
		t.Errorf("%+v", plan)
	}
	w.await("the end", func() bool { return w.inspect(name, state) == "exited" })
	if a := w.Run("act", "--yes", "kill", "container/"+name, "--set", "signal=BANG"); a.Code == 0 {
		t.Error("a signal that does not exist was taken")
	}
}

func TestDockerRemoveAndPrune(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-remove"
	w.container(name, dockertest.RunSpec{})
	if a := w.Run("act", "--yes", "--wait", "delete", "container/"+name); a.Code == 0 {
		t.Error("a running container was removed without force")
	}
	w.want(name, state, "running")
	plan := w.Act("delete", "container/"+name, "--set", "force=true")
	w.gone("container", name)
	if !strings.Contains(plan.Undo, "cannot be undone") {
		t.Errorf("%q", plan.Undo)
	}

	w.docker("volume", "create", "change-volume")
	w.Act("delete", "volume/change-volume")
	w.gone("volume", "change-volume")
	w.docker("network", "create", "change-network")
	w.Act("delete", "network/change-network")
	w.gone("network", "change-network")
	w.image("change-image:1")
	w.Act("delete", "image/change-image:1")
	w.gone("image", "change-image:1")

	w.container("change-pruned", dockertest.RunSpec{Args: []string{"-lines", "1"}})
	w.container("change-kept", dockertest.RunSpec{})
	w.await("the end", func() bool { return w.inspect("change-pruned", state) == "exited" })
	w.docker("network", "create", "change-unused")
	host := w.host()
	a := w.Run("act", "--dry-run", "-o", "json", "prune", host, "--set", "what=containers,networks")
	if said := a.Stdout; !strings.Contains(said, "change-pruned") || !strings.Contains(said, "change-unused") || strings.Contains(said, "change-kept") {
		t.Errorf("the plan does not list what goes:\n%s", said)
	}
	w.want("change-pruned", state, "exited")
	w.Act("prune", host, "--set", "what=containers,networks")
	w.gone("container", "change-pruned")
	w.gone("network", "change-unused")
	w.want("change-kept", state, "running")
}

// host is the reference of the engine itself.
func (w *dockerWorld) host() string {
	w.T.Helper()
	a := w.Run("snapshot", "host", "-o", "json")
	_, rest, ok := strings.Cut(a.Stdout, `"kind":"host","name":"`)
	if !ok {
		_, rest, ok = strings.Cut(a.Stdout, `"kind": "host"`)
		if ok {
			_, rest, ok = strings.Cut(rest, `"name": "`)
		}
	}
	if !ok {
		w.T.Fatalf("no host: %s %s", a.Stdout, a.Stderr)
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
	w.Act("deploy", "container/"+name, "--set", "image=change-app:2")
	w.want(name, ".Image", two)
	w.want(name, state, "running")
	if after := keep(); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	if !strings.Contains(w.inspect(name, ".Config.Env"), "COLOR=blue") {
		t.Error("the environment was lost")
	}
	w.Act("rollback", "container/"+name)
	w.want(name, ".Image", one)
	w.Undo()
	w.want(name, ".Image", two)

	// an image that fails puts the old container back
	id := w.inspect(name, ".Id")
	w.imageFails("change-app:bad")
	a := w.Run("act", "--yes", "--wait", "-o", "json", "deploy", "container/"+name, "--set", "image=change-app:bad")
	if a.Code == 0 {
		t.Errorf("exit 0: %s", a.Stdout)
	}
	w.want(name, ".Id", id)
	w.want(name, state, "running")
}

// imageWith is the test image with one more label.
func (w *dockerWorld) imageWith(tag, label string) string {
	w.T.Helper()
	w.image("change-base:1")
	return w.build(tag, "FROM change-base:1\nLABEL which="+label+"\n")
}

// imageFails is an image whose program ends at once with an error.
func (w *dockerWorld) imageFails(tag string) {
	w.T.Helper()
	w.image("change-base:1")
	w.build(tag, "FROM change-base:1\nENTRYPOINT [\"/app\", \"exit\", \"3\"]\nCMD []\n")
}

func (w *dockerWorld) build(tag, dockerfile string) string {
	w.T.Helper()
	folder := filepath.Dir(w.Write("build/"+strings.ReplaceAll(tag, ":", "-")+"/Dockerfile", dockerfile))
	cmd := exec.CommandContext(w.T.Context(), "docker", "build", "-q", "-t", tag, folder)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+w.e.Host, "DOCKER_BUILDKIT=0", "HOME="+w.Home)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.T.Fatalf("docker build: %v\n%s", err, out)
	}
	return w.docker("image", "inspect", "-f", "{{.Id}}", tag)
}

// compose runs the user's docker-compose.
func (w *dockerWorld) compose(folder string, args ...string) {
	w.T.Helper()
	path, err := exec.LookPath("docker-compose")
	if err != nil {
		testkit.Missing(w.T, "there is no docker-compose", "apt-get install docker-compose")
	}
	cmd := exec.CommandContext(context.WithoutCancel(w.T.Context()), path, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+w.e.Host, "HOME="+w.Home)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.T.Fatalf("docker-compose %v: %v\n%s", args, err, out)
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
	a := w.Run("act", "--yes", "--wait", "-o", "json", "deploy", "project/"+project)
	if a.Code != 0 || len(a.All("output")) == 0 {
		t.Errorf("exit %d, %d lines of output\n%s\n%s", a.Code, len(a.All("output")), a.Stdout, a.Stderr)
	}
	if said := strings.Join(a.Plan(t).Impact, "\n") + strings.Join(a.Plan(t).Warnings, "\n"); !strings.Contains(said+a.Stdout, "web") {
		t.Errorf("no drift is shown: %s", said)
	}
	if !strings.Contains(w.inspect(web, ".Config.Env"), "COLOR=green") {
		t.Error("up -d did not bring the new environment")
	}
	started := w.inspect(web, ".State.StartedAt")
	w.Act("restart", "project/"+project)
	if w.inspect(web, ".State.StartedAt") == started {
		t.Error("not restarted")
	}
	w.Act("stop", "project/"+project)
	w.want(web, state, "exited")
	w.Act("start", "project/"+project)
	w.want(web, state, "running")
	w.Act("delete", "project/"+project)
	w.gone("container", web)
}

func TestDockerShellAndCopy(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-shell"
	w.container(name, dockertest.RunSpec{})
	a := w.Run("act", "--yes", "shell", "container/"+name, "--set", "command=/app echo from inside")
	if a.Code != 0 || !strings.Contains(a.Stdout, "from inside") {
		t.Errorf("exit %d\n%s\n%s", a.Code, a.Stdout, a.Stderr)
	}
	if a := w.Run("act", "--yes", "shell", "container/"+name, "--set", "command=/app exit 7"); a.Code != 7 {
		t.Errorf("exit %d\n%s\n%s", a.Code, a.Stdout, a.Stderr)
	}
	if a := w.Run("act", "--yes", "shell", "container/"+name); a.Code == 0 || !strings.Contains(a.Stderr, "shell") {
		t.Errorf("an image without a shell: exit %d, %s", a.Code, a.Stderr)
	}
	file := w.Write("out/hello.txt", "hello from outside\n")
	w.Act("copy", "container/"+name, "--set", "from="+file, "--set", "to=:/tmp/hello.txt")
	back := filepath.Join(w.Home, "back.txt")
	w.Act("copy", "container/"+name, "--set", "from=:/tmp/hello.txt", "--set", "to="+back)
	if b, err := os.ReadFile(back); err != nil || string(b) != "hello from outside\n" {
		t.Errorf("%q, %v", b, err)
	}
}
