//go:build linux

package app

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// openDemo starts the cockpit on the demo world with an editor.
func openDemo(t *testing.T, editor string) (term *testkit.Term, home string) {
	t.Helper()
	home = t.TempDir()
	term = testkit.StartTerm(t, testkit.TermOptions{Env: []string{"HOME=" + home, "DEVOPS_TUI_MOUSE=on", "VISUAL=", "EDITOR=" + editor}}, faultyBinary(t), "--demo")
	term.WaitText(paint, "DEMO", "Pods", "web-")
	return term, home
}

// choose filters the list so that one row of a workload is left.
func choose(term *testkit.Term, filter string) {
	term.Send("/")
	term.Type(filter)
	term.Send("enter")
	term.WaitText(paint, "/"+filter, "staging ")
}

func modesOn(t *testing.T, term *testkit.Term) {
	t.Helper()
	testkit.PollTrue(t, paint, "the cockpit's modes are on", func() bool { return term.Mode(1049) && term.Mode(2004) && term.Mode(1004) && term.Mode(1002) })
}

// A shell has the real terminal, raw, with its size; afterwards the cockpit
// has it again, whatever was left switched on, and the first key is its own.
func TestTheTerminalIsLentToAShell(t *testing.T) {
	term, _ := openDemo(t, "")
	choose(term, "scope:staging web")
	term.Send("s")
	term.WaitText(paint, "enter opens")
	term.Send("enter")
	term.WaitText(paint, "exit returns to the cockpit")
	if term.Mode(1049) || term.Mode(1002) || term.Mode(1004) {
		t.Error("the shell has modes of the cockpit")
	}
	if cooked, err := term.Cooked(); err != nil || cooked {
		t.Errorf("the shell's terminal is not raw: %v, %v", cooked, err)
	}
	term.Resize(90, 28)
	term.Type("exit 3")
	term.Send("enter")
	term.WaitText(paint, "ended with exit code 3", "DEMO")
	modesOn(t, term)
	term.Send("?")
	term.WaitText(paint, "Keys")
}

// A signal that ends the cockpit ends the shell in it too.
func TestASignalEndsTheShellInTheCockpit(t *testing.T) {
	term, _ := openDemo(t, "")
	choose(term, "scope:staging web")
	term.Send("s")
	term.WaitText(paint, "enter opens")
	term.Send("enter")
	term.WaitText(paint, "exit returns to the cockpit")
	term.Signal(syscall.SIGTERM)
	if code := term.WaitExit(paint); code != 143 {
		t.Errorf("exit code %d", code)
	}
	if wrong := unrestored(term); wrong != "" {
		t.Errorf("not restored: %s", wrong)
	}
}

// The editor opens a private file; the plan of what was changed follows; left
// with esc, the text stays.
func TestTheEditorOpensAPrivateFile(t *testing.T) {
	term, home := openDemo(t, `sed -i 's/replicas:.*/replicas: 7/'`)
	term.Send("3")
	term.WaitText(paint, "Workloads", "deployment")
	choose(term, "scope:staging web")
	term.Send("E")
	term.WaitText(paint, "replicas", "7", "y confirms")
	modesOn(t, term)
	dir := filepath.Join(home, ".local/state/devops-tui/edits")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, files[0].Name()): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	term.Send("esc")
	term.WaitText(paint, "your text is kept", files[0].Name()[:10])
	term.Send("E")
	term.WaitText(paint, "y confirms")
	term.WaitIdle(500*time.Millisecond, paint) // armed
	term.Send("y")
	term.WaitText(paint, "healthy: verified")
	term.Send("enter")
	testkit.PollTrue(t, paint, "the file of the change that was made is gone", func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 1
	})
}

// ctrl+c in an editor that leaves the terminal as it is is the editor's; a
// signal that ends the cockpit ends the editor.
func TestTheKeyboardsInterruptIsTheEditors(t *testing.T) {
	script := filepath.Join(t.TempDir(), "ed")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntrap 'exit 4' INT\necho EDITOR-UP\nwhile :; do sleep 0.05; done\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	term, _ := openDemo(t, script)
	term.Send("3")
	term.WaitText(paint, "Workloads", "deployment")
	choose(term, "scope:staging web")
	term.Send("E")
	term.WaitText(paint, "EDITOR-UP")
	term.Send("ctrl+c")
	term.WaitText(paint, "the editor: ", "nothing is planned", "DEMO")
	modesOn(t, term)
	term.Send("E")
	term.WaitText(paint, "EDITOR-UP")
	cockpit := childOf(t, term.PID)
	testkit.PollTrue(t, paint, "the editor runs", func() bool { return len(children(cockpit)) > 0 })
	ed := children(cockpit)[0]
	began := time.Now()
	term.Signal(syscall.SIGTERM)
	term.WaitExit(paint)
	t.Logf("ended after %v", time.Since(began).Round(time.Millisecond))
	testkit.PollTrue(t, paint, "the editor is gone", func() bool { return !alive(ed) })
	if wrong := unrestored(term); wrong != "" {
		t.Errorf("not restored: %s", wrong)
	}
}
