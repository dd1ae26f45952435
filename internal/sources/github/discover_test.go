package github

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	simgithub "devops-tui/test/sim/github"
)

// desk is a user's machine: a home folder, a clone, an environment.
type desk struct {
	t    *testing.T
	home string
	env  map[string]string
	o    sources.Options
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, home: t.TempDir(), env: map[string]string{}}
	d.o = sources.Options{Home: d.home, WorkDir: filepath.Join(d.home, "clone"), Getenv: func(n string) string { return d.env[n] }}
	return d
}

func (d *desk) write(name, content string, mode os.FileMode) {
	d.t.Helper()
	p := filepath.Join(d.home, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), mode); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chmod(p, mode); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) config(c Config) {
	d.o.Section = func(_ string, v any) error { *v.(*Config) = c; return nil }
}

func (d *desk) discover() (hosts map[string]*Source, says string) {
	d.t.Helper()
	f, err := Discover(context.Background(), d.o)
	if err != nil {
		d.t.Fatal(err)
	}
	hosts = map[string]*Source{}
	for _, s := range f.Sources {
		hosts[s.Info().Scope] = s.(*Source)
	}
	var b strings.Builder
	for _, x := range f.Findings {
		fmt.Fprintf(&b, "%s %s: %s [%s]\n", x.Level, x.Scope, x.Text, x.Fix)
	}
	return hosts, b.String()
}

func TestDiscover(t *testing.T) {
	d := newDesk(t)
	hosts, says := d.discover()
	if len(hosts) != 0 || !strings.Contains(says, "missing : no repository") || !strings.Contains(says, "--repo OWNER/NAME") {
		t.Errorf("nothing there: %v\n%s", hosts, says)
	}
	d.write("clone/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n[remote \"lab\"]\n\turl = https://gitlab.com/acme/other.git\n", 0o644)
	hosts, says = d.discover()
	if s := hosts[githubCom]; s == nil || len(hosts) != 1 || !slices.Equal(s.host.patterns, []string{"acme/shop"}) || !s.token.None() {
		t.Fatalf("by the remote: %v\n%s", hosts, says)
	}
	if !strings.Contains(says, "missing github.com: github.com: no token: only public repositories, 60 requests an hour") || !strings.Contains(says, "export GH_TOKEN=") {
		t.Errorf("%s", says)
	}
	d.env["GITHUB_TOKEN"] = testToken
	hosts, says = d.discover()
	if token, err := hosts[githubCom].token.Get(t.Context()); token != testToken || err != nil || !strings.Contains(says, "token from GITHUB_TOKEN") || strings.Contains(says, testToken) {
		t.Errorf("%q %v\n%s", token, err, says)
	}
	d.o.Repos = []string{"ghe.acme.example/team/app", "gitlab.com/x/y", "acme/*", "not a repo"}
	hosts, _ = d.discover()
	if len(hosts) != 1 || !slices.Equal(hosts[githubCom].host.patterns, []string{"acme/*"}) {
		t.Errorf("--repo: %v", hosts)
	}
	d.env["GH_HOST"] = "ghe.acme.example"
	d.env["GH_ENTERPRISE_TOKEN"] = "other-canary"
	hosts, _ = d.discover()
	if s := hosts["ghe.acme.example"]; len(hosts) != 1 || s == nil || s.host.api != "https://ghe.acme.example/api/v3" || len(s.host.patterns) != 2 {
		t.Fatalf("GH_HOST: %v", hosts)
	}
	if token, _ := hosts["ghe.acme.example"].token.Get(t.Context()); token != "other-canary" {
		t.Errorf("a token of github.com for another host: %q", token)
	}
}

func TestTokensOfGH(t *testing.T) {
	d := newDesk(t)
	d.o.Repos = []string{"acme/shop"}
	d.write(".config/gh/hosts.yml", "github.com:\n  user: kim\n  oauth_token: "+testToken+"\n", 0o644)
	hosts, says := d.discover()
	if token, _ := hosts[githubCom].token.Get(t.Context()); token != "" || !strings.Contains(says, "may be read by others") || !strings.Contains(says, "chmod 600") || strings.Contains(says, testToken) {
		t.Errorf("%q\n%s", token, says)
	}
	d.write(".config/gh/hosts.yml", "github.com:\n  user: kim\n  oauth_token: "+testToken+"\n", 0o600)
	hosts, says = d.discover()
	if token, _ := hosts[githubCom].token.Get(t.Context()); token != testToken || !strings.Contains(says, "gh's hosts.yml") {
		t.Errorf("%q\n%s", token, says)
	}
	// In the keyring: gh is asked, at the first request and not before.
	d.write(".config/gh/hosts.yml", "github.com:\n  user: kim\n", 0o600)
	d.write("bin/gh", "#!/bin/sh\necho called >> \"$0.log\"\n[ \"$*\" = 'auth token --hostname github.com' ] && echo "+testToken+"\n", 0o700)
	d.env["PATH"] = filepath.Join(d.home, "bin")
	hosts, says = d.discover()
	if _, err := os.Stat(filepath.Join(d.home, "bin/gh.log")); err == nil || !strings.Contains(says, "gh auth token, asked at the first request") {
		t.Errorf("gh was asked by discovery\n%s", says)
	}
	for range 3 {
		if token, err := hosts[githubCom].token.Get(t.Context()); token != testToken || err != nil {
			t.Errorf("%q, %v", token, err)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(d.home, "bin/gh.log")); strings.Count(string(b), "called") != 1 {
		t.Errorf("gh was asked %d times", strings.Count(string(b), "called"))
	}
	d.write("bin/gh", "#!/bin/sh\necho no "+testToken+" here >&2; exit 1\n", 0o700)
	hosts, _ = d.discover()
	_, err := hosts[githubCom].token.Get(t.Context())
	problem(t, hosts[githubCom], err, core.Unauthorized, "gh gave no token", "gh auth login --hostname github.com")
}

func TestConfiguredHosts(t *testing.T) {
	d := newDesk(t)
	d.write("token", testToken+"\n", 0o640)
	c := defaultConfig()
	c.Hosts = []HostConfig{{Host: "ghe.acme.example", Repos: []string{"team/*", "../x"}, Settings: credential.Settings{TokenFile: "token"}}, {Host: githubCom, API: "http://api.example", Repos: []string{"a/b"}}}
	d.config(c)
	hosts, says := d.discover()
	if len(hosts) != 1 || !strings.Contains(says, `"../x" is no repository`) || !strings.Contains(says, "would send the token in the clear") || !strings.Contains(says, "chmod 600") {
		t.Fatalf("%v\n%s", hosts, says)
	}
	_, err := hosts["ghe.acme.example"].token.Get(t.Context())
	problem(t, hosts["ghe.acme.example"], err, core.Refused, "may be read by others")
	d.write("token", testToken+"\n", 0o600)
	hosts, _ = d.discover()
	if token, err := hosts["ghe.acme.example"].token.Get(t.Context()); token != testToken || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	c.Hosts[0].TokenFile, c.Hosts[0].TokenCommand = "", []string{"/bin/echo", testToken}
	hosts, _ = d.discover()
	if token, err := hosts["ghe.acme.example"].token.Get(t.Context()); token != testToken || err != nil {
		t.Errorf("by a command: %q, %v", token, err)
	}
}

func TestDoctor(t *testing.T) {
	w := newWorld(t, simgithub.Options{Enterprise: "3.14.2"})
	says := func(s *Source) string {
		var b strings.Builder
		for _, x := range s.Diagnose(t.Context()) {
			fmt.Fprintf(&b, "%s: %s [%s]\n", x.Level, x.Text, x.Fix)
		}
		return b.String()
	}
	for _, x := range []struct {
		token string
		do    func()
		parts []string
	}{
		{testToken, nil, []string{"ok: GitHub Enterprise Server 3.14.2", "ok: signed in as kim (token from TEST_TOKEN)", "ok: the token's scopes: repo, workflow", "of 5000 left until", "ok: acme/shop: can be read"}},
		{"weak", func() { w.AddToken("weak", "lee", "gist") }, []string{"problem: the token's scopes are gist", "gh auth refresh --hostname github.com --scopes repo,workflow"}},
		{"fine", func() { w.AddFineGrained("fine", "lee", false, "acme/else") }, []string{"info: the token tells no scopes", "problem: acme/shop: github.com has no acme/shop, or the token may not see it"}},
		{"", nil, []string{"missing: token_env names TEST_TOKEN, which is not set [export TEST_TOKEN=…]", "of 60 left"}},
		{"wrong", nil, []string{"problem: github.com does not accept the token: Bad credentials [it has expired or was revoked (token from TEST_TOKEN)"}},
		{testToken, func() { w.Exhaust(testToken, 300, time.Hour) }, []string{"problem: requests: 300 of 5000 left", "lists rest until then"}},
		{testToken, func() { w.api.Stop() }, []string{"problem: cannot reach GitHub at 127.0.0.1", "connection refused"}},
	} {
		if x.do != nil {
			x.do()
		}
		got := says(w.with(t, nil, x.token, nil))
		for _, p := range x.parts {
			if !strings.Contains(got, p) {
				t.Errorf("token %q: no %q in\n%s", x.token, p, got)
			}
		}
	}
}
