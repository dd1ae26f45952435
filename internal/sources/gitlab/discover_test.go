package gitlab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	sim "devops-tui/test/sim"
	world "devops-tui/test/sim/gitlab"
)

// home is a home folder with files.
func home(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, s := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type options struct {
	env    map[string]string
	files  map[string]string
	config Config
	repos  []string
}

func discover(t *testing.T, o options) (sources.Found, string) {
	t.Helper()
	dir := home(t, o.files)
	found, err := Discover(t.Context(), sources.Options{
		Getenv: func(k string) string { return o.env[k] }, Home: dir, WorkDir: dir, Repos: o.repos,
		Section: func(_ string, v any) error { *v.(*Config) = o.config; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, dir
}

const canary = "glpat-canary-0123456789abcdef"

func findings(f sources.Found) string {
	var b strings.Builder
	for _, x := range f.Findings {
		b.WriteString(x.Level.String() + ": " + x.Text.String() + " | " + x.Fix.String() + "\n")
	}
	return b.String()
}

func TestDiscovery(t *testing.T) {
	clone := map[string]string{".git/config": "[remote \"origin\"]\n\turl = git@gitlab.com:acme/shop.git\n", ".git/HEAD": "ref: refs/heads/main\n"}
	glab := "hosts:\n    gitlab.acme.example:\n        token: !!null " + canary + "\n        api_protocol: https\n"
	with := func(a map[string]string, k, v string) map[string]string {
		out := map[string]string{k: v}
		for x, y := range a {
			out[x] = y
		}
		return out
	}
	for _, c := range []struct {
		name  string
		o     options
		want  string // scope=project,… of each source
		says  string
		token string // where from
	}{
		{"nothing", options{}, "", "no GitLab", ""},
		{"a clone and a token", options{env: map[string]string{"GITLAB_TOKEN": canary}, files: clone}, "gitlab.com=acme/shop", "token from GITLAB_TOKEN", "GITLAB_TOKEN"},
		{"a clone by a rewritten address", options{env: map[string]string{"GITLAB_TOKEN": canary}, files: map[string]string{
			".git/config": "[remote \"origin\"]\n\turl = work:acme/shop.git\n", ".git/HEAD": clone[".git/HEAD"], ".gitconfig": "[url \"git@gitlab.com:\"]\n\tinsteadOf = work:\n",
		}}, "gitlab.com=acme/shop", "remote origin", "GITLAB_TOKEN"},
		{"a clone without a token", options{files: clone}, "", "there is no token", ""},
		{"a token of another server", options{env: map[string]string{"GITLAB_TOKEN": canary, "GITLAB_HOST": "gitlab.acme.example"}, files: clone}, "", "there is no token", ""},
		{"--repo with a host, glab's token", options{repos: []string{"gitlab.acme.example/a/b/c", "acme/shop", "github.com/x/y"}, files: map[string]string{".config/glab-cli/config.yml": glab}}, "gitlab.acme.example=a/b/c", "config.yml", ""},
		{"--repo alone", options{repos: []string{"acme/shop"}, env: map[string]string{"GITLAB_TOKEN": canary}}, "gitlab.com=acme/shop", "", "GITLAB_TOKEN"},
		{"--repo alone, a user of GitHub", options{repos: []string{"acme/shop"}, env: map[string]string{"GITLAB_TOKEN": canary, "GH_TOKEN": "x"}}, "", "", ""},
		{"configured", options{env: map[string]string{"T": canary}, config: Config{Hosts: []HostConfig{
			{Name: "work", URL: "https://git.acme.example/gitlab", Projects: []string{"acme/*", "x/y"}, Settings: credential.Settings{TokenEnv: "T"}},
		}}}, "work=acme/*,x/y", "https://git.acme.example/gitlab", "T"},
		{"configured without projects", options{config: Config{Hosts: []HostConfig{{Host: "gitlab.com"}}}}, "", "no projects", ""},
		{"the environment's server", options{repos: []string{"a/b"}, env: map[string]string{"GL_HOST": "git.example", "GITLAB_TOKEN": canary}}, "git.example=a/b", "", "GITLAB_TOKEN"},
		{"an oauth token of glab", options{repos: []string{"gitlab.com/a/b"}, files: with(nil, ".config/glab-cli/config.yml", "hosts:\n  gitlab.com:\n    token: "+canary+"\n    is_oauth2: \"true\"\n")}, "gitlab.com=a/b", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _ := discover(t, c.o)
			var got []string
			for _, s := range found.Sources {
				src := s.(*Source)
				got = append(got, src.server.scope+"="+strings.Join(src.server.projects, ","))
				if c.token != "" && src.server.token.Where.String() != c.token {
					t.Errorf("token from %s", src.server.token.Where)
				}
				if strings.Contains(c.name, "oauth") != src.server.oauth {
					t.Errorf("oauth: %v", src.server.oauth)
				}
			}
			says := findings(found)
			if strings.Join(got, " ") != c.want || !strings.Contains(says, c.says) {
				t.Errorf("sources %q, want %q; findings:\n%s", got, c.want, says)
			}
			if strings.Contains(says, canary) {
				t.Errorf("the token is shown:\n%s", says)
			}
		})
	}
}

func TestGlabsFileForOthersIsRefused(t *testing.T) {
	dir := home(t, map[string]string{".config/glab-cli/config.yml": "hosts:\n  gitlab.com:\n    token: " + canary + "\n"})
	file := filepath.Join(dir, ".config/glab-cli/config.yml")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := Discover(t.Context(), sources.Options{Home: dir, WorkDir: dir, Repos: []string{"gitlab.com/a/b"}})
	if err != nil {
		t.Fatal(err)
	}
	if s := findings(found); !strings.Contains(s, "chmod 600") || strings.Contains(s, canary) || !strings.Contains(s, "no token") {
		t.Errorf("findings:\n%s", s)
	}
}

func TestTokenFileAndCommand(t *testing.T) {
	b := newBench(t)
	dir := home(t, map[string]string{"token": world.DefaultToken + "\n", "get": "#!/bin/sh\necho " + world.DefaultToken + "\n", "bad": "#!/bin/sh\necho " + canary + " >&2; exit 3\n"})
	for name, from := range map[string]credential.Origin{
		"file":    credential.File(filepath.Join(dir, "token")),
		"command": credential.Command(os.Getenv, "/bin/sh", filepath.Join(dir, "get")),
	} {
		src := sourceWith(t, b.server.URL, from)
		if _, err := src.Get(t.Context(), kindRef("workflow", "ci")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	src := sourceWith(t, b.server.URL, credential.Command(os.Getenv, "/bin/sh", filepath.Join(dir, "bad")))
	_, err := src.Get(t.Context(), kindRef("workflow", "ci"))
	if p := src.Problem(err); p == nil || p.Kind != core.Unauthorized || strings.Contains(p.Error()+err.Error(), canary) {
		t.Errorf("a program that fails: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "token"), 0o640); err != nil {
		t.Fatal(err)
	}
	src = sourceWith(t, b.server.URL, credential.File(filepath.Join(dir, "token")))
	if _, err := src.Get(t.Context(), kindRef("workflow", "ci")); problemKind(src, err) != core.Unauthorized && problemKind(src, err) != core.Forbidden && problemKind(src, err) != core.Refused {
		t.Errorf("a file that others may read: %v", err)
	}
}

func sourceWith(t *testing.T, at string, from credential.Origin) *Source {
	t.Helper()
	src := sourceAt(t, at, &sources.Gate{}, shop)
	s := src.server
	s.token = from
	out, err := newSource(s, sources.Options{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDiagnose(t *testing.T) {
	b := newBench(t)
	says := func() string { return findings(sources.Found{Findings: b.src.Diagnose(t.Context())}) }
	b.Limit(500, time.Now().Add(time.Minute))
	if s := says(); !strings.Contains(s, "GitLab 18.5.2-ee") || !strings.Contains(s, "signed in as kim") || !strings.Contains(s, "scopes: api") || !strings.Contains(s, "valid until") || !strings.Contains(s, "of 500 requests left") {
		t.Errorf("all is well:\n%s", s)
	}
	b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"read_api"}, Expires: time.Now().AddDate(0, 0, 3)})
	if s := says(); !strings.Contains(s, "not to change anything") || !strings.Contains(s, "expires on") || !strings.Contains(s, "rotate it") {
		t.Errorf("it may only read, and ends soon:\n%s", s)
	}
	b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"read_user"}})
	if s := says(); !strings.Contains(s, "read_api is missing") {
		t.Errorf("it may nothing:\n%s", s)
	}
	b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"api"}, Expires: time.Now().Add(-time.Hour)})
	if s := says(); !strings.Contains(s, "expired") || !strings.Contains(s, "personal_access_tokens") {
		t.Errorf("expired:\n%s", s)
	}
	b.SetToken(world.DefaultToken, world.Token{User: "kim", Scopes: []string{"api"}})
	b.Rename(shop, "acme/store")
	if s := says(); !strings.Contains(s, "has moved to acme/store") {
		t.Errorf("moved:\n%s", s)
	}
	b.RemoveProject("acme/store")
	if s := says(); !strings.Contains(s, "no such project: acme/shop") {
		t.Errorf("gone:\n%s", s)
	}
}

func TestAServerBelowAPath(t *testing.T) {
	w := world.New(world.Options{Prefix: "/gitlab"})
	w.AddProject(shop)
	s := sim.Start(t, w, sim.Options{})
	b := &bench{World: w, server: s, gate: &sources.Gate{}}
	b.src = sourceAt(t, s.URL+"/gitlab", b.gate, "acme/*")
	id := w.Push(shop, standard("x"))
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}})
	until(t, "the pipeline of the group's project", func() bool { return rec.Listed("run") && rec.Find(runRef(id)) != nil })
	op, err := b.src.PlanCancel(t.Context(), runRef(id), core.Cancel{})
	b.done(t, op, err, core.OutcomeHealthy)
}

func TestOneProjectThatFailsDoesNotHideTheOthers(t *testing.T) {
	b := newBench(t)
	id := b.Push(shop, standard("x"))
	b.src = sourceAt(t, b.server.URL, b.gate, shop, "acme/gone", "acme/closed")
	b.AddProject("acme/closed")
	b.Deny("", "/projects/acme%2Fclosed", 403)
	rec := b.follow(t, core.Interest{Kinds: []string{"run", "environment", "workflow"}})
	until(t, "the list with its problem", func() bool { return rec.Listed("run") && rec.Find(runRef(id)) != nil && rec.Problem("run") != nil })
	if p := rec.Problem("run"); !strings.Contains(p.Error(), "acme/") || !strings.Contains(p.Error(), "1 more project") {
		t.Errorf("problem: %v", p)
	}
	until(t, "the workflow", func() bool { return rec.Find(kindRef("workflow", "ci")) != nil })
	until(t, "the environments", func() bool { return rec.Listed("environment") })
}

func TestNoTokenIsSaid(t *testing.T) {
	b := newBench(t)
	src := sourceWith(t, b.server.URL, credential.Origin{})
	err := src.Run(t.Context(), sourcetest.NewRecorder(src.Info().Instance(), src.Info().Kinds))
	if p := sources.AsProblem(src, err); p == nil || p.Kind != core.Unauthorized || !strings.Contains(p.Hint.String(), "GITLAB_TOKEN") {
		t.Errorf("run: %v", err)
	}
	if n := b.server.Count("GET", ""); n != 0 {
		t.Errorf("%d requests without a token", n)
	}
}

func TestAGroupThatIsEmptyOrNotThere(t *testing.T) {
	b := newBench(t)
	b.src = sourceAt(t, b.server.URL, b.gate, "nobody/*", shop)
	id := b.Push(shop, standard("x"))
	rec := b.follow(t, core.Interest{Kinds: []string{"run"}})
	until(t, "the list and its problem", func() bool { return rec.Listed("run") && rec.Find(runRef(id)) != nil && rec.Problem("run") != nil })
	if p := rec.Problem("run"); !strings.Contains(p.Error(), "nobody/*") {
		t.Errorf("problem: %v", p)
	}
}
