package docker

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// dockerConfig writes a configuration of the docker command and a credential
// helper, and makes s see both.
func dockerConfig(t *testing.T, s *Source, config, helper string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte("#!/bin/sh\n"+helper), 0o700); err != nil {
		t.Fatal(err)
	}
	s.getenv = func(name string) string {
		return map[string]string{"DOCKER_CONFIG": dir, "PATH": dir}[name]
	}
}

func TestAPullHasTheUsersCredentials(t *testing.T) {
	plain := base64.StdEncoding.EncodeToString([]byte("ann:pa:ss"))
	auths := `{"auths":{"registry.test:5000":{"auth":"` + plain + `"},"https://index.docker.io/v1/":{"auth":"` + plain + `"}}}`
	for name, c := range map[string]struct{ config, helper, image, want string }{
		"from the file":   {auths, "", "registry.test:5000/shop/web:1", "ann pa:ss registry.test:5000"},
		"Docker Hub":      {auths, "", "shop/web:1", "ann pa:ss " + hubKey},
		"another one":     {auths, "", "other.test/web", ""},
		"from the helper": {`{"credHelpers":{"registry.test":"test"}}`, `read key; echo "{\"Username\":\"bob\",\"Secret\":\"$key\"}"`, "registry.test/web", "bob registry.test registry.test"},
		"a token":         {`{"credsStore":"test"}`, `echo '{"Username":"<token>","Secret":"tok"}'`, "registry.test/web", "tok registry.test"},
		"it has none":     {`{"credsStore":"test"}`, `echo "credentials not found in native keychain"; exit 1`, "registry.test/web", ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := script(t)
			dockerConfig(t, x.Source, c.config, c.helper)
			var got credentials
			x.mux.HandleFunc("/images/create", func(w http.ResponseWriter, r *http.Request) {
				b, _ := base64.URLEncoding.DecodeString(r.Header.Get("X-Registry-Auth"))
				_ = json.Unmarshal(b, &got)
				_, _ = w.Write([]byte(`{"status":"Pulling fs layer","id":"l1"}` + "\n" + `{"status":"Pull complete","id":"l1"}` + "\n" + `{"status":"Digest: sha256:1"}` + "\n"))
			})
			out := &transcript{}
			if err := x.pull(sources.Permit(t.Context()), c.image, out); err != nil {
				t.Fatal(err)
			}
			if said := strings.Join(strings.Fields(got.Username+" "+got.Password+" "+got.Token+" "+got.Server), " "); said != c.want {
				t.Errorf("sent %q, want %q", said, c.want)
			}
			if said := strings.Join(out.lines, "|"); !strings.Contains(said, "l1 Pull complete|Digest: sha256:1") || strings.Contains(said, "pa:ss") {
				t.Errorf("said %q", said)
			}
		})
	}
}

func TestAPullThatTheRegistryRefusesSaysWhatToDo(t *testing.T) {
	x := script(t)
	dockerConfig(t, x.Source, `{broken`, "")
	x.mux.HandleFunc("/images/create", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"errorDetail":{"message":"denied: requested access to the resource is denied"},"error":"denied"}` + "\n"))
	})
	out := &transcript{}
	err := x.pull(sources.Permit(t.Context()), "registry.test/web:1", out)
	if p := x.Problem(err); p.Kind != core.Forbidden || !strings.Contains(p.Hint.String(), "docker login") {
		t.Errorf("pull: %v", err)
	}
	if said := strings.Join(out.lines, "|"); !strings.Contains(said, "is not JSON") || strings.Contains(said, "{broken") {
		t.Errorf("said %q", said)
	}
}
