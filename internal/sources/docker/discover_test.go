package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func discovered(t *testing.T, o sources.Options) (hosts []host, findings []core.Finding) {
	t.Helper()
	found, err := Discover(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found.Sources {
		hosts = append(hosts, s.(*Source).host)
	}
	return hosts, found.Findings
}

// writeContext writes a context as the docker command does.
func writeContext(t *testing.T, home, name, endpoint string, skip bool, files ...string) {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	meta := filepath.Join(home, ".docker", "contexts", "meta", id)
	tls := filepath.Join(home, ".docker", "contexts", "tls", id, "docker")
	write := func(path, content string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(meta, "meta.json"), fmt.Sprintf(`{"Name":%q,"Metadata":{},"Endpoints":{"docker":{"Host":%q,"SkipTLSVerify":%v}}}`, name, endpoint, skip))
	for _, f := range files {
		write(filepath.Join(tls, f), "x")
	}
}

func TestEveryHostGivenIsTaken(t *testing.T) {
	hosts, findings := discovered(t, sources.Options{
		Home: t.TempDir(), Getenv: env("DOCKER_HOST", "tcp://ignored:2375"),
		DockerHosts: []string{"unix:///srv/one/docker.sock", "tcp://10.0.0.7:2376", "ssh://me@build:2222", "ssh://me@build/run/user/1/podman.sock", "nonsense://x", "-H"},
	})
	var got []string
	for _, h := range hosts {
		got = append(got, h.scope+" "+h.proto+" "+h.addr+h.ssh.host)
	}
	want := []string{"one unix /srv/one/docker.sock", "10.0.0.7 tcp 10.0.0.7:2376", "build ssh build", "build-2 ssh build"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("hosts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	problems := ""
	for _, f := range findings {
		if f.Level == core.FindingProblem {
			problems += f.Text.String() + "\n"
		}
	}
	for _, want := range []string{"nonsense://x is not a Docker host", "not encrypted", `no Docker context "-H"`} {
		if !strings.Contains(problems, want) {
			t.Errorf("no finding %q in\n%s", want, problems)
		}
	}
}

func TestTheEnvironmentAndContextsOfTheDockerCommand(t *testing.T) {
	home := t.TempDir()
	writeContext(t, home, "staging", "tcp://staging.example:2376", false, "ca.pem", "cert.pem", "key.pem")
	writeContext(t, home, "lax", "tcp://lax.example:2376", true)
	certs := filepath.Join(home, ".docker", "contexts", "tls")
	if hosts, _ := discovered(t, sources.Options{Home: home, Getenv: env("DOCKER_HOST", "tcp://127.0.0.1:1", "DOCKER_CONTEXT", "staging")}); len(hosts) != 1 || hosts[0].addr != "127.0.0.1:1" || hosts[0].tls != nil {
		t.Errorf("DOCKER_HOST: %+v", hosts)
	}
	hosts, _ := discovered(t, sources.Options{Home: home, Getenv: env("DOCKER_CONTEXT", "staging")})
	if len(hosts) != 1 || hosts[0].scope != "staging" || hosts[0].tls == nil || !strings.HasPrefix(hosts[0].tls.key, certs) || hosts[0].tls.skipVerify {
		t.Errorf("DOCKER_CONTEXT: %+v", hosts)
	}
	hosts, findings := discovered(t, sources.Options{Home: home, DockerHosts: []string{"lax"}})
	if len(hosts) != 1 || !hosts[0].tls.skipVerify || !strings.Contains(fmt.Sprint(findings), "not verified") {
		t.Errorf("lax: %+v %v", hosts, findings)
	}
	if err := os.WriteFile(filepath.Join(home, ".docker", "config.json"), []byte(`{"currentContext":"staging","auths":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if hosts, _ := discovered(t, sources.Options{Home: home}); len(hosts) != 1 || hosts[0].scope != "staging" {
		t.Errorf("currentContext: %+v", hosts)
	}
	if hosts, findings := discovered(t, sources.Options{Home: home, Getenv: env("DOCKER_CONTEXT", "gone")}); len(hosts) != 0 || findings[0].Level != core.FindingProblem || findings[0].Fix.Empty() {
		t.Errorf("an unknown context: %+v %v", hosts, findings)
	}
	hosts, _ = discovered(t, sources.Options{Home: home, DockerHosts: []string{"tcp://1.2.3.4:2376"}, Getenv: env("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", "/certs")})
	if hosts[0].tls == nil || hosts[0].tls.skipVerify {
		t.Errorf("DOCKER_TLS_VERIFY: %+v", hosts[0].tls)
	}
}

func TestTheConfigurationNamesHosts(t *testing.T) {
	o := sources.Options{Home: "/home/me", Section: func(id string, v any) error {
		if id != ID {
			t.Errorf("section %q", id)
		}
		v.(*Config).Hosts = []HostConfig{{Name: "prod", URL: "tcp://1.2.3.4:2376", TLS: TLSConfig{CA: "certs/ca.pem", ServerName: "prod.example"}}, {Name: "lab", URL: "ssh://lab"}}
		return nil
	}}
	hosts, _ := discovered(t, o)
	if len(hosts) != 2 || hosts[0].scope != "prod" || hosts[0].tls.ca != "/home/me/certs/ca.pem" || hosts[1].scope != "lab" {
		t.Errorf("%+v", hosts)
	}
}

func TestSocketsAreFoundOnce(t *testing.T) {
	run, home := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(run, "podman"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(run, "podman", "podman.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// podman-docker makes the Docker socket a link to Podman's.
	if err := os.Symlink(filepath.Join(run, "podman", "podman.sock"), filepath.Join(run, "docker.sock")); err != nil {
		t.Fatal(err)
	}
	hosts, _ := discovered(t, sources.Options{Home: home, Getenv: env("XDG_RUNTIME_DIR", run)})
	n := 0
	for _, h := range hosts {
		if strings.HasPrefix(h.addr, run) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%+v, want the socket once", hosts)
	}
}

func TestSSHArguments(t *testing.T) {
	for _, bad := range []string{"ssh://-oProxyCommand=id@host", "ssh://-host", "ssh://me:secret@host", "ssh://"} {
		if _, _, _, err := parseHost(bad); err == nil {
			t.Errorf("%s is taken", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is in the error", bad)
		}
	}
	_, _, target, err := parseHost("ssh://me@host:2222/run/it's.sock")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(target.args(), " ")
	for _, want := range []string{"BatchMode=yes", "StrictHostKeyChecking=yes", "-l me -p 2222 -- host docker --host 'unix:///run/it'\\''s.sock' system dial-stdio"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}
