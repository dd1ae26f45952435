package argocd

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/test/sim"
	fake "devops-tui/test/sim/argocd"
)

const cli = `contexts:
- {name: prod, server: argocd.example.com, user: prod}
- {name: local, server: %s, user: local}
- {name: core, server: kubernetes, user: core}
current-context: %s
servers:
- {server: argocd.example.com, grpc-web-root-path: argo}
- {server: %[1]s, plain-text: true}
- {server: kubernetes, core: true}
users:
- {name: prod, auth-token: prod-token}
- {name: local, auth-token: %[3]s}
- {name: core}
`

// home is a home folder with a configuration of the argocd command.
func home(t *testing.T, server, current, token string, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, ".config", "argocd", "config")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, cli, server, current, token), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func options(home, section string, env map[string]string) sources.Options {
	return sources.Options{
		Home: home, Getenv: func(k string) string { return env[k] },
		Section: func(_ string, v any) error { return yaml.Unmarshal([]byte(section), v) },
	}
}

func discover(t *testing.T, o sources.Options) ([]*Source, string) {
	t.Helper()
	found, err := Discover(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var out []*Source
	for _, s := range found.Sources {
		out = append(out, s.(*Source))
		t.Cleanup(s.(*Source).client.Close)
	}
	var says []string
	for _, f := range found.Findings {
		says = append(says, f.Level.String()+": "+f.Text.String()+" ["+f.Fix.String()+"]")
	}
	return out, strings.Join(says, "\n")
}

func TestServersAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		current, section string
		env              map[string]string
		mode             os.FileMode
		scopes, says     string
	}{
		"the command's context": {current: "prod", scopes: "prod=https://argocd.example.com/argo", says: "token from the argocd command, user prod"},
		"its other contexts":    {current: "prod", scopes: "prod=https://argocd.example.com/argo", says: "further contexts that are not watched: local, core"},
		"core mode":             {current: "core", says: "its applications are read from the cluster"},
		"no such context":       {current: "none", says: "the argocd command has no context none"},
		"the environment": {
			current: "prod", env: map[string]string{"ARGOCD_SERVER": "other.example", "ARGOCD_AUTH_TOKEN": "x"},
			scopes: "other.example=https://other.example", says: "token from the environment",
		},
		"the environment without a token": {current: "prod", env: map[string]string{"ARGOCD_SERVER": "other.example"}, scopes: "other.example=https://other.example", says: "missing: Argo CD at https://other.example by ARGOCD_SERVER; no token [argocd login other.example, or set ARGOCD_AUTH_TOKEN]"},
		"the environment, token of the command": {
			current: "local", env: map[string]string{"ARGOCD_SERVER": "argocd.example.com"},
			scopes: "argocd.example.com=https://argocd.example.com", says: "token from the argocd command, user prod",
		},
		"options": {current: "prod", env: map[string]string{"ARGOCD_OPTS": "--server 127.0.0.1:1 --plaintext --auth-token=abc"}, scopes: "127.0.0.1:1=http://127.0.0.1:1", says: "ARGOCD_OPTS"},
		"the configuration": {
			current: "prod", section: "servers: [{name: a, url: https://a.example, token_env: A}, {url: https://a.example/sub}]", env: map[string]string{"A": "x"},
			scopes: "a=https://a.example,a.example=https://a.example/sub", says: "token from A",
		},
		"http beyond this machine": {section: "servers: [{url: 'http://a.example'}]", says: "problem: Argo CD at a.example: http://a.example would send the token in the clear"},
		"no address":               {section: "servers: [{url: argocd}]", says: `"argocd" is no address`},
		"a file that others read":  {current: "prod", mode: 0o644, says: "may be read by others on this machine: the secret in it is not used [chmod 600 "},
	} {
		t.Run(name, func(t *testing.T) {
			if c.mode == 0 {
				c.mode = 0o600
			}
			found, says := discover(t, options(home(t, "127.0.0.1:1", c.current, "t", c.mode), c.section, c.env))
			var scopes []string
			for _, s := range found {
				scopes = append(scopes, s.Info().Scope+"="+s.client.Base().String())
			}
			if got := strings.Join(scopes, ","); got != c.scopes || !strings.Contains(says, c.says) {
				t.Errorf("%s, want %s; says\n%s\nwant %s", got, c.scopes, says, c.says)
			}
		})
	}
	if _, says := discover(t, options(t.TempDir(), "", nil)); !strings.Contains(says, "argocd login SERVER") {
		t.Errorf("nothing is there: %s", says)
	}
}

func TestATokenThatWasRenewedIsReadAgain(t *testing.T) {
	w := fake.New(fake.Options{Token: "new-token-after-relogin"})
	w.Add(fake.Spec{Name: "shop"})
	server := sim.Start(t, w, sim.Options{})
	host := strings.TrimPrefix(server.URL, "http://")
	dir := home(t, host, "local", "old-token-that-is-gone", 0o600)
	found, _ := discover(t, options(dir, "", nil))
	src := found[0]
	_, err := src.Get(t.Context(), ref("shop"))
	if p := src.Problem(err); p == nil || p.Kind != core.Unauthorized || p.Hint.String() != "argocd relogin --argocd-context local" {
		t.Fatalf("%v", err)
	}
	path := filepath.Join(dir, ".config", "argocd", "config")
	if err := os.WriteFile(path, fmt.Appendf(nil, cli, host, "local", "new-token-after-relogin"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Get(t.Context(), ref("shop")); err != nil {
		t.Error(err)
	}
}

func TestTokensFromFilesAndCommands(t *testing.T) {
	w := fake.New(fake.Options{Token: canary})
	w.Add(fake.Spec{Name: "shop"})
	server := sim.Start(t, w, sim.Options{})
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ how, want string }{
		"file":            {"token_file: " + file, ""},
		"relative file":   {"token_file: token", ""},
		"command":         {"token_command: [cat, " + file + "]", ""},
		"failing command": {"token_command: [sh, -c, 'echo " + canary + " >&2; exit 3']", "sh gave no token"},
		"no command":      {"token_command: [no-such-command]", "no-such-command is not there"},
		"prints nothing":  {"token_command: ['true']", "printed no token"},
		"nothing":         {"name: x", "there is no token"},
	} {
		t.Run(name, func(t *testing.T) {
			found, _ := discover(t, options(dir, "servers: [{url: '"+server.URL+"', "+c.how+"}]", map[string]string{"PATH": os.Getenv("PATH")}))
			_, err := found[0].Get(t.Context(), ref("shop"))
			switch p := found[0].Problem(err); {
			case c.want == "" && err != nil, c.want != "" && (p == nil || p.Kind != core.Unauthorized || !strings.Contains(p.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			case err != nil && strings.Contains(err.Error()+p.Error(), canary):
				t.Errorf("the token shows: %v", err)
			}
		})
	}
}

func TestDoctor(t *testing.T) {
	jwt := func(end time.Time) string {
		claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, end.Unix()))
		return "eyJhbGciOiJIUzI1NiJ9." + claims + ".c2lnbmF0dXJl"
	}
	for name, c := range map[string]struct {
		token string
		set   func(*fake.World)
		want  string
	}{
		"fine":             {jwt(time.Now().Add(100 * time.Hour)), nil, "signed in as admin"},
		"rights":           {jwt(time.Now().Add(100 * time.Hour)), func(w *fake.World) { w.Deny("sync") }, "applications: 1; of the first 1 it may sync 0"},
		"soon":             {jwt(time.Now().Add(2 * time.Hour)), nil, "the token expires in"},
		"expired":          {jwt(time.Now().Add(-2 * time.Hour)), nil, "the token expired 2h"},
		"revoked":          {"some-other-token", func(w *fake.World) { w.Expire() }, "the token is not accepted"},
		"no application":   {"some-other-token", func(w *fake.World) { w.Remove("shop") }, "no application that this user may see"},
		"a project's role": {"some-other-token", func(w *fake.World) { w.Deny("get") }, "no application that this user may see"},
	} {
		t.Run(name, func(t *testing.T) {
			w := fake.New(fake.Options{Token: c.token})
			w.Add(fake.Spec{Name: "shop"})
			if c.set != nil {
				c.set(w)
			}
			server := sim.Start(t, w, sim.Options{})
			found, _ := discover(t, options(t.TempDir(), "servers: [{url: '"+server.URL+"', token_env: T}]", map[string]string{"T": c.token}))
			var says []string
			for _, f := range found[0].Diagnose(t.Context()) {
				says = append(says, f.Text.String()+" ["+f.Fix.String()+"]")
			}
			all := strings.Join(says, "\n")
			if !strings.Contains(all, c.want) || strings.Contains(all, c.token) {
				t.Errorf("doctor says\n%s\nwant %s", all, c.want)
			}
		})
	}
}
