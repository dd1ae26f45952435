package testkit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestKeyNames(t *testing.T) {
	for name, want := range map[string]string{
		"a": "a", "G": "G", "+": "+", "ctrl+a": "\x01", "ctrl+]": "\x1d", "alt+enter": "\x1b\r", "alt++": "\x1b+",
		"shift+up": "\x1b[1;2A", "ctrl+alt+home": "\x1b[1;7H", "ctrl+delete": "\x1b[3;5~", "é": "é",
	} {
		if got, err := keyBytes(name); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"", "enterr", "ctrl+é", "hyper+a", "ctrl+enter"} {
		if got, err := keyBytes(name); err == nil {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestPollReturnsAtOnceWhenTrueAndGivesUpInTime(t *testing.T) {
	calls := 0
	if err := poll(time.Minute, func() error {
		if calls++; calls < 3 {
			return errors.New("not yet")
		}
		return nil
	}); err != nil || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
	last := errors.New("the reason")
	if err := poll(30*time.Millisecond, func() error { return last }); !errors.Is(err, last) {
		t.Errorf("gave up with %v", err)
	}
}

// A failing comparison cannot be watched in this process: another one runs it.
func TestGoldenFailsOnADifference(t *testing.T) {
	if got := os.Getenv("TESTKIT_GOLDEN"); got != "" {
		Golden(t, "deep/frame", got)
		return
	}
	dir := t.TempDir()
	run := func(got string, env ...string) (string, error) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestGoldenFailsOnADifference$")
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), EnvUpdateGolden+"=", "TESTKIT_GOLDEN="+got), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("a\nb"); err == nil || !strings.Contains(out, "no testdata") {
		t.Errorf("a missing golden passes: %v\n%s", err, out)
	}
	if out, err := run("a\nb", EnvUpdateGolden+"=1"); err != nil {
		t.Fatalf("update: %v\n%s", err, out)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "testdata/golden/deep/frame.golden")); err != nil || string(b) != "a\nb" {
		t.Errorf("written %q, %v", b, err)
	}
	if out, err := run("a\nb"); err != nil {
		t.Errorf("the same differs: %v\n%s", err, out)
	}
	if out, err := run("a\nc"); err == nil || !strings.Contains(out, "line 2\n") || !strings.Contains(out, `got  "c"`) {
		t.Errorf("a difference: %v\n%s", err, out)
	}
}

func TestAMissingEngineIsAFailureOnCIOnly(t *testing.T) {
	if os.Getenv("TESTKIT_MISSING") == "1" {
		Missing(t, "no engine", "install one")
		return
	}
	run := func(env string) (string, error) {
		cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^TestAMissingEngineIsAFailureOnCIOnly$")
		cmd.Env = append(os.Environ(), "CI=", EnvRequireEngines+"=", "TESTKIT_MISSING=1", env)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("X="); err != nil || !strings.Contains(out, "SKIP") || !strings.Contains(out, "no engine (install one)") {
		t.Errorf("at home: %v\n%s", err, out)
	}
	for _, env := range []string{"CI=true", EnvRequireEngines + "=1"} {
		if out, err := run(env); err == nil || !strings.Contains(out, "no engine (install one)") {
			t.Errorf("with %s: %v\n%s", env, err, out)
		}
	}
}

func TestTheClockMovesWhenTold(t *testing.T) {
	c := NewClock(time.Time{})
	start := c.Now()
	if got := c.Advance(time.Hour); !got.Equal(start.Add(time.Hour)) || !c.Now().Equal(got) {
		t.Errorf("%v after an hour from %v", got, start)
	}
}
