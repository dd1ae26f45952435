//go:build linux

package app

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// openFaulty starts the faulty cockpit on the demo world and waits for its screen.
func openFaulty(t *testing.T, home, fault string) *testkit.Term {
	t.Helper()
	term := testkit.StartTerm(t, testkit.TermOptions{Env: []string{"HOME=" + home, "DEVOPS_TUI_FAULT=" + fault, "DEVOPS_TUI_MOUSE=on"}}, faultyBinary(t), "--demo")
	term.WaitText(paint, "DEMO", "Pods")
	testkit.PollTrue(t, paint, "the cockpit's modes are on", func() bool { return term.Mode(1049) && term.Mode(2004) && term.Mode(1004) && term.Mode(1002) })
	if cooked, err := term.Cooked(); err != nil || cooked {
		t.Fatalf("the cockpit does not read keys: cooked %v, %v", cooked, err)
	}
	return term
}

// unrestored says what of the terminal is not as a shell leaves it; "" is good.
func unrestored(term *testkit.Term) string {
	var wrong []string
	if cooked, err := term.Cooked(); err != nil || !cooked {
		wrong = append(wrong, fmt.Sprintf("stty (cooked %v, %v)", cooked, err))
	}
	for mode, name := range map[int]string{1049: "alternate screen", 1000: "mouse", 1002: "mouse motion", 1003: "all motion", 1006: "mouse coordinates", 2004: "paste", 1004: "focus"} {
		if term.Mode(mode) {
			wrong = append(wrong, name)
		}
	}
	if !term.Mode(25) {
		wrong = append(wrong, "cursor")
	}
	return strings.Join(wrong, ", ")
}

// Promise 6: whatever ends the cockpit, the terminal is as it was before.
func TestTerminalIsRestored(t *testing.T) {
	press := func(keys ...string) func(*testing.T, *testkit.Term) {
		return func(_ *testing.T, term *testkit.Term) { term.Send(keys...) }
	}
	signal := func(sig syscall.Signal) func(*testing.T, *testkit.Term) {
		return func(_ *testing.T, term *testkit.Term) { term.Signal(sig) }
	}
	var home string
	for _, c := range []struct {
		name, fault string
		end         func(*testing.T, *testkit.Term)
		code        int
		says        string // on the screen afterwards
		report      string // in the crash report; "": there is none
	}{
		{name: "quit", end: func(t *testing.T, term *testkit.Term) {
			term.Send("q")
			term.WaitText(paint, "q again quits")
			term.Send("q")
		}},
		{name: "panic in Update", fault: "update", end: press("f9"), code: 2, says: "crashed: panic: injected: update", report: "fault_on.go"},
		{name: "panic in a command", fault: "command", end: press("f9"), code: 2, says: "crashed: panic: injected: command", report: "fault_on.go"},
		{name: "panic in a batch", fault: "batch", end: press("f9"), code: 2, says: "crashed: panic: injected: batch", report: "fault_on.go"},
		{name: "panic in a goroutine", fault: "goroutine", end: press("f9"), code: 2, says: "crashed: panic: injected: goroutine", report: "fault_on.go"},
		{name: "fatal map write", fault: "map", end: press("f9"), code: 2, says: "fatal error: concurrent map writes", report: "concurrent map writes"},
		{name: "os.Exit", fault: "exit", end: press("f9"), code: 7, says: "ended unexpectedly (exit code 7)"},
		{name: "SIGTERM", end: signal(syscall.SIGTERM), code: 143},
		{name: "SIGINT", end: signal(syscall.SIGINT), code: 130},
		{name: "SIGHUP", end: signal(syscall.SIGHUP), code: 129},
		{name: "SIGQUIT", end: signal(syscall.SIGQUIT), code: 2, says: "SIGQUIT: quit", report: "goroutine "},
		{name: "SIGKILL", end: func(t *testing.T, term *testkit.Term) { kill(t, childOf(t, term.PID), syscall.SIGKILL) }, code: 137, says: "killed"},
		{name: "SIGKILL of the parent", end: func(t *testing.T, term *testkit.Term) { kill(t, term.PID, syscall.SIGKILL) }, code: -1},
		{name: "hang and SIGTERM", fault: "hang", end: func(t *testing.T, term *testkit.Term) {
			term.Send("f9")
			testkit.PollTrue(t, paint, "the loop hangs", func() bool {
				_, err := os.Stat(filepath.Join(home, "hangs"))
				return err == nil
			})
			term.Signal(syscall.SIGTERM)
		}, code: 137, says: "did not end in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home = t.TempDir()
			term := openFaulty(t, home, c.fault)
			began := time.Now()
			c.end(t, term)
			if code := term.WaitExit(paint); code != c.code {
				t.Errorf("exit code %d, want %d; the screen:\n%s", code, c.code, term.Screen())
			}
			t.Logf("ended after %v", time.Since(began).Round(time.Millisecond))
			if wrong := unrestored(term); wrong != "" {
				t.Errorf("not restored: %s", wrong)
			}
			flat := strings.ReplaceAll(term.Screen(), "\n", "")
			if !strings.Contains(flat, c.says) {
				t.Errorf("the screen does not say %q:\n%s", c.says, term.Screen())
			}
			if c.says == "" && strings.Contains(flat, "devops-tui:") {
				t.Errorf("an orderly end is commented on:\n%s", term.Screen())
			}
			checkReport(t, home, flat, c.report)
		})
	}
}

// checkReport checks the crash report: where the screen says, for this user
// alone, without secrets.
func checkReport(t *testing.T, home, screen, want string) {
	t.Helper()
	reports, err := filepath.Glob(filepath.Join(home, ".local/state/devops-tui/crashes/*"))
	if err != nil {
		t.Fatal(err)
	}
	if want == "" {
		if len(reports) > 0 {
			t.Errorf("there is a crash report: %v", reports)
		}
		return
	}
	if len(reports) != 1 || !strings.Contains(screen, reports[0]) {
		t.Fatalf("reports %v; the screen does not name the one:\n%s", reports, screen)
	}
	info, err := os.Stat(reports[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the report's mode is %v, %v", info.Mode(), err)
	}
	b, err := os.ReadFile(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), want) {
		t.Errorf("the report does not say %q:\n%.2000s", want, b)
	}
	if s := "canary-secret-7431"; strings.Contains(string(b)+screen, s) {
		t.Errorf("a secret is in the report or on the screen")
	}
	if m := regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f]").Find(b); m != nil {
		t.Errorf("the report has a control character %q", m)
	}
}

// What libraries write to stderr does not reach the screen.
func TestStrayOutputStaysOffTheScreen(t *testing.T) {
	term := openFaulty(t, t.TempDir(), "stderr")
	term.Send("f9")
	term.Send("?")
	screen := term.WaitText(paint, "Keys")
	if strings.Contains(screen, "litter") {
		t.Errorf("litter on the screen:\n%s", screen)
	}
}

// Promise 7: a dropped connection leaves nothing behind.
func TestHangupLeavesNothing(t *testing.T) {
	term := openFaulty(t, t.TempDir(), "child")
	cockpit := childOf(t, term.PID)
	term.Send("f9")
	var helper int
	testkit.PollTrue(t, paint, "the helper process runs", func() bool {
		c := children(cockpit)
		if len(c) > 0 {
			helper = c[0]
		}
		return len(c) > 0
	})
	term.Hangup()
	testkit.PollTrue(t, 5*time.Second, "all processes are gone", func() bool { return !alive(term.PID) && !alive(cockpit) && !alive(helper) })
}

// As a session's leader, make and scripts learn of the hang-up and may keep it
// to themselves: the cockpit ends all the same.
func TestHangupUnderALeaderThatWaits(t *testing.T) {
	term := testkit.StartTerm(t, testkit.TermOptions{}, "sh", "-c", `trap : HUP; "$0" --demo; exit 3`, faultyBinary(t))
	term.WaitText(paint, "DEMO", "Pods")
	parent := childOf(t, term.PID)
	cockpit := childOf(t, parent)
	term.Hangup()
	testkit.PollTrue(t, 5*time.Second, "all processes are gone", func() bool { return !alive(term.PID) && !alive(cockpit) && !alive(parent) })
}

// Promise 9: suspend and resume, whoever asks for it.
func TestSuspendAndResume(t *testing.T) {
	binary := faultyBinary(t)
	term := testkit.StartTerm(t, testkit.TermOptions{Env: []string{"PS1=sh> ", "HISTFILE="}}, "bash", "--norc", "--noprofile", "-i")
	term.WaitText(paint, "sh>")
	term.Type(binary + " --demo\n")
	term.WaitText(paint, "DEMO", "Pods")
	parent := children(term.PID)[0]
	for _, c := range []struct {
		name string
		stop func()
	}{
		{"ctrl+z", func() { term.Send("ctrl+z") }},
		{"SIGTSTP to the parent", func() { kill(t, parent, syscall.SIGTSTP) }},
		{"SIGTSTP to the group", func() { kill(t, -parent, syscall.SIGTSTP) }},
		{"SIGSTOP of the child", func() { kill(t, children(parent)[0], syscall.SIGSTOP) }},
		{"ctrl+z again", func() { term.Send("ctrl+z") }},
	} {
		c.stop()
		testkit.PollTrue(t, paint, c.name+": the shell has the terminal", func() bool {
			return !term.Mode(1049) && strings.Contains(term.Screen(), "Stopped")
		})
		if term.Mode(1002) || term.Mode(1004) || !term.Mode(25) {
			t.Errorf("%s: modes are still on", c.name)
		}
		term.Type("clear; fg\n")
		testkit.PollTrue(t, paint, c.name+": the cockpit is back", func() bool {
			return term.Mode(1049) && strings.Contains(term.Screen(), "DEMO") && !strings.Contains(term.Screen(), "Stopped")
		})
		if cooked, _ := term.Cooked(); cooked {
			t.Errorf("%s: the cockpit does not read keys", c.name)
		}
	}
	term.Send("q")
	term.WaitText(paint, "q again quits")
	term.Send("q")
	testkit.PollTrue(t, paint, "the shell is back", func() bool { return !term.Mode(1049) && !alive(parent) })
}

// Without a shell that could continue it, ctrl+z does not stop the program.
func TestSuspendWithoutShell(t *testing.T) {
	term := openFaulty(t, t.TempDir(), "")
	term.Send("ctrl+z", "?")
	term.WaitText(paint, "Keys")
	if !term.Mode(1049) {
		t.Error("the cockpit has left the screen")
	}
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("send %v to %d: %v", sig, pid, err)
	}
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	c := children(pid)
	if len(c) != 1 {
		t.Fatalf("process %d has children %v, want one", pid, c)
	}
	return c[0]
}

func children(pid int) []int {
	var out []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if p, ok := readStat(path); ok && p.parent == pid {
			out = append(out, p.pid)
		}
	}
	return out
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}
