package docker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	dockertest "devops-tui/test/docker"
)

func TestWhatLooksSecretIsRedacted(t *testing.T) {
	for _, pair := range []string{
		"DB_PASSWORD=hunter2", "POSTGRES_PASSWORD=x", "PGPASSWORD=x", "API_KEY=x", "apiKey=x", "STRIPE_SECRET=x", "AUTH_TOKEN=x", "MYSQL_PWD=x",
		"SMTP_PASS=x", "SENTRY_DSN=x", "dbPass=x", "GITHUB_TOKEN=x", "PLAIN=ghp_0123456789abcdefghijABCDEFGHIJ012345",
		"X=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", "SOMETHING=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZg==", "CANARY=x",
	} {
		name, value, _ := strings.Cut(pair, "=")
		if got := redactEnv(pair); got != name+"="+redacted && strings.Contains(got, value) {
			t.Errorf("%s is shown as %s", pair, got)
		}
	}
	if got := redactEnv("DATABASE_URL=postgres://app:hunter2@db/shop?sslmode=off&password=p2"); got != "DATABASE_URL=postgres://app:"+redacted+"@db/shop?sslmode=off&password="+redacted {
		t.Error(got)
	}
	for _, pair := range []string{
		"PATH=/usr/bin:/bin", "LOG_LEVEL=info", "POSTGRES_PASSWORD_FILE=/run/secrets/x", "TOKEN_TTL=5m", "GIT_COMMIT=0123456789abcdef0123456789abcdef01234567",
		"MONKEY=banana", "COMPASS=north", "SSH_PUBLIC_KEY=ssh-ed25519", "EMPTY_SECRET=", "URL=https://example.com/a?b=c", "AUTHOR=me",
	} {
		if got := redactEnv(pair); got != pair {
			t.Errorf("%s is shown as %s", pair, got)
		}
	}
	got := strings.Join(redactArgs([]string{"app", "--password=p1", "--token", "p2", "--port", "80", "-c", "curl -H 'Authorization: Bearer p3p3p3p3p3' --secret p4 API_KEY=p5 run"}), " ")
	for _, p := range []string{"p1", "p2", "p3p3", "p4", "p5"} {
		if strings.Contains(got, p) {
			t.Errorf("%s is in %s", p, got)
		}
	}
	if !strings.Contains(got, "--port 80") {
		t.Error(got)
	}
}

func TestSecretsOfARealContainerAreNotShown(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	const canary = "canary-f00dfeed"
	id := e.RunFor(t, dockertest.RunSpec{
		Name: "secretive", Env: []string{"DB_PASSWORD=" + canary, "DATABASE_URL=postgres://u:" + canary + "@db/x", "VISIBLE=yes"},
		Labels: map[string]string{"traefik.basicauth.users": "me:" + canary, "team": "blue", labelProject: "vault", labelService: "s"},
		Args:   []string{"-rate", "1", "-name", "token=" + canary},
	})
	ref := containerRef("secretive", s.host.scope, id)
	for _, ref := range []core.Ref{ref, s.ref(kindProject, "vault", "vault")} {
		for what, read := range map[string]func() (core.Document, error){
			"describe": func() (core.Document, error) { return s.Describe(t.Context(), ref) },
			"manifest": func() (core.Document, error) { return s.Manifest(t.Context(), ref) },
		} {
			d, err := read()
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, l := range d.Lines {
				b.WriteString(l.String() + "\n")
			}
			if strings.Contains(b.String(), canary) {
				t.Errorf("%s of a %s shows the secret:\n%s", what, ref.Kind, b.String())
			}
			if ref.Kind == kindContainer && !strings.Contains(b.String(), "VISIBLE=yes") {
				t.Errorf("%s hides too much:\n%s", what, b.String())
			}
			if what == "manifest" && !json.Valid([]byte(b.String())) {
				t.Errorf("the manifest is no JSON:\n%s", b.String())
			}
		}
	}
	row, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := json.Marshal(row); strings.Contains(string(b), canary) {
		t.Errorf("the row shows the secret: %s", b)
	}
}

func TestEveryKindCanBeRead(t *testing.T) {
	e := dockertest.Shared(t)
	s := over(t, e, nil)
	e.RunFor(t, dockertest.RunSpec{Name: "reader", Volumes: []string{"readers:/data"}, Labels: map[string]string{labelProject: "library", labelService: "s"}})
	rec := watching(t, s, core.Interest{Kinds: []string{kindContainer, kindImage, kindNetwork, kindProject, kindVolume, kindHost}})
	for _, k := range kinds() {
		until(t, 10*time.Second, k.Plural, func() bool { return rec.Listed(k.Name) && len(rec.Rows(k.Name)) > 0 })
		ref := rec.Rows(k.Name)[0].Ref
		if got, err := s.Get(t.Context(), ref); err != nil || got.Ref != ref {
			t.Errorf("Get %v: %v", ref, err)
		}
		if d, err := s.Describe(t.Context(), ref); err != nil || len(d.Lines) < 4 {
			t.Errorf("Describe %v: %d lines, %v", ref, len(d.Lines), err)
		}
		if d, err := s.Manifest(t.Context(), ref); err != nil || d.Syntax != "json" || len(d.Lines) < 4 {
			t.Errorf("Manifest %v: %d lines, %v", ref, len(d.Lines), err)
		}
		if _, err := s.Events(t.Context(), ref); err != nil {
			t.Errorf("Events %v: %v", ref, err)
		}
	}
	volume := rec.Find(core.Ref{Source: ID, Scope: s.host.scope, Kind: kindVolume, Name: "readers"})
	if volume == nil || volume.Reason.String() != "in use" {
		t.Errorf("volume %+v", volume)
	}
	events, err := s.Events(t.Context(), rec.Find(containerRef("reader", s.host.scope, "")).Ref)
	if err != nil || len(events) < 2 || events[0].At < events[len(events)-1].At {
		t.Errorf("events %+v, %v", events, err)
	}
	if got := s.Diagnose(t.Context()); len(got) < 2 || got[0].Level != core.FindingOK {
		t.Errorf("Diagnose: %+v", got)
	}
}
