package docker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/internal/text"
	dockertest "devops-tui/test/docker"
)

// composed makes a source that finds the machine's Compose.
func composed(t testing.TB, e *dockertest.Engine, gate *sources.Gate) *Source {
	t.Helper()
	if _, err := exec.LookPath("docker-compose"); err != nil && exec.Command("docker", "compose", "version").Run() != nil {
		testkit.Missing(t, "no Compose", "apt-get install docker-compose")
	}
	found, err := Discover(t.Context(), sources.Options{DockerHosts: []string{e.Host}, Gate: gate, Home: t.TempDir(), Getenv: os.Getenv})
	if err != nil || len(found.Sources) != 1 {
		t.Fatalf("Discover: %v, %v", found, err)
	}
	s := found.Sources[0].(*Source)
	s.pace = swapPace{stable: 400e6, arrives: 500e6}
	return s
}

// projectDir is a Compose project in a folder of its own.
type projectDir struct {
	t    *testing.T
	e    *dockertest.Engine
	name string
	file string
}

func newProject(t *testing.T, e *dockertest.Engine, name, content string) *projectDir {
	t.Helper()
	p := &projectDir{t, e, name, filepath.Join(t.TempDir(), "compose.yml")}
	p.write(content)
	t.Cleanup(func() {
		for _, line := range strings.Fields(docker(t, e, "ps", "-aq", "--filter", "label="+labelProject+"="+name)) {
			docker(t, e, "rm", "-f", "-v", line)
		}
		for _, line := range strings.Fields(docker(t, e, "network", "ls", "-q", "--filter", "label="+labelProject+"="+name)) {
			docker(t, e, "network", "rm", line)
		}
	})
	return p
}

func (p *projectDir) write(content string) {
	p.t.Helper()
	if err := os.WriteFile(p.file, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// up brings the project up by the machine's own Compose, as a user would.
func (p *projectDir) up(args ...string) {
	p.t.Helper()
	program := []string{"docker-compose"}
	if _, err := exec.LookPath("docker-compose"); err != nil {
		program = []string{"docker", "compose"}
	}
	cmd := exec.CommandContext(p.t.Context(), program[0], append(append(program[1:], "-p", p.name, "-f", p.file, "up", "-d"), args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+p.e.Host)
	if b, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("up: %v\n%s", err, b)
	}
}

type transcript struct {
	mu    sync.Mutex
	lines []string
}

func (o *transcript) Progress(core.Progress) {}

func (o *transcript) Line(l text.Line) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, l.String())
}

const twoServices = `
version: "3.8"
services:
  web:
    image: drift/web:1
    stop_grace_period: 1s
    environment: [ "MODE=%s" ]
    volumes: [ "data:/data" ]
  api:
    image: drift/api:1
    stop_grace_period: 1s
volumes:
  data: {}
`

func TestAProjectIsBroughtToItsFiles(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := composed(t, e, gate)
	buildImage(t, e, "drift/web:1", `CMD ["-name","web"]`)
	buildImage(t, e, "drift/api:1", `CMD ["-name","api"]`)
	p := newProject(t, e, "drifting", fmt.Sprintf(twoServices, "first"))
	p.up()
	ref := s.ref(kindProject, "drifting", "drifting")

	_, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err == nil || !strings.Contains(err.Error(), "nothing to do") {
		t.Errorf("as the files say: %v", err)
	}

	p.write(fmt.Sprintf(twoServices, "second"))
	next := buildImage(t, e, "drift/api:1", `CMD ["-name","api2"]`)
	p.up("--no-deps", "--scale", "api=2", "--no-recreate", "api")
	op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	changes := fmt.Sprint(op.Plan.Changes)
	for _, want := range []string{"its configuration in the file has changed", "drift/api:1 is another image now", "1 containers too many"} {
		if !strings.Contains(changes, want) {
			t.Errorf("no %q in %s", want, changes)
		}
	}
	if strings.Contains(fmt.Sprintf("%+v", op.Plan), "second") {
		t.Error("a variable of the file is in the plan")
	}
	gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || gate.Sent() != 0 {
		t.Errorf("read-only: %v, %d sent", err, gate.Sent())
	}
	gate.SetReadOnly(false)
	out := &transcript{}
	if err := op.Execute(sources.Permit(t.Context()), out); err != nil {
		t.Fatal(err)
	}
	if outcome, err := op.Verify(t.Context(), func(core.Progress) {}); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	if !strings.Contains(strings.Join(out.lines, "\n"), "web") {
		t.Errorf("output %q", out.lines)
	}
	services, err := s.services(t.Context(), "drifting")
	if err != nil || len(services) != 2 || len(services[0].list) != 1 || services[0].list[0].imageID != next {
		t.Errorf("services %+v, %v", services, err)
	}
	if env := docker(t, e, "inspect", "-f", "{{.Config.Env}}", services[1].list[0].id); !strings.Contains(env, "MODE=second") {
		t.Errorf("web has %s", env)
	}

	// The image that ran before can be gone back to, and then up goes forward again.
	form, err := s.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || len(form.Fields[0].Choices) != 1 || !strings.HasPrefix(form.Fields[0].Choices[0].Value, "api=sha256:") {
		t.Fatalf("rollback form %+v, %v", form, err)
	}
	back, err := s.PlanRollback(t.Context(), ref, core.Rollback{To: form.Fields[0].Choices[0].Value})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := finish(t, back); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	if op, err = s.PlanDeploy(t.Context(), ref, core.Deploy{}); err != nil || !strings.Contains(fmt.Sprint(op.Plan.Changes), "another image now") {
		t.Errorf("after the rollback: %v", err)
	}
}

func TestAProjectThatDoesNotComeUpHasFailed(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := composed(t, e, nil)
	buildImage(t, e, "lame/web:1", `CMD ["-name","web"]`)
	buildImage(t, e, "lame/web:bad", `CMD ["-exit","3","-after","100ms"]`)
	p := newProject(t, e, "lame", "version: \"3.8\"\nservices:\n  web:\n    image: lame/web:1\n    stop_grace_period: 1s\n")
	p.up()
	ref := s.ref(kindProject, "lame", "lame")
	try := func(image string) (core.Outcome, error) {
		t.Helper()
		p.write("version: \"3.8\"\nservices:\n  web:\n    image: " + image + "\n    stop_grace_period: 1s\n")
		op, err := s.PlanDeploy(t.Context(), ref, core.Deploy{})
		if err != nil {
			t.Fatal(err)
		}
		return finish(t, op)
	}
	if outcome, err := try("127.0.0.1:1/nowhere:1"); outcome != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "exit code") {
		t.Errorf("an image that is nowhere: %v, %v", outcome, err)
	}
	if outcome, err := try("lame/web:bad"); outcome != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "Exited (3)") {
		t.Errorf("an image that ends: %v, %v", outcome, err)
	}
	if err := os.Remove(p.file); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PlanDeploy(t.Context(), ref, core.Deploy{}); s.Problem(err).Kind != core.NotFound || !strings.Contains(err.Error(), "not on this machine") {
		t.Errorf("without its file: %v", err)
	}
	s.compose.found = nil
	s.getenv = func(string) string { return "" }
	if _, err := s.PlanDeploy(t.Context(), ref, core.Deploy{}); s.Problem(err).Kind != core.Unsupported || !strings.Contains(err.Error(), "docker-compose") {
		t.Errorf("without Compose: %v", err)
	}
}

func TestAProjectIsTakenDown(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := composed(t, e, nil)
	buildImage(t, e, "down/web:1", `CMD ["-name","web"]`)
	buildImage(t, e, "down/api:1", `CMD ["-name","api"]`)
	p := newProject(t, e, "going", strings.ReplaceAll(fmt.Sprintf(twoServices, "x"), "drift/", "down/"))
	p.up()
	ref := s.ref(kindProject, "going", "going")
	keep, err := s.PlanDelete(t.Context(), ref, core.Removal{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(keep.Plan.Impact); keep.Plan.Danger != 1 || !strings.Contains(got, "1 named volumes stay") {
		t.Errorf("danger %d, %s", keep.Plan.Danger, got)
	}
	op, err := s.PlanDelete(t.Context(), ref, core.Removal{Volumes: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(op.Plan.Changes); op.Plan.Danger != 2 || !strings.Contains(got, "going_data") || !strings.Contains(got, "going_default") || len(op.Plan.Changes) != 4 {
		t.Errorf("danger %d, %s", op.Plan.Danger, got)
	}
	if outcome, err := finish(t, op); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	if left := docker(t, e, "ps", "-aq", "--filter", "label="+labelProject+"=going") + docker(t, e, "volume", "ls", "-q", "--filter", "name=going_data") +
		docker(t, e, "network", "ls", "-q", "--filter", "name=going_default"); left != "" {
		t.Errorf("left %q", left)
	}
}

func TestAProjectIsRestartedByItsCompose(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	gate := &sources.Gate{}
	s := composed(t, e, gate)
	buildImage(t, e, "again/web:1", `CMD ["-name","web"]`)
	buildImage(t, e, "again/api:1", `CMD ["-name","api"]`)
	p := newProject(t, e, "again", strings.ReplaceAll(fmt.Sprintf(twoServices, "x"), "drift/", "again/"))
	p.up()
	op, err := s.PlanRestart(t.Context(), s.ref(kindProject, "again", "again"))
	if err != nil {
		t.Fatal(err)
	}
	if c := op.Plan.Command.String(); !strings.Contains(c, p.file) || !strings.HasSuffix(c, " restart") {
		t.Errorf("command %q", c)
	}
	out := &transcript{}
	if err := op.Execute(sources.Permit(t.Context()), out); err != nil {
		t.Fatal(err)
	}
	if outcome, err := op.Verify(t.Context(), func(core.Progress) {}); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	if gate.Sent() != 1 || len(out.lines) == 0 {
		t.Errorf("%d changes left, output %q", gate.Sent(), out.lines)
	}
	if op, err = s.PlanRestart(t.Context(), s.ref(kindProject, "again", "again")); err != nil {
		t.Fatal(err)
	}
	gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) || gate.Sent() != 1 {
		t.Errorf("read-only: %v, %d sent", err, gate.Sent())
	}
}
