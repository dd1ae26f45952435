package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	dockertest "devops-tui/test/docker"
)

// hasty makes a source whose changeovers do not wait longer than a test must.
func hasty(t testing.TB, e *dockertest.Engine, gate *sources.Gate) *Source {
	s := over(t, e, gate)
	s.pace = swapPace{stable: 400 * time.Millisecond, arrives: 500 * time.Millisecond}
	return s
}

// image builds an image on top of the test program's.
func buildImage(t testing.TB, e *dockertest.Engine, tag string, lines ...string) (id string) {
	t.Helper()
	if err := e.Image(t.Context(), dockertest.DefaultImage); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := "FROM " + dockertest.DefaultImage + "\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := e.Docker(t.Context(), "build", "-t", tag, dir); err != nil {
		t.Fatalf("build %s: %v\n%s", tag, err, b)
	}
	b, err := e.Docker(t.Context(), "image", "inspect", "-f", "{{.Id}}", tag)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func docker(t testing.TB, e *dockertest.Engine, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := e.Docker(ctx, args...)
	if err != nil {
		t.Fatalf("docker %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(b))
}

// discard removes containers and what a changeover may have left of them.
func discard(t testing.TB, e *dockertest.Engine, names ...string) {
	t.Cleanup(func() {
		for _, c := range everyContainer(t, e) {
			for _, n := range names {
				if c.name == n || strings.HasPrefix(c.name, n+"-before-") || strings.HasPrefix(c.name, n+"-after-") {
					docker(t, e, "rm", "-f", "-v", c.id)
				}
			}
		}
	})
}

type standing struct{ id, name, state string }

func everyContainer(t testing.TB, e *dockertest.Engine) (out []standing) {
	t.Helper()
	for line := range strings.Lines(docker(t, e, "ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}")) {
		if f := strings.Fields(line); len(f) == 3 {
			out = append(out, standing{f[0], f[1], f[2]})
		}
	}
	return out
}

// called are the containers of a name, and what a changeover has left.
func called(t testing.TB, e *dockertest.Engine, name string) (out []standing) {
	t.Helper()
	for _, c := range everyContainer(t, e) {
		if base, _, ok := leftover(c.name); c.name == name || ok && base == name {
			out = append(out, c)
		}
	}
	return out
}

func inspected(t testing.TB, s *Source, id string) container.InspectResponse {
	t.Helper()
	c, err := s.inspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func deployTo(t testing.TB, s *Source, id, name, image string) *core.Operation {
	t.Helper()
	op, err := s.PlanDeploy(t.Context(), containerRef(name, s.host.scope, id), core.Deploy{Image: image})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func finish(t testing.TB, op *core.Operation) (core.Outcome, error) {
	t.Helper()
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err != nil {
		return core.OutcomeRefused, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return op.Verify(ctx, func(core.Progress) {})
}

func TestADeploymentKeepsTheWholeConfiguration(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := hasty(t, e, nil)
	buildImage(t, e, "keep/web:1", `ENV VERSION=1 SHARED=image`, `LABEL of=image version=1`, `CMD ["-name","one"]`, `EXPOSE 9000`, `VOLUME /scratch`, `STOPSIGNAL SIGINT`,
		`HEALTHCHECK --interval=1h --retries=7 CMD ["/app","health"]`)
	second := buildImage(t, e, "keep/web:2", `ENV VERSION=2 SHARED=image NEW=yes`, `LABEL of=image version=2`, `CMD ["-name","two"]`, `EXPOSE 9001`, `VOLUME /scratch`,
		`HEALTHCHECK --interval=1h --retries=9 CMD ["/app","health"]`)
	docker(t, e, "network", "create", "--subnet", "10.199.0.0/24", "keep-front")
	docker(t, e, "network", "create", "--subnet", "10.198.0.0/24", "keep-back")
	t.Cleanup(func() { docker(t, e, "network", "rm", "keep-front", "keep-back") })
	discard(t, e, "keep-web")
	docker(t, e, "create", "--name", "keep-web", "--network", "keep-front", "--ip", "10.199.0.77", "--network-alias", "www", "-v", "keep-data:/data", "-v", "/anonymous", "--mount", "type=volume,dst=/unnamed", "-e", "OWN=1", "-e", "TOKEN=s3cret",
		"--label", "own=yes", "--memory", "64m", "--cpus", "0.5", "--restart", "on-failure:3", "--health-interval", "1s",
		"--cap-add", "NET_ADMIN", "--ulimit", "nofile=1024:2048", "--tmpfs", "/run", "--log-opt", "max-size=1m", "--stop-timeout", "4", "--dns", "10.0.0.1",
		"--add-host", "db:10.0.0.2", "--user", "1:1", "--workdir", "/tmp", "--read-only", "--init=false", "--shm-size", "32m", "--pids-limit", "100",
		"--sysctl", "net.ipv4.ip_forward=0", "--expose", "7777", "--oom-score-adj", "5", "--security-opt", "no-new-privileges", "keep/web:1")
	id := withMAC(t, e, "keep-web", "02:42:0a:c7:00:99")
	docker(t, e, "network", "connect", "--ip", "10.198.0.55", "--alias", "backend", "keep-back", "keep-web")
	before := inspected(t, s, id)

	op := deployTo(t, s, id, "keep-web", "keep/web:2")
	if got := fmt.Sprint(op.Plan.Changes); !strings.Contains(got, "keep/web:1") || !strings.Contains(got, "-name two") {
		t.Errorf("changes %v", got)
	}
	for _, says := range append(op.Plan.Impact, op.Plan.Command, op.Plan.UndoHint) {
		if strings.Contains(says.String(), "s3cret") {
			t.Errorf("a secret in %q", says)
		}
	}
	if outcome, err := finish(t, op); err != nil || outcome != core.OutcomeHealthy {
		t.Fatalf("outcome %v, %v", outcome, err)
	}

	left := called(t, e, "keep-web")
	if len(left) != 1 || left[0].id == id || left[0].state != "running" {
		t.Fatalf("containers %+v", left)
	}
	after := inspected(t, s, left[0].id)
	if after.Image != second || after.Config.Image != "keep/web:2" {
		t.Errorf("image %s %s", after.Image, after.Config.Image)
	}
	env := after.Config.Env
	for _, want := range []string{"OWN=1", "TOKEN=s3cret", "VERSION=2", "NEW=yes", "SHARED=image"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %q", want, env)
		}
	}
	if len(env) != len(before.Config.Env)+1 {
		t.Errorf("variables %q, before %q", env, before.Config.Env)
	}
	if got := after.Config.Labels; got["own"] != "yes" || got["version"] != "2" {
		t.Errorf("labels %v", got)
	}
	if got := after.Config.Cmd; !slices.Equal(got, []string{"-name", "two"}) {
		t.Errorf("command %q follows the image", got)
	}
	if got := after.Config.StopSignal; got != "" && got != "SIGTERM" {
		t.Errorf("stop signal %q of the old image", got)
	}
	if got := after.Config.Hostname; got != after.ID[:12] {
		t.Errorf("hostname %q", got)
	}
	if got := after.Config.Healthcheck.Retries; got != 9 {
		t.Errorf("%d retries of the health check, want the new image's", got)
	}
	var ports []string
	for p := range after.Config.ExposedPorts {
		ports = append(ports, p.String())
	}
	slices.Sort(ports)
	if got := fmt.Sprint(ports); got != "[7777/tcp 9001/tcp]" {
		t.Errorf("exposed ports %s", got)
	}
	// What was asked for is the same; anonymous volumes have their names now.
	was, is := *before.HostConfig, *after.HostConfig
	was.Binds, is.Binds, was.Mounts, is.Mounts, was.ContainerIDFile, is.ContainerIDFile = nil, nil, nil, nil, "", ""
	if a, b := toJSON(was), toJSON(is); a != b {
		t.Errorf("host configuration\n%s\nbefore\n%s", b, a)
	}
	for _, f := range []struct {
		name     string
		was, now any
	}{
		{"user", before.Config.User, after.Config.User},
		{"folder", before.Config.WorkingDir, after.Config.WorkingDir},
		{"health check's interval", before.Config.Healthcheck.Interval, after.Config.Healthcheck.Interval},
		{"stop timeout", before.Config.StopTimeout, after.Config.StopTimeout},
		{"mounts", places(before.Mounts), places(after.Mounts)},
	} {
		if !reflect.DeepEqual(f.was, f.now) {
			t.Errorf("%s %v, was %v", f.name, toJSON(f.now), toJSON(f.was))
		}
	}
	for name, n := range before.NetworkSettings.Networks {
		m := after.NetworkSettings.Networks[name]
		if m == nil {
			t.Errorf("not in %s any more", name)
			continue
		}
		own := func(aliases []string, id string) []string {
			return slices.DeleteFunc(slices.Clone(aliases), func(a string) bool { return a == id[:12] })
		}
		if !slices.Equal(own(m.Aliases, after.ID), own(n.Aliases, before.ID)) || m.IPAddress != n.IPAddress ||
			!reflect.DeepEqual(m.IPAMConfig, n.IPAMConfig) || name == "keep-front" && m.MacAddress.String() != n.MacAddress.String() {
			t.Errorf("%s: %s\nwas %s", name, toJSON(m), toJSON(n))
		}
	}

	// And back: undo is a rollback to the image that ran.
	in := op.Plan.Inverse
	if in == nil || in.Verb != core.VerbRollback || in.Params["to"] != before.Image {
		t.Fatalf("inverse %+v", in)
	}
	back, err := s.PlanRollback(t.Context(), containerRef("keep-web", s.host.scope, ""), core.Rollback{To: in.Params["to"]})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := finish(t, back); err != nil || outcome != core.OutcomeHealthy {
		t.Fatalf("rollback: %v, %v", outcome, err)
	}
	again := inspected(t, s, "keep-web")
	if again.Image != before.Image || !slices.Equal(sorted(again.Config.Env), sorted(before.Config.Env)) || !reflect.DeepEqual(places(again.Mounts), places(before.Mounts)) {
		t.Errorf("after the rollback: %s %q %v", again.Image, again.Config.Env, places(again.Mounts))
	}
}

// withMAC makes a container again with a hardware address: the docker command
// gives one to engines from API 1.44 on only.
func withMAC(t testing.TB, e *dockertest.Engine, name, mac string) (id string) {
	t.Helper()
	var c struct {
		Config, HostConfig map[string]any
		NetworkSettings    struct{ Networks map[string]any }
	}
	if err := json.Unmarshal([]byte(strings.Trim(docker(t, e, "inspect", "-f", "{{json .}}", name), "\n")), &c); err != nil {
		t.Fatal(err)
	}
	docker(t, e, "rm", name)
	delete(c.Config, "Hostname")
	c.Config["MacAddress"], c.Config["HostConfig"] = mac, c.HostConfig
	c.Config["NetworkingConfig"] = map[string]any{"EndpointsConfig": c.NetworkSettings.Networks}
	b, err := e.Do(t.Context(), "POST", "/v1.41/containers/create?name="+name, c.Config)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if err := json.Unmarshal(b, &made); err != nil {
		t.Fatal(err)
	}
	docker(t, e, "start", name)
	return made.ID
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func toJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func places(mounts []container.MountPoint) map[string]string {
	out := map[string]string{}
	for _, m := range mounts {
		out[m.Destination] = fmt.Sprint(m.Type, " ", m.Name, " ", m.RW)
	}
	return out
}

func TestADeploymentThatFailsPutsTheOldContainerBack(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	buildImage(t, e, "frail/web:good", `CMD ["-name","good"]`)
	buildImage(t, e, "frail/web:exits", `CMD ["-exit","1","-after","100ms"]`)
	buildImage(t, e, "frail/web:sick", `CMD ["-sick"]`, `HEALTHCHECK --interval=300ms --retries=1 CMD ["/app","health"]`)
	buildImage(t, e, "frail/web:cannot", `ENTRYPOINT ["/nowhere"]`)
	for image, why := range map[string]string{"exits": "exited (1)", "sick": "unhealthy", "cannot": "no such file"} {
		t.Run(image, func(t *testing.T) {
			s := hasty(t, e, nil)
			name := "frail-" + image
			discard(t, e, name)
			id := docker(t, e, "run", "-d", "--name", name, "--stop-timeout", "2", "-v", "/anonymous", "frail/web:good")
			mount := inspected(t, s, id).Mounts[0].Name
			outcome, err := finish(t, deployTo(t, s, id, name, "frail/web:"+image))
			var p *core.Problem
			if outcome != core.OutcomeFailed || !errors.As(err, &p) || !strings.Contains(p.Summary.String(), why) || !strings.Contains(p.Summary.String(), "back in its place") {
				t.Errorf("outcome %v, %v", outcome, err)
			}
			if left := called(t, e, name); len(left) != 1 || left[0].id != id || left[0].state != "running" || left[0].name != name {
				t.Errorf("containers %+v, want %s", left, id)
			}
			if !strings.Contains(docker(t, e, "volume", "ls", "-q"), mount) {
				t.Error("the anonymous volume is gone")
			}
		})
	}
	t.Run("port in use", func(t *testing.T) {
		s := hasty(t, e, nil)
		discard(t, e, "frail-port", "frail-holder")
		id := docker(t, e, "create", "--name", "frail-port", "-p", "127.0.0.1:18080:80", "frail/web:good")
		docker(t, e, "run", "-d", "--name", "frail-holder", "-p", "127.0.0.1:18080:80", "frail/web:good")
		buildImage(t, e, "frail/web:better", `CMD ["-name","better"]`)
		outcome, err := finish(t, deployTo(t, s, id, "frail-port", "frail/web:better"))
		if outcome != core.OutcomeFailed || err == nil || !strings.Contains(err.Error(), "allocated") {
			t.Errorf("outcome %v, %v", outcome, err)
		}
		if left := called(t, e, "frail-port"); len(left) != 1 || left[0].id != id || left[0].state != "created" {
			t.Errorf("containers %+v", left)
		}
	})
}

func TestAContainerWithRmIsMadeAgainWhenItsSuccessorFails(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := hasty(t, e, nil)
	buildImage(t, e, "passing/web:good", `CMD ["-name","good"]`)
	buildImage(t, e, "passing/web:exits", `CMD ["-exit","1","-after","100ms"]`)
	buildImage(t, e, "passing/web:better", `CMD ["-name","better"]`)
	discard(t, e, "passing")
	id := docker(t, e, "run", "-d", "--rm", "--name", "passing", "-e", "OWN=1", "-v", "/anonymous", "--stop-timeout", "2", "passing/web:good")
	mount := inspected(t, s, id).Mounts[0].Name
	op := deployTo(t, s, id, "passing", "passing/web:exits")
	if !strings.Contains(fmt.Sprint(op.Plan.Warnings), "--rm") {
		t.Errorf("warnings %v", op.Plan.Warnings)
	}
	if outcome, err := finish(t, op); outcome != core.OutcomeFailed {
		t.Errorf("outcome %v, %v", outcome, err)
	}
	c := inspected(t, s, "passing")
	if !c.State.Running || c.Config.Image != "passing/web:good" || !slices.Contains(c.Config.Env, "OWN=1") || c.Mounts[0].Name != mount || !c.HostConfig.AutoRemove {
		t.Errorf("after the failure: %s %v %v", c.Config.Image, c.Config.Env, c.Mounts)
	}
	if outcome, err := finish(t, deployTo(t, s, c.ID, "passing", "passing/web:better")); outcome != core.OutcomeHealthy {
		t.Errorf("outcome %v, %v", outcome, err)
	}
	if c = inspected(t, s, "passing"); c.Config.Image != "passing/web:better" || c.Mounts[0].Name != mount {
		t.Errorf("after the success: %s %v", c.Config.Image, c.Mounts)
	}
}
