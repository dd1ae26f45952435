//go:build linux

package app

import (
	"os"
	"path/filepath"
	"testing"

	"devops-tui/internal/testkit"
)

// actTerm runs a command line of the demo in a pseudo-terminal.
func actTerm(t *testing.T, env []string, args ...string) *testkit.Term {
	t.Helper()
	return testkit.StartTerm(t, testkit.TermOptions{Env: env, Cols: 100, Rows: 40}, faultyBinary(t), append(args, "--demo")...)
}

func TestAShellOnATerminal(t *testing.T) {
	term := actTerm(t, []string{"HOME=" + t.TempDir()}, "act", "shell", "container/shop-api-1")
	term.WaitText(paint, "toy with a dozen commands", ":/app#")
	if cooked, err := term.Cooked(); err != nil || cooked {
		t.Errorf("keys go to the shell: cooked %v, %v", cooked, err)
	}
	term.Type("stty size")
	term.Send("enter")
	term.WaitText(paint, "40 100")
	term.Resize(77, 33)
	term.Type("stty size")
	term.Send("enter")
	term.WaitText(paint, "33 77")
	term.Send("ctrl+c") // is the shell's, not ours
	term.WaitText(paint, "^C")
	term.Type("exit 7")
	term.Send("enter")
	if code := term.WaitExit(paint); code != 7 {
		t.Errorf("exit code %d, want the shell's 7\n%s", code, term.Screen())
	}
	if cooked, err := term.Cooked(); err != nil || !cooked {
		t.Errorf("the terminal is left raw: %v", err)
	}
}

func TestAnEditInTheEditor(t *testing.T) {
	home := t.TempDir()
	script := filepath.Join(home, "editor")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ngrep -q 'kind: Deployment' \"$2\" && [ \"$1\" = --wait ] && sed -i 's/replicas: 2$/replicas: 3/' \"$2\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + home, "TMPDIR=" + home, "EDITOR=" + script + " --wait"}
	term := actTerm(t, env, "act", "edit", "demo:staging/deployment/shop/web", "--yes", "--wait")
	term.WaitText(paint, "spec.replicas: 2 → 3", "healthy")
	if code := term.WaitExit(paint); code != exitOK {
		t.Errorf("exit code %d\n%s", code, term.Screen())
	}
	// What cannot be planned is kept; what is as before is nothing.
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsed -i 's/maxSurge: 1/maxSurge: 2/' \"$2\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	term = actTerm(t, env, "act", "edit", "demo:staging/deployment/shop/web")
	term.WaitText(paint, "the demo cannot change it", "your edit is kept in")
	if code := term.WaitExit(paint); code == exitOK {
		t.Error("an edit that cannot be planned ends well")
	}
	if kept, _ := filepath.Glob(filepath.Join(home, "devops-tui-edit-*", "*.yaml")); len(kept) != 1 {
		t.Errorf("kept: %v", kept)
	} else if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	term = actTerm(t, append(env, "VISUAL=true"), "act", "edit", "demo:staging/deployment/shop/web")
	term.WaitText(paint, "nothing was changed")
	if code := term.WaitExit(paint); code != exitOK {
		t.Errorf("exit code %d for no change", code)
	}
}

func TestConfirmingOnATerminal(t *testing.T) {
	term := actTerm(t, []string{"HOME=" + t.TempDir()}, "act", "stop", "container/shop-redis-1")
	term.WaitText(paint, "carry it out? [y/N]")
	term.Type("n")
	term.Send("enter")
	if code := term.WaitExit(paint); code != exitUnconfirmed {
		t.Errorf("exit code %d for no\n%s", code, term.Screen())
	}
}
