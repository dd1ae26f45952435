package kube

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
)

// withPlugin makes a source whose kubeconfig runs a shell script for
// credentials, and a server that wants "good".
func withPlugin(t *testing.T, script string) (*Source, *int) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "plugin")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	asked := 0
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(401)
			return
		}
		fmt.Fprint(w, `{"gitVersion":"v1.36.3"}`)
	}))
	t.Cleanup(srv.Close)
	conf := filepath.Join(dir, "config")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `
apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: x, user: x}}, {name: other, context: {cluster: x, user: x}}]
clusters: [{name: x, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: x, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable, provideClusterInfo: true}}}]
`, srv.URL, caOf(srv), file), 0o600); err != nil {
		t.Fatal(err)
	}
	return over(t, conf, &sources.Gate{}), &asked
}

// caOf is what the kubeconfig says of a test server's certificate.
func caOf(srv *httptest.Server) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
}

const credential = `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"%s}}'` + "\n"

// TestPlugins is promise 20.
func TestPlugins(t *testing.T) {
	good := fmt.Sprintf(credential, "good", "")
	for _, c := range []struct {
		name, script, says string
	}{
		{"works", good, ""},
		{"has no terminal and no input", `if read x; then exit 9; fi; if ( : </dev/tty ) 2>/dev/null; then exit 8; fi; ` + good, ""},
		{"is told about the cluster", `case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 7;; esac; case "$KUBERNETES_EXEC_INFO" in *'"server":"http'*) ;; *) exit 6;; esac; ` + good, ""},
		{"prints escapes", `printf '\033]0;owned\007\033[31mno session\n' >&2; exit 1`, "exit status 1: no session"},
		{"exits", `exit 3`, "exit status 3"},
		{"is expired", fmt.Sprintf(credential, "good", `,"expirationTimestamp":"2001-01-01T00:00:00Z"`), "expired already"},
		{"talks nonsense", `echo canary-token`, "did not print an ExecCredential"},
		{"gives nothing", `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'`, "neither a token nor a certificate"},
		{"gives a bad token", fmt.Sprintf(credential, "bad", ""), "does not accept the credentials"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := withPlugin(t, c.script)
			_, err := s.Probe(t.Context())
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			p := s.Problem(err)
			if p == nil || p.Kind != core.Unauthorized || !strings.Contains(p.Summary.String(), c.says) || p.Hint.Empty() {
				t.Fatalf("%v: %v", err, p)
			}
			if strings.Contains(p.Summary.String(), "\x1b") || strings.Contains(p.Summary.String(), "canary") {
				t.Errorf("%q", p.Summary)
			}
		})
	}
}

// TestPluginThatHangs: it and its children are killed, and it is not run in a storm.
func TestPluginThatHangs(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	s, _ := withPlugin(t, fmt.Sprintf("sleep 600 & echo $! $$ >> %s; wait", pids))
	s.plugin.limit = 300 * time.Millisecond
	began := time.Now()
	_, err := s.Probe(t.Context())
	var p *pluginError
	if !errors.As(err, &p) || time.Since(began) > 5*time.Second {
		t.Fatalf("%v after %v", err, time.Since(began))
	}
	for range 20 {
		_, _ = s.Probe(t.Context())
	}
	b, err := os.ReadFile(pids)
	if err != nil || strings.Count(string(b), "\n") != 1 {
		t.Fatalf("it ran more than once: %q, %v", b, err)
	}
	for f := range strings.FieldsSeq(string(b)) {
		pid, _ := strconv.Atoi(f)
		testkit.PollTrue(t, 5*time.Second, "process "+f+" is gone", func() bool {
			st, err := os.ReadFile("/proc/" + f + "/stat")
			return err != nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || strings.Contains(string(st), ") Z ")
		})
	}
	s.Wake() // the user logged in elsewhere and pressed r
	_, _ = s.Probe(t.Context())
	if b, _ := os.ReadFile(pids); strings.Count(string(b), "\n") != 2 {
		t.Errorf("waking did not run it again: %q", b)
	}
}

// TestPluginRenewsRefusedToken: a 401 runs the plugin again, but no storm.
func TestPluginRenewsRefusedToken(t *testing.T) {
	count := filepath.Join(t.TempDir(), "n")
	s, asked := withPlugin(t, fmt.Sprintf(`echo x >> %s; if [ $(wc -l < %s) -gt 1 ]; then `, count, count)+fmt.Sprintf(credential, "good", "")+"else "+fmt.Sprintf(credential, "old", "")+"fi")
	if _, err := s.Probe(t.Context()); !isStatus(err, 401) {
		t.Fatal(err)
	}
	clock := time.Now()
	s.plugin.now = func() time.Time { return clock.Add(6 * time.Second) }
	if _, err := s.Probe(t.Context()); err != nil || *asked != 2 {
		t.Errorf("%v after %d requests", err, *asked)
	}
}

// TestTokensStayHome is promise 31: no redirect is followed, nothing is sent
// over plain HTTP to another machine.
func TestTokensStayHome(t *testing.T) {
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked, with %q", r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	srv := httptest.NewTLSServer(http.RedirectHandler(thief.URL, http.StatusFound))
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "config")
	write := func(server string) {
		conf, _ := json.Marshal(map[string]any{
			"apiVersion": "v1", "kind": "Config", "current-context": "x",
			"contexts": []any{map[string]any{"name": "x", "context": map[string]any{"cluster": "x", "user": "x"}}},
			"clusters": []any{map[string]any{"name": "x", "cluster": map[string]any{"server": server, "certificate-authority-data": caOf(srv)}}},
			"users":    []any{map[string]any{"name": "x", "user": map[string]any{"token": "canary"}}},
		})
		if err := os.WriteFile(file, conf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(srv.URL)
	s := over(t, file, &sources.Gate{})
	_, err := s.Probe(t.Context())
	if p := s.Problem(err); p == nil || p.Kind != core.Unauthorized {
		t.Errorf("%v: %v", err, p)
	}
	if _, _, err := newClient("test", &rest.Config{Host: "http://cluster.example:8080", BearerToken: "canary"}, nil); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("plain HTTP: %v", err)
	}
	if _, _, err := newClient("test", &rest.Config{Host: "http://127.0.0.1:8080", BearerToken: "canary"}, nil); err != nil {
		t.Errorf("this machine: %v", err)
	}
}

func TestDiscoverContexts(t *testing.T) {
	s, _ := withPlugin(t, "exit 1")
	if i := s.Info(); i.Scope != "x" || i.ID != "kube" {
		t.Errorf("%+v", i)
	}
	found, err := Discover(t.Context(), sources.Options{Getenv: func(string) string { return "" }, Home: t.TempDir()})
	if err != nil || len(found.Sources) != 0 || len(found.Findings) != 1 || found.Findings[0].Level != core.FindingMissing {
		t.Errorf("nothing there: %+v, %v", found, err)
	}
}

func TestDiscoverSeveral(t *testing.T) {
	dir := t.TempDir()
	one := func(name string) string {
		f := filepath.Join(dir, name)
		if err := os.WriteFile(f, fmt.Appendf(nil, "apiVersion: v1\nkind: Config\ncurrent-context: %[1]s\ncontexts: [{name: %[1]s, context: {cluster: %[1]s, user: %[1]s, namespace: shop}}]\nclusters: [{name: %[1]s, cluster: {server: 'https://%[1]s.example'}}]\nusers: [{name: %[1]s, user: {token: t}}]\n", name), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	o := options(one("a")+string(os.PathListSeparator)+one("b"), nil)
	found, err := Discover(t.Context(), o)
	if err != nil || len(found.Sources) != 1 || found.Sources[0].Info().Scope != "a" {
		t.Fatalf("%+v, %v", found, err)
	}
	last := found.Findings[len(found.Findings)-1]
	if last.Scope != "b" || last.Level != core.FindingInfo || last.Fix.String() != "devops-tui --context b" {
		t.Errorf("%+v", last)
	}
	o.Contexts = []string{"b", "a", "b", "nope"}
	found, err = Discover(t.Context(), o)
	if err != nil || len(found.Sources) != 2 || found.Sources[0].Info().Scope != "b" || found.Sources[0].(*Source).home != "shop" {
		t.Errorf("%+v, %v", found, err)
	}
}
