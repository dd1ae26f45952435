package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"devops-tui/internal/testkit"
	"devops-tui/test/docker"
)

func TestResize(t *testing.T) {
	e, k := loaded(t)
	c := open(t, options{engine: e, kubeconfig: k.Kubeconfig})
	c.view("4", "Containers")
	c.WaitFor(func(s string) bool { return len(table(s)) == worldContainers }, patience)
	c.find("shop-")
	c.Send("j", "j", "j")
	c.WaitFor(func(s string) bool { at, _ := position(s); return at == 4 }, patience)
	chosen := selected(c.Screen())
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}, {40, 10}, {20, 5}, {80, 24}, {1, 1}, {160, 45}} {
		cols, rows := size[0], size[1]
		c.Resize(cols, rows)
		whole := func(s string) bool {
			lines := strings.Split(s, "\n")
			if len(lines) != rows {
				return false
			}
			for _, l := range lines {
				if utf8.RuneCountInString(l) > cols {
					return false
				}
			}
			switch {
			case cols < 20:
				return true
			case cols < 40 || rows < 10:
				return strings.Contains(s, "enlarge")
			}
			return strings.Contains(lines[0], "Containers") && strings.Contains(lines[rows-1], "?") && strings.Contains(s, "▸")
		}
		s := c.WaitFor(whole, patience)
		if cols >= 80 {
			if got := selected(s); got != chosen {
				t.Errorf("at %dx%d %q is selected, it was %q\n%s", cols, rows, got, chosen, s)
			}
		}
	}
}

func TestSuspendAndResume(t *testing.T) {
	e := dockertest.Shared(t)
	e.RunFor(t, dockertest.RunSpec{Name: "e2e-suspend", Args: []string{"-rate", "0"}})
	shell := "set -m; " + testkit.Binary(t) + " --source docker; echo stopped $?; sleep 0.2; fg; echo ended $?"
	term := testkit.StartTerm(t, testkit.TermOptions{Cols: 120, Rows: 40, Env: []string{"DOCKER_HOST=" + e.Host}}, "bash", "-c", shell)
	c := &cockpit{Term: term, t: t}
	c.WaitText(patience, "docker ●", "e2e-suspend")
	c.Send("ctrl+z")
	c.WaitText(patience, "stopped")
	resumed := time.Now()
	c.WaitText(patience, "docker ●", "e2e-suspend", "Cockpit")
	t.Logf("the screen is back %v after the shell had the terminal", time.Since(resumed).Round(time.Millisecond))
	c.view("4", "Containers")
	c.Send("ctrl+c", "ctrl+c")
	c.WaitText(patience, "ended 0")
	if cooked, err := c.Cooked(); err != nil || !cooked {
		t.Errorf("the terminal is not as a shell leaves it: %v", err)
	}
}

func TestColoursAreNotNeeded(t *testing.T) {
	e := dockertest.Shared(t)
	e.RunFor(t, dockertest.RunSpec{Name: "e2e-plain", Args: []string{"-lines", "1", "-exit", "3"}})
	for name, o := range map[string]options{
		"NO_COLOR":   {env: []string{"NO_COLOR=1"}},
		"--no-color": {args: []string{"--no-color"}},
	} {
		t.Run(name, func(t *testing.T) {
			o.engine, o.raw = e, true
			c := open(t, o)
			c.view("4", "Containers")
			s := c.WaitFor(shows("e2e-plain", "Exited (3)"), patience)
			if r, _ := rowOf(s, "e2e-plain"); r.glyph != "✗" {
				t.Errorf("a failed container without colours has the mark %q", r.glyph)
			}
			if sgr := coloured(string(c.Raw())); sgr != "" {
				t.Errorf("colour %q was written", sgr)
			}
			c.gate()
		})
	}
}

// coloured returns the first sequence that sets a colour, "" if there is none.
func coloured(raw string) string {
	for part := range strings.SplitSeq(raw, "\x1b[") {
		params, _, ok := strings.Cut(part, "m")
		if !ok || strings.Trim(params, "0123456789;:") != "" {
			continue
		}
		for p := range strings.SplitSeq(params, ";") {
			if len(p) == 2 && (p[0] == '3' || p[0] == '4') && p[1] != '9' || len(p) == 2 && p[0] == '9' || len(p) == 3 && p[:2] == "10" {
				return params + "m"
			}
		}
	}
	return ""
}

func TestADumbTerminalGetsText(t *testing.T) {
	e := dockertest.Shared(t)
	e.RunFor(t, dockertest.RunSpec{Name: "e2e-dumb", Args: []string{"-rate", "0"}})
	c := start(t, options{engine: e, env: []string{"TERM=dumb", "COLORTERM="}, raw: true})
	c.WaitExit(patience)
	if strings.Contains(string(c.Raw()), "\x1b") {
		t.Errorf("escape sequences for a dumb terminal: %.200q", c.Raw())
	}
	if !strings.Contains(string(c.Raw()), "e2e-dumb") {
		t.Errorf("the container is not listed:\n%s", c.Raw())
	}
}

func TestEveryThemeStarts(t *testing.T) {
	e := dockertest.Shared(t)
	e.RunFor(t, dockertest.RunSpec{Name: "e2e-theme", Args: []string{"-rate", "0"}})
	screens := map[string]string{}
	for _, theme := range []string{"dark", "light", "high-contrast", "colour-blind", "terminal", "mono"} {
		t.Run(theme, func(t *testing.T) {
			c := open(t, options{engine: e, args: []string{"--theme", theme}, raw: true})
			c.view("4", "Containers")
			c.WaitFor(shows("e2e-theme", "running"), patience)
			c.WaitIdle(200*time.Millisecond, patience)
			screens[theme] = fmt.Sprint(c.Cell(4, 2), c.Cell(1, 0), c.Cell(2, 3))
			c.gate()
			if sgr := coloured(string(c.Raw())); (sgr == "") != (theme == "mono") {
				t.Errorf("the first colour that was written is %q", sgr)
			}
		})
	}
	for a, one := range screens {
		for b, other := range screens {
			if a < b && one == other {
				t.Errorf("the themes %s and %s look the same: %s", a, b, one)
			}
		}
	}
}

func TestTheDemoIsAlwaysMarked(t *testing.T) {
	c := start(t, options{args: []string{"--demo"}})
	c.WaitText(patience, "DEMO", "Builds", "Pods")
	for _, view := range []string{"2", "3", "4", "5", "6", "1"} {
		c.Send(view)
		c.WaitIdle(100*time.Millisecond, patience)
		if !strings.Contains(strings.Split(c.Screen(), "\n")[0], "DEMO") {
			t.Errorf("view %s is not marked:\n%s", view, c.Screen())
		}
	}
	c.Resize(80, 24)
	c.WaitFor(func(s string) bool { return strings.Contains(strings.Split(s, "\n")[0], "DEMO") }, patience)
}

func TestAHangupEndsTheCockpitWithItsChildren(t *testing.T) {
	e := dockertest.Shared(t)
	c := open(t, options{engine: e})
	pids := append(children(t, c.PID), c.PID)
	if len(pids) < 2 {
		t.Errorf("the cockpit has no child: who restores the terminal when it dies?")
	}
	began := time.Now()
	c.Hangup()
	for _, pid := range pids {
		testkit.PollTrue(t, patience, fmt.Sprintf("process %d is gone", pid), func() bool { return !alive(pid) })
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the end took %v", took)
	}
}

// alive reports whether a process runs; one that has ended and that nobody has
// waited for does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(state, "Z")
}

// children are the processes that a process has started.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("the tasks of process %d: %v, %v", pid, tasks, err)
	}
	for _, path := range tasks {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that has ended
		}
		for _, s := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(s); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}
