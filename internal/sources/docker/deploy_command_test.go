package docker

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"devops-tui/internal/core"
	dockertest "devops-tui/test/docker"
)

// The plan's command line, pasted into a shell, makes the same container as
// the cockpit: both are tried on twins.
func TestTheCommandOfADeploymentDoesTheSame(t *testing.T) {
	t.Parallel()
	e := dockertest.Shared(t)
	s := hasty(t, e, nil)
	buildImage(t, e, "twin/web:1", `ENV VERSION=1`, `CMD ["-name","one"]`, `HEALTHCHECK --interval=1h --retries=7 CMD ["/app","health"]`)
	buildImage(t, e, "twin/web:2", `ENV VERSION=2`, `CMD ["-name","two"]`, `HEALTHCHECK --interval=1h --retries=7 CMD ["/app","health"]`)
	docker(t, e, "network", "create", "--subnet", "10.197.0.0/24", "twin-front")
	docker(t, e, "network", "create", "--subnet", "10.196.0.0/24", "twin-back")
	t.Cleanup(func() { docker(t, e, "network", "rm", "twin-front", "twin-back") })
	ids := map[string]string{}
	for n, name := range []string{"twin-a", "twin-b"} {
		discard(t, e, name)
		ids[name] = docker(t, e, "run", "-d", "--name", name, "--network", "twin-front", "--ip", fmt.Sprintf("10.197.0.%d", 10+n), "--network-alias", "www",
			"-v", "/anonymous", "-v", "twin-data:/data:ro", "-e", "OWN=it's \"quoted\" $HOME", "-e", "DB_PASSWORD=s3 cr$et'", "--label", "own=a b", "--memory", "64m",
			"--cpus", "0.25", "--restart", "on-failure:3", "--health-interval", "1s", "--cap-drop", "NET_RAW", "--ulimit", "nofile=100:200", "--tmpfs", "/run:size=1m",
			"--log-opt", "max-size=1m", "--stop-timeout", "1", "--dns", "10.0.0.1", "--add-host", "db:10.0.0.2", "--read-only", "--shm-size", "32m",
			"-p", fmt.Sprintf("127.0.0.1:%d:80", 18200+n), "--sysctl", "net.ipv4.ip_forward=0", "--security-opt", "no-new-privileges", "twin/web:1")
		docker(t, e, "network", "connect", "--alias", "backend", "twin-back", name)
	}
	op := deployTo(t, s, ids["twin-a"], "twin-a", "twin/web:2")
	command := op.Plan.Command.String()
	if strings.Contains(command, "s3 cr") || !strings.HasPrefix(command, "docker ") {
		t.Fatalf("command %s", command)
	}
	if b, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", command, err, b)
	}
	if outcome, err := finish(t, deployTo(t, s, ids["twin-b"], "twin-b", "twin/web:2")); outcome != core.OutcomeHealthy {
		t.Fatal(outcome, err)
	}
	a, b := inspected(t, s, "twin-a"), inspected(t, s, "twin-b")
	same := func(what, a, b string) {
		t.Helper()
		a = strings.NewReplacer("10.197.0.10", "IP", "18200", "PORT").Replace(a)
		b = strings.NewReplacer("10.197.0.11", "IP", "18201", "PORT").Replace(b)
		if a != b {
			t.Errorf("%s by the command\n%s\nby the cockpit\n%s", what, a, b)
		}
	}
	a.HostConfig.Binds, b.HostConfig.Binds = nil, nil // each has its own anonymous volume
	same("host configuration", toJSON(a.HostConfig), toJSON(b.HostConfig))
	same("variables", fmt.Sprint(sorted(a.Config.Env)), fmt.Sprint(sorted(b.Config.Env)))
	same("labels", toJSON(a.Config.Labels), toJSON(b.Config.Labels))
	same("health check", toJSON(a.Config.Healthcheck), toJSON(b.Config.Healthcheck))
	same("command line", toJSON([]any{a.Config.Entrypoint, a.Config.Cmd, a.Config.User, a.Config.StopTimeout}), toJSON([]any{b.Config.Entrypoint, b.Config.Cmd, b.Config.User, b.Config.StopTimeout}))
	for _, net := range []string{"twin-front", "twin-back"} {
		m, n := a.NetworkSettings.Networks[net], b.NetworkSettings.Networks[net]
		if m == nil || n == nil {
			t.Fatalf("not in %s: %v %v", net, m, n)
		}
		own := func(aliases []string, id string) string {
			return fmt.Sprint(slices.DeleteFunc(slices.Clone(aliases), func(x string) bool { return x == id[:12] }))
		}
		same(net, own(m.Aliases, a.ID)+toJSON(m.IPAMConfig), own(n.Aliases, b.ID)+toJSON(n.IPAMConfig))
	}
	if left := called(t, e, "twin-a"); len(left) != 1 {
		t.Errorf("left %+v", left)
	}
}

func TestWhatTheDockerCommandCannotSayIsTheCockpitsOwn(t *testing.T) {
	s := newSource(host{scope: "local"}, noOptions)
	for name, config := range map[string]string{
		"a label that looks secret": `{"Labels":{"api-token":"abc"}}`,
		"a secret argument":         `{"Cmd":["--password=abc"]}`,
		"a check without a shell":   `{"Healthcheck":{"Test":["CMD","/ok"]}}`,
		"a variable of many lines":  `{"Env":["A=b\nc"]}`,
	} {
		w := &swap{s: s, m: &life{name: "web"}, image: "shop/web:2", print: printOf(t, config, `{}`, "", nil, "1.41")}
		if got := w.command(s).String(); got != "devops-tui act deploy docker/container/web --set image=shop/web:2 --yes" {
			t.Errorf("%s: %s", name, got)
		}
	}
	w := &swap{s: s, m: &life{name: "web"}, image: "shop/web:2", print: printOf(t, `{"Env":["A=b c"]}`, `{"BlkioWeight":0}`, "", nil, "1.41")}
	if got := w.command(s).String(); got != "docker rename web web-before && docker create --name web '--env=A=b c' shop/web:2 && docker start web && docker rm web-before" {
		t.Errorf("%s", got)
	}
	w.print = printOf(t, `{}`, `{"BlkioWeight":300}`, "", nil, "1.41")
	if got := w.command(s).String(); !strings.HasPrefix(got, "devops-tui act") {
		t.Errorf("%s", got)
	}
}
