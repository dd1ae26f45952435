//go:build unix

package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/internal/text"
)

// TestMain lets the test program be the parent that is killed.
func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST_PARENT") != "" {
		_, err := Run(context.Background(), Spec{Path: "/bin/sh", Args: []string{"-c", "echo $$; exec sleep 300"}, Line: func(_ bool, l text.Line) {
			_, _ = os.Stdout.WriteString(l.String() + "\n")
		}})
		_, _ = os.Stdout.WriteString(err.Error())
		return
	}
	testkit.Main(m)
}

func shell(script string) Spec { return Spec{Path: "/bin/sh", Args: []string{"-c", script}} }

type lines struct{ out, err []string }

func (l *lines) take(stderr bool, line text.Line) {
	if stderr {
		l.err = append(l.err, line.String())
		return
	}
	l.out = append(l.out, line.String())
}

func TestOutputComesAsCleanLinesOfBothStreams(t *testing.T) {
	var got lines
	spec := shell(`printf 'one\n\033[31mred\033[0m\n\033]0;title\007two'; printf 'oops\n' >&2; cat; pwd; echo "$WORD"`)
	spec.Line, spec.Dir, spec.Env = got.take, "/", []string{"WORD=from the environment"}
	res, err := Run(t.Context(), spec)
	if err != nil || !res.Started || res.Exit != 0 {
		t.Fatalf("Run: %+v, %v", res, err)
	}
	if want := []string{"one", "red", "two/", "from the environment"}; strings.Join(got.out, "|") != strings.Join(want, "|") {
		t.Errorf("output %q, want %q (standard input is empty)", got.out, want)
	}
	if len(got.err) != 1 || got.err[0] != "oops" {
		t.Errorf("errors %q", got.err)
	}
}

func TestStandardInputAndRawOutput(t *testing.T) {
	var raw bytes.Buffer
	_, err := Run(t.Context(), Spec{Path: "/bin/cat", Stdin: []byte("a\x1b[1mb\n"), Stdout: &raw})
	if err != nil || raw.String() != "a\x1b[1mb\n" {
		t.Errorf("raw %q, %v", raw.String(), err)
	}
}

func TestInputThatNobodyReadsIsNoFailure(t *testing.T) {
	var got lines
	spec := shell("sleep 60 <&0 >/dev/null 2>&1 & echo $!")
	spec.Stdin, spec.Line = bytes.Repeat([]byte("x"), 1<<20), got.take
	if res, err := Run(t.Context(), spec); err != nil || res.Exit != 0 {
		t.Errorf("Run: %+v, %v", res, err)
	}
	if pid, err := strconv.Atoi(got.out[0]); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestAFailureTellsTheCodeAndTheLastWordsButNoArguments(t *testing.T) {
	spec := shell(`echo first >&2; echo "Error: no such image" >&2; echo "see the manual" >&2; exit 7`)
	spec.Args = append(spec.Args, "--password=hunter2")
	res, err := Run(t.Context(), spec)
	var e *Error
	if !errors.As(err, &e) || e.Exit != 7 || res.Exit != 7 || len(e.Tail) != 3 {
		t.Fatalf("Run: %+v, %#v", res, err)
	}
	if got := err.Error(); got != "sh: exit code 7: Error: no such image" {
		t.Errorf("says %q", got)
	}
	_, err = Run(t.Context(), Spec{Path: "/nowhere/at-all", Args: []string{"hunter2"}})
	if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a missing program: %v", err)
	}
	if _, err := Run(t.Context(), shell("kill -TERM $$")); !errors.As(err, &e) || e.Exit != -1 || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("a killed program: %v", err)
	}
}

func TestItHasNoTerminal(t *testing.T) {
	var got lines
	spec := shell(`if (: </dev/tty) 2>/dev/null; then echo asks; else echo silent; fi; ps -o sid= -p $$ | tr -d ' '; echo $$`)
	spec.Line = got.take
	if _, err := Run(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if got.out[0] != "silent" {
		t.Errorf("says %q, want no terminal", got.out)
	}
	if len(got.out) == 3 && got.out[1] != got.out[2] {
		t.Errorf("session %s of process %s", got.out[1], got.out[2])
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil && !zombie(pid) }

func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && bytes.Contains(b, []byte(") Z "))
}

func TestTheEndOfTheContextInterruptsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pids := make(chan string, 4)
	spec := shell(`trap 'echo interrupted; exit 3' INT; sleep 300 & echo $!; wait`)
	spec.Line = func(_ bool, l text.Line) { pids <- l.String() }
	done := make(chan error, 1)
	go func() { _, err := Run(ctx, spec); done <- err }()
	pid, _ := strconv.Atoi(<-pids)
	cancel()
	err := <-done
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if said := <-pids; said != "interrupted" {
		t.Errorf("said %q", said)
	}
	testkit.PollTrue(t, 20*time.Second, "the child has ended", func() bool { return !alive(pid) })
}

func TestWhatIgnoresTheInterruptIsKilled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pids := make(chan string, 4)
	spec := shell(`trap '' INT; sleep 300 & echo $!; wait`)
	spec.Grace = 100 * time.Millisecond
	spec.Line = func(_ bool, l text.Line) { pids <- l.String() }
	done := make(chan error, 1)
	go func() { _, err := Run(ctx, spec); done <- err }()
	pid, _ := strconv.Atoi(<-pids)
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	testkit.PollTrue(t, 20*time.Second, "the child has ended", func() bool { return !alive(pid) })
}

func TestOutputHeldOpenByOthersEnds(t *testing.T) {
	var got lines
	spec := shell(`sleep 60 & echo $!`)
	spec.Line = got.take
	began := time.Now()
	if _, err := Run(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %s", took)
	}
	pid, _ := strconv.Atoi(got.out[0])
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestNothingOutlivesAKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // the kernel's promise is Linux's
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROCESS_TEST_PARENT=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || !alive(pid) {
		t.Fatalf("child %q: %v", first, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	testkit.PollTrue(t, 20*time.Second, "the child has ended", func() bool { return !alive(pid) })
}

func TestLookTakesProgramsOnThePathOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tool"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	path := func(p string) func(string) string { return func(string) string { return p } }
	if got, err := Look("tool", path("relative:/nowhere:"+dir)); err != nil || got != filepath.Join(dir, "tool") {
		t.Errorf("Look: %q, %v", got, err)
	}
	for name, p := range map[string]string{"tool": ".::", "text": dir, "other": dir} {
		if got, err := Look(name, path(p)); !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("Look(%s): %q, %v", name, got, err)
		}
	}
	if got, err := Look(filepath.Join(dir, "tool"), path("")); err != nil || got != filepath.Join(dir, "tool") {
		t.Errorf("Look by path: %q, %v", got, err)
	}
}
