package change

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/docker"
)

// dockerWorld is the shared engine and a program that watches it.
type dockerWorld struct {
	*program
	e *dockertest.Engine
}

func newDocker(t *testing.T, config string) *dockerWorld {
	t.Helper()
	e := dockertest.Shared(t)
	w := &dockerWorld{program: newProgram(t, config, "DOCKER_HOST="+e.Host), e: e}
	w.args = []string{"--source", "docker"}
	return w
}

// docker runs the real one and returns its output.
func (w *dockerWorld) docker(args ...string) string {
	w.t.Helper()
	out, err := w.e.Docker(w.t.Context(), args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// inspect reads one field by a template.
func (w *dockerWorld) inspect(object, template string) string {
	w.t.Helper()
	return w.docker("inspect", "-f", "{{"+template+"}}", object)
}

func (w *dockerWorld) want(object, template, want string) {
	w.t.Helper()
	if got := w.inspect(object, template); got != want {
		w.t.Errorf("%s %s is %q, want %q", object, template, got, want)
	}
}

func (w *dockerWorld) gone(kind, name string) {
	w.t.Helper()
	if _, err := w.e.Docker(w.t.Context(), kind, "inspect", name); err == nil {
		w.t.Errorf("%s %s is still there", kind, name)
	}
}

// run starts a container that goes with the test, however it was recreated.
func (w *dockerWorld) container(name string, run dockertest.RunSpec) string {
	w.t.Helper()
	run.Name = name
	if run.Args == nil {
		run.Args = []string{"-name", name}
	}
	w.t.Cleanup(func() { _, _ = w.e.Docker(context.WithoutCancel(w.t.Context()), "rm", "-f", "-v", name) })
	id, err := w.e.Run(w.t.Context(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// tag gives the test image another name and other content, so that it has an id
// of its own.
func (w *dockerWorld) image(tag string) string {
	w.t.Helper()
	if err := w.e.Image(w.t.Context(), tag); err != nil {
		w.t.Fatal(err)
	}
	return w.docker("image", "inspect", "-f", "{{.Id}}", tag)
}

// project brings up a Compose project of one folder with the real docker-compose.
func (w *dockerWorld) project(name, yaml string) (folder string) {
	w.t.Helper()
	folder = filepath.Dir(w.write(name+"/docker-compose.yml", yaml))
	w.compose(folder, "up", "-d")
	w.t.Cleanup(func() { w.compose(folder, "down", "-v", "--remove-orphans") })
	return folder
}

func (w *dockerWorld) await(what string, ok func() bool) {
	w.t.Helper()
	testkit.PollTrue(w.t, 30*time.Second, what, ok)
}
