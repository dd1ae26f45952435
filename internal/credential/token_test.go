//go:build unix

package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const canary = "canary-5f2e1c"

func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func script(t *testing.T, body string) string {
	t.Helper()
	return write(t, "helper", "#!/bin/sh\n"+body+"\n", 0o700)
}

// of makes the token of settings in an environment.
func of(t *testing.T, s Settings, env map[string]string) *Token {
	t.Helper()
	o, ok := s.Origin(func(name string) string { return env[name] })
	if !ok {
		t.Fatalf("%+v names no place", s)
	}
	return New(o)
}

// TestPromise20ThePlacesOfAToken: variable, file and command give it; what goes
// wrong is said with its fix, in words that hold no part of it.
func TestPromise20ThePlacesOfAToken(t *testing.T) {
	private, open := write(t, "token", " "+canary+"\n", 0o600), write(t, "token", canary, 0o640)
	for name, c := range map[string]struct {
		from      Settings
		where     string
		says, fix string // of Get
		look      string // of Look
	}{
		"a variable":              {from: Settings{TokenEnv: "T"}, where: "T"},
		"a variable with a story": {from: Settings{TokenEnv: "STORY"}, where: "STORY", says: "STORY gives something that is no token", fix: "one line"},
		"a file":                  {from: Settings{TokenFile: private}, where: private},
		"a file for others":       {from: Settings{TokenFile: open}, where: open, says: "may be read by others", fix: "chmod 600 " + open, look: "may be read by others"},
		"no file":                 {from: Settings{TokenFile: private + ".gone"}, where: private + ".gone", says: "token_file: read the secret", fix: "check the path", look: "token_file"},
		"an empty file":           {from: Settings{TokenFile: write(t, "empty", "\n", 0o600)}, where: "empty", says: "is empty", fix: "write the token"},
		"a command":               {from: Settings{TokenCommand: []string{script(t, "echo "+canary)}}, where: "the command helper"},
		"a command of the PATH":   {from: Settings{TokenCommand: []string{"echo", canary}}, where: "the command echo"},
		"no command":              {from: Settings{TokenCommand: []string{"no-such-program", canary}}, where: "the command no-such-program", says: "no-such-program is not there", fix: "PATH"},
		"a failing command":       {from: Settings{TokenCommand: []string{script(t, "echo "+canary+"; echo "+canary+" >&2; exit 3")}}, where: "helper", says: "helper gave no token: exit code 3", fix: "by hand"},
		"a silent command":        {from: Settings{TokenCommand: []string{script(t, "true")}}, where: "helper", says: "helper printed no token", fix: "by hand"},
		"two lines":               {from: Settings{TokenCommand: []string{script(t, "echo "+canary+"; echo "+canary)}}, where: "helper", says: "the command helper gives something that is no token", fix: "one line"},
		"too much":                {from: Settings{TokenCommand: []string{script(t, "head -c 100000 /dev/zero | tr '\\0' x")}}, where: "helper", says: "no token", fix: "one line"},
		"a question":              {from: Settings{TokenCommand: []string{script(t, "read answer </dev/tty || exit 4; echo "+canary)}}, where: "helper", says: "exit code", fix: "ask nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			token := of(t, c.from, map[string]string{"T": canary + "\n", "STORY": "once upon a " + canary, "PATH": os.Getenv("PATH")})
			if o := token.Origin(); !strings.Contains(o.Where.String(), c.where) || token.None() {
				t.Errorf("where: %q, none: %v", o.Where, token.None())
			}
			if p := token.Origin().Look(); (p != nil) != (c.look != "") || p != nil && !strings.Contains(p.Summary.String(), c.look) {
				t.Errorf("look: %v, want %q", p, c.look)
			}
			got, err := token.Get(t.Context())
			if c.says == "" {
				if err != nil || got != canary {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			var p *core.Problem
			if got != "" || !errors.As(err, &p) || !strings.Contains(p.Summary.String(), c.says) || !strings.Contains(p.Hint.String(), c.fix) {
				t.Fatalf("%q, %v; want %q and the fix %q", got, err, c.says, c.fix)
			}
			if s := fmt.Sprintf("%v %+v %v %s", err, p, p.Cause, p.Hint); strings.Contains(s, canary) {
				t.Errorf("the token shows: %s", s)
			}
		})
	}
}

func TestAVariableThatIsNotSet(t *testing.T) {
	token := of(t, Settings{TokenEnv: "SIM_TOKEN"}, nil)
	p := token.Origin().Look()
	if got, err := token.Get(t.Context()); !token.None() || got != "" || err != nil || p == nil || p.Hint.String() != "export SIM_TOKEN=…" || p.Summary.String() != "token_env names SIM_TOKEN, which is not set" {
		t.Errorf("%q %v %v", got, err, p)
	}
	if _, ok := (Settings{CAFile: "x"}).Origin(os.Getenv); ok || !New(Origin{}).None() {
		t.Error("a token out of nothing")
	}
	if got, err := New(Origin{}).Get(t.Context()); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSettings(t *testing.T) {
	var section struct {
		Name     string `yaml:"name"`
		Settings `yaml:",inline"`
	}
	if err := yaml.Unmarshal([]byte("{name: x, token_file: ~/secrets/ci, ca_file: /etc/ca.pem, token_command: [pass, show], plain_http: true}"), &section); err != nil {
		t.Fatal(err)
	}
	s := section.Within("/home/kim")
	if s.TokenFile != "/home/kim/secrets/ci" || s.CAFile != "/etc/ca.pem" || !s.PlainHTTP || s.Named() != 2 || (Settings{}).Within("/home/kim").CAFile != "" {
		t.Errorf("%+v", s)
	}
}

// TestReadOnceAndAfterARefusal: the place is asked at the first need, again
// after a refusal, but not again and again, and left alone where it failed.
func TestReadOnceAndAfterARefusal(t *testing.T) {
	now := time.Unix(1e9, 0)
	asked, fails := 0, error(nil)
	o := Command(os.Getenv, "unused")
	o.read = func(context.Context) (string, error) {
		asked++
		return fmt.Sprintf("token-%d", asked), fails
	}
	token := New(o)
	token.now = func() time.Time { return now }
	want := func(what, value string, times int) {
		t.Helper()
		if got, _ := token.Get(t.Context()); got != value || asked != times {
			t.Errorf("%s: %q, asked %d times; want %q, %d", what, got, asked, value, times)
		}
	}
	want("first", "token-1", 1)
	want("known", "token-1", 1)
	token.Refused()
	want("refused", "token-2", 2)
	token.Refused() // by the answers of what was under way
	want("refused at once", "token-2", 2)
	now = now.Add(commandAgain)
	fails = errors.New("locked")
	token.Refused()
	want("failed", "", 3)
	want("failed just now", "", 3)
	if _, err := token.Get(t.Context()); !errors.Is(err, fails) {
		t.Errorf("why: %v", err)
	}
	now = now.Add(failureStands)
	fails = nil
	want("open again", "token-4", 4)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	now = now.Add(commandAgain)
	token.Refused()
	fails = context.Canceled
	_, _ = token.Get(gone)
	fails = nil
	if got, err := token.Get(t.Context()); err != nil || got == "" {
		t.Errorf("somebody who went counts: %v", err)
	}
	fixed := New(Value(text.Lit("a test"), "fixed"))
	fixed.Refused()
	if got, err := fixed.Get(t.Context()); got != "fixed" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNobodyWaitsForACommandToKnow: while a command is asked, None answers, and
// who also wants the token can give up.
func TestNobodyWaitsForACommandToKnow(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	token := New(Reading(text.Lit("a test"), func(context.Context) (string, error) {
		close(began)
		<-release
		return "late", nil
	}))
	got := make(chan string)
	go func() {
		v, _ := token.Get(context.Background())
		got <- v
	}()
	<-began
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := token.Get(gone); !errors.Is(err, context.Canceled) || token.None() {
		t.Errorf("%v", err)
	}
	close(release)
	if v := <-got; v != "late" {
		t.Errorf("%q", v)
	}
}

func TestHeaders(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if err := New(Origin{}).Bearer(r); err != nil || len(r.Header) != 0 {
		t.Errorf("%v %v", r.Header, err)
	}
	token := New(Value(text.Lit("a test"), canary))
	if err := errors.Join(token.Bearer(r), token.Set(r, "X-Token", "")); err != nil || r.Header.Get("Authorization") != "Bearer "+canary || r.Header.Get("X-Token") != canary {
		t.Errorf("%v %v", r.Header, err)
	}
	words := Value(text.Lit("a test"), "päss word")
	words.Password = true
	if v, err := New(words).Get(t.Context()); v != "päss word" || err != nil {
		t.Errorf("a password: %q, %v", v, err)
	}
	if _, err := New(Value(text.Lit("a test"), "päss word")).Get(t.Context()); err == nil {
		t.Error("a password is taken for a token")
	}
	failing := Command(os.Getenv, "no-such-program").Hinted(text.Lit("log in"))
	var p *core.Problem
	if err := New(failing).Bearer(r); !errors.As(err, &p) || p.Hint.String() != "log in" {
		t.Errorf("%v", err)
	}
}
