package change

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/docker"
	"devops-tui/test/program"
)

// dockerWorld is the shared engine and a program that watches it.
type dockerWorld struct {
	*program.Program
	e *dockertest.Engine
}

func newDocker(t *testing.T, config string) *dockerWorld {
	t.Helper()
	e := dockertest.Shared(t)
	w := &dockerWorld{Program: program.New(t, config, "DOCKER_HOST="+e.Host), e: e}
	w.Args = []string{"--source", "docker"}
	return w
}

// docker runs the real one and returns its output.
func (w *dockerWorld) docker(args ...string) string {
	w.T.Helper()
	out, err := w.e.Docker(w.T.Context(), args...)
	if err != nil {
		w.T.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// inspect reads one field by a template.
func (w *dockerWorld) inspect(object, template string) string {
	w.T.Helper()
	return w.docker("inspect", "-f", "{{"+template+"}}", object)
}

func (w *dockerWorld) want(object, template, want string) {
	w.T.Helper()
	if got := w.inspect(object, template); got != want {
		w.T.Errorf("%s %s is %q, want %q", object, template, got, want)
	}
}

func (w *dockerWorld) gone(kind, name string) {
	w.T.Helper()
	if _, err := w.e.Docker(w.T.Context(), kind, "inspect", name); err == nil {
		w.T.Errorf("%s %s is still there", kind, name)
	}
}

// run starts a container that goes with the test, however it was recreated.
func (w *dockerWorld) container(name string, run dockertest.RunSpec) string {
	w.T.Helper()
	run.Name = name
	if run.Args == nil {
		run.Args = []string{"-name", name}
	}
	w.T.Cleanup(func() { _, _ = w.e.Docker(context.WithoutCancel(w.T.Context()), "rm", "-f", "-v", name) })
	id, err := w.e.Run(w.T.Context(), run)
	if err != nil {
		w.T.Fatal(err)
	}
	return id
}

// tag gives the test image another name and other content, so that it has an id
// of its own.
func (w *dockerWorld) image(tag string) string {
	w.T.Helper()
	if err := w.e.Image(w.T.Context(), tag); err != nil {
		w.T.Fatal(err)
	}
	return w.docker("image", "inspect", "-f", "{{.Id}}", tag)
}

// project brings up a Compose project of one folder with the real docker-compose.
func (w *dockerWorld) project(name, yaml string) (folder string) {
	w.T.Helper()
	folder = filepath.Dir(w.Write(name+"/docker-compose.yml", yaml))
	w.compose(folder, "up", "-d")
	w.T.Cleanup(func() { w.compose(folder, "down", "-v", "--remove-orphans") })
	return folder
}

func (w *dockerWorld) await(what string, ok func() bool) {
	w.T.Helper()
	testkit.PollTrue(w.T, 30*time.Second, what, ok)
}
