package jenkins

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
	simulator "devops-tui/test/sim/jenkins"
)

// discover looks with an environment and a configuration.
func discover(t *testing.T, env map[string]string, c Config) sources.Found {
	t.Helper()
	f, err := Discover(t.Context(), sources.Options{
		Home: t.TempDir(), Getenv: func(k string) string { return env[k] },
		Section: func(_ string, v any) error { *v.(*Config) = c; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func says(f []core.Finding, level core.FindingLevel, part string) bool {
	for _, x := range f {
		if x.Level == level && strings.Contains(x.Text.String()+" "+x.Fix.String(), part) {
			return true
		}
	}
	return false
}

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	open, private := filepath.Join(dir, "open"), filepath.Join(dir, "private")
	for path, mode := range map[string]os.FileMode{open: 0o644, private: 0o600} {
		if err := os.WriteFile(path, []byte(token+"\n"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, x := range map[string]struct {
		env    map[string]string
		config []ServerConfig
		scopes string
		level  core.FindingLevel
		says   string
	}{
		"nothing":          {nil, nil, "", core.FindingMissing, "JENKINS_URL"},
		"environment":      {map[string]string{"JENKINS_URL": "https://ci.test/jenkins/", "JENKINS_USER_ID": "kim", "JENKINS_API_TOKEN": token}, nil, "ci.test", core.FindingOK, "user kim, token from JENKINS_API_TOKEN"},
		"other names":      {map[string]string{"JENKINS_URL": "https://ci.test", "JENKINS_USER": "kim", "JENKINS_TOKEN": token}, nil, "ci.test", core.FindingOK, "JENKINS_TOKEN"},
		"no token":         {map[string]string{"JENKINS_URL": "https://ci.test", "JENKINS_USER": "kim"}, nil, "ci.test", core.FindingMissing, "https://ci.test/me/security"},
		"no user":          {map[string]string{"JENKINS_URL": "https://ci.test", "JENKINS_TOKEN": token}, nil, "ci.test", core.FindingMissing, "JENKINS_USER_ID"},
		"anonymous":        {map[string]string{"JENKINS_URL": "https://ci.test"}, nil, "ci.test", core.FindingInfo, "anonymous"},
		"in the clear":     {map[string]string{"JENKINS_URL": "http://ci.test"}, nil, "", core.FindingProblem, "plain_http"},
		"allowed":          {nil, []ServerConfig{{URL: "http://ci.test", Settings: credential.Settings{PlainHTTP: true}}}, "ci.test", core.FindingInfo, "anonymous"},
		"a password in it": {map[string]string{"JENKINS_URL": "https://kim:" + token + "@ci.test"}, nil, "", core.FindingProblem, "take it out"},
		"no address":       {map[string]string{"JENKINS_URL": "ci.test"}, nil, "", core.FindingProblem, "https://"},
		"two":              {nil, []ServerConfig{{Name: "a", URL: "https://a.test", User: "kim", Settings: credential.Settings{TokenFile: private}}, {URL: "https://b.test/x"}}, "a b.test", core.FindingOK, "token from " + private},
		"twice":            {nil, []ServerConfig{{Name: "a", URL: "https://a.test"}, {Name: "a", URL: "https://b.test"}}, "a", core.FindingProblem, "own name"},
		"open file":        {nil, []ServerConfig{{URL: "https://a.test", User: "kim", Settings: credential.Settings{TokenFile: open}}}, "a.test", core.FindingProblem, "chmod"},
		"unset":            {nil, []ServerConfig{{URL: "https://a.test", User: "kim", Settings: credential.Settings{TokenEnv: "CI_TOKEN"}}}, "a.test", core.FindingProblem, "export CI_TOKEN="},
		"set":              {map[string]string{"CI_TOKEN": token}, []ServerConfig{{URL: "https://a.test", User: "kim", Settings: credential.Settings{TokenEnv: "CI_TOKEN"}}}, "a.test", core.FindingOK, "token from CI_TOKEN"},
		"two tokens":       {nil, []ServerConfig{{URL: "https://a.test", User: "kim", Settings: credential.Settings{TokenFile: private, TokenCommand: []string{"x"}}}}, "", core.FindingProblem, "only one of"},
		"no such CA":       {nil, []ServerConfig{{URL: "https://a.test", Settings: credential.Settings{CAFile: "/nowhere/ca.pem"}}}, "", core.FindingProblem, "ca_file"},
	} {
		f := discover(t, x.env, Config{Servers: x.config})
		var scopes []string
		for _, s := range f.Sources {
			scopes = append(scopes, s.Info().Scope)
		}
		if strings.Join(scopes, " ") != x.scopes || !says(f.Findings, x.level, x.says) {
			t.Errorf("%s: %v, %+v", name, scopes, f.Findings)
		}
		for _, y := range f.Findings {
			if strings.Contains(y.Text.String()+y.Fix.String(), token) {
				t.Errorf("%s: the token is shown: %s", name, y.Text)
			}
		}
	}
}

// TestRenewedToken: a token that is refused is asked for again, so that a new one
// of the command is used.
func TestRenewedToken(t *testing.T) {
	b := newBench(t, simulator.Options{})
	values := []string{"11000000000000000000000000000000ff", token}
	asked := 0
	b.src.token = credential.New(credential.Reading(text.Lit("a test"), func(context.Context) (string, error) {
		asked++
		return values[min(asked, len(values))-1], nil
	}))
	_, err := b.src.Probe(t.Context())
	b.refused(err, core.Unauthorized, "does not accept")
	if _, err := b.src.Probe(t.Context()); err != nil || asked != 2 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

func TestDiagnose(t *testing.T) {
	b := newBench(t, simulator.Options{Anonymous: true})
	b.w.Pipeline("team/build").Start(simulator.Start{By: "kim"}).End("SUCCESS")
	for _, x := range []string{"Jenkins 2.504.3", "signed in as kim", "needs no crumb", "Pipeline: REST API", "executors"} {
		if !says(b.src.Diagnose(t.Context()), core.FindingOK, x) {
			t.Errorf("no %q in %+v", x, b.src.Diagnose(t.Context()))
		}
	}
	b.w.SetStages(false)
	b.w.SetQuiet(true)
	f := b.src.Diagnose(t.Context())
	if !says(f, core.FindingMissing, "pipeline-rest-api") || !says(f, core.FindingInfo, "shut down") {
		t.Errorf("%+v", f)
	}
	if f := b.source(t, b.gate, "kim", password).Diagnose(t.Context()); !says(f, core.FindingInfo, "fetches a crumb") {
		t.Errorf("%+v", f)
	}
	if f := b.source(t, b.gate, "", "").Diagnose(t.Context()); !says(f, core.FindingInfo, "anonymous") {
		t.Errorf("%+v", f)
	}
	if f := b.source(t, b.gate, "kim", "wrong-wrong").Diagnose(t.Context()); !says(f, core.FindingProblem, "/me/security") {
		t.Errorf("%+v", f)
	}
	b.srv.Stop()
	if f := b.src.Diagnose(t.Context()); !says(f, core.FindingProblem, "refused") {
		t.Errorf("%+v", f)
	}
}
